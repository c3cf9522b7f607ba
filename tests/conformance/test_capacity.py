"""Capacity reservations: who runs in them, and who is refused for want of room."""

import pytest

ZONE = "eu-central-1a"
FULL = ("ReservationCapacityExceeded", 400)


@pytest.fixture
def reserve(ec2):
    """reserve(**asked) -> the id of a reservation for one m5.large, open unless told otherwise."""

    def make(**asked):
        ask = {
            "InstanceType": "m5.large",
            "InstancePlatform": "Linux/UNIX",
            "AvailabilityZone": ZONE,
            "InstanceCount": 1,
        }
        return ec2.create_capacity_reservation(**{**ask, **asked})["CapacityReservation"]["CapacityReservationId"]

    return make


@pytest.fixture
def free(ec2):
    """free(reservation) -> its AvailableInstanceCount."""

    def count(reservation):
        (shown,) = ec2.describe_capacity_reservations(CapacityReservationIds=[reservation])["CapacityReservations"]
        return shown["AvailableInstanceCount"]

    return count


@pytest.fixture
def runs_in(ec2):
    """runs_in(instance) -> the reservation that it runs in."""

    def look(instance):
        (group,) = ec2.describe_instances(InstanceIds=[instance])["Reservations"]
        return group["Instances"][0].get("CapacityReservationId")

    return look


@pytest.fixture
def turn(box, ec2):
    """turn(instance, way): stop, start or terminate it, and wait."""

    def act(instance, way):
        getattr(ec2, f"{way}_instances")(InstanceIds=[instance])
        box.clock.advance(120)

    return act


def aim(ec2, instance, **spec):
    ec2.modify_instance_capacity_reservation_attributes(InstanceId=instance, CapacityReservationSpecification=spec)


def at(reservation):
    return {"CapacityReservationTarget": {"CapacityReservationId": reservation}}


@pytest.mark.parametrize(
    "wrong",
    [
        {"InstanceType": "m5.tiny"},
        {"AvailabilityZone": "eu-central-1z"},
        {"AvailabilityZone": "us-east-1a"},
        {"InstanceCount": 0},
        {"InstanceCount": 1001},
    ],
)
def test_what_is_reserved_must_be_there(ec2, reserve, refused, wrong):
    """SB-ODC-02: nothing is made.

    Source SB-ODC-02: botocore ec2 CreateCapacityReservation; the codes are guesses.
    """
    assert refused(reserve, **wrong) == ("InvalidParameterValue", 400)
    assert ec2.describe_capacity_reservations()["CapacityReservations"] == []


@pytest.mark.parametrize("end", ["stop", "terminate"])
def test_a_start_takes_a_place_and_an_end_gives_it_back(box, ec2, reserve, free, runs_in, turn, end):
    """SB-ODC-03: of two places, one; GetCapacityReservationUsage counts it.

    Source SB-ODC-03: docs.aws.amazon.com/AWSEC2/latest/UserGuide/capacity-reservations-create.html,
      capacity-reservations-launch.html; botocore ec2 CancelCapacityReservation.
    """
    web = box.add_instance()
    turn(web, "stop")
    reservation = reserve(InstanceCount=2)
    assert (free(reservation), runs_in(web)) == (2, None)
    ec2.start_instances(InstanceIds=[web])
    assert (free(reservation), runs_in(web)) == (1, reservation)
    usage = ec2.get_capacity_reservation_usage(CapacityReservationId=reservation)
    assert [u["UsedInstanceCount"] for u in usage["InstanceUsages"]] == [1]
    box.clock.advance(60)
    turn(web, end)
    assert (free(reservation), runs_in(web)) == (2, None)


def test_what_runs_already_takes_a_place_of_a_new_open_reservation(box, reserve, free, runs_in):
    """SB-ODC-03: so it is no spare room beside a running instance; a targeted one is.

    Source SB-ODC-03: docs.aws.amazon.com/AWSEC2/latest/UserGuide/capacity-reservations-create.html,
      capacity-reservations-launch.html; botocore ec2 CancelCapacityReservation.
    """
    web = box.add_instance()
    aimed, opened = reserve(InstanceMatchCriteria="targeted"), reserve()
    assert (free(aimed), free(opened), runs_in(web)) == (1, 0, opened)


@pytest.mark.parametrize(
    "other",
    [
        {"InstanceType": "m5.xlarge"},
        {"AvailabilityZone": "eu-central-1b"},
        {"InstancePlatform": "Windows"},
        {"Tenancy": "dedicated"},
        {"InstanceMatchCriteria": "targeted"},
    ],
)
def test_a_start_leaves_alone_what_it_does_not_match(box, reserve, free, runs_in, turn, other):
    """SB-ODC-03: it runs on demand.

    Source SB-ODC-03: docs.aws.amazon.com/AWSEC2/latest/UserGuide/capacity-reservations-create.html,
      capacity-reservations-launch.html; botocore ec2 CancelCapacityReservation.
    """
    web = box.add_instance()
    turn(web, "stop")
    reservation = reserve(**other)
    turn(web, "start")
    assert (free(reservation), runs_in(web)) == (1, None)


