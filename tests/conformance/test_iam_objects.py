"""S3 and Secrets Manager under the gates, and the keys that objects and secrets are under."""

import pytest

NO = ("AccessDenied", 403)


@pytest.fixture
def s3(client):
    made = client("s3", "us-east-1")
    made.create_bucket(Bucket="bucket")
    made.put_object(Bucket="bucket", Key="a/b", Body=b"x")
    return made


@pytest.fixture
def as_s3(as_role):
    return lambda *statements: as_role(*statements, service="s3", region="us-east-1")


def test_objects_are_read_by_who_may(s3, as_s3, allowing, refused):
    """SB-OBJ-01: GetObject on the object's ARN; not PutObject, not another prefix.

    Source SB-OBJ-01: docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html; the text is a
      guess.
    """
    mine = as_s3(allowing("s3:GetObject", on="arn:aws:s3:::bucket/a/*"))
    assert mine.get_object(Bucket="bucket", Key="a/b")["Body"].read() == b"x"
    assert refused(mine.get_object, Bucket="bucket", Key="b") == NO
    assert refused(mine.put_object, Bucket="bucket", Key="a/c", Body=b"y") == NO
    assert refused(mine.list_objects_v2, Bucket="bucket") == NO
    assert refused(mine.delete_object, Bucket="bucket", Key="a/b") == NO
    assert refused(mine.list_buckets) == NO
    assert refused(mine.head_object, Bucket="bucket", Key="c")[1] == 403


def test_buckets_are_listed_by_who_may(s3, as_s3, allowing, denying):
    """SB-OBJ-01: ListBucket is of the bucket, ListAllMyBuckets of everything.

    Source SB-OBJ-01: docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html; the text is a
      guess.
    """
    mine = as_s3(allowing("s3:ListBucket", on="arn:aws:s3:::bucket"), allowing("s3:ListAllMyBuckets"))
    assert [o["Key"] for o in mine.list_objects_v2(Bucket="bucket")["Contents"]] == ["a/b"]
    assert [b["Name"] for b in mine.list_buckets()["Buckets"]] == ["bucket"]
    assert mine.head_bucket(Bucket="bucket")["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_a_copy_reads_its_source(s3, as_s3, allowing, refused):
    """SB-OBJ-01: PutObject on the new one, GetObject on the old one.

    Source SB-OBJ-01: docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html; the text is a
      guess.
    """
    ask = {"Bucket": "bucket", "Key": "c", "CopySource": "bucket/a/b"}
    assert refused(as_s3(allowing("s3:PutObject")).copy_object, **ask) == NO
    as_s3(allowing("s3:PutObject", "s3:GetObject")).copy_object(**ask)


def test_a_buckets_policy_counts_too(s3, as_s3, allowing, denying, refused, written):
    """SB-OBJ-01: it allows whom it names, and its denial is final.

    Source SB-OBJ-01: docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html; the text is a
      guess.
    """
    mine = as_s3()
    assert refused(mine.get_object, Bucket="bucket", Key="a/b") == NO
    who = {"Principal": {"AWS": "arn:aws:iam::123456789012:role/role-0"}}
    everything = "arn:aws:s3:::bucket/*"
    s3.put_bucket_policy(Bucket="bucket", Policy=written(allowing("s3:GetObject", on=everything, **who)))
    assert mine.get_object(Bucket="bucket", Key="a/b")["Body"].read() == b"x"
    other = as_s3(allowing("s3:*"))
    whoever = {"Principal": {"AWS": "arn:aws:iam::123456789012:role/role-1"}}
    s3.put_bucket_policy(Bucket="bucket", Policy=written(denying("s3:GetObject", on=everything, **whoever)))
    assert refused(other.get_object, Bucket="bucket", Key="a/b") == NO


def test_a_disabled_key_locks_its_objects(box, s3, refused):
    """SB-OBJ-02: reads and writes, whoever asks; objects under other keys are not concerned.

    Source SB-OBJ-02: docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html; the codes
      KMS.DisabledException and KMS.KMSInvalidStateException are on AWS's pages about exports to S3, the status 400 and
      KMS.NotFoundException are guesses.
    """
    key = box.add_key("us-east-1")
    under = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key}
    s3.put_object(Bucket="bucket", Key="k", Body=b"y", **under)
    assert s3.get_object(Bucket="bucket", Key="k")["Body"].read() == b"y"
    box.disable_key(key)
    assert refused(s3.get_object, Bucket="bucket", Key="k") == ("KMS.DisabledException", 400)
    assert refused(s3.put_object, Bucket="bucket", Key="n", Body=b"y", **under)[0] == "KMS.DisabledException"
    assert s3.get_object(Bucket="bucket", Key="a/b")["Body"].read() == b"x"
    box.schedule_key_deletion(key)
    assert refused(s3.get_object, Bucket="bucket", Key="k")[0] == "KMS.KMSInvalidStateException"
    unknown = {**under, "SSEKMSKeyId": key[:-4] + "0000"}
    assert refused(s3.put_object, Bucket="bucket", Key="n", Body=b"y", **unknown)[0] == "KMS.NotFoundException"


