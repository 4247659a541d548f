"""The sandbox's clock, moved by its administrator, and changes that take effect late, in sandboxes of their own."""

import json
import subprocess
import sys
from datetime import datetime, timedelta
from time import sleep, time

import boto3
import pytest
from botocore.config import Config

from helpers import clean_up, sts
from helpers.account import open_account
from helpers.clients.clock import answered_at
from helpers.lessons import steps
from helpers.sandbox.clock import Clock
from support.sandbox_clients import (
    Refusal,
    administrator,
    allow,
    assume,
    clean_environment,
    client,
    document,
    iam,
    new_role,
    new_user,
    refusal,
    refusal_to_assume,
    running_sandbox,
    send,
    trust,
    unique,
)

HOUR = 3600
DELAY = 900  # far longer than the tests run: only the clock's hand makes it pass
NOT_YET = Refusal(403, "InvalidClientTokenId", "The security token included in the request is invalid.")
EXPIRED = "The security token included in the request is expired"


@pytest.fixture(scope="module")
def sandbox():
    with running_sandbox() as connection:
        yield connection


@pytest.fixture(scope="module")
def late():
    with running_sandbox("--propagation-delay", str(DELAY)) as connection:
        yield connection


def advance(connection, seconds, signer=None):
    """Runs `python -m helpers.sandbox advance`, as the administrator of a sandbox that was started by hand."""
    signer = signer or administrator(connection)
    keys = {"AWS_ACCESS_KEY_ID": signer.access_key_id, "AWS_SECRET_ACCESS_KEY": signer.secret_access_key}
    return subprocess.run(
        [sys.executable, "-m", "helpers.sandbox", "advance", str(seconds), "--endpoint-url", connection.endpoint_url],
        env=clean_environment(**keys),
        capture_output=True,
        text=True,
        check=False,
    )


def pass_time(connection, seconds):
    """Moves the clock of a sandbox."""
    answer = send(connection, "POST", "/sandbox/advance", body=str(seconds).encode(), signer=administrator(connection))
    assert answer.status == 200
    return datetime.fromisoformat(json.loads(answer.body)["now"])


def new_session(connection):
    user = new_user(connection)
    return assume(connection, user.key, new_role(connection, trust({"AWS": user.arn})))


@pytest.mark.exhaustive(but_first=1)
@pytest.mark.parametrize(
    ("service", "call", "expected"),
    [
        ("sts", "get_caller_identity", Refusal(403, "ExpiredToken", EXPIRED)),
        ("iam", "list_users", Refusal(403, "ExpiredToken", EXPIRED)),
        ("s3", "list_buckets", Refusal(400, "ExpiredToken", EXPIRED)),
        ("ec2", "describe_instances", Refusal(400, "RequestExpired", "Request has expired.")),
        ("glue", "get_jobs", Refusal(400, "ExpiredTokenException", EXPIRED)),
    ],
)
def test_a_session_expires_when_the_clock_has_passed_its_end(sandbox, service, call, expected):
    session = new_session(sandbox)
    assert "assumed-role" in client(sandbox, "sts", session).get_caller_identity()["Arn"]
    assert advance(sandbox, HOUR + 1).returncode == 0
    assert refusal(getattr(client(sandbox, service, session), call)) == expected


def test_long_lived_keys_do_not_expire(sandbox):
    user = new_user(sandbox)
    pass_time(sandbox, 100 * 24 * HOUR)
    assert client(sandbox, "sts", user.key).get_caller_identity()["Arn"] == user.arn


def test_conditions_on_the_time_see_the_clock(sandbox):
    in_a_minute = (pass_time(sandbox, 0) + timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    until_then = {**allow("iam:ListUsers"), "Condition": {"DateLessThan": {"aws:CurrentTime": in_a_minute}}}
    user = new_user(sandbox, until_then)
    assert client(sandbox, "iam", user.key).list_users()
    pass_time(sandbox, 120)
    assert refusal(client(sandbox, "iam", user.key).list_users).code == "AccessDenied"


def test_only_an_administrator_moves_the_clock(sandbox):
    powerful = new_user(sandbox, allow("*"))
    session = new_session(sandbox)
    refused = advance(sandbox, HOUR + 1, powerful.key)
    assert refused.returncode == 1
    assert "administrators alone" in refused.stderr
    assert send(sandbox, "POST", "/sandbox/advance", body=b"9999", signer=None).status == 403
    assert "assumed-role" in client(sandbox, "sts", session).get_caller_identity()["Arn"]


def test_a_presigned_url_ends_by_the_clock_that_it_was_signed_under(sandbox):
    admin, bucket = administrator(sandbox), unique("bucket")
    s3 = boto3.client(
        "s3",
        endpoint_url=sandbox.endpoint_url,
        region_name=sandbox.region,
        aws_access_key_id=admin.access_key_id,
        aws_secret_access_key=admin.secret_access_key,
        config=Config(signature_version="s3v4"),
    )
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="notes.txt", Body=b"hello")
    pass_time(sandbox, HOUR)
    moved_in = int(time())
    while int(time()) == moved_in:  # a signature tells its second
        sleep(0.01)
    wanted = {"Bucket": bucket, "Key": "notes.txt"}
    path = s3.generate_presigned_url("get_object", wanted, ExpiresIn=60).removeprefix(sandbox.endpoint_url)
    assert send(sandbox, "GET", path).body == b"hello"
    pass_time(sandbox, 61)
    expired = send(sandbox, "GET", path)
    assert (expired.status, b"<Message>Request has expired</Message>" in expired.body) == (403, True)


