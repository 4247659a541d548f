"""Call that may be refused: make them on purpose, and look at AWS's answer."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from botocore.exceptions import ClientError
from typing_extensions import override

from helpers.clients.calls import Call, calls_made
from helpers.clients.error_codes import FORBIDDEN, UNKNOWN_KEY
from helpers.clients.polling import NOT_YET, poll
from helpers.diagnosis.patience import patience_with_error, patience_with_success
from helpers.display import BAD, GOOD, Rows, Shown

Expectation = Literal["allowed", "refused"]


@dataclass(frozen=True, repr=False)
class Attempt(Shown):
    """How AWS answered a call that might have been refused.

    Attributes:
        what: the call, in words.
        expected: what the lesson expects: "allowed" or "refused"; None where that is for the learner to say.
        error: botocore's error, when AWS refused; for `explain` to look into.
        answer: what the call returned, when it was allowed.
        waited: the seconds that were waited in vain for the expected answer; None where nothing was to be waited for.
    """

    what: str
    expected: Expectation | None
    error: ClientError | None = field(default=None, repr=False)
    answer: Any = field(default=None, repr=False)
    waited: float | None = None

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
    @override
    def accent(self) -> str:
        return GOOD if self.allowed else BAD

    @override
    def title(self) -> str:
        return f"Allowed: {self.what}" if self.allowed else f"Refused: {self.what}"

    @override
    def rows(self) -> Rows:
        rows = [("Error code", self.refusal[0]), ("Message", self.refusal[1])] if self.refusal else []
        if self.expected and self.allowed != (self.expected == "allowed"):
            rows.append(("Note", self._unexpected()))
        return rows

    def _unexpected(self) -> str:
        if self.waited is not None:
            answer = "allowed" if self.allowed else "refused"
            return f"This should be {self.expected} by now; after {self.waited:.0f} s it is still {answer}. {_AGAIN}"
        if self.expected == "refused":
            return "On a first run this is refused. A later step, done already in this account, allows it."
        return "This should be allowed by now. Run the cells above again, from the top."


def attempt(
    what: str,
    call: Callable[[], Any],
    *,
    expect: Expectation | None = None,
    codes: Collection[str] = FORBIDDEN,
) -> Attempt:
    """Make a call that AWS may refuse, and return its answer either way.

    What was changed a moment ago takes a few seconds to have effect in all of AWS. Where the policies, as they are
    read now, promise the expected answer and AWS gives the other one, the call is made again, at growing intervals,
    until the answer is there or the limit is over. Where they do not, AWS's answer is believed. Where nothing is
    expected, what the policies promise is waited for.

    Args:
        what: the call, in words, for the title.
        call: makes the call.
        expect: what the lesson expects; the result says so where it comes out otherwise. None where the learner is to
            predict it.
        codes: the error codes that count as a refusal here; by default, those that mean "you may not".

    Raises:
        ClientError: any other error.
    """

    def once() -> _Tried:
        with calls_made() as calls:
            try:
                tried = Attempt(what, expect, answer=call())
            except ClientError as error:
                tried = Attempt(what, expect, error=error)
        return tried, calls[-1] if calls else None

    def patience(tried: _Tried) -> float:
        return _patience(*tried, codes)

    (tried, _), waited = poll(once, what=f'"{what}" to be {expect or "answered"}', patience=patience)
    if waited is not None:
        return replace(tried, waited=waited)
    if tried.error and tried.refusal and tried.refusal[0] not in codes:
        raise tried.error
    return tried


_Tried = tuple[Attempt, Call | None]
_AGAIN = "Run the cell again: a change usually has effect within seconds."


def _patience(tried: Attempt, call: Call | None, codes: Collection[str]) -> float:
    """Tell how many seconds an answer is worth waiting for: 0 where waiting mends nothing."""
    code = tried.refusal[0] if tried.refusal else None
    if code is None:
        is_settled = tried.expected == "allowed"
    else:
        is_settled = tried.expected == "refused" if code in codes else code not in UNKNOWN_KEY
    if is_settled:
        return 0
    if tried.error is None:
        return patience_with_success(call, codes)
    patience = patience_with_error(tried.error)
    return patience if tried.expected or patience == NOT_YET else 0


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
    @override
    def accent(self) -> str:
        return self.answer.accent

    @override
    def title(self) -> str:
        return self.answer.title()

    @override
    def rows(self) -> Rows:
        right = self.answer.allowed == (self.prediction == "allowed")
        told = f"{self.prediction}, and so it is" if right else f"{self.prediction}, but it is not"
        if self.prediction == "?":
            told = "nothing yet: write allowed or refused in the cell above, and run both again"
        return [*self.answer.rows(), ("You predicted", told)]


def judge(prediction: str, answer: Attempt) -> Judged:
    """Compare a prediction with AWS's answer.

    Args:
        prediction: "allowed" or "refused", or "?" for none.
        answer: what `attempt` returned.

    Raises:
        ValueError: the prediction is neither.
    """
    if prediction not in ("allowed", "refused", "?"):
        raise ValueError(f'A prediction is "allowed" or "refused", not "{prediction}".')
    return Judged(prediction, answer)
