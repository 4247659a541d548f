"""The sandbox's connections: how many, how long one may keep silent, and bodies that are read as far as they come.

https://werkzeug.palletsprojects.com/en/stable/serving/
"""

import socket
from threading import BoundedSemaphore
from typing import Any

from typing_extensions import override
from werkzeug.serving import DechunkedInput, ThreadedWSGIServer

IDLE_SECONDS = 20.0
MOST_CONNECTIONS = 256


class Chunks(DechunkedInput):
    """A body in chunks, read as far as it comes: werkzeug takes a chunk's length for what was read, and fills it up."""

    @override
    def readinto(self, buf: Any) -> int:
        if self._done:
            return 0
        if self._len == 0:
            self._len = self.read_chunk_len()
            self._done = self._len == 0
        read = self._rfile.read(min(len(buf), self._len))
        if len(read) < min(len(buf), self._len):
            raise OSError("a chunk is shorter than it says")
        self._len -= len(read)
        if self._len == 0 and self._rfile.readline(2) not in (b"\n", b"\r\n", b"\r"):
            raise OSError("a chunk does not end with a line")
        buf[: len(read)] = read
        return len(read)


class Server(ThreadedWSGIServer):
    """A server with a thread for each connection, and no more of these than it says; others are closed at once."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._free = BoundedSemaphore(MOST_CONNECTIONS)
        super().__init__(*arguments, **options)

    @override
    def process_request(self, request: socket.socket | Any, client_address: Any) -> None:
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    @override
    def process_request_thread(self, request: socket.socket | Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()
