"""Security groups as the network sees them: what a database's interfaces carry, and whom that lets in and out."""

import ipaddress
from collections.abc import Iterable
from typing import Any

from moto.ec2.models import ec2_backends

from sealift.sandbox.rds.refusals import refuse
from sealift.sandbox.rds.state import Books, Client, Database
from sealift.sandbox.world import Call

EXTERNAL = "172.31.200.20"
"""Where outbound connections of databases lead: an external primary, a mail server."""

EXTERNAL_V6 = "2001:db8::20"
"""The same over IPv6, which a database has whose NetworkType is DUAL."""


def _ec2(account: str, region: str) -> Any:
    return ec2_backends[account][region]


def subnets(books: Books, group: str) -> list[Any]:
    """Return the subnets of a DB subnet group; `default` is the default VPC's."""
    ec2 = _ec2(books.account, books.region)
    known = books.book("subnet-group").get(group)
    if known:
        return [ec2.get_subnet(s["SubnetIdentifier"]) for s in known["Subnets"]]
    return list(ec2.get_default_subnets().values())


def vpc_of(books: Books, group: str) -> str:
    """Return the VPC of a DB subnet group."""
    return str(subnets(books, group)[0].vpc_id)


def default_group(books: Books, subnet_group: str) -> str:
    """Return the id of the VPC's default security group: what a restore gets when nothing is said."""
    ec2 = _ec2(books.account, books.region)
    return str(ec2.get_security_group_by_name_or_id("default", vpc_of(books, subnet_group)).id)


def chosen_groups(call: Call, books: Books, subnet_group: str) -> list[str]:
    """Return the security groups a request asks for, which must exist, or the default one."""
    asked = list(call.params.get("VpcSecurityGroupIds") or [])
    for group_id in asked:
        check_group(books, group_id)
    return asked or [default_group(books, subnet_group)]


def check_group(books: Books, group_id: str) -> None:
    """Refuse a group that is not there."""
    if _ec2(books.account, books.region).get_security_group_from_id(group_id) is None:
        message = f"Invalid security group , groupId= {group_id}, groupName="
        raise refuse("SB-RDS-02", "InvalidParameterValue", message)


def plug(books: Books, db: Database) -> None:
    """Give an instance its network interfaces: one, and one more for a standby in another zone."""
    ec2, nets = _ec2(db.account, db.region), subnets(books, db.subnet_group)
    zone = db.shown.get("AvailabilityZone")
    nets.sort(key=lambda s: s.availability_zone != zone)
    count = 2 if db.shown.get("MultiAZ") and len(nets) > 1 else 1
    for net in nets[:count]:
        eni = ec2.create_network_interface(net, None, group_ids=list(db.groups), description="RDSNetworkInterface")
        eni.requester_managed, eni.requester_id, eni.status = True, "amazon-rds", "in-use"
        db.interfaces.append(eni)
    carry(db)


def unplug(db: Database) -> None:
    """Take an instance's interfaces away."""
    for eni in db.interfaces:
        _ec2(db.account, db.region).enis.pop(eni.id, None)
    db.interfaces.clear()


def carry(db: Database) -> None:
    """Let the interfaces carry the groups that were asked for."""
    ec2 = _ec2(db.account, db.region)
    wanted = db.cluster.groups if db.cluster else db.groups
    db.carried = list(wanted)
    for eni in db.interfaces:
        eni._group_set = [g for g in map(ec2.get_security_group_from_id, wanted) if g]


def admits(db: Database, client: Client) -> bool:
    """Say whether a new connection of this client gets in."""
    return admits_address(db, client.address, client.group)


def admits_address(db: Database, address: str, group: str | None = None) -> bool:
    """Say whether a new connection from an address, or from a member of a group, gets in."""
    return any(_meets(rule, address, group) for rule in _rules(db, "ingress_rules"))


def lets_out(db: Database) -> bool:
    """Say whether the engine can open a connection to the outside, over either of the protocols that it speaks (SB-SG-02)."""
    dual = (db.cluster or db).shown.get("NetworkType") == "DUAL"
    ways = (EXTERNAL, EXTERNAL_V6) if dual else (EXTERNAL,)
    return any(_meets(rule, way, None) for rule in _rules(db, "egress_rules") for way in ways)


def _rules(db: Database, direction: str) -> Iterable[Any]:
    ec2 = _ec2(db.account, db.region)
    for group_id in db.carried:
        group = ec2.get_security_group_from_id(group_id)
        yield from getattr(group, direction) if group else ()


def _meets(rule: Any, address: str, group: str | None) -> bool:
    if cidr := rule.ip_range.get("CidrIp") or rule.ip_range.get("CidrIpv6"):
        return ipaddress.ip_address(address) in ipaddress.ip_network(cidr, strict=False)
    return bool(group) and rule.source_group.get("GroupId") == group
