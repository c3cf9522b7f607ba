"""How the AWS command line spells operations and their members: as botocore does, with dashes (awscli clidriver)."""

from botocore import xform_name

OTHERWISE = {"s3": "s3api"}
"""Services whose commands have another name than their client."""


def command(operation: str) -> tuple[str, str]:
    """Return the service and the command of `service:Operation`."""
    service, method = operation.split(":", 1)
    return OTHERWISE.get(service, service), dashed(method)


def dashed(name: str) -> str:
    """Return an operation's or a member's name as a word of the command line: `DBInstanceIdentifier`, `db-instance-identifier`."""
    return str(xform_name(name, "-"))
