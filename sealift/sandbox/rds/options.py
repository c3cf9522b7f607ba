"""Option groups and DB subnet groups."""

from typing import Any

from sealift.sandbox.rds import engines, network, rendering, tags
from sealift.sandbox.rds.paging import paged
from sealift.sandbox.rds.refusals import refuse
from sealift.sandbox.rds.state import Books, here
from sealift.sandbox.world import Call, World

PERMANENT = ("TDE", "Timezone", "TIMEZONE_FILE_AUTOUPGRADE", "OLS")
"""Options that a database cannot be without, once it had them: restores and copies must name their group."""


def default_name(engine: str, version: str) -> str:
    """Return the name of the default option group."""
    return f"default:{engine}-{engines.major(engine, version).replace('.', '-')}"


def group(room: Books, name: str) -> dict[str, Any]:
    """Return an option group, or refuse."""
    book = room.book("option-group")
    if name not in book and name.startswith("default:"):
        engine, _, number = name[8:].partition("-")
        enter(room, name, engine, number.replace("-", "."), f"Default option group for {name[8:]}")
    if name not in book:
        raise refuse("SB-RDS-02", "OptionGroupNotFoundFault", f"Specified OptionGroupName: {name} not found.")
    return book[name]


def enter(room: Books, name: str, engine: str, number: str, description: str) -> dict[str, Any]:
    """Enter a new option group."""
    made = {
        "OptionGroupName": name,
        "OptionGroupDescription": description,
        "EngineName": engine,
        "MajorEngineVersion": number,
        "Options": [],
        "AllowsVpcAndNonVpcInstanceMemberships": True,
        "OptionGroupArn": f"arn:aws:rds:{room.region}:{room.account}:og:{name}",
    }
    room.book("option-group")[name] = made
    return made


def check(room: Books, name: str | None, engine: str, version: str) -> str:
    """Return the option group a request means, refused where it is unknown or of another engine."""
    if not name:
        return default_name(engine, version)
    found = group(room, name)
    if not name.startswith("default:") and found["EngineName"] != engine:
        message = f"The option group {name} is for {found['EngineName']}, not for {engine}."
        raise refuse("SB-RDS-05", "InvalidParameterCombination", message)
    return name


def permanent(room: Books, name: str) -> list[str]:
    """Return the options of a group that a database cannot be without."""
    found = [] if name.startswith("default:") or name not in room.book("option-group") else group(room, name)["Options"]
    return [o["OptionName"] for o in found if o["OptionName"] in PERMANENT]


def check_kept(room: Books, name: str, asked: str | None) -> None:
    """Refuse a restore that leaves a permanent option behind (R-RDS-23)."""
    needed = permanent(room, name)
    if needed and not set(needed) <= set(permanent(room, asked or "default:")):
        message = f"The snapshot has the permanent or persistent options {', '.join(needed)}: name an option group that has them."
        raise refuse("R-RDS-23", "InvalidParameterCombination", message)


def create(world: World, call: Call) -> dict[str, Any]:
    """CreateOptionGroup."""
    room, params = here(world, call), call.params
    _check_free(room, params["OptionGroupName"])
    engines.engine(params["EngineName"])
    name, number = params["OptionGroupName"].lower(), params["MajorEngineVersion"]
    made = enter(room, name, params["EngineName"], number, params["OptionGroupDescription"])
    made["tags"] = tags.asked(call)
    return {"OptionGroup": made}


def _check_free(room: Books, name: str) -> None:
    if name.lower() in room.book("option-group"):
        raise refuse("SB-RDS-08", "OptionGroupAlreadyExistsFault", f"An option group named {name} already exists.")


def copy(world: World, call: Call) -> dict[str, Any]:
    """CopyOptionGroup."""
    room, params = here(world, call), call.params
    source = group(room, params["SourceOptionGroupIdentifier"].rsplit(":og:", 1)[-1])
    _check_free(room, params["TargetOptionGroupIdentifier"])
    name, text = params["TargetOptionGroupIdentifier"].lower(), params["TargetOptionGroupDescription"]
    made = enter(room, name, source["EngineName"], source["MajorEngineVersion"], text)
    made["Options"], made["tags"] = [dict(o) for o in source["Options"]], tags.asked(call)
    return {"OptionGroup": made}


def modify(world: World, call: Call) -> dict[str, Any]:
    """ModifyOptionGroup: a permanent option is not taken out while a database uses the group."""
    room, params = here(world, call), call.params
    found = group(room, params["OptionGroupName"])
    gone = set(params.get("OptionsToRemove", []))
    used = any(d.option_group == found["OptionGroupName"] for d in room.databases.values())
    if used and gone & set(PERMANENT):
        message = "A permanent or persistent option cannot be removed while the group is in use."
        raise refuse("R-RDS-23", "InvalidOptionGroupStateFault", message)
    kept = [o for o in found["Options"] if o["OptionName"] not in gone]
    for option in params.get("OptionsToInclude", []):
        kept = [o for o in kept if o["OptionName"] != option["OptionName"]]
        settings = {"OptionSettings": option.get("OptionSettings", [])}
        kept.append({"OptionName": option["OptionName"], "Persistent": option["OptionName"] in PERMANENT, **settings})
    found["Options"] = kept
    return {"OptionGroup": found}


def delete(world: World, call: Call) -> dict[str, Any]:
    """DeleteOptionGroup: not while an instance or a snapshot names it."""
    room, name = here(world, call), call.params["OptionGroupName"]
    group(room, name)
    used = {d.option_group for d in room.databases.values()} | {s.option_group for s in room.snapshots.values()}
    if name.startswith("default:") or name in used:
        raise refuse("SB-RDS-09", "InvalidOptionGroupStateFault", f"The option group {name} is in use.")
    del room.book("option-group")[name]
    return {}


