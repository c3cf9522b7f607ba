"""Try what catches planted bugs on the code in several folders, each in a fork of a program that has read the slow part of a start.

`python tests/faults/warm.py`, run where `tests` is, reads requests from its input, a line of JSON each: `[folder, names]`. It
answers with a line of JSON: `[exit code, output, errors]`. It has boto3, moto and the service models, and nothing of sealift:
each fork imports the code of its own folder.
"""

import importlib
import json
import os
import sys
import tempfile
from pathlib import Path

import botocore.session

SLOW = ("boto3", "boto3.s3.transfer", "moto.backup", "moto.ec2.models", "sqlalchemy.engine", "pytest")
SERVICES = ("ec2", "sts", "kms", "autoscaling")


def main() -> None:
    """Warm up, then answer requests until there are no more."""
    sys.path.insert(0, str(Path.cwd()))
    for name in SLOW:
        importlib.import_module(name)
    from tests import clients

    clients.spare()
    models = botocore.session.get_session().get_component("data_loader")
    for service in SERVICES:
        models.load_service_model(service, "service-2")
    for line in sys.stdin:
        folder, names = json.loads(line)
        print(json.dumps(tried(folder, names)), flush=True)  # noqa: T201


def tried(folder: str, names: list[str]) -> tuple[int, str, str]:
    """Try the code in a folder, in a fork."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if not child:
            try:
                os.dup2(out.fileno(), 1)
                os.dup2(err.fileno(), 2)
                os._exit(_there(folder, names))
            finally:  # a fork that raises must not answer for the program
                sys.excepthook(*sys.exc_info())  # type: ignore[arg-type]
                sys.stderr.flush()
                os._exit(70)
        _, status = os.waitpid(child, 0)
        told = [_read(stream.fileno()) for stream in (out, err)]
    return os.waitstatus_to_exitcode(status), told[0], told[1]


def _there(folder: str, names: list[str]) -> int:
    os.chdir(folder)
    sys.path.insert(0, folder)
    from tests.faults.caught import main as caught

    code = caught(names)
    sys.stdout.flush()
    sys.stderr.flush()
    return code


def _read(stream: int) -> str:
    os.lseek(stream, 0, os.SEEK_SET)
    with os.fdopen(os.dup(stream), encoding="utf-8") as text:
        return text.read()


if __name__ == "__main__":
    main()
