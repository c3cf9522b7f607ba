"""CopyVolumes: available in seconds, hydrated for hours, few at a time."""

import pytest

from sealift.sandbox import VolumeSpec


@pytest.fixture
def key(box):
    return box.add_key()


def test_a_plain_volume_is_copied_under_a_key_in_its_own_zone(box, ec2, key):
    """SB-CPV-20: botocore CopyVolumes: SourceVolumeId is set, SnapshotId empty, an alias becomes the key's ARN.

    Source SB-CPV-20: docs.aws.amazon.com/ebs/latest/userguide/ebs-copying-volume.html; botocore ec2 CopyVolumes.
    """
    source = box.add_volume(az="eu-central-1b", size_gib=20)
    copy = ec2.copy_volumes(
        SourceVolumeId=source,
        VolumeType="gp3",
        Encrypted=True,
        KmsKeyId="alias/app",
        TagSpecifications=[{"ResourceType": "volume", "Tags": [{"Key": "a", "Value": "b"}]}],
    )["Volumes"][0]
    assert copy["State"] == "creating"
    box.clock.advance(10)
    shown = ec2.describe_volumes(VolumeIds=[copy["VolumeId"]])["Volumes"][0]
    assert shown["State"] == "available"
    assert (shown["SourceVolumeId"], shown["SnapshotId"]) == (source, "")
    assert (shown["AvailabilityZone"], shown["Size"], shown["KmsKeyId"]) == ("eu-central-1b", 20, key)
    assert shown["Tags"] == [{"Key": "a", "Value": "b"}]
    assert box.contents(copy["VolumeId"]) == box.contents(source)


def test_a_copy_is_gp2_unless_told_otherwise(box, ec2):
    """R-EBS-07: type, IOPS and throughput do not come from the source.

    Source R-EBS-07: botocore ec2 CopyVolumes, CreateVolume.
    """
    source = box.add_volume(size_gib=20, type="gp3", iops=6000)
    copy = ec2.copy_volumes(SourceVolumeId=source)["Volumes"][0]
    assert (copy["VolumeType"], copy["Encrypted"]) == ("gp2", False)


def test_a_copy_of_an_encrypted_volume_stays_encrypted(box, ec2, key):
    """SB-CPV-20: Inheritance: without a word the copy is under the source's key.

    Source SB-CPV-20: docs.aws.amazon.com/ebs/latest/userguide/ebs-copying-volume.html; botocore ec2 CopyVolumes.
    """
    source = box.add_volume(kms_key=key)
    copy = ec2.copy_volumes(SourceVolumeId=source, VolumeType="gp3")["Volumes"][0]
    assert (copy["Encrypted"], copy["KmsKeyId"]) == (True, key)


def test_a_copy_holds_what_was_there_at_the_request(box, ec2):
    """SB-CPV-21: Point in time: what a running instance writes afterwards is not on it.

    Source SB-CPV-21: docs.aws.amazon.com/ebs/latest/userguide/ebs-copying-volume.html (point-in-time copies).
    """
    box.add_instance()
    source = ec2.describe_volumes()["Volumes"][0]["VolumeId"]
    box.clock.advance(100)
    at_request = box.contents(source)
    copy = ec2.copy_volumes(SourceVolumeId=source, VolumeType="gp3")["Volumes"][0]["VolumeId"]
    box.clock.advance(100)
    assert box.contents(copy) == at_request
    assert box.contents(source) != at_request


