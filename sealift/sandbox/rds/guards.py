"""What EC2 refuses because a database needs it: its security groups, and the interfaces that are RDS's own."""

from sealift.sandbox.ec2 import security_groups
from sealift.sandbox.errors import ApiError
from sealift.sandbox.rds.state import here
from sealift.sandbox.world import Call, World


def delete_group(world: World, call: Call) -> None:
    """DeleteSecurityGroup: not while a database has it, or its interfaces still carry it (SB-RDS-26)."""
    found, room = security_groups.wanted(call), here(world, call)
    group = found.id if found else None
    alone = [db for db in room.databases.values() if db.cluster is None]  # what belongs to a cluster is the cluster's
    has = {g for thing in (*alone, *room.clusters.values()) for g in thing.groups}
    if group in has | {g for db in room.databases.values() for g in db.carried}:
        raise ApiError("SB-RDS-26", "DependencyViolation", f"resource {group} has a dependent object")
    security_groups.check_delete(call)


def touch_interface(world: World, call: Call) -> None:
    """DeleteNetworkInterface, ModifyNetworkInterfaceAttribute: not RDS's (SB-RDS-26)."""
    eni, room = call.params.get("NetworkInterfaceId"), here(world, call)
    if any(one.id == eni for db in room.databases.values() for one in db.interfaces):
        if call.operation == "DeleteNetworkInterface":
            message = f"Network interface '{eni}' is currently in use."
            raise ApiError("SB-RDS-26", "InvalidParameterValue", message)
        message = "You do not have permission to access the specified resource."
        raise ApiError("SB-RDS-26", "AuthFailure", message)


OPERATIONS = {
    "ec2:DeleteSecurityGroup": delete_group,
    "ec2:DeleteNetworkInterface": touch_interface,
    "ec2:ModifyNetworkInterfaceAttribute": touch_interface,
}
"""They refuse, or leave the answer to moto."""
