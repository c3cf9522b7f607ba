"""CopyImage: the only way to an encrypted AMI of plain snapshots."""

from typing import Any

from sealift.sandbox import tokens
from sealift.sandbox.ec2 import images, snapshots, tagging
from sealift.sandbox.errors import ApiError
from sealift.sandbox.world import Call, World


def copy(world: World, call: Call) -> dict[str, Any]:
    """CopyImage: every snapshot is copied, under the key asked for; `pending` until all are there (SB-IMG-02)."""
    if made := tokens.remembered(world, call):
        return {"ImageId": made}
    params = call.params
    region = params["SourceRegion"]
    source = images.find(world, _in(call, region, {}), params["SourceImageId"])
    if images.state_of(world, _in(call, region, {}), source) != "available":
        raise ApiError("SB-IMG-02", "InvalidAMIID.Unavailable", f"The image '{source.id}' is not available.")
    mappings = [_copied(world, call, mapping) for mapping in source.mappings]
    image = images.enter(world, call, mappings, source.root_device)
    tags = tagging.shown(call.account, region, source.id) if params.get("CopyImageTags") else []
    given = {t["Key"]: t["Value"] for t in tags if not t["Key"].startswith("aws:")}
    tagging.book(call.account, call.region, image.id).update(given | _asked(call))
    tokens.remember(world, call, image.id)
    return {"ImageId": image.id}


def _in(call: Call, region: str, params: dict[str, Any]) -> Call:
    return Call(call.service, call.operation, params, call.account, region, call.at, caller=call.caller, fate=call.fate)


def _copied(world: World, call: Call, mapping: dict[str, Any]) -> dict[str, Any]:
    ebs = mapping.get("Ebs", {})
    if "SnapshotId" not in ebs:
        return mapping
    params = {k: call.params[k] for k in ("Encrypted", "KmsKeyId", "SourceRegion") if call.params.get(k)}
    if minutes := call.params.get("SnapshotCopyCompletionDurationMinutes"):
        params["CompletionDurationMinutes"] = minutes
    one = _in(call, call.region, {**params, "SourceSnapshotId": ebs["SnapshotId"]})
    made = snapshots.copy(world, one)["SnapshotId"]
    encrypted = world.here(call).snapshots[made].encrypted
    return {**mapping, "Ebs": {**ebs, "SnapshotId": made, "Encrypted": encrypted}}


def _asked(call: Call) -> dict[str, str]:
    specs = [s for s in call.params.get("TagSpecifications", []) if s.get("ResourceType") == "image"]
    return {t["Key"]: t.get("Value", "") for s in specs for t in s.get("Tags", [])}


OPERATIONS = {"ec2:CopyImage": copy}
