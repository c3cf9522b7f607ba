"""A process on a terminal of its own, as a person sits before it."""

import fcntl
import os
import re
import signal
import subprocess
import termios
import threading
import time
from collections.abc import Mapping, Sequence

_DRAWN = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")


class Terminal:
    """What a process shows, and what is typed to it."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._hand, theirs = os.openpty()
        termios.tcsetwinsize(theirs, (40, 160))
        self.process = subprocess.Popen(
            command,
            env={**environment, "TERM": "xterm", "NO_COLOR": "1"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=_in_front,  # noqa: PLW1509 - it only takes the terminal
        )
        os.close(theirs)
        self._shown = b""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while True:
            try:
                more = os.read(self._hand, 65536)
            except OSError:
                return  # its other end is closed
            if not more:
                return
            self._shown += more

    @property
    def text(self) -> str:
        """All that was shown so far, as lines without colours and movements."""
        return _DRAWN.sub("", self._shown.decode(errors="replace"))

    def type(self, text: str) -> None:
        """Type; ^C is \\x03."""
        os.write(self._hand, text.encode())

    def shows(self, text: str, seconds: float = 20.0) -> None:
        """Wait until something was shown."""
        end = time.monotonic() + seconds
        while text not in self.text:
            assert time.monotonic() < end, f"{text!r} is not shown:\n{self.text}"
            time.sleep(0.02)

    def ends(self, seconds: float = 40.0) -> int:
        """Wait for the end and return the exit code."""
        code = self.process.wait(seconds)
        self._reader.join(2)
        return code

    def close(self) -> None:
        """Take the terminal away."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)
        os.close(self._hand)


def _in_front() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.default_int_handler)
