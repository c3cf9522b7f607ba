"""Databases on the sandbox, each carrying what the issue's list of databases carries, and the sandbox's own login."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import boto3

from sealift.errors import CallError, Retry
from sealift.logins import Address, Credentials, Former, Login
from sealift.sandbox import Sandbox
from sealift.sandbox.rds.engine import Denied, Engine, Unreachable
from tests.world import REGION, World

VERIFIER = "172.31.99.9"
"""Where the fence's login comes from."""

RATE = 0.01
"""MiB/s that a client writes, so that what a snapshot has to copy stays small."""


class BoxLogin:
    """The in-box driver: what `sealift.logins` is to life."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def _do(self, statement: str, value: Any = None) -> Any:
        try:
            return self._engine.execute(statement, value)
        except Unreachable as error:
            raise CallError(str(error), operation="login:box", retry=Retry.TRANSIENT) from None
        except Denied as error:
            raise CallError(str(error), operation="login:box", retry=Retry.REFUSED) from None

    def writes(self) -> Former:
        return {"read_only": self._do("read_only")}

    def schedulers(self) -> Former:
        return {"on": self._do("schedulers")}

    def close_writes(self, former: Former) -> None:
        self._do("read_only", True)

    def stop_schedulers(self, former: Former) -> None:
        self._do("schedulers", False)

    def end_sessions(self) -> int:
        return int(self._do("end_sessions"))

    def sessions(self) -> int:
        return int(self._do("sessions"))

    def position(self) -> str:
        return str(self._do("user_writes"))

    def open_writes(self, former: Former) -> None:
        self._do("read_only", former["read_only"])

    def start_schedulers(self, former: Former) -> None:
        self._do("schedulers", former["on"])

    def close(self) -> None:
        """Nothing is held open."""


def logins(box: Sandbox, login: type[BoxLogin] = BoxLogin) -> Callable[[str, Address, Credentials], Login]:
    """Return what logs in to a database of the box by its endpoint."""

    def connect(engine: str, address: Address, credentials: Credentials) -> Login:
        assert engine
        name, user = address.host.split(".", 1)[0], (credentials.username, credentials.password)
        return login(box.engine(name, address=VERIFIER, user=user))

    return connect


def secret(name: str = "fence", username: str = "admin", password: str = "x") -> str:  # noqa: S107
    """Store credentials and return the secret's ARN."""
    client = boto3.client("secretsmanager", region_name=REGION)
    body = json.dumps({"username": username, "password": password})
    return str(client.create_secret(Name=name, SecretString=body)["ARN"])


class Build(Protocol):
    """Puts a database there, of so many GiB, and returns its name."""

    def __call__(self, world: World, *, size_gib: int = 20) -> str:
        """Build it."""


@dataclass(frozen=True)
class Case:
    """How a database is put there, and the options that it is moved with."""

    build: Build
    route: str
    options: Mapping[str, Any] = field(default_factory=dict)
    login: bool = False
    user: str = "admin"


def options_of(case: Case) -> dict[str, Any]:
    """Return the options of a case, with a login where it has one."""
    return {"route": case.route, "acks": ACKS, **case.options, **(fence(case.user) if case.login else {})}


def fence(user: str = "admin") -> dict[str, Any]:
    """Return the options of a login by which a fence is closed and proved from inside."""
    return {"fence_login": secret(username=user), "fence_from": f"{VERIFIER}/32"}


ROLE = "arn:aws:iam::123456789012:role/s3"

ACKS = ("R-FENCE-01", "R-RDS-57", "R-RDS-71", "R-RDS-73", "R-RDS-81")


def _postgres(world: World, *, size_gib: int = 20) -> str:
    return world.box.add_db_instance(
        "orders", "postgres", size_gib=size_gib, write_mib_per_s=RATE, DeletionProtection=True
    )


