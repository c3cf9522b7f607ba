"""Databases of a serving sandbox: boto3's own waiters, parseable refusals, losses over the admin routes."""

import json
import threading
import urllib.request

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from sealift.sandbox import Durations
from sealift.sandbox.server import Server


@pytest.fixture
def url():
    server = Server(speed=10_000.0, durations=Durations.instant(), fleet="empty")
    ready, found = threading.Event(), []
    note = lambda at: (found.append(at), ready.set())  # noqa: E731
    thread = threading.Thread(target=server.serve_forever, args=(note,), daemon=True)
    thread.start()
    assert ready.wait(20)
    yield found[0]
    server.shutdown()
    thread.join(10)


def admin(url, path, body=None):
    data = json.dumps(body).encode() if body is not None else None
    with urllib.request.urlopen(urllib.request.Request(f"{url}/_sandbox/{path}", data)) as reply:  # noqa: S310
        return json.load(reply)


def test_a_client_over_the_socket(url):
    """The same rules as in process: SB-RDS-12 and R-RDS-14 among them; the waiter ends."""
    once = Config(retries={"total_max_attempts": 1})
    rds = boto3.client(
        "rds", "eu-central-1", endpoint_url=url, aws_access_key_id="a", aws_secret_access_key="b", config=once
    )
    told = {"name": "app", "engine": "mysql", "MultiAZ": True}
    assert admin(url, "db-instances", told) == {"instance": "app"}
    assert rds.describe_db_instances()["DBInstances"][0]["MultiAZ"] is True
    assert admin(url, "db-clusters", {"name": "au"}) == {"cluster": "au"}
    admin(url, "keys", {"alias": "alias/app"})
    rds.create_db_snapshot(DBInstanceIdentifier="app", DBSnapshotIdentifier="s")
    rds.get_waiter("db_snapshot_available").wait(DBSnapshotIdentifier="s", WaiterConfig={"Delay": 1})
    rds.create_db_cluster_snapshot(DBClusterIdentifier="au", DBClusterSnapshotIdentifier="s")
    copy = {"SourceDBClusterSnapshotIdentifier": "s", "TargetDBClusterSnapshotIdentifier": "c"}
    with pytest.raises(ClientError, match="InvalidParameterCombination"):
        rds.copy_db_cluster_snapshot(**copy, KmsKeyId="alias/app")
    assert (admin(url, "db-losses"), admin(url, "double-runs")) == ([], [])
