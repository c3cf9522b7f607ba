"""The rules about volumes, each from both sides. The cases are the specification."""

import pytest

from sealift.kind import ACK, BLOCK, NOT_EVALUATED, WARN
from sealift.kinds.ebs.rules import volume
from sealift.options import Options
from tests.kinds.ebs.facts_for_tests import (
    ARN,
    DATA,
    DONE,
    OTHER_ARN,
    ROOT,
    Case,
    a_key,
    a_volume,
    alone,
    an_instance,
    data,
    encrypted,
    of,
    with_root,
)

MANY_TAGS = tuple((f"tag-{n:02}", "x") for n in range(50))

CASES = [
    *of(
        volume.other_key,
        Case("says nothing where all is under the wanted key", DONE),
        Case("says nothing where nothing is encrypted", an_instance()),
        Case(
            "refuses a target that is all under another key",
            an_instance(encrypted(OTHER_ARN)),
            BLOCK,
            [DATA, OTHER_ARN],
        ),
        Case(
            "leaves a volume under another key beside a plain one",
            an_instance(a_volume(), encrypted(OTHER_ARN)),
            WARN,
            [DATA, "left as it is"],
        ),
        Case(
            "cannot tell without the key",
            an_instance(encrypted(), key=a_key(arn="", error="denied")),
            NOT_EVALUATED,
            [DATA, "denied"],
        ),
    ),
    *of(
        volume.usable_state,
        Case("takes an attached volume", an_instance()),
        Case("takes an available volume", alone()),
        Case("refuses a volume in error", alone(state="error"), BLOCK, [DATA, "'error'"]),
        Case("refuses a volume that is being created", alone(state="creating"), BLOCK, ["'creating'"]),
        Case("does not look at encrypted volumes", an_instance(a_volume(), encrypted(state="error"))),
    ),
    *of(
        volume.modified,
        Case("takes a volume that was never modified", an_instance()),
        Case("takes an optimizing volume", with_root(modification="optimizing")),
        Case("refuses a volume under modification", with_root(modification="modifying"), BLOCK, [ROOT, "'modifying'"]),
        Case("refuses a failed modification", with_root(modification="failed"), BLOCK, ["'failed'"]),
        Case(
            "says when modifications were not read",
            with_root(modification=None),
            NOT_EVALUATED,
            [ROOT, "ec2:DescribeVolumesModifications"],
        ),
    ),
    *of(
        volume.tags_come_over,
        Case("takes as many tags as fit", with_root(tags=MANY_TAGS[:45])),
        Case("names the tags that do not fit", with_root(tags=MANY_TAGS[:46]), ACK, [ROOT, "tag-45"]),
        Case("does not count reserved tags", with_root(tags=(*MANY_TAGS[:44], ("aws:a", ""), ("aws:b", "")))),
    ),
    *of(
        volume.healthy,
        Case("takes a healthy volume", an_instance()),
        Case("takes a warning: expected while a volume initialises", with_root(status="warning", initialising=True)),
        Case("refuses an impaired volume", with_root(status="impaired"), BLOCK, [ROOT, "impaired"]),
        Case("refuses a volume with I/O disabled", with_root(io_enabled="failed"), BLOCK, ["I/O disabled"]),
        Case(
            "refuses a potential inconsistency",
            with_root(events=("potential-data-inconsistency",)),
            BLOCK,
            ["inconsistency"],
        ),
        Case("says when the status was not read", with_root(status=None), NOT_EVALUATED, ["ec2:DescribeVolumeStatus"]),
    ),
    *of(
        volume.one_attacher,
        Case("takes a volume with one attacher", an_instance()),
        Case("asks about Multi-Attach with one attacher", with_root(multi_attach=True), ACK, [ROOT, "Multi-Attach"]),
        Case(
            "refuses two attachers",
            with_root(multi_attach=True, attachers=("i-0a", "i-0b")),
            BLOCK,
            ["i-0a, i-0b", "detach"],
        ),
    ),
    *of(
        volume.product_codes,
        Case("takes a volume without product codes", an_instance()),
        Case("asks about product codes", with_root(product_codes=("abc",)), ACK, [ROOT, "abc"]),
        Case("says when product codes were not read", with_root(product_codes=None), NOT_EVALUATED, [ROOT]),
    ),
    *of(
        volume.auto_enable_io,
        Case("knows AutoEnableIO", with_root(auto_enable_io=True)),
        Case(
            "says when AutoEnableIO was not read", with_root(auto_enable_io=None), NOT_EVALUATED, [ROOT, "would be off"]
        ),
    ),
    *of(
        volume.firmly_attached,
        Case("takes a firm attachment", an_instance()),
        Case("refuses a busy attachment", with_root(attachment="busy"), BLOCK, [ROOT, "'busy'"]),
    ),
    *of(
        volume.room_for_snapshots,
        Case("takes a volume without pending snapshots", an_instance()),
        Case("names pending snapshots", with_root(pending_snapshots=1), WARN, [ROOT, "1 pending"]),
        Case("refuses a fifth pending snapshot", with_root(pending_snapshots=5), BLOCK, [ROOT, "Wait"]),
        Case("refuses a first pending one of an st1", with_root(type="st1", pending_snapshots=1), BLOCK, [ROOT]),
        Case("says when snapshots were not read", with_root(pending_snapshots=None), NOT_EVALUATED, [ROOT]),
    ),
    *of(
        volume.in_the_region,
        Case("takes a volume in the Region", an_instance()),
        Case("refuses an Outpost", with_root(outpost="arn:aws:outposts:x"), BLOCK, [ROOT, "outposts"]),
    ),
    *of(
        volume.unseen_writes,
        Case("says nothing where nothing moves", DONE),
        Case("names a volume that is attached to nothing in between", alone(), WARN, [DATA, "CloudTrail"]),
        Case("names every source of an instance", an_instance(a_volume(), data()), WARN, [DATA, "not seen"]),
    ),
    *of(
        volume.unattached,
        Case("takes a loose volume alone", alone()),
        Case("sends an attached volume to its instance", alone(attachers=("i-0a",)), BLOCK, [DATA, "i-0a"]),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_rule_about_volumes(case):
    case.hold()


def test_one_message_names_every_volume_concerned():
    """Several volumes in a bad state make one verdict with all their ids."""
    found = volume.usable_state(an_instance(a_volume(state="error"), data(state="deleting")), Options())

    assert found is not None
    assert ROOT in found.message
    assert DATA in found.message


def test_a_volume_under_the_wanted_key_is_not_confused_with_its_alias():
    """DescribeVolumes gives the ARN; the plan compares with the ARN that the alias stood for (R-EBS-51)."""
    assert volume.other_key(an_instance(encrypted(ARN), key=a_key(wanted="alias/app")), Options()) is None
