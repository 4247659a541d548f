"""Credentials that are not taken: a token beside a key that it does not belong to, and a clock that is wrong."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from helpers.sandbox.outside.connection import Connection
from helpers.sandbox.outside.control import advance_clock
from support.sandbox_clients import (
    Key,
    Refusal,
    Signer,
    administrator,
    assume,
    client,
    new_role,
    new_user,
    refusal,
    send,
    session_token,
    trust,
)

# --- a token beside a key that it does not belong to

CALLS = {"sts": "get_caller_identity", "s3": "list_buckets", "ec2": "describe_instances", "glue": "get_jobs"}
INVALID = {
    "sts": Refusal(403, "InvalidClientTokenId", "The security token included in the request is invalid."),
    "s3": Refusal(400, "InvalidToken", "The provided token is malformed or otherwise invalid."),
    "ec2": Refusal(401, "AuthFailure", "AWS was not able to validate the provided access credentials"),
    "glue": Refusal(400, "UnrecognizedClientException", "The security token included in the request is invalid."),
}
EXPIRED = {
    "sts": Refusal(403, "ExpiredToken", "The security token included in the request is expired"),
    "s3": Refusal(400, "ExpiredToken", "The security token included in the request is expired"),
    "ec2": Refusal(400, "RequestExpired", "Request has expired."),
    "glue": Refusal(400, "ExpiredTokenException", "The security token included in the request is expired"),
}


def refusals(sandbox: Connection, key: Key) -> dict[str, Refusal]:
    """What each service says to whoever signs with this key."""
    return {service: refusal(getattr(client(sandbox, service, key), call)) for service, call in CALLS.items()}


def test_a_left_over_token_is_invalid_until_it_has_expired(own_sandbox: Connection) -> None:
    user = new_user(own_sandbox)
    session = assume(own_sandbox, user.key, new_role(own_sandbox, trust({"AWS": user.arn})))
    left_over = session_token(own_sandbox, user.key, DurationSeconds=900).session_token
    beside_a_long_term_key = Key(user.key.access_key_id, user.key.secret_access_key, left_over)
    beside_another_session = Key(session.access_key_id, session.secret_access_key, left_over)
    of_nobody = Key(user.key.access_key_id, user.key.secret_access_key, "a-token-that-nobody-was-given")
    for key in (beside_a_long_term_key, beside_another_session, of_nobody):
        assert refusals(own_sandbox, key) == INVALID
    admin = administrator(own_sandbox)
    advance_clock(own_sandbox.endpoint_url, Credentials(admin.access_key_id, admin.secret_access_key), 901)
    for key in (beside_a_long_term_key, beside_another_session):
        assert refusals(own_sandbox, key) == EXPIRED
    assert refusals(own_sandbox, of_nobody) == INVALID


# --- a clock that is wrong


def answer_at(sandbox: Connection, signer: Signer, service: str, clients_time: datetime) -> tuple[int, str]:
    """Status and XML of the answer to a request whose signature says that it was made at this time."""
    path = {"s3": "/", "sts": "/?Action=GetCallerIdentity&Version=2011-06-15"}[service]
    auth = {"s3": S3SigV4Auth, "sts": SigV4Auth}[service]
    request = AWSRequest("GET", f"{sandbox.endpoint_url}{path}", {})
    credentials = Credentials(signer.access_key_id, signer.secret_access_key)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.auth.get_current_datetime", lambda *_: clients_time.replace(tzinfo=None))
        auth(credentials, service, sandbox.region).add_auth(request)
    answer = send(sandbox, "GET", path, headers=dict(request.headers.items()))
    return answer.status, answer.body.decode()


@pytest.mark.parametrize("minutes", [-14, 14])
def test_a_clock_may_be_some_minutes_wrong(sandbox: Connection, minutes: int) -> None:
    then = datetime.now(UTC) + timedelta(minutes=minutes)
    for service in ("sts", "s3"):
        assert answer_at(sandbox, administrator(sandbox), service, then)[0] == 200


@pytest.mark.parametrize(
    ("minutes", "words", "sign"),
    [(-16, "expired: {} is now earlier than", "-"), (16, "not yet current: {} is still later than", r"\+")],
)
def test_a_clock_that_is_over_a_quarter_of_an_hour_wrong(
    sandbox: Connection, minutes: int, words: str, sign: str
) -> None:
    admin, then = administrator(sandbox), datetime.now(UTC) + timedelta(minutes=minutes)
    status, told = answer_at(sandbox, admin, "sts", then)
    assert status == 403
    assert "<Code>SignatureDoesNotMatch</Code>" in told
    said, stamp = words.format(f"{then:%Y%m%dT%H%M%SZ}"), r"\d{8}T\d{6}Z"
    assert re.search(rf"Signature {said} {stamp} \({stamp} {sign} 15 min\.\)", told)
    status, told = answer_at(sandbox, admin, "s3", then)
    assert status == 403
    assert "<Code>RequestTimeTooSkewed</Code>" in told
    assert "The difference between the request time and the current time is too large." in told
