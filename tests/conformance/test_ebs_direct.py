"""EBS direct APIs: what is in a snapshot, block by block, and what differs from another."""

import base64
import hashlib

import pytest

ZONE = "eu-central-1a"


@pytest.fixture
def ebs(client):
    return client("ebs")


@pytest.fixture
def shoot(box, ec2):
    """shoot(volume) -> the id of a completed snapshot; the volume's writes go on meanwhile."""

    def take(volume):
        made = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
        box.clock.advance(box.charges[-1].seconds)
        return made

    return take


@pytest.fixture
def quiet(box, ec2):
    """The root of a stopped instance that has written for ten seconds."""
    web = box.add_instance(write_mib_per_s=2.0)
    box.clock.advance(10)
    ec2.stop_instances(InstanceIds=[web])
    box.clock.advance(60)
    return ec2.describe_volumes()["Volumes"][0]["VolumeId"]


@pytest.fixture
def busy(box, ec2):
    """A volume of a running instance that began empty; it writes 0.5 MiB/s, a block a second."""
    web = box.add_instance(write_mib_per_s=0.5)
    volume = ec2.create_volume(AvailabilityZone=ZONE, Size=4)["VolumeId"]
    box.clock.advance(5)
    ec2.attach_volume(VolumeId=volume, InstanceId=web, Device="/dev/sdf")
    box.clock.advance(3)
    return volume


def data(ebs, snapshot):
    """All blocks of a snapshot, by index."""
    listed = ebs.list_snapshot_blocks(SnapshotId=snapshot)["Blocks"]
    return {b["BlockIndex"]: get(ebs, snapshot, b["BlockIndex"], b["BlockToken"])["BlockData"].read() for b in listed}


def get(ebs, snapshot, index, token):
    return ebs.get_snapshot_block(SnapshotId=snapshot, BlockIndex=index, BlockToken=token)


def test_a_block_comes_with_its_checksum(ebs, box, shoot, quiet):
    """SB-EBD-05: 512 KiB of data, and SHA-256 of them in base64.

    Source SB-EBD-05: botocore ebs ListSnapshotBlocks, GetSnapshotBlock;
      docs.aws.amazon.com/ebs/latest/userguide/ebsapi-faq.html.
    """
    snapshot = shoot(quiet)
    listed = ebs.list_snapshot_blocks(SnapshotId=snapshot)
    assert (listed["BlockSize"], listed["VolumeSize"]) == (524_288, 8)
    assert listed["ExpiryTime"].timestamp() == int(box.now()) + 7 * 86_400
    first = listed["Blocks"][0]
    block = get(ebs, snapshot, first["BlockIndex"], first["BlockToken"])
    body = block["BlockData"].read()
    assert (len(body), block["DataLength"], block["ChecksumAlgorithm"]) == (524_288, 524_288, "SHA256")
    assert base64.b64decode(block["Checksum"]) == hashlib.sha256(body).digest()


def test_only_written_blocks_are_listed(box, ebs, ec2, shoot, busy):
    """SB-EBD-05: in numerical order; an empty volume has none.

    Source SB-EBD-05: botocore ebs ListSnapshotBlocks, GetSnapshotBlock;
      docs.aws.amazon.com/ebs/latest/userguide/ebsapi-faq.html.
    """
    box.clock.advance(20)
    indexes = [b["BlockIndex"] for b in ebs.list_snapshot_blocks(SnapshotId=shoot(busy))["Blocks"]]
    assert indexes == sorted(set(indexes))
    assert len(indexes) in (20, 21)
    blank = ec2.create_volume(AvailabilityZone=ZONE, Size=1)["VolumeId"]
    box.clock.advance(5)
    assert ebs.list_snapshot_blocks(SnapshotId=shoot(blank))["Blocks"] == []