def _calm_postgres(world: World, *, size_gib: int = 20) -> str:
    """PostgreSQL with a role, whose group is the default: it loads no pg_cron (R-RDS-70)."""
    name = world.box.add_db_instance(
        "orders",
        "postgres",
        size_gib=size_gib,
        write_mib_per_s=RATE,
        DeletionProtection=True,
        DBParameterGroupName="default.postgres17",
    )
    rds: Any = boto3.client("rds", region_name=REGION)
    rds.add_role_to_db_instance(DBInstanceIdentifier=name, RoleArn=ROLE, FeatureName="s3Import")
    return name


def calm(family: str) -> dict[str, str]:
    """Make a group under which no event runs, and name it."""
    rds: Any = boto3.client("rds", region_name=REGION)
    rds.create_db_parameter_group(DBParameterGroupName="calm", DBParameterGroupFamily=family, Description="no events")
    off = {"ParameterName": "event_scheduler", "ParameterValue": "OFF", "ApplyMethod": "immediate"}
    rds.modify_db_parameter_group(DBParameterGroupName="calm", Parameters=[off])
    return {"DBParameterGroupName": "calm"}


def _mysql(world: World, *, size_gib: int = 100, **more: str) -> str:
    name = world.box.add_db_instance(
        "shop", "mysql", write_mib_per_s=RATE, MultiAZ=True, StorageType="io1", Iops=3000, size_gib=size_gib, **more
    )
    rds: Any = boto3.client("rds", region_name=REGION)
    family = rds.describe_db_parameter_groups(DBParameterGroupName=_group_of(rds, name))["DBParameterGroups"][0]
    rds.create_db_parameter_group(
        DBParameterGroupName="reading",
        DBParameterGroupFamily=family["DBParameterGroupFamily"],
        Description="of readers",
    )
    own = {"DeletionProtection": True, "DBParameterGroupName": "reading"}
    world.box.add_db_reader(world.box.add_db_replica("shop-r1", name, **own))
    world.box.add_db_reader(world.box.add_db_replica("shop-r2", name))
    arn = f"arn:aws:rds:{REGION}:123456789012:db:shop-r1"
    rds.add_tags_to_resource(ResourceName=arn, Tags=[{"Key": "team", "Value": "bi"}])
    return name


def _group_of(rds: Any, name: str) -> str:
    (shown,) = rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"]
    return str(shown["DBParameterGroups"][0]["DBParameterGroupName"])


def _calm_mysql(world: World, *, size_gib: int = 100) -> str:
    return _mysql(world, size_gib=size_gib, **calm("mysql8.4"))


def _sqlserver(world: World, *, size_gib: int = 20) -> str:
    rds: Any = boto3.client("rds", region_name=REGION)
    rds.create_option_group(
        OptionGroupName="backups",
        EngineName="sqlserver-se",
        MajorEngineVersion="16.00",
        OptionGroupDescription="native backups",
    )
    name = world.box.add_db_instance(
        "ledger",
        "sqlserver-se",
        size_gib=size_gib,
        write_mib_per_s=RATE,
        OptionGroupName="backups",
        LicenseModel="license-included",
    )
    rds.modify_db_instance(DBInstanceIdentifier=name, ManageMasterUserPassword=True, ApplyImmediately=True)
    world.box.add_db_user(name, "fence", "x")
    return name


