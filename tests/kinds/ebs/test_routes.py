"""The recipes of EBS, read as data: which steps, in which order, of what."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from sealift import estimate
from sealift.kinds.ebs import routes
from sealift.kinds.ebs.facts import InstanceFacts, VolumeAlone
from sealift.kinds.ebs.routes import CUT
from sealift.options import Options
from sealift.recipe import blocks, seconds_back, total
from sealift.step import Phase, Ref, Step
from sealift.steps import BY_NAME, CopySnapshot, CopyVolume, StartInstance
from sealift.steps.autoscaling import PROCESSES
from sealift.steps.runbook import CUT as CUT_TAG
from sealift.steps.runbook import LAUNCHED, WATCHDOG
from tests.kinds.ebs.facts_for_tests import (
    ACCOUNT,
    ARN,
    DATA,
    INSTANCE,
    REGION,
    ROOT,
    ZONE,
    a_key,
    a_volume,
    alone,
    an_instance,
    data,
    encrypted,
    in_group,
    with_root,
)

COPIES = {"clone": routes.clone_copies, "snapshot": routes.snapshot_copies, "copy": routes.encrypted_copies}
ROUTES = tuple(COPIES)
NO_OPTIONS = Options()
TWO = an_instance(
    a_volume(delete_on_termination=True),
    data(type="io2", size=100, iops=8000, throughput=None, multi_attach=True, card=1),
)

each_route = pytest.mark.parametrize("route", ROUTES)


def steps_of(facts: InstanceFacts | VolumeAlone, route: str = "clone", **options: Any) -> tuple[Step, ...]:
    make = routes.instance_recipe if isinstance(facts, InstanceFacts) else routes.volume_recipe
    return make(facts, Options(**options), route, COPIES[route])  # type: ignore[arg-type]


def keyed(facts: InstanceFacts | VolumeAlone, route: str = "clone", **options: Any) -> dict[str, Step]:
    return {s.key: s for s in steps_of(facts, route, **options)}


def order(steps: tuple[Step, ...], *phases: Phase) -> list[str]:
    """The keys of each block; of lanes that do the same, the name of what they do."""
    wanted = [s for s in steps if not phases or s.phase in phases]
    return [" ".join(dict.fromkeys(s.key.partition(":/dev/")[0] for lane in b for s in lane)) for b in blocks(wanted)]


def told(step: Step) -> dict[str, Any]:
    """What a step says beside its place and its key."""
    return {k: v for k, v in vars(step).items() if k not in ("key", "phase", "block", "lane")}


# -- the order ---------------------------------------------------------------------------------------------------------


LAST = {"clone": "copy", "snapshot": "last copy", "copy": "last encrypt copy"}
PREPARED = {
    "clone": ["mark", "warm", "slots"],
    "snapshot": ["mark", "warm", "renew"],
    "copy": ["mark", "warm", "slots", "renew"],
}


@each_route
def test_a_running_instance_is_stopped_once_and_its_root_goes_first(route: str) -> None:
    """Flags off, stop, the root alone, the others, last copies, attach, flags, verify cold, start, tags, health."""
    steps = steps_of(TWO, route)

    assert PREPARED[route] == order(steps, Phase.PREPARE)
    assert [
        "claim", "keep", "stop", "cut", "detach", "detach", LAST[route], "attach", "flags", "verify:volumes",
        "verify:attachments", "still-quiet",
    ] == order(steps, Phase.CUTOVER)  # fmt: skip
    assert ["start"] == order(steps, Phase.BRING_UP)
    assert [*(["slots:back"] if route == "copy" else []), "tags", "status", "serving"] == order(steps, Phase.CONFIRM)
    assert [["detach:/dev/xvda"], ["detach:/dev/sdf"]] == [
        [s.key for lane in b for s in lane] for b in blocks(steps) if b[0][0].key.startswith("detach")
    ]


@each_route
def test_an_instance_that_is_stopped_stays_so(route: str) -> None:
    """It is watched, not stopped, and handed over, not started; no hook runs on it and nobody asks for its health."""
    steps = steps_of(replace(TWO, state="stopped"), route, quiesce="true", after="true", reserve_capacity=True)

    keys = {s.key for s in steps}
    assert {"quiet", "hand-over"} <= keys
    assert not keys & {"stop", "start", "status", "hook:quiesce", "hook:after", "capacity", "release"}
    named = {s.key: s for s in steps}
    assert told(named["quiet"]) == {"source": ROOT, "instance": INSTANCE}
    assert told(named["hand-over"]) == {"source": ROOT, "instance": INSTANCE, "launch_time": CUT}
    assert (Phase.CUTOVER, Phase.BRING_UP) == (named["quiet"].phase, named["hand-over"].phase)


@each_route
def test_a_volume_alone_is_neither_stopped_nor_swapped(route: str) -> None:
    """It is checked unattached before and after its copy, and handed over."""
    steps = steps_of(alone(), route)

    prepared = [w.replace("mark", f"mark:{DATA}") for w in PREPARED[route]]
    assert [w.partition(":")[0] for w in prepared] == [w.partition(":")[0] for w in order(steps, Phase.PREPARE)]
    cut = [w.split(":")[0] if not w.startswith("verify") else w for w in order(steps, Phase.CUTOVER)]
    assert ["claim", "quiet", LAST[route].split(" ")[0], "verify:volumes", "still-quiet"] == cut
    assert ["hand-over"] == order(steps, Phase.BRING_UP)
    named = {s.key: s for s in steps}
    assert told(named["quiet"]) == {"source": DATA, "instance": None}
    assert told(named["hand-over"]) == {"source": DATA, "instance": None, "launch_time": None}
    assert told(named["still-quiet"]) == {"sources": (DATA,)}
    assert told(named["claim"]) == {"volumes": (DATA,)}
    assert f"copy:{DATA}" in named


def test_a_volume_alone_keeps_what_an_instance_would_keep() -> None:
    """AutoEnableIO, the state's place, warm snapshots that are renewed, slots that are given back."""
    keys = set(keyed(alone(auto_enable_io=True), "copy", state_url="s3://states/x"))

    assert {"state", f"auto-io:{DATA}", f"renew:{DATA}", "slots", "slots:back", f"tags:{DATA}"} <= keys
    assert f"renew:{DATA}" not in keyed(alone(), "clone")


