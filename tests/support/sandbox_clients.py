"""Real sandboxes in processes of their own, and real clients in them, for the tests of the sandbox."""

import http.client
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit
from uuid import uuid4

import boto3
import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from helpers.account import Account, sandbox_account
from helpers.sandbox.outside.connection import Administrator, Connection

CHECKOUT = Path(__file__).resolve().parents[2]
HERE, THERE = "111122223333", "444455556666"
SECONDS_TO_END = 10
SECONDS_LATE = 1.5  # until a change has effect, in sandboxes that are late: longer than two polls take

_HOME = tempfile.TemporaryDirectory(prefix="nobodys-home-")  # the AWS CLI keeps roles' sessions in ~/.aws
Statement = Mapping[str, Any]


class Signer(Protocol):
    """Whoever signs calls: an administrator, or a key that a test made."""

    @property
    def access_key_id(self) -> str: ...
    @property
    def secret_access_key(self) -> str: ...


@dataclass(frozen=True)
class Key:
    """An access key, or a session's temporary key with its token."""

    access_key_id: str
    secret_access_key: str
    session_token: str | None = None


class NewUser(NamedTuple):
    """A user that a test made, and its access key."""

    name: str
    arn: str
    id: str
    key: Key


class Refusal(NamedTuple):
    """What AWS says no with."""

    status: int
    code: str
    message: str


class Answer(NamedTuple):
    """An answer as it came over the wire."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def clean_environment(**more: str) -> dict[str, str]:
    """This process's environment without what sends AWS clients elsewhere, the helpers found, and an empty home."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MOTO_"))}
    return kept | {"PYTHONPATH": str(CHECKOUT), "HOME": _HOME.name} | more


def start_sandbox(*options: str) -> subprocess.Popen[str]:
    """Starts `python -m helpers.sandbox`; its first line is still to be read."""
    return subprocess.Popen(
        [sys.executable, "-m", "helpers.sandbox", *options],
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def end(process: subprocess.Popen[str]) -> None:
    """Ends a process that the tests started, whatever state it is in."""
    process.kill()
    process.communicate()


@contextmanager
def running_sandbox(*options: str) -> Iterator[Connection]:
    """A sandbox of one's own, in a process of its own."""
    process = start_sandbox(*options)
    try:
        assert process.stdout is not None
        yield Connection.from_json(process.stdout.readline())
    finally:
        end(process)


@cache
def _session() -> boto3.Session:
    return boto3.Session()


@cache
def gone_account() -> Account:
    """An account in a sandbox that does not answer."""
    nobody = Administrator(HERE, "nobody", "none")
    return sandbox_account(Connection("http://127.0.0.1:1", "us-east-1", (nobody,), "gone"), Path("gone"))


def client(connection: Connection, service: str, signer: Signer) -> Any:
    """A boto3 client that sends what it is given, unchecked and once: the answer is the sandbox's own."""
    config = Config(retries={"total_max_attempts": 1}, parameter_validation=False, proxies={})
    return _session().client(
        service,
        endpoint_url=connection.endpoint_url,
        region_name=connection.region,
        aws_access_key_id=signer.access_key_id,
        aws_secret_access_key=signer.secret_access_key,
        aws_session_token=getattr(signer, "session_token", None),
        config=config,
    )


def administrator(connection: Connection, account_id: str = HERE) -> Administrator:
    """Who stands for the person in an account's console."""
    return next(account for account in connection.accounts if account.account_id == account_id)


def iam(connection: Connection, account_id: str = HERE) -> Any:
    """The administrator's IAM client."""
    return client(connection, "iam", administrator(connection, account_id))


def unique(prefix: str) -> str:
    """A name that no other test uses."""
    return f"{prefix}-{uuid4().hex[:12]}"


def document(*statements: Statement) -> str:
    """A policy document of these statements."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: str | Sequence[str], resource: str = "*", **more: Any) -> Statement:
    """A statement of an identity policy that allows."""
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: str | Sequence[str], resource: str = "*", **more: Any) -> Statement:
    """A statement of an identity policy that denies."""
    return {**allow(action, resource, **more), "Effect": "Deny"}


def trust(principal: Any, effect: str = "Allow", **more: Any) -> Statement:
    """A statement of a trust policy."""
    return {"Effect": effect, "Principal": principal, "Action": "sts:AssumeRole", **more}


TRUSTS_EC2 = trust({"Service": "ec2.amazonaws.com"})


def new_user(connection: Connection, *inline: Statement, name: str | None = None, account_id: str = HERE) -> NewUser:
    """Makes a user with an access key and, where statements are given, an inline policy."""
    name = name or unique("user")
    admin = iam(connection, account_id)
    user = admin.create_user(UserName=name)["User"]
    key = admin.create_access_key(UserName=name)["AccessKey"]
    if inline:
        admin.put_user_policy(UserName=name, PolicyName="inline", PolicyDocument=document(*inline))
    return NewUser(name, user["Arn"], user["UserId"], Key(key["AccessKeyId"], key["SecretAccessKey"]))


def new_role(connection: Connection, *trusts: Statement, account_id: str = HERE, **options: Any) -> str:
    """Makes a role with these statements in its trust policy; returns its ARN."""
    options = {"RoleName": unique("role"), "AssumeRolePolicyDocument": document(*trusts)} | options
    arn: str = iam(connection, account_id).create_role(**options)["Role"]["Arn"]
    return arn


def assume(connection: Connection, signer: Signer, role_arn: str, **options: Any) -> Key:
    """Assumes a role; returns the session's key."""
    options = {"RoleArn": role_arn, "RoleSessionName": "test"} | options
    return key_of(client(connection, "sts", signer).assume_role(**options))


def session_token(connection: Connection, signer: Signer, **options: Any) -> Key:
    """Gets a user's session, with MFA where a device's code is given; returns its key."""
    return key_of(client(connection, "sts", signer).get_session_token(**options))


def key_of(answer: Mapping[str, Any]) -> Key:
    """The temporary key in an answer of STS."""
    given = answer["Credentials"]
    return Key(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])


def refusal(call: Callable[..., object], **parameters: Any) -> Refusal:
    """Makes a call that must fail; returns how."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    answer = caught.value.response
    return Refusal(answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"], answer["Error"]["Message"])


def refusal_to_assume(connection: Connection, signer: Signer, role_arn: str, **options: Any) -> Refusal:
    """Tries to assume a role, which must fail; returns how."""
    return refusal(lambda: assume(connection, signer, role_arn, **options))


def send(
    connection: Connection,
    method: str,
    path: str,
    *,
    signer: Signer | None = None,
    service: str = "s3",
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
) -> Answer:
    """Sends a request whose path goes over the wire exactly as given, signed or not."""
    address = urlsplit(connection.endpoint_url)
    request = AWSRequest(method, f"{connection.endpoint_url}{path}", dict(headers or {}), data=body)
    if signer:
        auth = S3SigV4Auth if service == "s3" else SigV4Auth
        token = getattr(signer, "session_token", None)
        credentials = Credentials(signer.access_key_id, signer.secret_access_key, token)
        auth(credentials, service, connection.region).add_auth(request)
    wire = http.client.HTTPConnection(address.hostname or "", address.port, timeout=20)
    try:
        wire.request(method, path, body, headers=dict(request.headers.items()))
        answer = wire.getresponse()
        return Answer(answer.status, dict(answer.getheaders()), answer.read())
    finally:
        wire.close()