def test_the_clock_stops_a_century_ahead():
    clock = Clock()
    for _ in range(2):
        clock.advance(50 * 365 * 24 * HOUR - 1)
    with pytest.raises(ValueError, match="a century ahead"):
        clock.advance(24 * HOUR)
    assert clock.now().year < 2200


@pytest.mark.exhaustive(but_first=1)
@pytest.mark.parametrize("seconds", ["-1", "soon", "nan", "inf", ""])
def test_a_time_that_is_none_is_said(sandbox, seconds):
    told = advance(sandbox, seconds)
    assert told.returncode == 2
    assert "number of seconds" in told.stderr
    assert send(sandbox, "POST", "/sandbox/advance", body=seconds.encode(), signer=administrator(sandbox)).status == 400


@pytest.mark.exhaustive
def test_a_notebook_moves_the_clock_of_its_account():
    account = open_account("private")
    steps.begin(account, 5)
    session = steps.wait_until_assumable(account)
    account.advance_clock(HOUR + 1)
    told = refusal(lambda: sts.who_am_i(account.client("sts", session)))
    assert told == Refusal(403, "ExpiredToken", EXPIRED)
    with pytest.raises(ValueError, match="forward"):
        account.advance_clock(-1)
    clean_up.clean_up(account)


# --- late effect


def test_a_new_user_is_shown_at_once_and_its_key_works_late(late):
    user = new_user(late)
    assert iam(late).get_user(UserName=user.name)["User"]["Arn"] == user.arn
    identity = client(late, "sts", user.key).get_caller_identity
    assert refusal(identity) == NOT_YET
    pass_time(late, DELAY + 1)
    assert identity()["Arn"] == user.arn


def test_trust_and_policies_have_effect_late(late):
    user = new_user(late)
    role = new_role(late, trust({"AWS": user.arn}))
    pass_time(late, DELAY + 1)
    name = role.rpartition("/")[2]
    session = assume(late, user.key, role)
    users = client(late, "iam", session).list_users
    iam(late).put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document(allow("iam:ListUsers")))
    assert iam(late).list_role_policies(RoleName=name)["PolicyNames"] == ["p"]
    assert refusal(users).code == "AccessDenied"
    pass_time(late, DELAY + 1)
    assert users()
    iam(late).delete_role_policy(RoleName=name, PolicyName="p")
    assert users()
    pass_time(late, DELAY + 1)
    assert refusal(users).code == "AccessDenied"


def test_a_role_that_was_just_made_is_refused(late):
    user = new_user(late)
    pass_time(late, DELAY + 1)
    role = new_role(late, trust({"AWS": user.arn}))
    assert refusal_to_assume(late, user.key, role).code == "AccessDenied"
    pass_time(late, DELAY + 1)
    assert assume(late, user.key, role)


def test_a_role_whose_deletion_has_no_effect_yet_is_assumed_once_more(late):
    user = new_user(late)
    role = new_role(late, trust({"AWS": user.arn}))
    pass_time(late, DELAY + 1)
    iam(late).delete_role(RoleName=role.rpartition("/")[2])
    assert assume(late, user.key, role)
    pass_time(late, DELAY + 1)
    assert refusal_to_assume(late, user.key, role).code == "AccessDenied"


def test_a_new_version_of_a_managed_policy_has_effect_late(late):
    user = new_user(late)
    arn = iam(late).create_policy(PolicyName=user.name, PolicyDocument=document(allow("iam:ListUsers")))["Policy"][
        "Arn"
    ]
    iam(late).attach_user_policy(UserName=user.name, PolicyArn=arn)
    pass_time(late, DELAY + 1)
    users = client(late, "iam", user.key).list_users
    assert users()
    narrowed = document(allow("iam:ListRoles"))
    iam(late).create_policy_version(PolicyArn=arn, PolicyDocument=narrowed, SetAsDefault=True)
    assert users()
    pass_time(late, DELAY + 1)
    assert refusal(users).code == "AccessDenied"


def test_an_answer_is_dated_in_the_sandboxs_time(sandbox):
    """What a client takes for the time is AWS's: a session that is good for an hour says so, whatever the machine."""
    before = answered_at(client(sandbox, "sts", administrator(sandbox)).get_caller_identity())
    pass_time(sandbox, 7200)
    after = answered_at(client(sandbox, "sts", administrator(sandbox)).get_caller_identity())
    assert 7200 <= (after - before).total_seconds() < 7300
