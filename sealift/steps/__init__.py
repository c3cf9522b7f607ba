"""One file for each AWS operation; kinds compose what is here into recipes.

`STEPS` is the list by which a stored plan is rebuilt. A released class never changes meaning: a changed one gets a new
name.
"""

from sealift.step import Step
from sealift.steps.attach_volume import AttachVolume
from sealift.steps.autoscaling import EnterStandby, ExitStandby, ResumeProcesses, SuspendProcesses
from sealift.steps.capacity_reservations import ReleaseCapacity, ReserveCapacity
from sealift.steps.copy_snapshot import CopySnapshot
from sealift.steps.copy_volumes import CopyVolume
from sealift.steps.create_snapshot import (
    AwaitSnapshot,
    LastSnapshot,
    RenewWarmSnapshot,
    RestorePoint,
    SafetySnapshot,
    WarmSnapshot,
)
from sealift.steps.create_tags import GiveTags, MarkSource, SetAside
from sealift.steps.create_volume import CreateVolume
from sealift.steps.delete_snapshot import DeleteSnapshot
from sealift.steps.delete_tags import RemoveTags
from sealift.steps.delete_volume import DeleteVolume
from sealift.steps.detach_volume import DetachVolume
from sealift.steps.local import (
    ClaimHeld,
    MarkBringUp,
    RecordCut,
    ReleaseSlots,
    ReserveSlots,
    RunHook,
    SaveState,
    SourceQuiet,
    SourcesStillQuiet,
    StatusChecks,
    VerifyAttachments,
    VerifyVolumes,
)
from sealift.steps.modify_instance_attribute import KeepOnTermination, SetFlags
from sealift.steps.modify_volume_attribute import SetAutoEnableIO
from sealift.steps.start_instances import StartInstance
from sealift.steps.stop_instances import StopInstance

STEPS: tuple[type[Step], ...] = (
    AttachVolume,
    AwaitSnapshot,
    ClaimHeld,
    CopySnapshot,
    CopyVolume,
    CreateVolume,
    DeleteSnapshot,
    DeleteVolume,
    DetachVolume,
    EnterStandby,
    ExitStandby,
    GiveTags,
    KeepOnTermination,
    LastSnapshot,
    MarkBringUp,
    MarkSource,
    RecordCut,
    ReleaseCapacity,
    ReleaseSlots,
    RemoveTags,
    RenewWarmSnapshot,
    ReserveCapacity,
    ReserveSlots,
    RestorePoint,
    ResumeProcesses,
    RunHook,
    SafetySnapshot,
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
    VerifyVolumes,
    WarmSnapshot,
)

BY_NAME = {cls.__name__: cls for cls in STEPS}
