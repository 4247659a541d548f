"""Calls that may be refused: make them on purpose, and look at AWS's answer."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any, Literal

from botocore.exceptions import ClientError

from helpers.display import BAD, GOOD, Rows, Shown
from helpers.waiting import until_it_works

REFUSAL_CODES = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
PATIENCE_SECONDS = 15.0
Expectation = Literal["allowed", "refused"]


@dataclass(frozen=True, repr=False)
class Attempt(Shown):
    """How AWS answered a call that might have been refused.

    Attributes:
        what: the call, in words.
        expected: what the lesson expects: "allowed" or "refused".
        error: botocore's error, when AWS refused; for `explain` to look into.
        answer: what the call returned, when it was allowed.
    """

    what: str
    expected: Expectation
    error: ClientError | None = field(default=None, repr=False)
    answer: Any = field(default=None, repr=False)

    @property
    def refusal(self) -> tuple[str, str] | None:
        """AWS's error code and message; None when the call was allowed."""
        if self.error is None:
            return None
        told = self.error.response["Error"]
        return told["Code"], told["Message"]

    @property
    def allowed(self) -> bool:
        """Whether AWS let the call through."""
        return self.error is None

    @property
    def accent(self) -> str:
        """Green for allowed, red for refused."""
        return GOOD if self.allowed else BAD

    def title(self) -> str:
        """The verdict, in a word."""
        return f"Allowed: {self.what}" if self.allowed else f"Refused: {self.what}"

    def rows(self) -> Rows:
        """AWS's own words, and a note where the lesson expected the opposite."""
        rows = [("Error code", self.refusal[0]), ("Message", self.refusal[1])] if self.refusal else []
        if self.allowed != (self.expected == "allowed"):
            rows.append(("Note", _unexpected(self.expected)))
        return rows


def attempt(
    what: str,
    call: Callable[[], Any],
    *,
    expect: Expectation,
    codes: Collection[str] = REFUSAL_CODES,
) -> Attempt:
    """Makes a call that AWS may refuse, and returns its answer either way.

    What was granted a moment ago takes a few seconds to reach all of AWS: a call that the lesson expects to be
    allowed is made again, at growing intervals, before a refusal is believed.

    Args:
        what: the call, in words, for the title.
        call: makes the call.
        expect: what the lesson expects; the result says so where it comes out otherwise.
        codes: the error codes that count as a refusal here; by default, those that mean "you may not".

    Raises:
        ClientError: any other error.
    """
    try:
        answer = until_it_works(call, not_yet=codes, limit_seconds=PATIENCE_SECONDS if expect == "allowed" else 0)
    except ClientError as error:
        if error.response["Error"]["Code"] not in codes:
            raise
        return Attempt(what, expect, error=error)
    return Attempt(what, expect, answer=answer)


@dataclass(frozen=True, repr=False)
class Judged(Shown):
    """What a learner predicted, next to what AWS answered.

    Attributes:
        prediction: "allowed", "refused", or "?" where nobody predicted anything.
        answer: what AWS answered.
    """

    prediction: str
    answer: Attempt

    @property
    def accent(self) -> str:
        """The answer's colour."""
        return self.answer.accent

    def title(self) -> str:
        """The answer."""
        return self.answer.title()

    def rows(self) -> Rows:
        """Whether the prediction came true."""
        if self.prediction == "?":
            return [("You predicted", "nothing yet: write allowed or refused in the cell above, and run both again")]
        right = self.answer.allowed == (self.prediction == "allowed")
        return [("You predicted", f"{self.prediction}, and so it is" if right else f"{self.prediction}, but it is not")]


def judge(prediction: str, answer: Attempt) -> Judged:
    """Compares a prediction with AWS's answer.

    Args:
        prediction: "allowed" or "refused", or "?" for none.
        answer: what `attempt` returned.

    Raises:
        ValueError: the prediction is neither.
    """
    if prediction not in ("allowed", "refused", "?"):
        raise ValueError(f'A prediction is "allowed" or "refused", not "{prediction}".')
    return Judged(prediction, answer)


def _unexpected(expected: Expectation) -> str:
    if expected == "refused":
        return "On a first run this is refused. A later step, done already in this account, allows it."
    return "This should be allowed by now. Run the cells above again, from the top."
