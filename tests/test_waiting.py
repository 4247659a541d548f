"""Waiting until a call works: which errors are waited for, how long, and how."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from helpers import iam, sts
from helpers.account import open_account
from helpers.waiting import until_it_works

NOT_YET = ("InvalidClientTokenId",)


def failing(times: int, code: str = NOT_YET[0]) -> Callable[[], int]:
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


@pytest.fixture
def admin() -> Iterator[Any]:
    client = open_account("private").client("iam")
    iam.create_user(client, name="waiting-ana")
    yield client
    iam.delete_user(client, name="waiting-ana")


def test_a_call_that_works_is_made_once(waits: list[float]) -> None:
    assert until_it_works(failing(0), not_yet=NOT_YET) == 1
    assert waits == []


def test_a_key_that_is_not_active_yet_is_waited_for(admin: Any) -> None:
    key = iam.create_access_key(admin, user_name="waiting-ana")
    names = {"UserName": "waiting-ana", "AccessKeyId": key.access_key_id}
    admin.update_access_key(**names, Status="Inactive")
    client = open_account("private").client("sts", key)
    calls = 0

    def who_am_i_active_at_the_second_call() -> sts.Identity:
        nonlocal calls
        calls += 1
        if calls == 2:
            admin.update_access_key(**names, Status="Active")
        return sts.who_am_i(client)

    identity = until_it_works(who_am_i_active_at_the_second_call, not_yet=NOT_YET)
    assert identity.arn.endswith(":user/waiting-ana")
    assert calls == 2


def test_the_last_answer_is_raised_when_the_limit_is_over(admin: Any) -> None:
    key = iam.create_access_key(admin, user_name="waiting-ana")
    iam.delete_access_key(admin, user_name="waiting-ana", access_key_id=key.access_key_id)
    client = open_account("private").client("sts", key)
    began = time.monotonic()
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        until_it_works(lambda: sts.who_am_i(client), not_yet=NOT_YET, limit_seconds=0.1)
    assert time.monotonic() - began < 5


def test_without_a_limit_to_spend_a_call_is_made_once(waits: list[float]) -> None:
    with pytest.raises(ClientError, match="call 1"):
        until_it_works(failing(1), not_yet=NOT_YET, limit_seconds=0)
    assert waits == []


@pytest.mark.parametrize("code", ["AccessDenied", "InvalidClientToken", "Throttling"])
def test_another_error_is_raised_at_once(code: str, waits: list[float]) -> None:
    with pytest.raises(ClientError, match="call 1"):
        until_it_works(failing(1, code), not_yet=NOT_YET)
    assert waits == []


def test_what_is_no_answer_of_aws_is_raised_at_once(waits: list[float]) -> None:
    with pytest.raises(ZeroDivisionError):
        until_it_works(lambda: 1 / 0, not_yet=NOT_YET)
    assert waits == []


def test_each_wait_is_another_and_they_grow_to_a_few_seconds(waits: list[float]) -> None:
    assert until_it_works(failing(12), not_yet=NOT_YET) == 13
    assert 0 < waits[0] < 1.5
    assert waits[0] < waits[4]
    assert len(set(waits[:4])) == 4
    assert max(waits) <= 6
