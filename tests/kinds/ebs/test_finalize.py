"""The end of an EBS migration: what goes, what has to be true before it goes, what stays, what was locked."""

from dataclasses import replace
from typing import Any

import pytest

from sealift.kinds.ebs import finalize as end
from sealift.kinds.ebs.facts import InstanceFacts, VolumeAlone
from sealift.options import Options
from sealift.recipe import blocks
from sealift.step import Call, Phase
from tests.kinds.conftest import Door, denied, silent
from tests.kinds.ebs.facts_for_tests import (
    ACCOUNT,
    ARN,
    DATA,
    INSTANCE,
    OTHER_ARN,
    REGION,
    ROOT,
    a_volume,
    alone,
    an_instance,
    data,
    encrypted,
)

OPTIONS = Options(extra_tags=(("team", "db"),))
FACTS = an_instance(a_volume(delete_on_termination=True), data(type="io2", iops=8000))
OUTPUTS: dict[str, Any] = {
    "migration": {"brought_up": 1000.9},
    "copy:/dev/xvda": {"VolumeId": "vol-9root"},
    "copy:/dev/sdf": {"VolumeId": "vol-9data"},
    "warm:/dev/xvda": {"SnapshotId": "snap-warm"},
    "renew:/dev/xvda": {"SnapshotId": "snap-renew"},
    "last:/dev/xvda": {"SnapshotId": "snap-last"},
    "warm:/dev/sdf": {"SnapshotId": "snap-not-ours", "adopted": True},
    "encrypt:/dev/sdf": {"SnapshotId": "snap-encrypted"},
}


def told(step: Any) -> dict[str, Any]:
    return {k: v for k, v in vars(step).items() if k not in ("key", "phase", "block", "lane")}


# -- what goes ---------------------------------------------------------------------------------------------------------


def test_points_come_first_then_sources_then_plain_snapshots() -> None:
    """A restore point of every replacement since bring-up; the sources; the snapshots that we made, and no other."""
    steps = end.finalize(FACTS, OPTIONS, OUTPUTS)

    assert [
        ["finalize:point:/dev/xvda", "finalize:point:/dev/sdf"],
        ["finalize:source:/dev/xvda", "finalize:source:/dev/sdf"],
        ["finalize:warm:/dev/xvda", "finalize:renew:/dev/xvda", "finalize:last:/dev/xvda"],
    ] == [[s.key for lane in b for s in lane] for b in blocks(steps)]
    named = {s.key: s for s in steps}
    assert told(named["finalize:point:/dev/sdf"]) == {
        "volume": "vol-9data", "size": 8, "since": 1000, "extra_tags": OPTIONS.extra_tags,
        "instance": None,
    }  # fmt: skip
    assert told(named["finalize:source:/dev/xvda"]) == {"volume": ROOT, "roles": ("source",)}
    assert told(named["finalize:renew:/dev/xvda"]) == {"snapshot": "snap-renew", "roles": ("baseline",)}
    assert {Phase.FINALIZE} == {s.phase for s in steps}
    assert {"/dev/xvda", "/dev/sdf"} == {s.lane for s in steps}


# -- what has to be true -----------------------------------------------------------------------------------------------


def replacement(id_: str, **fields: Any) -> dict[str, Any]:
    return {"VolumeId": id_, "Encrypted": True, "KmsKeyId": ARN, "VolumeType": "gp3", "Iops": 3000, **fields}


def status(id_: str, **fields: Any) -> dict[str, Any]:
    arrived = {"InitializationType": "default", "Progress": 100}
    return {"VolumeId": id_, "VolumeStatus": {"Status": "ok"}, "InitializationStatusDetails": arrived, **fields}


def state_of_data(state: str) -> dict[str, Any]:
    return {"Status": "ok", "Details": [{"Name": "initialization-state", "Status": state}]}


def mapped(device: str, id_: str, flag: bool) -> dict[str, Any]:
    return {"DeviceName": device, "Ebs": {"VolumeId": id_, "DeleteOnTermination": flag}}


