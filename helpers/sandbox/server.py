"""Starts the sandbox's server: moto's, behind the gate, on 127.0.0.1 alone."""

import gc
import socket
import threading
from dataclasses import dataclass, field
from functools import cache
from typing import cast
from uuid import uuid4

from werkzeug.http import http_date
from werkzeug.serving import BaseWSGIServer, make_server

from helpers.sandbox import moto_seam
from helpers.sandbox.connection import REGION, Administrator, Connection
from helpers.sandbox.gate import Gate

HOST = "127.0.0.1"
PRIVATE_SEED = 42


class _Handler(moto_seam.MotoRequestHandler):
    """Speaks HTTP/1.1, and keeps quiet about the requests."""

    protocol_version = "HTTP/1.1"
    default_request_version = "HTTP/1.0"  # otherwise a line that is no HTTP is answered without a status
    error_content_type = "application/xml"
    error_message_format = "<Error><Code>BadRequest</Code><Message>%(message)s</Message></Error>"

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The `Date` of an answer, in the sandbox's own time."""
        gate = cast(Gate, self.server.app)
        return http_date(timestamp or gate.now())

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Says nothing: a notebook's output is no place for a server's log."""


@dataclass(frozen=True)
class Server:
    """A sandbox that listens: how to reach it, and its parts."""

    connection: Connection
    gate: Gate = field(repr=False)
    http: BaseWSGIServer = field(repr=False)

    def serve_forever(self) -> None:
        """Answers requests until `shutdown`."""
        self.http.serve_forever()

    def shutdown(self) -> None:
        """Ends `serve_forever`, from another thread."""
        self.http.shutdown()


def create_server(port: int = 0, *, propagation_delay: float = 0) -> Server:
    """Opens the port and puts an administrator into each account; does not answer yet.

    Args:
        port: the TCP port on 127.0.0.1; 0 takes a free one.
        propagation_delay: seconds until a change of IAM's has effect, as on AWS.

    Raises:
        OSError: the port is taken.
    """
    instance = uuid4().hex
    gate = Gate(moto_seam.Application(), instance, propagation_delay)
    with socket.create_server((HOST, port)) as listener:
        http = make_server(HOST, port, gate, threaded=True, request_handler=_Handler, fd=listener.fileno())
    gate.start()
    connection = Connection(
        endpoint_url=f"http://{HOST}:{http.server_address[1]}",
        region=REGION,
        accounts=tuple(
            Administrator(account_id, key.access_key_id, key.secret_access_key)
            for account_id, key in gate.administrators.items()
        ),
        instance=instance,
    )
    gc.freeze()  # AWS's 1,500 managed policies stay: no garbage collection need walk through them again
    return Server(connection, gate, http)


@cache
def private_sandbox() -> Connection:
    """The sandbox inside this very process: its ids are the same every time, and it ends with the process."""
    moto_seam.seed(PRIVATE_SEED)
    server = create_server()
    threading.Thread(target=server.serve_forever, name="sandbox", daemon=True).start()
    return server.connection
