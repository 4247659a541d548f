"""Waiting until a call works: what is waited for, how long, and how that is shown."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError
from jupyter_client.manager import start_new_kernel

from helpers import iam, policies, sts
from helpers.account import Account, sandbox_account
from helpers.clients.polling import LIMIT_VARIABLE, WaitedTooLong, WaitLimitError, until_it_works
from helpers.diagnosis.patience import patience_with_error
from helpers.explain import explain
from helpers.sandbox.outside.connection import Connection
from support.sandbox_clients import SECONDS_LATE, clean_environment, unique

WHAT = "the new access key to work"
SOON = 5  # seconds: far below the limit of 60, and above the grace of an answer for good


@contextmanager
def within(seconds: float, *, at_least: float = 0) -> Iterator[None]:
    began = time.monotonic()
    yield
    assert at_least <= time.monotonic() - began <= seconds


def new_key(account: Account) -> iam.AccessKey:
    user = iam.create_user(account.client("iam"), name=unique("waiting"))
    return iam.create_access_key(account.client("iam"), user_name=user.name)


def new_role(client: Any) -> iam.Role:
    ec2 = policies.policy(policies.trust_service("ec2.amazonaws.com"))
    return iam.create_role(client, name=unique("waiting"), trust_policy=ec2)


def asking_with(account: Account, key: iam.AccessKey) -> Callable[[], sts.Identity]:
    client = account.client("sts", key)
    return lambda: sts.who_am_i(client)


def failing(times: int, code: str = "AccessDenied") -> Callable[[], int]:
    """A call that AWS answers with an error some times; then it tells how often it was made."""
    made = 0

    def call() -> int:
        nonlocal made
        made += 1
        if made <= times:
            raise ClientError({"Error": {"Code": code, "Message": f"call {made}"}}, "Call")
        return made

    return call


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that were waited, without waiting them."""
    waited: list[float] = []
    monkeypatch.setattr("tenacity.nap.time.sleep", waited.append)
    return waited


# --- not there yet


def test_a_call_that_works_is_made_once(waits: list[float]) -> None:
    assert until_it_works(failing(0), what=WHAT, patience=patience_with_error) == 1
    assert waits == []


def test_a_new_key_is_waited_for_and_hardly_longer_than_it_takes(late: Account) -> None:
    key = new_key(late)
    with within(SECONDS_LATE + 2.5, at_least=SECONDS_LATE - 0.5):
        identity = until_it_works(asking_with(late, key), what=WHAT, patience=patience_with_error)
    assert identity.arn.endswith(f":user/{key.user_name}")


@pytest.mark.exhaustive
def test_a_new_trust_is_waited_for(late: Account) -> None:
    key, client = new_key(late), late.client("iam")
    role = iam.create_role(
        client, name=unique("waiting"), trust_policy=policies.policy(policies.trust_service("ec2.amazonaws.com"))
    )
    user = iam.get_user(client, name=key.user_name)
    iam.trust_principal(client, role_name=role.name, arn=user.arn)
    as_user = late.client("sts", key)
    with within(SECONDS_LATE + 2.5, at_least=SECONDS_LATE - 0.5):
        session = until_it_works(
            lambda: sts.assume_role(as_user, role_arn=role.arn, session_name="test"),
            what="trust",
            patience=patience_with_error,
        )
    assert session.arn.endswith(f":assumed-role/{role.name}/test")


def test_each_wait_is_another_and_they_grow_to_a_second(waits: list[float]) -> None:
    assert until_it_works(failing(12), what=WHAT, patience=patience_with_error) == 13
    assert 0 < waits[0] < 0.7
    assert waits[0] < waits[4]
    assert len(set(waits)) == 12
    assert max(waits) <= 1.5


# --- refused for good


@pytest.mark.exhaustive
def test_a_key_that_is_switched_off_is_not_waited_for(account: Account) -> None:
    key = new_key(account)
    account.client("iam").update_access_key(UserName=key.user_name, AccessKeyId=key.access_key_id, Status="Inactive")
    with within(SOON), pytest.raises(ClientError, match="InvalidClientTokenId"):
        until_it_works(asking_with(account, key), what=WHAT, patience=patience_with_error)


