"""The learner's path in an account of their own: where changes have effect late, and beside a classmate."""

import signal
import time
from dataclasses import replace

import pytest

from helpers.arns import parse_arn
from helpers.own_account.permissions import needs
from support.fault_proxy import Fault, fault_proxy, once
from support.faults import CLEAN, CLEANING, LEARNED, LEARNER, LEARNING, begun, load_services
from support.sandbox_clients import SECONDS_LATE, Key, allow, document
from support.strangers import differences, plant_foreign, snapshot, strange_sandbox

DELAY = 4
KILLED_AT = 20  # the number of a call halfway


@pytest.mark.exhaustive
def test_with_the_listed_permissions_alone_late_and_killed_on_the_way_it_is_walked_and_leaves_nothing():
    """All in one walk, for each push; `test_faults`, `test_permissions` and the notebooks' runs try each apart."""
    with strange_sandbox(SECONDS_LATE) as owned, fault_proxy(owned.endpoint_url) as proxy:
        load_services(owned)
        plant_foreign(owned, LEARNER)
        account = replace(owned, owner=key_of_somebody_permitted(owned))
        before = snapshot(owned)
        with begun(account, proxy) as run:
            assert run.act(LEARNING, once(KILLED_AT, Fault.KILLED_AFTER)) == -signal.SIGKILL
            assert run.act(LEARNING) == LEARNED, run.printed.read_text()
            assert differences(before, snapshot(owned)) == {
                f"role {LEARNER}-tutorial-role": "left",
                f"user {LEARNER}-tutorial-user": "left",
            }
            assert run.act(CLEANING) == CLEAN, run.printed.read_text()
            assert run.leaks() == 0
        assert differences(before, snapshot(owned)) == {}


def key_of_somebody_permitted(account):
    """The key of a user who may do what the tutorial needs, and no more."""
    root = parse_arn(f"arn:aws:iam::{account.account_id}:root")
    needed = needs(root, lambda name: f"{LEARNER}-{name}")
    permitted = [allow(list(need.actions), list(need.resources)) for need in needed]
    account.iam.create_user(UserName="somebody")
    account.iam.create_group(GroupName="team")
    account.iam.add_user_to_group(GroupName="team", UserName="somebody")
    account.iam.put_group_policy(GroupName="team", PolicyName="inline", PolicyDocument=document(*permitted))
    key = account.iam.create_access_key(UserName="somebody")["AccessKey"]
    account.advance_clock(2 * SECONDS_LATE)
    return Key(key["AccessKeyId"], key["SecretAccessKey"])


@pytest.mark.exhaustive
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


@pytest.mark.exhaustive
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
