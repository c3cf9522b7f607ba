"""One instance through a whole migration, on each route."""

import pytest

from tests.world import DATA, ROOT, World

ROUTES = ("clone", "snapshot", "copy")


@pytest.mark.parametrize("route", ROUTES)
async def test_an_instance_comes_out_encrypted_and_loses_nothing(world: World, route: str) -> None:
    """After a cutover every volume is under the key, on its device, with its flags, and no acknowledged write is
    missing.
    """
    instance = world.instance(ROOT, DATA)
    before = world.volumes(instance)

    outcome = await world.migrate(instance, route=route)

    after = world.volumes(instance)
    assert (outcome.exit_code, world.state(outcome.migration).end) == (0, "retained")
    assert before.keys() == after.keys()
    for device, volume in after.items():
        was = before[device]
        assert (True, world.key) == (volume["Encrypted"], volume["KmsKeyId"])
        for field in ("VolumeType", "Size", "Iops", "Throughput", "AvailabilityZone", "MultiAttachEnabled"):
            assert was.get(field) == volume.get(field), field
        assert was["Attachments"][0]["DeleteOnTermination"] == volume["Attachments"][0]["DeleteOnTermination"]
    assert world.power(instance) == "running"
    assert world.box.losses() == []
