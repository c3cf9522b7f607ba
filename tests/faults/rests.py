"""How things stand between the commands of a walk, and when everything has healed: what is wrong, in words."""

import re
from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import select

from sealift.driver import Outcome
from sealift.journal import LEAVING, State, _locks, _slots, _switches
from tests import clusters
from tests.faults.judging import masked
from tests.faults.stage import OTHERS
from tests.faults.terrain import ACCOUNTS, REGION, Came, Goal, Terrain, told_in

CODES = (0, 1, 2, 3, 4, 5, 6, 130)
ENDS = ("retained", "rolled-back", "finalized", "given-up")
"""How a migration comes to rest by itself."""

NEVER_CHANGES = ("verify", "adopt")
COMMANDS = re.compile(r"sealift (resume|accept|rollback) (mig-[0-9a-f]{10})((?: --[a-z-]+)*)")
DISK = ("VolumeType", "Size", "Iops", "Throughput", "MultiAttachEnabled")
DATABASE = (
    *("DBInstanceClass", "AllocatedStorage", "StorageType", "Iops", "MultiAZ", "DeletionProtection", "Engine"),
    *("BackupRetentionPeriod", "ReadReplicaSourceDBInstanceIdentifier", "ReadReplicaDBInstanceIdentifiers"),
    *("DBParameterGroups", "DBClusterParameterGroup", "VpcSecurityGroups", "DBClusterMembers", "PromotionTier"),
)


# -- after a command


def after(t: Terrain, came: Came, changed: list[Any]) -> Iterator[str]:
    """Yield what is wrong with an outcome. `changed`: what requests have changed meanwhile, empty where others were at work too."""
    outcome = came.outcome
    if outcome is None:
        return
    said = f"{came.errand.verb} ended with {outcome.exit_code}: {outcome.message!r}"
    if outcome.exit_code not in CODES:
        yield f"an unknown code: {said}"
    if not outcome.message or "\n" in outcome.message or "Traceback" in outcome.message:
        yield f"a message is one line: {said}"
    if outcome.target.split(":")[-1] not in outcome.message and (outcome.migration or "mig-") not in outcome.message:
        yield f"a message names its target {outcome.target}: {said}"
    if changed and (came.errand.verb in NEVER_CHANGES or (outcome.exit_code == 4 and not _walked(came))):
        yield f"{said}, and it sent {[e.operation for e in changed[:4]]}"
    if came.errand.verb in ("migrate", "resume", "rollback", "accept", "finalize") and outcome.migration:
        yield from (f"{how}: {said}" for how in _fits(t.state(outcome.migration), outcome))


def _walked(came: Came) -> bool:
    """Tell whether a command that was refused may have sent something: one that was refused at its gate cleans up."""
    return came.errand.verb in ("migrate", "resume")


def _fits(state: State, outcome: Outcome) -> Iterator[str]:
    match outcome.exit_code:
        case 0 if state.end not in ENDS:
            yield f"code 0, and it is not at rest but {state.end}"
        case 3 if state.quiesced is not None and state.attempt_open:
            yield "left at the gate, after its quiesce"
        case 5 if state.end != "rolled-back":
            yield f"code 5, and it is not rolled back but {state.end}"
        case 6 if not COMMANDS.search(outcome.message):
            yield "a person is needed, and no command is named"
        case 4 if COMMANDS.search(outcome.message):
            return  # refused as it stands, and how it goes on is said: whoever died has left it so
        case 1 | 2 | 3 | 4 | 130 if state.in_cut and state.back_up is None:
            yield "a workload is down, and no person is asked for"


# -- between commands


def between(t: Terrain) -> Iterator[str]:
    """Yield what does not fit together in the journal: nothing that rests has a slot or owes a switch."""
    with t.journal._read() as db:
        switches, slots = db.execute(select(_switches)).all(), db.execute(select(_slots)).all()
    ends = {str(m["id"]): t.state(str(m["id"])).end for m in t.migrations()}
    for row in switches:
        if row.leaving == LEAVING and ends.get(row.migration) in ENDS:
            yield f"{row.migration} is {ends[row.migration]}, and still owes {row.name} {row.owed}"
    for row in slots:
        if ends.get(row.migration) in ("rolled-back", "finalized", "given-up"):
            yield f"{row.migration} is {ends[row.migration]}, and holds {row.slots} of {row.quota}"
    yield from map(str, t.invariants.violations)