def _mariadb(world: World, *, size_gib: int = 20, **more: str) -> str:
    name = world.box.add_db_instance("wiki", "mariadb", size_gib=size_gib, write_mib_per_s=RATE, **more)
    rds: Any = boto3.client("rds", region_name=REGION)
    subnets = [s["SubnetId"] for s in world.ec2.describe_subnets()["Subnets"]]
    rds.create_db_proxy(
        DBProxyName="pool",
        EngineFamily="MYSQL",
        RoleArn="arn:aws:iam::123456789012:role/proxy",
        VpcSubnetIds=subnets,
        Auth=[{"AuthScheme": "SECRETS", "SecretArn": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:pool"}],
    )
    world.clock.advance(600)
    rds.register_db_proxy_targets(DBProxyName="pool", DBInstanceIdentifiers=[name])
    world.box.add_proxy_client("pool", name, write_mib_per_s=RATE)
    return name


def _calm_mariadb(world: World, *, size_gib: int = 20) -> str:
    return _mariadb(world, size_gib=size_gib, **calm("mariadb11.4"))


def _oracle(world: World, *, size_gib: int = 100) -> str:
    name = world.box.add_db_instance(
        "erp",
        "oracle-ee",
        write_mib_per_s=RATE,
        size_gib=size_gib,
        CharacterSetName="AL32UTF8",
        EnablePerformanceInsights=True,
        PerformanceInsightsRetentionPeriod=31,
    )
    rds: Any = boto3.client("rds", region_name=REGION)
    for feature in ("S3_INTEGRATION",):
        rds.add_role_to_db_instance(DBInstanceIdentifier=name, RoleArn=ROLE, FeatureName=feature)
    return name


CASES: dict[str, Case] = {
    "postgres, blue-green": Case(_calm_postgres, "blue-green"),
    "postgres, snapshot": Case(_postgres, "snapshot", login=True),
    "postgres, snapshot without a login": Case(_postgres, "snapshot"),
    "mysql with replicas, blue-green": Case(_calm_mysql, "blue-green"),
    "mysql with replicas, snapshot": Case(_mysql, "snapshot", login=True),
    "mysql with replicas, readers stale": Case(_mysql, "snapshot", {"readers": "stale"}),
    "sql server with an option group and a managed password": Case(_sqlserver, "snapshot", login=True, user="fence"),
    "mariadb with a proxy, snapshot": Case(_mariadb, "snapshot", login=True),
    "mariadb with a proxy, blue-green": Case(_calm_mariadb, "blue-green"),
    "oracle with roles": Case(_oracle, "snapshot", login=True),
}


SHAPES = {
    name: CASES[name]
    for name in (
        "postgres, blue-green",
        "mysql with replicas, blue-green",
        "mysql with replicas, snapshot",
        "mysql with replicas, readers stale",
        "sql server with an option group and a managed password",
        "mariadb with a proxy, snapshot",
        "oracle with roles",
    )
}
"""Those that the contract of kinds and routes walks: no two alike."""


AT_ONCE = 3
"""Of the steps of a case, how many a run of the suite fails: another case fails others."""


def sampled(keys: list[str], name: str) -> list[str]:
    """Return a few of the steps of a case, evenly spread; where they begin differs from case to case."""
    stride = max(1, len(keys) // AT_ONCE)
    return keys[sum(map(ord, name)) % stride :: stride]


def described(world: World) -> dict[str, Any]:
    """Return every instance by its name."""
    rds: Any = boto3.client("rds", region_name=REGION)
    return {d["DBInstanceIdentifier"]: d for d in rds.describe_db_instances()["DBInstances"]}


def picture(world: World) -> dict[str, Any]:
    """Return everything of the databases that a migration may touch, without moments."""
    rds: Any = boto3.client("rds", region_name=REGION)
    apart = {"LatestRestorableTime", "StorageOperationStatus", "StorageOperationPercentProgress"}
    proxies = [p["DBProxyName"] for p in rds.describe_db_proxies()["DBProxies"]]
    return {
        "instances": {n: {k: v for k, v in d.items() if k not in apart} for n, d in described(world).items()},
        "db snapshots": {
            s["DBSnapshotIdentifier"]: {t["Key"]: t["Value"] for t in s.get("TagList", ())}.get("sealift:role")
            for s in rds.describe_db_snapshots()["DBSnapshots"]
            if s["SnapshotType"] == "manual"
        },
        "security groups": sorted(g["GroupName"] for g in world.ec2.describe_security_groups()["SecurityGroups"]),
        "parameters": sorted(
            g["DBParameterGroupName"] for g in rds.describe_db_parameter_groups()["DBParameterGroups"]
        ),
        "deployments": [
            d["BlueGreenDeploymentName"] for d in rds.describe_blue_green_deployments()["BlueGreenDeployments"]
        ],
        "targets": {
            p: sorted(
                (t["RdsResourceId"], t.get("TargetHealth", {}).get("State"))
                for t in rds.describe_db_proxy_targets(DBProxyName=p)["Targets"]
            )
            for p in proxies
        },
    }
