"""A proxy between AWS clients and a server, which breaks the calls that a plan names, as networks and AWS do.

It passes every request on as it came, the Host header too, so that signatures stay right.
"""

import os
import re
import select
import signal
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from email.message import Message
from enum import Enum
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

SLOW_SECONDS = 0.2
GIVEN_SECRETS = re.compile(rb"<(?:SecretAccessKey|SessionToken|AccessKeyId)>([^<]+)<")
SECRETS_IN_ANSWERS_TO = frozenset({"CreateAccessKey", "AssumeRole"})
OF_ONE_CONNECTION = frozenset({"connection", "keep-alive", "transfer-encoding", "expect"})


class Fault(Enum):
    """What happens to a call."""

    NO_ANSWER_BEFORE = "no answer, the server never heard of it"
    NO_ANSWER_AFTER = "no answer, the server acted"
    RESET_BEFORE = "connection reset, the server never heard of it"
    RESET_AFTER = "connection reset, the server acted"
    HALF_AN_ANSWER = "half an answer, the server acted"
    SERVER_ERROR_BEFORE = "500, the server did nothing"
    SERVER_ERROR_AFTER = "500, though the server acted"
    UNAVAILABLE = "503, the server did nothing"
    THROTTLED = "throttled, the server did nothing"
    SLOW = "a slow answer"
    KILLED_BEFORE = "the caller is killed, the server never heard of it"
    KILLED_AFTER = "the caller is killed, the server acted"

    @property
    def acts(self) -> bool:
        """Whether the server acts on a call that breaks so."""
        return "the server acted" in self.value or self is Fault.SLOW


BREAKING = tuple(fault for fault in Fault if fault not in (Fault.SLOW, Fault.KILLED_BEFORE, Fault.KILLED_AFTER))
Plan = Callable[[int], Fault | None]


def no_fault(_number: int) -> None:
    """The plan by which nothing breaks."""
    return


def once(position: int, fault: Fault) -> Plan:
    """Breaks one call; a retry gets through."""
    return lambda number: fault if number == position else None


def from_then_on(position: int, fault: Fault) -> Plan:
    """Breaks a call and all after it."""
    return lambda number: fault if number >= position else None


def at_random(seed: int, probability: float) -> Plan:
    """Breaks so many of the calls, 0 to 1, each in some way; the same ones for the same seed."""

    def drawn(number: int) -> Fault | None:
        dice = Random(f"{seed}/{number}")
        return dice.choice(BREAKING) if dice.random() < probability else None

    return drawn


class Call(NamedTuple):
    """A call as the proxy saw it."""

    number: int
    service: str
    action: str
    fault: Fault | None


