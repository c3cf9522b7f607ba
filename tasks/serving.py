"""Serve all deployments from one process on this host, without a work pool: `python -m tasks.serving`, from the project's folder.

What is served is what `prefect.yaml` says; there is no second list.
"""

import os
import sys
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]  # Prefect brings it
from prefect import serve
from prefect.client.schemas.objects import ConcurrencyLimitConfig
from prefect.deployments.runner import RunnerDeployment
from prefect.schedules import Cron

from sealift.project import prefect_file, project_root

LIMIT = 8
"""Flow runs at once in this process's care; each is a process of its own."""


def deployments(file: Path) -> list[RunnerDeployment]:
    """Return what a `prefect.yaml` registers, to be served from here."""
    listed: list[dict[str, Any]] = yaml.safe_load(file.read_text(encoding="utf-8"))["deployments"]
    return [_deployment(one) for one in listed]


def _deployment(one: dict[str, Any]) -> RunnerDeployment:
    limit = one.get("concurrency_limit")
    return RunnerDeployment.from_entrypoint(
        one["entrypoint"],
        one["name"],
        description=one["description"],
        tags=one["tags"],
        concurrency_limit=ConcurrencyLimitConfig(**limit) if limit else None,
        parameters=one.get("parameters", {}),
        schedules=[Cron(s["cron"], timezone=s["timezone"]) for s in one.get("schedules", ())] or None,
    )


def main() -> None:
    """Serve until interrupted."""
    root = str(project_root())
    os.chdir(root)
    sys.path.insert(0, root)
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
    serve(*deployments(prefect_file()), limit=LIMIT)


if __name__ == "__main__":
    main()