# -- when everything has healed


class Before:
    """How the targets and the accounts were before a walk."""

    def __init__(self, t: Terrain) -> None:
        self.images = {g.text: image(t, g) for g in t.goals}
        self.places = {a: _place(t, a) for a in ACCOUNTS}
        self.neighbours = _neighbours(self.places)

    def wrong(self, t: Terrain) -> Iterator[str]:
        """Yield what is wrong at the end of a walk that has healed."""
        newest = {t.goal_of(m).text: str(m["id"]) for m in t.migrations()}
        for goal in t.goals:
            migration = newest.get(goal.text)
            yield from (f"{goal.text} ({migration}): {w}" for w in self._of(t, goal, migration))
        places = {a: _place(t, a) for a in ACCOUNTS}
        if (now := _neighbours(places)) != self.neighbours:
            yield f"neighbours changed: {[x for x in now if x not in self.neighbours][:3]}"
        yield from self._left(t, places)
        yield from _held(t)
        given_up = t.invariants.given_up
        losses = [*t.box.losses(), *t.box.db_losses()]
        yield from (f"lost: {x}" for x in losses if x.end > given_up.get(getattr(x, "instance", None) or x.name, 0.0))
        yield from (f"ran twice: {x}" for x in t.box.double_runs())

    def _of(self, t: Terrain, goal: Goal, migration: str | None) -> Iterator[str]:
        end = t.state(migration).end if migration else None
        moved = t.state(migration).outputs if migration and end in ("retained", "finalized") else {}
        was, now = self.images[goal.text], image(t, goal, {str(o.get("VolumeId")) for o in moved.values()})
        if end not in (*ENDS, None) or (migration and end is None):
            yield f"it did not come to rest: {end}"
        elif end in ("retained", "finalized"):
            yield from _differences(_plain(was), _plain(now))
            yield from (f"{where} is not under the key" for where, one in now.items() if not _sealed(t, goal, one))
        elif not self._once_moved(t, goal):
            yield from _differences(was, now)

    def _once_moved(self, t: Terrain, goal: Goal) -> bool:
        """Tell whether an earlier migration of a target has been finalized: what was before is no more."""
        known = (m for m in t.migrations() if t.state(str(m["id"])).end == "finalized")
        return goal.text in t.once_finalized or any(t.goal_of(m) == goal for m in known)

    def _left(self, t: Terrain, places: dict[str, dict[str, Any]]) -> Iterator[str]:
        """Yield what there is that was not there before, and that no row names, or that a way back should have cleaned."""
        told, ends = told_in(t), {str(m["id"]): t.state(str(m["id"])) for m in t.migrations()}
        for account, place in places.items():
            for kind, things in place.items():
                for name, owner in things.items():
                    if name in self.places[account].get(kind, {}):
                        continue
                    state = ends.get(owner)
                    if name not in told and not any(part in told for part in _stems(name)):
                        yield f"{kind} {name} of {owner} is in no row"
                    elif state is not None and state.end == "rolled-back" and not _named(state, name):
                        yield f"{kind} {name} is left of {owner}, which was put back"


def _stems(name: str) -> tuple[str, ...]:
    """Return by what RDS has named it: green databases, and members of a Multi-AZ cluster, bear another's name and a suffix."""
    parts = (name.split("-green-", 1)[0], name.removesuffix("-old1"), name.split("-instance-", 1)[0])
    return tuple(p for p in parts if p != name)


def _named(state: State, name: str) -> bool:
    return any(name in line for line in (*state.leftovers, *state.kept))


def _held(t: Terrain) -> Iterator[str]:
    """Yield the locks that something at rest still has, and processes that nobody needs suspended."""
    with t.journal._read() as db:
        locks = db.execute(select(_locks)).all()
    for row in locks:
        if t.state(row.migration).end in ENDS:
            yield f"{row.migration} is at rest, and still holds {row.resource}"
    with t.account(ACCOUNTS[0]):
        for group in t.box.client("autoscaling", REGION).describe_auto_scaling_groups()["AutoScalingGroups"]:
            if off := [p["ProcessName"] for p in group["SuspendedProcesses"]]:
                yield f"{group['AutoScalingGroupName']} still has {off} suspended, and all is at rest"