@dataclass(frozen=True)
class Wire:
    """An answer as it goes over the wire."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class FaultProxy:
    """The proxy; `plan` says which calls break, counted from 1 since it was last set.

    Attributes:
        endpoint_url: where the clients go.
        calls: what was called since the plan was set.
        secrets: every secret, and the id that goes with it, that the server gave since then.
        victim: the process that a killing fault kills.
    """

    def __init__(self, upstream: str) -> None:
        self.upstream = urlsplit(upstream).netloc
        self.calls: list[Call] = []
        self.secrets: set[str] = set()
        self.victim: int | None = None
        self._plan: Plan = no_fault
        self._lock = threading.Condition()
        self._under_way = 0
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self.endpoint_url = f"http://127.0.0.1:{self._server.server_port}"

    def set(self, plan: Plan) -> None:
        """Counts from 1 again, and breaks what the plan says from now on, when the server has done what it was asked.

        The caller of a call that is under way may have given up, or been killed.
        """
        with self._lock:
            self._lock.wait_for(lambda: not self._under_way)
            self.calls, self.secrets, self._plan = [], set(), plan

    def heal(self) -> None:
        """Nothing breaks any more."""
        with self._lock:
            self._plan = no_fault

    def run(self) -> None:
        """Answers until `close`."""
        self._server.serve_forever(poll_interval=0.05)

    def close(self) -> None:
        """Ends `run`."""
        self._server.shutdown()
        self._server.server_close()

    def note(self, service: str, action: str) -> Fault | None:
        """Counts a call; says how it breaks."""
        with self._lock:
            number = len(self.calls) + 1
            fault = self._plan(number)
            self.calls.append(Call(number, service, action, fault))
            return fault

    @contextmanager
    def under_way(self) -> Iterator[None]:
        """While the server is asked."""
        with self._lock:
            self._under_way += 1
        try:
            yield
        finally:
            with self._lock:
                self._under_way -= 1
                self._lock.notify_all()

    def kill(self) -> None:
        """Kills the victim, as when the power goes."""
        assert self.victim, "a plan that kills needs a victim"
        os.kill(self.victim, signal.SIGKILL)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        proxy = self

        class Handler(_Handler):
            owner = proxy

        return Handler


@contextmanager
def fault_proxy(upstream: str) -> Iterator[FaultProxy]:
    """A proxy in front of a server, in a thread of this process."""
    proxy = FaultProxy(upstream)
    thread = threading.Thread(target=proxy.run, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.close()
        thread.join()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A client that left before its answer is one of the things to be tried here."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """One client's connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    owner: FaultProxy

    def log_message(self, format: str, *args: object) -> None:
        """The proxy keeps `calls` instead."""

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        service, action = _asked(self.command, self.path, self.headers.get("Authorization", ""), self.headers, body)
        match self.owner.note(service, action):
            case None:
                self._send(self._forward(action, body))
            case Fault.SLOW:
                answer = self._forward(action, body)
                time.sleep(SLOW_SECONDS)
                self._send(answer)
            case Fault.NO_ANSWER_BEFORE:
                self._wait_for_the_client_to_leave()
            case Fault.NO_ANSWER_AFTER:
                self._forward(action, body)
                self._wait_for_the_client_to_leave()
            case Fault.RESET_BEFORE:
                self._reset()
            case Fault.RESET_AFTER:
                self._forward(action, body)
                self._reset()
            case Fault.HALF_AN_ANSWER:
                self._send_half(self._forward(action, body))
            case Fault.SERVER_ERROR_BEFORE:
                self._send(_server_error(service))
            case Fault.SERVER_ERROR_AFTER:
                self._forward(action, body)
                self._send(_server_error(service))
            case Fault.UNAVAILABLE:
                code = "SlowDown" if service == "s3" else "ServiceUnavailable"
                self._send(_error(service, 503, code, "Please reduce your request rate."))
            case Fault.THROTTLED:
                self._send(_throttled(service))
            case Fault.KILLED_BEFORE:
                self.owner.kill()
                self._wait_for_the_client_to_leave()
            case Fault.KILLED_AFTER:
                self._forward(action, body)
                self.owner.kill()
                self._wait_for_the_client_to_leave()

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _answer

    def _forward(self, action: str, body: bytes) -> Wire:
        """Asks the server; remembers what secrets it gives."""
        with self.owner.under_way(), closing(HTTPConnection(self.owner.upstream)) as upstream:
            upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in OF_ONE_CONNECTION:
                    upstream.putheader(name, value)
            upstream.endheaders(body)
            answer = upstream.getresponse()
            wire = Wire(answer.status, tuple(answer.getheaders()), answer.read())
            if action in SECRETS_IN_ANSWERS_TO:
                self.owner.secrets |= {found.decode() for found in GIVEN_SECRETS.findall(wire.body)}
        return wire

    def _send(self, answer: Wire) -> None:
        self._send_headers(answer)
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def _send_headers(self, answer: Wire) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.headers:
            if name.lower() not in OF_ONE_CONNECTION | {"content-length"}:
                self.send_header(name, value)
        if answer.status != 204:
            said = dict(answer.headers).get("Content-Length") if self.command == "HEAD" else None
            self.send_header("Content-Length", said or str(len(answer.body)))
        self.end_headers()

    def _send_half(self, answer: Wire) -> None:
        self.close_connection = True
        if not answer.body or self.command == "HEAD":
            self.wfile.write(b"HTT")
            return
        self._send_headers(answer)
        self.wfile.write(answer.body[: len(answer.body) // 2])

    def _wait_for_the_client_to_leave(self) -> None:
        self.close_connection = True
        select.select([self.connection], [], [])

    def _reset(self) -> None:
        """Ends the connection with RST, which a close does that lingers for no time."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())


def _asked(method: str, path: str, authorization: str, headers: Message, body: bytes) -> tuple[str, str]:
    """The service that a request was signed for, and what it asks of it."""
    scope = re.search(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/", authorization)
    service = scope[1] if scope else ""
    if target := headers.get("X-Amz-Target"):
        return service, target.rpartition(".")[2]
    if action := parse_qs(body.decode("latin-1")).get("Action"):
        return service, action[0]
    return service, f"{method} {path}"


def _server_error(service: str) -> Wire:
    code = "InternalError" if service in ("s3", "ec2") else "InternalFailure"
    return _error(service, 500, code, "We encountered an internal error. Please try again.")


def _throttled(service: str) -> Wire:
    match service:
        case "s3":
            return _error(service, 503, "SlowDown", "Please reduce your request rate.")
        case "ec2":
            return _error(service, 503, "RequestLimitExceeded", "Request limit exceeded.")
        case "glue":
            return _error(service, 400, "ThrottlingException", "Rate exceeded")
        case _:
            return _error(service, 400, "Throttling", "Rate exceeded")


def _error(service: str, status: int, code: str, message: str) -> Wire:
    """An error in the service's own protocol."""
    told = f"<Code>{code}</Code><Message>{message}</Message>"
    match service:
        case "s3":
            return Wire(status, (("Content-Type", "application/xml"),), f"<Error>{told}</Error>".encode())
        case "ec2":
            text = f"<Response><Errors><Error>{told}</Error></Errors><RequestID>0</RequestID></Response>"
            return Wire(status, (("Content-Type", "text/xml"),), text.encode())
        case "glue":
            text = f'{{"__type": "{code}", "message": "{message}"}}'
            return Wire(status, (("Content-Type", "application/x-amz-json-1.1"),), text.encode())
        case _:
            text = f"<ErrorResponse><Error><Type>Receiver</Type>{told}</Error><RequestId>0</RequestId></ErrorResponse>"
            return Wire(status, (("Content-Type", "text/xml"),), text.encode())