def test_a_buckets_default_key_is_asked_too(box, s3, refused):
    """SB-OBJ-02: PutObject without a word about keys.

    Source SB-OBJ-02: docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html; the codes
      KMS.DisabledException and KMS.KMSInvalidStateException are on AWS's pages about exports to S3, the status 400 and
      KMS.NotFoundException are guesses.
    """
    key = box.add_key("us-east-1")
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
    s3.put_bucket_encryption(Bucket="bucket", ServerSideEncryptionConfiguration={"Rules": [rule]})
    s3.put_object(Bucket="bucket", Key="k", Body=b"y")
    box.disable_key(key)
    assert refused(s3.put_object, Bucket="bucket", Key="n", Body=b"y")[0] == "KMS.DisabledException"


def test_a_key_is_used_by_who_may(box, s3, as_s3, allowing, refused):
    """SB-OBJ-02: s3:GetObject alone does not decrypt.

    Source SB-OBJ-02: docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html; the codes
      KMS.DisabledException and KMS.KMSInvalidStateException are on AWS's pages about exports to S3, the status 400 and
      KMS.NotFoundException are guesses.
    """
    key = box.add_key("us-east-1")
    s3.put_object(Bucket="bucket", Key="k", Body=b"y", ServerSideEncryption="aws:kms", SSEKMSKeyId=key)
    assert refused(as_s3(allowing("s3:GetObject")).get_object, Bucket="bucket", Key="k") == NO
    both = as_s3(allowing("s3:GetObject"), allowing("kms:Decrypt", on=key))
    assert both.get_object(Bucket="bucket", Key="k")["Body"].read() == b"y"


def test_secrets_are_read_by_who_may(client, as_role, allowing, refused):
    """SB-IAM-01: by the secret's whole ARN.

    Source SB-IAM-01: docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html.
    """
    made = client("secretsmanager").create_secret(Name="db", SecretString="s")["ARN"]
    mine = as_role(allowing("secretsmanager:GetSecretValue", on=made), service="secretsmanager")
    assert mine.get_secret_value(SecretId="db")["SecretString"] == "s"
    assert refused(mine.describe_secret, SecretId="db")[0] == "AccessDeniedException"


def test_a_disabled_key_locks_its_secrets(box, client, as_role, allowing, refused):
    """SB-SEC-01: reading and writing; a caller without the key is told that KMS is not allowed.

    Source SB-SEC-01: botocore secretsmanager DecryptionFailure, EncryptionFailure; recorded reply of a denial: Access
      to KMS is not allowed; that a disabled key is a DecryptionFailure is a guess.
    """
    secrets, key = client("secretsmanager"), box.add_key()
    secrets.create_secret(Name="db", SecretString="s", KmsKeyId=key)
    mine = as_role(allowing("secretsmanager:*"), service="secretsmanager")
    assert refused(mine.get_secret_value, SecretId="db") == ("AccessDeniedException", 400)
    both = as_role(allowing("secretsmanager:*"), allowing("kms:Decrypt"), service="secretsmanager")
    assert both.get_secret_value(SecretId="db")["SecretString"] == "s"
    box.disable_key(key)
    assert refused(secrets.get_secret_value, SecretId="db") == ("DecryptionFailure", 400)
    assert refused(secrets.put_secret_value, SecretId="db", SecretString="t") == ("EncryptionFailure", 400)


def test_tags_find_what_the_box_holds(box, client, ec2, rds, refused):
    """SB-TAG-01: volumes, instances, snapshots and databases; all keys, any value of each, in pages.

    Source SB-TAG-01: botocore resourcegroupstaggingapi GetResources.
    """
    web = box.add_instance(tags={"run": "r1"})
    one, _ = box.add_volume(tags={"run": "r1", "a": "b"}), box.add_volume(tags={"run": "r2"})
    box.add_db_instance(name="db")
    name = "arn:aws:rds:eu-central-1:123456789012:db:db"
    rds.add_tags_to_resource(ResourceName=name, Tags=[{"Key": "run", "Value": "r1"}])
    tagging = client("resourcegroupstaggingapi")
    prefix = "arn:aws:ec2:eu-central-1:123456789012"

    def found(**ask):
        pages = tagging.get_paginator("get_resources").paginate(**ask, ResourcesPerPage=1)
        return {m["ResourceARN"] for p in pages for m in p["ResourceTagMappingList"]}

    run = [{"Key": "run", "Values": ["r1"]}]
    assert found(TagFilters=run) == {f"{prefix}:instance/{web}", f"{prefix}:volume/{one}", name}
    assert found(TagFilters=[*run, {"Key": "a"}]) == {f"{prefix}:volume/{one}"}
    assert found(TagFilters=run, ResourceTypeFilters=["rds:db"]) == {name}
    assert len(found(ResourceTypeFilters=["ec2:volume"])) == 2
    assert refused(tagging.get_resources, PaginationToken="no")[0] == "PaginationTokenExpiredException"
