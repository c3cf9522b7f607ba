"""What a user may choose, in one place: the plan keeps it, recipes and rules read it, the CLI and the flow forms
describe it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from sealift.step import Tags

DAY = 86400


@dataclass(frozen=True)
class Options:
    """Everything that decides what a recipe looks like. Times in seconds; moments in Unix seconds."""

    key: str = ""  # alias, id or ARN, as given
    route: str = "auto"
    asg: str = ""  # standby, suspend, or neither
    reserve_capacity: bool = False
    watchdog: str = ""  # ARN of the role that the watchdog's Automation assumes; empty: none is armed
    max_degraded: int = 1800
    warm_max_age: int = 6 * 3600
    stop_deadline: int = 900
    initialization_rate: int | None = None  # MiB/s; None: bought only where a fast disk needs it
    clone_slots: int = 5  # copies in progress a Region (R-EBS-76); raise it where AWS has raised yours
    retain: int = 14 * DAY
    quiesce: str = ""
    after: str = ""
    hook_timeout: int = 600
    extra_tags: Tags = ()
    protect_tags: Tags = ()
    selector_tags: tuple[str, ...] = ()
    iac_tags: tuple[str, ...] = ()
    skip_tags: tuple[str, ...] = ("sealift:skip",)
    acks: tuple[str, ...] = ()
    ticket: str = ""
    state_url: str = ""
    fence_login: str = ""  # ARN of the secret by which the engine is fenced
    fence_from: str = ""  # address (CIDR) from which that login comes: the quarantine lets it in
    readers: str = "fenced"  # fenced, stale or primary: what read replicas' clients get until the new ones answer
    rekey: bool = False  # move databases under an AWS-owned key or aws/rds too
    drop_backups: bool = False  # finalize deletes the source's automated backups with it
    switchover_timeout: int = 300  # seconds (30 to 3,600)
    window_start: float | None = None
    window_last_quiesce: float | None = None
    window_end: float | None = None
    notify: tuple[str, ...] = ()
    deny: tuple[str, ...] = field(default=())
    allow: tuple[str, ...] = field(default=())

    def given(self, names: Iterable[str]) -> list[str]:
        """Return those that are other than by default, as flags of the command line."""
        default = Options()
        return [f"--{n.replace('_', '-')}" for n in names if getattr(self, n) != getattr(default, n)]
