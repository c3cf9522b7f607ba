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
LAZY_MIB_S = 48.5  # guess: a volume of a snapshot with no rate bought, taken as bad as a clone


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
