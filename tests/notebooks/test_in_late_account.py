"""All notebooks, run in an account of somebody's own: one where changes have effect late, and time goes by."""

import pytest

from support.own_account_notebooks import ORDER, learner_in, unexpected_answers
from support.strangers import strange_sandbox

SECONDS_LATE = 2.0
HOUR = 3600


@pytest.mark.exhaustive
def test_all_notebooks_with_an_hour_between_each_and_the_next():
    with strange_sandbox(SECONDS_LATE) as account, learner_in(account) as learner:
        for name in ORDER:
            learner.run(name)
            account.advance_clock(HOUR + 1)
        assert unexpected_answers(learner.cells) == []
