"""The account of these tests: one for each module, in a sandbox of its own."""

import pytest

from helpers.account import Account, sandbox_account
from helpers.sandbox.outside.connection import Connection


@pytest.fixture(scope="module")
def account(own_sandbox: Connection, tmp_path_factory: pytest.TempPathFactory) -> Account:
    """An account that the tests of a module share."""
    return sandbox_account(own_sandbox, tmp_path_factory.mktemp("account"))
