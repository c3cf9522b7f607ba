"""cloud-custodian's `encrypt-instance-volumes`: its whole action runs; what the sandbox says of the end is printed."""

import json
import subprocess
import sys
from pathlib import Path

import boto3
from asked import REGION, ask, must, tell

ec2 = boto3.client("ec2", REGION)
BIN, WORK = Path(sys.executable).parent, Path.home() / "run"
KEY = "alias/app"
POLICY = {
    "policies": [
        {
            "name": "encrypt",
            "resource": "ebs",
            "filters": [{"Encrypted": False}],
            "actions": [{"type": "encrypt-instance-volumes", "key": KEY, "delay": 1, "verbose": True}],
        }
    ]
}


def volumes():
    """Return the attached volumes by device, each with its attachment's flag."""
    found = ec2.describe_volumes(Filters=[{"Name": "attachment.instance-id", "Values": [web]}])["Volumes"]
    return {v["Attachments"][0]["Device"]: v for v in found}


def shape(volume):
    flag = volume["Attachments"][0]["DeleteOnTermination"]
    kept = ("VolumeType", "Size", "Iops", "Throughput", "Encrypted")
    return {**{k: volume.get(k) for k in kept}, "DeleteOnTermination": flag}


arn = ask("keys", {"alias": KEY})["arn"]
fast = {"device": "/dev/sdf", "size_gib": 20, "iops": 6000, "throughput": 250, "delete_on_termination": False}
web = ask("instances", {"region": REGION, "name": "web-1", "volumes": [{}, fast]})["instance"]
before = volumes()

WORK.mkdir(exist_ok=True)
(WORK / "policy.json").write_text(json.dumps(POLICY))
command = [str(BIN / "custodian"), "run", "--region", REGION, "-s", str(WORK), "--cache-period", "0", "-v"]
done = subprocess.run([*command, str(WORK / "policy.json")], capture_output=True, text=True, timeout=800, check=False)
must("custodian run ends well", done.returncode == 0 or tell(done.stdout + done.stderr))
ec2.get_waiter("instance_running").wait(InstanceIds=[web])

calls = [e for e in ask("log") if e["operation"].startswith("ec2:") and not e["operation"].startswith("ec2:Describe")]
tell("  what it called: " + ", ".join(f"{e['operation'][4:]} {e['outcome']}" for e in calls))
after = volumes()
complaints = [line for line in done.stderr.splitlines() if "ERROR" in line or "Exception" in line]
must("it complains of nothing", not complaints or tell("\n".join(complaints)))
must("every call of its action is accepted", all(e["outcome"] == "ok" for e in calls))
must("the same devices hold other volumes", all(after[d]["VolumeId"] != before[d]["VolumeId"] for d in before))
must("all of them are under the key", all(v["Encrypted"] and v["KmsKeyId"] == arn for v in after.values()))
left = ec2.describe_volumes(Filters=[{"Name": "encrypted", "Values": ["false"]}])["Volumes"]
tell(f"  the sources: {'deleted' if all(v['State'] == 'deleting' for v in left) else [v['State'] for v in left]}")
tell(f"  lost writes: {ask('losses') or 'none'}")
for device in before:
    was, now = shape(before[device]), shape(after[device])
    tell(f"  {device}: " + ", ".join(f"{k} {was[k]} -> {now[k]}" for k in was if was[k] != now[k]))
