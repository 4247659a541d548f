"""The sandbox that the tests of a process share."""

from collections.abc import Iterator

import pytest

from helpers.sandbox.connection import Connection
from sandbox_clients import running_sandbox


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Connection]:
    """A sandbox for tests that make what they need under names of their own, and do not reset it or move its clock."""
    with running_sandbox() as connection:
        yield connection
