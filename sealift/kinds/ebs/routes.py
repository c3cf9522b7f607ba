"""The recipes for EBS. One order of every cutover: flags off, quiesce, stop, detach, last copy, attach, flags, verify
cold, start.

EC2 has no "do not start": a box without its root disk is the fence, so the root is detached first, alone. Where the
root stays, the
instance's LaunchTime is compared before every further step.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict

from sealift import estimate
from sealift.kinds.ebs.facts import InstanceFacts, VolumeAlone, VolumeFacts
from sealift.options import Options
from sealift.recipe import DOWN, Lanes, recipe, seconds_back, total
from sealift.step import Context, Phase, Ref, Step, Tags, safe_key
from sealift.steps import (
    ArmWatchdog,
    AttachVolume,
    ClaimHeld,
    CopySnapshot,
    CopyVolume,
    CreateVolume,
    DeleteRunbook,
    DetachVolume,
    DisarmWatchdog,
    EnterStandby,
    ExitStandby,
    GiveTags,
    KeepOnTermination,
    LastSnapshot,
    MakeRunbook,
    MarkBringUp,
    MarkCut,
    MarkSource,
    ReadLaunch,
    RecordCut,
    ReleaseCapacity,
    ReleaseSlots,
    RemoveTags,
    RenewWarmSnapshot,
    ReserveCapacity,
    ReserveSlots,
    ResumeProcesses,
    RunHook,
    SaveState,
    SetAside,
    SetAutoEnableIO,
    SetFlags,
    SourceQuiet,
    SourcesStillQuiet,
    StartInstance,
    StatusChecks,
    StopInstance,
    SuspendProcesses,
    VerifyAttachments,
    VerifyServing,
    VerifyVolumes,
    WarmSnapshot,
)
from sealift.steps.autoscaling import PROCESSES
from sealift.steps.runbook import CUT as CUT_TAG
from sealift.steps.runbook import LAUNCHED, WATCHDOG, Source

Facts = InstanceFacts | VolumeAlone
Copies = Callable[[Facts, Options, VolumeFacts], list[Step]]
"""A route's last copy for one volume; the step `copy:<name>` leaves the replacement's VolumeId."""

CUT = Ref("cut", "LaunchTime")
FORMAT = "1"
TAG_LIMIT = 50
OUR_TAGS = 5  # what a replacement carries of ours: migration, step, attempt, epoch, role
APART = frozenset({
    "acks", "allow", "deny", "fence_from", "fence_login", "iac_tags", "key", "max_degraded", "notify", "readers", "retain", "route",
    "skip_tags", "state_url", "switchover_timeout", "ticket",
    "window_end", "window_last_quiesce", "window_start",
})  # fmt: skip
"""Options that decide whether and when, not what: no step is made of them, but the one that keeps the plan, which changes nothing."""
COPIES_AT_ONCE = 20
"""Snapshot copies in progress for a destination Region (EBS user guide, Copy a snapshot)."""
PREPARE, CUTOVER, CONFIRM = Phase.PREPARE, Phase.CUTOVER, Phase.CONFIRM


def name(volume: VolumeFacts) -> str:
    """Return the lane of a volume: its device, or its id where it has none."""
    return volume.device or volume.id


def replacement(volume: VolumeFacts) -> Ref:
    """Return the id of a volume's replacement, which its copy step leaves."""
    return Ref(f"copy:{name(volume)}", "VolumeId")


def inputs_digest(facts: Facts, options: Options, route: str) -> str:
    """Digest what a recipe is made of, so that `adopt` can tell whether it rebuilt the same one."""
    chosen = {k: v for k, v in asdict(options).items() if k not in APART}
    body = {"identity": identity(facts), "route": route, "key": facts.key.arn, "options": chosen}
    return hashlib.sha256(json.dumps(body, sort_keys=True, default=str).encode()).hexdigest()[:16]