def machine(*mappings: dict[str, Any], state: str = "running") -> dict[str, Any]:
    there = [*mappings] or [mapped("/dev/xvda", "vol-9root", True), mapped("/dev/sdf", "vol-9data", False)]
    found = {"InstanceId": INSTANCE, "State": {"Name": state}, "BlockDeviceMappings": there}
    return {"Reservations": [{"Instances": [found]}]}


def a_door(**changed: Any) -> Door:
    """Answers as where all is well, but for what is changed."""
    good = {
        "volumes": [replacement("vol-9root"), replacement("vol-9data", VolumeType="io2", Iops=8000)],
        "statuses": [status("vol-9root"), status("vol-9data")],
        "instances": machine({"DeviceName": "/dev/xvdb", "VirtualName": "ephemeral0"}, *machine_mappings()),
        "key": {"KeyMetadata": {"KeyState": "Enabled"}},
    } | changed
    return Door({
        "ec2:DescribeVolumes": {"Volumes": good["volumes"]},
        "ec2:DescribeVolumeStatus": {"VolumeStatuses": good["statuses"]},
        "ec2:DescribeInstances": good["instances"],
        "kms:DescribeKey": good["key"],
    })  # fmt: skip


def machine_mappings() -> list[dict[str, Any]]:
    return list(machine()["Reservations"][0]["Instances"][0]["BlockDeviceMappings"])


async def wrong(door: Door, facts: InstanceFacts | VolumeAlone = FACTS, outputs: Any = OUTPUTS) -> list[str]:
    return list(await end.settled(door, facts, OPTIONS, outputs))


async def test_all_is_read_again_and_nothing_is_wrong() -> None:
    """Replacements by id, their status, the instance, the key: each is asked for once."""
    door = a_door()

    assert [] == await wrong(door)
    by_id = [{"Name": "volume-id", "Values": ["vol-9root", "vol-9data"]}]
    assert {"Filters": by_id} == door.asked[0].params
    assert Call("ec2:DescribeVolumeStatus", {"VolumeIds": ["vol-9data", "vol-9root"]}) == door.asked[1]
    assert {"Filters": [{"Name": "instance-id", "Values": [INSTANCE]}]} == door.asked[2].params
    assert Call("kms:DescribeKey", {"KeyId": ARN}) == door.asked[3]
    assert 4 == len(door.asked)


async def test_a_volume_without_a_replacement_ends_it_before_anything_is_read() -> None:
    """No source goes for which nothing stands in."""
    door = a_door()

    assert ["not every volume has a replacement"] == await wrong(
        door, outputs={k: v for k, v in OUTPUTS.items() if k != "copy:/dev/sdf"}
    )
    assert [] == door.asked


