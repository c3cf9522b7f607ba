"""What the box does and says of databases, for tests, the demo and the bench."""

from typing import Any

from sealift.sandbox import hook
from sealift.sandbox.physics.contents import Contents
from sealift.sandbox.rds import flow, keys, losses, moves, outages, passwords, proxies
from sealift.sandbox.rds.engine import Engine
from sealift.sandbox.rds.losses import DbLoss, DoubleRun
from sealift.sandbox.rds.outages import Outage
from sealift.sandbox.rds.seeding import CLIENT, DbSeeds
from sealift.sandbox.rds.state import AnyDb, Books, Client, books, everywhere
from sealift.sandbox.services import scaling
from sealift.sandbox.world import World

ACCOUNT, REGION = "123456789012", "eu-central-1"


class Databases:
    """The part of a sandbox that is about RDS."""

    world: World

    def add_db_instance(
        self,
        name: str = "db-1",
        engine: str = "postgres",
        region: str = REGION,
        *,
        size_gib: int = 20,
        kms_key: str | None = None,
        write_mib_per_s: float = 1.0,
        job: bool = True,
        inbound: bool = False,
        account: str | None = None,
        **members: Any,
    ) -> str:
        """Add an available instance with a day of writes, a client that keeps its connection, and a job inside.

        `inbound`: the engine pulls from an external primary. `members` are those of CreateDBInstance. Return the id.
        """
        with hook.LOCK:
            return (
                DbSeeds(self.world)
                .instance(
                    region,
                    name,
                    engine,
                    gib=size_gib,
                    kms_key=kms_key,
                    write_mib_per_s=write_mib_per_s,
                    job=job,
                    inbound=inbound,
                    account=account,
                    members=members,
                )
                .id
            )

    def add_db_replica(
        self, name: str, source: str, region: str = REGION, account: str | None = None, **members: Any
    ) -> str:
        """Add an available read replica of an instance. Return its id."""
        with hook.LOCK:
            return DbSeeds(self.world).replica(region, name, source, account, members).id

    def add_db_cluster(
        self,
        name: str = "aurora-1",
        engine: str = "aurora-postgresql",
        region: str = REGION,
        *,
        readers: int = 1,
        size_gib: int = 20,
        storage: str = "none",
        kms_key: str | None = None,
        write_mib_per_s: float = 1.0,
        job: bool = True,
        inbound: bool = False,
        data_api_client: bool = False,
        instance_class: str = "db.r6g.large",
        account: str | None = None,
        **members: Any,
    ) -> str:
        """Add an available cluster with its members (`NAME-1` writes), a client and a job inside.

        `storage`: `none` or `sse-rds` where there is no key. `members` are those of CreateDBCluster. Return the id.
        """
        with hook.LOCK:
            return (
                DbSeeds(self.world)
                .cluster(
                    region,
                    name,
                    engine,
                    readers=readers,
                    gib=size_gib,
                    storage_type=storage,
                    kms_key=kms_key,
                    write_mib_per_s=write_mib_per_s,
                    job=job,
                    inbound=inbound,
                    data_api_client=data_api_client,
                    instance_class=instance_class,
                    account=account,
                    members=members,
                )
                .id
            )

    def add_proxy_client(
        self,
        proxy: str,
        name: str,
        kind: str = "db",
        region: str = REGION,
        *,
        write_mib_per_s: float = 1.0,
        account: str = ACCOUNT,
    ) -> None:
        """Add a client that writes through an RDS Proxy to its target `name` (`kind`: `db` or `cluster`)."""
        with hook.LOCK:
            self.world.settle()
            client = Client(name, kind, write_mib_per_s, address=proxies.ADDRESS, proxy=proxy)
            books(self.world, account, region).clients.append(client)
            flow.refresh(self.world, account, region, self.world.now())

    def add_db_reader(self, name: str, kind: str = "db", region: str = REGION, *, account: str = ACCOUNT) -> None:
        """Add a client that reads from an instance (`db`), a cluster's reader endpoint (`cluster`) or a custom one (`endpoint`)."""
        with hook.LOCK:
            self.world.settle()
            books(self.world, account, region).clients.append(Client(name, kind, 0.0, address=CLIENT, reads=True))
            flow.refresh(self.world, account, region, self.world.now())

    def add_reader_scaling(
        self, cluster: str, region: str = REGION, *, least: int = 1, most: int = 15, account: str = ACCOUNT
    ) -> None:
        """Register a cluster's readers with Application Auto Scaling, with a policy that wants one more now and then."""
        with hook.LOCK:
            scaling.seed(self.world, account, region, cluster, least, most)

    def add_rds_document(
        self, kind: str, name: str, document: dict[str, Any], region: str = REGION, account: str = ACCOUNT
    ) -> None:
        """Put in what a describe shows as it stands: an `integration`, a `global-cluster`, an `export-task`."""
        with hook.LOCK:
            books(self.world, account, region).book(kind)[name] = document

    def set_db_state(self, name: str, state: str, region: str = REGION, account: str = ACCOUNT) -> None:
        """Put a database into a state, as a failure of AWS's might: `storage-full`, `incompatible-network`, …"""
        with hook.LOCK:
            self.world.settle()
            moves.become(self.world, self._db(name, region, account), state, self.world.now())

    def set_replica_lag(self, name: str, seconds: float, region: str = REGION, account: str = ACCOUNT) -> None:
        """Let a replica or green database be so far behind."""
        with hook.LOCK:
            self.world.settle()
            self._db(name, region, account).store.lag = seconds

    def keys_changed(self) -> None:
        """Tell RDS that a key's state has been changed by hand."""
        keys.looked_at(self.world, self.world.now())

    def engine(
        self,
        name: str,
        region: str = REGION,
        account: str = ACCOUNT,
        address: str = "172.31.99.9",
        user: tuple[str, str] | None = None,
    ) -> Engine:
        """Log in to a database from an address, as a user with a password, or with the box's own eye: see `Engine.execute`."""
        return Engine(self.world, account, region, name, address, user)

    def add_db_user(self, name: str, user: str, password: str, region: str = REGION, account: str = ACCOUNT) -> None:
        """Let somebody make a user inside a database, or give one another password."""
        with hook.LOCK:
            self.world.settle()
            passwords.give(self._db(name, region, account).store, user, password)

    def db_losses(self) -> list[DbLoss]:
        """Return all acknowledged writes that the database serving their endpoint name lacks; empty is good."""
        with hook.LOCK:
            self.world.settle()
            return losses.lost(self.world)

    def db_outages(self, since: float) -> list[Outage]:
        """Return the spans from `since` on in which a client got nothing: no write acknowledged, or no read answered."""
        with hook.LOCK:
            self.world.settle()
            return outages.since(self.world, since)

    def double_runs(self) -> list[DoubleRun]:
        """Return all spans in which one job ran in two databases at once; empty is good."""
        with hook.LOCK:
            self.world.settle()
            return losses.doubled(self.world)

    def db_contents(self, name: str, region: str = REGION, account: str = ACCOUNT) -> Contents:
        """Return what is in a database now; equal values are equal data."""
        with hook.LOCK:
            self.world.settle()
            return self._db(name, region, account).store.contents(self.world.now())

    def db_carries(self, name: str, region: str = REGION, account: str = ACCOUNT) -> list[str]:
        """Return the security groups that an instance's network interfaces carry now."""
        with hook.LOCK:
            self.world.settle()
            return list(books(self.world, account, region).databases[name].carried)

    def _db(self, name: str, region: str, account: str) -> AnyDb:
        room: Books = books(self.world, account, region)
        found = room.databases.get(name) or room.clusters.get(name)
        if found is None:
            raise KeyError(name)
        return found

    def db_rooms(self) -> list[Books]:
        """Return the books of RDS in all accounts and Regions."""
        return everywhere(self.world)
