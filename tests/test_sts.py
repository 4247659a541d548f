"""Who am I, and assuming a role."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from helpers import iam, policies, sts
from helpers.account import Account, open_account
from support.sandbox_clients import gone_account

ROLE = "arn:aws:iam::111122223333:role/sts-role"


@dataclass(frozen=True)
class Handshake:
    """A role, a user that it trusts, and the user's key."""

    account: Account
    role: iam.Role
    user: iam.User
    key: iam.AccessKey


@pytest.fixture
def handshake() -> Iterator[Handshake]:
    account = open_account("private")
    client = account.client("iam")
    user = iam.create_user(client, name="sts-ana")
    trust = policies.policy(policies.trust_principal(user.arn))
    role = iam.create_role(client, name="sts-role", trust_policy=trust)
    yield Handshake(account, role, user, iam.create_access_key(client, user_name=user.name))
    iam.delete_role(client, name=role.name)
    iam.delete_user(client, name=user.name)


@pytest.fixture
def unreachable() -> Any:
    """A client with nobody at the other end: a call would fail in another way than the tests expect."""
    return gone_account().client("sts")


def a_session(minutes: float = 60) -> sts.RoleSession:
    expires = datetime.now(UTC) + timedelta(minutes=minutes)
    return sts.RoleSession(f"{ROLE}/app", "ASIAIOSFODNN7EXAMPLE", "s" * 40, "t" * 300, expires)


def test_a_user_is_told_who_it_is(handshake: Handshake) -> None:
    me = sts.who_am_i(handshake.account.client("sts", handshake.key))
    assert (me.account_id, me.arn) == ("111122223333", handshake.user.arn)
    assert me.user_id.startswith("AIDA")
    assert repr(me).startswith(f"You are {handshake.user.arn}\n  Account: 111122223333\n  Unique id: AIDA")


def test_a_session_acts_as_the_role(handshake: Handshake) -> None:
    client = handshake.account.client("sts", handshake.key)
    session = sts.assume_role(client, role_arn=handshake.role.arn, session_name="app")
    assert session.arn == "arn:aws:sts::111122223333:assumed-role/sts-role/app"
    assert session.minutes_left == 60
    me = sts.who_am_i(handshake.account.client("sts", session))
    assert me.arn == session.arn
    assert me.user_id.startswith("AROA")
    assert me.user_id.endswith(":app")


def test_a_session_can_be_shorter_and_not_longer_than_the_role_allows(handshake: Handshake) -> None:
    client = handshake.account.client("sts", handshake.key)
    asked = {"role_arn": handshake.role.arn, "session_name": "app"}
    assert sts.assume_role(client, **asked, duration_seconds=900).minutes_left == 15
    with pytest.raises(ClientError, match="MaxSessionDuration"):
        sts.assume_role(client, **asked, duration_seconds=7200)


def test_whom_the_role_does_not_trust_is_refused(handshake: Handshake) -> None:
    with pytest.raises(ClientError, match=r"AccessDenied.*sts:AssumeRole on resource"):
        sts.assume_role(handshake.account.client("sts"), role_arn=handshake.role.arn, session_name="app")


@pytest.mark.parametrize(
    ("arn", "message"),
    [
        ("", "empty"),
        ("<role-arn>", "role"),
        (f" {ROLE}", "white space"),
        (f'"{ROLE}"', "quotation marks"),
        ("arn:aws:iam::111122223333:user/ana", "This is a user's ARN"),
        ("arn:aws:iam::11112222333:role/app", "11 digits"),
    ],
)
def test_an_arn_that_is_no_roles_is_refused_before_any_call(unreachable: Any, arn: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        sts.assume_role(unreachable, role_arn=arn, session_name="app")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "empty"),
        ("a", "a session's name has 2 to 64"),
        ("a" * 65, "a session's name has 2 to 64"),
        ("a b", "white space"),
        (ROLE, "This is an ARN; give the name alone"),
    ],
)
def test_a_name_that_is_no_sessions_is_refused_before_any_call(unreachable: Any, name: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        sts.assume_role(unreachable, role_arn=ROLE, session_name=name)


@pytest.mark.parametrize("minutes", [60, 15, 0, -5])
def test_the_minutes_left_are_rounded(minutes: int) -> None:
    assert a_session(minutes + 0.2).minutes_left == minutes


def test_a_session_shows_no_secret() -> None:
    session = a_session()
    for shown in (repr(session), str(session), f"{session}", f"{[session]!r}", session._repr_html_()):
        assert "****************MPLE" in shown
        assert "in 60 minutes" in shown
        for secret in (session.access_key_id, session.secret_access_key, session.session_token):
            assert secret not in shown
            assert secret[:8] not in shown
