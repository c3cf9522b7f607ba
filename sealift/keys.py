"""The wanted key, as every kind reads it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sealift import key_policy
from sealift.errors import CallError, CredentialsLost
from sealift.kind import Read
from sealift.step import Call
from sealift.surroundings import maybe


@dataclass(frozen=True)
class KeyFacts:
    """The wanted key, as kms:DescribeKey shows it. `error` where it could not be read."""

    wanted: str
    arn: str = ""
    state: str = ""
    spec: str = ""
    usage: str = ""
    manager: str = ""
    origin: str = "AWS_KMS"
    valid_to: float | None = None
    region: str = ""
    error: str = ""
    # statements of its policy, by Sid; None: not evaluated
    bars_by_place: tuple[str, ...] | None = None  # deny EC2, which comes from no address and no VPC of ours
    pinned: tuple[str, ...] | None = None  # hold for the encryption context of some volumes or snapshots alone


NO_KEY = KeyFacts("", error="no key was asked for")


async def key_facts(read: Read, wanted: str) -> KeyFacts:
    """Return the wanted key as KMS describes it; an alias becomes the ARN here, once (R-EBS-51)."""
    if not wanted:
        return KeyFacts("", error="no key was named")
    try:
        reply = await read(Call("kms:DescribeKey", {"KeyId": wanted}))
    except CredentialsLost:
        raise
    except CallError as error:
        return KeyFacts(wanted, error=error.message)
    meta: Mapping[str, Any] = reply["KeyMetadata"]
    valid_to = meta.get("ValidTo")
    facts = KeyFacts(
        wanted,
        arn=meta["Arn"],
        state=meta.get("KeyState", ""),
        spec=meta.get("KeySpec") or meta.get("CustomerMasterKeySpec", ""),
        usage=meta.get("KeyUsage") or "ENCRYPT_DECRYPT",  # CreateKey's default: emulators leave it out
        manager=meta.get("KeyManager", ""),
        origin=meta.get("Origin", "AWS_KMS"),
        valid_to=valid_to.timestamp() if valid_to else None,
        region=meta["Arn"].split(":")[3],
    )
    return replace(facts, **await _of_the_policy(read, facts.arn))


async def unusable(read: Read, arn: str) -> list[str]:
    """Say why a key cannot be used now; empty is good."""
    try:
        key = (await read(Call("kms:DescribeKey", {"KeyId": arn})))["KeyMetadata"]
    except CallError as error:
        return [f"the key {arn} cannot be read: {error.message}"]
    return [] if key["KeyState"] == "Enabled" else [f"the key {arn} is '{key['KeyState']}', not Enabled"]


async def _of_the_policy(read: Read, arn: str) -> dict[str, Any]:
    """Read what the policy of the key says that hits a migration (R-EBS-57, R-EBS-58); that of another account is not shown."""
    reply = await maybe(read, "kms:GetKeyPolicy", KeyId=arn, PolicyName="default")
    found = key_policy.statements(reply["Policy"]) if reply else None
    if found is None:
        return {}
    return {"bars_by_place": key_policy.bars_by_place(found, arn), "pinned": key_policy.pinned(found)}
