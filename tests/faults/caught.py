"""What catches each planted bug: a few trials of the harness, which find nothing wrong with the code as it is.

`python -m tests.faults.caught NAME…` tries them and ends with 1 where something is wrong; without a name, all of them.
"""

import os
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import boto3
import pytest

from sealift.engine import Attempt, local_runner
from sealift.errors import CheckFailed
from sealift.step import Phase, Step
from tests import clients
from tests.contract.shapes import no_bring_up
from tests.faults.crashes import SERVED, THEN, Tried, crash
from tests.faults.drivers import BEFORE, ON_ITS_WAY, pause
from tests.faults.stage import OTHERS, Stage, play
from tests.faults.tapped import Point, Sent
from tests.promises.acts import refuse
from tests.world import REGION

SHAPE, ROUTE = "root only", "clone"


def _killed(act: str, *points: str) -> list[Tried]:
    def wanted(point: Point) -> bool:
        return str(point) in points

    return crash(SHAPE, ROUTE, act, ["resume"], wanted)


def _paused(where: str, paused: str) -> list[Tried]:
    return pause(SHAPE, ROUTE, "forward", lambda w, p, then: w.startswith(where) and p == paused and then == "resume")


def _played(scene: Callable[[Stage], Any]) -> list[Tried]:
    found: list[Tried] = play(SHAPE, ROUTE, scene)
    return found


async def _stale_copy(stage: Stage) -> list[Tried]:
    """A way back leaves its copy behind and its marks on, the workload writes on, the journal is lost: the copy is stale."""
    for operation in ("ec2:DeleteVolume", "ec2:DeleteTags"):
        refuse(stage.world, operation, "UnauthorizedOperation", times=None)
    await stage.migrate(stage.driver(runner=no_bring_up))
    stage.theirs.update(stage.world.all_volumes())  # known by their tags alone, once the journal is gone
    stage.box.faults.clear()
    stage.world.clock.advance(3600)
    ended = stage.end(await THEN["lost journal"].go(stage))
    return [Tried("adopt", "a stale copy is there", "resume", ended.wrong, ended.checks)]


async def _failing_health(stage: Stage) -> list[Tried]:
    """The workload runs on its replacement and writes, and then its health check fails: only a person puts anything back."""

    async def unhealthy(step: Step, attempt: Attempt) -> None:
        if step.phase is Phase.CONFIRM and step.asks_health:
            stage.world.clock.advance(SERVED)
            raise CheckFailed("the test says that it is not well", step=step.key)
        await local_runner(step, attempt)

    outcome = await stage.migrate(stage.driver(runner=unhealthy))
    ended = stage.end(outcome)
    wrong = [] if ended.code == 6 else [f"it ended with {ended.code} and asked nobody"]
    return [Tried("forward", "its health is in doubt", "", ended.wrong + wrong, ended.checks)]


def _among_twins() -> list[Tried]:
    """Another migration makes the same copy of the same source a moment before, as one of a lost journal may have."""

    async def scene(stage: Stage) -> list[Tried]:
        sending = stage.invariants.sending

        def first_theirs(sent: Sent) -> None:
            if sent.operation == "ec2:CopyVolumes":
                stage.theirs.update(_twin(sent))
            sending(sent)

        stage.invariants.sending = first_theirs  # type: ignore[method-assign]
        wanted = Point("copy:/dev/xvda", "made", "before")
        await stage.migrate(stage.driver(lambda point: point == wanted))
        ended = stage.end(await stage.resume())
        serving = {v["VolumeId"] for v in stage.world.volumes(stage.plan.target).values()}
        wrong = ["it runs on what another migration has made"] if serving & stage.theirs else []
        code = [] if ended.code == 0 else [f"it ended with {ended.code}: {ended.message[:300]}"]
        return [Tried("forward", str(wanted), "resume", ended.wrong + wrong + code, ended.checks)]

    return _played(scene)


def _twin(sent: Sent) -> list[str]:
    client: Any = boto3.client("ec2", region_name=REGION)
    params = {k: v for k, v in sent.params.items() if k != "ClientToken"}
    tags = [
        {**s, "Tags": [{**t, "Value": t["Value"].replace(sent.migration, OTHERS)} for t in s["Tags"]]}
        for s in params.pop("TagSpecifications")
    ]
    return [str(v["VolumeId"]) for v in client.copy_volumes(**params, TagSpecifications=tags)["Volumes"]]


TRIALS: dict[str, Callable[[], list[Tried]]] = {
    "intent-row-after-the-call": partial(_killed, "forward", "detach:/dev/xvda: effect without made"),
    "undo-order-wrong": partial(_killed, "way back", "undo:keep: effect without made"),
    "lease-not-checked": partial(_paused, "detach", BEFORE),
    "find-of-another-migration": _among_twins,
    "no-start-on-the-way-back": partial(_killed, "way back"),
    "epoch-left-out-of-find": partial(_played, _stale_copy),
    "late-stop-after-takeover": partial(_paused, "ec2:StopInstances", ON_ITS_WAY),
    "rollback-after-bring-up": partial(_played, _failing_health),
}
"""By the name of the patch."""


def main(names: list[str]) -> int:
    """Try what catches these bugs, say what is wrong, and return the exit code."""
    os.environ.update(AWS_ACCESS_KEY_ID="sandbox", AWS_SECRET_ACCESS_KEY="sandbox")
    clients.spare()
    found = 0
    with pytest.MonkeyPatch.context() as patch:
        clients.share(patch)
        for name in names or TRIALS:
            for one in TRIALS[name]():
                for wrong in one.wrong:
                    found += 1
                    print(f"{name}: {one}: {' '.join(wrong.split())[-600:]}")  # noqa: T201
    return min(1, found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
