"""Waiting for AWS: what was just changed has effect everywhere a few seconds later.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html#troubleshoot_general_eventual-consistency
"""

import logging
import math
import os
import sys
import time
from collections.abc import Callable
from typing import Any, TypeVar

from botocore.exceptions import ClientError
from tenacity import RetryCallState, Retrying, retry_if_result, wait_exponential, wait_random

from helpers.clients.error_codes import code_of, message_of
from helpers.display import ToldInOneSentence
from helpers.secrecy import mask_secrets

T = TypeVar("T")

LIMIT_VARIABLE = "IAM_TUTORIAL_WAIT_SECONDS"
"""The environment variable that says how many seconds to wait for anything at most."""

LIMIT_SECONDS = 60.0
"""How long to wait at most where that variable is not set."""

NOT_YET = math.inf
"""The patience with an answer that will change by itself: up to the limit."""

_BETWEEN_POLLS = wait_exponential(multiplier=0.2, exp_base=1.6, max=0.8) + wait_random(0, 0.4)


class WaitedTooLong(ToldInOneSentence, TimeoutError):
    """AWS still refused at the end of the limit; the message says how to go on.

    Attributes:
        error: AWS's last answer, for `explain` to look into.
    """

    def __init__(self, what: str, seconds: float, error: ClientError) -> None:
        message = mask_secrets(message_of(error)).rstrip(".")
        super().__init__(
            f"After {seconds:.0f} s of waiting for {what}, AWS still answers {code_of(error)} ({message}): "
            "run the cell again, for a change usually has effect within seconds."
        )
        self.error = error


class WaitLimitError(ToldInOneSentence, ValueError):
    """The environment variable for the limit holds no number of seconds."""


def limit_seconds() -> float:
    """Tell how long to wait at most: 60 s, or what IAM_TUTORIAL_WAIT_SECONDS says; with 0, each call is made once.

    Raises:
        WaitLimitError: the variable holds no number of seconds.
    """
    given = os.environ.get(LIMIT_VARIABLE) or str(LIMIT_SECONDS)
    try:
        seconds = float(given)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise WaitLimitError(f'{LIMIT_VARIABLE} is "{given}": set it to a number of seconds, such as 60, or unset it.')
    return seconds


def until_it_works(call: Callable[[], T], *, what: str, patience: Callable[[ClientError], float]) -> T:
    """Make a call again and again until it works, as long as waiting can help.

    Args:
        call: the call to make.
        what: what is waited for, such as "the new access key to work".
        patience: how many seconds after the first call an error is worth waiting for: 0 for one for good, `NOT_YET`
            for one that is to go by itself.

    Returns:
        What the call returns.

    Raises:
        ClientError: AWS's answer, where it is one for good.
        WaitedTooLong: the limit is over.
    """

    def once() -> tuple[T | None, ClientError | None]:
        try:
            return call(), None
        except ClientError as error:
            return None, error

    def patience_with(outcome: tuple[T | None, ClientError | None]) -> float:
        return patience(outcome[1]) if outcome[1] else 0

    (answer, error), waited = poll(once, what=what, patience=patience_with)
    if error and waited is not None:
        raise WaitedTooLong(what, waited, error) from error
    if error:
        raise error
    return answer  # type: ignore[return-value]


def poll(call: Callable[[], T], *, what: str, patience: Callable[[T], float]) -> tuple[T, float | None]:
    """Make a call again and again, at growing intervals, while its answer is worth waiting for.

    Where there is something to wait for, a notebook shows that in one line that counts the seconds; elsewhere, it
    is logged once.

    Args:
        call: the call to make; what it raises ends the waiting.
        what: what is waited for, such as "the new access key to work".
        patience: how many seconds after the first call such an answer may still change: 0 for none that will,
            `NOT_YET` for one that is to change by itself.

    Returns:
        The last answer; and the seconds that were waited when the limit ended the waiting, else None.

    Raises:
        WaitLimitError: IAM_TUTORIAL_WAIT_SECONDS holds no number of seconds.
    """
    limit = limit_seconds()
    began = time.monotonic()
    progress = _Progress(what, limit)
    worth = 0.0

    def is_over(state: RetryCallState) -> bool:
        nonlocal worth
        assert state.outcome is not None
        worth = patience(state.outcome.result())
        return time.monotonic() - began + state.upcoming_sleep > min(worth, limit)

    def tell(_: RetryCallState) -> None:
        if worth == NOT_YET:
            progress.show(f"Waiting for {what}: {time.monotonic() - began:.0f} s so far, at most {limit:g} s.")

    polling = Retrying(
        retry=retry_if_result(lambda _: True),
        wait=_BETWEEN_POLLS,
        stop=is_over,
        before_sleep=tell,
        retry_error_callback=lambda state: state.outcome and state.outcome.result(),
    )
    try:
        answer: T = polling(call)
    finally:
        waited = time.monotonic() - began
        progress.end(f"Waited {waited:.0f} s for {what}.")
    return answer, waited if worth == NOT_YET else None


class _Progress:
    """One line that says what is waited for; nothing at all until there is something to show."""

    def __init__(self, what: str, limit: float) -> None:
        self._begun = f"Waiting for {what}, at most {limit:g} s."
        self._is_shown = False
        self._line: Any = None

    def show(self, text: str) -> None:
        """Show the line, in place of what it said before."""
        if self._line:
            self._line.update({"text/plain": text}, raw=True)
        elif not self._is_shown:
            self._begin(text)
        self._is_shown = True

    def end(self, text: str) -> None:
        """Say how it came out, where anything was shown."""
        if self._is_shown:
            self.show(text)

    def _begin(self, text: str) -> None:
        if _is_in_kernel():
            from IPython.display import display

            self._line = display({"text/plain": text}, raw=True, display_id=True)  # type: ignore[no-untyped-call]
        else:
            # As a warning, it is seen on standard error where nobody configured logging.
            logging.getLogger(__name__).warning(self._begun)


def _is_in_kernel() -> bool:
    """Tell whether this runs in a notebook's kernel."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")
