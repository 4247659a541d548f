"""How a sandbox is reached: over the network, or as a function call in its own process."""

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager, nullcontext

import botocore.session
from botocore.credentials import Credentials
from typing_extensions import override

from helpers.sandbox.outside.connection import Connection
from helpers.sandbox.outside.control import advance_clock
from helpers.sandbox.outside.session import session_of_its_own


class Reach(ABC):
    """The way to a sandbox."""

    @property
    @abstractmethod
    def connection(self) -> Connection:
        """Who its administrators are, and the address that boto3's clients are given, as it is now."""

    @abstractmethod
    def open_session(self) -> botocore.session.Session:
        """Make a session whose clients reach the sandbox, and which reads nothing of the learner's configuration."""

    @abstractmethod
    def from_here(self) -> AbstractContextManager[None]:
        """Within it, any session that is made in this process reaches the sandbox at its address."""

    @abstractmethod
    def address(self) -> str:
        """Return where a program of its own reaches it, such as the AWS CLI."""

    @abstractmethod
    def advance(self, credentials: Credentials, seconds: float) -> str:
        """Move its clock forward, and return the time that it is then (ISO 8601).

        Raises:
            ValueError: The seconds are negative, or the credentials are not its administrator's.
            SandboxError: It does not answer any more.
        """


class OverNetwork(Reach):
    """The way to a sandbox that listens."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @property
    @override
    def connection(self) -> Connection:
        return self._connection

    @override
    def open_session(self) -> botocore.session.Session:
        return session_of_its_own()

    @override
    def from_here(self) -> AbstractContextManager[None]:
        return nullcontext()

    @override
    def address(self) -> str:
        return self.connection.endpoint_url

    @override
    def advance(self, credentials: Credentials, seconds: float) -> str:
        return advance_clock(self.connection.endpoint_url, credentials, seconds)
