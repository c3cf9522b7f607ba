"""Whether what a migration has put aside is still behind its fence: read again by `verify` and before `finalize`."""

from collections.abc import Mapping
from typing import Any

from sealift.kind import Read
from sealift.options import Options
from sealift.step import Output
from sealift.steps.db_looks import groups_of, members_with_parameters, name_of, with_parameters
from sealift.steps.security_groups import read_group, ways

Described = Mapping[str, Any]

SOUND = "the replacement serves under the key in its own groups, and its source is still fenced off"


async def opened(read: Read, outputs: Mapping[str, Output], options: Options) -> list[str]:
    """Say what the quarantine lets in or out by now, beside the fence's login; empty is good."""
    if "finalize:quarantine" in outputs:
        return []
    group = outputs.get("quarantine", {}).get("GroupId")
    found = (await read(read_group(group))).get("SecurityGroups", ())
    if not found:
        return [f"the quarantine group {group} is gone"]
    into = sorted(set(ways(found[0], "IpPermissions")) - {options.fence_from})
    out = sorted(set(ways(found[0], "IpPermissionsEgress")))
    wrong = [f"the quarantine group {group} lets {', '.join(into)} in"] if into else []
    return wrong + ([f"the quarantine group {group} lets out to {', '.join(out)}"] if out else [])


def lapses(source: Described, of: str, outputs: Mapping[str, Output], *, of_cluster: bool = False) -> list[str]:
    """Say which layer of its fence a retained source has lost: the quarantine, or the parameters under which no job runs."""
    group, quiet = outputs.get("quarantine", {}).get("GroupId"), outputs.get("quiet", {}).get("name")
    who = f"{name_of(source)}, the source of {of},"
    wrong = [] if groups_of(source) == {group} else [f"{who} is not in quarantine any more"]
    want = members_with_parameters(quiet) if of_cluster else with_parameters(quiet, "in-sync")
    return wrong + ([f"{who} may run its jobs again: {why}"] if (why := want(source)) else [])
