"""EBS: an instance with all its unencrypted volumes, or a volume that is attached to nothing."""

from functools import partial

from sealift.errors import SealiftError
from sealift.kind import Kind, Read, Route
from sealift.kinds.ebs import finalize, routes
from sealift.kinds.ebs.facts import InstanceFacts, VolumeAlone
from sealift.kinds.ebs.observe import observe_instance, observe_volume
from sealift.kinds.ebs.recall import recall
from sealift.kinds.ebs.rules import CLONE_RULES, COPY_RULES, INSTANCE_RULES, SNAPSHOT_RULES, VOLUME_RULES
from sealift.options import Options
from sealift.step import Step
from sealift.steps.looks import volumes

_COPIES = {"clone": routes.clone_copies, "snapshot": routes.snapshot_copies, "copy": routes.encrypted_copies}
_DEGRADED = {
    "clone": routes.degraded_by_clone,
    "snapshot": routes.degraded_by_snapshot,
    "copy": routes.degraded_by_snapshot,
}
_RULES = {"clone": CLONE_RULES, "snapshot": SNAPSHOT_RULES, "copy": COPY_RULES}

SOUND = "every replacement is attached, healthy, hydrated and under the key"


def _instance(facts: InstanceFacts, options: Options, route: str) -> tuple[Step, ...]:
    return routes.instance_recipe(facts, options, route, _COPIES[route])


def _volume(facts: VolumeAlone, options: Options, route: str) -> tuple[Step, ...]:
    return routes.volume_recipe(facts, options, route, _COPIES[route])


def _kept(facts: InstanceFacts | VolumeAlone) -> tuple[str, ...]:
    return tuple(v.id for v in facts.plain)


def _pools(facts: InstanceFacts) -> tuple[str, ...]:
    """Return the instance family and zone in which it is started anew; one that stays stopped needs no room."""
    if facts.state == "stopped" or not facts.instance_type:
        return ()
    return (f"{facts.instance_type.partition('.')[0]} in {facts.zone}",)


def _done(facts: InstanceFacts | VolumeAlone) -> str:
    if not facts.key.arn:
        return f"no volume is plain; whether they are under the wanted key cannot be told: {facts.key.error}"
    return "nothing to do: every volume is under the wanted key"


EBS_INSTANCE = Kind(
    name="ebs-instance",
    facts=InstanceFacts,
    observe=observe_instance,
    rules=INSTANCE_RULES,
    routes=tuple(
        Route(r, partial(_instance, route=r), _RULES[r], _DEGRADED[r], kept=_kept)
        for r in ("clone", "snapshot", "copy")
    ),
    identity=routes.identity,
    locks=finalize.locks,
    pending=lambda facts: bool(facts.plain),
    done=_done,
    finalize=finalize.finalize,
    settled=finalize.settled,
    sound=SOUND,
    stays=finalize.stays,
    unusable=finalize.unusable,
    missing=finalize.missing,
    barred=finalize.barred,
    recall=recall,
    pools=_pools,
)

EBS_VOLUME = Kind(
    name="ebs-volume",
    facts=VolumeAlone,
    observe=observe_volume,
    rules=VOLUME_RULES,
    routes=tuple(
        Route(r, partial(_volume, route=r), _RULES[r], _DEGRADED[r], kept=_kept) for r in ("clone", "snapshot", "copy")
    ),
    identity=routes.identity,
    locks=finalize.locks,
    pending=lambda facts: bool(facts.plain),
    done=_done,
    finalize=finalize.finalize,
    settled=finalize.settled,
    sound=SOUND,
    stays=finalize.stays,
    unusable=finalize.unusable,
    missing=finalize.missing,
    barred=finalize.barred,
    recall=recall,
)


async def unit_of(read: Read, volume: str, place: str) -> tuple[Kind, str, str]:
    """Return the kind and the id that a volume is moved by, and a note: an attached one moves with its instance, in
    one stop.

    Raises:
        SealiftError: there is no such volume there.

    """
    found = next(iter((await read(volumes(volume)))["Volumes"]), None)
    if found is None:
        raise SealiftError(
            f"{volume} is not in {place}", resource=volume, remedy="Check the id, the Region and the account."
        )
    if attachments := found.get("Attachments"):
        instance = str(attachments[0]["InstanceId"])
        return (
            EBS_INSTANCE,
            instance,
            f"{volume} is attached to {instance}: all its unencrypted volumes move in one stop",
        )
    return EBS_VOLUME, volume, ""