def test_what_is_optional_is_left_out() -> None:
    """No flag to clear, no hook, no group, no room to reserve, no place for the state: no step."""
    keys = set(keyed(an_instance(a_volume(), data()), "snapshot"))

    assert not keys & {
        "keep", "hook:quiesce", "hook:after", "group:off", "group:on", "capacity", "release", "state", "slots", "slots:back",
        "auto-io:/dev/xvda",
    }  # fmt: skip


def test_only_plain_volumes_move() -> None:
    """One that is encrypted already is in no step."""
    steps = steps_of(an_instance(a_volume(), encrypted()))

    assert not [s.key for s in steps if "/dev/sdf" in s.key]
    assert told(keyed(an_instance(a_volume(), encrypted()))["claim"]) == {"volumes": (ROOT,)}


# -- of what -----------------------------------------------------------------------------------------------------------


def test_each_step_is_of_its_own_volume() -> None:
    """Detach and attach name the device, the card and the LaunchTime that is compared; what is attached is the replacement."""
    named = keyed(TWO)

    root = {"instance": INSTANCE, "device": "/dev/xvda", "card": None, "launch_time": CUT}
    disk = {"instance": INSTANCE, "device": "/dev/sdf", "card": 1, "launch_time": CUT}
    assert told(named["detach:/dev/xvda"]) == {"volume": ROOT, **root}
    assert told(named["detach:/dev/sdf"]) == {"volume": DATA, **disk}
    assert told(named["attach:/dev/xvda"]) == {"volume": Ref("copy:/dev/xvda", "VolumeId"), **root}
    assert told(named["attach:/dev/sdf"]) == {"volume": Ref("copy:/dev/sdf", "VolumeId"), **disk}
    assert {"/dev/xvda", "/dev/sdf"} == {s.lane for s in named.values() if s.lane}


