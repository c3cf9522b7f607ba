"""Grants: made, listed, revoked and retired by people, and by EC2 for every attachment of an encrypted volume."""

from typing import Any

from sealift.sandbox.errors import ApiError
from sealift.sandbox.iam.access import Grant
from sealift.sandbox.kms.access import infrastructure
from sealift.sandbox.kms.operations import check_dry_run, check_state, the_key
from sealift.sandbox.state import Attachment
from sealift.sandbox.world import Call, World, iso

_OF_SYMMETRIC = {"Decrypt", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "ReEncryptFrom"}
_OF_SYMMETRIC |= {"ReEncryptTo", "GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext"}
_OF_ALL = {"CreateGrant", "RetireGrant", "DescribeKey"}


def create(world: World, call: Call) -> dict[str, Any]:
    """CreateGrant: the same request under the same Name is the same grant, with a token of its own (SB-KEY-06)."""
    params, key = call.params, the_key(call)
    operations = tuple(params.get("Operations", []))
    wrong = set(operations) - _OF_SYMMETRIC - _OF_ALL
    if key.key_spec == "SYMMETRIC_DEFAULT" and wrong:
        message = f"Operations {sorted(wrong)} are not supported by the key."
        raise ApiError("SB-KEY-06", "ValidationException", message)
    if bool(params.get("GranteePrincipal")) == bool(params.get("GranteeServicePrincipal")):
        raise ApiError("SB-KEY-06", "ValidationException", "Specify GranteePrincipal or GranteeServicePrincipal.")
    check_state(key)
    check_dry_run(call)
    made = Grant(
        world.access.token(),
        [world.access.token()],
        key.arn,
        params.get("GranteePrincipal") or params["GranteeServicePrincipal"],
        operations,
        f"arn:aws:iam::{call.account}:root",
        call.at,
        params.get("RetiringPrincipal"),
        params.get("Name"),
        params.get("Constraints", {}),
    )
    known = next((g for g in _of(world, key) if made.name and _same(g, made)), None)
    if known is None:
        _of(world, key).append(made)
    else:
        known.tokens += made.tokens
    return {"GrantId": (known or made).id, "GrantToken": made.tokens[0]}


def _of(world: World, key: Any) -> list[Grant]:
    return world.access.grants.setdefault(key.arn, [])


def _same(one: Grant, other: Grant) -> bool:
    def told(g: Grant) -> tuple[Any, ...]:
        return g.name, g.grantee, set(g.operations), g.retiring, g.constraints, g.issuer

    return told(one) == told(other)


def listed(world: World, call: Call) -> dict[str, Any]:
    """ListGrants: by id, by grantee, page by page."""
    params = call.params
    found = [
        g
        for g in _of(world, the_key(call))
        if params.get("GrantId") in (None, g.id) and params.get("GranteePrincipal") in (None, g.grantee)
    ]
    return _page(found, params)


def retirable(world: World, call: Call) -> dict[str, Any]:
    """ListRetirableGrants: of all keys of the Region, those a principal may retire."""
    grants = [g for many in world.access.grants.values() for g in many if g.key.split(":")[3] == call.region]
    return _page([g for g in grants if g.retiring == call.params["RetiringPrincipal"]], call.params)


def _page(grants: list[Grant], params: dict[str, Any]) -> dict[str, Any]:
    start, most = int(params.get("Marker", 0)), params.get("Limit", 50)
    page: dict[str, Any] = {"Grants": [_shown(g) for g in grants[start : start + most]], "Truncated": False}
    if start + most < len(grants):
        page |= {"Truncated": True, "NextMarker": str(start + most)}
    return page


def _shown(grant: Grant) -> dict[str, Any]:
    shown = {
        "KeyId": grant.key,
        "GrantId": grant.id,
        "Name": grant.name or "",
        "CreationDate": iso(grant.created),
        "GranteePrincipal": grant.grantee,
        "RetiringPrincipal": grant.retiring,
        "IssuingAccount": grant.issuer,
        "Operations": list(grant.operations),
        "Constraints": grant.constraints or None,
    }
    return {k: v for k, v in shown.items() if v is not None}


def revoke(world: World, call: Call) -> dict[str, Any]:
    """RevokeGrant: at once."""
    key = the_key(call)
    grant = next((g for g in _of(world, key) if g.id == call.params["GrantId"]), None)
    if grant is None:
        raise ApiError("SB-KEY-06", "NotFoundException", f"Grant ID {call.params['GrantId']} not found")
    check_dry_run(call)
    world.access.revoke(grant)
    return {}


def retire(world: World, call: Call) -> dict[str, Any]:
    """RetireGrant: by the retiring principal, by the issuing account's root, by a grantee allowed to."""
    params = call.params
    grants = [g for many in world.access.grants.values() for g in many]
    by_token = params.get("GrantToken")
    grant = next((g for g in grants if by_token in g.tokens or (not by_token and g.id == params.get("GrantId"))), None)
    if grant is None:
        raise ApiError("SB-KEY-06", "NotFoundException", "The grant does not exist.")
    if call.caller is not None and not _may_retire(call, grant):
        message = f"User: {call.caller.arn} is not authorized to perform: kms:RetireGrant on resource: {grant.key}"
        raise ApiError("SB-KEY-06", "AccessDeniedException", message, 400)
    check_dry_run(call)
    world.access.revoke(grant)
    return {}


def _may_retire(call: Call, grant: Grant) -> bool:
    who = call.caller
    if who is None or grant.retiring in who.names or (who.kind == "root" and who.arn == grant.issuer):
        return True
    return grant.grantee in who.names and "RetireGrant" in grant.operations


def attached(world: World, attachment: Attachment, at: float) -> None:
    """Make the grant by which EC2 decrypts a volume's key for an instance (SB-KEY-11); once an attachment."""
    volume, machine = attachment.volume, attachment.machine
    arn, source = volume.kms_key or "", f"{machine.id}/{volume.id}"
    grants = world.access.grants.setdefault(arn, []) if arn.startswith("arn:") else None
    if grants is None or any(g.source == source for g in grants):
        return
    root = f"arn:aws:iam::{machine.account}:root"
    grant = Grant(
        world.access.token(),
        [world.access.token()],
        arn,
        infrastructure(machine.account, machine.id).arn,
        ("Decrypt",),
        root,
        at,
        root,
        world.access.token()[:32],
        {"EncryptionContextSubset": {"aws:ebs:id": volume.id}},
        source,
    )
    grants.append(grant)


def detached(world: World, attachment: Attachment) -> None:
    """Retire it again."""
    source = f"{attachment.machine.id}/{attachment.volume.id}"
    for grant in list(world.access.grants.get(attachment.volume.kms_key or "", [])):
        if grant.source == source:
            world.access.revoke(grant)


OPERATIONS = {
    "kms:CreateGrant": create,
    "kms:ListGrants": listed,
    "kms:ListRetirableGrants": retirable,
    "kms:RevokeGrant": revoke,
    "kms:RetireGrant": retire,
}
