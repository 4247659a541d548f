"""All notebooks, run in an account of somebody's own: in plain moto, which believes everybody and waits for nothing."""

import pytest

from support.own_account_notebooks import ORDER, learner_in
from support.strangers import plain_moto


@pytest.mark.exhaustive
def test_all_notebooks():
    with plain_moto() as account, learner_in(account) as learner:
        learner.run(*ORDER, IAM_TUTORIAL_WAIT_SECONDS="0.3")
