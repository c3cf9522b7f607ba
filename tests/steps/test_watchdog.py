"""The watchdog's runbook, read as data: what it does in which order, and that nothing in it leads nowhere."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from sealift.engine import REQUEST_LIFE
from sealift.estimate import WATCHDOG_ASIDE, WATCHDOG_LEAD, WATCHDOG_MARGIN, WATCHDOG_MOST
from sealift.policy import delegated
from sealift.recipe import seconds_back, seconds_cutover
from sealift.step import Context
from sealift.steps import ArmWatchdog, MakeRunbook
from sealift.steps.runbook import LARGEST, Source, launched, runbook
from tests.contract.shapes import ROLE, planned

CTX = Context("mig-1", 0, 2)
SOURCES: tuple[Source, ...] = (("/dev/xvda", "vol-root", None), ("/dev/sdf", "vol-data", 1))


def steps_of(*sources: Source, root_moves: bool = True) -> list[dict[str, Any]]:
    """Return the steps of a document."""
    text = runbook(CTX, instance="i-1", role=ROLE, seconds=2680, sources=sources or SOURCES, root_moves=root_moves)
    return list(json.loads(text)["mainSteps"])


def calls(steps: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Return what is changed, in order: the operation, and the volume or word that it is about."""
    found = []
    for step in steps:
        inputs = step["inputs"]
        if inputs.get("Api", "Describe").startswith("Describe"):
            continue
        said = inputs["Tags"][0]["Value"] if "Tags" in inputs else inputs.get("Device", "")
        found.append((inputs["Api"], said))
    return found


def test_it_says_its_word_takes_the_root_off_first_and_puts_it_on_last() -> None:
    """Without its root EC2 refuses to start an instance: from the first detach to the last attach nobody starts a mix."""
    assert [
        ("CreateTags", "mig-1/2 closed"),
        ("DetachVolume", "/dev/xvda"),
        ("DetachVolume", "/dev/sdf"),
        ("AttachVolume", "/dev/sdf"),
        ("AttachVolume", "/dev/xvda"),
        ("CreateTags", "mig-1/2 restored"),
        *[("StartInstances", "")] * 4,
    ] == calls(steps_of())


def test_it_sleeps_first_and_waits_between_its_word_and_its_deed() -> None:
    """A request of a driver that was under way when the word was said has come to its end before anything is touched."""
    names = [s["name"] for s in steps_of()]
    assert ["wait", "early", "early_is", "close", "aside", "late"] == names[:6]
    assert WATCHDOG_ASIDE > 2 * REQUEST_LIFE


@pytest.mark.parametrize("root_moves", [True, False])
def test_every_look_asks_for_all_that_must_still_be_so(root_moves: bool) -> None:
    """The cut is said to be open, and nobody has started the instance since: a look that finds nothing leaves all as it is."""
    steps = steps_of(root_moves=root_moves)
    looks = [s for s in steps if s.get("outputs", [{}])[0].get("Name") == "State"]
    asked = {"instance-id": ["i-1"], "tag:sealift:cut": ["mig-1/2 open"], "launch-time": ["{{ LaunchTime }}"]}
    assert all({f["Name"]: f["Values"] for f in s["inputs"]["Filters"]} == asked for s in looks)
    assert {"step:leave"} == {s["onFailure"] for s in looks}
    before = {s["name"]: steps[n - 1]["name"] for n, s in enumerate(steps)}
    assert root_moves or {before["find0"], before["find1"]} == {"off0_is", "off1_is"}


@pytest.mark.parametrize("root_moves", [True, False])
def test_nothing_leads_nowhere_and_nothing_leads_back(root_moves: bool) -> None:
    """Names are unique, every step that is named comes later, and only the last two ways end it."""
    steps = steps_of(root_moves=root_moves)
    place = {s["name"]: n for n, s in enumerate(steps)}
    assert len(place) == len(steps)
    for step in steps:
        named = [step.get("nextStep"), step.get("onFailure", "").partition("step:")[2] or None]
        named += [c["NextStep"] for c in step["inputs"].get("Choices", ())] + [step["inputs"].get("Default")]
        assert all(place[n] > place[step["name"]] for n in named if n is not None), step
    assert ["runs", "leave"] == [s["name"] for s in steps if s.get("isEnd")]


def test_the_first_card_is_not_named() -> None:
    """It is where EC2 puts a disk anyway, and most types do not take the parameter."""
    puts = [s["inputs"] for s in steps_of(("/dev/xvda", "vol-root", 0), ("/dev/sdf", "vol-data", 1))]
    assert [1, None] == [p.get("EbsCardIndex") for p in puts if p.get("Api") == "AttachVolume"]


