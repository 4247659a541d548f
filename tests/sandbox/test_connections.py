"""What comes in over the wire: no request takes the memory, and no silent connection stays."""

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from helpers.sandbox import connections, server
from helpers.sandbox.outside.background import is_running
from support.sandbox_clients import CHECKOUT, clean_environment

LIMIT = 600 * 2**20  # bytes of address space: a sandbox needs some 400 MB of it
CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.fixture(scope="module")
def limited() -> Iterator[str]:
    """The address of a sandbox that has little memory."""
    program = f"import resource, runpy; resource.setrlimit(resource.RLIMIT_AS, ({LIMIT}, {LIMIT})); "
    program += "runpy.run_module('helpers.sandbox', run_name='__main__', alter_sys=True)"
    process = subprocess.Popen(
        [sys.executable, "-c", program], cwd=CHECKOUT, env=clean_environment(), stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    with process.stdout as told:
        yield json.loads(told.readline())["endpoint_url"]
        process.terminate()
        process.wait()


def answer(endpoint_url: str, *sent: bytes) -> bytes:
    """What comes back before the connection ends."""
    host, _, port = endpoint_url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=30) as wire:
        try:
            for data in sent:
                wire.sendall(data)
            wire.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it was refused before all of it was sent
        received = b""
        try:
            while data := wire.recv(65536):
                received += data
        except ConnectionResetError:
            pass
    return received


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ([CHUNKED, b"FFFFFFFFF\r\nabc"], b"IncompleteBody"),
        ([CHUNKED, b"80000000\r\n", b"a" * 100], b"IncompleteBody"),
        ([b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\nabc"], b"EntityTooLarge"),
        ([b"PUT /b/k HTTP/1.1\r\nHost: x\r\nContent-Length: 16000000\r\n\r\nabc"], b"IncompleteBody"),
    ],
)
def test_no_request_takes_more_memory_than_it_sends(limited: str, sent: list[bytes], code: bytes) -> None:
    received = answer(limited, *sent)
    assert b"<Code>" + code in received or code in received
    assert b"Connection: close" in received
    assert is_running(limited)


def test_a_body_without_an_end_is_cut_off(limited: str) -> None:
    chunk = b"100000\r\n" + b"a" * 2**20 + b"\r\n"
    answer(limited, CHUNKED, *[chunk] * 40)
    assert is_running(limited)


def test_a_host_that_is_none_is_refused_in_awss_words(limited: str) -> None:
    received = answer(limited, b"GET / HTTP/1.1\r\nHost: %s.s3.amazonaws.com\r\n\r\n" % (b"a" * 70))
    assert b" 400 " in received
    assert b"InvalidURI" in received


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A sandbox in this process that has little patience, and room for three connections."""
    monkeypatch.setattr(server._Handler, "timeout", 0.3)
    monkeypatch.setattr(connections, "MOST_CONNECTIONS", 3)
    started = server.create_server()
    thread = threading.Thread(target=started.serve_forever, daemon=True)
    thread.start()
    yield started.connection.endpoint_url
    started.shutdown()
    thread.join()


def test_a_silent_connection_is_closed(quick: str, capsys: pytest.CaptureFixture[str]) -> None:
    port = int(quick.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=30) as wire:
        assert wire.recv(1) == b""
    assert capsys.readouterr().err == ""


def test_there_are_no_more_connections_than_there_is_room_for(quick: str) -> None:
    port = int(quick.rpartition(":")[2])
    with ExitStack() as open_ones:
        for _ in range(3):
            open_ones.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30)).sendall(b"GET /sand")
        with socket.create_connection(("127.0.0.1", port), timeout=30) as one_more:
            assert one_more.recv(1) == b""
