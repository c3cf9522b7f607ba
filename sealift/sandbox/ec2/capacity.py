"""On-Demand Capacity Reservations."""

from typing import Any

from sealift.sandbox import tokens
from sealift.sandbox.ec2 import tagging
from sealift.sandbox.errors import ApiError
from sealift.sandbox.paging import filtered, paged
from sealift.sandbox.state import CapacityReservation
from sealift.sandbox.world import Call, World, iso


def create(world: World, call: Call) -> dict[str, Any]:
    """CreateCapacityReservation: active at once; a Fault gives InsufficientInstanceCapacity."""
    here, params = world.here(call), call.params
    if made := tokens.remembered(world, call):
        return {"CapacityReservation": _render(call, here.reservations[made])}
    reservation = CapacityReservation(
        id=world.new_id("cr"),
        seq=world.next_seq(),
        zone=params.get("AvailabilityZone", call.region + "a"),
        instance_type=params["InstanceType"],
        count=params["InstanceCount"],
        created=call.at,
        platform=params["InstancePlatform"],
        match_criteria=params.get("InstanceMatchCriteria", "open"),
    )
    here.reservations[reservation.id] = reservation
    tags = tagging.requested(call, "capacity-reservation")
    tagging.check(world, tags)
    tagging.book(call.account, call.region, reservation.id).update(tags)
    tokens.remember(world, call, reservation.id)
    call.resource = reservation.id
    return {"CapacityReservation": _render(call, reservation)}


def cancel(world: World, call: Call) -> dict[str, Any]:
    """CancelCapacityReservation."""
    found = _find(world, call, call.params["CapacityReservationId"])
    found.state = "cancelled"
    call.resource = found.id
    return {"Return": True}


def describe(world: World, call: Call) -> dict[str, Any]:
    """DescribeCapacityReservations."""
    ids = call.params.get("CapacityReservationIds")
    found = [_find(world, call, i) for i in ids] if ids else list(world.here(call).reservations.values())
    paths = {"state": "State", "instance-type": "InstanceType", "availability-zone": "AvailabilityZone"}
    rendered = filtered([_render(call, r) for r in found], call.params, paths)
    page, more = paged(rendered, call.params, "CapacityReservationIds")
    return {"CapacityReservations": page, **more}


def _find(world: World, call: Call, reservation_id: str) -> CapacityReservation:
    found = world.here(call).reservations.get(reservation_id)
    if found is None:
        message = f"The capacity reservation '{reservation_id}' does not exist"
        raise ApiError("SB-VOL-06", "InvalidCapacityReservationId.NotFound", message)
    return found


def _render(call: Call, r: CapacityReservation) -> dict[str, Any]:
    return {
        "CapacityReservationId": r.id,
        "OwnerId": call.account,
        "InstanceType": r.instance_type,
        "InstancePlatform": r.platform,
        "AvailabilityZone": r.zone,
        "TotalInstanceCount": r.count,
        "AvailableInstanceCount": r.count if r.state == "active" else 0,
        "State": r.state,
        "InstanceMatchCriteria": r.match_criteria,
        "CreateDate": iso(r.created),
        "StartDate": iso(r.created),
        "EndDateType": "unlimited",
        "Tenancy": "default",
        "Tags": tagging.shown(call.account, call.region, r.id),
    }


OPERATIONS = {
    "ec2:CreateCapacityReservation": create,
    "ec2:CancelCapacityReservation": cancel,
    "ec2:DescribeCapacityReservations": describe,
}
