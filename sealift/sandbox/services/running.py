"""How an Automation document is run: step by step, in time, its calls made as the role that it assumes (SB-SSM-06 to -09)."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sealift.sandbox.ec2 import OPERATIONS as EC2
from sealift.sandbox.iam import gate
from sealift.sandbox.iam.verdicts import Principal
from sealift.sandbox.services.acting import does
from sealift.sandbox.services.documents import COMPARES, seconds
from sealift.sandbox.world import Call, World, iso

SERVICE = "ssm.amazonaws.com"
LOOK_S, WAIT_S, AGAIN_S = 15.0, 3600.0, 5.0
"""Seconds between looks of a wait and until it gives up; and between two tries of a step (guesses, but for the hour)."""

_VARIABLE = re.compile(r"\{\{\s*([A-Za-z0-9_]+)(?:\.([A-Za-z0-9_]+))?\s*\}\}")
_PATH = re.compile(r"\.([A-Za-z0-9]+)|\[(\d+)\]")
Step = Mapping[str, Any]


class StepFailed(Exception):
    """A step did not do what it was to do, and why."""


@dataclass
class Run:
    """An execution under way: its document, its record as the API shows it, who it acts as, and what its steps left."""

    world: World
    place: Call
    made: dict[str, Any]
    content: Mapping[str, Any]
    who: Principal | None = None
    left: dict[str, Any] = field(default_factory=dict)
    failed: str = ""
    tries: int = 0

    @property
    def alive(self) -> bool:
        """Whether it may do another step."""
        return bool(self.made["AutomationExecutionStatus"] == "InProgress")

    def begin(self, at: float) -> None:
        """Leave `Pending`, as soon as fewer than the account's number run."""
        if self.made["AutomationExecutionStatus"] != "Pending":
            return
        if running(self.world, self.place) >= self.world.quotas.automations:
            self.world.agenda.at(at + LOOK_S, self.begin)
            return
        self.made["AutomationExecutionStatus"] = "InProgress"
        self.go(self.content["mainSteps"][0], at)

    def go(self, step: Step, at: float) -> None:
        """Begin a step."""
        if not self.alive:
            return
        entry = {"StepName": step["name"], "Action": step["action"], "StepStatus": "InProgress"}
        self.made["StepExecutions"].append({**entry, "ExecutionStartTime": iso(at)})
        self.tries = 0
        self.act(step, at)

    def act(self, step: Step, at: float) -> None:
        """Try a step."""
        if not self.alive:
            return
        self.tries += 1
        try:
            _ACTIONS[step["action"]](self, step, at)
        except StepFailed as why:
            if self.tries < int(step.get("maxAttempts", 1)):
                self.world.agenda.at(at + AGAIN_S, lambda now: self.act(step, now))
            else:
                self.fail(step, at, str(why))

    def done(self, step: Step, at: float, then: str | None = None) -> None:
        """End a step well, and go on: where it says, or with the one that follows."""
        if self.alive:
            self.made["StepExecutions"][-1].update(StepStatus="Success", ExecutionEndTime=iso(at))
            self._on(step, at, then or step.get("nextStep"))

    def fail(self, step: Step, at: float, why: str, status: str = "Failed") -> None:
        """End a step badly, and do what it says for that."""
        self.made["StepExecutions"][-1].update(StepStatus=status, FailureMessage=why, ExecutionEndTime=iso(at))
        on = str(step.get("onFailure", "Abort"))
        if step.get("isCritical", True):
            self.failed = self.failed or f"Step {step['name']} failed: {why}"
        if on == "Abort":
            end(self.made, status, at, f"Step {step['name']} failed: {why}")
        else:
            self._on(step, at, None if on == "Continue" else on.removeprefix("step:").strip())

    def _on(self, step: Step, at: float, then: str | None) -> None:
        steps = self.content["mainSteps"]
        index = next(i for i, s in enumerate(steps) if s["name"] == (then or step["name"]))
        index += then is None
        if step.get("isEnd") or index == len(steps):
            end(self.made, "Failed" if self.failed else "Success", at, self.failed or None)
            return
        self.world.agenda.at(at + self.world.durations.automation_step_s, lambda now: self.go(steps[index], now))

    def value(self, text: Any) -> Any:
        """Put in what parameters and earlier steps hold."""
        if isinstance(text, Mapping):
            return {k: self.value(v) for k, v in text.items()}
        if isinstance(text, list):
            return [self.value(v) for v in text]
        if not isinstance(text, str):
            return text
        if whole := _VARIABLE.fullmatch(text):
            return self._of(whole)
        return _VARIABLE.sub(lambda found: str(self._of(found)), text)

    def _of(self, found: re.Match[str]) -> Any:
        name = ".".join(part for part in found.groups() if part)
        if name not in self.left:
            raise StepFailed(f"{found.group()} has no value.")
        return self.left[name]

    def call(self, step: Step, at: float) -> dict[str, Any]:
        """Make the call of a step as the role that is assumed, or say why it was refused."""
        own = ("Service", "Api", "PropertySelector", "DesiredValues")
        inputs = step["inputs"]
        params = {k: self.value(v) for k, v in inputs.items() if k not in own}
        name = f"{inputs['Service']}:{inputs['Api']}"
        if name not in EC2:
            raise StepFailed(f"The sandbox makes no {name} for an automation.")

        def judged(world: World, call: Call) -> dict[str, Any] | None:
            call.caller = self.who
            if self.who is not None:
                gate.judge(world, call)
            return EC2[name](world, call)

        place = self.place
        reply, refusal = does(
            self.world, name, judged, params, account=place.account, region=place.region, at=at, by=SERVICE
        )
        if refusal is not None:
            raise StepFailed(str(refusal))
        return reply or {}


