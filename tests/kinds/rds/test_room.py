"""Quotas of the account are counted over all targets of one plan (R-RDS-25)."""

from dataclasses import replace

import pytest

from sealift.options import Options
from sealift.plan import REFUSED
from tests.world import KEY, World


@pytest.mark.parametrize(("room", "refused"), [(2, []), (1, ["wiki"]), (0, ["orders", "wiki"])])
async def test_what_one_target_takes_is_not_there_for_the_next(world: World, room: int, refused: list[str]) -> None:
    """R-RDS-25: with room for one replacement the first of two fits, and the second is refused; nothing is counted twice."""
    for name in ("orders", "wiki"):
        world.box.add_db_instance(name)
    world.box.world.quotas = replace(world.box.world.quotas, db_instances=2 + room)

    made = await world.act(world.driver.plan(["rds:orders", "rds:wiki", "rds:orders"], Options(key=KEY)))

    assert [m.target for m in made if m.status == REFUSED] == refused
    assert all("R-RDS-25" in {v.id for v in m.blocked} for m in made if m.status == REFUSED)