def identity(facts: Facts) -> dict[str, object]:
    """Return the facts whose change refuses a target: volumes, attachments, shape and key. Others are noted."""
    volumes = {
        v.id: {
            "device": v.device,
            "card": v.card,
            "type": v.type,
            "size": v.size,
            "iops": v.iops,
            "throughput": v.throughput,
            "multi_attach": v.multi_attach,
            "zone": v.zone,
            "encrypted": v.encrypted,
            "delete_on_termination": v.delete_on_termination,
            "auto_enable_io": v.auto_enable_io,
            "attachers": list(v.attachers),
        }
        for v in facts.volumes
    }
    about: dict[str, object] = {
        "volumes": volumes,
        "key": facts.key.arn,
        "account": facts.account,
        "region": facts.region,
    }
    if isinstance(facts, InstanceFacts):
        about |= {
            "instance": facts.id,
            "state": facts.state,
            "root_device": facts.root_device,
            "asg": facts.asg.name if facts.asg else "",
        }
    return about


def was(facts: Facts, volume: VolumeFacts) -> str:
    """Pack the former values that the way back needs into RDS's tag alphabet, at most 256 characters."""
    words = {
        "v": volume.id,
        "d": volume.device or "",
        "t": str(int(volume.delete_on_termination)),
        "a": str(int(bool(volume.auto_enable_io))),
    }
    if volume.card is not None:
        words["c"] = str(volume.card)
    if isinstance(facts, InstanceFacts):
        words |= {"i": facts.id, "s": facts.state}
        if facts.asg is not None:
            off = [str(n) for n, p in enumerate(PROCESSES) if p in facts.asg.suspended]
            words |= {"l": facts.asg.lifecycle, **({"p": "".join(off)} if off else {})}
    return safe_key(" ".join(f"{k}={v}" for k, v in words.items()))[:256]


def user_tags(volume: VolumeFacts, options: Options) -> Tags:
    """Return the tags that come over: without `aws:*` (reserved) and ours, within the limit of 50 (R-EBS-10)."""
    room = TAG_LIMIT - OUR_TAGS - len({k for k, _ in options.extra_tags} - {k for k, _ in volume.tags})
    kept = [(k, v) for k, v in volume.tags if not k.startswith(("aws:", "sealift:"))]
    return tuple(kept[:room])


# -- pieces


def _mark(facts: Facts, options: Options, route: str) -> Lanes:
    plan = safe_key(f"{FORMAT} {route} {inputs_digest(facts, options, route)}")
    return Lanes(
        {
            name(v): [
                MarkSource(
                    key=f"mark:{name(v)}",
                    phase=PREPARE,
                    volume=v.id,
                    plan=plan,
                    was=was(facts, v),
                    extra_tags=tuple(
                        t for t in options.protect_tags if t[0] not in dict(v.tags)
                    ),  # the user's own stay
                )
            ]
            for v in facts.plain
        }
    )


def _warm(facts: Facts, options: Options) -> Lanes:
    return Lanes(
        {
            name(v): [
                WarmSnapshot(
                    key=f"warm:{name(v)}",
                    phase=PREPARE,
                    volume=v.id,
                    size=v.size,
                    extra_tags=options.extra_tags,
                    instance=_instance_of(facts),
                )
            ]
            for v in facts.plain
        }
    )


def _instance_of(facts: Facts) -> str | None:
    return facts.id if isinstance(facts, InstanceFacts) else None


def _renew(facts: Facts, options: Options) -> Lanes:
    return Lanes(
        {
            name(v): [
                RenewWarmSnapshot(
                    key=f"renew:{name(v)}",
                    phase=PREPARE,
                    volume=v.id,
                    size=v.size,
                    extra_tags=options.extra_tags,
                    instance=_instance_of(facts),
                    warm=Ref(f"warm:{name(v)}", "SnapshotId"),
                    max_age=options.warm_max_age,
                )
            ]
            for v in facts.plain
        }
    )


def _hook(facts: InstanceFacts, options: Options, when: str, phase: Phase) -> Step | None:
    command, other = (options.quiesce, options.after) if when == "quiesce" else (options.after, options.quiesce)
    if not command:
        return None
    return RunHook(
        key=f"hook:{when}",
        phase=phase,
        command=command,
        counterpart=other,
        when=when,
        timeout=options.hook_timeout,
        instance=facts.id,
        volumes=tuple(v.id for v in facts.plain),
        devices=tuple(name(v) for v in facts.plain),
    )


