"""The watcher: waiting is shared, and one bad id harms nobody else."""

from typing import Any

import pytest

from sealift.clock import EPOCH_OF_TESTS, VirtualClock, actor, side_by_side
from sealift.errors import WaitFailed
from sealift.step import Call, Seen, Watch
from sealift.steps.looks import snapshot_ready, volume_ready
from sealift.subjects import SUBJECTS
from sealift.watch import ABSENT_MEANS_GONE, Watcher


class Account:
    """Volumes and snapshots that come into being at their moments; every read is kept."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock, self.reads = clock, []
        self.made: dict[str, list[tuple[float, dict[str, Any]]]] = {}

    def says(self, resource: str, after: float, **members: Any) -> None:
        self.made.setdefault(resource, []).append((EPOCH_OF_TESTS + after, members))

    async def read(self, call: Call) -> dict[str, Any]:
        self.reads.append(call)
        (wanted,) = call.params["Filters"]
        name = {"volume-id": ("Volumes", "VolumeId"), "snapshot-id": ("Snapshots", "SnapshotId")}[wanted["Name"]]
        found = []
        for resource in wanted["Values"]:
            now = [m for at, m in self.made.get(resource, ()) if at <= self.clock.now()]
            if now:
                found.append({name[1]: resource, **now[-1]})
        return {name[0]: found}


def volume(name: str, deadline: float | None = None) -> Watch:
    return Watch("volume", name, volume_ready(None), "available", deadline=deadline)


def snapshot(name: str) -> Watch:
    return Watch("snapshot", name, snapshot_ready, "completed")


@pytest.fixture
def account() -> Account:
    return Account(VirtualClock())


async def watched(account: Account, *watches: Watch, cap: float = 5.0) -> list[Any]:
    watcher = Watcher(account.clock, account.read)
    with actor(account.clock):
        return await side_by_side(account.clock, [watcher.until(w, step="s", cap=cap) for w in watches])


async def test_waiters_of_a_kind_share_one_read(account: Account) -> None:
    """Twenty volumes that come up together cost a handful of reads, each by filter with all ids."""
    names = [f"vol-{n}" for n in range(20)]
    for name in names:
        account.says(name, 0, State="creating")
        account.says(name, 8, State="available")
    ends = await watched(account, *(volume(n) for n in names))
    assert (True, True) == (all(isinstance(e, Seen) and e.done for e in ends), len(account.reads) <= 8)
    assert {tuple(names)} == {tuple(sorted(r.params["Filters"][0]["Values"], key=names.index)) for r in account.reads}


async def test_reads_are_by_filter_never_by_id_list(account: Account) -> None:
    """A filter leaves an unknown id out; an id list would refuse the whole read."""
    account.says("vol-1", 0, State="available")
    await watched(account, volume("vol-1"))
    assert [["Filters"]] == [list(r.params) for r in account.reads]
    assert all(s.filter for name, s in SUBJECTS.items() if name in ("volume", "snapshot", "instance"))


async def test_a_batch_holds_at_most_two_hundred_values(account: Account) -> None:
    """More are read in several requests."""
    names = [f"vol-{n:03}" for n in range(SUBJECTS["volume"].batch + 50)]
    for name in names:
        account.says(name, 0, State="available")
    await watched(account, *(volume(n) for n in names))
    assert [SUBJECTS["volume"].batch, 50] == [len(r.params["Filters"][0]["Values"]) for r in account.reads]


async def test_an_absent_id_harms_only_its_own_waiter(account: Account) -> None:
    """Who was never made fails after two minutes; the others are done long before."""
    account.says("vol-1", 3, State="available")
    good, bad = await watched(account, volume("vol-1"), volume("vol-gone"))
    assert (True, WaitFailed, "vol-gone") == (good.done, type(bad), bad.resource)
    assert ABSENT_MEANS_GONE <= account.clock.now() - EPOCH_OF_TESTS <= ABSENT_MEANS_GONE + 10


async def test_an_id_that_shows_late_is_waited_for(account: Account) -> None:
    """Listing is eventually consistent: a minute of absence is nothing."""
    account.says("vol-1", 60, State="available")
    (end,) = await watched(account, volume("vol-1"))
    assert end.done


async def test_a_failed_state_fails_at_once_with_aws_s_words(account: Account) -> None:
    """No waiting to the end: `error` fails at the first look, and the StateMessage is in the error."""
    account.says("snap-1", 0, State="pending", Progress="10%")
    account.says("snap-1", 4, State="error", StateMessage="Given key ID is not accessible")
    (end,) = await watched(account, snapshot("snap-1"))
    assert (WaitFailed, True, True) == (
        type(end), "Given key ID is not accessible" in end.message, account.clock.now() - EPOCH_OF_TESTS <= 10,
    )  # fmt: skip


async def test_a_deadline_ends_the_wait_and_names_the_state(account: Account) -> None:
    """What is still on its way after its deadline is said so."""
    account.says("vol-1", 0, State="creating")
    (end,) = await watched(account, volume("vol-1", deadline=300))
    assert (WaitFailed, True) == (type(end), "creating" in end.message)
    assert 300 < account.clock.now() - EPOCH_OF_TESTS <= 310


async def test_without_a_deadline_a_wait_lasts_as_long_as_it_takes(account: Account) -> None:
    """A snapshot of two days is waited for: boto's waiters would have stopped at ten minutes."""
    account.says("snap-1", 0, State="pending", Progress="1%")
    account.says("snap-1", 2 * 86400, State="completed", Progress="100%")
    (end,) = await watched(account, snapshot("snap-1"), cap=60)
    assert end.done
    assert 2 * 86400 <= account.clock.now() - EPOCH_OF_TESTS <= 2 * 86400 + 60


@pytest.mark.parametrize("cap", [5.0, 60.0])
async def test_polling_starts_at_a_second_and_is_capped(account: Account, cap: float) -> None:
    """The first looks come quickly, later ones at most every `cap` seconds."""
    moments: list[float] = []
    account.says("vol-1", 0, State="creating")
    account.says("vol-1", 600, State="available")
    watcher = Watcher(account.clock, account.read)
    with actor(account.clock):
        await watcher.until(volume("vol-1"), step="s", cap=cap, seen=lambda _: moments.append(account.clock.now()))
    gaps = [b - a for a, b in zip([EPOCH_OF_TESTS, *moments], moments, strict=False)]
    assert (1.0, True, True) == (gaps[0], max(gaps) <= cap, gaps == sorted(gaps))


async def test_progress_is_told(account: Account) -> None:
    """Who waits hears the percent of a snapshot."""
    told: list[float | None] = []
    account.says("snap-1", 0, State="pending", Progress="42%")
    account.says("snap-1", 3, State="completed", Progress="100%")
    watcher = Watcher(account.clock, account.read)
    with actor(account.clock):
        await watcher.until(snapshot("snap-1"), step="s", seen=lambda s: told.append(s.progress))
    assert (42.0, 100.0) == (told[0], told[-1])
