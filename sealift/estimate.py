"""Assumed durations, in one table, and what they come to. Every figure here is *modelled*: none was measured on AWS.

Sources: D1 = EBS user guide "Copy an EBS volume" (initialisation at best effort: 6 h for the first TiB, 1.2 h for each
further one);
D5 = EBS user guide "Initialize EBS volumes" (provisioned rate 100-300 MiB/s); waits of hashicorp/terraform-provider-aws
(internal/service/ec2/wait.go) for what states usually take; *guess* where nothing was found.
"""

from sealift.step import Seconds

MIB_PER_GIB = 1024

STOP = Seconds(30, 900)  # guess; worst is the stop deadline
START = Seconds(15, 300)  # guess
ATTACH = Seconds(3, 60)  # guess
DETACH = Seconds(3, 60)  # guess
COPY_VOLUME = Seconds(5, 60)  # D1: available "within seconds"
CREATE_VOLUME = Seconds(5, 600)  # unsettled: how long an encrypted volume of a plain snapshot stays `creating`
SMALL_CALL = Seconds(0.2, 20)
STANDBY = Seconds(10, 120)  # guess
STATUS_CHECKS = Seconds(120, 900)  # EC2 user guide: checks run every minute
SNAPSHOT_FLOOR = 20.0  # guess: seconds of the smallest snapshot
SNAPSHOT_MIB_S = 100.0  # guess: how fast changed blocks reach S3
COPY_SNAPSHOT_MIB_S = 150.0  # guess; time-based copies are capped at 500 (EBS user guide, "Time-based copies")
WORST = 4.0  # guess: how much slower than expected S3 may be
DELTA_SHARE = 0.01  # guess: changed since the warm snapshot, of the volume's size
INIT_FIRST_TIB_MIB_S = 48.5  # derived from D1
INIT_LATER_MIB_S = 243.0  # derived from D1
CLONE_CAP_IOPS, CLONE_CAP_MIB_S = 3000, 125  # D1: while initialising, min(these, source, copy)
ARM = Seconds(5, 300)  # guess: until an automation has left `Pending`; 100 run at a time
WATCHDOG_LEAD = 300.0  # chosen: seconds for which an armed watchdog is fresh enough at the gate
WATCHDOG_MARGIN = 300.0  # chosen: seconds between the end of the worst way back and the moment when the watchdog acts
WATCHDOG_ASIDE = 60.0  # chosen: between its word and its deed; twice a request of ours, and more (engine.REQUEST_LIFE)
WATCHDOG_MOST = 604_799.0  # Systems Manager user guide, aws:sleep: the longest delay of an automation
LAZY_MIB_S = 48.5  # guess: a volume of a snapshot with no rate bought, taken as bad as a clone