def test_the_whole_instance_is_in_the_steps_that_are_of_it() -> None:
    """Flags before and after, the cut, the cold verification, the start."""
    named = keyed(TWO, stop_deadline=77)

    flags = (("/dev/xvda", True), ("/dev/sdf", False))
    assert told(named["keep"]) == {"instance": INSTANCE, "former": flags}
    assert told(named["flags"]) == {"instance": INSTANCE, "flags": flags}
    assert told(named["stop"]) == {"instance": INSTANCE, "deadline": 77, "keys": ()}
    assert told(named["cut"]) == {"instance": INSTANCE}
    assert told(named["claim"]) == {"volumes": (ROOT, DATA)}
    assert told(named["still-quiet"]) == {"sources": (ROOT, DATA)}
    assert told(named["status"]) == {"instance": INSTANCE}
    new = [Ref(f"copy:{d}", "VolumeId") for d in ("/dev/xvda", "/dev/sdf")]
    disks = (("/dev/xvda", new[0]), ("/dev/sdf", new[1]))
    assert told(named["start"]) == {"instance": INSTANCE, "launch_time": CUT, "disks": disks, "keys": (ARN,)}
    assert told(named["serving"]) == {"instance": INSTANCE, "devices": disks, "sources": (ROOT, DATA)}
    assert told(named["verify:attachments"]) == {
        "instance": INSTANCE,
        "devices": (("/dev/xvda", new[0], True), ("/dev/sdf", new[1], False)),
        "launch_time": CUT,
    }
    shapes = (("gp3", 8, 3000, 125, False, ZONE), ("io2", 100, 8000, None, True, ZONE))
    assert told(named["verify:volumes"]) == {"volumes": tuple(new), "shapes": shapes, "key_arn": ARN}


def test_a_start_knows_the_keys_that_its_volumes_are_under() -> None:
    """What was encrypted already is so on the way back too; a start that comes to nothing names them (R-EBS-55)."""
    facts = an_instance(a_volume(encrypted=True, kms_key_id="arn:theirs"), data())
    named = keyed(facts)
    home = named["stop"].undo()
    assert isinstance(home, StartInstance)
    assert (("arn:theirs",), (ARN, "arn:theirs")) == (home.keys, told(named["start"])["keys"])


SHAPE = {
    "key_arn": ARN, "key_name": "alias/app", "volume_type": "io2", "size": 100, "iops": 8000, "throughput": None,
    "multi_attach": True,
}  # fmt: skip
EXTRA = (("team", "db"),)


def test_a_clone_has_the_shape_of_its_source() -> None:
    """Type, size, IOPS, throughput, Multi-Attach, and the wanted key by the name that people know."""
    copy = keyed(TWO, extra_tags=EXTRA)["copy:/dev/sdf"]

    assert isinstance(copy, CopyVolume)
    assert told(copy) == {"source": DATA, "extra_tags": EXTRA, "instance": TWO.id, **SHAPE}
    assert (125, 3000) == (vars(keyed(TWO)["copy:/dev/xvda"])["throughput"], vars(keyed(TWO)["copy:/dev/xvda"])["iops"])


def test_a_volume_of_a_snapshot_is_made_of_the_last_one_and_bought_speed_where_it_is_fast() -> None:
    """The last snapshot is of the source; the volume is made in the source's zone, encrypted as it is created."""
    named = keyed(TWO, "snapshot", extra_tags=EXTRA)

    assert told(named["last:/dev/sdf"]) == {"volume": DATA, "size": 100, "extra_tags": EXTRA, "instance": TWO.id}
    assert vars(keyed(TWO, "copy")["last:/dev/sdf"])["instance"] == TWO.id
    made = {"snapshot": Ref("last:/dev/sdf", "SnapshotId"), "zone": ZONE, "initialization_rate": 300}
    assert told(named["copy:/dev/sdf"]) == {"extra_tags": EXTRA, **made, **SHAPE}
    assert vars(named["copy:/dev/xvda"])["initialization_rate"] is None  # not fast


def test_the_copy_route_encrypts_the_last_snapshot_and_makes_the_volume_of_that() -> None:
    """Last, encrypt, copy: each of what the one before has left."""
    named = keyed(TWO, "copy", extra_tags=EXTRA)

    encrypt = named["encrypt:/dev/sdf"]
    assert isinstance(encrypt, CopySnapshot)
    assert told(encrypt) == {
        "snapshot": Ref("last:/dev/sdf", "SnapshotId"), "region": REGION, "key_arn": ARN, "key_name": "alias/app",
        "size": 100, "extra_tags": EXTRA,
    }  # fmt: skip
    assert Ref("encrypt:/dev/sdf", "SnapshotId") == vars(named["copy:/dev/sdf"])["snapshot"]
    assert {Phase.CUTOVER} == {named[f"{k}:/dev/sdf"].phase for k in ("last", "encrypt", "copy")}


