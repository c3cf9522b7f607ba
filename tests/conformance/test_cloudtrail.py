"""CloudTrail's event history: who did what, some minutes late."""

import json
from datetime import timedelta

import pytest

QUARTER = 900


@pytest.fixture
def trail(box, client):
    """trail(**params) -> events of LookupEvents, after all have had the time to show up."""

    def look(**params):
        box.clock.advance(QUARTER)
        return client("cloudtrail").lookup_events(**params)["Events"]

    return look


def by(key, value):
    return {"LookupAttributes": [{"AttributeKey": key, "AttributeValue": value}]}


def test_an_event_says_who_did_what_to_what(box, ec2, trail):
    """SB-CT-01: name, source, user, resources, and the whole record with EC2's spelling of parameters.

    Source SB-CT-01: docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html,
      how-cloudtrail-works.html; the spelling of EC2's parameters follows the page's examples, the rest by the same
      pattern (guess).
    """
    web = box.add_instance()
    ec2.stop_instances(InstanceIds=[web])
    (event,) = trail(**by("EventName", "StopInstances"))
    assert (event["EventSource"], event["Username"], event["ReadOnly"]) == ("ec2.amazonaws.com", "root", "false")
    assert {"ResourceType": "AWS::EC2::Instance", "ResourceName": web} in event["Resources"]
    record = json.loads(event["CloudTrailEvent"])
    assert record["requestParameters"] == {"instancesSet": {"items": [{"instanceId": web}]}}
    assert (record["eventID"], record["awsRegion"]) == (event["EventId"], "eu-central-1")
    assert (record["managementEvent"], record["readOnly"]) == (True, False)
    assert "errorCode" not in record


def test_a_refusal_is_an_event_with_its_code(box, ec2, trail, refused):
    """SB-CT-01: EC2's codes stand behind Client.

    Source SB-CT-01: docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html,
      how-cloudtrail-works.html; the spelling of EC2's parameters follows the page's examples, the rest by the same
      pattern (guess).
    """
    assert refused(ec2.delete_volume, VolumeId="vol-0123456789abcdef0")[0] == "InvalidVolume.NotFound"
    (event,) = trail(**by("EventName", "DeleteVolume"))
    record = json.loads(event["CloudTrailEvent"])
    assert record["errorCode"] == "Client.InvalidVolume.NotFound"
    assert "vol-0123456789abcdef0" in record["errorMessage"]


def test_a_role_is_known_by_its_session(box, as_role, allowing, trail):
    """SB-CT-01: AssumedRole with its issuer and access key.

    Source SB-CT-01: docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html,
      how-cloudtrail-works.html; the spelling of EC2's parameters follows the page's examples, the rest by the same
      pattern (guess).
    """
    as_role(allowing("ec2:*")).describe_volumes()
    (event,) = trail(**by("EventName", "DescribeVolumes"))
    who = json.loads(event["CloudTrailEvent"])["userIdentity"]
    assert (event["Username"], who["type"]) == ("session", "AssumedRole")
    assert who["sessionContext"]["sessionIssuer"]["userName"] == "role-0"
    assert trail(**by("AccessKeyId", event["AccessKeyId"]))[0]["EventId"] == event["EventId"]
    assert event["ReadOnly"] == "true"


def test_who_acts_by_hand_is_in_it(box, trail):
    """SB-CT-01: a person at the console; the instance is found by its name.

    Source SB-CT-01: docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html,
      how-cloudtrail-works.html; the spelling of EC2's parameters follows the page's examples, the rest by the same
      pattern (guess).
    """
    web = box.add_instance(state="stopped")
    box.start_by_hand(web)
    (event,) = trail(**by("ResourceName", web))
    assert (event["EventName"], event["Username"], event["EventSource"]) == (
        "StartInstances",
        "somebody",
        "ec2.amazonaws.com",
    )


def test_events_are_late(box, ec2, client):
    """SB-CT-01: not there at once, there within 15 minutes.

    Source SB-CT-01: docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html,
      how-cloudtrail-works.html; the spelling of EC2's parameters follows the page's examples, the rest by the same
      pattern (guess).
    """
    ec2.describe_volumes()
    ask = by("EventName", "DescribeVolumes")
    assert client("cloudtrail").lookup_events(**ask)["Events"] == []
    box.clock.advance(QUARTER)
    assert len(client("cloudtrail").lookup_events(**ask)["Events"]) == 1


