"""The accounts that tests act in, each made in one way: sandboxes, and the accounts that are opened on them.

A user, a role, a session: `new_user`, `new_role` and `assume` of `support.sandbox_clients` make them under names of
their own, so that tests can share a sandbox.
"""

import gc
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from botocore import session

from helpers.account import Account, open_account, sandbox_account
from helpers.sandbox.in_process import private_sandbox
from helpers.sandbox.outside.connection import Connection
from support.learner import Learner, learner_at, open_own_account
from support.sandbox_clients import SECONDS_LATE, running_sandbox, unique

# Each session of boto3's reads AWS's descriptions of its services anew, and tests make hundreds of sessions.
session.create_loader = cache(session.create_loader)

# Clients and sandboxes are large and stay: whoever walks through them seldom is done a fifth sooner.
gc.set_threshold(50_000, 20, 100)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Lets the first cases of a test run each time that is `exhaustive(but_first=…)`: in both tiers of tests."""
    seen = Counter[tuple[Path, str]]()
    for item in items:
        for mark in [mark for mark in item.own_markers if mark.name == "exhaustive"]:
            test = item.path, item.nodeid.partition("[")[0]
            seen[test] += 1
            if seen[test] <= mark.kwargs.get("but_first", 0):
                item.own_markers.remove(mark)


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Connection]:
    """A sandbox for tests that make what they need under names of their own, and do not reset it or move its clock."""
    with running_sandbox() as connection:
        yield connection


@pytest.fixture(scope="module")
def own_sandbox() -> Iterator[Connection]:
    """A sandbox of the module's own: one that is reset, whose clock is moved, or in which names are fixed."""
    with running_sandbox() as connection:
        yield connection


@pytest.fixture(scope="session")
def late_sandbox() -> Iterator[Connection]:
    """A sandbox in which a change has effect a moment later; nobody resets it or moves its clock."""
    with running_sandbox("--propagation-delay", str(SECONDS_LATE)) as connection:
        yield connection


@pytest.fixture
def late(late_sandbox: Connection, tmp_path: Path) -> Account:
    """An account in which a change has effect a moment later."""
    return sandbox_account(late_sandbox, tmp_path)


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    """The private account as if it were new, with a folder of its own; all that is made in it goes again."""
    account = replace(open_account("private"), folder=tmp_path)
    yield account
    private_sandbox().reset()


@pytest.fixture
def learner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sandbox: Connection) -> Learner:
    """Somebody with nothing configured yet, whose AWS is the sandbox."""
    return learner_at(tmp_path, monkeypatch, sandbox)


@pytest.fixture
def own_account(learner: Learner, sandbox: Connection) -> Account:
    """The learner's own account, open for changes, under a prefix that no other test has."""
    return open_own_account(learner, sandbox, prefix=unique("anna"))


@pytest.fixture(scope="module", autouse=True)
def nothing_to_walk_through_again() -> Iterator[None]:
    """Spares the next module's garbage collections what this one leaves: sandboxes and clients, which stay."""
    yield
    gc.freeze()
