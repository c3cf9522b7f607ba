"""A way back after bring-up needs the key: the replacement is rebooted behind the fence, and renamed.

RDS refuses both without it (KMSKeyNotAccessibleFault), and takes a database whose key it cannot use out of service (R-RDS-34).
"""

from collections.abc import Sequence

from sealift.errors import CallError
from sealift.keys import unusable
from sealift.kind import Barred, Read
from sealift.render.commands import aws_command
from sealift.step import Call
from sealift.steps.db_looks import LOST, RECOVERABLE, databases_in, name_of, read_database, status_of


async def barred(read: Read, key_arn: str, region: str, resources: Sequence[str], *, of_cluster: bool) -> Barred:
    """Say why the replacements (by resource id) cannot be fenced and renamed now, and what heals that, in order."""
    why = await unusable(read, key_arn)
    heal = await _mended(read, key_arn, region) if why else []
    for resource in resources:
        for database in databases_in(await read(read_database(resource, of_cluster=of_cluster))):
            name, state = name_of(database), status_of(database)
            if state == RECOVERABLE:
                why.append(f"{name} is '{state}'")
                heal.append(aws_command(_start(name, of_cluster=of_cluster), region))
            elif state == LOST:
                why.append(f"{name} is '{state}'")
                heal.append(f"restore {name} from a backup under the key: RDS does not bring it back (R-RDS-34)")
    return Barred(tuple(why), tuple(heal))


def _start(name: str, *, of_cluster: bool) -> Call:
    noun = "DBCluster" if of_cluster else "DBInstance"
    return Call(f"rds:Start{noun}", {f"{noun}Identifier": name})


async def _mended(read: Read, arn: str, region: str) -> list[str]:
    """Return what makes a key usable again (AWS KMS developer guide, "Key states of AWS KMS keys")."""
    try:
        state = (await read(Call("kms:DescribeKey", {"KeyId": arn})))["KeyMetadata"]["KeyState"]
    except CallError:
        return ["let this identity read the key (kms:DescribeKey), and see that it is Enabled"]
    enable = aws_command(Call("kms:EnableKey", {"KeyId": arn}), region)
    if state == "PendingDeletion":
        return [aws_command(Call("kms:CancelKeyDeletion", {"KeyId": arn}), region), enable]
    return [enable] if state == "Disabled" else [f"make {arn} usable: it is '{state}'"]
