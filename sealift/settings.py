"""What the surroundings say, read once at the edge."""

import os
from dataclasses import dataclass
from pathlib import Path

from sealift.journal import default_path


@dataclass(frozen=True)
class Settings:
    """Where the journal is, and which AWS is meant. `AWS_*` variables work as everywhere: boto3 reads them itself."""

    journal: Path
    region: str | None = None
    profile: str | None = None
    endpoint_url: str | None = None

    @classmethod
    def read(
        cls,
        *,
        journal: str | None = None,
        region: str | None = None,
        profile: str | None = None,
        endpoint_url: str | None = None,
    ) -> "Settings":
        """Take what was given, then what the environment says."""
        environment_region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
        return cls(Path(journal) if journal else default_path(), region or environment_region, profile, endpoint_url)
