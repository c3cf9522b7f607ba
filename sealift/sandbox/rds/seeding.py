"""Databases that a test or a demo finds there: up, in a security group of their own, with a client and a job inside."""

from collections.abc import Mapping
from typing import Any

from moto.core import DEFAULT_ACCOUNT_ID
from moto.ec2.models import ec2_backends

from sealift.sandbox.physics.contents import Contents
from sealift.sandbox.physics.writing import HISTORY_S
from sealift.sandbox.rds import (
    backups,
    building,
    clusters,
    engines,
    flow,
    instances,
    keys,
    moves,
    network,
    parameters,
    passwords,
    replicas,
)
from sealift.sandbox.rds.state import AnyDb, Client, Database, Storage, Store, here
from sealift.sandbox.world import Call, World

CLIENT, PEERS = "172.31.100.10", "172.31.0.0/16"


def _password(members: Mapping[str, Any]) -> dict[str, str]:
    return {} if members.get("ManageMasterUserPassword") else {"MasterUserPassword": passwords.SEEDED}


class DbSeeds:
    """Makes databases without API calls: nothing of it is in the log."""

    def __init__(self, world: World) -> None:
        self._world = world

    def instance(
        self,
        region: str,
        name: str,
        engine: str,
        *,
        gib: int,
        kms_key: str | None,
        write_mib_per_s: float,
        job: bool,
        inbound: bool,
        account: str | None,
        members: Mapping[str, Any],
    ) -> Database:
        """Make an instance, available, with a day of writes."""
        params = {
            "DBInstanceIdentifier": name,
            "DBInstanceClass": "db.m6g.large",
            "AllocatedStorage": gib,
            "MasterUsername": "admin",
            "BackupRetentionPeriod": 7,
            **_password(members),
            **members,
        }
        call = self._call(region, account, params)
        self._own_group(call, name, engine)
        version = engines.version(engine, members.get("EngineVersion"))
        if job:
            self._load_pg_cron(call, engine, version, parameters.GROUP)
        db = building.enter(
            self._world,
            call,
            name=name,
            engine=engine,
            version=version,
            storage=self._storage(call, kms_key),
            store=Store("", gib=gib),
        )
        self._ready(call, db)
        self._fill(call, db, name, "db", write_mib_per_s, job, inbound)
        return db

    def replica(self, region: str, name: str, source: str, account: str | None, members: Mapping[str, Any]) -> Database:
        """Make a read replica, available."""
        call = self._call(region, account, {"DBInstanceIdentifier": name, **members})
        of = here(self._world, call).databases[source]
        call.params.setdefault("VpcSecurityGroupIds", list(of.groups))
        db = replicas.follow(self._world, call, of, name, replicas.storage(self._world, call, of))
        self._ready(call, db)
        return db

    def cluster(
        self,
        region: str,
        name: str,
        engine: str,
        *,
        readers: int,
        gib: int,
        storage_type: str,
        kms_key: str | None,
        write_mib_per_s: float,
        job: bool,
        inbound: bool,
        data_api_client: bool,
        instance_class: str,
        account: str | None,
        members: Mapping[str, Any],
    ) -> AnyDb:
        """Make a cluster with a writer and readers (`NAME-1`, `NAME-2`, …), all available."""
        params = {"DBClusterIdentifier": name, "MasterUsername": "admin", "BackupRetentionPeriod": 7}
        params |= {**_password(members), **members}
        call = self._call(region, account, params)
        self._own_group(call, name, engine)
        if job:
            version = engines.version(engine, members.get("EngineVersion"))
            self._load_pg_cron(call, engine, version, parameters.CLUSTER_GROUP)
        storage = self._storage(call, kms_key) if kms_key else Storage(storage_type)
        cluster = clusters.enter(self._world, call, engine, members.get("EngineVersion"), storage, Store("", gib=gib))
        cluster.ready, cluster.visible, cluster.state = call.at, call.at, "available"
        backups.every_day(self._world, call, cluster, call.at)
        for n in range(1, readers + 2):
            member_name = f"{name}-instance-{n}" if cluster.multi_az else f"{name}-{n}"
            one = {"DBInstanceIdentifier": member_name, "DBInstanceClass": instance_class}
            self._ready(call, instances.new_member(self._world, self._call(region, account, one), cluster))
        self._fill(call, cluster, name, "cluster", write_mib_per_s, job, inbound)
        if data_api_client:
            cluster.data_api = True
            here(self._world, call).clients.append(Client(name, "cluster", write_mib_per_s, data_api=True))
        flow.refresh(self._world, call.account, region, call.at)
        return cluster

    def _call(self, region: str, account: str | None, params: dict[str, Any]) -> Call:
        return Call("seed", "Seed", params, account or DEFAULT_ACCOUNT_ID, region, self._world.now())

    def _storage(self, call: Call, ref: str | None) -> Storage:
        return Storage("sse-kms", keys.usable(self._world, call, ref)) if ref else Storage()

    def _own_group(self, call: Call, name: str, engine: str) -> None:
        """Give a database a security group that lets its peers in, unless the request names groups."""
        if call.params.get("VpcSecurityGroupIds"):
            return
        ec2: Any = ec2_backends[call.account][call.region]
        vpc = network.vpc_of(here(self._world, call), "default")
        group = ec2.get_security_group_by_name_or_id(f"db-{name}", vpc)
        if group is None:
            group = ec2.create_security_group(f"db-{name}", f"clients of {name}", vpc_id=vpc)
            port = engines.engine(engine).port
            ec2.authorize_security_group_ingress(group.id, "tcp", port, port, ip_ranges=[{"CidrIp": PEERS}])
        call.params["VpcSecurityGroupIds"] = [group.id]

    def _load_pg_cron(self, call: Call, engine: str, version: str, kind: str) -> None:
        """Give PostgreSQL a group that loads pg_cron, unless the request names one: no default group does (SB-RDS-60)."""
        member = "DBParameterGroupName" if kind == parameters.GROUP else "DBClusterParameterGroupName"
        if "postgres" not in engine or call.params.get(member):
            return
        family, room = engines.family(engine, version), here(self._world, call)
        name = f"pg-cron-{family}"
        if name not in room.book(kind):
            made = parameters.enter(room, kind, name, family, "pg_cron is loaded")
            loaded = {"ParameterValue": "pg_stat_statements,pg_cron", "ApplyMethod": "pending-reboot"}
            made["values"]["shared_preload_libraries"] = loaded
        call.params[member] = name

    def _ready(self, call: Call, db: Database) -> None:
        db.ready, db.visible = call.at, call.at
        room = here(self._world, call)
        network.plug(room, db)
        parameters.apply_all(room, db)
        backups.every_day(self._world, call, db, call.at)
        moves.become(self._world, db, "available", call.at)

    def _fill(self, call: Call, head: AnyDb, name: str, kind: str, rate: float, job: bool, inbound: bool) -> None:
        room, store, at = here(self._world, call), head.store, call.at
        store.job, store.inbound = f"job:{name}" if job else "", "external" if inbound else ""
        client = Client(head.id, kind, rate, address=CLIENT)
        room.clients.append(client)
        store.held = Contents().plus(client.stream, at - HISTORY_S, at)
        room.owed[head.id] = store.held
        flow.refresh(self._world, call.account, call.region, at)
