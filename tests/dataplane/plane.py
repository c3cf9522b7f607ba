"""Real servers behind a sandbox's database instances: what RDS does to an instance happens to its server.

The sandbox decides states, names and whom the network lets in; the servers hold the data. Clients come over TCP, through a
port that asks the sandbox for each new connection and lets those that are there be, as a security group does.
"""

import contextlib
import itertools
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg
import pymysql

from sealift import logins
from sealift.logins import Address, Credentials, Login
from sealift.sandbox import Sandbox, hook
from sealift.sandbox.log import Event
from sealift.sandbox.rds import flow, lookups, network, parameters
from sealift.sandbox.rds.state import Database, books
from tests.databases import VERIFIER
from tests.dataplane.servers import SERVICE, Server
from tests.world import REGION

ACCOUNT = "123456789012"
CLIENT = "172.31.100.10"
"""Where the application runs: the security group of a database lets it in."""

ERRORS = (psycopg.Error, pymysql.Error, OSError)


class _Log(list[Event]):
    """The sandbox's log, which tells the plane of each entry at once, while the sandbox is locked."""

    def __init__(self, entries: list[Event], plane: "Plane") -> None:
        super().__init__(entries)
        self._plane = plane

    def append(self, event: Event) -> None:
        super().append(event)
        if event.outcome == "ok" and event.operation.startswith("rds:"):
            self._plane.happened(event.operation.removeprefix("rds:"), event.params)


class Plane:
    """The servers behind a sandbox, by the resource id of their instance, which no rename changes."""

    def __init__(self, box: Sandbox, kind: type[Server], home: Path) -> None:
        self.box, self.kind, self.home = box, kind, home
        self.servers: dict[str, Server] = {}
        self._images: dict[str, Path] = {}
        self._numbers = itertools.count(1)
        self._ports: dict[tuple[str, str], Port] = {}
        box.world.log = _Log(box.world.log, self)

    # what the sandbox says

    @property
    def room(self) -> Any:
        return books(self.box.world, ACCOUNT, REGION)

    def instance(self, name: str) -> Database:
        """Return an instance of the sandbox."""
        found: Database = self.room.databases[lookups.name_of(name)]
        return found

    def server(self, name: str) -> Server:
        """Return the server behind a name."""
        return self.servers[self.instance(name).resource_id]

    def admits(self, name: str, address: str) -> int | None:
        """Return the port of the server behind a name, where it is up and the network lets this address in."""
        with hook.LOCK:
            self.box.world.settle()
            db = self.room.databases.get(name)
            if db is None or not flow.is_up(db) or not network.admits_address(db, address):
                return None
            return self.servers[db.resource_id].port

    def _schedules(self, db: Database) -> bool:
        return parameters.scheduler_on(self.kind.engine, parameters.said(self.room, db))

    # what happens to instances

    def put(self, name: str) -> Server:
        """Make a server for an instance that is there."""
        server = self._new()
        server.create()
        self.servers[self.instance(name).resource_id] = server
        return server

    def _new(self) -> Server:
        return self.kind(self.home, f"server-{next(self._numbers)}")

    def happened(self, operation: str, params: Mapping[str, Any]) -> None:
        """Do to servers what an operation does to instances."""
        match operation:
            case "CreateDBSnapshot":
                image = self.home / f"image-{next(self._numbers)}"
                self.server(params["DBInstanceIdentifier"]).image(image)
                self._images[params["DBSnapshotIdentifier"]] = image
            case "CopyDBSnapshot":
                source = lookups.name_of(params["SourceDBSnapshotIdentifier"]).removeprefix("snapshot:")
                self._images[params["TargetDBSnapshotIdentifier"]] = self._images[source]
            case "RestoreDBInstanceFromDBSnapshot":
                made, server = self.instance(params["DBInstanceIdentifier"]), self._new()
                server.jobs = self._schedules(made)
                server.begin(self._images[lookups.name_of(params["DBSnapshotIdentifier"]).removeprefix("snapshot:")])
                self.servers[made.resource_id] = server
            case "RebootDBInstance":
                self._reboot(params["DBInstanceIdentifier"])
            case "ModifyDBInstance" if params.get("NewDBInstanceIdentifier"):
                self._reboot(params["DBInstanceIdentifier"])
            case "DeleteDBInstance":
                self.server(params["DBInstanceIdentifier"]).stop()

    def _reboot(self, name: str) -> None:
        db, server = self.instance(name), self.server(name)
        server.jobs = self._schedules(db)
        server.restart()

    # who comes in

    def endpoint(self, name: str, address: str = CLIENT) -> int:
        """Return the local port that stands for an endpoint's name, as seen from an address."""
        if (name, address) not in self._ports:
            self._ports[name, address] = Port(lambda: self.admits(name, address))
        return self._ports[name, address].number

    def connect(self, engine: str, address: Address, credentials: Credentials) -> Login:
        """Log in as sealift does, by its own driver, from where `--fence-from` says."""
        port = self.endpoint(address.host.split(".", 1)[0], VERIFIER)
        return logins.connect(engine, Address("127.0.0.1", port, SERVICE), credentials)

    def close(self) -> None:
        """Stop everything."""
        for port in self._ports.values():
            port.close()
        for server in self.servers.values():
            server.stop()


class Port:
    """A port that asks for each new connection where it may go."""

    def __init__(self, whither: Any) -> None:
        self._whither = whither
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.number = int(self._listening.getsockname()[1])
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            port = self._whither()
            try:
                far = socket.create_connection(("127.0.0.1", port)) if port else None
            except OSError:
                far = None
            if far is None:
                near.close()
                continue
            for a, b in ((near, far), (far, near)):
                threading.Thread(target=_pump, args=(a, b), daemon=True).start()

    def close(self) -> None:
        """Let nobody in any more."""
        self._listening.close()


def _pump(a: socket.socket, b: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := a.recv(65536):
            b.sendall(data)
    for end in (a, b):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()


class Writer(threading.Thread):
    """An application that writes one row after the other, keeps its connection as long as it lasts, and knows what was
    acknowledged.
    """

    def __init__(self, plane: Plane, name: str, *, pause: float = 0.002) -> None:
        super().__init__(daemon=True)
        self.acknowledged: dict[int, str] = {}
        self.connections, self.refusal = 0, ""
        self._kind, self._port, self._pause = plane.kind(plane.home, "nowhere"), plane.endpoint(name), pause
        self._ending = threading.Event()

    def run(self) -> None:
        numbers = itertools.count(1)
        connection = None
        while not self._ending.is_set():
            try:
                if connection is None:
                    connection = self._kind.connect(port=self._port)
                    self.connections += 1
                number = next(numbers)
                body = f"row {number} at {time.time_ns()}"
                connection.cursor().execute("INSERT INTO writes VALUES (%s, %s, %s)", ["app", number, body])
                self.acknowledged[number] = body
                time.sleep(self._pause)
            except ERRORS as error:
                self.refusal = str(error)
                if "read-only" not in str(error):  # a connection that may not write is kept all the same
                    with contextlib.suppress(*ERRORS):
                        connection and connection.close()
                    connection = None
                time.sleep(0.02)

    def end(self) -> None:
        """Stop writing."""
        self._ending.set()
        self.join(30)


@contextlib.contextmanager
def opened(box: Sandbox, kind: type[Server], home: Path) -> Iterator[Plane]:
    """A plane, stopped at the end."""
    plane = Plane(box, kind, home)
    try:
        yield plane
    finally:
        plane.close()
