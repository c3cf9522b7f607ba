"""Which capacity reservation an instance runs in: the one it targets, or an open one that it matches."""

from collections.abc import Iterable, Mapping
from typing import Any

from sealift.sandbox.errors import ApiError
from sealift.sandbox.state import CapacityReservation, Machine, Region

_ONLY = "capacity-reservations-only"


def users(here: Region, reservation: CapacityReservation) -> list[Machine]:
    """Return the instances that run in a reservation."""
    return [m for m in here.machines.values() if m.reserved == reservation.id]


def free(here: Region, reservation: CapacityReservation) -> int:
    """Count the instances that it still has room for."""
    return reservation.count - len(users(here, reservation)) if reservation.state == "active" else 0


def taken_over(here: Region, reservation: CapacityReservation) -> None:
    """Let what runs already and matches use a new open reservation, as far as it has room (SB-ODC-03)."""
    running = [m for m in here.machines.values() if m.state in ("pending", "running") and not m.reserved]
    fitting = [m for m in running if m.prefers != "none" and not m.target and _fits(m, reservation)]
    if reservation.match_criteria == "open":
        for machine in fitting[: reservation.count]:
            machine.reserved = reservation.id


def aim(here: Region, machine: Machine, asked: Mapping[str, Any]) -> None:
    """Set what an instance is to use from its next start on."""
    machine.target, machine.prefers = _aimed(here, asked)


def _aimed(here: Region, asked: Mapping[str, Any]) -> tuple[str | None, str]:
    target = asked.get("CapacityReservationTarget", {}).get("CapacityReservationId")
    preference = asked.get("CapacityReservationPreference")
    if target and target not in here.reservations:
        message = f"The capacity reservation '{target}' does not exist"
        raise ApiError("SB-VOL-06", "InvalidCapacityReservationId.NotFound", message)
    if target and preference not in (None, _ONLY):
        message = f"A CapacityReservationTarget goes with the preference {_ONLY} only."
        raise ApiError("SB-ODC-05", "InvalidParameterCombination", message)
    return target, preference or (_ONLY if target else "open")


def found(here: Region, machines: Iterable[Machine]) -> dict[str, str]:
    """Return the reservation that each instance would run in; refuse where one that must run in one cannot."""
    left = {r.id: free(here, r) for r in here.reservations.values()}
    taken = {}
    for machine in machines:
        if chosen := _one(here, machine, left):
            left[chosen] -= 1
            taken[machine.id] = chosen
        elif machine.prefers == _ONLY:
            raise _full()
    return taken


def check_launch(here: Region, asked: Mapping[str, Any], instance_type: str, count: int) -> None:
    """Refuse a launch into a reservation that has not room for all of it, or is of another type."""
    target, preference = _aimed(here, asked)
    if preference != _ONLY:
        return
    meant = [here.reservations[target]] if target else [r for r in here.reservations.values() if _open(r)]
    if not any(r.instance_type == instance_type and free(here, r) >= count for r in meant):
        raise _full()


def _one(here: Region, machine: Machine, left: Mapping[str, int]) -> str | None:
    if machine.prefers == "none":
        return None
    meant = [here.reservations[machine.target]] if machine.target else filter(_open, here.reservations.values())
    return next((r.id for r in meant if left[r.id] > 0 and _fits(machine, r)), None)


def _open(reservation: CapacityReservation) -> bool:
    return reservation.match_criteria == "open"


def _fits(machine: Machine, reservation: CapacityReservation) -> bool:
    """Say whether type, platform, zone and tenancy are the same."""
    moto = machine.moto
    platform = "Windows" if moto.platform == "windows" else "Linux/UNIX"
    its = (moto.instance_type, machine.zone, platform, moto.placement.tenancy or "default")
    r = reservation
    return its == (r.instance_type, r.zone, r.platform, r.tenancy)


def _full() -> ApiError:
    message = "The requested reservation does not have sufficient compatible and available capacity for this request."
    return ApiError("SB-ODC-04", "ReservationCapacityExceeded", message)