def _group_off(facts: InstanceFacts, options: Options) -> Step | None:
    if facts.asg is None or facts.state != "running" or facts.asg.lifecycle == "Standby":
        return None  # one that is on standby already is in nobody's care, and stays so
    if options.asg == "standby":
        return EnterStandby(key="group:off", phase=CUTOVER, instance=facts.id, group=facts.asg.name)
    wake = tuple(p for p in PROCESSES if p not in facts.asg.suspended)
    return SuspendProcesses(
        key="group:off", phase=CUTOVER, instance=facts.id, group=facts.asg.name, processes=PROCESSES, wake=wake
    )


def _group_on(facts: InstanceFacts, options: Options) -> Step | None:
    off = _group_off(facts, options)
    if isinstance(off, EnterStandby):
        return ExitStandby(key="group:on", phase=CONFIRM, instance=off.instance, group=off.group)
    if isinstance(off, SuspendProcesses):
        return ResumeProcesses(
            key="group:on", phase=CONFIRM, instance=off.instance, group=off.group, processes=off.wake
        )
    return None


def _detach(facts: InstanceFacts, volumes: tuple[VolumeFacts, ...]) -> Lanes:
    return Lanes(
        {
            name(v): [
                DetachVolume(
                    key=f"detach:{name(v)}",
                    phase=CUTOVER,
                    volume=v.id,
                    instance=facts.id,
                    device=name(v),
                    card=v.card,
                    launch_time=CUT,
                )
            ]
            for v in volumes
        }
    )


def _attach(facts: InstanceFacts) -> Lanes:
    return Lanes(
        {
            name(v): [
                AttachVolume(
                    key=f"attach:{name(v)}",
                    phase=CUTOVER,
                    volume=replacement(v),
                    instance=facts.id,
                    device=name(v),
                    card=v.card,
                    launch_time=CUT,
                )
            ]
            for v in facts.plain
        }
    )


def _auto_io(facts: Facts) -> Lanes:
    return Lanes(
        {
            name(v): [SetAutoEnableIO(key=f"auto-io:{name(v)}", phase=CUTOVER, volume=replacement(v), value=True)]
            for v in facts.plain
            if v.auto_enable_io
        }
    )


def _verify_volumes(facts: Facts) -> Step:
    shapes = tuple((v.type, v.size, v.iops, v.throughput, v.multi_attach, v.zone) for v in facts.plain)
    return VerifyVolumes(
        key="verify:volumes",
        phase=CUTOVER,
        volumes=tuple(replacement(v) for v in facts.plain),
        shapes=shapes,
        key_arn=facts.key.arn,
    )


def _hand_over_tags(facts: Facts, options: Options) -> Lanes:
    """Move the user's tags: all to the replacement, and from the retained source those that backups and schedulers
    select by.
    """
    lanes: dict[str, list[Step]] = {}
    selecting = {*(facts.selectors or ()), *options.selector_tags}
    for v in facts.plain:
        aside = tuple((k, value) for k, value in user_tags(v, options) if k in selecting)
        tags = (*user_tags(v, options), ("sealift:role", "replacement"))
        lanes[name(v)] = [GiveTags(key=f"tags:{name(v)}", phase=CONFIRM, volume=replacement(v), tags=tags)]
        if aside:
            noted = tuple((f"sealift:was-tag:{k}"[:128], value) for k, value in aside)
            lanes[name(v)] += [
                SetAside(key=f"aside:{name(v)}", phase=CONFIRM, volume=v.id, tags=noted),
                RemoveTags(key=f"untag:{name(v)}", phase=CONFIRM, volume=v.id, tags=aside),
            ]
    return Lanes(lanes)


def _shape(facts: Facts, volume: VolumeFacts) -> dict[str, object]:
    return {
        "key_arn": facts.key.arn,
        "key_name": facts.key.wanted,
        "volume_type": volume.type,
        "size": volume.size,
        "iops": volume.iops,
        "throughput": volume.throughput,
        "multi_attach": volume.multi_attach,
    }


# -- last copies