def test_a_cancelled_reservation_lets_its_instances_run_on(box, ec2, reserve, free, runs_in):
    """SB-ODC-03: outside of it.

    Source SB-ODC-03: docs.aws.amazon.com/AWSEC2/latest/UserGuide/capacity-reservations-create.html,
      capacity-reservations-launch.html; botocore ec2 CancelCapacityReservation.
    """
    web, reservation = box.add_instance(), reserve()
    ec2.cancel_capacity_reservation(CapacityReservationId=reservation)
    assert (free(reservation), runs_in(web)) == (0, None)
    (group,) = ec2.describe_instances(InstanceIds=[web])["Reservations"]
    assert group["Instances"][0]["State"]["Name"] == "running"


def test_a_targeted_start_into_a_full_reservation_is_refused(box, ec2, reserve, runs_in, turn, refused):
    """SB-ODC-04: all that are started at once need a place; an open one goes on demand.

    Source SB-ODC-04: docs.aws.amazon.com/AWSEC2/latest/UserGuide/capacity-reservations-launch.html; recorded reply of
      StartInstances: ReservationCapacityExceeded (hashicorp/terraform-provider-aws#35745).
    """
    one, two, three = (box.add_instance(name=f"web-{n}") for n in range(3))
    for instance in (one, two, three):
        turn(instance, "stop")
    reservation = reserve(InstanceMatchCriteria="targeted")
    for instance in (one, two):
        aim(ec2, instance, **at(reservation))
    assert refused(ec2.start_instances, InstanceIds=[one, two]) == FULL
    turn(one, "start")
    assert runs_in(one) == reservation
    assert refused(ec2.start_instances, InstanceIds=[two]) == FULL
    turn(three, "start")
    assert runs_in(three) is None
    turn(one, "stop")
    turn(two, "start")
    assert runs_in(two) == reservation


def test_a_start_that_targets_what_is_cancelled_is_refused_until_it_is_set_anew(box, ec2, reserve, turn, refused):
    """SB-ODC-04, SB-ODC-05.

    Source SB-ODC-04: A start or launch that must run in a reservation is refused where it has no room left, does not
      match, or is cancelled; one that may is on demand then.
      docs.aws.amazon.com/AWSEC2/latest/UserGuide/capacity-reservations-launch.html; recorded reply of StartInstances:
      ReservationCapacityExceeded (hashicorp/terraform-provider-aws#35745).
    Source SB-ODC-05: What reservation an instance uses is set while it is stopped; a target goes with
      capacity-reservations-only. botocore ec2 ModifyInstanceCapacityReservationAttributes,
      CapacityReservationSpecification; the codes are guesses.
    """
    web = box.add_instance()
    turn(web, "stop")
    reservation = reserve()
    aim(ec2, web, CapacityReservationPreference="capacity-reservations-only", **at(reservation))
    ec2.cancel_capacity_reservation(CapacityReservationId=reservation)
    assert refused(ec2.start_instances, InstanceIds=[web]) == FULL
    aim(ec2, web, CapacityReservationPreference="none")
    turn(web, "start")


def test_a_launch_into_a_reservation_needs_room_for_all(ec2, reserve, free, runs_in, refused):
    """SB-ODC-04: none is launched where two do not fit.

    Source SB-ODC-04: docs.aws.amazon.com/AWSEC2/latest/UserGuide/capacity-reservations-launch.html; recorded reply of
      StartInstances: ReservationCapacityExceeded (hashicorp/terraform-provider-aws#35745).
    """
    reservation = reserve(InstanceMatchCriteria="targeted")
    ask = {"ImageId": "ami-12345678", "InstanceType": "m5.large", "Placement": {"AvailabilityZone": ZONE}}
    ask["CapacityReservationSpecification"] = at(reservation)
    assert refused(ec2.run_instances, **ask, MinCount=2, MaxCount=2) == FULL
    assert refused(ec2.run_instances, **{**ask, "InstanceType": "m5.xlarge"}, MinCount=1, MaxCount=1) == FULL
    assert ec2.describe_instances()["Reservations"] == []
    made = ec2.run_instances(**ask, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    assert (free(reservation), runs_in(made)) == (0, reservation)


def test_a_target_is_set_on_a_stopped_instance_only(box, ec2, reserve, turn, refused):
    """SB-ODC-05: of a reservation that is there, with a preference that goes with it; and it is shown.

    Source SB-ODC-05: botocore ec2 ModifyInstanceCapacityReservationAttributes, CapacityReservationSpecification; the
      codes are guesses.
    """
    web, reservation = box.add_instance(), reserve()
    ask = ec2.modify_instance_capacity_reservation_attributes
    assert refused(ask, InstanceId=web, CapacityReservationSpecification=at(reservation))[0] == "IncorrectInstanceState"
    turn(web, "stop")
    odd = {**at(reservation), "CapacityReservationPreference": "open"}
    found = refused(ask, InstanceId=web, CapacityReservationSpecification=odd)
    assert found == ("InvalidParameterCombination", 400)
    none = at("cr-00000000000000000")
    found = refused(ask, InstanceId=web, CapacityReservationSpecification=none)
    assert found == ("InvalidCapacityReservationId.NotFound", 400)
    aim(ec2, web, **at(reservation))
    by_target = {
        "Name": "capacity-reservation-specification.capacity-reservation-target.capacity-reservation-id",
        "Values": [reservation],
    }
    (group,) = ec2.describe_instances(Filters=[by_target])["Reservations"]
    assert group["Instances"][0]["CapacityReservationSpecification"] == at(reservation)
