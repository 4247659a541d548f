"""AWS's own clock: this machine's may be wrong, and the sandbox's can be moved."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from typing_extensions import override

from helpers.display import Shown


class AwsClock:
    """The machine's time, plus what AWS was ahead of it when AWS last told its own."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def now(self) -> datetime:
        """Return the time at AWS, to a second."""
        return datetime.now(UTC) + self._ahead

    def set(self, now: datetime) -> None:
        """Take over the time that AWS tells."""
        self._ahead = now - datetime.now(UTC)

    def hear(self, parsed: Mapping[str, Any], **_: Any) -> None:
        """Take over the time that AWS tells a boto3 client, in the `Date` of each answer."""
        date = parsed["ResponseMetadata"]["HTTPHeaders"].get("date")
        if date:
            self.set(parsedate_to_datetime(date))


@dataclass(frozen=True, repr=False)
class ClockMoved(Shown):
    """What became of the wish to move AWS's clock.

    Attributes:
        seconds: how far it was moved; None where it cannot be, on AWS itself.
    """

    seconds: float | None

    @override
    def title(self) -> str:
        if self.seconds is None:
            return "AWS's clock cannot be moved: a session ends when its own time is over, and not before"
        far = f"{self.seconds:g} s" if self.seconds % 60 else f"{self.seconds / 60:g} minutes"
        return f"The sandbox's clock is {far} further now"


def answered_at(answer: Mapping[str, Any]) -> datetime:
    """Return when AWS gave an answer, by its own clock: its `Date`.

    Args:
        answer: what a boto3 call returned.
    """
    return parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