def clone_copies(facts: Facts, options: Options, volume: VolumeFacts) -> list[Step]:
    """Clone the detached source: seconds, whatever its size."""
    return [
        CopyVolume(
            key=f"copy:{name(volume)}",
            phase=CUTOVER,
            source=volume.id,
            extra_tags=options.extra_tags,
            instance=_instance_of(facts),
            **_shape(facts, volume),  # type: ignore[arg-type]
        )
    ]


def bought_rate(volume: VolumeFacts, options: Options) -> int | None:
    """Return the initialisation rate (MiB/s) of a volume made of a snapshot: as chosen, or the highest where a fast
    disk needs it.
    """
    return options.initialization_rate or (300 if volume.fast else None)


def _last(facts: Facts, options: Options, volume: VolumeFacts) -> LastSnapshot:
    return LastSnapshot(
        key=f"last:{name(volume)}",
        phase=CUTOVER,
        volume=volume.id,
        size=volume.size,
        extra_tags=options.extra_tags,
        instance=_instance_of(facts),
    )


def _create(facts: Facts, options: Options, volume: VolumeFacts, snapshot: Ref) -> CreateVolume:
    rate = bought_rate(volume, options) if facts.zone_type == "availability-zone" else None
    return CreateVolume(
        key=f"copy:{name(volume)}",
        phase=CUTOVER,
        snapshot=snapshot,
        zone=volume.zone,
        initialization_rate=rate,
        extra_tags=options.extra_tags,
        **_shape(facts, volume),  # type: ignore[arg-type]
    )


def snapshot_copies(facts: Facts, options: Options, volume: VolumeFacts) -> list[Step]:
    """Take a small last snapshot and make the volume of it, encrypted on creation."""
    last = _last(facts, options, volume)
    return [last, _create(facts, options, volume, Ref(last.key, "SnapshotId"))]


def encrypted_copies(facts: Facts, options: Options, volume: VolumeFacts) -> list[Step]:
    """Take a small last snapshot, copy it under the key, and make the volume of the copy."""
    last = _last(facts, options, volume)
    copy = CopySnapshot(
        key=f"encrypt:{name(volume)}",
        phase=CUTOVER,
        snapshot=Ref(last.key, "SnapshotId"),
        region=facts.region,
        key_arn=facts.key.arn,
        key_name=facts.key.wanted,
        size=volume.size,
        extra_tags=options.extra_tags,
    )
    return [last, copy, _create(facts, options, volume, Ref(copy.key, "SnapshotId"))]


# -- whole recipes


def _slots(facts: Facts, options: Options, route: str) -> Step | None:
    """Reserve the Region's copies in progress before the quiesce; the snapshot route needs none."""
    quotas: dict[str, tuple[str | None, int]] = {
        "clone": (CopyVolume.quota, options.clone_slots),
        "copy": (CopySnapshot.quota, COPIES_AT_ONCE),
    }
    quota, limit = quotas.get(route, (None, 0))
    if quota is None:
        return None
    source, slots = facts.plain[0].id, len(facts.plain)
    return ReserveSlots(key="slots", phase=PREPARE, source=source, quota_name=quota, slots=slots, limit=limit)


def _slots_back(facts: Facts, route: str) -> Step | None:
    """Give snapshot copies back when they have completed; a clone holds its slot until it is hydrated."""
    if route != "copy":
        return None
    return ReleaseSlots(key="slots:back", phase=CONFIRM, source=facts.plain[0].id, quota_name=CopySnapshot.quota)


def _state(facts: Facts, options: Options) -> Step | None:
    return (
        SaveState(key="state", phase=PREPARE, source=facts.plain[0].id, url=options.state_url)
        if options.state_url
        else None
    )


def guarded(facts: InstanceFacts, options: Options) -> bool:
    """Tell whether a watchdog is armed: one was asked for, and there is something to bring back."""
    return bool(options.watchdog) and facts.state == "running"


def sources(facts: InstanceFacts) -> tuple[Source, ...]:
    """Return what a watchdog puts back, the root first where it moves."""
    root_first = sorted(facts.plain, key=lambda v: v.device != facts.root_device)
    return tuple((name(v), v.id, v.card) for v in root_first)


