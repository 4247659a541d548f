"""Waiting for AWS: what was just created works everywhere a few seconds later.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html#troubleshoot_general_eventual-consistency
"""

from collections.abc import Callable, Collection
from typing import TypeVar

from botocore.exceptions import ClientError
from tenacity import Retrying, retry_if_exception, stop_before_delay, wait_exponential_jitter

T = TypeVar("T")

LIMIT_SECONDS = 60.0


def until_it_works(call: Callable[[], T], *, not_yet: Collection[str], limit_seconds: float = LIMIT_SECONDS) -> T:
    """Makes a call again and again, at growing intervals, until it works.

    Args:
        call: the call to make.
        not_yet: the error codes that mean "not there yet", such as `InvalidClientTokenId` for a new key.
        limit_seconds: how long to go on for.

    Returns:
        What the call returns.

    Raises:
        ClientError: AWS's last answer, when the limit is over; at once when its code is not in `not_yet`.
    """

    def is_not_there_yet(error: BaseException) -> bool:
        return isinstance(error, ClientError) and error.response["Error"]["Code"] in not_yet

    attempts = Retrying(
        retry=retry_if_exception(is_not_there_yet),
        wait=wait_exponential_jitter(multiplier=0.2, max=5, jitter=0.2),
        stop=stop_before_delay(limit_seconds),
        reraise=True,
    )
    return attempts(call)