def test_equal_contents_are_equal_blocks_across_keys(box, ebs, ec2, shoot, busy):
    """SB-EBD-05: an encrypted copy has the same data as its plain source, block by block, and is not of its lineage.

    Source SB-EBD-05: botocore ebs ListSnapshotBlocks, GetSnapshotBlock;
      docs.aws.amazon.com/ebs/latest/userguide/ebsapi-faq.html.
    """
    box.clock.advance(5)
    box.add_key()
    plain = shoot(busy)
    copy = ec2.copy_snapshot(SourceSnapshotId=plain, SourceRegion="eu-central-1", Encrypted=True, KmsKeyId="alias/app")[
        "SnapshotId"
    ]
    box.clock.advance(1000)
    assert data(ebs, plain) == data(ebs, copy) != {}


def test_what_was_written_since_is_listed_as_changed(box, ebs, shoot, busy):
    """SB-EBD-05: each changed block differs, and no other does; new ones have no first token.

    Source SB-EBD-05: botocore ebs ListSnapshotBlocks, GetSnapshotBlock;
      docs.aws.amazon.com/ebs/latest/userguide/ebsapi-faq.html.
    """
    box.clock.advance(10)
    first = shoot(busy)
    box.clock.advance(7)
    second = shoot(busy)
    before, after = data(ebs, first), data(ebs, second)
    changed = ebs.list_changed_blocks(FirstSnapshotId=first, SecondSnapshotId=second)["ChangedBlocks"]
    differing = {i for i in {*before, *after} if before.get(i) != after.get(i)}
    assert {b["BlockIndex"] for b in changed} == differing != set()
    for block in changed:
        assert ("FirstBlockToken" in block) == (block["BlockIndex"] in before)
        token = block["SecondBlockToken"]
        assert get(ebs, second, block["BlockIndex"], token)["BlockData"].read() == after[block["BlockIndex"]]
    everything = ebs.list_changed_blocks(SecondSnapshotId=second)["ChangedBlocks"]
    assert {b["BlockIndex"] for b in everything} == set(after)


def test_a_write_that_was_lost_shows_though_others_went_over_it(box, ebs, ec2, shoot):
    """SB-EBD-05: two volumes, one of which lacks ten seconds of an hour's writes: their blocks differ.

    Source SB-EBD-05: botocore ebs ListSnapshotBlocks, GetSnapshotBlock;
      docs.aws.amazon.com/ebs/latest/userguide/ebsapi-faq.html.
    """
    web = box.add_instance(write_mib_per_s=2.0)
    root = ec2.describe_volumes()["Volumes"][0]["VolumeId"]
    copy = ec2.copy_volumes(SourceVolumeId=root, VolumeType="gp3")["Volumes"][0]["VolumeId"]
    box.clock.advance(10)
    ec2.stop_instances(InstanceIds=[web])
    box.clock.advance(60)
    one, other = shoot(root), shoot(copy)
    tokens = {
        s: {b["BlockIndex"]: b["BlockToken"] for b in ebs.list_snapshot_blocks(SnapshotId=s)["Blocks"]}
        for s in (one, other)
    }
    assert len(tokens[one]) == len(tokens[other]) == 2048

    def sums(snapshot):
        return [get(ebs, snapshot, i, t)["Checksum"] for i, t in list(tokens[snapshot].items())[::16]]

    assert sums(one) != sums(other)


def test_pages_begin_where_asked_and_go_on_by_token(box, ebs, shoot, quiet, refused):
    """SB-EBD-02: at least 100 a page; StartingBlockIndex is ignored beside a token, which lasts 60 minutes.

    Source SB-EBD-02: botocore ebs ValidationException; docs.aws.amazon.com/ebs/latest/userguide/ebsapi-faq.html; the
      reason for a pending one is a guess, and that a copy, or a volume made from a snapshot, begins a lineage.
    """
    snapshot = shoot(quiet)
    pages = [ebs.list_snapshot_blocks(SnapshotId=snapshot, MaxResults=1000)]
    assert len(ebs.list_snapshot_blocks(SnapshotId=snapshot, MaxResults=100)["Blocks"]) == 100
    while token := pages[-1].get("NextToken"):
        ask = {"SnapshotId": snapshot, "MaxResults": 1000, "NextToken": token, "StartingBlockIndex": 5}
        pages.append(ebs.list_snapshot_blocks(**ask))
    assert [len(p["Blocks"]) for p in pages] == [1000, 1000, 48]
    assert ebs.list_snapshot_blocks(SnapshotId=snapshot, StartingBlockIndex=2000)["Blocks"][0]["BlockIndex"] == 2000
    box.clock.advance(3601)
    stale = {"SnapshotId": snapshot, "NextToken": pages[0]["NextToken"]}
    assert refused(ebs.list_snapshot_blocks, **stale) == ("ValidationException", 400)