@pytest.mark.parametrize(
    ("zone_type", "asked", "bought"),
    [
        ("availability-zone", None, 300),
        ("availability-zone", 120, 120),
        ("local-zone", None, None),
        ("local-zone", 120, None),
    ],
)
def test_speed_is_bought_where_it_is_sold(zone_type: str, asked: int | None, bought: int | None) -> None:
    """In an availability zone only; as chosen, or the highest for a fast disk."""
    made = keyed(replace(TWO, zone_type=zone_type), "snapshot", initialization_rate=asked)["copy:/dev/sdf"]

    assert bought == vars(made)["initialization_rate"]


def test_every_source_is_marked_and_has_a_warm_snapshot() -> None:
    """What adopts needs stands in the tags of the source; protective tags do not replace the user's own."""
    facts = an_instance(a_volume(tags=(("keep", "mine"),)))
    options = {"extra_tags": EXTRA, "protect_tags": (("keep", "yes"), ("janitor", "no")), "warm_max_age": 99}

    named = keyed(facts, "snapshot", **options)

    digest = routes.inputs_digest(facts, Options(**options), "snapshot")
    assert told(named["mark:/dev/xvda"]) == {
        "volume": ROOT, "plan": f"1 snapshot {digest}", "was": routes.was(facts, facts.plain[0]), "extra_tags": (("janitor", "no"),),
    }  # fmt: skip
    about = {"volume": ROOT, "size": 8, "extra_tags": EXTRA, "instance": facts.id}
    assert told(named["warm:/dev/xvda"]) == about
    warm = {"warm": Ref("warm:/dev/xvda", "SnapshotId"), "max_age": 99}
    assert told(named["renew:/dev/xvda"]) == {**about, **warm}


@each_route
def test_where_a_watchdog_stands_by_the_mark_names_the_route_all_the_same(route: str) -> None:
    """Its seconds are known once the steps are: the plan is the same one."""
    facts, options = an_instance(), {"watchdog": "arn:role"}

    mark = keyed(facts, route, **options)["mark:/dev/xvda"]

    assert f"1 {route} {routes.inputs_digest(facts, Options(**options), route)}" == vars(mark)["plan"]


@each_route
def test_a_volume_alone_is_marked_with_its_plan_too(route: str) -> None:
    """Format, route, and a digest of all that the plan was made of."""
    facts = alone()

    mark = keyed(facts, route)[f"mark:{DATA}"]

    assert f"1 {route} {routes.inputs_digest(facts, NO_OPTIONS, route)}" == vars(mark)["plan"]


@pytest.mark.parametrize(
    ("route", "quota", "limit"),
    [("clone", CopyVolume.quota, 7), ("copy", CopySnapshot.quota, 20), ("snapshot", None, 0)],
)
def test_slots_are_reserved_before_the_quiesce(route: str, quota: str | None, limit: int) -> None:
    """As many as volumes move: clones of AWS's five or what was raised, snapshot copies of 20; snapshots need none."""
    slots = keyed(TWO, route, clone_slots=7).get("slots")

    wanted = {"source": ROOT, "quota_name": quota, "slots": 2, "limit": limit}
    assert (told(slots) if slots else None) == (wanted if quota else None)
    assert slots is None or slots.phase is Phase.PREPARE


def test_only_snapshot_copies_give_their_slots_back_at_once() -> None:
    """A clone holds its slot until it is hydrated."""
    back = keyed(TWO, "copy")["slots:back"]

    assert told(back) == {"source": ROOT, "quota_name": CopySnapshot.quota}
    assert back.phase is Phase.CONFIRM


def test_the_state_is_kept_where_it_was_asked_for() -> None:
    """Before anything of the cutover."""
    state = keyed(TWO, state_url="s3://states/x")["state"]

    assert told(state) == {"source": ROOT, "url": "s3://states/x"}
    assert state.phase is Phase.PREPARE


