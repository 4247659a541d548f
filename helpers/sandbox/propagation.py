"""Changes that take effect late, as on AWS: IAM shows them at once, but decides by what it knew a while ago.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html#troubleshoot_general_eventual-consistency
"""

from datetime import datetime, timedelta

from helpers.sandbox import moto_seam
from helpers.sandbox.clock import Clock
from helpers.sandbox.moto_seam import Accounts

_READS = ("Get", "List", "Simulate", "Generate")


class Propagation:
    """What IAM's decisions are based on: the accounts as they are, or as they were `delay_seconds` ago.

    Args:
        clock: the sandbox's time.
        delay_seconds: how long a change takes to have effect; 0 for at once.
    """

    def __init__(self, clock: Clock, delay_seconds: float) -> None:
        self._clock = clock
        self._delay = timedelta(seconds=delay_seconds)
        self._views: list[tuple[datetime, Accounts]] = []

    def start(self) -> None:
        """What is there now has effect at once."""
        if self._delay:
            self._views = [(self._clock.now(), moto_seam.copy_accounts())]

    def called(self, operation: str) -> None:
        """Notes how the accounts are after an IAM call that may have changed them."""
        if self._delay and not operation.startswith(_READS):
            self._views.append((self._clock.now() + self._delay, moto_seam.copy_accounts()))

    def effective(self) -> Accounts | None:
        """The accounts as decisions see them; None for as they are."""
        if not self._delay:
            return None
        now = self._clock.now()
        in_effect = [view for view in self._views if view[0] <= now]
        self._views = in_effect[-1:] + self._views[len(in_effect) :]
        return self._views[0][1]