def test_a_snapshot_is_read_when_it_is_completed(box, ebs, ec2, quiet, refused, client):
    """SB-EBD-01, SB-EBD-02: unknown 404 with a Reason, pending 400; so is an id that is none.

    Source SB-EBD-01: botocore ebs ResourceNotFoundException; docs.aws.amazon.com/ebs/latest/userguide/ebsapi-faq.html.
    Source SB-EBD-02: botocore ebs ValidationException; docs.aws.amazon.com/ebs/latest/userguide/ebsapi-faq.html; the
      reason for a pending one is a guess, and that a copy, or a volume made from a snapshot, begins a lineage.
    """
    pending = ec2.create_snapshot(VolumeId=quiet)["SnapshotId"]
    assert refused(ebs.list_snapshot_blocks, SnapshotId=pending) == ("ValidationException", 400)
    assert refused(ebs.list_snapshot_blocks, SnapshotId="snap-0") == ("ResourceNotFoundException", 404)
    assert refused(ebs.list_snapshot_blocks, SnapshotId="banana") == ("ValidationException", 400)
    with pytest.raises(ebs.exceptions.ResourceNotFoundException) as caught:
        ebs.list_snapshot_blocks(SnapshotId="snap-0")
    assert caught.value.response["Reason"] == "SNAPSHOT_NOT_FOUND"
    elsewhere = client("ebs", "eu-west-1")
    box.clock.advance(1000)
    assert refused(elsewhere.list_snapshot_blocks, SnapshotId=pending)[0] == "ResourceNotFoundException"


def test_snapshots_of_two_volumes_are_not_compared(box, ebs, ec2, shoot, quiet):
    """SB-EBD-02: UNRELATED_SNAPSHOTS, and so are a plain original and its encrypted copy.

    Source SB-EBD-02: botocore ebs ValidationException; docs.aws.amazon.com/ebs/latest/userguide/ebsapi-faq.html; the
      reason for a pending one is a guess, and that a copy, or a volume made from a snapshot, begins a lineage.
    """
    box.add_key()
    one, other = shoot(quiet), shoot(box.add_volume())
    copy = {"SourceSnapshotId": one, "SourceRegion": "eu-central-1", "Encrypted": True, "KmsKeyId": "alias/app"}
    encrypted = ec2.copy_snapshot(**copy)["SnapshotId"]
    box.clock.advance(1000)
    for wrong in (other, encrypted):
        with pytest.raises(ebs.exceptions.ValidationException) as caught:
            ebs.list_changed_blocks(FirstSnapshotId=one, SecondSnapshotId=wrong)
        assert caught.value.response["Reason"] == "UNRELATED_SNAPSHOTS"


def test_a_token_is_of_one_block_and_lasts_a_week(box, ebs, shoot, quiet, refused):
    """SB-EBD-02.

    Source SB-EBD-02: EBS direct APIs read completed snapshots only; tokens last 7 days, pages 60 minutes;
      ListChangedBlocks compares snapshots of one lineage. botocore ebs ValidationException;
      docs.aws.amazon.com/ebs/latest/userguide/ebsapi-faq.html; the reason for a pending one is a guess, and that a
      copy, or a volume made from a snapshot, begins a lineage.
    """
    snapshot = shoot(quiet)
    first, second = ebs.list_snapshot_blocks(SnapshotId=snapshot)["Blocks"][:2]
    ask = {"SnapshotId": snapshot, "BlockIndex": second["BlockIndex"]}
    assert refused(ebs.get_snapshot_block, **ask, BlockToken=first["BlockToken"]) == ("ValidationException", 400)
    assert refused(ebs.get_snapshot_block, **ask, BlockToken="bm9uZQ==")[0] == "ValidationException"
    assert ebs.get_snapshot_block(**ask, BlockToken=second["BlockToken"])["DataLength"] == 524_288
    box.clock.advance(8 * 86_400)
    assert refused(ebs.get_snapshot_block, **ask, BlockToken=second["BlockToken"])[0] == "ValidationException"


