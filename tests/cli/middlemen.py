"""A server between client and sandbox that pages with few rows, and lacks what it is told to lack."""

import threading
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode

PAGED = {
    "DescribeVolumes": ("MaxResults", "5"),
    "DescribeInstances": ("MaxResults", "5"),
    "DescribeAutoScalingGroups": ("MaxRecords", "5"),
    "DescribeDBInstances": ("MaxRecords", "20"),
    "DescribeDBClusters": ("MaxRecords", "20"),
}
"""By operation: how it is told how many rows a page has, and how many; RDS takes no fewer than 20."""

PAGE_FOR_PEOPLE = (500, "text/html", b"<!doctype html>\n<html lang=en>\n<title>500 Internal Server Error</title>\n")
NOT_BUILT = (
    501,
    "text/xml",
    b"<Response><Errors><Error><Code>InternalFailure</Code><Message>not yet implemented</Message></Error></Errors></Response>",
)
UNSUPPORTED = (
    400,
    "text/xml",
    b"<Response><Errors><Error><Code>UnsupportedOperation</Code><Message>no</Message></Error></Errors></Response>",
)
DENIED = (
    403,
    "text/xml",
    b"<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>no</Message></Error></Errors></Response>",
)
"""Answers of servers that lack an operation, or do not allow it: status, type, body."""


class Middleman:
    """Counts requests by operation; `lacks` maps an operation to the answer it gets."""

    def __init__(self, upstream: str, lacks: dict[str, tuple[int, str, bytes]]) -> None:
        self.upstream, self.lacks = upstream, lacks
        self.asked: Counter[str] = Counter()
        self.url = ""

    def answer(self, headers: dict[str, str], body: bytes) -> tuple[int, str, bytes]:
        """Answer one request."""
        form = dict(parse_qsl(body.decode(), keep_blank_values=True)) if b"Action=" in body else {}
        operation = form.get("Action") or headers.get("X-Amz-Target", "?").split(".")[-1]
        self.asked[operation] += 1
        if operation in self.lacks:
            return self.lacks[operation]
        if operation in PAGED and not any(k.startswith(("InstanceId", "VolumeId")) for k in form):
            name, rows = PAGED[operation]
            form[name] = rows
        return self._forward(headers, urlencode(form).encode() if form else body)

    def _forward(self, headers: dict[str, str], body: bytes) -> tuple[int, str, bytes]:
        kept = {k: v for k, v in headers.items() if k.lower() not in ("host", "content-length")}
        request = urllib.request.Request(self.upstream + "/", body, kept)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=20) as reply:  # noqa: S310
                return reply.status, reply.headers["Content-Type"], reply.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers["Content-Type"], error.read()


@contextmanager
def between(upstream: str, **lacks: tuple[int, str, bytes]) -> Iterator[Middleman]:
    """Serve a middleman before `upstream` until the end of the block."""
    middleman = Middleman(upstream, lacks)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, kind, answer = middleman.answer(dict(self.headers.items()), body)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    middleman.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield middleman
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
