"""Bad tools are caught: each wrong migrator ends in a refusal, a loss or a wrong state that the sandbox tells.

Beside each stands the right one. They differ in one point, so that nothing else can be why the wrong one fails.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sealift.sandbox import ApiError, Fault, Sandbox, VolumeSpec
from tests.conformance import migrators as m
from tests.conformance.migrators import Aws


@dataclass(frozen=True)
class Scene:
    """A box with something to migrate, and how it was before."""

    box: Sandbox
    aws: Aws
    it: str
    before: Any = None
    key: str = ""


# Scenes: what is there, and what others do meanwhile


def an_instance(box: Sandbox, aws: Aws) -> str:
    return box.add_instance()


def two_disks(box: Sandbox, aws: Aws) -> str:
    return box.add_instance(volumes=[VolumeSpec(), VolumeSpec(device="/dev/xvdb", delete_on_termination=False)])


def an_alias_that_moves(box: Sandbox, aws: Aws) -> str:
    """The second disk's CreateVolume is refused once; its owner moves the alias before it is sent again."""
    other = box.add_key(alias="alias/next")
    aws.on("CreateVolume", lambda: box.faults.add(Fault(operation="ec2:CreateVolume", code="InternalError")), nth=2)
    aws.on("CreateVolume", lambda: aws.kms.update_alias(AliasName=m.KEY, TargetKeyId=other), nth=3)
    return two_disks(box, aws)


def a_colleague_who_starts_it(box: Sandbox, aws: Aws) -> str:
    """As soon as the copy is made, and stops it again; without a root disk it does not start."""
    web = box.add_instance()

    def start_and_stop() -> None:
        with suppress(ApiError):
            box.start_by_hand(web)
            aws.sleep(60)
            box.stop_by_hand(web)
            aws.sleep(60)

    aws.on("CopyVolumes", start_and_stop, when="after-call")
    return web


def a_colleague_who_terminates_it(box: Sandbox, aws: Aws) -> str:
    """As soon as the copy is made."""
    web = box.add_instance()

    def terminate() -> None:
        aws.ec2.terminate_instances(InstanceIds=[web])
        aws.sleep(60)

    aws.on("CopyVolumes", terminate, when="after-call")
    return web


def a_key_that_is_disabled(box: Sandbox, aws: Aws) -> str:
    """Just before the start."""
    key = aws.kms.describe_key(KeyId=m.KEY)["KeyMetadata"]["Arn"]
    aws.on("StartInstances", lambda: box.disable_key(key))
    return box.add_instance()


def an_attach_that_fails(box: Sandbox, aws: Aws) -> str:
    """Once."""
    box.faults.add(Fault(operation="ec2:AttachVolume", code="InternalError"))
    return box.add_instance()


def a_database(box: Sandbox, aws: Aws) -> str:
    return box.add_db_instance("app", job=False)


def a_database_with_a_job(box: Sandbox, aws: Aws) -> str:
    return box.add_db_instance("app")


def a_cluster(box: Sandbox, aws: Aws) -> str:
    return box.add_db_cluster("au")


# Judges: what the sandbox tells afterwards; nothing is good


def migrated(scene: Scene) -> Iterator[str]:
    """All of the instance's disks are under the key, like before in everything else, nothing lost, sources there."""
    aws, now = scene.aws, m.disks(scene.aws, scene.it)
    volumes = {d: _volume(aws, e["VolumeId"]) for d, e in now.items()}
    for device, was in scene.before.items():
        if not volumes[device]["Encrypted"]:
            yield "plain"
        elif volumes[device]["KmsKeyId"] != scene.key:
            yield "under another key"
        if volumes[device]["VolumeType"] != was["VolumeType"]:
            yield "another type"
        if now[device]["DeleteOnTermination"] != was["DeleteOnTermination"]:
            yield "another DeleteOnTermination"
    yield from sources_are_there(scene)
    yield from serves(scene)