def _make_runbook(facts: InstanceFacts, options: Options, seconds: int) -> MakeRunbook:
    return MakeRunbook(
        key="runbook",
        phase=PREPARE,
        instance=facts.id,
        role=options.watchdog,
        sources=sources(facts),
        seconds_armed=seconds,
        root_moves=facts.root_moves,
    )


def runbook_size(facts: InstanceFacts, options: Options) -> int:
    """Return the bytes of the watchdog's document, whatever the migration's id."""
    made = _make_runbook(facts, options, int(estimate.WATCHDOG_MOST))
    return len(made.content(Context("mig-0123456789", 1, 1_000)).encode())


def seconds_armed(steps: tuple[Step, ...]) -> int:
    """Return after how many seconds a watchdog acts: the worst cutover, the worst way back, and margins.

    No automation sleeps for longer than 7 days: a cutover that may take longer is turned back before that.
    """
    worst = total([s for s in steps if s.phase in DOWN]).worst + seconds_back(steps).worst
    return int(min(estimate.WATCHDOG_LEAD + worst + estimate.WATCHDOG_MARGIN, estimate.WATCHDOG_MOST))


def _arm(facts: InstanceFacts, options: Options, seconds: int) -> list[Step]:
    """Make the runbook, and arm the watchdog: the last thing at the gate. It acts only once the cut is said to be open."""
    if not seconds:
        return []
    return [
        _make_runbook(facts, options, seconds),
        ReadLaunch(key="launch", phase=PREPARE, instance=facts.id),
        ArmWatchdog(
            key="watchdog",
            phase=PREPARE,
            instance=facts.id,
            runbook=Ref("runbook", "Name"),
            launch=Ref("launch", LAUNCHED),
            seconds_armed=seconds,
            max_age=estimate.WATCHDOG_LEAD,
        ),
    ]


def _disarm(facts: InstanceFacts) -> list[Step]:
    """Take the watchdog away once the replacement runs: first itself, then what it was made of."""
    ours = ((CUT_TAG, ""), (WATCHDOG, ""))
    return [
        DisarmWatchdog(
            key="watchdog:off", phase=CONFIRM, instance=facts.id, execution=Ref("watchdog", "AutomationExecutionId")
        ),
        DeleteRunbook(key="runbook:gone", phase=CONFIRM, instance=facts.id, name=Ref("runbook", "Name")),
        RemoveTags(key="untag", phase=CONFIRM, volume=facts.id, tags=ours),
    ]


def instance_recipe(facts: InstanceFacts, options: Options, route: str, copies: Copies) -> tuple[Step, ...]:
    """Return the steps that move all unencrypted volumes of an instance in one stop; one that is stopped stays so."""
    steps = _instance_steps(facts, options, route, copies)
    if not guarded(facts, options):
        return steps
    return _instance_steps(facts, options, route, copies, seconds=seconds_armed(steps))