def test_hydration_goes_on_after_available(box, ec2):
    """SB-CPV-22: ebs-copying-volume.html: up to 6 h for the first TiB; figures are up to 5 minutes old; io2 warns meanwhile.

    Source SB-CPV-22: docs.aws.amazon.com/ebs/latest/userguide/ebs-copying-volume.html;
      docs.aws.amazon.com/ebs/latest/userguide/ebs-initialize-monitor.html.
    """
    source = box.add_volume(size_gib=1024, type="io2", iops=6000)
    copy = ec2.copy_volumes(SourceVolumeId=source, VolumeType="io2", Iops=6000)["Volumes"][0]["VolumeId"]

    def status():
        return ec2.describe_volume_status(VolumeIds=[copy])["VolumeStatuses"][0]

    box.clock.advance(3 * 3600 + 299)
    half = status()
    assert half["InitializationStatusDetails"] == {
        "InitializationType": "volume-copy",
        "Progress": 50,
        "EstimatedTimeToCompleteInSeconds": 3 * 3600,
    }
    assert half["VolumeStatus"]["Status"] == "warning"
    box.clock.advance(3 * 3600)
    done = status()
    assert done["InitializationStatusDetails"]["Progress"] == 100
    assert done["VolumeStatus"]["Status"] == "ok"


def test_one_copy_of_a_source_at_a_time(box, ec2, refused):
    """R-EBS-76: until hydrated; nor is a copy copied while it hydrates.

    Source R-EBS-76: docs.aws.amazon.com/ebs/latest/userguide/ebs-copying-volume.html; 'until hydrated' is the bad way
      to read it (guess).
    """
    source = box.add_volume(size_gib=100)
    copy = ec2.copy_volumes(SourceVolumeId=source)["Volumes"][0]["VolumeId"]
    box.clock.advance(20)
    assert refused(ec2.copy_volumes, SourceVolumeId=source) == ("CopyVolumesLimitExceeded", 400)
    assert refused(ec2.copy_volumes, SourceVolumeId=copy)[0] == "CopyVolumesLimitExceeded"
    box.clock.advance(6 * 3600)
    ec2.copy_volumes(SourceVolumeId=source)


def test_five_copies_in_progress_in_a_region(box, ec2, client, refused):
    """R-EBS-76: the slot is held until hydrated, though the copy is deleted; another Region has its own.

    Source R-EBS-76: docs.aws.amazon.com/ebs/latest/userguide/ebs-copying-volume.html; 'until hydrated' is the bad way
      to read it (guess).
    """
    sources = [box.add_volume(size_gib=100) for _ in range(6)]
    copies = [ec2.copy_volumes(SourceVolumeId=s)["Volumes"][0]["VolumeId"] for s in sources[:5]]
    box.clock.advance(20)
    ec2.delete_volume(VolumeId=copies[0])
    box.clock.advance(20)
    assert refused(ec2.copy_volumes, SourceVolumeId=sources[5])[0] == "CopyVolumesLimitExceeded"
    client(region="eu-west-1").copy_volumes(SourceVolumeId=box.add_volume(region="eu-west-1"))


def test_a_copy_is_no_smaller_and_its_source_is_well(box, ec2, refused):
    """SB-CPV-01.

    Source SB-CPV-01: CopyVolumes copies a volume that is available or in-use, in its own zone, never to a smaller size.
      docs.aws.amazon.com/ebs/latest/userguide/ebs-copying-volume.html; the codes are guesses.
    """
    source = box.add_volume(size_gib=100)
    assert refused(ec2.copy_volumes, SourceVolumeId=source, Size=99)[0] == "InvalidParameterValue"
    ec2.modify_volume(VolumeId=source, Size=200)
    assert refused(ec2.copy_volumes, SourceVolumeId=source)[0] == "IncorrectModificationState"
    fresh = ec2.create_volume(AvailabilityZone="eu-central-1a", Size=1)["VolumeId"]
    assert refused(ec2.copy_volumes, SourceVolumeId=fresh)[0] == "IncorrectState"