def serves(scene: Scene) -> Iterator[str]:
    """The instance runs, and no write is lost."""
    if m.power(scene.aws, scene.it) != "running":
        yield "down"
    if scene.box.losses():
        yield "lost writes"


def sources_are_there(scene: Scene) -> Iterator[str]:
    """What was attached before is not deleted."""
    for was in scene.before.values():
        try:
            _volume(scene.aws, was["VolumeId"])
        except ClientError as error:
            yield error.response["Error"]["Code"]


def _volume(aws: Aws, volume: str) -> dict:
    return aws.ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]


def database_migrated(scene: Scene) -> Iterator[str]:
    """The name leads to a database under the key, in the groups of before, with every row; no job ran twice."""
    aws = scene.aws
    (now,) = aws.rds.describe_db_instances(DBInstanceIdentifier=scene.it)["DBInstances"]
    if now.get("KmsKeyId") != scene.key:
        yield "plain"
    if now["VpcSecurityGroups"] != scene.before["VpcSecurityGroups"]:
        yield "other security groups"
    yield from unharmed(scene)


def unharmed(scene: Scene) -> Iterator[str]:
    """No row is lost, and no job ran twice."""
    if scene.box.db_losses():
        yield "lost rows"
    if scene.box.double_runs():
        yield "a job ran twice"


def cluster_encrypted(scene: Scene) -> Iterator[str]:
    """The restored cluster is under the key."""
    (now,) = scene.aws.rds.describe_db_clusters(DBClusterIdentifier="new")["DBClusters"]
    if now.get("KmsKeyId") != scene.key:
        yield "plain"


# The table


@dataclass(frozen=True)
class Hazard:
    """What a migrator gets wrong, in which scene, and what the sandbox tells of it."""

    says: str
    wrong: Callable[[Aws, str], None]
    tells: str
    right: Callable[[Aws, str], None]
    scene: Callable[[Sandbox, Aws], str] = an_instance
    judge: Callable[[Scene], Iterator[str]] = migrated
    refused_anyway: bool = False
    """Both end in a refusal, and the judge tells them apart."""

    def __str__(self) -> str:
        return self.wrong.__name__


