"""The `aws` command line: describe, create, copy, stop, swap, start, with `aws ec2 wait` in between."""

import json
import subprocess
import sys
from pathlib import Path

from asked import REGION, ask, must, tell

AWS = str(Path(sys.executable).with_name("aws"))
ZONE, KEY = REGION + "a", "alias/app"


def ran(*arguments):
    return subprocess.run([AWS, *arguments], capture_output=True, text=True, timeout=600, check=False)


def aws(*arguments):
    """Run a command; return what it answered."""
    done = ran(*arguments, "--output", "json")
    must(f"aws {' '.join(arguments)}", done.returncode == 0 or tell(done.stderr))
    return json.loads(done.stdout) if done.stdout.strip() else {}


def refused(code, *arguments):
    done = ran(*arguments)
    must(f"aws {' '.join(arguments)}: {code}", done.returncode != 0 and f"({code})" in done.stderr)


def disk(instance):
    (found,) = aws("ec2", "describe-instances", "--instance-ids", instance)["Reservations"][0]["Instances"]
    return found["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]


tell("  " + ran("--version").stdout.strip())
arn = ask("keys", {"alias": KEY})["arn"]
web = ask("instances", {"region": REGION, "name": "web-1"})["instance"]
old = disk(web)

must(
    "no unattached volume yet",
    aws("ec2", "describe-volumes", "--filters", "Name=status,Values=available")["Volumes"] == [],
)
loose = aws("ec2", "create-volume", "--availability-zone", ZONE, "--size", "1", "--volume-type", "gp3")["VolumeId"]
aws("ec2", "wait", "volume-available", "--volume-ids", loose)
twin = aws("ec2", "copy-volumes", "--source-volume-id", loose, "--volume-type", "gp3")["Volumes"][0]["VolumeId"]
aws("ec2", "wait", "volume-available", "--volume-ids", twin)

aws("ec2", "stop-instances", "--instance-ids", web)
aws("ec2", "wait", "instance-stopped", "--instance-ids", web)
shot = aws("ec2", "create-snapshot", "--volume-id", old)["SnapshotId"]
aws("ec2", "wait", "snapshot-completed", "--snapshot-ids", shot)
copy = aws(
    "ec2", "copy-snapshot", "--source-region", REGION, "--source-snapshot-id", shot, "--encrypted", "--kms-key-id", KEY
)["SnapshotId"]  # fmt: skip
aws("ec2", "wait", "snapshot-completed", "--snapshot-ids", copy)
new = aws("ec2", "create-volume", "--availability-zone", ZONE, "--snapshot-id", copy, "--volume-type", "gp3")[
    "VolumeId"
]
aws("ec2", "wait", "volume-available", "--volume-ids", new)

attach = ("ec2", "attach-volume", "--volume-id", new, "--instance-id", web, "--device", "/dev/xvda")
refused("InvalidParameterValue", *attach)
aws("ec2", "detach-volume", "--volume-id", old)
aws("ec2", "wait", "volume-available", "--volume-ids", old)
refused("InvalidParameterValue", "ec2", "start-instances", "--instance-ids", web)
aws(*attach)
aws("ec2", "wait", "volume-in-use", "--volume-ids", new)
aws("ec2", "start-instances", "--instance-ids", web)
aws("ec2", "wait", "instance-running", "--instance-ids", web)
aws("ec2", "wait", "instance-status-ok", "--instance-ids", web)

(now,) = aws("ec2", "describe-volumes", "--volume-ids", new)["Volumes"]
must("the instance runs on a volume under the key", (disk(web), now["Encrypted"], now["KmsKeyId"]) == (new, True, arn))
must("no write is lost", ask("losses") == [])

refused("InvalidVolume.NotFound", "ec2", "describe-volumes", "--volume-ids", "vol-00000000000000000")
refused("DryRunOperation", "ec2", "delete-volume", "--volume-id", old, "--dry-run")
refused("DBInstanceNotFound", "rds", "describe-db-instances", "--db-instance-identifier", "nobody")
ask("db-instances", {"name": "app"})
(db,) = aws("rds", "describe-db-instances")["DBInstances"]
must("a database is described", db["DBInstanceIdentifier"] == "app")
aws("rds", "create-db-snapshot", "--db-instance-identifier", "app", "--db-snapshot-identifier", "last")
aws("rds", "wait", "db-snapshot-available", "--db-snapshot-identifier", "last")
aws(
    "rds", "copy-db-snapshot", "--source-db-snapshot-identifier", "last", "--target-db-snapshot-identifier", "copy",
    "--kms-key-id", KEY,
)  # fmt: skip
aws("rds", "wait", "db-snapshot-available", "--db-snapshot-identifier", "copy")
(shown,) = aws("rds", "describe-db-snapshots", "--db-snapshot-identifier", "copy")["DBSnapshots"]
must("its copy is under the key", (shown["Encrypted"], shown["KmsKeyId"]) == (True, arn))
