"""Where the flows are: beside the package in a checkout, inside it in a wheel."""

import sys
from pathlib import Path

import pytest

from sealift import project


def test_in_a_checkout_the_flows_stand_beside_the_package() -> None:
    """The checkout comes first, so that what is edited is what runs."""
    root = project.project_root()

    assert (root / "flows" / "ebs.py").is_file()
    assert project.prefect_file() == root / "deployments" / "prefect.yaml"


def test_in_a_wheel_they_are_found_inside_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Other people's `flows` in site-packages are not ours."""
    inside = tmp_path / "sealift" / "_project"
    (tmp_path / "flows").mkdir()
    inside.mkdir(parents=True)
    (inside / "prefect.yaml").touch()
    monkeypatch.setattr(project, "__file__", str(tmp_path / "sealift" / "project.py"))

    assert project.project_root() == inside
    assert project.prefect_file() == inside / "prefect.yaml"


def test_loading_puts_the_project_first_on_the_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A folder named `flows` where the user stands does not win."""
    (tmp_path / "flows").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", str(tmp_path), *sys.path])

    project.load("sealift.options:Options")

    assert sys.path[0] == str(project.project_root())
