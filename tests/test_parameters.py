"""Forms: what they take, what they refuse, and what becomes of it."""

from dataclasses import fields
from typing import Any

import pytest
from pydantic import ValidationError

from sealift.options import DAY, Options
from sealift.parameters import (
    ApproveRun,
    FinalizeRun,
    Migrate,
    MigrateCluster,
    MigrateDatabase,
    MigrateInstance,
    MigrateVolume,
    RollbackRun,
    VerifyRun,
)

INSTANCE, VOLUME = "i-0123456789abcdef0", "vol-0123456789abcdef0"
OTHERS: dict[str, Any] = {
    "key": "alias/app", "route": "snapshot", "asg": "suspend", "reserve_capacity": True, "max_degraded": 60, "warm_max_age": 7200,
    "stop_deadline": 120, "initialization_rate": 200, "clone_slots": 9, "retain": 3 * DAY, "quiesce": "sync", "after": "date",
    "hook_timeout": 30, "extra_tags": (("cost", "42"),), "protect_tags": (("keep", "yes"),), "selector_tags": ("backup",),
    "iac_tags": ("tf",), "skip_tags": ("no",), "acks": ("R-EBS-41",), "ticket": "CHG-1", "state_url": "s3://bucket/x",
    "window_start": 1.8e9, "window_last_quiesce": 1.8e9 + 60, "window_end": 1.8e9 + 7200, "notify": ("https://example.com/x",),
    "deny": ("i-1",), "allow": ("i-2",), "watchdog": "arn:aws:iam::123456789012:role/w",
}  # fmt: skip
DATABASES: dict[str, Any] = {
    "fence_login": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:fence", "fence_from": "10.0.0.5/32",
    "readers": "stale", "switchover_timeout": 60, "rekey": True, "drop_backups": True,
}  # fmt: skip
VOLUMES = {"asg", "reserve_capacity", "watchdog", "max_degraded", "stop_deadline", "initialization_rate", "clone_slots"}


def test_every_option_can_be_given_in_the_form() -> None:
    """Options → form → options is the same; an option that the form forgets fails here."""
    every = OTHERS | DATABASES
    assert every.keys() == {f.name for f in fields(Options)}
    assert all(getattr(Options(), k) != v for k, v in every.items())

    assert MigrateInstance.of(INSTANCE, Options(**OTHERS)).options() == Options(**OTHERS)
    database = {k: v for k, v in every.items() if k not in VOLUMES}
    assert MigrateDatabase.of("rds:orders", Options(**database)).options() == Options(**database)
    cluster = {k: v for k, v in database.items() if k != "readers"}
    assert MigrateCluster.of("aurora:shop", Options(**cluster)).options() == Options(**cluster)


def test_an_empty_form_means_the_defaults() -> None:
    """Defaults stand in one place, and the forms agree with it."""
    assert MigrateInstance(target=INSTANCE, key="alias/app").options() == Options(key="alias/app")
    assert MigrateVolume(target=VOLUME, key="alias/app").options() == Options(key="alias/app")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"target": "web-1"}, "is no target"),
        ({"target": VOLUME}, "is no instance"),
        ({"window": {"start": "2027-01-15T22:00:00"}}, "timezone"),
        ({"window": {"start": "2027-01-15T22:00Z", "end": "2027-01-15T21:00Z"}}, "not in that order"),
        ({"extra_tags": {"aws:x": "1"}}, "reserved"),
        ({"notify": ["ops@example.com"]}, "neither a URL nor sns"),
        ({"state_url": "/tmp/plan"}, "pattern"),
        ({"initialization_rate": 5}, "greater than or equal to 100"),
        ({"force": True}, "Extra inputs are not permitted"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_the_fact(given: dict[str, Any], said: str) -> None:
    """A form is judged before anything runs."""
    with pytest.raises(ValidationError, match=said):
        MigrateInstance.model_validate({"target": INSTANCE, "key": "alias/app", **given})


def test_postpone_needs_a_moment_and_only_postpone_takes_one() -> None:
    """A moment beside another decision is a mistake, not a detail."""
    with pytest.raises(ValidationError, match="postpone"):
        ApproveRun.model_validate({"migrations": ["mig-1"], "decision": "postpone"})
    with pytest.raises(ValidationError, match="postpone"):
        ApproveRun.model_validate({"migrations": ["mig-1"], "until": "2027-01-15T22:00Z"})


def test_what_cannot_be_taken_back_is_never_a_default() -> None:
    """Discarded writes and deletions have to be said."""
    assert RollbackRun(migration="mig-1").discard_writes is False
    assert MigrateInstance(target=INSTANCE, key="k").approve is False
    with pytest.raises(ValidationError):
        FinalizeRun.model_validate({"migration": "mig-1"})


def test_the_name_of_a_run_says_what_it_does() -> None:
    """A dry run is not called a migration."""
    form: type[Migrate] = MigrateVolume
    assert form(target=VOLUME, key="alias/app").says == f"migrate {VOLUME} under alias/app"
    assert form(target=VOLUME, key="alias/app", dry_run=True).says == f"plan {VOLUME} under alias/app"
    assert VerifyRun().says == "verify what is retained"
    assert VerifyRun(migrations=["mig-1", "mig-2"]).says == "verify mig-1, mig-2"