# Databases. R1 = RDS user guide, "Renaming a DB instance": about 10 minutes; the rest is guessed, and taken as long as it may be.
DB_SNAPSHOT_FLOOR, DB_SNAPSHOT_MIB_S = 60.0, 150.0  # guess
DB_CHANGED_MIB_S = 1.0  # guess: changed blocks a second
DB_SINCE_WARM = Seconds(1800, 21_600)  # guess: a plan that is run at once; worst is --warm-max-age
DB_COPY_FLOOR, DB_COPY_MIB_S = 60.0, 150.0  # guess; a copy of a plain snapshot under a key is planned as full
DB_RESTORE = Seconds(600, 3600)  # guess; its data arrive lazily
DB_FIRST_BACKUP = Seconds(60, 600)  # guess: `backing-up` after `creating`, where backups are kept
CLUSTER_RESTORE = Seconds(420, 3600)  # guess; its data arrive lazily
MEMBER_CREATE = Seconds(420, 1800)  # guess
CLUSTER_RENAME = Seconds(140, 900)  # "Renaming a Multi-AZ DB cluster": about 2 minutes, after a lag; for Aurora a guess
ENDPOINT = Seconds(30, 600)  # guess: a custom endpoint until it is available
DB_MODIFY = Seconds(80, 900)  # guess: until the status turns, then `modifying`
DB_NOTED = Seconds(0.2, 900)  # guess: what RDS notes down and nothing is `modifying` for
DB_PARAMETERS = Seconds(20, 300)  # guess: a parameter group that is `applying`
DB_CLUSTER_PARAMETERS = Seconds(0.2, 300)  # guess: a cluster's is `pending-reboot` at once
DB_ROLE = Seconds(20, 300)  # guess: an associated role until it is ACTIVE
DB_GROUPS = Seconds(45, 900)  # guess: until network interfaces carry changed security groups
DB_OPENED = Seconds(0.2, 900)  # the same, after the reboot that comes between
DB_REBOOT = Seconds(60, 600)  # guess
DB_RENAME = Seconds(620, 1800)  # R1
DB_DELETE = Seconds(180, 1800)  # guess
DB_SECRET = Seconds(60, 600)  # guess
LOGIN = Seconds(1, 60)
PROOF = Seconds(5, 300)  # two readings inside the engine, or what CloudWatch has shown by then
PROOF_BY_METRICS = Seconds(150, 600)  # until a minute that began behind the fence has passed and is shown; guess
SWITCHOVER = Seconds(45, 300)  # AWS: typically under a minute; worst is its time-out
BLUE_GREEN = Seconds(1800, 6 * 3600)  # guess: beside the load
PROXY_TARGET = Seconds(30, 600)  # guess


def db_snapshot(changed_gib: float) -> Seconds:
    """Return the seconds of a database snapshot of `changed_gib` GiB of changed blocks."""
    expected = DB_SNAPSHOT_FLOOR + changed_gib * MIB_PER_GIB / DB_SNAPSHOT_MIB_S
    return Seconds(expected, expected * WORST)


def db_last_snapshot(size_gib: float | None) -> Seconds:
    """Return the seconds of a snapshot that builds on a warm one: what is changed goes by time, and is no more than there is."""
    changed, most = DB_CHANGED_MIB_S * DB_SINCE_WARM.expected, DB_CHANGED_MIB_S * DB_SINCE_WARM.worst
    if size_gib is not None:
        changed, most = min(changed, size_gib * MIB_PER_GIB), min(most, size_gib * MIB_PER_GIB)
    return Seconds(
        DB_SNAPSHOT_FLOOR + changed / DB_SNAPSHOT_MIB_S, (DB_SNAPSHOT_FLOOR + most / DB_SNAPSHOT_MIB_S) * WORST
    )


def db_copy(size_gib: float) -> Seconds:
    """Return the seconds of a full copy of a database snapshot."""
    expected = DB_COPY_FLOOR + size_gib * MIB_PER_GIB / DB_COPY_MIB_S
    return Seconds(expected, expected * WORST)


def snapshot(changed_gib: float) -> Seconds:
    """Return the seconds that a snapshot of `changed_gib` GiB of changed blocks takes."""
    expected = SNAPSHOT_FLOOR + changed_gib * MIB_PER_GIB / SNAPSHOT_MIB_S
    return Seconds(expected, expected * WORST)


def full_copy(size_gib: float) -> Seconds:
    """Return the seconds of a full snapshot copy: a copy under another key is planned as full (EBS user guide,
    ebs-copy-snapshot).
    """
    expected = SNAPSHOT_FLOOR + size_gib * MIB_PER_GIB / COPY_SNAPSHOT_MIB_S
    return Seconds(expected, expected * WORST)


def hydration(size_gib: float) -> float:
    """Return the worst seconds until a clone of `size_gib` GiB is initialised (D1)."""
    first = min(size_gib, 1024) * MIB_PER_GIB / INIT_FIRST_TIB_MIB_S
    return first + max(0.0, size_gib - 1024) * MIB_PER_GIB / INIT_LATER_MIB_S


def initialisation(size_gib: float, rate_mib_s: int | None) -> float:
    """Return the seconds until a volume made of a snapshot is initialised, at a bought rate or without one."""
    return size_gib * MIB_PER_GIB / (rate_mib_s or LAZY_MIB_S)
