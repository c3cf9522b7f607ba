"""The one table of assumed durations: each with its source, or the word *guess*. Figures built on it are *modelled*."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from math import inf
from typing import Any, Self


def assumed(default: float, source: str) -> Any:
    """Declare a duration (seconds, or MiB per second) and where its default comes from."""
    return field(default=default, metadata={"source": source})


@dataclass(frozen=True, kw_only=True)
class Durations:
    """How long AWS takes, in seconds; rates in MiB/s. Set any by keyword; `jitter` is a seeded fraction of each."""

    volume_create_s: float = assumed(5.0, "guess; terraform-provider-aws waits for it with a first delay of 10 s")
    volume_reencrypt_s_per_gib: float = assumed(
        0.25, "guess, the bad way: a volume encrypted from a plain snapshot stays `creating` in proportion to its size"
    )
    volume_delete_s: float = assumed(3.0, "guess")
    clone_create_s: float = assumed(10.0, "ebs-copying-volume.html: `available` within seconds; the figure is a guess")
    clone_first_tib_h: float = assumed(6.0, "ebs-copying-volume.html: up to 6 h for the first TiB")
    clone_further_tib_h: float = assumed(1.2, "ebs-copying-volume.html: 1.2 h for each further TiB")
    clone_most_h: float = assumed(24.0, "ebs-copying-volume.html: up to 24 h above 16 TiB")
    restore_mib_per_s: float = assumed(50.0, "guess: best-effort initialisation of a volume made from a snapshot")
    initialization_stale_s: float = assumed(300.0, "ebs-initialize-monitor.html: figures are up to 5 minutes old")
    fast_restore_enabling_s: float = assumed(30.0, "guess: `enabling` of a fast snapshot restore")
    fast_restore_s_per_gib: float = assumed(
        3.515625, "ebs-fast-snapshot-restore.html: `optimizing` takes 60 minutes for each TiB; no guess"
    )
    archive_s: float = assumed(
        86_400.0, "guess: a snapshot's way into the archive tier; 24 to 72 h are told of in public"
    )
    unarchive_s: float = assumed(259_200.0, "snapshot-archive.html: up to 72 hours; the whole of it is the bad way")
    root_pending_s: float = assumed(20.0, "guess: `pending` of a root volume replacement, while the volume is made")
    root_swap_s: float = assumed(60.0, "guess: `in-progress` of a root volume replacement, the boot included")
    tags_visible_s: float = assumed(0.0, "option: how long filters by tag miss new tags; AWS gives no figure")
    attach_s: float = assumed(3.0, "guess")
    detach_s: float = assumed(5.0, "guess")
    snapshot_s: float = assumed(30.0, "guess: the least a snapshot takes, however small")
    snapshot_mib_per_s: float = assumed(150.0, "guess: AWS publishes none")
    copy_s: float = assumed(30.0, "guess: the least a snapshot copy takes")
    copy_mib_per_s: float = assumed(200.0, "guess; a time-based copy is capped at 500 MiB/s (time-based-copies.html)")
    key_check_s: float = assumed(3.0, "guess: when an asynchronous key check comes to its end")
    start_s: float = assumed(15.0, "guess: `pending` to `running`")
    start_refused_s: float = assumed(5.0, "guess: `pending` back to `stopped` when the key is not usable")
    stop_s: float = assumed(40.0, "guess: `stopping` to `stopped`, a clean shutdown")
    terminate_s: float = assumed(30.0, "guess")
    status_checks_s: float = assumed(120.0, "guess: `initializing` to `ok` after `running`")
    standby_s: float = assumed(20.0, "guess")
    asg_check_s: float = assumed(
        60.0, "guess: until a group notices that a member, or its number, is not as it should be"
    )
    dlm_start_s: float = assumed(1800.0, "botocore dlm CreateRule.Times: within one hour; the figure is a guess")
    backup_start_s: float = assumed(3600.0, "guess: of a start window that is 8 hours by default")
    command_s: float = assumed(5.0, "guess: a command of Systems Manager, from sent to done")
    command_seen_s: float = assumed(1.0, "guess: until GetCommandInvocation knows of a command (eventual consistency)")
    automation_s: float = assumed(2.0, "guess: `Pending` of an automation before its first step")
    automation_step_s: float = assumed(1.0, "guess: between two steps of an automation")
    trail_s: float = assumed(
        300.0, "how-cloudtrail-works.html: about 5 minutes on average, not guaranteed; taken as the least: a guess"
    )
    trail_most_s: float = assumed(900.0, "guess, from older pages: events appear within 15 minutes; each in between")
    modify_s: float = assumed(300.0, "guess: a volume's `modifying` before `optimizing`")
    db_create_s: float = assumed(420.0, "guess: `creating` of a DB instance, Multi-AZ or not")
    db_backup_s: float = assumed(60.0, "guess: `backing-up` after `creating`, and in the backup window")
    db_modify_lag_s: float = assumed(
        20.0, "guess: how long the status still says `available` after ModifyDBInstance has returned"
    )
    db_modify_s: float = assumed(60.0, "guess: `modifying` for what needs no new host")
    db_class_change_s: float = assumed(420.0, "guess: a new class, Multi-AZ, engine version or storage type")
    db_groups_s: float = assumed(45.0, "guess: until network interfaces carry changed security groups")
    db_rename_s: float = assumed(540.0, "USER_RenameInstance.html: about 10 minutes with the reboot; split by guess")
    db_reboot_s: float = assumed(60.0, "guess: `rebooting`")
    db_stop_s: float = assumed(240.0, "guess: `stopping`")
    db_start_s: float = assumed(360.0, "guess: `starting`")
    db_stopped_most_s: float = assumed(604_800.0, "botocore rds StopDBInstance: restarts after 7 days; no guess")
    db_delete_s: float = assumed(180.0, "guess: `deleting`")
    db_snapshot_s: float = assumed(60.0, "guess: the least a DB snapshot takes")
    db_snapshot_mib_per_s: float = assumed(150.0, "guess: AWS publishes none")
    db_copy_s: float = assumed(60.0, "guess: the least a DB snapshot copy takes")
    db_copy_pending_s: float = assumed(10.0, "guess: `pending` of a copy before `creating`")
    db_copy_mib_per_s: float = assumed(150.0, "guess: AWS publishes none")
    db_restore_s: float = assumed(600.0, "guess: `creating` of a restored instance; its data arrive lazily")
    db_restore_mib_per_s: float = assumed(50.0, "guess: the lazy load after a restore")
    db_parameters_s: float = assumed(20.0, "guess: `applying` of a changed parameter or parameter group")
    db_proxy_s: float = assumed(30.0, "guess: a proxy, a target or a custom endpoint until it is usable")
    db_secret_s: float = assumed(60.0, "guess: a managed master secret's `creating`")
    metric_sampled_s: float = assumed(30.0, "guess: when in its minute RDS reads what a metric of it shows")
    metric_late_s: float = assumed(60.0, "guess: until CloudWatch shows a minute that has passed")
    db_replica_lag_s: float = assumed(2.0, "guess: how far a replica is behind")
    aurora_replica_lag_s: float = assumed(0.1, "Aurora.Replication.html: usually much less than 100 ms; a guess")
    integration_s: float = assumed(1800.0, "guess: a zero-ETL integration's `creating`")
    integration_delete_s: float = assumed(300.0, "guess: its `deleting`")
    reader_scaling_s: float = assumed(
        1800.0, "guess: how often a scaling policy of Aurora wants a reader more; on AWS its metric decides"
    )
    cluster_create_s: float = assumed(120.0, "guess: `creating` of a cluster, members apart")
    cluster_restore_s: float = assumed(420.0, "guess: `creating` of a cluster restored from a snapshot")
    cluster_rename_s: float = assumed(120.0, "multi-az-db-cluster-rename.html: about 2 minutes; for Aurora a guess")
    green_provision_s: float = assumed(1800.0, "guess: PROVISIONING of a Blue/Green deployment, beside the load")
    switchover_s: float = assumed(
        45.0, "botocore rds SwitchoverBlueGreenDeployment: typically under a minute; the figure is a guess"
    )
    failover_s: float = assumed(35.0, "Concepts.MultiAZ.Failover.html: typically 60 to 120 s; Aurora less: a guess")
    db_key_noticed_s: float = assumed(600.0, "guess: until RDS notices that a database's key cannot be used")
    db_key_grace_s: float = assumed(604_800.0, "Overview.Encryption.html: recoverable for seven days; no guess")
    visible_s: float = assumed(0.0, "option: how long a created id stays unknown to describes; AWS gives no figure")
    jitter: float = 0.0

    @classmethod
    def instant(cls) -> Self:
        """Every state is reached at once."""
        return cls(**{f.name: inf if f.name.endswith("_mib_per_s") else 0.0 for f in fields(cls)})

    @classmethod
    def table(cls) -> Iterator[tuple[str, float, str]]:
        """Yield name, default and source of every assumption."""
        for f in fields(cls):
            if "source" in f.metadata:
                yield f.name, float(f.default), f.metadata["source"]  # type: ignore[arg-type]  # all have float defaults

    def spread(self, seconds: float, rng: random.Random) -> float:
        """Return `seconds` with this table's jitter."""
        return seconds * (1 + self.jitter * rng.uniform(-1, 1)) if self.jitter else seconds

    def snapshot(self, mib: float) -> float:
        """Seconds until a snapshot of `mib` changed MiB is `completed`."""
        return self.snapshot_s + mib / self.snapshot_mib_per_s

    def copy(self, mib: float) -> float:
        """Seconds until a snapshot copy that moves `mib` MiB is `completed`."""
        return self.copy_s + mib / self.copy_mib_per_s

    def db_snapshot(self, mib: float) -> float:
        """Seconds until a DB snapshot of `mib` changed MiB is `available`."""
        return self.db_snapshot_s + mib / self.db_snapshot_mib_per_s

    def db_copy(self, mib: float) -> float:
        """Seconds until a DB snapshot copy that moves `mib` MiB is `available`."""
        return self.db_copy_s + mib / self.db_copy_mib_per_s

    def clone_hydration(self, size_gib: int) -> float:
        """Seconds until a volume copy of `size_gib` holds all its data."""
        tib = size_gib / 1024
        hours = self.clone_first_tib_h * min(1.0, tib) + self.clone_further_tib_h * max(0.0, tib - 1)
        return 3600 * min(hours, self.clone_most_h)

    def restore_hydration(self, size_gib: int, rate: int | None) -> float:
        """Seconds until a volume made from a snapshot holds all its data, at `rate` MiB/s where one was bought."""
        if self.restore_mib_per_s == inf:
            return 0.0
        return size_gib * 1024 / (rate or self.restore_mib_per_s)
