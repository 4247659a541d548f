"""Calls that may be refused: what AWS said, and whether the lesson expected it."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from helpers import attempts, iam, policies, sts
from helpers.account import Account, open_account
from helpers.attempts import attempt
from helpers.clients import error_codes
from helpers.clients.polling import LIMIT_VARIABLE
from support.sandbox_clients import unique

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


def test_what_stays_refused_to_the_end_of_the_limit_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LIMIT_VARIABLE, "0")
    result = attempt("read", refused_at_first(99), expect="allowed")
    assert not result.allowed
    assert "Note: This should be allowed by now; after 0 s it is still refused. Run the cell again" in repr(result)


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


# --- an account where a change has effect late

SOON = 5  # seconds: far below the limit of 60, and above the grace of an answer for good


class User:
    """A user of a test's own, with a key, and the calls that it makes."""

    def __init__(self, account: Account) -> None:
        self.admin = account.client("iam")
        self.name = iam.create_user(self.admin, name=unique("attempts")).name
        self.key = iam.create_access_key(self.admin, user_name=self.name)
        self.account = account
        self.calls = 0

    def may(self, *actions: str) -> None:
        document = policies.policy(*(policies.allow(action) for action in actions))
        iam.put_user_policy(self.admin, user_name=self.name, policy_name="inline", document=document)

    def list_users(self) -> Any:
        self.calls += 1
        return self.account.client("iam", self.key).list_users()

    def who_am_i(self) -> sts.Identity:
        self.calls += 1
        return sts.who_am_i(self.account.client("sts", self.key))


def seconds_of(call: Callable[[], Any]) -> float:
    began = time.monotonic()
    call()
    return time.monotonic() - began


@pytest.fixture
def user(late: Account) -> User:
    return User(late)


def test_what_was_granted_just_now_is_waited_for(user: User) -> None:
    user.may("iam:ListUsers")
    result = attempt("list users", user.list_users, expect="allowed")
    assert result.allowed
    assert user.calls > 1
    assert "Note" not in repr(result)


@pytest.mark.exhaustive
def test_what_was_taken_away_just_now_is_waited_for_and_given_back_too(user: User) -> None:
    user.may("iam:ListUsers")
    attempt("list users", user.list_users, expect="allowed")
    user.admin.delete_user_policy(UserName=user.name, PolicyName="inline")
    assert user.list_users()
    result = attempt("list users", user.list_users, expect="refused")
    assert result.refusal
    assert result.refusal[0] == "AccessDenied"
    assert "Note" not in repr(result)
    user.may("iam:ListUsers")
    assert attempt("list users", user.list_users, expect="allowed").allowed


@pytest.mark.exhaustive
@pytest.mark.parametrize("is_granted", [True, False])
def test_where_nothing_is_expected_what_the_policies_promise_is_waited_for(user: User, is_granted: bool) -> None:
    if not is_granted:
        user.may("iam:ListUsers")
        attempt("list users", user.list_users, expect="allowed")
    user.may("iam:ListUsers" if is_granted else "iam:ListRoles")
    result = attempt("list users", user.list_users)
    assert result.allowed is is_granted
    assert "Note" not in repr(result)


@pytest.mark.exhaustive
def test_trust_that_was_taken_away_is_waited_for(user: User) -> None:
    trusted = policies.policy(policies.trust_principal(iam.get_user(user.admin, name=user.name).arn))
    role = iam.create_role(user.admin, name=unique("attempts"), trust_policy=trusted)
    client = user.account.client("sts", user.key)

    def assume() -> sts.RoleSession:
        return sts.assume_role(client, role_arn=role.arn, session_name="test")

    assert attempt("assume the role", assume, expect="allowed").allowed
    ec2 = policies.to_json(policies.policy(policies.trust_service("ec2.amazonaws.com")))
    user.admin.update_assume_role_policy(RoleName=role.name, PolicyDocument=ec2)
    assert not attempt("assume the role", assume, expect="refused").allowed


@pytest.mark.exhaustive
def test_what_a_session_may_not_do_any_more_is_waited_for(user: User) -> None:
    trusted = policies.policy(policies.trust_principal(iam.get_user(user.admin, name=user.name).arn))
    role = iam.create_role(user.admin, name=unique("attempts"), trust_policy=trusted)
    iam.attach_role_policy(user.admin, role_name=role.name, policy_arn=iam.AMAZON_S3_FULL_ACCESS)
    client = user.account.client("sts", user.key)
    assumed = attempt(
        "assume", lambda: sts.assume_role(client, role_arn=role.arn, session_name="test"), expect="allowed"
    )
    s3 = user.account.client("s3", assumed.answer)
    assert s3.list_buckets()
    user.admin.detach_role_policy(RoleName=role.name, PolicyArn=iam.AMAZON_S3_FULL_ACCESS)
    assert not attempt("list buckets", s3.list_buckets, expect="refused").allowed


