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

    Source SB-QTA-01: botocore service-quotas GetServiceQuota; codes of EBS from public lists (guess).
    """
    ask = {"ServiceCode": "rds", "QuotaCode": "L-7B6409FD"}
    applied = quotas.get_service_quota(**ask)["Quota"]
    assert (applied["QuotaName"], applied["Value"], applied["Adjustable"]) == ("DB instances", 3.0, True)
    assert quotas.get_aws_default_service_quota(**ask)["Quota"]["Value"] == 40.0


@pytest.mark.parametrize("service", ["ebs", "rds"])
def test_all_of_a_service_are_listed(quotas, service):
    """SB-QTA-01: applied and default values, in pages.

    Source SB-QTA-01: botocore service-quotas GetServiceQuota; codes of EBS from public lists (guess).
    """
    codes = [c.code for c in SHOWN if c.service == service]
    pages = quotas.get_paginator("list_service_quotas").paginate(ServiceCode=service, PaginationConfig={"PageSize": 2})
    assert [q["QuotaCode"] for p in pages for q in p["Quotas"]] == codes
    listed = quotas.list_aws_default_service_quotas(ServiceCode=service)["Quotas"]
    assert [q["QuotaCode"] for q in listed] == codes


def test_what_is_not_there_is_refused(quotas, refused):
    """SB-QTA-01: an unknown code, an unknown service.

    Source SB-QTA-01: botocore service-quotas GetServiceQuota; codes of EBS from public lists (guess).
    """
    for ask in ({"ServiceCode": "rds", "QuotaCode": "L-00000000"}, {"ServiceCode": "no", "QuotaCode": "L-1"}):
        assert refused(quotas.get_service_quota, **ask) == ("NoSuchResourceException", 400)


def test_every_quota_has_a_value():
    """SB-QTA-01: each code names a member of the table, once.

    Source SB-QTA-01: botocore service-quotas GetServiceQuota; codes of EBS from public lists (guess).
    """
    assert {c.member for c in CODES} <= set(vars(Quotas()))
    assert len({c.code for c in SHOWN}) == len(SHOWN)
