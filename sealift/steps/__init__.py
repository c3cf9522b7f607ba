"""One file for each AWS operation; kinds compose what is here into recipes.

`STEPS` is the list by which a stored plan is rebuilt. A released class never changes meaning: a changed one gets a new
name.
"""

from sealift.step import Step
from sealift.steps.attach_volume import AttachVolume
from sealift.steps.autoscaling import EnterStandby, ExitStandby, ResumeProcesses, SuspendProcesses
from sealift.steps.blue_green import (
    AwaitLag,
    BeginSwitchover,
    CreateBlueGreen,
    DeleteBlueGreen,
    GreenMember,
    GreenStill,
    NameNow,
    PairOf,
    RetireInstance,
    SwitchOver,
)
from sealift.steps.capacity_reservations import ReleaseCapacity, ReserveCapacity
from sealift.steps.comparing import CompareDatabase
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
from sealift.steps.db_belongings import AddRole, AwaitProxyTarget, DeregisterProxyTarget, RegisterProxyTarget
from sealift.steps.db_instances import (
    ApplyOwnParameters,
    DeleteInstance,
    FenceInstance,
    GiveOwnGroups,
    ManagePassword,
    Protect,
    RebootInstance,
    RenameInstance,
    RestoreInstance,
    SetAttributes,
)
from sealift.steps.db_parameter_groups import (
    CloneParameterGroup,
    DeleteParameterGroup,
    MakeParameterGroup,
    QuietParameters,
)
from sealift.steps.db_replicas import CreateReplica
from sealift.steps.db_snapshots import (
    AwaitDbSnapshot,
    CopyDbSnapshot,
    DbRestorePoint,
    DeleteDbSnapshot,
    LastDbSnapshot,
    RenewWarmDbSnapshot,
    SafetyDbSnapshot,
    WarmDbSnapshot,
)
from sealift.steps.db_tags import GiveDbTags, MarkDatabase, RemoveDbTags, SetDbAside
from sealift.steps.delete_snapshot import DeleteSnapshot
from sealift.steps.delete_tags import RemoveTags
from sealift.steps.delete_volume import DeleteVolume
from sealift.steps.detach_volume import DetachVolume
from sealift.steps.fences import (
    AwaitQuarantine,
    BeginFence,
    CloseWrites,
    DbClaimHeld,
    EndSessions,
    OpenWrites,
    ProveQuiet,
    StartSchedulers,
    StopSchedulers,
)
from sealift.steps.local import (
    ClaimHeld,
    MarkBringUp,
    RecordCut,
    ReleaseQuotas,
    ReleaseSlots,
    ReserveQuotas,
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
from sealift.steps.security_groups import AdmitLogin, CloseQuarantine, CreateQuarantine, DeleteQuarantine
from sealift.steps.start_instances import StartInstance
from sealift.steps.stop_instances import StopInstance

STEPS: tuple[type[Step], ...] = (
    AddRole,
    AdmitLogin,
    ApplyOwnParameters,
    AttachVolume,
    AwaitDbSnapshot,
    AwaitLag,
    AwaitProxyTarget,
    AwaitQuarantine,
    AwaitSnapshot,
    BeginFence,
    BeginSwitchover,
    ClaimHeld,
    CloneParameterGroup,
    CloseQuarantine,
    CloseWrites,
    CompareDatabase,
    CopyDbSnapshot,
    CopySnapshot,
    CopyVolume,
    CreateBlueGreen,
    CreateQuarantine,
    CreateReplica,
    CreateVolume,
    DbClaimHeld,
    DbRestorePoint,
    DeleteBlueGreen,
    DeleteDbSnapshot,
    DeleteInstance,
    DeleteParameterGroup,
    DeleteQuarantine,
    DeleteSnapshot,
    DeleteVolume,
    DeregisterProxyTarget,
    DetachVolume,
    EndSessions,
    EnterStandby,
    ExitStandby,
    FenceInstance,
    GiveDbTags,
    GiveOwnGroups,
    GiveTags,
    GreenMember,
    GreenStill,
    KeepOnTermination,
    LastDbSnapshot,
    LastSnapshot,
    MakeParameterGroup,
    ManagePassword,
    MarkBringUp,
    MarkDatabase,
    MarkSource,
    NameNow,
    OpenWrites,
    PairOf,
    Protect,
    ProveQuiet,
    QuietParameters,
    RebootInstance,
    RecordCut,
    RegisterProxyTarget,
    ReleaseCapacity,
    ReleaseQuotas,
    ReleaseSlots,
    RemoveDbTags,
    RemoveTags,
    RenameInstance,
    RenewWarmDbSnapshot,
    RenewWarmSnapshot,
    ReserveCapacity,
    ReserveQuotas,
    ReserveSlots,
    RestoreInstance,
    RestorePoint,
    ResumeProcesses,
    RetireInstance,
    RunHook,
    SafetyDbSnapshot,
    SafetySnapshot,
    SaveState,
    SetAside,
    SetAttributes,
    SetAutoEnableIO,
    SetDbAside,
    SetFlags,
    SourceQuiet,
    SourcesStillQuiet,
    StartInstance,
    StartSchedulers,
    StatusChecks,
    StopInstance,
    StopSchedulers,
    SuspendProcesses,
    SwitchOver,
    VerifyAttachments,
    VerifyVolumes,
    WarmDbSnapshot,
    WarmSnapshot,
)

BY_NAME = {cls.__name__: cls for cls in STEPS}
