"""The other services under the gate: actions on their resources; and the simulator, which must say what the gate does."""

import pytest


def test_commands_are_sent_by_who_may(box, as_role, allowing, refused):
    """SB-IAM-01: of the document and of each instance, by its tags.

    Source SB-IAM-01: docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html.
    """
    mine, other = box.add_instance(tags={"run": "r1"}), box.add_instance(name="b")
    document = allowing("ssm:SendCommand", on="arn:aws:ssm:*::document/AWS-RunShellScript")
    tagged = {"StringEquals": {"aws:ResourceTag/run": "r1"}}
    ssm = as_role(
        document, allowing("ssm:SendCommand", on="arn:aws:ec2:*:*:instance/*", Condition=tagged), service="ssm"
    )
    ask = {"DocumentName": "AWS-RunShellScript", "Parameters": {"commands": ["sync"]}}
    ssm.send_command(InstanceIds=[mine], **ask)
    assert refused(ssm.send_command, InstanceIds=[mine, other], **ask)[0] == "AccessDeniedException"
    found = refused(ssm.start_automation_execution, DocumentName="AWS-StopEC2Instance")
    assert found[0] == "AccessDeniedException"


def test_quotas_and_policies_are_read_by_who_may(box, as_role, allowing, refused):
    """SB-IAM-02: by ARN; lists and the event history by the star.

    Source SB-IAM-02: docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html; actions that the
      sandbox's tables lack count as without: a guess.
    """
    quotas = as_role(
        allowing("servicequotas:GetServiceQuota", on="arn:aws:servicequotas:*:*:rds/*"), service="service-quotas"
    )
    quotas.get_service_quota(ServiceCode="rds", QuotaCode="L-7B6409FD")
    found = refused(quotas.get_service_quota, ServiceCode="ebs", QuotaCode="L-D8F37C68")
    assert found == ("AccessDeniedException", 403)
    dlm = as_role(allowing("dlm:GetLifecyclePolicy", on="arn:aws:dlm:*:*:policy/*"), service="dlm")
    assert refused(dlm.get_lifecycle_policy, PolicyId="policy-0123456789abcdef0")[0] == "ResourceNotFoundException"
    assert refused(dlm.get_lifecycle_policies)[0] == "AccessDeniedException"
    trail = as_role(allowing("cloudtrail:LookupEvents"), service="cloudtrail")
    assert trail.lookup_events()["Events"] == []


@pytest.mark.parametrize("action", ["ec2:DeleteVolume", "ec2:DescribeVolumes", "ec2:CreateTags"])
@pytest.mark.parametrize("tag", ["r1", "r2"])
def test_the_simulator_says_what_the_gate_does(box, client, as_role, allowing, denying, refused, action, tag):
    """SB-IAM-09: the same statements, told what the gate finds out by itself.

    Source SB-IAM-09: botocore iam SimulatePrincipalPolicy.
    """
    volume = box.add_volume(tags={"run": tag})
    mine = {"StringEquals": {"aws:ResourceTag/run": "r1"}}
    ec2 = as_role(
        allowing("ec2:DeleteVolume", "ec2:CreateTags", Condition=mine),
        denying("ec2:CreateTags"),
        allowing("ec2:Describe*"),
    )
    calls = {
        "ec2:DeleteVolume": (ec2.delete_volume, {"VolumeId": volume}),
        "ec2:DescribeVolumes": (ec2.describe_volumes, {}),
        "ec2:CreateTags": (ec2.create_tags, {"Resources": [volume], "Tags": [{"Key": "a", "Value": "b"}]}),
    }
    on = "*" if "Describe" in action else f"arn:aws:ec2:eu-central-1:123456789012:volume/{volume}"
    told = [{"ContextKeyName": "aws:ResourceTag/run", "ContextKeyValues": [tag], "ContextKeyType": "string"}]
    (result,) = client("iam").simulate_principal_policy(
        PolicySourceArn="arn:aws:iam::123456789012:role/role-0",
        ActionNames=[action],
        ResourceArns=[on],
        ContextEntries=told,
    )["EvaluationResults"]
    call, params = calls[action]
    if result["EvalDecision"] == "allowed":
        call(**params)
    else:
        assert refused(call, **params)[0] == "UnauthorizedOperation"