def describe(world: World, call: Call) -> dict[str, Any]:
    """DescribeOptionGroups."""
    room, params = here(world, call), call.params
    asked = params.get("OptionGroupName")
    found = [group(room, asked)] if asked else list(room.book("option-group").values())
    pairs = {"EngineName": "EngineName", "MajorEngineVersion": "MajorEngineVersion"}
    found = [g for g in found if all(params.get(p) in (None, g[m]) for p, m in pairs.items())]
    page, more = paged(found, call)
    return {"OptionGroupsList": page, **more}


def subnet_group(room: Books, name: str | None) -> str:
    """Return the DB subnet group a request means; without one it is the default VPC's."""
    if not name or name == "default":
        return "default"
    if name.lower() not in room.book("subnet-group"):
        raise refuse("SB-RDS-02", "DBSubnetGroupNotFoundFault", f"DB subnet group '{name}' does not exist.")
    return name.lower()


def create_subnet_group(world: World, call: Call) -> dict[str, Any]:
    """CreateDBSubnetGroup: subnets in two zones at least."""
    room, name = here(world, call), call.params["DBSubnetGroupName"].lower()
    if name in room.book("subnet-group"):
        raise refuse("SB-RDS-08", "DBSubnetGroupAlreadyExists", f"The DB subnet group '{name}' already exists.")
    nets = _asked_subnets(call)
    made = {
        "DBSubnetGroupName": name,
        "DBSubnetGroupDescription": call.params["DBSubnetGroupDescription"],
        "VpcId": nets[0].vpc_id,
        "SubnetGroupStatus": "Complete",
        "Subnets": rendering.subnet_list(nets),
        "DBSubnetGroupArn": f"arn:aws:rds:{call.region}:{call.account}:subgrp:{name}",
        "SupportedNetworkTypes": ["IPV4"],
        "tags": tags.asked(call),
    }
    room.book("subnet-group")[name] = made
    return {"DBSubnetGroup": made}


def _asked_subnets(call: Call) -> list[Any]:
    """Return the subnets of a request: known ones, of one VPC, in two zones at least (SB-RDS-08)."""
    held = {s.id: s for zone in network._ec2(call.account, call.region).subnets.values() for s in zone.values()}
    if unknown := [i for i in call.params["SubnetIds"] if i not in held]:
        raise refuse("SB-RDS-08", "InvalidSubnet", f"Subnet IDs are invalid or not found: {', '.join(unknown)}")
    nets = [held[i] for i in call.params["SubnetIds"]]
    if len({n.vpc_id for n in nets}) > 1:
        raise refuse("SB-RDS-08", "InvalidSubnet", "The subnets of a DB subnet group are of one VPC.")
    if len({n.availability_zone for n in nets}) < 2:
        message = "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement."
        raise refuse("SB-RDS-08", "DBSubnetGroupDoesNotCoverEnoughAZs", message)
    return nets


def modify_subnet_group(world: World, call: Call) -> dict[str, Any]:
    """ModifyDBSubnetGroup: other subnets, but those in which a database is stay."""
    room, params = here(world, call), call.params
    name = subnet_group(room, params["DBSubnetGroupName"])
    if name == "default":
        raise refuse("SB-RDS-08", "InvalidDBSubnetGroupStateFault", "The default DB subnet group is not modified.")
    nets, found = _asked_subnets(call), room.book("subnet-group")[name]
    kept = {n.id for n in nets}
    for db in room.databases.values():
        needed = {eni.subnet.id for eni in db.interfaces if db.subnet_group == name} - kept
        if needed:
            message = f"Some of the subnets to be deleted are currently in use: {', '.join(sorted(needed))}"
            raise refuse("SB-RDS-08", "SubnetAlreadyInUse", message)
    found["DBSubnetGroupDescription"] = params.get("DBSubnetGroupDescription", found["DBSubnetGroupDescription"])
    found["Subnets"] = rendering.subnet_list(nets)
    return {"DBSubnetGroup": found}


def describe_subnet_groups(world: World, call: Call) -> dict[str, Any]:
    """DescribeDBSubnetGroups."""
    room, asked = here(world, call), call.params.get("DBSubnetGroupName")
    if asked:
        return {"DBSubnetGroups": [rendering.subnet_group(room, subnet_group(room, asked))]}
    names = dict.fromkeys([*room.book("subnet-group"), *(d.subnet_group for d in room.databases.values())])
    page, more = paged([rendering.subnet_group(room, n) for n in names], call)
    return {"DBSubnetGroups": page, **more}


def delete_subnet_group(world: World, call: Call) -> dict[str, Any]:
    """DeleteDBSubnetGroup: not while it is used."""
    room, name = here(world, call), subnet_group(here(world, call), call.params["DBSubnetGroupName"])
    if name == "default" or any(d.subnet_group == name for d in (*room.databases.values(), *room.clusters.values())):
        raise refuse("SB-RDS-09", "InvalidDBSubnetGroupStateFault", f"The DB subnet group {name} is in use.")
    del room.book("subnet-group")[name]
    return {}


OPERATIONS = {
    "rds:CreateOptionGroup": create,
    "rds:CopyOptionGroup": copy,
    "rds:ModifyOptionGroup": modify,
    "rds:DeleteOptionGroup": delete,
    "rds:DescribeOptionGroups": describe,
    "rds:CreateDBSubnetGroup": create_subnet_group,
    "rds:ModifyDBSubnetGroup": modify_subnet_group,
    "rds:DescribeDBSubnetGroups": describe_subnet_groups,
    "rds:DeleteDBSubnetGroup": delete_subnet_group,
}
