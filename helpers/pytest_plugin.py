"""The fixture `iam_sandbox`, for pytest suites of one's own.

https://docs.pytest.org/en/stable/how-to/writing_plugins.html
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from helpers.testing import IamSandbox


@pytest.fixture
def iam_sandbox() -> "Iterator[IamSandbox]":
    """A new, empty sandbox, which boto3 and the AWS CLI find in the environment for the length of the test."""
    from helpers.testing import iam_sandbox as opened  # start-up time: boto3, 0.2 s, for suites that do not use it

    with opened() as sandbox:
        yield sandbox
