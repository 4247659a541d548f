"""The learner's path in an account of their own: where changes have effect late, and beside a classmate."""

import time

from fault_proxy import fault_proxy
from faults import CLEAN, CLEANING, LEARNED, LEARNING, begun, load_services
from strangers import differences, snapshot, strange_sandbox

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


def test_two_classmates_in_one_account_clean_up_what_is_theirs():
    with strange_sandbox() as account, fault_proxy(account.endpoint_url) as proxy:
        load_services(account)
        with begun(account, proxy, "anna") as anna, begun(account, proxy, "anna-b") as classmate:
            before = snapshot(account)
            assert anna.act(LEARNING) == LEARNED, anna.printed.read_text()
            with_anna = snapshot(account)
            assert classmate.act(LEARNING) == LEARNED, classmate.printed.read_text()
            assert differences(with_anna, snapshot(account)) == {
                "role anna-b-tutorial-role": "left",
                "user anna-b-tutorial-user": "left",
            }
            assert classmate.act(CLEANING) == CLEAN
            assert differences(with_anna, snapshot(account)) == {}
            assert anna.act(CLEANING) == CLEAN
            assert differences(before, snapshot(account)) == {}
