"""What EBS and EC2 ask of KMS on the caller's behalf, for each thing that is made or attached (SB-KEY-10, R-EBS-56)."""

from sealift.sandbox import kms
from sealift.sandbox.state import Machine, Snapshot, Volume
from sealift.sandbox.world import Call, World

_EMPTY = ("DescribeKey", "GenerateDataKeyWithoutPlaintext")
_FROM_PLAIN = (*_EMPTY, "Decrypt", "CreateGrant")
_ANEW = (*_EMPTY, "ReEncryptTo", "CreateGrant")
_SOURCE = ("DescribeKey", "Decrypt", "ReEncryptFrom", "CreateGrant")
_AWS = {"Operations": ["Decrypt"], "Constraints": {"EncryptionContextSubset": {}}}


def making(world: World, call: Call, made: str, key: str | None, source: Volume | Snapshot | None = None) -> str | None:
    """Say why a volume or snapshot copy cannot be made under a key, from what it is made of; None where it can."""
    if key is None:
        return None
    if source is None or not source.encrypted:
        needed = _FROM_PLAIN if source else _EMPTY
    else:
        needed = _EMPTY if source.kms_key == key else _ANEW
        if source.kms_key != key or source.account != call.account:
            reading = kms.service_may(world, call, source.kms_key, _SOURCE, context_of(source), grant=_AWS)
            if reading:
                return reading
    return kms.service_may(world, call, key, needed, {"aws:ebs:id": made}, grant=_AWS)


def context_of(source: Volume | Snapshot) -> dict[str, str]:
    """Return the encryption context of what is there: a snapshot of a volume has the volume's context, a copied one its own (R-EBS-58)."""
    copied = not isinstance(source, Snapshot) or source.is_copy
    return {"aws:ebs:id": source.id if copied else getattr(source, "volume_id", source.id)}


def attaching(world: World, call: Call, volume: Volume, machine: Machine) -> str | None:
    """Say why EC2 cannot decrypt a volume for an instance when this caller attaches or starts it."""
    encryption = {"aws:ebs:id": volume.id}
    grantee = f"arn:aws:sts::{machine.account}:assumed-role/aws:ec2-infrastructure/{machine.id}"
    grant = {"GranteePrincipal": grantee, **_AWS}
    denied = kms.service_may(world, call, volume.kms_key, ("CreateGrant",), encryption, grant=grant)
    return denied or kms.infrastructure_may(world, call, volume.kms_key, volume.id, machine.id)
