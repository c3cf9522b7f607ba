"""What a volume is besides its contents: everything that has to come over."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sealift.step import Step


@dataclass(frozen=True, kw_only=True)
class Shaped(Step):
    """A step that makes a volume: it sends every attribute, because AWS's defaults are others (R-EBS-07: gp2,
    3000/125).
    """

    key_arn: str
    key_name: str = ""  # as the user named it, for titles
    volume_type: str
    size: int  # GiB
    iops: int | None = None
    throughput: int | None = None  # MiB/s
    multi_attach: bool = False

    def shape(self) -> dict[str, Any]:
        """Return the parameters; Iops and Throughput only for the types that take them (R-EBS-08)."""
        params: dict[str, Any] = {
            "VolumeType": self.volume_type,
            "Size": self.size,
            "Encrypted": True,
            "KmsKeyId": self.key_arn,
        }
        if self.volume_type in ("gp3", "io1", "io2") and self.iops is not None:
            params["Iops"] = self.iops
        if self.volume_type == "gp3" and self.throughput is not None:
            params["Throughput"] = self.throughput
        if self.volume_type in ("io1", "io2"):
            params["MultiAttachEnabled"] = self.multi_attach
        return params


def alive(volume: Mapping[str, Any]) -> bool:
    """Tell whether a described volume can still become useful: a token whose volume died returns that dead one."""
    return volume.get("State") not in ("error", "deleting", "deleted")
