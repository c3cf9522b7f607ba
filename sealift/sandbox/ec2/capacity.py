"""On-Demand Capacity Reservations: made, cancelled, described, and how an instance is set to use them."""

from typing import Any

from moto.ec2.models.instance_types import INSTANCE_TYPES

from sealift.sandbox import tokens
from sealift.sandbox.ec2 import reserving, tagging
from sealift.sandbox.ec2.volumes import zone_id_of, zones_of
from sealift.sandbox.errors import ApiError
from sealift.sandbox.paging import filtered, paged
from sealift.sandbox.state import CapacityReservation
from sealift.sandbox.world import Call, World, iso

_MOST = 1000
_PATHS = {
    "availability-zone": "AvailabilityZone",
    "end-date-type": "EndDateType",
    "instance-match-criteria": "InstanceMatchCriteria",
    "instance-platform": "InstancePlatform",
    "instance-type": "InstanceType",
    "owner-id": "OwnerId",
    "start-date": "StartDate",
    "state": "State",
    "tenancy": "Tenancy",
}


def create(world: World, call: Call) -> dict[str, Any]:
    """CreateCapacityReservation: active at once; a Fault gives InsufficientInstanceCapacity."""
    here, params = world.here(call), call.params
    if made := tokens.remembered(world, call):
        return {"CapacityReservation": _render(world, call, here.reservations[made])}
    reservation = CapacityReservation(
        id=world.new_id("cr"),
        seq=world.next_seq(),
        zone=_zone(call),
        instance_type=_instance_type(call),
        count=_count(call),
        created=call.at,
        platform=params["InstancePlatform"],
        match_criteria=params.get("InstanceMatchCriteria", "open"),
        visible=call.at + world.durations.visible_s,
        tenancy=params.get("Tenancy", "default"),
    )
    tags = tagging.requested(call, "capacity-reservation")
    tagging.check(world, tags)
    here.reservations[reservation.id] = reservation
    reserving.taken_over(here, reservation)
    tagging.book(call.account, call.region, reservation.id).update(tags)
    tokens.remember(world, call, reservation.id)
    call.resource = reservation.id
    return {"CapacityReservation": _render(world, call, reservation)}


def _zone(call: Call) -> str:
    zones = {zone_id_of(z): z for z in zones_of(call.region)}
    asked = call.params.get("AvailabilityZone") or zones.get(call.params.get("AvailabilityZoneId", ""))
    if asked not in zones.values():
        raise ApiError("SB-ODC-02", "InvalidParameterValue", f"Invalid availability zone: [{asked}]")
    return str(asked)


def _instance_type(call: Call) -> str:
    asked: str = call.params["InstanceType"]
    if asked not in INSTANCE_TYPES:
        raise ApiError("SB-ODC-02", "InvalidParameterValue", f"Invalid value '{asked}' for InstanceType.")
    return asked


def _count(call: Call) -> int:
    asked: int = call.params["InstanceCount"]
    if not 1 <= asked <= _MOST:
        raise ApiError("SB-ODC-02", "InvalidParameterValue", f"InstanceCount {asked} is not between 1 and {_MOST}.")
    return asked


def cancel(world: World, call: Call) -> dict[str, Any]:
    """CancelCapacityReservation: what runs in it runs on, outside of it."""
    found = _find(world, call, call.params["CapacityReservationId"])
    found.state = "cancelled"
    for machine in reserving.users(world.here(call), found):
        machine.reserved = None
    call.resource = found.id
    return {"Return": True}


def describe(world: World, call: Call) -> dict[str, Any]:
    """DescribeCapacityReservations."""
    ids = call.params.get("CapacityReservationIds")
    book = world.here(call).reservations.values()
    found = [_find(world, call, i) for i in ids] if ids else [r for r in book if r.visible <= call.at]
    shown = filtered([_render(world, call, r) for r in found], call.params, _PATHS)
    page, more = paged(shown, call.params, "CapacityReservationIds")
    return {"CapacityReservations": page, **more}


def usage(world: World, call: Call) -> dict[str, Any]:
    """GetCapacityReservationUsage: how many of the account's instances run in it."""
    found = _find(world, call, call.params["CapacityReservationId"])
    used = len(reserving.users(world.here(call), found))
    whole = _render(world, call, found)
    members = ("CapacityReservationId", "InstanceType", "TotalInstanceCount", "AvailableInstanceCount", "State")
    by = [{"AccountId": call.account, "UsedInstanceCount": used}]
    return {**{m: whole[m] for m in members}, "InstanceUsages": by if used else []}


def set_for_instance(world: World, call: Call) -> dict[str, Any]:
    """ModifyInstanceCapacityReservationAttributes: of a stopped instance."""
    machine = world.machine(call, call.params["InstanceId"])
    if machine.state != "stopped":
        message = f"The instance '{machine.id}' is not in the 'stopped' state."
        raise ApiError("SB-ODC-05", "IncorrectInstanceState", message)
    reserving.aim(world.here(call), machine, call.params["CapacityReservationSpecification"])
    call.resource = machine.id
    return {"Return": True}


def _find(world: World, call: Call, reservation_id: str) -> CapacityReservation:
    found = world.here(call).reservations.get(reservation_id)
    if found is None or found.visible > call.at:
        message = f"The capacity reservation '{reservation_id}' does not exist"
        raise ApiError("SB-VOL-06", "InvalidCapacityReservationId.NotFound", message)
    return found


def _render(world: World, call: Call, r: CapacityReservation) -> dict[str, Any]:
    arn = f"arn:aws:ec2:{call.region}:{call.account}:capacity-reservation/{r.id}"
    return {
        "CapacityReservationId": r.id,
        "CapacityReservationArn": arn,
        "OwnerId": call.account,
        "InstanceType": r.instance_type,
        "InstancePlatform": r.platform,
        "AvailabilityZone": r.zone,
        "AvailabilityZoneId": zone_id_of(r.zone),
        "TotalInstanceCount": r.count,
        "AvailableInstanceCount": reserving.free(world.here(call), r),
        "State": r.state,
        "InstanceMatchCriteria": r.match_criteria,
        "CreateDate": iso(r.created),
        "StartDate": iso(r.created),
        "EndDateType": "unlimited",
        "Tenancy": r.tenancy,
        "Tags": tagging.shown(call.account, call.region, r.id),
    }


OPERATIONS = {
    "ec2:CreateCapacityReservation": create,
    "ec2:CancelCapacityReservation": cancel,
    "ec2:DescribeCapacityReservations": describe,
    "ec2:GetCapacityReservationUsage": usage,
    "ec2:ModifyInstanceCapacityReservationAttributes": set_for_instance,
}
