"""Prefect's own server, which it starts beside a process where no server is named."""

import signal

from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL


def start_apart() -> None:
    """Start it, if it will be needed, so that a Ctrl-C at the terminal does not end it.

    It is a process of the same terminal: Ctrl-C reaches it too, and the question that we ask then may be answered with
    *go on*. A signal that is blocked when a process is started stays blocked in it.
    """
    if PREFECT_API_URL.value():
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        get_client(sync_client=True)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
