"""The command line. This module and its commands import click and nothing heavy: everything else is imported inside a
command.
"""

import click

from sealift import __version__
from sealift.cli import demo, inventory, operate, plan, sandbox
from sealift.cli.life import Life

EXIT_CODES = """\b
Exit codes:
  0    done, or nothing to do
  1    error
  2    usage
  3    changes to make (plan --detailed-exitcode), or left at the gate
  4    refused by a rule
  5    failed and rolled back, service as before
  6    needs a person
  7    some targets done, some not
  130  interrupted, resumable
"""


ABOUT = """Move unencrypted AWS storage under a customer-managed KMS key: safely, resumably, reversibly.

\b
A first look:     sealift inventory
What would be:    sealift plan i-0123… --key alias/app
Do it:            sealift migrate i-0123… --key alias/app
No AWS at hand:   sealift demo
"""


@click.group(
    cls=Life,
    help=ABOUT,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog=EXIT_CODES,
)
@click.version_option(__version__, prog_name="sealift")
def main() -> None:
    """Move unencrypted AWS storage under a customer-managed KMS key."""


for command in (
    inventory.inventory,
    plan.plan,
    plan.apply,
    plan.migrate,
    operate.status,
    operate.approve,
    operate.postpone,
    operate.refuse,
    operate.resume,
    operate.rollback,
    operate.accept,
    operate.verify,
    operate.finalize,
    operate.adopt,
    sandbox.sandbox,
    demo.demo,
):
    main.add_command(command)