def _differences(was: dict[str, Any], now: dict[str, Any]) -> Iterator[str]:
    for where in {**was, **now}:
        if was.get(where) != now.get(where):
            one, other = was.get(where), now.get(where)
            if one and other:
                one, other = ({k: v for k, v in a.items() if v != b.get(k)} for a, b in ((one, other), (other, one)))
            yield f"{where} was {one} and is {other}"


def _sealed(t: Terrain, goal: Goal, one: dict[str, Any]) -> bool:
    return one.get("key", t.keys[goal.account]) == t.keys[goal.account]


def _plain(images: dict[str, Any]) -> dict[str, Any]:
    apart = ("id", "key", "DeletionProtection")  # a database that is moved is protected until it is finalized
    return {where: {k: v for k, v in one.items() if k not in apart} for where, one in images.items()}


def image(t: Terrain, goal: Goal, made: Collection[str] = ()) -> dict[str, Any]:
    """Return what of a target has to be the same afterwards, by device or name; `id` and `key` differ on a replacement.

    `made` are volumes of which one has taken the place of a volume that is attached to nothing.
    """
    with t.account(goal.account):
        if goal.text.startswith(("rds:", "aurora:")):
            return _databases(t, goal)
        filters = {"attachment.instance-id": [goal.unit]} if goal.unit.startswith("i-") else {}
        asked = {"Filters": [{"Name": k, "Values": v} for k, v in filters.items()]} if filters else {}
        volumes = t.world.ec2.describe_volumes(**asked)["Volumes"]
    if filters:
        return {a["Device"]: _disk(v, a) for v in volumes for a in v["Attachments"] if a["InstanceId"] == goal.unit}
    return {"it": _disk(v, {}) for v in volumes if v["VolumeId"] in (made or [goal.unit])}  # noqa: B035 - there is one


def _disk(volume: Any, attachment: Any) -> dict[str, Any]:
    tags = sorted((x["Key"], x["Value"]) for x in volume.get("Tags", ()) if not x["Key"].startswith("sealift:"))
    return {
        **{k: volume.get(k) for k in DISK},
        "tags": tags,
        "at": attachment.get("State"),
        "ends with it": attachment.get("DeleteOnTermination"),
        "id": volume["VolumeId"],
        "key": volume.get("KmsKeyId"),
    }


def _databases(t: Terrain, goal: Goal) -> dict[str, Any]:
    there = {**clusters.instances(t.world)["instances"], **clusters.described(t.world)}
    mine = {n: d for n, d in there.items() if n == goal.unit or (n.startswith(f"{goal.unit}-") and n.count("-") == 1)}
    return {
        name: {
            # RDS chooses the zones of restored members (R-RDS-83), and calls a cluster by what comes of it
            **{k: masked(d.get(k)) for k in DATABASE if k != "MultiAZ" or "DbiResourceId" in d},
            "id": d.get("DbiResourceId") or d.get("DbClusterResourceId"),
            "key": d.get("KmsKeyId"),
        }
        for name, d in mine.items()
        if not name.endswith("-old1") and "sealift" not in name
    }


def _place(t: Terrain, account: str) -> dict[str, dict[str, str]]:
    """Return what there is in an account, by kind and name, each with the migration that its tags name."""
    with t.account(account):
        ec2, seen = t.world.ec2, clusters.picture(t.world)
        tagged = ec2.describe_tags(Filters=[{"Name": "key", "Values": ["sealift:migration"]}])["Tags"]
        owner = {x["ResourceId"]: x["Value"] for x in tagged}
        names = {
            "volume": [v["VolumeId"] for v in ec2.describe_volumes()["Volumes"]],
            "snapshot": [s["SnapshotId"] for s in ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]],
            **{k: seen[k] for k in ("instances", "clusters", "db snapshots", "cluster snapshots")},
            "security group": [g["GroupId"] for g in ec2.describe_security_groups()["SecurityGroups"]],
        }
    return {kind: {str(n): owner.get(str(n), "") for n in things} for kind, things in names.items()}


def _neighbours(places: dict[str, dict[str, dict[str, str]]]) -> list[str]:
    found = [
        f"{k} {n}" for place in places.values() for k, things in place.items() for n, o in things.items() if o == OTHERS
    ]
    return sorted(found)