HAZARDS = [
    Hazard(
        "A copy without a key is as plain as its source (R-EBS-52)",
        wrong=m.copies_without_a_key,
        tells="plain",
        right=m.copies_with_the_key,
    ),
    Hazard(
        "CopyVolumes makes gp2 of everything unless told (R-EBS-07)",
        wrong=m.leaves_the_type_to_aws,
        tells="another type",
        right=m.copies_with_the_key,
    ),
    Hazard(
        "An alias may move between two tries: one instance under two keys",
        wrong=m.names_the_alias_in_every_call,
        tells="under another key",
        right=m.resolves_the_alias_once,
        scene=an_alias_that_moves,
    ),
    Hazard(
        "What is written between the snapshot and `stopped` is not in the snapshot",
        wrong=m.snapshots_before_the_stop,
        tells="lost writes",
        right=m.snapshots_after_the_stop,
    ),
    Hazard(
        "A stopped instance may be started and stopped again after the copy; without its root it may not (SB-INS-01)",
        wrong=m.copies_while_attached,
        tells="lost writes",
        right=m.copies_after_the_detach,
        scene=a_colleague_who_starts_it,
    ),
    Hazard(
        "AttachVolume sets DeleteOnTermination to false: the replacement would outlive its instance (R-EBS-21)",
        wrong=m.forgets_the_flag,
        tells="another DeleteOnTermination",
        right=m.gives_the_flag_back,
    ),
    Hazard(
        "Whoever terminates the instance in the cutover deletes a source that is flagged so (R-EBS-21)",
        wrong=m.leaves_the_source_to_the_instance,
        tells="InvalidVolume.NotFound",
        right=m.keeps_the_source_first,
        scene=a_colleague_who_terminates_it,
        judge=sources_are_there,
        refused_anyway=True,
    ),
    Hazard(
        "A device holds one volume (SB-ATT-02)",
        wrong=m.attaches_before_it_detaches,
        tells="InvalidParameterValue",
        right=m.gives_the_flag_back,
    ),
    Hazard(
        "The start under a key that was just disabled falls back to `stopped`: then the source is needed (R-EBS-55)",
        wrong=m.deletes_the_source_early,
        tells="InvalidVolume.NotFound",
        right=m.keeps_the_source,
        scene=a_key_that_is_disabled,
        judge=serves,
    ),
    Hazard(
        "A token returns the copy of the first stop after the second one too (SB-TOK-01)",
        wrong=m.one_token_for_every_stop,
        tells="lost writes",
        right=m.a_token_for_each_stop,
        scene=an_attach_that_fails,
    ),
    Hazard(
        "A restore that names no security groups gets the default one (R-RDS-47)",
        wrong=m.restores_without_groups,
        tells="other security groups",
        right=m.restores_with_the_groups,
        scene=a_database,
        judge=database_migrated,
    ),
    Hazard(
        "Connections that are open outlive a change of security groups (SB-RDS-21)",
        wrong=m.changes_the_group_only,
        tells="lost rows",
        right=m.fences_to_the_end,
        scene=a_database,
        judge=database_migrated,
    ),
    Hazard(
        "A restored copy runs the customer's jobs a second time (SB-RDS-60: in the parameter group of its source)",
        wrong=m.rehearses_with_jobs,
        tells="a job ran twice",
        right=m.rehearses_without_jobs,
        scene=a_database_with_a_job,
        judge=unharmed,
    ),
    Hazard(
        "A job inside the source writes on behind every fence of the network (SB-RDS-21)",
        wrong=m.fences_the_network_only,
        tells="lost rows",
        right=m.fences_the_jobs_too,
        scene=a_database_with_a_job,
        judge=database_migrated,
    ),
    Hazard(
        "After the renames the name is another database; the resource id is the same (R-RDS-29, R-RDS-47)",
        wrong=m.tracks_by_name,
        tells="lost rows",
        right=m.tracks_by_resource_id,
        scene=a_database,
        judge=unharmed,
    ),
    Hazard(
        "A plain cluster snapshot is not copied under a key; its restore is where it is encrypted (SB-RDS-12)",
        wrong=m.encrypts_a_cluster_at_the_copy,
        tells="InvalidParameterCombination",
        right=m.encrypts_a_cluster_at_the_restore,
        scene=a_cluster,
        judge=cluster_encrypted,
    ),
]


@pytest.fixture
def aws(box: Sandbox, client: Callable) -> Iterator[Aws]:
    made = Aws(client("ec2"), client("rds"), client("kms"), box.clock.advance)
    yield made
    made.close()


@pytest.fixture
def told(box: Sandbox, aws: Aws) -> Callable:
    """told(hazard, migrator) -> everything that the sandbox tells of a run of it."""

    def run(hazard: Hazard, migrator: Callable[[Aws, str], None]) -> set[str]:
        key = box.add_key(alias=m.KEY)
        it = hazard.scene(box, aws)
        scene = Scene(box, aws, it, _before(aws, hazard, it), key)
        box.clock.advance(600)
        try:
            migrator(aws, it)
        except ClientError as error:
            if not hazard.refused_anyway:
                return {error.response["Error"]["Code"]}
        return set(hazard.judge(scene))

    return run


def _before(aws: Aws, hazard: Hazard, it: str) -> Any:
    if hazard.scene is a_cluster:
        return None
    if hazard.judge in (database_migrated, unharmed):
        return aws.rds.describe_db_instances(DBInstanceIdentifier=it)["DBInstances"][0]
    return {d: {**_volume(aws, e["VolumeId"]), **e} for d, e in m.disks(aws, it).items()}


