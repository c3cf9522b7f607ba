"""Run third-party clients against `sealift sandbox serve`: `make conformance-clients`.

Each client is a folder with `check.py` and `requirements.txt`. It gets an environment of its own under build/clients,
and a server of its own. The clients run side by side, for they mostly wait. Standard library only.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import threading
import venv
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILD = HERE.parents[1] / "build" / "clients"
SPEED, LONGEST_S, INSTALLED_S, STARTED_S = "60", 900, 600, 60
"""The sandbox's speed; seconds for a client's check, for pip, and for the server's first line."""


def environment(name: str) -> Path:
    """Return the Python of a client's environment: made anew when its requirements change or it is unfinished."""
    place, wanted = BUILD / name, (HERE / name / "requirements.txt").read_text()
    stamp, python = place / ".installed", place / "bin" / "python"
    if stamp.exists() and stamp.read_text() == wanted:
        return python
    shutil.rmtree(place, ignore_errors=True)
    venv.create(place, with_pip=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    pip += ["-r", str(HERE / name / "requirements.txt")]
    subprocess.run(pip, check=True, capture_output=True, text=True, timeout=INSTALLED_S)
    stamp.write_text(wanted)
    return python


@contextmanager
def served(name: str) -> Iterator[str]:
    """Serve an empty sandbox on a free port until the block ends; what it writes on stderr is in a file of its own."""
    command = [sys.executable, "-m", "sealift", "sandbox", "serve", "--port", "0", "--fleet", "empty"]
    log = (BUILD / f"{name}.server.log").open("w")
    server = subprocess.Popen([*command, "--speed", SPEED], stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        late = threading.Timer(STARTED_S, server.kill)  # which ends the line that is waited for
        late.start()
        line = server.stdout.readline() if server.stdout else ""
        late.cancel()
        found = re.search(r"AWS_ENDPOINT_URL=(\S+)", line)
        if not found:
            raise RuntimeError(f"the sandbox did not start in {STARTED_S} s: see {log.name}")
        yield found[1]
    finally:
        server.kill()
        server.wait()
        log.close()


def run(name: str) -> bool:
    """Run one client's check; print what it said; return whether it passed."""
    try:
        python = environment(name)
        with served(name) as url:
            told = subprocess.run(
                [str(python), str(HERE / name / "check.py")],
                env=_variables(url, name),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                text=True,
                timeout=LONGEST_S,
                check=False,
            )
        text, passed = told.stdout, told.returncode == 0
    except subprocess.CalledProcessError as error:
        text, passed = f"  pip: {error.stderr}", False
    except subprocess.TimeoutExpired as error:
        text, passed = f"{_text(error.output)}{_text(error.stderr)}  no end after {error.timeout:g} s", False
    except RuntimeError as error:
        text, passed = f"  {error}", False
    sys.stdout.write(f"{name}: {'passed' if passed else 'FAILED'}\n{text}\n")
    sys.stdout.flush()
    return passed


def _text(said: bytes | str | None) -> str:
    """Return what was said up to a time-out: bytes even where text was asked for."""
    return said.decode(errors="replace") if isinstance(said, bytes) else said or ""


def _variables(url: str, name: str) -> dict[str, str]:
    """Nothing of the user's account, configuration or proxy reaches a client."""
    kept = {
        k: v for k, v in os.environ.items() if not k.upper().startswith("AWS_") and not k.upper().endswith("_PROXY")
    }
    return {
        **kept,
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "sandbox",
        "AWS_SECRET_ACCESS_KEY": "sandbox",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONPATH": str(HERE),
        "HOME": str(BUILD / name),
    }


def main() -> int:
    """Run the clients that are named, or all; 1 where one failed."""
    there = sorted(p.parent.name for p in HERE.glob("*/check.py"))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clients", nargs="*", metavar="CLIENT", help=f"of {', '.join(there)}; by default all")
    wanted = parser.parse_args().clients or there
    if unknown := set(wanted) - set(there):
        parser.error(f"no such client: {', '.join(sorted(unknown))}")
    BUILD.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(len(wanted)) as pool:
        passed = list(pool.map(run, wanted))
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