def test_without_its_key_a_block_is_not_read(box, ebs, shoot, refused):
    """SB-EBD-03: a disabled key is AccessDeniedException, 403.

    Source SB-EBD-03: docs.aws.amazon.com/ebs/latest/userguide/ebsapi-faq.html; botocore ebs AccessDeniedException;
      which reason is a guess.
    """
    key = box.add_key()
    snapshot = shoot(box.add_volume(kms_key=key))
    block = ebs.list_snapshot_blocks(SnapshotId=snapshot)["Blocks"][0]
    ask = {"SnapshotId": snapshot, **block}
    assert ebs.get_snapshot_block(**ask)["DataLength"] == 524_288
    box.disable_key(key)
    assert refused(ebs.get_snapshot_block, **ask) == ("AccessDeniedException", 403)


def test_a_reader_needs_the_action_and_decrypt(box, shoot, as_role, allowing, denying, refused):
    """SB-EBD-03: allowed to read blocks, not to decrypt.

    Source SB-EBD-03: docs.aws.amazon.com/ebs/latest/userguide/ebsapi-faq.html; botocore ebs AccessDeniedException;
      which reason is a guess.
    """
    snapshot = shoot(box.add_volume(kms_key=box.add_key()))
    reads = allowing("ebs:ListSnapshotBlocks", "ebs:GetSnapshotBlock")
    reader = as_role(reads, allowing("kms:Decrypt"), service="ebs")
    block = reader.list_snapshot_blocks(SnapshotId=snapshot)["Blocks"][0]
    assert reader.get_snapshot_block(SnapshotId=snapshot, **block)["DataLength"] == 524_288
    keyless = as_role(reads, service="ebs")
    assert refused(keyless.get_snapshot_block, SnapshotId=snapshot, **block) == ("AccessDeniedException", 403)
    nobody = as_role(allowing("ec2:*"), service="ebs")
    assert refused(nobody.list_snapshot_blocks, SnapshotId=snapshot) == ("AccessDeniedException", 403)


def test_lists_and_blocks_are_counted_by_the_second(opened, client, refused):
    """SB-EBD-04: 50 lists of a kind at once; a second later again.

    Source SB-EBD-04: docs.aws.amazon.com/general/latest/gr/ebs-service.html; botocore ebs RequestThrottledException.
    """
    from sealift.sandbox import Quotas

    box = opened(quotas=Quotas(throttle=True))
    ebs = box.client("ebs")
    found = {refused(ebs.list_snapshot_blocks, SnapshotId="snap-0")[0] for _ in range(50)}
    assert found == {"ResourceNotFoundException"}
    once = _once(box)
    assert refused(once.list_snapshot_blocks, SnapshotId="snap-0") == ("RequestThrottledException", 400)
    box.clock.advance(1)
    assert refused(once.list_snapshot_blocks, SnapshotId="snap-0")[0] == "ResourceNotFoundException"


def _once(box):
    import boto3
    from botocore.config import Config

    return boto3.client("ebs", "eu-central-1", config=Config(retries={"total_max_attempts": 1}))


def test_the_writing_half_is_refused(ebs, refused):
    """SB-API-02: StartSnapshot makes nothing that the box would know.

    Source SB-API-02: the sandbox's own.
    """
    assert refused(ebs.start_snapshot, VolumeSize=1)[0] == "UnsupportedOperation"
