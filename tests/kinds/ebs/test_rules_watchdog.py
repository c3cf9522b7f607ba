"""The rules about the watchdog, each from both sides. The cases are the specification."""

import pytest

from sealift.kind import BLOCK, WARN
from sealift.kinds.ebs.rules import watchdog
from sealift.options import Options
from tests.kinds.ebs.facts_for_tests import ACCOUNT, DATA, INSTANCE, Case, alone, an_instance, data, in_group, of

ARMED = Options(watchdog=f"arn:aws:iam::{ACCOUNT}:role/w")
OTHERS = Options(watchdog="arn:aws:iam::999999999999:role/w")
HOOKED = Options(watchdog=ARMED.watchdog, quiesce="./drain", after="./fill")
FORTY_NINE = tuple((f"tag-{n:02}", "x") for n in range(49))
SHELF = tuple(data(device=f"/dev/sd{n:03}") for n in range(60))

CASES = [
    *of(
        watchdog.something_to_bring_back,
        Case("takes a running instance", an_instance(), options=ARMED),
        Case("has nothing to say of a stopped one without it", an_instance(state="stopped")),
        Case("refuses a stopped instance", an_instance(state="stopped"), BLOCK, [INSTANCE, "stopped"], options=ARMED),
        Case("refuses a volume alone", alone(), BLOCK, [DATA, "attached to nothing"], options=ARMED),
    ),
    *of(
        watchdog.can_be_armed,
        Case("takes a role of the account", an_instance(), options=ARMED),
        Case("has nothing to say without it", an_instance(tags=FORTY_NINE)),
        Case("refuses a role of another account", an_instance(), BLOCK, ["999999999999", ACCOUNT], options=OTHERS),
        Case(
            "refuses where two tags more do not fit", an_instance(tags=FORTY_NINE), BLOCK, ["49", "51"], options=ARMED
        ),
        Case("refuses a document of too many disks", an_instance(*SHELF), BLOCK, ["60", "65536"], options=ARMED),
    ),
    *of(
        watchdog.left_undone,
        Case("has nothing to name", an_instance(), options=ARMED),
        Case("names a hook that it does not run", an_instance(), WARN, ["./fill", "resume"], options=HOOKED),
        Case(
            "names a member that stays on standby",
            in_group(),
            WARN,
            [INSTANCE, "standby"],
            options=Options(watchdog=ARMED.watchdog, asg="standby"),
        ),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_rule_about_the_watchdog(case: Case) -> None:
    case.hold()
