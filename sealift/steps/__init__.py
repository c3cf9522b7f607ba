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
    RetireDatabase,
    SwitchOver,
)
from sealift.steps.capacity_reservations import ReleaseCapacity, ReserveCapacity
from sealift.steps.cluster_endpoints import CreateClusterEndpoint, DeleteClusterEndpoint, EndpointNow
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
from sealift.steps.db_clusters import CreateMember, DeleteCluster, LetInByDataApi, RestoreCluster, SetDataApi
from sealift.steps.db_instances import DeleteInstance, RestoreInstance
from sealift.steps.db_lost import DropLostCluster, DropLostInstance, DropMemberOfLost, GiveNameUp, TakeName
from sealift.steps.db_modify import (
    FenceDatabase,
    GiveOwnGroups,
    GiveParameters,
    ManagePassword,
    Protect,
    RenameDatabase,
    SetAttributes,
)
from sealift.steps.db_parameter_groups import (
    CloneParameterGroup,
    DeleteParameterGroup,
    MakeParameterGroup,
    QuietParameters,
)
from sealift.steps.db_reboots import (
    ApplyOwnParameters,
    ApplyToCluster,
    ApplyToReader,
    ApplyToWriter,
    RebootCluster,
    RebootInstance,
    RebootMember,
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
from sealift.steps.db_tags import GiveDbTags, HandOver, MarkDatabase, MarkInside, RemoveDbTags, SetDbAside
from sealift.steps.delete_snapshot import DeleteSnapshot
from sealift.steps.delete_tags import RemoveTags
from sealift.steps.delete_volume import DeleteVolume
from sealift.steps.detach_volume import DetachVolume
from sealift.steps.fences import (
    AwaitOwnGroups,
    AwaitQuarantine,
    BeginFence,
    CloseWrites,
    DbClaimHeld,
    EndSessions,
    LookInside,
    NoteInside,
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
    VerifyServing,
    VerifyVolumes,
)
from sealift.steps.modify_instance_attribute import KeepOnTermination, SetFlags
from sealift.steps.modify_volume_attribute import SetAutoEnableIO
from sealift.steps.reader_scaling import ResumeReaderScaling, SuspendReaderScaling
from sealift.steps.security_groups import AdmitLogin, CloseQuarantine, CreateQuarantine, DeleteQuarantine
from sealift.steps.start_instances import StartInstance
from sealift.steps.stop_instances import StopInstance
from sealift.steps.watchdog import ArmWatchdog, DeleteRunbook, DisarmWatchdog, MakeRunbook, MarkCut, ReadLaunch

STEPS: tuple[type[Step], ...] = (
    AddRole,
    AdmitLogin,
    ApplyOwnParameters,
    ApplyToCluster,
    ApplyToReader,
    ApplyToWriter,
    ArmWatchdog,
    AttachVolume,
    AwaitDbSnapshot,
    AwaitLag,
    AwaitOwnGroups,
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
    CreateClusterEndpoint,
    CreateMember,
    CreateQuarantine,
    CreateReplica,
    CreateVolume,
    DbClaimHeld,
    DbRestorePoint,
    DeleteBlueGreen,
    DeleteCluster,
    DeleteClusterEndpoint,
    DeleteDbSnapshot,
    DeleteInstance,
    DeleteParameterGroup,
    DeleteQuarantine,
    DeleteRunbook,
    DeleteSnapshot,
    DeleteVolume,
    DeregisterProxyTarget,
    DetachVolume,
    DisarmWatchdog,
    DropLostCluster,
    DropLostInstance,
    DropMemberOfLost,
    EndSessions,
    EndpointNow,
    EnterStandby,
    ExitStandby,
    FenceDatabase,
    GiveDbTags,
    GiveNameUp,
    GiveOwnGroups,
    GiveParameters,
    GiveTags,
    GreenMember,
    GreenStill,
    HandOver,
    KeepOnTermination,
    LastDbSnapshot,
    LastSnapshot,
    LetInByDataApi,
    LookInside,
    MakeParameterGroup,
    MakeRunbook,
    ManagePassword,
    MarkBringUp,
    MarkCut,
    MarkDatabase,
    MarkInside,
    MarkSource,
    NameNow,
    NoteInside,
    OpenWrites,
    PairOf,
    Protect,
    ProveQuiet,
    QuietParameters,
    ReadLaunch,
    RebootCluster,
    RebootInstance,
    RebootMember,
    RecordCut,
    RegisterProxyTarget,
    ReleaseCapacity,
    ReleaseQuotas,
    ReleaseSlots,
    RemoveDbTags,
    RemoveTags,
    RenameDatabase,
    RenewWarmDbSnapshot,
    RenewWarmSnapshot,
    ReserveCapacity,
    ReserveQuotas,
    ReserveSlots,
    RestoreCluster,
    RestoreInstance,
    RestorePoint,
    ResumeProcesses,
    ResumeReaderScaling,
    RetireDatabase,
    RunHook,
    SafetyDbSnapshot,
    SafetySnapshot,
    SaveState,
    SetAside,
    SetAttributes,
    SetAutoEnableIO,
    SetDataApi,
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
    SuspendReaderScaling,
    SwitchOver,
    TakeName,
    VerifyAttachments,
    VerifyServing,
    VerifyVolumes,
    WarmDbSnapshot,
    WarmSnapshot,
)

BY_NAME = {cls.__name__: cls for cls in STEPS}