@pytest.mark.exhaustive
@pytest.mark.parametrize("with_user", [True, False])
def test_a_key_that_was_deleted_is_not_waited_for(account: Account, with_user: bool) -> None:
    key = new_key(account)
    if with_user:
        iam.delete_user(account.client("iam"), name=key.user_name)
    else:
        iam.delete_access_key(account.client("iam"), user_name=key.user_name, access_key_id=key.access_key_id)
    with within(SOON), pytest.raises(ClientError, match="InvalidClientTokenId"):
        until_it_works(asking_with(account, key), what=WHAT, patience=patience_with_error)


@pytest.mark.exhaustive
def test_a_key_that_is_switched_on_in_the_grace_is_taken(account: Account) -> None:
    key = new_key(account)
    named = {"UserName": key.user_name, "AccessKeyId": key.access_key_id}
    account.client("iam").update_access_key(**named, Status="Inactive")
    ask, asked = asking_with(account, key), 0

    def ask_and_switch_on() -> sts.Identity:
        nonlocal asked
        asked += 1
        if asked == 2:
            account.client("iam").update_access_key(**named, Status="Active")
        return ask()

    assert until_it_works(ask_and_switch_on, what=WHAT, patience=patience_with_error).arn.endswith(
        f":user/{key.user_name}"
    )


@pytest.mark.parametrize("code", ["InvalidClientToken", "Throttling", "RequestLimitExceeded", "ServiceUnavailable"])
def test_what_is_no_refusal_is_raised_at_once(code: str, waits: list[float]) -> None:
    with pytest.raises(ClientError, match="call 1"):
        until_it_works(failing(1, code), what=WHAT, patience=patience_with_error)
    assert waits == []


def test_what_is_no_answer_of_aws_is_raised_at_once(waits: list[float]) -> None:
    with pytest.raises(ZeroDivisionError):
        until_it_works(lambda: 1 / 0, what=WHAT, patience=patience_with_error)
    assert waits == []


# --- a principal that IAM does not know yet


def unknown_at_first(client: Any, arn: str, times: int) -> None:
    """Has UpdateAssumeRolePolicy answered as AWS answers in the first seconds after a user was made."""
    left = [times]

    def answer(request: Any, **_: Any) -> AWSResponse | None:
        if not left[0]:
            return None
        left[0] -= 1
        message = f'Invalid principal in policy: "AWS":"{arn}"'
        error = f"<Code>MalformedPolicyDocument</Code><Message>{message}</Message>"
        response = AWSResponse(request.url, 400, {}, None)
        response._content = f"<ErrorResponse><Error>{error}</Error></ErrorResponse>".encode()
        return response

    client.meta.events.register("before-send.iam.UpdateAssumeRolePolicy", answer)


@pytest.fixture
def own_clients(tmp_path: Path, sandbox: Connection) -> Account:
    """An account whose clients no other test has."""
    return sandbox_account(sandbox, tmp_path)


def test_a_user_that_was_just_made_is_waited_for_until_a_trust_policy_may_name_it(own_clients: Account) -> None:
    client = own_clients.client("iam")
    role = new_role(client)
    user = iam.create_user(client, name=unique("waiting"))
    unknown_at_first(client, user.arn, 2)
    iam.trust_principal(client, role_name=role.name, arn=user.arn)
    assert policies.trust_principal(user.arn) in policies.statements(iam.get_role(client, name=role.name).trust_policy)


@pytest.mark.exhaustive
def test_a_user_that_does_not_exist_is_not_waited_for(account: Account) -> None:
    client = account.client("iam")
    role = new_role(client)
    with within(1), pytest.raises(ClientError, match="Invalid principal"):
        iam.trust_principal(client, role_name=role.name, arn=f"arn:aws:iam::{account.account_id}:user/typo")


# --- the limit


