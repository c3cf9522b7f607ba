"""One Prefect server for the whole test run, and flows that run on a sandbox in this process."""

import contextlib
import os
from collections.abc import Iterator
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId
from prefect.client.schemas.objects import State
from prefect.context import TaskRunContext
from prefect.testing.utilities import prefect_test_harness

from sealift.clock import actor
from sealift.events import Event
from tasks.driver import Handed, handing
from tests.world import World

SETTINGS = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what stands here, and keep it on one worker: there is one server."""
    for item in items:
        if "tests/flows/" in str(item.path):
            item.add_marker(pytest.mark.prefect)
            item.add_marker(pytest.mark.xdist_group("prefect"))


@pytest.fixture(scope="session")
def server() -> Iterator[None]:
    """The Prefect server of this test run."""
    with pytest.MonkeyPatch.context() as patch, contextlib.ExitStack() as stack:
        for name, value in SETTINGS.items():
            patch.setitem(os.environ, name, value)
        stack.enter_context(prefect_test_harness(server_startup_timeout=90))
        yield


class Run:
    """A flow run as a test sees it: its state, what was handed back, and the artifacts it left."""

    def __init__(self, state: State[Any], handed: Handed) -> None:
        self.state, self.outcome = state, handed.outcome
        self.name, self.message = state.name, state.message or ""

    async def artifacts(self) -> dict[str, Any]:
        """Return the data of the run's artifacts, the newest of each key."""
        mine = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[self.state.state_details.flow_run_id]))
        async with get_client() as client:
            found = await client.read_artifacts(artifact_filter=mine)
        return {str(a.key): a.data for a in sorted(found, key=lambda a: a.updated)}


class Flows:
    """Runs flows on a world: as Prefect would, with the world's driver."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.seen: list[tuple[Event, str, int]] = []
        self.driver = world.new_driver(listeners=[self._listen])

    def _listen(self, event: Event) -> None:
        context = TaskRunContext.get()
        run = context.task_run if context else None
        self.seen.append((event, run.name if run else "", run.run_count if run else 0))

    async def run(self, flow: Any, params: Any, **handed: Any) -> Run:
        """Run a flow to its end."""
        with handing(self.driver, **handed) as back, actor(self.world.clock):
            return Run(await flow(params, return_state=True), back)


@pytest.fixture
def flows(server: None, world: World) -> Flows:
    """Flows on a sandbox, on virtual time."""
    return Flows(world)
