"""Application Auto Scaling of a cluster's readers: a target goes by the cluster's name, and would add a reader behind the fence."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sealift.estimate import SMALL_CALL
from sealift.step import Call, Context, Found, Id, Irreversible, Output, Phase, Query, Seconds, Step, Undo

DIMENSION = "rds:cluster:ReadReplicaCount"
ALL = {"DynamicScalingInSuspended": True, "DynamicScalingOutSuspended": True, "ScheduledScalingSuspended": True}


@dataclass(frozen=True, kw_only=True)
class SuspendReaderScaling(Step):
    """Suspend it, by its switches alone: a registration that names a range would fill up to its minimum (SB-AAS-02)."""

    database: str
    former: str  # SuspendedState, compact JSON

    def title(self) -> str:
        return f"suspend the scaling of {self.database}'s readers"

    def wanted(self) -> Mapping[str, bool]:
        """Return the switches as they shall be."""
        return ALL

    def do(self, ctx: Context) -> Call:
        about = {"ServiceNamespace": "rds", "ResourceId": f"cluster:{self.database}", "ScalableDimension": DIMENSION}
        return Call("application-autoscaling:RegisterScalableTarget", {**about, "SuspendedState": dict(self.wanted())})

    def find(self, ctx: Context) -> Query:
        return Query(self._read(), lambda reply: None if self._wrong(reply) else Found({}))

    def check(self, out: Output) -> Query:
        return Query(self._read(), self._wrong)

    def _read(self) -> Call:
        params = {
            "ServiceNamespace": "rds",
            "ResourceIds": [f"cluster:{self.database}"],
            "ScalableDimension": DIMENSION,
        }
        return Call("application-autoscaling:DescribeScalableTargets", params)

    def _wrong(self, reply: Mapping[str, Any]) -> list[str]:
        found = reply.get("ScalableTargets", ())
        if not found:
            return [
                f"the scaling of {self.database}'s readers is not registered any more: register it, with its policies"
            ]
        has: dict[str, Any] = dict.fromkeys(ALL, False) | dict(found[0].get("SuspendedState") or {})
        return [f"{k} of {self.database} is {has[k]}, wanted {v}" for k, v in self.wanted().items() if has[k] is not v]

    def undo(self) -> Undo:
        return ResumeReaderScaling(
            key=f"undo:{self.key}", phase=Phase.RESTORE, lane=self.lane, database=self.database, former=self.former
        )

    def seconds(self) -> Seconds:
        return SMALL_CALL


@dataclass(frozen=True, kw_only=True)
class ResumeReaderScaling(SuspendReaderScaling):
    """Set the switches to exactly what they were: whoever bears the name, the replacement `resource_id`, is scaled from now on."""

    resource_id: Id = ""

    def title(self) -> str:
        return f"let {self.database}'s readers be scaled as before"

    def wanted(self) -> Mapping[str, bool]:
        """Return the switches as they were."""
        return dict.fromkeys(ALL, False) | dict(json.loads(self.former))

    def undo(self) -> Undo:
        if self.phase is Phase.RESTORE:
            return Irreversible("it was so before")
        return SuspendReaderScaling(
            key=f"undo:{self.key}", phase=Phase.RESTORE, lane=self.lane, database=self.database, former=self.former
        )