def test_every_start_is_waited_for_before_the_next() -> None:
    """One that is refused, or that EC2 takes and drops, leads to a rest and another one."""
    steps = {s["name"]: s for s in steps_of()}
    for n in range(3):
        assert {f"step:rest{n}"} == {steps[f"{name}{n}"]["onFailure"] for name in ("start", "up")}
        assert ("runs", "nextStep" in steps[f"start{n}"]) == (steps[f"up{n}"]["nextStep"], False)


def test_what_was_looked_for_is_compared_before_anything_rests_on_it() -> None:
    """A look passes or fails where it finds nothing, as AWS likes: both lead to the branch's careful way, as does a value
    that is not there.
    """
    steps = {s["name"]: s for s in steps_of()}
    for look, value, good, careful in (
        ("early", "State", ["close"] * 3, "leave"),
        ("have0", "VolumeId", ["held0"], "free0"),
        ("have1", "VolumeId", ["held1"], "free1"),
    ):
        branch = steps[f"{look}_is"]
        assert f"step:{careful}" == steps[look]["onFailure"] == branch["onFailure"]
        assert careful == branch["inputs"]["Default"]
        assert good == [c["NextStep"] for c in branch["inputs"]["Choices"]]
        assert {f"{{{{ {look}.{value} }}}}"} == {c["Variable"] for c in branch["inputs"]["Choices"]}
    assert ["vol-root"] == [c["StringEquals"] for c in steps["have0_is"]["inputs"]["Choices"]]
    assert [] == [n for n, s in steps.items() if s.get("onFailure") == "Continue" and "nextStep" in s]


def test_only_our_replacement_is_ever_detached() -> None:
    """It is looked for by device, by the migration's tag and by its role: a source, or a stranger's disk, is not found."""
    (find, *_) = (s for s in steps_of() if s["name"] == "find1")
    assert {
        "attachment.instance-id": ["i-1"],
        "attachment.device": ["/dev/sdf"],
        "tag:sealift:migration": ["mig-1"],
        "tag:sealift:role": ["copy"],
    } == {f["Name"]: f["Values"] for f in find["inputs"]["Filters"]}
    found = next(s for s in steps_of() if s["name"] == "find1_is")
    way = {"Variable": "{{ find1.VolumeId }}", "StartsWith": "vol-", "NextStep": "take1"}
    assert ({"Choices": [way], "Default": "have1"}, "step:have1") == (found["inputs"], found["onFailure"])
    assert "{{ find1.VolumeId }}" == next(s for s in steps_of() if s["name"] == "take1")["inputs"]["VolumeId"]


def test_a_document_for_about_as_many_disks_as_an_instance_takes_is_small_enough() -> None:
    """23 volumes, not far from the fixed limit of most types, fit into 64 KB where the root moves."""
    many: tuple[Source, ...] = tuple((f"/dev/sd{n:02}", f"vol-{n:017}", None) for n in range(23))
    ctx = Context("mig-0123456789", 0, 1)
    text = runbook(ctx, instance="i-0123456789abcdef0", role=ROLE, seconds=1, sources=many, root_moves=True)
    assert len(text.encode()) < LARGEST


def test_a_launch_time_is_asked_for_to_the_second() -> None:
    """EC2 keeps fractions of a second in some answers and not in others: the filter takes either."""
    assert "2027-01-15T08:00:00*" == launched(datetime(2027, 1, 15, 8, 0, 0, 305_000, tzinfo=UTC))


@pytest.mark.parametrize("route", ["clone", "snapshot", "copy"])
def test_its_time_leaves_room_for_the_worst(route: str) -> None:
    """The worst cutover, the worst way back and both margins fit before it acts, by the plan's own figures."""
    steps = planned("watchdog", route).steps
    (armed,) = (s for s in steps if isinstance(s, ArmWatchdog))
    (made,) = (s for s in steps if isinstance(s, MakeRunbook))
    worst = seconds_cutover(steps).worst + seconds_back(steps).worst
    assert made.seconds_armed == armed.seconds_armed <= WATCHDOG_MOST
    assert armed.seconds_armed >= worst + WATCHDOG_LEAD + WATCHDOG_MARGIN / 2


def test_what_its_role_needs_is_read_off_the_document() -> None:
    """Every call of the document, with what EC2 asks of KMS for it; nothing else, and nothing of it is the caller's list."""
    needed = delegated(planned("watchdog", "clone").steps)
    assert {
        "ec2:AttachVolume", "ec2:CreateTags", "ec2:DescribeInstances", "ec2:DescribeVolumes", "ec2:DetachVolume",
        "ec2:StartInstances",
    } == {a for a in needed if a.startswith("ec2:")}  # fmt: skip
    assert {"ec2", "kms"} == {a.partition(":")[0] for a in needed}
    assert frozenset() == delegated(planned("root only", "clone").steps)
