"""The learner's path in an account of their own, where changes have effect late."""

import time

from fault_proxy import fault_proxy
from faults import LEARNED, LEARNING, begun, load_services
from strangers import strange_sandbox

DELAY = 4


def test_the_whole_path_takes_hardly_longer_than_the_changes_take_to_have_effect():
    assert seconds_of_the_path(DELAY) - seconds_of_the_path(0) <= DELAY + 3


def seconds_of_the_path(propagation_delay: float) -> float:
    with (
        strange_sandbox(propagation_delay) as account,
        fault_proxy(account.endpoint_url) as proxy,
        begun(account, proxy) as run,
    ):
        load_services(account)
        started = time.monotonic()
        assert run.act(LEARNING) == LEARNED, run.printed.read_text()
        return time.monotonic() - started
