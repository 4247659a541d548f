"""What STS refuses: chained roles for longer than an hour, what is no role, and sessions that ask for sessions."""

from collections.abc import Mapping

import pytest

from helpers.sandbox.outside.connection import Connection
from support.sandbox_clients import (
    HERE,
    Key,
    Refusal,
    allow,
    assume,
    client,
    document,
    iam,
    key_of,
    new_role,
    new_user,
    refusal,
    refusal_to_assume,
    session_token,
    trust,
)

CHAINED = Refusal(
    400,
    "ValidationError",
    "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
)
NOT_FOR_IAM = Refusal(403, "InvalidClientTokenId", "The security token included in the request is invalid")


def not_assumed(caller_arn: str, arn: str) -> Refusal:
    text = f"User: {caller_arn} is not authorized to perform: sts:AssumeRole on resource: {arn}"
    return Refusal(403, "AccessDenied", text)


# --- role chaining


def test_a_users_session_chains_roles_too_and_gets_an_hour_at_most(sandbox: Connection) -> None:
    user = new_user(sandbox)
    role = new_role(sandbox, trust({"AWS": user.arn}), MaxSessionDuration=43200)
    session = session_token(sandbox, user.key)
    assert assume(sandbox, session, role, DurationSeconds=3600)
    for seconds in (3601, 43200):
        assert refusal_to_assume(sandbox, session, role, DurationSeconds=seconds) == CHAINED
    assert assume(sandbox, user.key, role, DurationSeconds=43200)


# --- what is to be assumed

NO_ROLES = [
    f"arn:aws:iam::{HERE}:user/app",
    f"arn:aws:iam::{HERE}:user/team/app",
    f"arn:aws:iam::{HERE}:group/readers",
    f"arn:aws:iam::{HERE}:policy/reader",
    "arn:aws:iam::aws:policy/ReadOnlyAccess",
    f"arn:aws:iam::{HERE}:instance-profile/web",
    f"arn:aws:iam::{HERE}:mfa/phone",
    f"arn:aws:iam::{HERE}:root",
    f"arn:aws:sts::{HERE}:assumed-role/reader/monday",
    f"arn:aws:sts::{HERE}:federated-user/guest",
    "arn:aws:iam::444455556666:user/app",
    "arn:aws:iam::999999999999:root",
]


@pytest.mark.parametrize("arn", NO_ROLES)
def test_what_is_no_role_is_refused_as_a_role_that_is_not_there(sandbox: Connection, arn: str) -> None:
    for user in (new_user(sandbox), new_user(sandbox, allow("*"))):
        assert refusal_to_assume(sandbox, user.key, arn) == not_assumed(user.arn, arn)


def test_a_user_and_a_session_that_are_there_are_no_roles_either(sandbox: Connection) -> None:
    user = new_user(sandbox, allow("*"))
    role = new_role(sandbox, trust({"AWS": user.arn}))
    session = assume(sandbox, user.key, role)
    arn = client(sandbox, "sts", session).get_caller_identity()["Arn"]
    assert refusal_to_assume(sandbox, session, arn) == not_assumed(arn, arn)
    assert refusal_to_assume(sandbox, session, user.arn) == not_assumed(arn, user.arn)
    tags = [{"Key": "team", "Value": "blue"}]
    assert refusal_to_assume(sandbox, user.key, user.arn, Tags=tags).message.endswith(f"resource: {user.arn}")


@pytest.mark.parametrize(
    "text",
    [
        "not-a-role-arn-at-all",
        "arn:aws:iam::1111:role/reader",
        f"arn:aws:iam::{HERE}:role/",
        f"arn:aws:iam::{HERE}:role/<role-name>",
        f"arn:aws:iam:us-east-1:{HERE}:role/reader",
        "arn:aws:s3:::some-bucket-of-mine",
        f"arn:aws:lambda:us-east-1:{HERE}:function:reader",
    ],
)
def test_what_is_no_arn_of_iam_or_sts_is_invalid(sandbox: Connection, text: str) -> None:
    user = new_user(sandbox, allow("*"))
    assert refusal_to_assume(sandbox, user.key, text) == Refusal(400, "ValidationError", f"{text} is invalid")


# --- session credentials


def cannot_call(operation: str) -> Refusal:
    return Refusal(403, "AccessDenied", f"Cannot call {operation} with session credentials")


@pytest.fixture(scope="module", params=["next to nothing", "everything"])
def sessions(sandbox: Connection, request: pytest.FixtureRequest) -> Mapping[str, Key]:
    """Sessions of every kind without MFA, of users and roles that may do next to nothing, or everything."""
    may = allow("*" if request.param == "everything" else "sts:GetFederationToken")
    user = new_user(sandbox, may)
    role = new_role(sandbox, trust({"AWS": user.arn}))
    iam(sandbox).put_role_policy(RoleName=role.rpartition("/")[2], PolicyName="may", PolicyDocument=document(may))
    federated = client(sandbox, "sts", user.key).get_federation_token(Name="guest", Policy=document(may))
    return {
        "a role's": assume(sandbox, user.key, role),
        "a user's": session_token(sandbox, user.key),
        "a federated user's": key_of(federated),
    }


@pytest.mark.parametrize("kind", ["a role's", "a user's", "a federated user's"])
def test_a_session_gets_no_other_whatever_it_may(sandbox: Connection, sessions: Mapping[str, Key], kind: str) -> None:
    sts = client(sandbox, "sts", sessions[kind])
    assert refusal(sts.get_session_token) == cannot_call("GetSessionToken")
    assert refusal(sts.get_federation_token, Name="guest") == cannot_call("GetFederationToken")
    mfa = {"SerialNumber": f"arn:aws:iam::{HERE}:mfa/none", "TokenCode": "123456"}
    assert refusal(sts.get_session_token, **mfa) == cannot_call("GetSessionToken")


@pytest.mark.parametrize("kind", ["a user's", "a federated user's"])
def test_iam_takes_no_users_session_without_mfa(sandbox: Connection, sessions: Mapping[str, Key], kind: str) -> None:
    itself = client(sandbox, "iam", sessions[kind])
    assert refusal(itself.list_users) == NOT_FOR_IAM
    assert refusal(itself.get_user) == NOT_FOR_IAM