def test_capacity_is_reserved_for_the_very_shape_and_released_after() -> None:
    """Type, platform, zone and tenancy of the instance, before the quiesce; given back once it runs."""
    named = keyed(replace(TWO, tenancy="dedicated", platform="Windows"), reserve_capacity=True, extra_tags=EXTRA)

    assert told(named["capacity"]) == {
        "instance": INSTANCE, "instance_type": "m5.large", "platform": "Windows", "zone": ZONE, "tenancy": "dedicated",
        "extra_tags": EXTRA,
    }  # fmt: skip
    assert told(named["release"]) == {"reservation": Ref("capacity", "CapacityReservationId")}
    assert (Phase.PREPARE, Phase.CONFIRM) == (named["capacity"].phase, named["release"].phase)


def test_hooks_run_before_the_stop_and_after_the_health() -> None:
    """Each knows the other: what is quiesced is woken on a way back."""
    steps = steps_of(TWO, quiesce="freeze", after="thaw", hook_timeout=9)

    named = {s.key: s for s in steps}
    common = {"timeout": 9, "instance": INSTANCE, "volumes": (ROOT, DATA), "devices": ("/dev/xvda", "/dev/sdf")}
    assert told(named["hook:quiesce"]) == {"command": "freeze", "counterpart": "thaw", "when": "quiesce", **common}
    assert told(named["hook:after"]) == {"command": "thaw", "counterpart": "freeze", "when": "after", **common}
    keys = [s.key for s in steps]
    assert keys.index("hook:quiesce") + 1 == keys.index("stop")
    assert keys.index("status") + 1 == keys.index("hook:after")
    assert (Phase.CUTOVER, Phase.CONFIRM) == (named["hook:quiesce"].phase, named["hook:after"].phase)


@pytest.mark.parametrize(("given", "there"), [("quiesce", {"hook:quiesce"}), ("after", {"hook:after"})])
def test_one_hook_needs_no_other(given: str, there: set[str]) -> None:
    """Only what was given is run."""
    assert there == {k for k in keyed(TWO, **{given: "true"}) if k.startswith("hook")}


def test_auto_enable_io_comes_over_where_it_was_on() -> None:
    """The replacement gets it before it is verified; a volume without it gets no step."""
    named = keyed(an_instance(a_volume(auto_enable_io=True), data()))

    assert told(named["auto-io:/dev/xvda"]) == {"volume": Ref("copy:/dev/xvda", "VolumeId"), "value": True}
    assert named["auto-io:/dev/xvda"].phase is Phase.CUTOVER
    assert "auto-io:/dev/sdf" not in named


# -- the group ---------------------------------------------------------------------------------------------------------


def test_a_member_goes_on_standby_and_comes_back() -> None:
    """Before the stop, and after its health."""
    steps = steps_of(in_group(), asg="standby")

    named = {s.key: s for s in steps}
    assert ("EnterStandby", "ExitStandby") == tuple(type(named[k]).__name__ for k in ("group:off", "group:on"))
    assert told(named["group:off"]) == told(named["group:on"]) == {"instance": INSTANCE, "group": "web"}
    assert (Phase.CUTOVER, Phase.CONFIRM) == (named["group:off"].phase, named["group:on"].phase)
    keys = [s.key for s in steps]
    assert keys.index("group:off") < keys.index("stop")
    assert keys.index("group:on") > keys.index("status")


def test_a_group_that_is_suspended_is_woken_in_what_ran() -> None:
    """Processes that were suspended before stay so."""
    named = keyed(in_group(suspended=("Terminate", "Launch")), asg="suspend")

    wake = tuple(p for p in PROCESSES if p != "Terminate")
    assert ("SuspendProcesses", "ResumeProcesses") == tuple(type(named[k]).__name__ for k in ("group:off", "group:on"))
    assert told(named["group:off"]) == {"instance": INSTANCE, "group": "web", "processes": PROCESSES, "wake": wake}
    assert told(named["group:on"]) == {"instance": INSTANCE, "group": "web", "processes": wake}
    assert (Phase.CUTOVER, Phase.CONFIRM) == (named["group:off"].phase, named["group:on"].phase)


@pytest.mark.parametrize(
    "facts",
    [an_instance(), in_group(lifecycle="Standby"), replace(in_group(), state="stopped")],
    ids=["in no group", "on standby already", "stopped"],
)
@pytest.mark.parametrize("asg", ["standby", "suspend"])
def test_a_group_that_does_not_care_is_left_alone(facts: InstanceFacts, asg: str) -> None:
    """No step turns it off, none on."""
    assert not {"group:off", "group:on"} & set(keyed(facts, asg=asg))


