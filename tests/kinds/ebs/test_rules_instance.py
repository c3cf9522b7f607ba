"""The rules about the instance, each from both sides. The cases are the specification."""

import pytest

from sealift.kind import ACK, BLOCK, NOT_EVALUATED, WARN
from sealift.kinds.ebs.rules import instance
from sealift.options import Options
from tests.kinds.ebs.facts_for_tests import DATA, DONE, INSTANCE, ROOT, Case, a_volume, an_instance, data, in_group, of

STANDBY, SUSPEND, RESERVE = Options(asg="standby"), Options(asg="suspend"), Options(reserve_capacity=True)
GROUP_TAG = (("aws:autoscaling:groupName", "web"),)
T3 = an_instance(tenancy="host", instance_type="t3.large")

CASES = [
    *of(
        instance.settled,
        Case("takes a running instance", an_instance()),
        Case("takes a stopped instance", an_instance(state="stopped")),
        Case("refuses one that is stopping", an_instance(state="stopping"), BLOCK, [INSTANCE, "'stopping'"]),
    ),
    *of(
        instance.windows,
        Case("is content with a Windows root alone", an_instance(platform="Windows")),
        Case("is content with data disks on Linux", an_instance(a_volume(), data())),
        Case(
            "asks about Windows data disks", an_instance(a_volume(), data(), platform="Windows"), ACK, [DATA, "online"]
        ),
    ),
    *of(
        instance.serial_numbers,
        Case("warns of device paths by volume id", an_instance(), WARN, [ROOT.replace("-", ""), "UUID"]),
        Case("has no paths to name where nothing moves", DONE),
    ),
    *of(
        instance.root_on_ebs,
        Case("takes an EBS root", an_instance()),
        Case("refuses an instance-store root", an_instance(root_type="instance-store"), BLOCK, [INSTANCE]),
    ),
    *of(
        instance.instance_store,
        Case("takes a type without instance store", an_instance()),
        Case("asks about an instance store", an_instance(instance_store=True), ACK, [INSTANCE, "lost"]),
        Case("has nothing to lose on a stopped one", an_instance(instance_store=True, state="stopped")),
        Case(
            "says when the type was not read",
            an_instance(instance_store=None),
            NOT_EVALUATED,
            ["ec2:DescribeInstanceTypes"],
        ),
    ),
    *of(
        instance.public_address,
        Case("is content without a public address", an_instance()),
        Case("asks about a lost public address", an_instance(public_ip="198.51.100.1"), ACK, ["198.51.100.1"]),
        Case("is content with an Elastic IP", an_instance(public_ip="198.51.100.1", elastic_ip=True)),
    ),
    *of(
        instance.stoppable,
        Case("takes what may be stopped", an_instance()),
        Case("refuses stop protection", an_instance(stop_protected=True), BLOCK, [INSTANCE, "--no-disable-api-stop"]),
        Case("does not mind stop protection when stopped", an_instance(stop_protected=True, state="stopped")),
        Case("says when stop protection was not read", an_instance(stop_protected=None), NOT_EVALUATED, [INSTANCE]),
    ),
    *of(
        instance.shutdown_from_inside,
        Case("is content with stop on shutdown", an_instance()),
        Case("warns of terminate on shutdown", an_instance(shutdown_behaviour="terminate"), WARN, ["hook"]),
        Case("says when the behaviour was not read", an_instance(shutdown_behaviour=None), NOT_EVALUATED),
        Case("does not ask a stopped one", an_instance(shutdown_behaviour=None, state="stopped")),
    ),
    *of(
        instance.not_spot,
        Case("takes On-Demand", an_instance()),
        Case("refuses Spot", an_instance(lifecycle="spot"), BLOCK, [INSTANCE, "Spot"]),
    ),
    *of(
        instance.scaling_group,
        Case("takes an instance without a group", an_instance()),
        Case(
            "refuses a member without a word about its group",
            in_group(),
            BLOCK,
            ["web", "--asg standby", "--asg suspend"],
        ),
        Case("takes a member on standby, and warns of the template", in_group(), WARN, ["launch template"], STANDBY),
        Case("refuses standby below the minimum", in_group(desired=1), BLOCK, ["minimum", "--asg suspend"], STANDBY),
        Case("takes suspended processes at the minimum", in_group(desired=1), WARN, [], SUSPEND),
        Case("takes one that is on standby already", in_group(lifecycle="Standby"), WARN),
        Case(
            "refuses one that the group is terminating",
            in_group(lifecycle="Terminating:Wait"),
            BLOCK,
            ["Terminating:Wait"],
            STANDBY,
        ),
        Case(
            "refuses a tagged member whose group was not read",
            an_instance(unread=("autoscaling",), tags=GROUP_TAG),
            BLOCK,
            ["web"],
            STANDBY,
        ),
        Case("says when groups were not read", an_instance(unread=("autoscaling",)), NOT_EVALUATED, [INSTANCE]),
    ),
    *of(
        instance.capacity,
        Case("warns that nothing holds the capacity", an_instance(), WARN, ["m5.large", "--reserve-capacity"]),
        Case("is content with a reservation", an_instance(), None, [], RESERVE),
        Case("does not mind a stopped one", an_instance(state="stopped")),
        Case("refuses to reserve on a host", an_instance(tenancy="host"), BLOCK, ["Dedicated Host"], RESERVE),
        Case("warns of a placement group", an_instance(placement_group="near"), WARN, ["near"], RESERVE),
    ),
    *of(
        instance.credits_on_a_host,
        Case("takes what is no T3 on a host", an_instance(tenancy="host")),
        Case("takes standard credits", an_instance(tenancy="host", instance_type="t3.large", unlimited_credits=False)),
        Case(
            "refuses unlimited credits",
            an_instance(tenancy="host", instance_type="t3.large", unlimited_credits=True),
            BLOCK,
            [INSTANCE],
        ),
        Case("says when credits were not read", T3, NOT_EVALUATED, [INSTANCE]),
    ),
    *of(
        instance.no_hibernation,
        Case("takes an instance without hibernation", an_instance()),
        Case("refuses hibernation", an_instance(hibernation=True), BLOCK, [INSTANCE, "hibernation"]),
    ),
    *of(
        instance.who_starts_it,
        Case("names who needs the key from now on", an_instance(), WARN, ["kms:CreateGrant"]),
        Case("has nobody to name where nothing moves", DONE),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_rule_about_the_instance(case):
    case.hold()


def test_nothing_stands_in_the_way_of_having_nothing_to_do():
    """A Spot Instance in a group with stop protection is done where all its volumes are under the key."""
    from sealift.kinds.ebs.rules import INSTANCE_RULES

    done = an_instance(*DONE.volumes, lifecycle="spot", stop_protected=True, asg=in_group().asg, hibernation=True)
    assert [r.id for r in INSTANCE_RULES if r(done, Options())] == []
