"""What is installed is one name, with flows and tasks inside it; a user's own `flows/` and ours do not meet."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = "sealift/_project/"

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("wheel")]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, as built from this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def names(wheel: Path) -> list[str]:
    """The names of all files in it."""
    with zipfile.ZipFile(wheel) as opened:
        return opened.namelist()


@pytest.fixture(scope="module")
def unpacked(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as it lies in an environment."""
    folder = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as opened:
        opened.extractall(folder)
    return folder


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A user's project, with a package `flows` of its own that must never be run."""
    for package in ("flows", "tasks"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text("raise SystemExit('a package of the user was run')\n")
    return tmp_path


def run(unpacked: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run this Python with the unpacked wheel in place of the checkout."""
    environment = {**os.environ, "PYTHONPATH": str(unpacked), "PREFECT_HOME": str(folder / "prefect")}
    return subprocess.run(
        [sys.executable, *words], cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def test_only_sealift_is_installed(names: list[str]) -> None:
    """The wheel brings one top-level name; what else it holds is about itself."""
    top = {n.split("/")[0] for n in names}

    assert {t for t in top if not t.endswith(".dist-info")} == {"sealift"}


def test_flows_and_tasks_travel_inside(names: list[str]) -> None:
    """Flows, tasks and the file that registers them are in the package, every module of them."""
    wanted = {f"{OURS}prefect.yaml"}
    for folder in ("flows", "tasks"):
        wanted |= {OURS + p.relative_to(ROOT).as_posix() for p in (ROOT / folder).rglob("*.py")}

    assert wanted - set(names) == set()


def test_what_is_of_no_use_to_a_user_stays_out(names: list[str]) -> None:
    """No tests, docs, benches, caches or journals."""
    outside = ("tests/", "docs/", "bench/", "__pycache__", ".db")

    assert [n for n in names if any(o in n for o in outside)] == []


def test_types_and_licence_are_in_it(names: list[str]) -> None:
    """A user's type checker reads the annotations; the licence goes along."""
    assert "sealift/py.typed" in names
    assert [n for n in names if n.endswith("LICENSE")]


@pytest.mark.parametrize("words", [["--help"], ["plan", "--help"], ["--version"]], ids=" ".join)
def test_the_command_line_runs_beside_a_users_own_flows(unpacked: Path, elsewhere: Path, words: list[str]) -> None:
    """It answers from a folder that has packages of the same names, and runs neither."""
    ended = run(unpacked, elsewhere, "-m", "sealift", *words)

    assert (ended.returncode, ended.stderr) == (0, "")
    assert "sealift" in ended.stdout


def test_the_wheel_and_not_the_checkout_was_tried(unpacked: Path, elsewhere: Path) -> None:
    """The runs above are about what is installed."""
    ended = run(unpacked, elsewhere, "-c", "import sealift; print(sealift.__file__)")

    assert Path(ended.stdout.strip()).is_relative_to(unpacked)


def test_a_flow_is_found_beside_a_users_own_flows(unpacked: Path, elsewhere: Path) -> None:
    """The command line loads our flow out of the wheel, though a package `flows` lies in the working folder."""
    code = "from sealift.project import load; print(load('flows.ebs:migrate_instance').fn.__code__.co_filename)"

    ended = run(unpacked, elsewhere, "-c", code)

    assert ended.returncode == 0, ended.stderr
    assert Path(ended.stdout.strip()).is_relative_to(unpacked / OURS)
