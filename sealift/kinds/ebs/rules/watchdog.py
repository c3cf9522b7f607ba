"""Rules about the watchdog: whether there is something to bring back, whether it can be armed, and what it leaves undone."""

from sealift.kind import BLOCK, WARN
from sealift.kinds.ebs import routes
from sealift.kinds.ebs.facts import InstanceFacts, VolumeAlone
from sealift.kinds.ebs.rules.judging import Facts, Finding, moving, say, target
from sealift.options import Options
from sealift.steps.runbook import CUT, LARGEST, WATCHDOG

TAGS = (CUT, WATCHDOG)


@moving("R-SEALIFT-25", "docs/adr/0011-the-watchdog.md: it starts what was stopped")
def something_to_bring_back(facts: Facts, options: Options) -> Finding:
    """A watchdog is for a running instance: where nothing is stopped there is nothing to bring back."""
    if not options.watchdog:
        return None
    found = [f"{target(facts)} is attached to nothing"] if isinstance(facts, VolumeAlone) else []
    if isinstance(facts, InstanceFacts) and facts.state == "stopped":
        found = [f"{facts.id} is stopped, and stays so"]
    return say(BLOCK, found, "Leave --watchdog out.")


@moving(
    "R-SEALIFT-26",
    "botocore ssm CreateDocument (64 KB); EC2 user guide, Tag restrictions; Systems Manager user guide, Setting up Automation",
)
def can_be_armed(facts: InstanceFacts, options: Options) -> Finding:
    """The watchdog's role is of the account, its document is no larger than 64 KB, and the instance has room for two tags."""
    if not routes.guarded(facts, options):
        return None
    found = []
    if f"::{facts.account}:" not in options.watchdog:
        found.append(f"{options.watchdog} is not of account {facts.account}")
    if (size := routes.runbook_size(facts, options)) > LARGEST:
        found.append(f"the document for {len(facts.plain)} volumes has {size} bytes, and {LARGEST} are allowed")
    kept = {k for k, _ in facts.tags if not k.startswith("aws:")}
    if (total := len(kept | set(TAGS))) > routes.TAG_LIMIT:
        found.append(f"{facts.id} has {len(kept)} tags and would have {total} with the watchdog's")
    return say(BLOCK, found, "Mend that, or leave --watchdog out.")


@moving("R-SEALIFT-27", "docs/adr/0011-the-watchdog.md: it puts disks back and starts the instance")
def left_undone(facts: InstanceFacts, options: Options) -> Finding:
    """What a watchdog does not do is named: no hook of yours, nothing about an Auto Scaling group; `resume` does that."""
    if not routes.guarded(facts, options):
        return None
    found = [f"the watchdog runs no hook: {options.after or 'none'} is not run by it"] if options.quiesce else []
    if facts.asg is not None and options.asg == "standby":
        found.append(f"the watchdog leaves {facts.id} on standby in {facts.asg.name}")
    return say(WARN, found, "`sealift resume` does it when it takes the migration up again.")
