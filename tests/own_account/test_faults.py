"""Whatever breaks, wherever: after a clean-up the account is as it was. A sample; `make faults` tries everything."""

import signal

import pytest

from support.fault_proxy import Fault
from support.faults import (
    AT_RANDOM,
    CLEAN,
    CLEANING,
    FROM_THEN_ON,
    LEARNED,
    LEARNER,
    LEARNING,
    ONCE,
    TOLD,
    Case,
    begun,
    bench,
    count_calls,
    try_out,
)
from support.sandbox_clients import unique
from support.strangers import differences, plant_role, plant_user, snapshot

pytestmark = pytest.mark.exhaustive
SERVER = "the sandbox"  # where a wrong signature, a deleted key and a missing permission count
MADE = ["CreateRole", "CreateUser", "CreateAccessKey", "PUT /"]
TAGS = {
    "no tag": {},
    "the tutorial's tag": {"made-by": "iam-role-tutorial"},
    "another ledger's tags": {"made-by": "iam-role-tutorial", "ledger": "0123456789ab", "learner": LEARNER},
}


class Bench:
    """An account, the proxy in front of it, and what is called in it when nothing breaks."""

    def __init__(self, account, proxy):
        self.account, self.proxy = account, proxy
        self.calls = count_calls(account, proxy)

    def case(self, during, how, action, fault):
        """A case in which the first call of a kind breaks."""
        position = next(call.number for call in self.calls[during] if call.action.startswith(action))
        return Case(SERVER, during, how, position, fault)

    def try_out(self, *case):
        """Tries such a case."""
        return try_out(self.case(*case), self.account, self.proxy)


@pytest.fixture(scope="module")
def sandbox():
    with bench(SERVER) as (account, proxy):
        yield Bench(account, proxy)


@pytest.mark.parametrize("action", MADE)
@pytest.mark.parametrize(
    ("how", "fault"),
    [(ONCE, Fault.RESET_AFTER), (FROM_THEN_ON, Fault.RESET_AFTER), (ONCE, Fault.KILLED_AFTER)],
)
def test_a_fault_where_something_is_made(sandbox, how, fault, action):
    outcome = sandbox.try_out(LEARNING, how, action, fault)
    assert outcome.good, outcome


@pytest.mark.parametrize("fault", [Fault.HALF_AN_ANSWER, Fault.NO_ANSWER_AFTER, Fault.THROTTLED, Fault.KILLED_BEFORE])
def test_other_faults_where_a_secret_is_given(sandbox, fault):
    outcome = sandbox.try_out(LEARNING, ONCE, "CreateAccessKey", fault)
    assert outcome.good, outcome


@pytest.mark.parametrize("action", ["DeleteAccessKey", "DeleteUser"])
@pytest.mark.parametrize(("how", "fault"), [(ONCE, Fault.RESET_AFTER), (FROM_THEN_ON, Fault.UNAVAILABLE)])
def test_a_fault_in_the_clean_up(sandbox, how, fault, action):
    outcome = sandbox.try_out(CLEANING, how, action, fault)
    assert outcome.good, outcome


@pytest.mark.parametrize("action", ["CreateAccessKey", "PUT /"])
def test_after_a_kill_the_path_can_be_walked_again(sandbox, action):
    before = snapshot(sandbox.account)
    with begun(sandbox.account, sandbox.proxy) as run:
        assert run.act(LEARNING, sandbox.case(LEARNING, ONCE, action, Fault.KILLED_AFTER).plan) == -signal.SIGKILL
        assert run.act(LEARNING) == LEARNED, run.printed.read_text()
        assert run.act(CLEANING) == CLEAN
    assert differences(before, snapshot(sandbox.account)) == {}


def test_in_plain_moto():
    with bench("plain moto") as (account, proxy):
        outcome = try_out(Case("plain moto", LEARNING, AT_RANDOM, 2), account, proxy)
    assert outcome.good, outcome


@pytest.mark.parametrize("tags", TAGS.values(), ids=TAGS)
@pytest.mark.parametrize(("plant", "name"), [(plant_role, "tutorial-role"), (plant_user, "tutorial-user")])
def test_somebody_elses_thing_of_exactly_that_name_is_left_alone(sandbox, plant, name, tags):
    """Its name is in the ledger by then: the tutorial was about to make it."""
    account = sandbox.account
    learner = unique("l")
    plant(account, f"{learner}-{name}", tags)
    before = snapshot(account)
    with begun(account, sandbox.proxy, learner=learner) as run:
        assert run.act(LEARNING) == TOLD
        assert run.act(CLEANING) == CLEAN
        assert "did not make" in run.printed.read_text()
    assert differences(before, snapshot(account)) == {}
