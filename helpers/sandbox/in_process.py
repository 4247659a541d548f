"""A sandbox in this very process: boto3's calls reach it as function calls, with no port and no thread.

Botocore's event `before-send` may answer a call in the network's place. The calls are signed, and their signatures
checked, as ever. An address is there for programs of their own alone: the server starts when one is asked for.

https://boto3.amazonaws.com/v1/documentation/api/latest/guide/events.html
"""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from functools import cache
from io import BytesIO
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import botocore.session
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials
from botocore.handlers import BUILTIN_HANDLERS
from typing_extensions import override
from urllib3 import HTTPResponse
from werkzeug.http import http_date
from werkzeug.test import run_wsgi_app

from helpers.place import HERE
from helpers.sandbox.gate import Gate
from helpers.sandbox.moto_adapter.additions import reset, seed
from helpers.sandbox.moto_adapter.protocols import Application
from helpers.sandbox.moto_adapter.types import MotoRequestHandler
from helpers.sandbox.outside.connection import Connection
from helpers.sandbox.outside.control import request_to_advance, told_of_advance
from helpers.sandbox.outside.reach import Reach
from helpers.sandbox.outside.session import session_of_its_own
from helpers.sandbox.server import HOST, Server, connection_to, create_server

PRIVATE_SEED = 42
_URL = f"http://{HOST}"
_ADDRESS_FROM_HERE = f"{_URL}:80"  # with a port, as any sandbox's address has one
_LISTENING_NOWHERE = SimpleNamespace(ssl_context=None, multithread=True, multiprocess=False, server_address=(HOST, 80))
_OF_THE_WAY = {"transfer-encoding", "expect", "connection"}
"""Headers that say how a request travels, and not what it is."""


class InProcess(Reach):
    """A sandbox that is reached by function calls.

    Args:
        gate: The sandbox, which was started.
    """

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._one_server = threading.Lock()
        self._server: Server | None = None

    @property
    @override
    def connection(self) -> Connection:
        return self._server.connection if self._server else connection_to(self._gate, _URL)

    @override
    def open_session(self) -> botocore.session.Session:
        session = session_of_its_own()
        session.register("before-send", self._answer)  # type: ignore[arg-type]
        return session

    @override
    @contextmanager
    def from_here(self) -> Iterator[None]:
        answering = ("before-send", self._answer)
        BUILTIN_HANDLERS.append(answering)
        try:
            yield
        finally:
            BUILTIN_HANDLERS.remove(answering)

    @override
    def address(self) -> str:
        if not HERE.sockets:
            return _ADDRESS_FROM_HERE
        with self._one_server:
            if self._server is None:
                self._server = create_server(gate=self._gate)
                threading.Thread(target=self._server.serve_forever, name="sandbox", daemon=True).start()
            return self._server.connection.endpoint_url

    @override
    def advance(self, credentials: Credentials, seconds: float) -> str:
        answer = self._answer(request_to_advance(_URL, credentials, seconds).prepare())
        return told_of_advance(answer.status_code, answer.content)

    def reset(self) -> None:
        """Empty its accounts; their administrators keep their keys."""
        reset()
        self._gate.start()

    def close(self) -> None:
        """Close its port, if it has one."""
        with self._one_server:
            if self._server:
                self._server.shutdown()
                self._server = None

    def _answer(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        """Answer a call as the server would."""
        body, status, headers = run_wsgi_app(self._gate, _Arrived(request).make_environ())
        headers["Date"] = http_date(self._gate.now())
        code = int(status.split(" ", 1)[0])
        raw = HTTPResponse(
            BytesIO(b"".join(body)),
            dict(headers),
            code,
            preload_content=False,
            request_method=str(request.method),
        )
        return AWSResponse(str(request.url), code, HTTPHeaders.from_pairs(headers), raw)


class _Arrived(MotoRequestHandler):
    """A request as the server's handler has it once it was read."""

    def __init__(self, request: AWSPreparedRequest) -> None:
        body: Any = request.body
        data = body.read() if hasattr(body, "read") else body or b""
        data = data.encode() if isinstance(data, str) else bytes(data)
        self.headers = Message()
        for name, value in request.headers.items():
            if name.lower() not in _OF_THE_WAY:
                self.headers[name] = value.decode("latin-1") if isinstance(value, bytes) else str(value)
        url = urlsplit(str(request.url))
        if "Host" not in self.headers:
            self.headers["Host"] = url.netloc.removesuffix(":80")
        del self.headers["Content-Length"]
        self.headers["Content-Length"] = str(len(data))
        self.command, self.request_version = str(request.method), "HTTP/1.1"
        self.path = f"{url.path or '/'}{f'?{url.query}' if url.query else ''}"
        self.rfile, self.connection = BytesIO(data), None
        self.client_address = (HOST, 0)
        self.server: Any = _LISTENING_NOWHERE


def new_sandbox() -> InProcess:
    """Empty the sandbox of this process, and put new administrators into its accounts: there is one at a time."""
    reset()
    gate = Gate(Application(), uuid4().hex)
    gate.start()
    return InProcess(gate)


@cache
def private_sandbox() -> InProcess:
    """Make a sandbox, once: its ids are the same every time, and it ends with the process."""
    seed(PRIVATE_SEED)
    sandbox = new_sandbox()
    gc.freeze()  # AWS's 1,500 managed policies stay: no garbage collection need walk through them again
    return sandbox
