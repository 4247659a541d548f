"""The form in which a learner asks who may do what: its answers, and what it says to what cannot be asked."""

import json
from collections.abc import Iterator

import pytest

from helpers import clean_up
from helpers.account import Account, open_account
from helpers.evaluation.decisions import Verdict
from helpers.forms import explain_form, refusal_form
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


@pytest.mark.exhaustive
def test_another_question_gets_another_answer(account: Account) -> None:
    assert asked(account, principal="ec2.amazonaws.com").result.verdict is Verdict.ALLOWED
    session = f"arn:aws:sts::{account.account_id}:assumed-role/tutorial-role/app"
    allowed = asked(account, principal=session, action="s3:ListAllMyBuckets", resource="*").result
    assert allowed.verdict is Verdict.ALLOWED


def test_the_accounts_own_arns_are_offered(account: Account) -> None:
    form = asked(account)
    assert steps.the_user(account).arn in form._inputs["principal"].widget.options
    assert steps.the_role(account).arn in form._inputs["resource"].widget.options


@pytest.mark.exhaustive(but_first=3)
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


# --- one's own refusal, pasted


def test_a_pasted_refusal_is_explained(account: Account) -> None:
    user, role = steps.the_user(account), steps.the_role(account)
    text = f"User: {user.arn} is not authorized to perform:\n  sts:AssumeRole on resource: {role.arn}"
    form = refusal_form(account, text=text)
    assert form.result.verdict is Verdict.IMPLICIT_DENY
    assert "Refused: user tutorial-user, sts:AssumeRole" in form._repr_mimebundle_()["text/plain"]


@pytest.mark.parametrize(("text", "told"), [("", "This is empty"), ("all is well", "tells of no refusal")])
def test_a_text_without_a_refusal(account: Account, text: str, told: str) -> None:
    form = refusal_form(account)
    form._inputs["text"].widget.value = text
    with pytest.raises(FormError, match=told):
        _ = form.result


def test_a_secret_in_a_pasted_text_is_not_shown(account: Account) -> None:
    secret = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY99"
    told = f"User: {steps.the_user(account).arn} is not authorized to perform: s3:GetObject"
    text = f"aws_secret_access_key = {secret}\n{told}"
    shown = json.dumps(refusal_form(account, text=text)._repr_mimebundle_())
    assert secret not in shown
