"""Calls that may be refused: what AWS said, and whether the lesson expected it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from helpers import attempts, iam
from helpers.account import Account, open_account
from helpers.attempts import attempt

REFUSAL = "User: arn:aws:iam::111122223333:user/attempts-ana is not authorized to perform: iam:ListUsers"


@pytest.fixture
def as_ana() -> Iterator[Any]:
    """An IAM client signed by a user without permissions."""
    account: Account = open_account("private")
    admin = account.client("iam")
    iam.create_user(admin, name="attempts-ana")
    yield account.client("iam", iam.create_access_key(admin, user_name="attempts-ana"))
    iam.delete_user(admin, name="attempts-ana")


def refused_at_first(times: int, code: str = "AccessDenied") -> Callable[[], str]:
    """A call that AWS refuses a few times before it lets it through."""
    answers = [code] * times

    def call() -> str:
        if answers:
            raise ClientError({"Error": {"Code": answers.pop(), "Message": "no"}}, "Call")
        return "the answer"

    return call


def test_a_refusal_is_shown_in_the_words_of_aws(as_ana: Any) -> None:
    result = attempt("list users as ana", as_ana.list_users, expect="refused")
    assert not result.allowed
    assert result.refusal is not None
    assert result.refusal[0] == "AccessDenied"
    assert result.refusal[1].startswith(REFUSAL)
    assert result.answer is None
    assert repr(result).startswith("Refused: list users as ana\n  Error code: AccessDenied\n  Message: User: arn")
    assert "Note" not in repr(result)
    assert "Refused: list users as ana" in result._repr_html_()


def test_an_allowed_call_hands_on_its_answer_unshown() -> None:
    result = attempt("read", lambda: {"SecretAccessKey": "the secret"}, expect="allowed")
    assert result.allowed
    assert result.answer == {"SecretAccessKey": "the secret"}
    assert repr(result) == "Allowed: read"
    assert "the secret" not in result._repr_html_()


def test_a_refusal_that_is_expected_is_believed_at_once() -> None:
    assert not attempt("read", refused_at_first(1), expect="refused").allowed


def test_what_should_be_allowed_is_tried_again() -> None:
    assert attempt("read", refused_at_first(1), expect="allowed").answer == "the answer"


def test_what_was_allowed_against_expectation_is_noted() -> None:
    result = attempt("read", refused_at_first(0), expect="refused")
    assert result.allowed
    assert "Note: On a first run this is refused." in repr(result)


def test_what_stays_refused_against_expectation_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "PATIENCE_SECONDS", 0)
    result = attempt("read", refused_at_first(99), expect="allowed")
    assert not result.allowed
    assert "Note: This should be allowed by now. Run the cells above again" in repr(result)


@pytest.mark.parametrize("code", ["AccessDenied", "AccessDeniedException", "UnauthorizedOperation"])
def test_each_service_has_its_own_word_for_refusing(code: str) -> None:
    assert attempt("read", refused_at_first(1, code), expect="refused").refusal == (code, "no")


@pytest.mark.parametrize("expect", ["allowed", "refused"])
def test_another_error_is_raised(expect: attempts.Expectation) -> None:
    with pytest.raises(ClientError, match="Throttling"):
        attempt("read", refused_at_first(1, "Throttling"), expect=expect)


def test_the_codes_that_count_can_be_named() -> None:
    codes = {"NoSuchEntity"}
    result = attempt("read", refused_at_first(1, "NoSuchEntity"), expect="refused", codes=codes)
    assert result.refusal == ("NoSuchEntity", "no")
    with pytest.raises(ClientError, match="AccessDenied"):
        attempt("read", refused_at_first(1), expect="refused", codes=codes)