def _instance_steps(
    facts: InstanceFacts, options: Options, route: str, copies: Copies, seconds: int = 0
) -> tuple[Step, ...]:
    """Return the steps; `seconds` until a watchdog acts, 0: none is armed."""
    running = facts.state == "running"
    root = tuple(v for v in facts.plain if v.device == facts.root_device)
    others = tuple(v for v in facts.plain if v.device != facts.root_device)
    kept = tuple((name(v), v.delete_on_termination) for v in facts.plain)
    ends = tuple((name(v), replacement(v), v.delete_on_termination) for v in facts.plain)
    disks = tuple((device, volume) for device, volume, _ in ends)
    quiet = SourceQuiet(key="quiet", phase=CUTOVER, source=facts.plain[0].id, instance=facts.id)
    keys = tuple(dict.fromkeys(v.kms_key_id for v in facts.volumes if v.kms_key_id))
    return recipe(
        _mark(facts, options, route),
        _state(facts, options),
        _warm(facts, options),
        _slots(facts, options, route),
        _renew(facts, options) if route != "clone" else None,
        ReserveCapacity(
            key="capacity",
            phase=PREPARE,
            instance=facts.id,
            instance_type=facts.instance_type,
            platform=facts.platform,
            zone=facts.zone,
            tenancy=facts.tenancy,
            extra_tags=options.extra_tags,
        )
        if options.reserve_capacity and running
        else None,
        *_arm(facts, options, seconds),
        MarkCut(key="open", phase=CUTOVER, instance=facts.id) if seconds else None,
        ClaimHeld(key="claim", phase=CUTOVER, volumes=tuple(v.id for v in facts.plain)),
        _group_off(facts, options),
        KeepOnTermination(key="keep", phase=CUTOVER, instance=facts.id, former=kept)
        if any(flag for _, flag in kept)
        else None,
        _hook(facts, options, "quiesce", CUTOVER) if running else None,
        StopInstance(key="stop", phase=CUTOVER, instance=facts.id, deadline=options.stop_deadline, keys=keys)
        if running
        else quiet,
        RecordCut(key="cut", phase=CUTOVER, instance=facts.id),
        _detach(facts, root),
        _detach(facts, others),
        Lanes({name(v): copies(facts, options, v) for v in facts.plain}),
        _attach(facts),
        SetFlags(key="flags", phase=CUTOVER, instance=facts.id, flags=kept),
        _auto_io(facts),
        _verify_volumes(facts),
        VerifyAttachments(key="verify:attachments", phase=CUTOVER, instance=facts.id, devices=ends, launch_time=CUT),
        SourcesStillQuiet(key="still-quiet", phase=CUTOVER, sources=tuple(v.id for v in facts.plain)),
        MarkCut(key="up", phase=CUTOVER, instance=facts.id, word="up") if seconds else None,
        StartInstance(
            key="start",
            phase=Phase.BRING_UP,
            instance=facts.id,
            launch_time=CUT,
            disks=disks,
            keys=tuple(dict.fromkeys((facts.key.arn, *keys))),
        )
        if running
        else MarkBringUp(
            key="hand-over", phase=Phase.BRING_UP, source=facts.plain[0].id, instance=facts.id, launch_time=CUT
        ),
        *(_disarm(facts) if seconds else ()),
        _slots_back(facts, route),
        _hand_over_tags(facts, options),
        StatusChecks(key="status", phase=CONFIRM, instance=facts.id) if running else None,
        _hook(facts, options, "after", CONFIRM) if running else None,
        _group_on(facts, options),
        ReleaseCapacity(key="release", phase=CONFIRM, reservation=Ref("capacity", "CapacityReservationId"))
        if options.reserve_capacity and running
        else None,
        VerifyServing(
            key="serving", phase=CONFIRM, instance=facts.id, devices=disks, sources=tuple(v.id for v in facts.plain)
        ),
    )


def volume_recipe(facts: VolumeAlone, options: Options, route: str, copies: Copies) -> tuple[Step, ...]:
    """Return the steps that copy a volume that is attached to nothing: no stop, no swap; it is checked unattached
    before and after.
    """
    volume = facts.volume
    return recipe(
        _mark(facts, options, route),
        _state(facts, options),
        _warm(facts, options),
        _slots(facts, options, route),
        _renew(facts, options) if route != "clone" else None,
        ClaimHeld(key="claim", phase=CUTOVER, volumes=(volume.id,)),
        SourceQuiet(key="quiet", phase=CUTOVER, source=volume.id),
        Lanes({name(volume): copies(facts, options, volume)}),
        _auto_io(facts),
        _verify_volumes(facts),
        SourcesStillQuiet(key="still-quiet", phase=CUTOVER, sources=(volume.id,)),
        MarkBringUp(key="hand-over", phase=Phase.BRING_UP, source=volume.id),
        _slots_back(facts, route),
        _hand_over_tags(facts, options),
    )


def degraded_by_clone(facts: Facts, options: Options) -> float:
    """Return the worst seconds that a fast volume is slower as a clone; slower ones lose nothing (min(3,000 IOPS, 125
    MiB/s)).
    """
    return max((estimate.hydration(v.size) for v in facts.plain if v.fast), default=0.0)


def degraded_by_snapshot(facts: Facts, options: Options) -> float:
    """Return the seconds until the last volume is initialised from S3."""
    return max((estimate.initialisation(v.size, bought_rate(v, options)) for v in facts.plain), default=0.0)
