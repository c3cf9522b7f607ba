"""ec2:CreateCapacityReservation and CancelCapacityReservation: room for the instance is held from before the stop
until bring-up (R-EBS-36).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from sealift.estimate import SMALL_CALL
from sealift.step import (
    Call,
    Context,
    Found,
    Id,
    Irreversible,
    Output,
    Phase,
    Query,
    Ref,
    Seconds,
    Seen,
    Step,
    Tags,
    Watch,
    is_ours,
    made_by,
    specification,
    token,
)
from sealift.steps.looks import timestamp

_OPEN = {"Name": "state", "Values": ["active", "pending"]}  # the operation has no filter by tag, nor by id
_HELD = Call("ec2:DescribeCapacityReservations", {"Filters": [_OPEN]})


def _is_held(reply: Mapping[str, Any], reservation: Any) -> bool:
    return any(r["CapacityReservationId"] == reservation for r in reply["CapacityReservations"])


def _active(reservation: Mapping[str, Any] | None) -> Seen:
    if reservation is None:
        return Seen(state="absent")
    state = str(reservation["State"])
    if state in ("failed", "cancelled", "expired", "unavailable", "unsupported"):
        return Seen(failed=f"the reservation is '{state}'", state=state)
    return Seen(done=state == "active", state=state)


@dataclass(frozen=True, kw_only=True)
class ReserveCapacity(Step):
    """Hold room for one instance of this type in this zone; without it the stop does not happen. It is paid for from now on,
    so it is made once the gate is open.
    """

    instance: str
    instance_type: str
    platform: str
    zone: str
    tenancy: str = "default"
    extra_tags: Tags = ()

    outputs: ClassVar[tuple[str, ...]] = ("CapacityReservationId",)
    at_gate: ClassVar[bool] = True
    paid: ClassVar[bool] = True

    def title(self) -> str:
        return f"reserve room for one {self.instance_type} in {self.zone}"

    def do(self, ctx: Context) -> Call:
        params = {
            "InstanceType": self.instance_type,
            "InstancePlatform": self.platform,
            "AvailabilityZone": self.zone,
            "Tenancy": self.tenancy,
            "InstanceCount": 1,
            "EndDateType": "unlimited",
            "InstanceMatchCriteria": "open",
        }
        spec = specification("capacity-reservation", made_by(ctx, self, "capacity", self.extra_tags))
        return Call(
            "ec2:CreateCapacityReservation", {**params, "TagSpecifications": spec, "ClientToken": token(ctx, self)}
        )

    def output(self, reply: Mapping[str, Any]) -> Output:
        return {"CapacityReservationId": reply["CapacityReservation"]["CapacityReservationId"]}

    def find(self, ctx: Context) -> Query:
        def read(reply: Mapping[str, Any]) -> Found | None:
            for r in reply["CapacityReservations"]:
                if is_ours(r, ctx, self) and r["State"] in ("active", "pending"):
                    return Found({"CapacityReservationId": r["CapacityReservationId"]}, timestamp(r.get("CreateDate")))
            return None

        return Query(_HELD, read)

    def fresh(self, out: Output) -> Query:
        """Ask whether it is still held: somebody may have cancelled it, or it has expired."""
        return Query(_HELD, lambda reply: Found(out) if _is_held(reply, out["CapacityReservationId"]) else None)

    def ready(self, out: Output) -> Watch:
        return Watch("capacity-reservation", out["CapacityReservationId"], _active, "active", deadline=300)

    def undo(self) -> Step:
        return ReleaseCapacity(
            key=f"undo:{self.key}",
            phase=Phase.CLEAN,
            lane=self.lane,
            reservation=Ref(self.key, "CapacityReservationId"),
        )

    def seconds(self) -> Seconds:
        return SMALL_CALL


@dataclass(frozen=True, kw_only=True)
class ReleaseCapacity(Step):
    """Give the room back; what has ended already is not asked for: EC2 forgets it after a while."""

    reservation: Id

    looks_first: ClassVar[bool] = True
    surrounds: ClassVar[bool] = True

    def title(self) -> str:
        return f"release the reservation {self.reservation}"

    def do(self, ctx: Context) -> Call:
        return Call("ec2:CancelCapacityReservation", {"CapacityReservationId": self.reservation})

    def find(self, ctx: Context) -> Query:
        return Query(_HELD, lambda reply: None if _is_held(reply, self.reservation) else Found({}))

    def undo(self) -> Irreversible:
        return Irreversible("the way back needs no reservation of ours: the instance's own room is free again")

    def seconds(self) -> Seconds:
        return SMALL_CALL
