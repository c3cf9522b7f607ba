"""kill -9 of a flow's own process, as Prefect's worker runs it: `sealift resume` goes on without Prefect, to the same end."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.served import serving
from tests.e2e.test_kill_anywhere import KEY, REGIONS, SPEED, VOLUMES, end_of, migration_of, rows_of, until

pytestmark = [pytest.mark.process, pytest.mark.prefect, pytest.mark.xdist_group("kill")]


@pytest.mark.parametrize(("step", "row"), [("copy:/dev/xvda", "intent"), ("attach:/dev/xvda", "made")])
def test_a_flow_run_killed_in_its_cutover_is_taken_over_without_prefect(tmp_path: Path, step: str, row: str) -> None:
    """The workload is down, and Prefect with it: another process goes on at once, makes nothing twice and loses nothing."""
    with serving(tmp_path, SPEED) as box:
        box.ask("keys", {"region": REGIONS[0], "alias": KEY})
        instance = box.instance(REGIONS[0], volumes=VOLUMES[:1])
        own = {
            "PREFECT_HOME": str(tmp_path / "prefect"),
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "AWS_REGION": REGIONS[0],
        }
        words = [sys.executable, "-m", "tests.e2e.as_a_worker", instance, KEY, "R-EBS-31"]
        process = subprocess.Popen(
            words, env={**box.environment, **own}, stderr=subprocess.DEVNULL, start_new_session=True
        )
        journal = tmp_path / "journal.db"
        try:
            until(lambda: row in rows_of(journal, step), seconds=90)
        finally:
            os.killpg(process.pid, signal.SIGKILL)  # its own Prefect server with it
        assert process.wait(10) == -signal.SIGKILL
        done = box.sealift("resume", migration_of(journal, instance))
        end = end_of(box, REGIONS[0], instance, done.returncode, done.stderr, killed=True)
        # two volumes carry our tags: source and copy
        assert ("running", 2, 1) == (end.power, end.made["volumes"], end.made["ec2:CopyVolumes"])
        assert (["/dev/xvda"], []) == (list(end.volumes), end.leftovers)
        assert end.volumes["/dev/xvda"]["under the key"]
        assert box.ask("losses") == []
