"""Service Quotas: what is enforced, under AWS's codes."""

import pytest

from sealift.sandbox.quotas import CODES, Quotas

SHOWN = [c for c in CODES if c.code]


@pytest.fixture
def box(opened):
    return opened(quotas=Quotas(db_instances=3))


@pytest.fixture
def quotas(client):
    return client("service-quotas")


def test_a_value_is_the_one_that_is_enforced(quotas):
    """SB-QTA-01: an account with fewer than AWS's 40 databases is told so, and what the default is.

    Source SB-QTA-01: botocore service-quotas GetServiceQuota; codes of EBS: published output of ListServiceQuotas.
    """
    ask = {"ServiceCode": "rds", "QuotaCode": "L-7B6409FD"}
    applied = quotas.get_service_quota(**ask)["Quota"]
    assert (applied["QuotaName"], applied["Value"], applied["Adjustable"]) == ("DB instances", 3.0, True)
    assert quotas.get_aws_default_service_quota(**ask)["Quota"]["Value"] == 40.0


@pytest.mark.parametrize("service", ["ebs", "rds"])
def test_all_of_a_service_are_listed(quotas, service):
    """SB-QTA-01: applied and default values, in pages.

    Source SB-QTA-01: botocore service-quotas GetServiceQuota; codes of EBS: published output of ListServiceQuotas.
    """
    codes = [c.code for c in SHOWN if c.service == service]
    pages = quotas.get_paginator("list_service_quotas").paginate(ServiceCode=service, PaginationConfig={"PageSize": 2})
    assert [q["QuotaCode"] for p in pages for q in p["Quotas"]] == codes
    listed = quotas.list_aws_default_service_quotas(ServiceCode=service)["Quotas"]
    assert [q["QuotaCode"] for q in listed] == codes


def test_what_is_not_there_is_refused(quotas, refused):
    """SB-QTA-01: an unknown code, an unknown service.

    Source SB-QTA-01: botocore service-quotas GetServiceQuota; codes of EBS: published output of ListServiceQuotas.
    """
    for ask in ({"ServiceCode": "rds", "QuotaCode": "L-00000000"}, {"ServiceCode": "no", "QuotaCode": "L-1"}):
        assert refused(quotas.get_service_quota, **ask) == ("NoSuchResourceException", 400)


def test_every_quota_has_a_value():
    """SB-QTA-01: each code names a member of the table, once.

    Source SB-QTA-01: botocore service-quotas GetServiceQuota; codes of EBS: published output of ListServiceQuotas.
    """
    assert {c.member for c in CODES} <= set(vars(Quotas()))
    assert len({c.code for c in SHOWN}) == len(SHOWN)


def test_storage_and_iops_of_ebs_have_codes(opened, client, ec2, refused):
    """SB-QTA-01, R-EBS-77: an account that may have 2 TiB of gp3 reads so, and has no more.

    Source SB-QTA-01: botocore service-quotas GetServiceQuota; codes of EBS: published output of ListServiceQuotas.
    Source R-EBS-77: docs.aws.amazon.com/ebs/latest/userguide/ebs-resource-quotas.html; codes:
      docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html; recorded reply: You have exceeded your
      maximum io2 storage limit of 20 TiB in this region (ipni/storetheindex#444).
    """
    opened(quotas=Quotas(storage_tib_gp3=2))
    ask = client("service-quotas").get_service_quota
    quota = ask(ServiceCode="ebs", QuotaCode="L-7A658B76")["Quota"]
    named = (quota["QuotaName"], quota["Value"], quota["Adjustable"])
    assert named == ("Storage for General Purpose SSD (gp3) volumes, in TiB", 2.0, True)
    assert ask(ServiceCode="ebs", QuotaCode="L-8D977E7E")["Quota"]["Value"] == 100_000
    volume = {"AvailabilityZone": "eu-central-1a", "VolumeType": "gp3", "Size": 1024}
    for _ in range(2):
        ec2.create_volume(**volume)
    assert refused(ec2.create_volume, **{**volume, "Size": 1}) == ("VolumeLimitExceeded", 400)
