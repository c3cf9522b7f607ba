"""DescribeVpcEncryptionControls: what a test has put there (`box.add_rds_document("vpc-encryption-control", …)`)."""

from typing import Any

from sealift.sandbox.rds.state import here
from sealift.sandbox.world import Call, World


def describe(world: World, call: Call) -> dict[str, Any]:
    """DescribeVpcEncryptionControls: by VPC; one that has none is not listed (R-RDS-16)."""
    wanted = call.params.get("VpcIds")
    found = here(world, call).book("vpc-encryption-control")
    shown = [
        {"VpcId": vpc, "State": "available", **about} for vpc, about in found.items() if wanted is None or vpc in wanted
    ]
    return {"VpcEncryptionControls": shown}


OPERATIONS = {"ec2:DescribeVpcEncryptionControls": describe}
