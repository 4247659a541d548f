"""The sandbox that the tests of a process share."""

import gc
from collections.abc import Iterator

import pytest

from helpers.sandbox.connection import Connection
from sandbox_clients import running_sandbox


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Connection]:
    """A sandbox for tests that make what they need under names of their own, and do not reset it or move its clock."""
    with running_sandbox() as connection:
        yield connection


@pytest.fixture(scope="module", autouse=True)
def nothing_to_walk_through_again() -> Iterator[None]:
    """Spares the next module's garbage collections what this one leaves: sandboxes and clients, which stay."""
    yield
    gc.freeze()