@pytest.mark.exhaustive
def test_a_deleted_key_is_waited_for_until_it_is_refused(user: User) -> None:
    assert attempt("ask", user.who_am_i, expect="allowed").allowed
    iam.delete_access_key(user.admin, user_name=user.name, access_key_id=user.key.access_key_id)
    assert user.who_am_i()
    result = attempt("ask", user.who_am_i, expect="refused", codes={"InvalidClientTokenId"})
    assert result.refusal
    assert result.refusal[0] == "InvalidClientTokenId"


@pytest.mark.exhaustive
def test_a_session_of_a_deleted_role_is_waited_for_until_it_is_refused(user: User) -> None:
    trusted = policies.policy(policies.trust_principal(iam.get_user(user.admin, name=user.name).arn))
    role = iam.create_role(user.admin, name=unique("attempts"), trust_policy=trusted)
    client = user.account.client("sts", user.key)
    assumed = attempt(
        "assume", lambda: sts.assume_role(client, role_arn=role.arn, session_name="test"), expect="allowed"
    )
    as_role = user.account.client("sts", assumed.answer)
    assert attempt("ask", lambda: sts.who_am_i(as_role), expect="allowed").allowed
    iam.delete_role(user.admin, name=role.name)
    result = attempt("ask", lambda: sts.who_am_i(as_role), expect="refused", codes={"InvalidClientTokenId"})
    assert not result.allowed


@pytest.mark.exhaustive(but_first=1)
@pytest.mark.parametrize("service", ["s3", "glue"])
def test_a_new_key_is_waited_for_before_a_refusal_is_believed(user: User, service: str) -> None:
    client = user.account.client(service, user.key)
    result = attempt("call", client.list_buckets if service == "s3" else client.get_jobs, expect="refused")
    assert result.refusal
    assert result.refusal[0] in error_codes.FORBIDDEN


@pytest.mark.exhaustive
@pytest.mark.parametrize("expect", ["allowed", "refused"])
def test_after_the_limit_the_answer_is_there_and_says_so(
    user: User, expect: attempts.Expectation, monkeypatch: pytest.MonkeyPatch
) -> None:
    if expect == "refused":
        user.may("iam:ListUsers")
        attempt("list users", user.list_users, expect="allowed")
        user.admin.delete_user_policy(UserName=user.name, PolicyName="inline")
    else:
        attempt("ask", user.who_am_i, expect="allowed")
        user.may("iam:ListUsers")
    monkeypatch.setenv(LIMIT_VARIABLE, "0.3")
    result = attempt("list users", user.list_users, expect=expect)
    assert result.allowed == (expect == "refused")
    still = "refused" if expect == "allowed" else "allowed"
    assert f"Note: This should be {expect} by now; after 0 s it is still {still}. Run the cell again" in repr(result)


# --- an answer for good


@pytest.fixture
def ready() -> Iterator[User]:
    """A user of an account where a change has effect at once."""
    user = User(open_account("private"))
    yield user
    iam.delete_user(user.admin, name=user.name)


def test_a_real_mistake_is_not_waited_for(as_ana: Any) -> None:
    results = []
    took = seconds_of(lambda: results.append(attempt("list users", as_ana.list_users, expect="allowed")))
    assert took < SOON
    assert not results[0].allowed
    assert "Note: This should be allowed by now. Run the cells above again, from the top." in repr(results[0])


def test_what_a_later_step_allows_is_said_at_once(ready: User) -> None:
    ready.may("iam:ListUsers")
    result = attempt("list users", ready.list_users, expect="refused")
    assert ready.calls == 1
    assert "Note: On a first run this is refused. A later step, done already in this account" in repr(result)


def test_a_key_that_is_there_is_not_waited_for_until_it_is_refused(ready: User) -> None:
    assert attempt("ask", ready.who_am_i, expect="refused", codes={"InvalidClientTokenId"}).allowed
    assert ready.calls == 1


@pytest.mark.exhaustive(but_first=2)
@pytest.mark.parametrize("code", ["NoSuchEntity", "MalformedPolicyDocument", "DeleteConflict", "ValidationError"])
@pytest.mark.parametrize("expect", ["allowed", "refused"])
def test_errors_that_no_time_mends_are_not_waited_for(ready: User, code: str, expect: attempts.Expectation) -> None:
    assert attempt("ask", ready.who_am_i, expect="refused", codes={code}).allowed
    assert ready.calls == 1
    assert attempt("read", refused_at_first(1, code), expect=expect, codes={code}).refusal == (code, "no")
