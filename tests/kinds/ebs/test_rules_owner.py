"""The rules about who else has a hand in it, each from both sides. The cases are the specification."""

import pytest

from sealift.kind import ACK, BLOCK, WARN
from sealift.kinds.ebs.rules import owner
from sealift.options import Options
from tests.kinds.ebs.facts_for_tests import (
    DATA,
    INSTANCE,
    ROOT,
    Case,
    a_volume,
    alone,
    an_instance,
    data,
    encrypted,
    of,
    with_root,
)

FORTY_SIX = tuple((f"tag-{n:02}", "x") for n in range(46))
STACK = (("aws:cloudformation:stack-id", "arn:aws:cloudformation:x:stack/app"),)


def tagged(*tags: tuple[str, str]):
    return an_instance(tags=tags)


CASES = [
    *of(
        owner.no_effect,
        Case("takes options of volumes", an_instance(), options=Options(key="alias/app", asg="standby")),
        Case(
            "names an option of databases",
            an_instance(),
            WARN,
            ["--readers", INSTANCE],
            options=Options(key="alias/app", readers="stale"),
        ),
    ),
    *of(
        owner.managed_by_aws,
        Case("takes what nobody manages", an_instance()),
        Case(
            "refuses a managed instance",
            an_instance(managed_by="eks.amazonaws.com"),
            BLOCK,
            [INSTANCE, "eks.amazonaws.com"],
        ),
        Case("refuses a managed volume", with_root(managed_by="ecs"), BLOCK, [ROOT, "ecs"]),
        Case("refuses a managed volume alone", alone(managed_by="ecs"), BLOCK, [DATA]),
    ),
    *of(
        owner.owned_lifecycle,
        Case("takes ordinary tags", tagged(("Name", "web"))),
        Case("leaves group membership to R-EBS-35", tagged(("aws:autoscaling:groupName", "web"))),
        Case(
            "asks about Beanstalk",
            tagged(("elasticbeanstalk:environment-name", "e")),
            ACK,
            [INSTANCE, "elasticbeanstalk"],
        ),
        Case("asks about EMR", tagged(("aws:elasticmapreduce:job-flow-id", "j")), ACK, ["elasticmapreduce"]),
        Case("asks about ECS", tagged(("AmazonECSManaged", "")), ACK, ["AmazonECSManaged"]),
        Case("asks about EKS", tagged(("eks:nodegroup-name", "n")), ACK, ["eks:nodegroup-name"]),
        Case(
            "asks about Kubernetes nodes",
            tagged(("kubernetes.io/cluster/c", "owned")),
            ACK,
            ["kubernetes.io/cluster/c"],
        ),
        Case("asks about Karpenter", tagged(("karpenter.sh/nodepool", "n")), ACK, ["karpenter.sh"]),
        Case("asks about a fleet", tagged(("aws:ec2:fleet-id", "f")), ACK, ["fleet-id"]),
    ),
    *of(
        owner.kubernetes_volume,
        Case("takes volumes outside Kubernetes", an_instance()),
        Case(
            "refuses a CSI volume",
            an_instance(data(tags=(("CSIVolumeName", "pvc-1"),))),
            BLOCK,
            [DATA, "PersistentVolume"],
        ),
        Case(
            "refuses a claim's volume alone", alone(tags=(("kubernetes.io/created-for/pvc/name", "c"),)), BLOCK, [DATA]
        ),
        Case(
            "does not mind an encrypted CSI volume beside",
            an_instance(a_volume(), encrypted(tags=(("CSIVolumeName", "p"),))),
        ),
    ),
    *of(
        owner.in_a_template,
        Case("takes what no template describes", tagged(("Name", "web"), ("managed-by", "hand"))),
        Case(
            "asks about a stack, and says what to change",
            an_instance(tags=STACK),
            ACK,
            ["stack/app", "KmsKeyId", "import"],
        ),
        Case("asks about a stack's volume", with_root(tags=STACK), ACK, [ROOT]),
        Case(
            "asks about Terraform, and says what to change",
            tagged(("Terraform", "true")),
            ACK,
            ["kms_key_id", "terraform import", "Freeze"],
        ),
        Case("asks about managed-by=terraform", tagged(("managed-by", "terraform")), ACK, ["managed-by=terraform"]),
        Case("believes Terraform=false", tagged(("Terraform", "false"))),
        Case(
            "asks about the tags it was told",
            tagged(("owner-repo", "infra")),
            ACK,
            ["owner-repo"],
            Options(iac_tags=("owner-repo",)),
        ),
    ),
    *of(
        owner.unclaimed,
        Case("takes unclaimed volumes", an_instance()),
        Case(
            "refuses a claimed volume",
            with_root(tags=(("sealift:migration", "m-7"),)),
            BLOCK,
            [ROOT, "m-7", f"`sealift adopt {INSTANCE} --key KEY`", "sealift status m-7"],
        ),
        Case(
            "does not mind a claim on what does not move",
            an_instance(a_volume(), encrypted(tags=(("sealift:migration", "m-7"),))),
        ),
    ),
    *of(
        owner.wanted,
        Case("takes what nobody opted out", an_instance()),
        Case("leaves a tagged instance alone", tagged(("sealift:skip", "")), BLOCK, [INSTANCE, "sealift:skip"]),
        Case("leaves a tagged volume alone", with_root(tags=(("sealift:skip", "yes"),)), BLOCK, [ROOT]),
        Case("reads key=value", tagged(("env", "prod")), BLOCK, ["env"], Options(skip_tags=("env=prod",))),
        Case("needs the value too", tagged(("env", "dev")), None, [], Options(skip_tags=("env=prod",))),
        Case("leaves a denied volume alone", an_instance(), BLOCK, [ROOT, "deny list"], Options(deny=(ROOT,))),
        Case("takes an allowed instance", an_instance(), None, [], Options(allow=(INSTANCE,))),
        Case("takes an instance all of whose volumes are allowed", an_instance(), None, [], Options(allow=(ROOT,))),
        Case(
            "leaves what is not allowed",
            an_instance(a_volume(), data()),
            BLOCK,
            [INSTANCE, "allow list"],
            Options(allow=(ROOT,)),
        ),
    ),
    *of(
        owner.room_for_our_tags,
        Case("has room for its tags", with_root(tags=FORTY_SIX)),
        Case("refuses a source without room", with_root(tags=(*FORTY_SIX, ("z", ""))), BLOCK, [ROOT, "47", "51"]),
        Case(
            "counts tags that protect", with_root(tags=FORTY_SIX), BLOCK, ["51"], Options(protect_tags=(("keep", "1"),))
        ),
        Case("counts tags set aside", with_root(tags=FORTY_SIX), BLOCK, ["51"], Options(selector_tags=("tag-01",))),
        Case("does not count the instance's tags", an_instance(tags=(*FORTY_SIX, ("z", "")))),
        Case("does not count reserved tags", with_root(tags=(*FORTY_SIX, ("aws:x", "")))),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_rule_about_owners(case):
    case.hold()
