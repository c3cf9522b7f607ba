"""Contents: what was acknowledged, and whether the volume that serves now has it."""

import pytest

from sealift.sandbox import VolumeSpec


@pytest.fixture
def web(box):
    return box.add_instance(volumes=[VolumeSpec()], write_mib_per_s=2.0)


def only_volume(ec2):
    return ec2.describe_volumes(Filters=[{"Name": "status", "Values": ["in-use"]}])["Volumes"][0]["VolumeId"]


def swap(box, ec2, instance, old, new):
    ec2.detach_volume(VolumeId=old, InstanceId=instance)
    box.clock.advance(10)
    ec2.attach_volume(VolumeId=new, InstanceId=instance, Device="/dev/xvda")
    box.clock.advance(10)


def test_nothing_is_lost_where_the_copy_is_made_after_the_stop(box, ec2, web):
    """SB-WRT-01: The whole point: writes go on until `stopped`, and not a second longer.

    Source SB-WRT-01: what a block device does; the sandbox's own way to show it.
    """
    source = only_volume(ec2)
    box.clock.advance(500)
    ec2.stop_instances(InstanceIds=[web])
    box.clock.advance(60)
    copy = ec2.copy_volumes(SourceVolumeId=source, VolumeType="gp3")["Volumes"][0]["VolumeId"]
    box.clock.advance(20)
    swap(box, ec2, web, source, copy)
    ec2.start_instances(InstanceIds=[web])
    box.clock.advance(1000)
    assert box.losses() == []
    assert box.contents(copy) != box.contents(source)


def test_a_copy_made_before_the_stop_loses_what_came_after(box, ec2, web):
    """SB-WRT-02: Seconds and MiB of the loss are told; those while `stopping` count.

    Source SB-WRT-02: what a block device does; the sandbox's own way to show it.
    """
    source = only_volume(ec2)
    copy = ec2.copy_volumes(SourceVolumeId=source, VolumeType="gp3")["Volumes"][0]["VolumeId"]
    box.clock.advance(100)
    ec2.stop_instances(InstanceIds=[web])
    box.clock.advance(60)
    swap(box, ec2, web, source, copy)
    (loss,) = box.losses()
    assert (loss.instance, loss.device, loss.volume) == (web, "/dev/xvda", copy)
    seconds = 100 + box.world.durations.stop_s
    assert (loss.start, loss.end) == (1_800_000_000, 1_800_000_000 + seconds)
    assert loss.writes == 2.0 * seconds


def test_started_and_stopped_by_hand_after_the_copy_is_a_loss(box, ec2, web):
    """SB-WRT-02: Nothing in the states shows it afterwards; the contents do.

    Source SB-WRT-02: what a block device does; the sandbox's own way to show it.
    """
    source = only_volume(ec2)
    ec2.stop_instances(InstanceIds=[web])
    box.clock.advance(60)
    copy = ec2.copy_volumes(SourceVolumeId=source, VolumeType="gp3")["Volumes"][0]["VolumeId"]
    box.start_by_hand(web)
    box.clock.advance(30)
    box.stop_by_hand(web)
    box.clock.advance(60)
    swap(box, ec2, web, source, copy)
    assert [x.volume for x in box.losses()] == [copy]


def test_an_empty_volume_in_place_of_the_original_is_a_loss(box, ec2, web):
    """SB-WRT-02: What was there before the box was opened counts too.

    Source SB-WRT-02: what a block device does; the sandbox's own way to show it.
    """
    source = only_volume(ec2)
    ec2.stop_instances(InstanceIds=[web])
    blank = ec2.create_volume(AvailabilityZone="eu-central-1a", Size=8)["VolumeId"]
    box.clock.advance(60)
    swap(box, ec2, web, source, blank)
    assert sum(x.end - x.start for x in box.losses()) > 86_400


def test_going_back_after_bring_up_loses_what_the_replacement_took(box, ec2, web):
    """SB-WRT-02: The original lacks the writes since.

    Source SB-WRT-02: what a block device does; the sandbox's own way to show it.
    """
    source = only_volume(ec2)
    ec2.stop_instances(InstanceIds=[web])
    box.clock.advance(60)
    copy = ec2.copy_volumes(SourceVolumeId=source, VolumeType="gp3")["Volumes"][0]["VolumeId"]
    box.clock.advance(20)
    swap(box, ec2, web, source, copy)
    ec2.start_instances(InstanceIds=[web])
    box.clock.advance(100)
    ec2.stop_instances(InstanceIds=[web])
    box.clock.advance(60)
    assert box.losses() == []
    swap(box, ec2, web, copy, source)
    assert [x.volume for x in box.losses()] == [source]


def test_while_a_disk_is_off_its_writes_are_owed(box, ec2, web):
    """SB-WRT-02: No volume at the device: the loss names none.

    Source SB-WRT-02: what a block device does; the sandbox's own way to show it.
    """
    source = only_volume(ec2)
    ec2.stop_instances(InstanceIds=[web])
    box.clock.advance(60)
    ec2.detach_volume(VolumeId=source, InstanceId=web)
    box.clock.advance(60)
    assert {x.volume for x in box.losses()} == {None}
