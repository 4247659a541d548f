"""The form in which a learner asks who may do what: its answers, and what it says to what cannot be asked."""

from collections.abc import Iterator

import pytest

from helpers import clean_up
from helpers.account import Account, open_account
from helpers.evaluation.decisions import Verdict
from helpers.forms import explain_form
from helpers.lessons import steps
from helpers.widgets.fields import FormError
from helpers.widgets.form import ActionForm


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    account = open_account("private")
    clean_up.clean_up(account)
    steps.begin(account, 4)
    yield account
    clean_up.clean_up(account)


def asked(account: Account, **texts: str) -> ActionForm:
    """The form with these texts typed into it."""
    user, role = steps.the_user(account), steps.the_role(account)
    form = explain_form(account, principal=user.arn, resource=role.arn)
    for name, text in texts.items():
        form._inputs[name].widget.value = text
    return form


def test_it_is_answered_before_anybody_clicks(account: Account) -> None:
    form = asked(account)
    assert form.result.verdict is Verdict.IMPLICIT_DENY
    assert "Refused: user tutorial-user, sts:AssumeRole" in form._repr_mimebundle_()["text/plain"]


def test_another_question_gets_another_answer(account: Account) -> None:
    assert asked(account, principal="ec2.amazonaws.com").result.verdict is Verdict.ALLOWED
    session = f"arn:aws:sts::{account.account_id}:assumed-role/tutorial-role/app"
    allowed = asked(account, principal=session, action="s3:ListAllMyBuckets", resource="*").result
    assert allowed.verdict is Verdict.ALLOWED


def test_the_accounts_own_arns_are_offered(account: Account) -> None:
    form = asked(account)
    assert steps.the_user(account).arn in form._inputs["principal"].widget.options
    assert steps.the_role(account).arn in form._inputs["resource"].widget.options


@pytest.mark.parametrize(
    ("field", "text", "problem"),
    [
        ("principal", "tutorial-user", "This is only a name"),
        ("principal", "<user-arn>", "is a placeholder"),
        ("principal", "arn:aws:s3:::bucket", "This is an ARN of `s3`"),
        ("principal", "arn:aws:iam::111122223333:user/nobody-here", "The account has no user named nobody-here"),
        ("action", "AssumeRole", "Give one action"),
        ("action", "s3:*", "Give one action"),
        ("resource", "tutorial-role", "Give an ARN, or"),
        ("resource", "", "Give an ARN, or"),
    ],
)
def test_what_cannot_be_asked_is_said_in_words(account: Account, field: str, text: str, problem: str) -> None:
    with pytest.raises(FormError, match=problem):
        _ = asked(account, **{field: text}).result