@pytest.mark.parametrize("hazard", HAZARDS, ids=str)
def test_the_wrong_migrator_is_caught(told: Callable, hazard: Hazard):
    """What the sandbox tells is that hazard, and nothing else.

    R-EBS-07, R-EBS-21, R-EBS-52, R-EBS-55, SB-INS-01, SB-ATT-02, SB-TOK-01, R-RDS-29, R-RDS-47, SB-RDS-12, SB-RDS-21.

    Source R-EBS-07: botocore ec2 CopyVolumes, CreateVolume.
    Source R-EBS-21: docs.aws.amazon.com/AWSEC2/latest/UserGuide/preserving-volumes-on-termination.html; botocore ec2
      EbsInstanceBlockDeviceSpecification; the code is a guess.
    Source R-EBS-52: botocore ec2 CopySnapshot, CreateVolume.
    Source R-EBS-55: repost.aws/knowledge-center/kms-iam-ec2-permission.
    Source SB-INS-01: docs.aws.amazon.com/vm-import troubleshooting has the message; the code InvalidParameterValue is a
      guess.
    Source SB-ATT-02: recorded reply: InvalidParameterValue, already in use (the error list has InvalidDevice.InUse).
    Source SB-TOK-01: docs.aws.amazon.com/AWSEC2/latest/devguide/ec2-api-idempotency.html; recorded reply for a deleted
      volume: IdempotentParameterMismatch (crossplane-contrib/provider-aws#1858).
    Source R-RDS-29: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_RenameInstance.html.
    Source R-RDS-47: botocore rds RestoreDBInstanceFromDBSnapshot.
    Source SB-RDS-12: botocore rds CopyDBClusterSnapshot.KmsKeyId; the code is a guess.
    Source SB-RDS-21: botocore rds ModifyDBInstance.VpcSecurityGroupIds; AWSEC2 security-group-connection-tracking.html.
    """
    assert told(hazard, hazard.wrong) == {hazard.tells}, hazard.says


@pytest.mark.parametrize("hazard", HAZARDS, ids=str)
def test_the_right_one_beside_it_passes(told: Callable, hazard: Hazard):
    """Without that one point the same scene ends well.

    R-EBS-07, R-EBS-21, R-EBS-52, R-EBS-55, SB-INS-01, SB-ATT-02, SB-TOK-01, R-RDS-29, R-RDS-47, SB-RDS-12, SB-RDS-21.

    Source R-EBS-07: botocore ec2 CopyVolumes, CreateVolume.
    Source R-EBS-21: docs.aws.amazon.com/AWSEC2/latest/UserGuide/preserving-volumes-on-termination.html; botocore ec2
      EbsInstanceBlockDeviceSpecification; the code is a guess.
    Source R-EBS-52: botocore ec2 CopySnapshot, CreateVolume.
    Source R-EBS-55: repost.aws/knowledge-center/kms-iam-ec2-permission.
    Source SB-INS-01: docs.aws.amazon.com/vm-import troubleshooting has the message; the code InvalidParameterValue is a
      guess.
    Source SB-ATT-02: recorded reply: InvalidParameterValue, already in use (the error list has InvalidDevice.InUse).
    Source SB-TOK-01: docs.aws.amazon.com/AWSEC2/latest/devguide/ec2-api-idempotency.html; recorded reply for a deleted
      volume: IdempotentParameterMismatch (crossplane-contrib/provider-aws#1858).
    Source R-RDS-29: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_RenameInstance.html.
    Source R-RDS-47: botocore rds RestoreDBInstanceFromDBSnapshot.
    Source SB-RDS-12: botocore rds CopyDBClusterSnapshot.KmsKeyId; the code is a guess.
    Source SB-RDS-21: botocore rds ModifyDBInstance.VpcSecurityGroupIds; AWSEC2 security-group-connection-tracking.html.
    """
    assert told(hazard, hazard.right) == set(), hazard.says
