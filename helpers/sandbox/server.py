"""The sandbox's server: moto's, behind the gate, on 127.0.0.1 alone."""

import gc
import socket
from dataclasses import dataclass, field
from typing import IO, cast
from uuid import uuid4
from wsgiref.types import WSGIEnvironment

from typing_extensions import override
from werkzeug.http import http_date
from werkzeug.serving import BaseWSGIServer, DechunkedInput

from helpers.sandbox.connections import IDLE_SECONDS, Chunks
from helpers.sandbox.connections import Server as HttpServer
from helpers.sandbox.gate import Gate
from helpers.sandbox.moto_adapter.protocols import Application
from helpers.sandbox.moto_adapter.types import MotoRequestHandler
from helpers.sandbox.outside.connection import REGION, Administrator, Connection

HOST = "127.0.0.1"
_POLL_SECONDS = 0.05
"""How soon the server notices that it is to end."""


class _Handler(MotoRequestHandler):
    """Speaks HTTP/1.1 in the sandbox's own time, and keeps quiet: a notebook's output is no place for a log."""

    protocol_version = "HTTP/1.1"
    default_request_version = "HTTP/1.0"  # otherwise a line that is no HTTP is answered without a status
    error_content_type = "application/xml"
    timeout = IDLE_SECONDS  # closes a connection that keeps silent
    error_message_format = "<Error><Code>BadRequest</Code><Message>%(message)s</Message></Error>"

    @override
    def make_environ(self) -> WSGIEnvironment:
        environ = super().make_environ()
        if isinstance(environ["wsgi.input"], DechunkedInput):
            environ["wsgi.input"] = Chunks(cast(IO[bytes], self.rfile))
        return environ

    @override
    def date_time_string(self, timestamp: float | None = None) -> str:
        gate = cast(Gate, self.server.app)
        return http_date(timestamp or gate.now())

    @override
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass

    @override
    def log_error(self, format: str, *args: object) -> None:
        pass


@dataclass(frozen=True)
class Server:
    """A sandbox that listens: how to reach it, and its parts."""

    connection: Connection
    gate: Gate = field(repr=False)
    http: BaseWSGIServer = field(repr=False)

    def serve_forever(self) -> None:
        """Answer requests until `shutdown`."""
        self.http.serve_forever(poll_interval=_POLL_SECONDS)

    def shutdown(self) -> None:
        """End `serve_forever`, from another thread."""
        self.http.shutdown()


def create_server(port: int = 0, *, gate: Gate | None = None, propagation_delay: float = 0) -> Server:
    """Open the port, with an administrator in each account; nothing is answered yet.

    Args:
        port: The TCP port on 127.0.0.1; 0 takes a free one.
        gate: A sandbox that was started; a new one when left out.
        propagation_delay: Seconds until a change of IAM's has effect in a new one, as on AWS.

    Raises:
        OSError: The port is taken.
    """
    answering = gate or Gate(Application(), uuid4().hex, propagation_delay)
    with socket.create_server((HOST, port)) as listener:
        http = HttpServer(HOST, port, answering, _Handler, fd=listener.fileno())
    if gate is None:
        answering.start()
        gc.freeze()  # AWS's 1,500 managed policies stay: no garbage collection need walk through them again
    return Server(connection_to(answering, f"http://{HOST}:{http.server_address[1]}"), answering, http)


def connection_to(gate: Gate, endpoint_url: str) -> Connection:
    """Describe how to reach a sandbox."""
    accounts = tuple(
        Administrator(account_id, key.access_key_id, key.secret_access_key)
        for account_id, key in gate.administrators.items()
    )
    return Connection(endpoint_url, REGION, accounts, gate.instance)
