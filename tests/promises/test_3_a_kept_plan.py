"""Promise 3: a plan that was kept outside the journal brings a lost migration back with everything that was decided."""

from dataclasses import replace

from sealift.options import Options
from tests.world import DATA, ROOT, World


async def test_a_lost_journal_is_adopted_from_the_plan_in_s3_whatever_options_are_given_now(instant: World) -> None:
    """With `--state s3://…` the options of then come from there: adopt asks for none of them again."""
    instant.box.client("s3").create_bucket(
        Bucket="sealift-state", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    instance = instant.instance(ROOT, DATA)
    outcome = await instant.migrate(instance, state_url="s3://sealift-state/plans", stop_deadline=1234)
    instant.settings = type(instant.settings)(instant.folder / "another.db", instant.settings.region)
    fresh = instant.new_driver()

    adopted = await instant.act(
        fresh.adopt(instance, Options(key="alias/app", acks=("R-EBS-31",), state_url="s3://sealift-state/plans"))
    )

    assert (0, outcome.migration) == (adopted.exit_code, adopted.migration)
    assert 1234 == fresh.journal.plan(outcome.migration)["options"]["stop_deadline"]
    resumed = await instant.act(fresh.resume(outcome.migration))
    assert (0, "retained") == (resumed.exit_code, fresh.journal.state(outcome.migration).end)


async def test_a_kept_plan_that_is_gone_is_not_needed(instant: World) -> None:
    """Somebody has deleted the object: `adopt` says so and names the way without it, which needs nothing but the same options."""
    s3 = instant.box.client("s3")
    s3.create_bucket(Bucket="sealift-state", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    instance = instant.instance(ROOT, DATA)
    outcome = await instant.migrate(instance, state_url="s3://sealift-state/plans", stop_deadline=1234)
    s3.delete_object(Bucket="sealift-state", Key=f"plans/{outcome.migration}.json")
    instant.settings = type(instant.settings)(instant.folder / "another.db", instant.settings.region)
    fresh = instant.new_driver()
    options = Options(key="alias/app", acks=("R-EBS-31",), state_url="s3://sealift-state/plans", stop_deadline=1234)

    gone = await instant.act(fresh.adopt(instance, options))
    assert (1, True) == (gone.exit_code, f"sealift adopt {instance} without --state" in gone.message), gone.message
    adopted = await instant.act(fresh.adopt(instance, replace(options, state_url="")))
    assert (0, outcome.migration) == (adopted.exit_code, adopted.migration), adopted.message
    resumed = await instant.act(fresh.resume(outcome.migration))
    assert (0, "retained") == (resumed.exit_code, fresh.journal.state(outcome.migration).end)