# -- tags --------------------------------------------------------------------------------------------------------------


def test_the_users_tags_are_handed_over_at_the_end() -> None:
    """All of them and our role to the replacement; what selects is set aside on the source under another name, then taken off."""
    tags = (("Name", "data"), ("Backup", "daily"), ("Stop", "night"))
    facts = replace(an_instance(a_volume(tags=tags), data()), selectors=("Backup",))

    named = keyed(facts, selector_tags=("Stop",))

    assert told(named["tags:/dev/xvda"]) == {
        "volume": Ref("copy:/dev/xvda", "VolumeId"), "tags": (*tags, ("sealift:role", "replacement")),
    }  # fmt: skip
    noted = (("sealift:was-tag:Backup", "daily"), ("sealift:was-tag:Stop", "night"))
    assert told(named["aside:/dev/xvda"]) == {"volume": ROOT, "tags": noted}
    assert told(named["untag:/dev/xvda"]) == {"volume": ROOT, "tags": tags[1:]}
    assert {Phase.CONFIRM} == {named[f"{k}:/dev/xvda"].phase for k in ("tags", "aside", "untag")}
    assert not {"aside:/dev/sdf", "untag:/dev/sdf"} & set(named)
    keys = [s.key for s in steps_of(facts, selector_tags=("Stop",)) if s.lane == "/dev/xvda"]
    assert ["tags:/dev/xvda", "aside:/dev/xvda", "untag:/dev/xvda"] == keys[-3:]


def test_a_name_that_grows_too_long_is_cut_at_128() -> None:
    """What is set aside keeps within AWS's limit of a tag key."""
    long = "k" * 127

    named = keyed(with_root(tags=((long, "v"),)), selector_tags=(long,))

    ((key, _),) = vars(named["aside:/dev/xvda"])["tags"]
    assert f"sealift:was-tag:{long}"[:128] == key
    assert len(key) == 128


@pytest.mark.parametrize(
    ("extra", "kept"),
    [((), 45), ((("team", "db"),), 44), ((("0", "said again"),), 45)],
    ids=["none of ours asked for", "one more", "one that is there already"],
)
def test_of_50_tags_there_is_room_for_ours(extra: Any, kept: int) -> None:
    """Five are ours; what is asked for beside them takes room too, unless the volume has it already (R-EBS-10)."""
    volume = a_volume(tags=tuple((str(n), "v") for n in range(50)))

    assert volume.tags[:kept] == routes.user_tags(volume, Options(extra_tags=extra))


def test_reserved_tags_and_ours_do_not_come_over() -> None:
    """`aws:*` cannot be set, `sealift:*` is written anew."""
    volume = a_volume(tags=(("aws:x", "1"), ("sealift:role", "source"), ("Name", "n")))

    assert (("Name", "n"),) == routes.user_tags(volume, NO_OPTIONS)


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        (
            with_root(delete_on_termination=True, auto_enable_io=True),
            f"v={ROOT} d=/dev/xvda t=1 a=1 i={INSTANCE} s=running",
        ),
        (with_root(card=2), f"v={ROOT} d=/dev/xvda t=0 a=0 c=2 i={INSTANCE} s=running"),
        (alone(auto_enable_io=None), f"v={DATA} d= t=0 a=0"),
        (in_group(), f"v={ROOT} d=/dev/xvda t=0 a=0 i={INSTANCE} s=running l=InService"),
        (
            in_group(lifecycle="Standby", suspended=("Launch", "Terminate", "HealthCheck")),
            f"v={ROOT} d=/dev/xvda t=0 a=0 i={INSTANCE} s=running l=Standby p=02",
        ),
    ],
    ids=["flags on", "a card", "alone", "in a group", "in a group that had suspended something"],
)
def test_what_was_is_packed_into_one_tag(facts: InstanceFacts | VolumeAlone, text: str) -> None:
    """Volume, device, flags, card, instance and its state, the group's hold on it, and what it had suspended of what is suspended
    here, by number: what the way back needs when the journal is lost.
    """
    assert text == routes.was(facts, facts.plain[0])


