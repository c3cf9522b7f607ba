"""What an account looks like, and what is different afterwards."""

from typing import Any

import boto3

from tests.world import REGION, World


def picture(world: World) -> dict[str, Any]:
    """Return everything of the account that a migration may touch, without moments."""
    groups = boto3.client("autoscaling", region_name=REGION).describe_auto_scaling_groups()["AutoScalingGroups"]
    instances = [i for r in world.ec2.describe_instances()["Reservations"] for i in r["Instances"]]
    return {
        "volumes": {
            id_: {
                **{k: v.get(k) for k in ("VolumeType", "Size", "Iops", "Throughput", "Encrypted", "KmsKeyId", "State")},
                "tags": sorted((t["Key"], t["Value"]) for t in v.get("Tags") or ()),
                "attachments": [
                    {k: a.get(k) for k in ("InstanceId", "Device", "State", "DeleteOnTermination", "EbsCardIndex")}
                    for a in v["Attachments"]
                ],
            }
            for id_, v in world.all_volumes().items()
        },
        "snapshots": {
            id_: dict(sorted((t["Key"], t["Value"]) for t in s.get("Tags") or ())).get("sealift:role")
            for id_, s in world.snapshots().items()
        },
        "power": {i["InstanceId"]: i["State"]["Name"] for i in instances},
        "reservations": [
            r["CapacityReservationId"]
            for r in world.ec2.describe_capacity_reservations()["CapacityReservations"]
            if r["State"] == "active"
        ],
        "said": {f"{i['InstanceId']} {t['Key']}": t["Value"] for i in instances for t in i.get("Tags") or ()},
        "runbooks": sorted(
            d["Name"] for d in boto3.client("ssm", region_name=REGION).list_documents()["DocumentIdentifiers"]
        ),
        "groups": {
            g["AutoScalingGroupName"]: {
                "desired": g["DesiredCapacity"],
                "members": sorted((m["InstanceId"], m["LifecycleState"]) for m in g["Instances"]),
                "suspended": sorted(p["ProcessName"] for p in g["SuspendedProcesses"]),
            }
            for g in groups
        },
    }


def changed(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """What is different, by place."""
    found = {}
    for place, was in before.items():
        now = after[place]
        if isinstance(was, dict):
            found |= {f"{place} {k}": (was.get(k), now.get(k)) for k in {*was, *now} if was.get(k) != now.get(k)}
        elif was != now:
            found[place] = (was, now)
    return found