def test_after_the_limit_it_is_said_what_was_waited_for_and_how_to_go_on(
    late: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(LIMIT_VARIABLE, "0.5")
    key = new_key(late)
    with pytest.raises(WaitedTooLong) as caught:
        until_it_works(asking_with(late, key), what=WHAT, patience=patience_with_error)
    told = str(caught.value)
    assert isinstance(caught.value, TimeoutError)
    assert caught.value._render_traceback_() == [f"WaitedTooLong: {told}"]
    assert "waiting for the new access key to work" in told
    assert "InvalidClientTokenId (The security token included in the request is invalid)" in told
    assert "run the cell again" in told
    assert key.access_key_id not in told
    assert caught.value.__cause__ is caught.value.error
    assert "had not reached all of AWS" in explain(late, caught.value.error).reason


def test_with_a_limit_of_nothing_a_call_is_made_once(waits: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LIMIT_VARIABLE, "0")
    with pytest.raises(WaitedTooLong, match="call 1"):
        until_it_works(failing(1), what=WHAT, patience=patience_with_error)
    assert waits == []


@pytest.mark.parametrize("given", ["soon", "-1", "nan", "inf", "1 minute"])
def test_a_limit_that_is_none_is_said(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LIMIT_VARIABLE, given)
    with pytest.raises(WaitLimitError, match=f'{LIMIT_VARIABLE} is "{given}": set it to a number of seconds'):
        until_it_works(failing(0), what=WHAT, patience=patience_with_error)


# --- what is shown


@pytest.mark.exhaustive
def test_a_notebook_shows_one_line_while_it_waits_and_none_where_it_need_not(
    late_sandbox: Connection, tmp_path: Path
) -> None:
    prepare = f"""
from pathlib import Path
from helpers import iam, sts
from helpers.sandbox.outside.connection import Connection
from helpers.clients.polling import until_it_works
from helpers.diagnosis.patience import patience_with_error
from helpers.account import sandbox_account

account = sandbox_account(Connection.from_json({late_sandbox.to_json()!r}), Path({str(tmp_path)!r}))
user = iam.create_user(account.client("iam"), name={unique("waiting")!r})
key = iam.create_access_key(account.client("iam"), user_name=user.name)
client = account.client("sts", key)"""
    ask = f"until_it_works(lambda: sts.who_am_i(client), what={WHAT!r}, patience=patience_with_error).account_id"
    manager, kernel = start_new_kernel(cwd=str(tmp_path), env=clean_environment(IPYTHONDIR=str(tmp_path)))
    try:
        shown: list[list[Any]] = []
        for code in (prepare, ask, ask):
            messages: list[Any] = []
            answer = kernel.execute_interactive(code, timeout=60, output_hook=messages.append)
            assert answer["content"]["status"] == "ok", answer["content"]
            shown.append([message for message in messages if message["msg_type"] not in ("status", "execute_input")])
    finally:
        kernel.stop_channels()
        manager.shutdown_kernel(now=True)

    _, waited, not_waited = shown
    *lines, result = waited
    texts = [line["content"]["data"]["text/plain"] for line in lines]
    assert [line["msg_type"] for line in lines] == ["display_data"] + ["update_display_data"] * (len(lines) - 1)
    assert len({line["content"]["transient"]["display_id"] for line in lines}) == 1
    assert texts[0] == "Waiting for the new access key to work: 0 s so far, at most 60 s."
    assert "Waiting for the new access key to work: 1 s so far, at most 60 s." in texts
    assert texts[-1] in [f"Waited {seconds} s for the new access key to work." for seconds in (2, 3, 4)]
    assert [message["msg_type"] for message in (result, *not_waited)] == ["execute_result", "execute_result"]


@pytest.mark.exhaustive
def test_outside_a_notebook_it_is_logged_once_so_that_it_is_seen(
    late: Account, caplog: pytest.LogCaptureFixture
) -> None:
    key = new_key(late)
    for _ in range(2):
        until_it_works(asking_with(late, key), what=WHAT, patience=patience_with_error)
    logged = [(record.levelno, record.message) for record in caplog.records if record.name == "helpers.clients.polling"]
    assert logged == [(logging.WARNING, "Waiting for the new access key to work, at most 60 s.")]
