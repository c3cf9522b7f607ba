"""What is not under a customer-managed key, over Regions; what could not be read is said, never skipped."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sealift.answers import reading
from sealift.aws.gateway import reader
from sealift.clock import actor, side_by_side
from sealift.errors import CallError, SealiftError
from sealift.kinds import FINDERS, door
from sealift.step import Call

if TYPE_CHECKING:
    from sealift.driver import Driver

FORMAT = "sealift.inventory/1"


@dataclass(frozen=True)
class Inventory:
    """Findings and gaps; `whole_unreadable` where a kind of a Region could not be read at all."""

    findings: Sequence[dict[str, Any]]
    unreadable: Sequence[dict[str, Any]]
    whole_unreadable: bool

    @property
    def targets(self) -> list[str]:
        """What a plan of all findings is made for, by ARN; a read replica moves with its primary where that is found too."""
        found = {(f["kind"], f["region"], f["id"]) for f in self.findings}
        return [str(f["arn"]) for f in self.findings if (f["kind"], f["region"], f.get("replica_of")) not in found]

    def to_json(self) -> dict[str, Any]:
        """Return the inventory as published."""
        return {"format": FORMAT, "findings": list(self.findings), "unreadable": list(self.unreadable)}


async def regions_of(driver: "Driver", wanted: Sequence[str]) -> list[str]:
    """Return the Regions to read; `all` is every one that the account has opted in to."""
    if list(wanted) != ["all"]:
        return list(wanted) or [driver.region()]
    gateway = await driver.gateway(driver.region())
    reply = await gateway.read(Call("ec2:DescribeRegions", {}))
    return sorted(r["RegionName"] for r in reply["Regions"])


async def take(driver: "Driver", regions: Sequence[str], *, everything: bool) -> Inventory:
    """Read every kind in every Region.

    Raises:
        CredentialsLost: there are no usable credentials.

    """
    with actor(driver.clock):
        places = await regions_of(driver, regions)
        await _identity(driver, places)
        ends = await side_by_side(driver.clock, [_region(driver, r) for r in places])
    findings: list[dict[str, Any]] = []
    unreadable: list[dict[str, Any]] = []
    whole = False
    for end in ends:
        if isinstance(end, BaseException):
            raise end
        findings += end[0]
        unreadable += end[1]
        whole = whole or end[2]
    kept = [f for f in findings if everything or f["encryption"] != "customer"]
    return Inventory(kept, unreadable, whole)


async def _identity(driver: "Driver", places: Sequence[str]) -> None:
    """Learn whose credentials these are from the first Region that knows them: one may not have been opted in to."""
    for number, place in enumerate(places, 1):
        try:
            await driver.account.identity(place)
        except CallError as error:
            if number == len(places) or error.code is None:
                raise
        else:
            return


async def _region(driver: "Driver", region: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]], bool]:
    gateway = await driver.gateway(region)
    read = door(reader(gateway, survey=True))
    findings: list[dict[str, Any]] = []
    unreadable: list[dict[str, Any]] = []
    whole = False
    for kind, find in FINDERS:
        try:
            with reading(f"questions about {kind} in {region}"):
                found, gaps = await find(read, gateway.account_id, region)
        except SealiftError as error:
            unreadable.append({"kind": kind, "region": region, "error": str(error)})
            whole = True
        else:
            findings += found
            unreadable += gaps
    return findings, unreadable, whole