def test_parameters_of_other_services_keep_their_names(box, rds, kms_key, trail, refused):
    """SB-CT-01: a small letter in front; passwords are hidden.

    Source SB-CT-01: docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html,
      how-cloudtrail-works.html; the spelling of EC2's parameters follows the page's examples, the rest by the same
      pattern (guess).
    """
    refused(rds.modify_db_instance, DBInstanceIdentifier="db", MasterUserPassword="wholly-secret")
    (event,) = trail(**by("EventSource", "rds.amazonaws.com"))
    record = json.loads(event["CloudTrailEvent"])
    assert record["requestParameters"]["dBInstanceIdentifier"] == "db"
    assert "wholly-secret" not in event["CloudTrailEvent"]
    assert {"ResourceType": "AWS::RDS::DBInstance", "ResourceName": "db"} in event["Resources"]


@pytest.fixture
def kms_key(box):
    return box.add_key()


def test_data_events_are_not_in_the_history(box, client, trail):
    """SB-CT-01: a message is no management event, the topic's making is.

    Source SB-CT-01: docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html,
      how-cloudtrail-works.html; the spelling of EC2's parameters follows the page's examples, the rest by the same
      pattern (guess).
    """
    sns = client("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    sns.publish(TopicArn=topic, Message="m")
    assert [e["EventName"] for e in trail(**by("EventSource", "sns.amazonaws.com"))] == ["CreateTopic"]


def test_pages_hold_what_was_asked_for(box, ec2, client, refused):
    """SB-CT-02: the newest first; a token goes with its own request.

    Source SB-CT-02: botocore cloudtrail LookupEvents.
    """
    for _ in range(5):
        ec2.describe_volumes()
        box.clock.advance(QUARTER)
    cloudtrail, ask = client("cloudtrail"), by("EventName", "DescribeVolumes")
    pages = list(cloudtrail.get_paginator("lookup_events").paginate(**ask, PaginationConfig={"PageSize": 2}))
    times = [e["EventTime"] for page in pages for e in page["Events"]]
    assert [len(p["Events"]) for p in pages] == [2, 2, 1]
    assert times == sorted(times, reverse=True)
    token = cloudtrail.lookup_events(**ask, MaxResults=2)["NextToken"]
    found = refused(cloudtrail.lookup_events, MaxResults=2, NextToken=token)
    assert found == ("InvalidNextTokenException", 400)


def test_a_span_of_time_is_kept(box, ec2, trail):
    """SB-CT-02: from and to; nothing older than 90 days.

    Source SB-CT-02: botocore cloudtrail LookupEvents.
    """
    ec2.describe_volumes()
    (event,) = trail(**by("EventName", "DescribeVolumes"))
    at, day = event["EventTime"], timedelta(days=1)
    assert trail(**by("EventName", "DescribeVolumes"), StartTime=at - day, EndTime=at + day) != []
    assert trail(**by("EventName", "DescribeVolumes"), StartTime=at + day / 2, EndTime=at + day) == []
    box.clock.advance(91 * 86_400)
    assert trail(**by("EventName", "DescribeVolumes")) == []


def test_what_cannot_be_asked_is_refused(box, client, refused):
    """SB-CT-02: two attributes, 51 results, an end before the start.

    Source SB-CT-02: botocore cloudtrail LookupEvents.
    """
    look = client("cloudtrail").lookup_events
    two = by("EventName", "a")["LookupAttributes"] + by("Username", "b")["LookupAttributes"]
    assert refused(look, LookupAttributes=two)[0] == "InvalidLookupAttributesException"
    assert refused(look, StartTime=2_000_000_000, EndTime=1_900_000_000)[0] == "InvalidTimeRangeException"


def test_two_requests_a_second_are_answered(opened, client, refused):
    """SB-CT-03: the third of a second is throttled, where requests are.

    Source SB-CT-03: botocore cloudtrail LookupEvents; the code ThrottlingException is a guess.
    """
    from sealift.sandbox.quotas import Quotas

    box = opened(quotas=Quotas(throttle=True))
    look = client("cloudtrail").lookup_events
    look()
    look()
    assert refused(look)[0] == "ThrottlingException"
    box.clock.advance(1)
    look()