def test_a_bad_key_is_refused_at_the_request(box, ec2, refused):
    """SB-CPV-02: unlike CreateVolume and CopySnapshot.

    Source SB-CPV-02: field notes of September 2026; InvalidKMSKey.InvalidState is recorded of launches, the rest is a
      guess.
    """
    source = box.add_volume()
    box.add_key(alias="alias/off", state="Disabled")
    box.add_key(alias="alias/rsa", spec="RSA_2048")
    for ref, code in [
        ("alias/none", "InvalidKMSKey.NotFound"),
        ("alias/off", "InvalidKMSKey.InvalidState"),
        ("alias/rsa", "InvalidKMSKey.InvalidKeyUsage"),
        (box.add_key("eu-west-1"), "InvalidKMSKey.NotFound"),
    ]:
        assert refused(ec2.copy_volumes, SourceVolumeId=source, Encrypted=True, KmsKeyId=ref)[0] == code
    assert refused(ec2.copy_volumes, SourceVolumeId=source, KmsKeyId="alias/app")[0] == "InvalidParameterDependency"


def test_an_optimizing_source_is_copied(box, ec2):
    """SB-CPV-01: `optimizing` is usable, `modifying` is not.

    Source SB-CPV-01: docs.aws.amazon.com/ebs/latest/userguide/ebs-copying-volume.html; the codes are guesses.
    """
    source = box.add_volume(size_gib=100)
    ec2.modify_volume(VolumeId=source, Size=200)
    box.clock.advance(150)
    ec2.copy_volumes(SourceVolumeId=source)


def test_a_key_disabled_while_creating_takes_the_copy_with_it(box, ec2, key, refused):
    """R-EBS-54.

    Source R-EBS-54: A copy under a bad key ends `error`, 'Given key ID is not accessible'; a created volume vanishes.
      docs.aws.amazon.com/ebs/latest/userguide/ebs-copy-snapshot.html.
    """
    copy = ec2.copy_volumes(SourceVolumeId=box.add_volume(), Encrypted=True, KmsKeyId=key)["Volumes"][0]["VolumeId"]
    box.clock.advance(5)
    box.disable_key(key)
    box.clock.advance(5)
    assert refused(ec2.describe_volumes, VolumeIds=[copy])[0] == "InvalidVolume.NotFound"


def test_a_multi_attach_volume_is_copied_as_such(box, ec2):
    """SB-CPV-23: MultiAttachEnabled is asked for, not inherited.

    Source SB-CPV-23: botocore ec2 CopyVolumes.
    """
    source = box.add_volume(spec=VolumeSpec(size_gib=10, type="io2", iops=500, multi_attach=True))
    copy = ec2.copy_volumes(SourceVolumeId=source, VolumeType="io2", Iops=500, MultiAttachEnabled=True)["Volumes"][0]
    assert copy["MultiAttachEnabled"] is True


def test_a_workload_on_a_copy_that_hydrates_is_slow_until_it_has(box, ec2):
    """SB-CPV-22: from the start on the copy to the end of its hydration; a source that has all its data never is.

    Source SB-CPV-22: docs.aws.amazon.com/ebs/latest/userguide/ebs-copying-volume.html;
      docs.aws.amazon.com/ebs/latest/userguide/ebs-initialize-monitor.html.
    """
    web = box.add_instance()
    (source,) = [v["VolumeId"] for v in ec2.describe_volumes()["Volumes"]]
    box.clock.advance(100)
    assert box.brownouts() == []
    ec2.stop_instances(InstanceIds=[web])
    box.clock.advance(60)
    copy = ec2.copy_volumes(SourceVolumeId=source, VolumeType="gp3")["Volumes"][0]["VolumeId"]
    box.clock.advance(20)
    ec2.detach_volume(VolumeId=source, InstanceId=web)
    box.clock.advance(10)
    ec2.attach_volume(VolumeId=copy, InstanceId=web, Device="/dev/xvda")
    box.clock.advance(10)
    ec2.start_instances(InstanceIds=[web])
    box.clock.advance(86_400)
    (span,) = box.brownouts()
    assert (span.instance, span.device, span.volume) == (web, "/dev/xvda", copy)
    hydration = box.volume(copy).hydration
    assert (span.start, span.end) == (box.machine(web).running_since, hydration.end)
