"""What keeps the sandbox fast on large fleets, without clocks: what it does not do."""

import os
import time
from collections import Counter

import moto.backends
import pytest
from moto.ec2.models.instances import InstanceBackend

from sealift.sandbox import fleets, paging
from sealift.sandbox.moto_repairs import repaired

ACCOUNT, REGION = "123456789012", "eu-central-1"
COUNT = 600


@pytest.fixture
def shown(monkeypatch):
    """Counts rows that are worked out whole, and members that are read for filters."""
    counts, whole, get = Counter(), paging.Seen.whole, paging.Seen.get

    def counted(self):
        counts["whole"] += 1
        return whole(self)

    def read(self, name):
        counts[name] += 1
        return get(self, name)

    monkeypatch.setattr(paging.Seen, "whole", counted)
    monkeypatch.setattr(paging.Seen, "get", read)
    return counts


@pytest.fixture
def fleet(box):
    return list(fleets.seed(box, COUNT).values())


def test_a_fleet_is_seeded_without_motos_run_instances(box, monkeypatch):
    """It copies every instance there is to attach one disk, so that a fleet takes the square of its size."""

    def never(*args, **options):
        raise AssertionError("run_instances")

    monkeypatch.setattr(InstanceBackend, "run_instances", never)
    monkeypatch.setattr(InstanceBackend, "all_instances", never)
    fleets.seed(box, 20)
    assert len(box.world.region(ACCOUNT, REGION).volumes) == 40


@pytest.mark.parametrize(
    ("operation", "member"), [("describe_volumes", "Volumes"), ("describe_instances", "Reservations")]
)
def test_a_page_shows_its_own_rows_only(fleet, ec2, shown, operation, member):
    """Of all rows that there are, those of the page are rendered, on the first page and on those after it."""
    token, seen = {}, []
    for _ in range(2):
        shown.clear()
        page = getattr(ec2, operation)(MaxResults=100, **token)
        assert len(page[member]) == shown["whole"] == 100
        assert set(shown) == {"whole"}
        token, seen = {"NextToken": page["NextToken"]}, [*seen, *map(str, page[member])]
    assert len(set(seen)) == 200


def test_a_filter_reads_one_member_of_the_rows_that_it_leaves_out(fleet, ec2, shown):
    """Nothing of the fleet is encrypted: every volume is asked that, and none is rendered."""
    asked = [{"Name": "encrypted", "Values": ["true"]}]
    assert ec2.describe_volumes(MaxResults=500, Filters=asked)["Volumes"] == []
    assert shown == {"Encrypted": 2 * COUNT}


def test_a_filter_looks_no_further_than_the_page(fleet, ec2, shown):
    """A page that is full needs one row more, to know whether to give a token."""
    asked = [{"Name": "encrypted", "Values": ["false"]}]
    page = ec2.describe_volumes(MaxResults=50, Filters=asked)
    assert len(page["Volumes"]) == 50
    assert shown == {"whole": 50, "Encrypted": 51}
    assert "NextToken" in page


@pytest.mark.parametrize("name", ["volume-id", "attachment.instance-id"])
def test_a_filter_by_plain_ids_looks_at_those_only(fleet, ec2, shown, name):
    """Volumes by their own ids, and by the instances that they are attached to."""
    of_some = ec2.describe_volumes(Filters=[{"Name": "attachment.instance-id", "Values": fleet[5:7]}])["Volumes"]
    values = [v["VolumeId"] for v in of_some] if name == "volume-id" else fleet[5:7]
    shown.clear()
    found = ec2.describe_volumes(Filters=[{"Name": name, "Values": values}])["Volumes"]
    assert found == of_some
    assert len(found) == shown["whole"] == 4


def test_tags_of_named_resources_are_looked_up(fleet, ec2):
    """DescribeTags by resource-id gives these resources' tags, as all tags filtered by hand would."""
    asked = [{"Name": "resource-id", "Values": fleet[3:5]}]
    pages = ec2.get_paginator("describe_tags").paginate(PaginationConfig={"PageSize": 500})
    by_hand = [t for page in pages for t in page["Tags"] if t["ResourceId"] in fleet[3:5]]
    assert ec2.describe_tags(Filters=asked)["Tags"] == by_hand
    assert len(by_hand) == 4


def test_a_page_goes_on_where_the_last_one_ended(box, fleet, ec2):
    """What is deleted between two pages shifts nothing: no volume is left out, and none comes twice."""
    loose = [box.add_volume(size_gib=4) for _ in range(10)]
    first = ec2.describe_volumes(MaxResults=5, Filters=[{"Name": "volume-id", "Values": loose}])
    for volume in loose[:3]:
        ec2.delete_volume(VolumeId=volume)
    box.clock.advance(60)
    asked = [{"Name": "volume-id", "Values": loose}]
    second = ec2.describe_volumes(MaxResults=5, Filters=asked, NextToken=first["NextToken"])
    assert [v["VolumeId"] for v in first["Volumes"] + second["Volumes"]] == loose
    assert "NextToken" not in second


def test_what_is_shown_otherwise_is_found_as_it_is_shown(box, fleet, ec2):
    """An overlay is what filters see, attachments included."""
    other = {"InstanceId": fleet[0], "Device": "/dev/sdz", "VolumeId": "vol-1"}
    loose = box.add_volume(size_gib=4)
    box.show_as(loose, Encrypted=True, Attachments=[other])
    for name, value in (("encrypted", "true"), ("attachment.device", "/dev/sdz")):
        found = ec2.describe_volumes(Filters=[{"Name": name, "Values": [value]}])["Volumes"]
        assert [v["VolumeId"] for v in found] == [loose]
    attached = ec2.describe_volumes(Filters=[{"Name": "attachment.instance-id", "Values": fleet[:1]}])["Volumes"]
    assert loose in [v["VolumeId"] for v in attached]
    assert len(attached) == 3


def test_the_server_looks_for_motos_services_once(monkeypatch):
    """Moto's server reads its own folder for every request; what it finds there does not change."""
    looks, real = [], os.listdir
    with repaired(time.time, 0):
        known = list(moto.backends.list_of_moto_modules())
        monkeypatch.setattr(os, "listdir", lambda path: looks.append(path) or real(path))
        assert list(moto.backends.list_of_moto_modules()) == known
    assert looks == []
    assert list(moto.backends.list_of_moto_modules()) == known
    assert len(looks) == 1