CASES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "a replacement is gone": (
        {"volumes": [replacement("vol-9data", VolumeType="io2", Iops=8000)]},
        [f"vol-9root, the replacement of {ROOT}, is gone"],
    ),
    "under another key": (
        {"volumes": [replacement("vol-9root", KmsKeyId=OTHER_ARN), replacement("vol-9data", VolumeType="io2", Iops=8000)]},
        [f"vol-9root is under {OTHER_ARN}, wanted {ARN}"],
    ),
    "under no key": (
        {"volumes": [{"VolumeId": "vol-9root", "VolumeType": "gp2"}, replacement("vol-9data", VolumeType="io2", Iops=8000)]},
        [f"vol-9root is under no key, wanted {ARN}"],
    ),
    "not encrypted, whatever key it names": (
        {"volumes": [replacement("vol-9root", Encrypted=False), replacement("vol-9data", VolumeType="io2", Iops=8000)]},
        [f"vol-9root is under {ARN}, wanted {ARN}"],
    ),
    "fewer IOPS": (
        {"volumes": [replacement("vol-9root", Iops=2999), replacement("vol-9data", VolumeType="io2", Iops=7999)]},
        [f"vol-9root has 2999 IOPS, {ROOT} had 3000", f"vol-9data has 7999 IOPS, {DATA} had 8000"],
    ),
    "no IOPS told": (
        {"volumes": [replacement("vol-9root"), {k: v for k, v in replacement("vol-9data", VolumeType="io2").items() if k != "Iops"}]},
        [f"vol-9data has None IOPS, {DATA} had 8000"],
    ),
    "more IOPS are no harm": (
        {"volumes": [replacement("vol-9root", Iops=9000), replacement("vol-9data", VolumeType="io2", Iops=9000)]},
        [],
    ),
    "somebody has changed its type since: other IOPS are meant": (
        {"volumes": [replacement("vol-9root"), replacement("vol-9data", VolumeType="gp3", Iops=3000)]},
        [],
    ),
    "a status that is not described": ({"statuses": [status("vol-9root")]}, ["the status of vol-9data is not described"]),
    "still initialising": (
        {
            "statuses": [
                status("vol-9root", InitializationStatusDetails={"InitializationType": "volume-copy", "Progress": 40}),
                status("vol-9data", InitializationStatusDetails={"InitializationType": "volume-copy", "Progress": 0}),
            ]
        },
        ["vol-9root is still initialising (40 %)", "vol-9data is still initialising (0 %)"],
    ),
    "how far it is initialised is not told": (
        {
            "statuses": [
                status("vol-9root", InitializationStatusDetails={"InitializationType": "volume-copy"}),
                status("vol-9data", InitializationStatusDetails=None),
            ]
        },
        [
            "EC2 does not tell how far vol-9root is initialised",
            "EC2 does not tell how far vol-9data is initialised",
        ],
    ),
    "its state tells that it is initialised": (
        {
            "statuses": [
                status("vol-9root"),
                status("vol-9data", InitializationStatusDetails=None, VolumeStatus=state_of_data("completed")),
            ]
        },
        [],
    ),
    "its state tells that it is not": (
        {
            "statuses": [
                status("vol-9root"),
                status("vol-9data", InitializationStatusDetails=None, VolumeStatus=state_of_data("initializing")),
            ]
        },
        ["EC2 does not tell how far vol-9data is initialised"],
    ),
    "impaired": (
        {"statuses": [status("vol-9root"), status("vol-9data", VolumeStatus={"Status": "impaired"})]},
        ["vol-9data is impaired"],
    ),
    "a status that EC2 cannot tell is no harm": (
        {"statuses": [status("vol-9root"), status("vol-9data", VolumeStatus={"Status": "insufficient-data"})]},
        [],
    ),
    "the instance is gone": ({"instances": {"Reservations": []}}, [f"{INSTANCE} is gone"]),
    "the instance is terminated": ({"instances": machine(state="terminated")}, [f"{INSTANCE} is gone"]),
    "the instance is shutting down": ({"instances": machine(state="shutting-down")}, [f"{INSTANCE} is gone"]),
    "another volume is on the device": (
        {"instances": machine(mapped("/dev/xvda", ROOT, True), mapped("/dev/sdf", "vol-9data", False))},
        [f"{INSTANCE} /dev/xvda has {ROOT}, wanted vol-9root"],
    ),
    "nothing is on the device": (
        {"instances": machine(mapped("/dev/xvda", "vol-9root", True))},
        [f"{INSTANCE} /dev/sdf has nothing, wanted vol-9data"],
    ),
    "another flag": (
        {"instances": machine(mapped("/dev/xvda", "vol-9root", False), mapped("/dev/sdf", "vol-9data", False))},
        [f"{INSTANCE} /dev/xvda: DeleteOnTermination is False, it was True"],
    ),
    "the key is disabled": (
        {"key": {"KeyMetadata": {"KeyState": "Disabled"}}},
        [f"the key {ARN} is 'Disabled', not Enabled"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
async def test_what_is_wrong_is_said_of_each(case: str) -> None:
    """Every difference is a sentence that names the resource and both values; what is no harm is none."""
    changed, said = CASES[case]

    assert said == await wrong(a_door(**changed))


async def test_an_instance_that_shows_no_volumes_has_none() -> None:
    """Its answer may lack the list."""
    bare = {"Reservations": [{"Instances": [{"InstanceId": INSTANCE, "State": {"Name": "running"}}]}]}

    assert [
        f"{INSTANCE} /dev/xvda has nothing, wanted vol-9root",
        f"{INSTANCE} /dev/sdf has nothing, wanted vol-9data",
    ] == await wrong(a_door(instances=bare))


async def test_all_that_is_wrong_is_said_at_once() -> None:
    """A person mends everything before the next try."""
    door = a_door(
        volumes=[replacement("vol-9data", VolumeType="io2", Iops=1)],
        statuses=[],
        instances={"Reservations": []},
        key=denied("kms:DescribeKey"),
    )

    said = await wrong(door)

    assert 5 == len(said)
    assert [c.params for c in door.asked if c.operation == "ec2:DescribeVolumeStatus"] == [{"VolumeIds": ["vol-9data"]}]


async def test_no_status_is_asked_for_where_no_replacement_is_left() -> None:
    """EC2 would describe all volumes of the Region."""
    door = a_door(volumes=[])

    await wrong(door)

    assert 0 == door.times("ec2:DescribeVolumeStatus")


@pytest.mark.parametrize(
    ("type_", "asked"), [("gp3", True), ("io1", True), ("io2", True), ("gp2", False), ("st1", False)]
)
async def test_iops_are_asked_of_types_that_are_given_them(type_: str, asked: bool) -> None:
    """Those of gp2 follow its size."""
    facts = alone(type=type_, iops=5000)
    outputs = {f"copy:{DATA}": {"VolumeId": "vol-9"}}

    said = await wrong(
        a_door(volumes=[replacement("vol-9", VolumeType=type_, Iops=1)], statuses=[status("vol-9")]), facts, outputs
    )

    assert asked == bool(said)


async def test_a_volume_alone_has_no_instance() -> None:
    """None is asked for; a source without IOPS of its own is not judged by them."""
    door = a_door(volumes=[replacement("vol-9", Iops=None)], statuses=[status("vol-9")])

    assert [] == await wrong(door, alone(iops=None), {f"copy:{DATA}": {"VolumeId": "vol-9"}})
    assert 0 == door.times("ec2:DescribeInstances")


# -- what a way back needs ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("there", "gone"),
    [([ROOT, DATA], []), ([DATA], [ROOT]), ([], [ROOT, DATA])],
    ids=["all are there", "one is gone", "all are gone"],
)
async def test_without_its_sources_nothing_is_put_back(there: list[str], gone: list[str]) -> None:
    """Each that is gone is named; all are asked for at once."""
    door = a_door(volumes=[{"VolumeId": id_} for id_ in there])

    found = await end.barred(door, FACTS, OUTPUTS)

    assert tuple(f"its source {id_} is gone" for id_ in gone) == found.why
    assert ("there is nothing to put in the place of its replacement", ()) == (found.so, found.heal)
    asked = [{"Name": "volume-id", "Values": [ROOT, DATA]}], [{"Name": "instance-id", "Values": [INSTANCE]}]
    assert [*asked] == [call.params["Filters"] for call in door.asked]


@pytest.mark.parametrize(("state", "said"), [("terminated", "is terminated"), ("shutting-down", "is being terminated")])
async def test_without_its_instance_nothing_is_put_back(state: str, said: str) -> None:
    """A terminated one never comes back, so no replacement is taken off it for that."""
    found = await end.barred(a_door(volumes=[{"VolumeId": ROOT}], instances=machine(state=state)), FACTS, OUTPUTS)

    assert (f"{INSTANCE} {said}", f"its source {DATA} is gone") == found.why
    assert "there is nothing to put its sources back on" == found.so


async def test_what_has_no_plain_volume_asks_for_none() -> None:
    """An empty filter would be all volumes of the account."""
    door = a_door()

    assert () == (await end.barred(door, an_instance(encrypted()), {})).why
    assert 0 == door.times("ec2:DescribeVolumes")


# -- what is kept ------------------------------------------------------------------------------------------------------


def there(*ids: str, state: str = "in-use") -> list[dict[str, Any]]:
    return [{"VolumeId": id_, "State": state} for id_ in ids]


async def test_while_its_replacements_and_its_instance_are_there_nothing_is_missing() -> None:
    """Replacements and sources are asked for at once, by id; then the instance. A stopped one can be started."""
    door = a_door(volumes=there("vol-9root", "vol-9data", ROOT, DATA), instances=machine(state="stopped"))

    found = await end.missing(door, FACTS, OUTPUTS, True)

    assert ((), "", (), ()) == (found.why, found.so, found.heal, found.lost)
    assert [
        {"Filters": [{"Name": "volume-id", "Values": ["vol-9root", "vol-9data", ROOT, DATA]}]},
        {"Filters": [{"Name": "instance-id", "Values": [INSTANCE]}]},
    ] == [call.params for call in door.asked]


@pytest.mark.parametrize(
    "volumes",
    [there("vol-9root"), [*there("vol-9root"), *there("vol-9data", state="deleting")]],
    ids=["not described", "deleting"],
)
async def test_a_replacement_that_is_gone_is_named_with_its_source(volumes: list[dict[str, Any]]) -> None:
    """The instance is there: what it needs is another volume, and no advice is given."""
    found = await end.missing(a_door(volumes=[*volumes, *there(ROOT, DATA)]), FACTS, OUTPUTS, True)

    assert ((f"vol-9data, the replacement of {DATA}, is gone",), "", ()) == (found.why, found.so, found.lost)


@pytest.mark.parametrize(
    ("left", "lost"),
    [(("vol-9root", DATA), False), ((ROOT, "vol-9data"), False), ((ROOT, "vol-9root"), True), ((), True)],
    ids=["a source and the other's replacement", "the other way round", "nothing of one", "nothing of both"],
)
@pytest.mark.parametrize("state", ["running", "terminated"])
async def test_lost_is_only_that_of_which_neither_is_left(left: tuple[str, ...], lost: bool, state: str) -> None:
    """It is said of each volume what is gone and what is left, first of what nothing is. With its instance terminated all is lost that
    sealift could put back or keep, whatever is left of disks.
    """
    found = await end.missing(a_door(volumes=there(*left), instances=machine(state=state)), FACTS, OUTPUTS, True)

    said = [
        {
            (True, True): f"{old} and its replacement {new} are left",
            (True, False): f"{old} is left, its replacement {new} is gone",
            (False, True): f"{old} is gone, its replacement {new} is left",
            (False, False): f"neither {old} nor its replacement {new} is left",
        }[old in left, new in left]
        for old, new in ((ROOT, "vol-9root"), (DATA, "vol-9data"))
    ]
    first = sorted(said, key=lambda line: not line.startswith("neither"))
    if state == "running":
        assert (tuple(first) if lost else ()) == found.lost
        assert f"Delete nothing of what is left: {'; '.join(first)}" == found.so
    else:
        assert f"Launch another instance, and attach what is left to it: {'; '.join(first)}" == found.so
        assert (f"{INSTANCE} is terminated and does not come back. {found.so}",) == found.lost
    assert (state != "running") is found.ended


async def test_what_could_be_had_back_of_what_nothing_is_left_is_said_with_its_command() -> None:
    """From the Recycle Bin: the source, its replacement, a snapshot of either; not what somebody else has deleted, nor a volume of
    which one is left. Both kinds are asked for, and what cannot be read of one hides nothing of the other.
    """
    binned = {
        "ec2:ListVolumesInRecycleBin": {"Volumes": [
            {"VolumeId": "vol-theirs", "RecycleBinExitTime": "2030-01-01"},
            {"VolumeId": "vol-9root", "RecycleBinExitTime": "2030-01-01"},
            {"VolumeId": DATA, "RecycleBinExitTime": "2030-01-02"},
        ]},
        "ec2:ListSnapshotsInRecycleBin": {"Snapshots": [
            {"SnapshotId": "snap-theirs", "VolumeId": "vol-theirs", "RecycleBinExitTime": "2030-01-03"},
            {"SnapshotId": "snap-1", "VolumeId": "vol-9data", "RecycleBinExitTime": "2030-01-04"},
        ]},
    }  # fmt: skip
    root = f"{ROOT} is left, its replacement vol-9root is gone"
    data_is = f"neither {DATA} nor its replacement vol-9data is left"
    fetch = f"aws ec2 restore-{{0}}-from-recycle-bin --region {REGION} --{{0}}-id {{1}}".format
    volume = f"{DATA} is in the Recycle Bin until 2030-01-02: {fetch('volume', DATA)}"
    until = "is in the Recycle Bin until 2030-01-04"
    snapshot = f"snap-1, a snapshot of vol-9data, {until}: {fetch('snapshot', 'snap-1')}"
    door = a_door(volumes=there(ROOT))
    door.answers |= binned

    assert (data_is, root, volume, snapshot) == (await end.missing(door, FACTS, OUTPUTS, True)).lost
    for operation in binned:
        assert [Call(operation, {})] == [call for call in door.asked if call.operation == operation]
    door.answers["ec2:ListVolumesInRecycleBin"] = denied("ec2:ListVolumesInRecycleBin")
    assert (data_is, root, snapshot) == (await end.missing(door, FACTS, OUTPUTS, True)).lost


async def test_a_deleted_replacement_that_is_described_still_is_gone() -> None:
    """For a while EC2 describes what was deleted. A volume alone has no instance to ask for."""
    door = a_door(volumes=there("vol-9", state="deleted"))

    found = await end.missing(door, alone(), {f"copy:{DATA}": {"VolumeId": "vol-9"}}, True)

    assert (f"vol-9, the replacement of {DATA}, is gone",) == found.why
    assert 0 == door.times("ec2:DescribeInstances")


@pytest.mark.parametrize(
    ("instances", "how"),
    [({"Reservations": []}, "gone"), (machine(state="terminated"), "terminated")],
    ids=["not described", "terminated"],
)
async def test_where_the_instance_is_gone_another_takes_the_sources_or_what_is_left(instances: Any, how: str) -> None:
    """It is said how it is, and what helps: replacements that went with it are not offered."""
    door = a_door(volumes=there("vol-9data", ROOT, DATA), instances=instances)
    found = await end.missing(door, FACTS, OUTPUTS, True)

    assert (f"{INSTANCE} is {how}",) == found.why
    left = f"{ROOT} is left, its replacement vol-9root is gone; {DATA} and its replacement vol-9data are left"
    assert f"Launch another instance, and attach what is left to it: {left}" == found.so
    assert (f"{INSTANCE} is {how} and does not come back. {found.so}",) == found.lost


async def test_what_goes_with_an_instance_is_waited_for() -> None:
    """While it is being terminated its disks are described still: nothing is given up yet."""
    door = a_door(volumes=there("vol-9root"), instances=machine(state="shutting-down"))
    found = await end.missing(door, FACTS, OUTPUTS, True)

    assert ((f"{INSTANCE} is being terminated",), ()) == (found.why, found.lost)
    assert ("Wait until it is terminated: accept gives it up then", True) == (found.so, found.ended)


async def test_what_was_terminated_before_anything_was_copied_names_its_sources() -> None:
    """Of each it is said whether it is left: those with DeleteOnTermination went with it."""
    door = a_door(volumes=there(DATA), instances=machine(state="terminated"))
    found = await end.missing(door, FACTS, {}, False)

    left = f"{ROOT} is gone, and no replacement of it was made; {DATA} is left"
    assert f"Launch another instance, and attach what is left to it: {left}" == found.so
    assert found.ended


@pytest.mark.parametrize("up", [False, True])
@pytest.mark.parametrize("copied", [False, True])
async def test_on_a_way_back_a_volume_without_its_source_is_lost(up: bool, copied: bool) -> None:
    """Its replacement serves nobody, and nothing can be put back: it is named, as what is left. While the replacement serves it is kept."""
    outputs = OUTPUTS if copied else {"copy:/dev/sdf": OUTPUTS["copy:/dev/sdf"]}
    door = a_door(volumes=there("vol-9root", "vol-9data", DATA))
    found = await end.missing(door, FACTS, outputs, up)

    how = ", its replacement vol-9root is left" if copied else ", and no replacement of it was made"
    said = (f"{ROOT} is gone{how}", f"{DATA} and its replacement vol-9data are left")
    assert (() if up else said) == found.lost
    assert (() if up else ("/dev/xvda",)) == found.parts
    assert not found.ended


async def test_a_terminated_instance_without_plain_volumes_names_none() -> None:
    """There is nothing to name."""
    found = await end.missing(a_door(instances=machine(state="terminated")), an_instance(encrypted()), {}, True)

    assert ("Launch another instance, and attach what is left to it", True) == (found.so, found.ended)


async def test_all_that_the_recycle_bin_has_of_a_terminated_instance_is_named() -> None:
    """A replacement, too, whose source is left: it has what was written since. What has no time is named without."""
    door = a_door(volumes=there(ROOT, DATA, "vol-9data"), instances=machine(state="terminated"))
    door.answers |= {
        "ec2:ListVolumesInRecycleBin": {"Volumes": [{"VolumeId": "vol-9root"}]},
        "ec2:ListSnapshotsInRecycleBin": {"Snapshots": []},
    }
    found = await end.missing(door, FACTS, OUTPUTS, True)

    fetch = f"aws ec2 restore-volume-from-recycle-bin --region {REGION} --volume-id vol-9root"
    assert found.so.endswith(f"; vol-9root is in the Recycle Bin: {fetch}")


@pytest.mark.parametrize("readable", [True, False])
async def test_snapshots_of_ours_are_named_where_a_disk_is_lost(readable: bool) -> None:
    """Those that are there still, of the volumes of which something is gone, and no others; unreadable ones are not named."""
    shots = {
        "warm:/dev/xvda": {"SnapshotId": "snap-1"},
        "safety:copy:/dev/xvda": {"SnapshotId": "snap-2"},
        "warm:/dev/sdf": {"SnapshotId": "snap-3"},
        "restore:/dev/xvda": {},
    }
    door = a_door(volumes=there("vol-9data", DATA))
    if readable:
        door.answers["ec2:DescribeSnapshots"] = {"Snapshots": [{"SnapshotId": "snap-2"}]}
    copies = {key: out for key, out in OUTPUTS.items() if key.startswith("copy:")}
    found = await end.missing(door, FACTS, {**copies, **shots}, True)

    said = f"snap-2 is left, a snapshot of {ROOT} or of its replacement"
    assert ((said,) if readable else ()) == found.lost[2:]
    asked = [c.params for c in door.asked if c.operation == "ec2:DescribeSnapshots"]
    assert [{"Filters": [{"Name": "snapshot-id", "Values": ["snap-1", "snap-2"]}]}] == asked


async def test_what_has_no_replacement_yet_asks_for_none() -> None:
    """An empty filter would be all volumes of the account; what a copy has not left names no volume."""
    door = a_door()

    assert () == (await end.missing(door, FACTS, {"copy:/dev/xvda": {}}, True)).why
    assert 0 == door.times("ec2:DescribeVolumes")


# -- what stays --------------------------------------------------------------------------------------------------------


def bins(**changed: Any) -> Door:
    """A Region with nothing left, but for what is changed."""
    empty: dict[str, Any] = {
        "ec2:DescribeSnapshots": {"Snapshots": []},
        "ec2:DescribeImages": {"Images": []},
        "ec2:ListVolumesInRecycleBin": {"Volumes": []},
        "ec2:ListSnapshotsInRecycleBin": {"Snapshots": []},
    }
    return Door(empty | {name.replace("_", ":"): answer for name, answer in changed.items()})


async def stays(door: Door, outputs: Any = None) -> list[dict[str, str]]:
    return [dict(one) for one in await end.stays(door, FACTS, outputs or {})]


async def test_where_nothing_is_left_nothing_stays() -> None:
    """Snapshots of each source and both bins are read; no image, where no snapshot is left."""
    door = bins()

    assert [] == await stays(door)
    filters = [[{"Name": "volume-id", "Values": [v]}] for v in (ROOT, DATA)]
    assert [
        *(Call("ec2:DescribeSnapshots", {"OwnerIds": ["self"], "Filters": f}) for f in filters),
        Call("ec2:ListVolumesInRecycleBin", {}),
        Call("ec2:ListSnapshotsInRecycleBin", {}),
    ] == door.asked


async def test_plain_snapshots_of_others_stay_with_the_images_that_pin_them() -> None:
    """Each with what it is, until when, and the command that ends it."""
    door = bins(
        ec2_DescribeSnapshots=lambda call: {
            "Snapshots": [{"SnapshotId": "snap-dlm"}] if ROOT in call.params["Filters"][0]["Values"] else []
        },
        ec2_DescribeImages={"Images": [{"ImageId": "ami-1"}]},
    )

    assert [
        {
            "id": "snap-dlm", "what": f"a plain snapshot of {ROOT} that sealift did not make", "until": "you act",
            "command": f"aws ec2 delete-snapshot --region {REGION} --snapshot-id snap-dlm",
        },
        {
            "id": "ami-1", "what": "an AMI that pins snap-dlm (R-EBS-78)", "until": "you act",
            "command": f"aws ec2 deregister-image --region {REGION} --image-id ami-1",
        },
    ] == await stays(door)  # fmt: skip
    pinned = [{"Name": "block-device-mapping.snapshot-id", "Values": ["snap-dlm"]}]
    assert Call("ec2:DescribeImages", {"Owners": ["self"], "Filters": pinned}) in door.asked


async def test_the_encrypted_snapshot_of_the_copy_route_stays() -> None:
    """It is the user's to keep."""
    assert [
        {
            "id": "snap-encrypted", "what": "the encrypted snapshot that the copy route leaves", "until": "you act",
            "command": f"aws ec2 delete-snapshot --region {REGION} --snapshot-id snap-encrypted",
        }
    ] == await stays(bins(), OUTPUTS)  # fmt: skip


async def test_what_a_recycle_bin_keeps_of_the_sources_stays_until_its_time() -> None:
    """Volumes and snapshots of ours, and of nobody else."""
    door = bins(
        ec2_ListVolumesInRecycleBin={
            "Volumes": [{"VolumeId": ROOT, "RecycleBinExitTime": "2030-01-01"}, {"VolumeId": "vol-x"}]
        },
        ec2_ListSnapshotsInRecycleBin={
            "Snapshots": [{"SnapshotId": "snap-1", "VolumeId": DATA}, {"SnapshotId": "snap-2"}]
        },
    )

    assert [
        {"id": ROOT, "what": "a plain volume in the Recycle Bin", "until": "2030-01-01", "command": ""},
        {"id": "snap-1", "what": f"a plain snapshot of {DATA} in the Recycle Bin", "until": "", "command": ""},
    ] == await stays(door)


async def test_a_bin_that_cannot_be_read_is_said_and_the_other_is_read() -> None:
    """A rule may keep what was deleted: who may look is told how."""
    door = bins(
        ec2_ListVolumesInRecycleBin=denied("ec2:ListVolumesInRecycleBin"),
        ec2_ListSnapshotsInRecycleBin=silent("ec2:ListSnapshotsInRecycleBin"),
    )

    said = "could not be read ({}): a rule may keep what was deleted"
    assert [
        {
            "id": "Recycle Bin (volumes)", "what": said.format("UnauthorizedOperation"), "until": "you act",
            "command": f"aws ec2 list-volumes-in-recycle-bin --region {REGION}",
        },
        {
            "id": "Recycle Bin (snapshots)", "what": said.format("ec2:ListSnapshotsInRecycleBin: no answer"), "until": "you act",
            "command": f"aws ec2 list-snapshots-in-recycle-bin --region {REGION}",
        },
    ] == await stays(door)  # fmt: skip


# -- locks -------------------------------------------------------------------------------------------------------------


def test_a_migration_locks_all_that_it_may_touch() -> None:
    """The instance, all its volumes, encrypted ones too, and other attachers: by account and Region, in order."""
    facts = replace(an_instance(a_volume(attachers=(INSTANCE, "i-0zzz")), encrypted()))

    place = f"{ACCOUNT}/{REGION}/"
    assert tuple(place + r for r in (INSTANCE, "i-0zzz", DATA, ROOT)) == end.locks(facts)
    assert (place + DATA,) == end.locks(alone())
