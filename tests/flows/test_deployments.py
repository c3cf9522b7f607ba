"""What deployments/prefect.yaml registers can be loaded, and explains itself in the form."""

import inspect
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from prefect.flows import load_flow_from_entrypoint
from prefect.runner import Runner
from prefect.utilities.callables import parameter_schema

from sealift.engine import REQUEST_LIFE
from sealift.parameters import VerifyRun
from sealift.project import prefect_file, project_root
from tasks import serving

FILE = yaml.safe_load(prefect_file().read_text(encoding="utf-8"))
DEPLOYMENTS = {d["name"]: d for d in FILE["deployments"]}


@pytest.fixture
def _in_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project_root())
    monkeypatch.syspath_prepend(str(project_root()))


@pytest.mark.usefixtures("_in_root")
@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_every_entrypoint_is_a_flow_and_not_a_placeholder(name: str) -> None:
    """Prefect loads a flow whose import fails as a placeholder without a word; here it has to load."""
    flow: Any = load_flow_from_entrypoint(DEPLOYMENTS[name]["entrypoint"], use_placeholder_flow=False)

    assert flow.name == name
    assert flow.description


@pytest.mark.usefixtures("_in_root")
@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_every_field_of_every_form_is_described(name: str) -> None:
    """The form in the UI shows the schema: no field of it is left unexplained."""
    flow: Any = load_flow_from_entrypoint(DEPLOYMENTS[name]["entrypoint"], use_placeholder_flow=False)
    schema = parameter_schema(flow)

    forms = [d for d in schema.definitions.values() if "properties" in d]
    assert forms
    assert [f for form in forms for f, about in form["properties"].items() if not about.get("description")] == []


def test_every_flow_file_is_registered() -> None:
    """A flow that is not in the file is a flow that nobody can start."""
    files = {f"flows/{p.name}" for p in (project_root() / "flows").glob("*.py") if p.name != "__init__.py"}

    assert {d["entrypoint"].split(":")[0] for d in DEPLOYMENTS.values()} == files


def test_flow_files_are_short_and_hold_no_classes() -> None:
    """Prefect loads a flow file a second time under another name: a class in it would exist twice."""
    for path in (project_root() / "flows").glob("*.py"):
        text = Path(path).read_text(encoding="utf-8")
        assert "\nclass " not in text, path
        assert text.count("\n") <= 60, path


def test_flow_files_shadow_no_module() -> None:
    """Prefect puts flows/ first on sys.path and leaves it there: a file named like a module would win over it."""
    import importlib.metadata
    import sys

    taken = {*sys.stdlib_module_names, *importlib.metadata.packages_distributions()}
    names = {p.stem for p in (project_root() / "flows").glob("*.py")} - {"__init__"}

    assert names & taken == set()


def test_every_deployment_says_where_its_code_is() -> None:
    """An implicit pull step would store the absolute path of whoever deployed."""
    (step,) = FILE["pull"]

    assert step == {"prefect.deployments.steps.set_working_directory": {"directory": "{{ $SEALIFT_PROJECT }}"}}
    assert {d["work_pool"]["name"] for d in DEPLOYMENTS.values()} == {"process"}
    assert all(d["description"] and "sealift" in d["tags"] for d in DEPLOYMENTS.values())


@pytest.mark.usefixtures("_in_root")
def test_one_process_serves_what_the_file_lists() -> None:
    """`python -m tasks.serving` reads prefect.yaml; there is no second list."""
    served = serving.deployments(prefect_file())

    assert {(d.name, d.entrypoint, d.description) for d in served} == {
        (n, d["entrypoint"], d["description"]) for n, d in DEPLOYMENTS.items()
    }


@pytest.mark.usefixtures("_in_root")
def test_what_is_retained_is_looked_at_every_day_in_a_zone_that_is_named() -> None:
    """Only the check is scheduled: it changes nothing. Whoever serves or deploys gets the same hours and a form that is filled in."""
    scheduled = {n: d for n, d in DEPLOYMENTS.items() if d.get("schedules")}
    assert list(scheduled) == ["verify"]
    (hours,) = scheduled["verify"]["schedules"]
    minute, hour, *days = hours["cron"].split()
    assert (minute.isdigit(), hour.isdigit(), days) == (True, True, ["*", "*", "*"])
    assert ZoneInfo(hours["timezone"])
    assert VerifyRun.model_validate(scheduled["verify"]["parameters"]["params"]).migrations == []

    (served,) = [d for d in serving.deployments(prefect_file()) if d.name == "verify"]
    (found,) = served.schedules or []
    assert (found.schedule.cron, found.schedule.timezone) == (hours["cron"], hours["timezone"])
    assert served.parameters == scheduled["verify"]["parameters"]


def test_a_service_that_is_stopped_gets_one_request_time_out() -> None:
    """Between SIGTERM and SIGKILL a call under way comes to its row; Prefect's own grace for a cancelled run is as long."""
    unit = (prefect_file().parent / "sealift.service").read_text(encoding="utf-8")
    stop = float(unit.split("TimeoutStopSec=")[1].split()[0])
    prefects = inspect.signature(Runner._kill_process).parameters["grace_seconds"].default
    assert REQUEST_LIFE < min(stop, prefects) <= REQUEST_LIFE + 10
