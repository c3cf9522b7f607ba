"""Force: what hangs on its way out of an instance, or on its way down, is ended."""

from sealift.sandbox import Fault


def _instance(ec2, name):
    return ec2.describe_instances(InstanceIds=[name])["Reservations"][0]["Instances"][0]


def test_force_ends_a_detach_that_hangs(box, ec2, refused):
    """SB-INS-30: a second detach without it is refused.

    Source SB-INS-30: botocore ec2 StopInstances.Force, DetachVolume.Force; how soon is a guess.
    """
    instance, volume = box.add_instance(), box.add_volume()
    ec2.attach_volume(InstanceId=instance, VolumeId=volume, Device="/dev/sdf")
    box.clock.advance(30)
    box.faults.add(Fault(operation="ec2:DetachVolume", hangs=True))
    ec2.detach_volume(VolumeId=volume)
    box.clock.advance(3600)
    assert refused(ec2.detach_volume, VolumeId=volume)[0] == "IncorrectState"
    ec2.detach_volume(VolumeId=volume, Force=True)
    assert ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]["State"] == "available"


def test_force_ends_a_stop_that_hangs(box, ec2):
    """SB-INS-30: asked again without it, the instance stays `stopping`.

    Source SB-INS-30: botocore ec2 StopInstances.Force, DetachVolume.Force; how soon is a guess.
    """
    instance = box.add_instance()
    box.faults.add(Fault(operation="ec2:StopInstances", hangs=True))
    ec2.stop_instances(InstanceIds=[instance])
    box.clock.advance(3600)
    ec2.stop_instances(InstanceIds=[instance])
    box.clock.advance(3600)
    assert _instance(ec2, instance)["State"]["Name"] == "stopping"
    ec2.stop_instances(InstanceIds=[instance], Force=True)
    box.clock.advance(3600)
    assert _instance(ec2, instance)["State"]["Name"] == "stopped"
