"""What moto takes of security groups and AWS does not: a delete of one that is needed, a filter that is none."""

import re
from typing import Any

from moto.ec2.models import ec2_backends

from sealift.sandbox.errors import ApiError
from sealift.sandbox.world import Call, World

_RULE = r"(?:egress\.)?ip-permission\.(?:cidr|from-port|group-id|group-name|ipv6-cidr|prefix-list-id|protocol|to-port|user-id)"
_FILTERS = re.compile(rf"description|group-id|group-name|owner-id|tag-key|tag:.+|vpc-id|{_RULE}")


def wanted(call: Call) -> Any:
    """Return the group that a request names by id, or by name in the default VPC; None where there is none."""
    ec2: Any = ec2_backends[call.account][call.region]
    name = call.params.get("GroupId") or call.params.get("GroupName")
    return ec2.get_security_group_by_name_or_id(name) if name else None


def check_delete(call: Call) -> None:
    """Refuse to delete a group that an interface carries, or that a rule of another group names (SB-SG-01)."""
    ec2: Any = ec2_backends[call.account][call.region]
    group = wanted(call)
    if group is None:
        return
    if group.name == "default":
        message = f'the specified group: "{group.id}" name: "default" cannot be deleted by a user'
        raise ApiError("SB-SG-01", "CannotDelete", message)
    carried = any(g.id == group.id for eni in ec2.enis.values() for g in eni.group_set)
    others = [g for held in ec2.groups.values() for g in held.values() if g.id != group.id]
    rules = [r for other in others for r in (*other.ingress_rules, *other.egress_rules)]
    if carried or any((r.source_group or {}).get("GroupId") == group.id for r in rules):
        raise ApiError("SB-SG-01", "DependencyViolation", f"resource {group.id} has a dependent object")


def delete(world: World, call: Call) -> None:
    """DeleteSecurityGroup: left to moto where nothing needs the group."""
    check_delete(call)


def describe(world: World, call: Call) -> None:
    """DescribeSecurityGroups: left to moto where the filters are AWS's (R-EBS-84)."""
    for one in call.params.get("Filters", []):
        if not _FILTERS.fullmatch(str(one.get("Name"))):
            raise ApiError("R-EBS-84", "InvalidParameterValue", f"The filter '{one.get('Name')}' is invalid")


OPERATIONS = {"ec2:DeleteSecurityGroup": delete, "ec2:DescribeSecurityGroups": describe}
"""They refuse, or leave the answer to moto."""