def test_what_was_keeps_to_the_alphabet_and_the_length_of_tags() -> None:
    """256 characters; what no tag may hold becomes `_`."""
    text = routes.was(with_root(device="/dev/é" + "x" * 300), a_volume(device="/dev/é" + "x" * 300))

    assert (256, True) == (len(text), text.startswith(f"v={ROOT} d=/dev/_x"))


# -- what refuses a target, and what adopt compares --------------------------------------------------------------------


def test_the_identity_is_volumes_attachments_shape_and_key() -> None:
    """Whatever of it changes after the plan refuses the target."""
    volume = {
        "device": "/dev/xvda", "card": None, "type": "gp3", "size": 8, "iops": 3000, "throughput": 125, "multi_attach": False,
        "zone": ZONE, "encrypted": False, "delete_on_termination": False, "auto_enable_io": False, "attachers": [INSTANCE],
    }  # fmt: skip
    common = {"key": ARN, "account": ACCOUNT, "region": REGION}
    about = {"instance": INSTANCE, "state": "running", "root_device": "/dev/xvda"}

    assert {"volumes": {ROOT: volume}, **common, **about, "asg": ""} == routes.identity(an_instance())
    assert {"volumes": {ROOT: volume}, **common, **about, "asg": "web"} == routes.identity(in_group())
    loose = {**volume, "device": None, "attachers": []}
    assert {"volumes": {DATA: loose}, **common} == routes.identity(alone())


