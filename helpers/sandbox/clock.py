"""The sandbox's own time, and changes that take effect late.

The administrator can move the time forward, so that a session's end need not be waited for. IAM shows a change at once,
but decides by what it knew a while ago, as on AWS, where a sandbox is started with a delay.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html#troubleshoot_general_eventual-consistency
"""

from datetime import UTC, datetime, timedelta

from helpers.sandbox.moto_adapter.accounts import Accounts, copy_accounts

_FARTHEST = timedelta(days=100 * 365)
_READS = ("Get", "List", "Simulate", "Generate")


class Clock:
    """The machine's time, plus what it was moved forward by."""

    def __init__(self) -> None:
        self._moves: list[tuple[datetime, timedelta]] = []

    def now(self) -> datetime:
        """Return the time in the sandbox."""
        return datetime.now(UTC) + self._ahead_at(None)

    def since(self, moment: datetime) -> timedelta:
        """Tell how much time has gone by in the sandbox since a moment of the machine's time."""
        return self.now() - (moment + self._ahead_at(moment))

    def advance(self, seconds: float) -> None:
        """Move the time forward; it never goes back.

        Raises:
            ValueError: The seconds are negative, no number, or it would be more than a century ahead.
        """
        ahead = self._ahead_at(None)
        if not 0 <= seconds <= (_FARTHEST - ahead).total_seconds():
            raise ValueError(
                f"{seconds} seconds is no way forward: give a number from 0 up to where the clock is a century ahead."
            )
        self._moves.append((datetime.now(UTC), ahead + timedelta(seconds=seconds)))

    def _ahead_at(self, moment: datetime | None) -> timedelta:
        """Tell how far ahead the clock is, or was at a moment of the machine's time."""
        moves = (ahead for moved_at, ahead in reversed(self._moves) if moment is None or moved_at <= moment)
        return next(moves, timedelta())


class Propagation:
    """What IAM's decisions are based on: the accounts as they are, or as they were `delay_seconds` ago.

    Args:
        clock: The sandbox's time.
        delay_seconds: How long a change takes to have effect; 0 for at once.
    """

    def __init__(self, clock: Clock, delay_seconds: float) -> None:
        self._clock = clock
        self._delay = timedelta(seconds=delay_seconds)
        self._views: list[tuple[datetime, Accounts]] = []

    def start(self) -> None:
        """Let what is there now have effect at once."""
        if self._delay:
            self._views = [(self._clock.now(), copy_accounts())]

    def called(self, operation: str) -> None:
        """Note how the accounts are after an IAM call that may have changed them."""
        if self._delay and not operation.startswith(_READS):
            self._views.append((self._clock.now() + self._delay, copy_accounts()))

    def effective(self) -> Accounts | None:
        """Return the accounts as decisions see them; None for as they are."""
        if not self._delay:
            return None
        now = self._clock.now()
        in_effect = [view for view in self._views if view[0] <= now]
        self._views = in_effect[-1:] + self._views[len(in_effect) :]
        return self._views[0][1]