def _sleep(run: Run, step: Step, at: float) -> None:
    inputs = run.value(step["inputs"])
    until = at + seconds(inputs["Duration"]) if "Duration" in inputs else _moment(inputs["Timestamp"])
    if until - at > 604_799:
        raise StepFailed("An automation sleeps for 7 days at most.")
    run.world.agenda.at(max(at, until), lambda now: run.done(step, now))


def _moment(text: str) -> float:
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError as error:
        raise StepFailed(f"{text} is no ISO 8601 timestamp.") from error


def _branch(run: Run, step: Step, at: float) -> None:
    inputs = step["inputs"]
    for choice in inputs["Choices"]:
        given = str(run.value(choice["Variable"]))
        if all(_compare(how, given, str(run.value(choice[how]))) for how in COMPARES if how in choice):
            run.done(step, at, choice["NextStep"])
            return
    run.done(step, at, inputs.get("Default"))


def _compare(how: str, given: str, wanted: str) -> bool:
    return {
        "StringEquals": given == wanted,
        "EqualsIgnoreCase": given.lower() == wanted.lower(),
        "StartsWith": given.startswith(wanted),
        "EndsWith": given.endswith(wanted),
        "Contains": wanted in given,
    }[how]


def _api(run: Run, step: Step, at: float) -> None:
    reply = run.call(step, at)
    for output in step.get("outputs", []):
        found = selected(reply, output["Selector"])
        if found is None:
            if run.world.nothing_selected == "fails":
                raise StepFailed(f"The selector {output['Selector']} found nothing.")
            if run.world.nothing_selected == "no value":
                continue
        run.left[f"{step['name']}.{output['Name']}"] = "" if found is None else found
    run.done(step, at)


def _wait(run: Run, step: Step, at: float, since: float | None = None) -> None:
    since = at if since is None else since
    wanted = [str(run.value(v)) for v in step["inputs"]["DesiredValues"]]
    if str(selected(run.call(step, at), step["inputs"]["PropertySelector"])) in wanted:
        run.done(step, at)
    elif at - since >= float(step.get("timeoutSeconds", WAIT_S)):
        run.fail(step, at, f"{step['name']} timed out.", "TimedOut")
    else:
        run.world.agenda.at(at + LOOK_S, lambda now: _wait_on(run, step, now, since))


def _wait_on(run: Run, step: Step, at: float, since: float) -> None:
    if not run.alive:
        return
    try:
        _wait(run, step, at, since)
    except StepFailed as why:
        run.fail(step, at, str(why))


_ACTIONS: dict[str, Callable[[Run, Step, float], None]] = {
    "aws:sleep": _sleep,
    "aws:branch": _branch,
    "aws:executeAwsApi": _api,
    "aws:waitForAwsResourceProperty": _wait,
}


def selected(reply: Any, selector: str) -> Any:
    """Return what a selector of names and numbers finds in an answer, None where it finds nothing."""
    if not selector.startswith("$") or _PATH.sub("", selector[1:]):
        raise StepFailed(f"The sandbox does not read the selector {selector}.")
    for name, number in _PATH.findall(selector):
        try:
            reply = reply[name] if name else reply[int(number)]
        except (KeyError, IndexError, TypeError):
            return None
    return reply


def running(world: World, place: Call) -> int:
    """Return how many executions are in progress in an account and Region."""
    found = world.documents(place, "ssm:executions").values()
    return sum(m["AutomationExecutionStatus"] in ("InProgress", "Cancelling") for m in found)


def end(made: dict[str, Any], status: str, at: float, why: str | None = None) -> None:
    """Close an execution."""
    made.update(AutomationExecutionStatus=status, ExecutionEndTime=iso(at))
    if why:
        made["FailureMessage"] = why