CHANGES: Mapping[str, Any] = {
    "another volume": (an_instance(a_volume(), data()), NO_OPTIONS, "clone"),
    "another route": (an_instance(), NO_OPTIONS, "copy"),
    "another key": (replace(an_instance(), key=a_key(arn=f"{ARN}9")), NO_OPTIONS, "clone"),
    "an option that makes steps": (an_instance(), Options(stop_deadline=1), "clone"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_digest_tells_whether_the_same_recipe_was_rebuilt(change: str) -> None:
    """Facts, route, key and the options that make steps."""
    assert routes.inputs_digest(an_instance(), NO_OPTIONS, "clone") != routes.inputs_digest(*CHANGES[change])


@pytest.mark.parametrize("name", sorted(routes.APART))
def test_what_decides_whether_and_when_is_not_in_the_digest(name: str) -> None:
    """An approval under another ticket, in another window, rebuilds the same recipe."""
    other = replace(NO_OPTIONS, **{name: "other"})

    digest = routes.inputs_digest(an_instance(), NO_OPTIONS, "clone")
    assert digest == routes.inputs_digest(an_instance(), other, "clone")
    assert 16 == len(digest)


# -- how long it is slower ---------------------------------------------------------------------------------------------


def test_a_clone_is_slower_only_where_it_was_fast() -> None:
    """The largest fast volume counts; the others lose nothing."""
    fast = data(type="io2", iops=8000, size=100)

    assert 0.0 == routes.degraded_by_clone(an_instance(a_volume(size=9000)), NO_OPTIONS)
    assert estimate.hydration(100) == routes.degraded_by_clone(an_instance(a_volume(size=9000), fast), NO_OPTIONS)


def test_a_volume_of_a_snapshot_is_slower_until_the_last_is_initialised() -> None:
    """At the rate that is bought, or without one."""
    fast = data(type="io2", iops=8000, size=100)

    assert estimate.initialisation(100, 300) == routes.degraded_by_snapshot(
        an_instance(a_volume(size=1), fast), NO_OPTIONS
    )
    assert estimate.initialisation(8, 100) == routes.degraded_by_snapshot(
        an_instance(), Options(initialization_rate=100)
    )
    assert 0.0 == routes.degraded_by_clone(an_instance(encrypted()), NO_OPTIONS)
    assert 0.0 == routes.degraded_by_snapshot(an_instance(encrypted()), NO_OPTIONS)


def test_every_type_of_step_is_known_to_the_plan() -> None:
    """A plan file is read back by type."""
    everything = [
        s for r in ROUTES for s in steps_of(in_group(), r, asg="suspend", quiesce="a", after="b", state_url="s3://x")
    ]

    assert {type(s).__name__ for s in everything} <= set(BY_NAME)


# -- the watchdog ------------------------------------------------------------------------------------------------------


def test_a_watchdog_is_armed_last_at_the_gate_and_disarmed_first_after_bring_up() -> None:
    """It acts only once the cut is said to be open, and never once the replacement is said to be up."""
    steps = steps_of(TWO, "snapshot", watchdog="arn:role")

    assert ["renew", "runbook", "launch", "watchdog"] == order(steps, Phase.PREPARE)[-4:]
    cut = order(steps, Phase.CUTOVER)
    assert ("open", "claim", "up") == (cut[0], cut[1], cut[-1])
    assert ["watchdog:off", "runbook:gone", "untag"] == order(steps, Phase.CONFIRM)[:3]


def test_a_watchdog_puts_back_every_source_the_root_first() -> None:
    """By device, volume and card; in the time of the worst cutover and the worst way back, with margins."""
    facts = an_instance(TWO.volumes[1], TWO.volumes[0])
    named = keyed(facts, watchdog="arn:role")
    seconds = routes.seconds_armed(steps_of(facts))

    assert told(named["runbook"]) == {
        "instance": INSTANCE, "role": "arn:role", "seconds_armed": seconds, "root_moves": True,
        "sources": (("/dev/xvda", ROOT, None), ("/dev/sdf", DATA, 1)),
    }  # fmt: skip
    assert told(named["launch"]) == {"instance": INSTANCE}
    assert told(named["watchdog"]) == {
        "instance": INSTANCE, "runbook": Ref("runbook", "Name"), "launch": Ref("launch", LAUNCHED), "seconds_armed": seconds,
        "max_age": estimate.WATCHDOG_LEAD,
    }  # fmt: skip
    assert {Phase.PREPARE} == {named[k].phase for k in ("runbook", "launch", "watchdog")}


def test_what_says_that_the_cut_is_open_and_that_it_is_up() -> None:
    """Both on the instance; they and the watchdog's own tag go with it."""
    named = keyed(TWO, watchdog="arn:role")

    assert (INSTANCE, INSTANCE, "up") == (
        vars(named["open"])["instance"],
        vars(named["up"])["instance"],
        vars(named["up"])["word"],
    )
    assert vars(named["open"])["word"] != "up"
    assert told(named["watchdog:off"]) == {"instance": INSTANCE, "execution": Ref("watchdog", "AutomationExecutionId")}
    assert told(named["runbook:gone"]) == {"instance": INSTANCE, "name": Ref("runbook", "Name")}
    assert told(named["untag"]) == {"volume": INSTANCE, "tags": ((CUT_TAG, ""), (WATCHDOG, ""))}
    assert {Phase.CUTOVER} == {named[k].phase for k in ("open", "up")}
    assert {Phase.CONFIRM} == {named[k].phase for k in ("watchdog:off", "runbook:gone", "untag")}


@pytest.mark.parametrize(
    ("facts", "role", "armed"),
    [(TWO, "arn:role", True), (TWO, "", False), (replace(TWO, state="stopped"), "arn:role", False)],
)
def test_a_watchdog_is_armed_where_it_was_asked_for_and_something_runs(
    facts: InstanceFacts, role: str, armed: bool
) -> None:
    """Else there is nothing to bring back."""
    keys = set(keyed(facts, watchdog=role))

    assert armed == routes.guarded(facts, Options(watchdog=role))
    assert {"runbook", "launch", "watchdog", "open", "up", "watchdog:off", "runbook:gone", "untag"} & keys == (
        {"runbook", "launch", "watchdog", "open", "up", "watchdog:off", "runbook:gone", "untag"} if armed else set()
    )


def test_a_watchdog_acts_after_the_worst_cutover_and_the_worst_way_back() -> None:
    """With a lead and a margin, and never after more than an automation can sleep."""
    steps = steps_of(TWO)
    worst = total([s for s in steps if s.phase in (Phase.CUTOVER, Phase.BRING_UP)]).worst + seconds_back(steps).worst

    assert int(estimate.WATCHDOG_LEAD + worst + estimate.WATCHDOG_MARGIN) == routes.seconds_armed(steps)
    huge = steps_of(an_instance(a_volume(size=64_000)), "copy", stop_deadline=10**7)
    assert int(estimate.WATCHDOG_MOST) == routes.seconds_armed(huge)


def test_the_size_of_its_document_is_known_before_it_is_made() -> None:
    """It grows with the volumes."""
    one, two = (routes.runbook_size(f, Options(watchdog="arn:role")) for f in (an_instance(), TWO))

    assert 1_000 < one < two
