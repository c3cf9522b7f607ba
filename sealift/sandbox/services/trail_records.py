"""A log line as CloudTrail writes it: who, what, with which parameters, on which resources, and what came of it."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sealift.sandbox.errors import STATUS
from sealift.sandbox.iam import principals
from sealift.sandbox.log import Event

_HOSTS = {
    "hand": "ec2",
    "service-quotas": "servicequotas",
    "resourcegroupstaggingapi": "tagging",
    "cloudwatch": "monitoring",
}
"""Where an event's source is not the name of botocore's service."""

_KINDS = {
    "vol": "AWS::EC2::Volume",
    "snap": "AWS::EC2::Snapshot",
    "i": "AWS::EC2::Instance",
    "ami": "AWS::EC2::Ami",
    "eni": "AWS::EC2::NetworkInterface",
    "sg": "AWS::EC2::SecurityGroup",
    "subnet": "AWS::EC2::Subnet",
    "vpc": "AWS::EC2::VPC",
    "cr": "AWS::EC2::CapacityReservation",
}
_NAMED = {
    "DBInstanceIdentifier": "AWS::RDS::DBInstance",
    "NewDBInstanceIdentifier": "AWS::RDS::DBInstance",
    "DBClusterIdentifier": "AWS::RDS::DBCluster",
    "DBSnapshotIdentifier": "AWS::RDS::DBSnapshot",
    "DBClusterSnapshotIdentifier": "AWS::RDS::DBClusterSnapshot",
    "KeyId": "AWS::KMS::Key",
    "KmsKeyId": "AWS::KMS::Key",
    "AutoScalingGroupName": "AWS::AutoScaling::AutoScalingGroup",
    "RoleName": "AWS::IAM::Role",
    "UserName": "AWS::IAM::User",
    "SecretId": "AWS::SecretsManager::Secret",
}
_ID = re.compile(r"^(vol|snap|i|ami|eni|sg|subnet|vpc|cr)-[0-9a-f]{8,17}$")
_SECRET = ("MasterUserPassword", "SecretString", "SecretBinary", "Plaintext", "TargetMasterUserPassword", "Password")
_READS = ("Describe", "Get", "List", "Lookup", "Search", "Simulate", "Head", "BatchGet", "Query", "Check")


def names(event: Event) -> tuple[str, str]:
    """Return an event's source and name."""
    service, _, name = event.operation.partition(":")
    return f"{_HOSTS.get(service, service)}.amazonaws.com", name


def identity(event: Event) -> tuple[dict[str, Any], str | None, str | None]:
    """Return userIdentity, the user's name and the access key."""
    by = event.by or "hand"
    if by.endswith(".amazonaws.com"):
        return {"type": "AWSService", "invokedBy": by}, by.split(".")[0], None
    if by == "hand":
        return _person(event), "somebody", None
    return _signed(event, by)


def _person(event: Event) -> dict[str, Any]:
    arn = f"arn:aws:iam::{event.account}:user/somebody"
    return {
        "type": "IAMUser",
        "principalId": "AIDASOMEBODY",
        "arn": arn,
        "accountId": event.account,
        "userName": "somebody",
    }


def _signed(event: Event, key: str) -> tuple[dict[str, Any], str | None, str | None]:
    who = principals.whose(event.account, key) or principals.root(event.account)
    shown: dict[str, Any] = {
        "type": {"user": "IAMUser", "session": "AssumedRole"}.get(who.kind, "Root"),
        "principalId": who.user_id,
        "arn": who.arn,
        "accountId": who.account,
        "accessKeyId": key,
    }
    name = "root" if who.kind == "root" else who.arn.rsplit("/", 1)[-1]
    if who.kind == "user":
        shown["userName"] = name
    if who.role:
        issuer = {"type": "Role", "arn": who.role, "accountId": who.account, "userName": who.role.rsplit("/", 1)[-1]}
        shown["sessionContext"] = {"sessionIssuer": issuer}
    return shown, name, key


def record(event: Event, event_id: str, source: str, name: str, who: Mapping[str, Any]) -> dict[str, Any]:
    """Return what CloudTrailEvent holds, as JSON has it. Answers are not kept: responseElements is always null."""
    ec2 = source.startswith("ec2.")
    shown = {
        "eventVersion": "1.10",
        "userIdentity": dict(who),
        "eventTime": _text(event.at),
        "eventSource": source,
        "eventName": name,
        "awsRegion": event.region,
        "sourceIPAddress": who.get("invokedBy", "127.0.0.1"),
        "userAgent": who.get("invokedBy", "sandbox"),
        "requestParameters": _ec2_form(event.params) if ec2 else _form(event.params),
        "responseElements": None,
        "requestID": event_id[::-1],
        "eventID": event_id,
        "readOnly": name.startswith(_READS),
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": event.account,
        "eventCategory": "Management",
    }
    if event.outcome not in ("ok", "lost"):
        shown["errorCode"] = _code(event.outcome, ec2)
        shown["errorMessage"] = event.message
    return {k: v for k, v in shown.items() if v is not None or k == "responseElements"}


def _code(outcome: str, ec2: bool) -> str:
    """EC2's codes stand behind Client. or Server.; other services' as they are (SB-CT-01)."""
    if not ec2:
        return outcome
    return f"{'Server' if STATUS.get(outcome, 400) >= 500 else 'Client'}.{outcome}"


def _text(at: float) -> str:
    from sealift.sandbox.world import iso

    return iso(at).strftime("%Y-%m-%dT%H:%M:%SZ")


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]


def _form(value: Any) -> Any:
    """Spell parameters as CloudTrail does: names begin with a small letter, secrets are hidden."""
    if isinstance(value, Mapping):
        return {_lower(k): "HIDDEN_DUE_TO_SECURITY_REASONS" if k in _SECRET else _form(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_form(v) for v in value]
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)


_ITEMS = {"InstanceIds": ("instancesSet", "instanceId"), "Resources": ("resourcesSet", "resourceId")}


def _ec2_form(params: Mapping[str, Any]) -> dict[str, Any]:
    """EC2's lists are sets of items, as in its XML: InstanceIds is instancesSet.items[].instanceId."""
    shown: dict[str, Any] = {}
    for key, value in params.items():
        if isinstance(value, list):
            name, each = _ITEMS.get(key, (_set(key), _lower(key.removesuffix("s"))))
            shown[name] = {"items": [_form(v) if isinstance(v, Mapping) else {each: v} for v in value]}
        else:
            shown[_lower(key)] = _form(value)
    return shown


def _set(key: str) -> str:
    return _lower(key.removesuffix("Ids").removesuffix("s")) + "Set"


def resources(event: Event) -> list[dict[str, str]]:
    """Return what the event is about: what its parameters name, and what it made."""
    found = dict(_named(event.params))
    if event.resource and (kind := _kind(event.resource)):
        found[event.resource] = kind
    return [{"ResourceType": kind, "ResourceName": name} for name, kind in found.items()]


def _named(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for k, v in value.items():
            yield from _named(v, str(k))
    elif isinstance(value, list):
        for one in value:
            yield from _named(one, key)
    elif isinstance(value, str) and (kind := _kind(value) or _NAMED.get(key)):
        yield value, kind


def _kind(name: str) -> str | None:
    match = _ID.match(name)
    return _KINDS[match.group(1)] if match else None
