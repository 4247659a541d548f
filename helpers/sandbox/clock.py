"""The sandbox's own time, which its administrator can move forward: so that a session's end need not be waited for."""

from datetime import UTC, datetime, timedelta


class Clock:
    """The machine's time, plus what it was moved forward by."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def now(self) -> datetime:
        """The time in the sandbox."""
        return datetime.now(UTC) + self._ahead

    def advance(self, seconds: float) -> None:
        """Moves the time forward; it never goes back.

        Raises:
            ValueError: the seconds are negative, no number, or more than a century.
        """
        if not 0 <= seconds <= 100 * 365 * 24 * 3600:
            raise ValueError(f"{seconds} seconds is no way forward: give a number from 0 up to a century's seconds.")
        self._ahead += timedelta(seconds=seconds)
