"""The sandbox inside a process: reached by function calls, as it is over the network."""

import os
import subprocess
import sys
from io import BytesIO

import pytest
from botocore.exceptions import ClientError

from helpers import cli
from helpers.account import Account
from support.sandbox_clients import Key, unique

# Opens the private account and calls it, where nothing can listen, connect or run beside the program.
WITHOUT_A_PORT = """
import socket, threading
def no_socket(*_, **__):
    raise AssertionError("a socket was opened")
socket.socket.bind = socket.socket.connect = no_socket
from helpers.account import open_account
account = open_account("private")
account.client("iam").create_user(UserName="ana")
account.others[0].client("s3").create_bucket(Bucket="reports")
account.advance_clock(3600)
print([thread.name for thread in threading.enumerate()], account.client("sts").get_caller_identity()["Account"])
"""


def test_there_is_no_port_and_no_thread() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_A_PORT], env=os.environ, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("['MainThread'] 111122223333\n", "")


def test_a_program_of_its_own_reaches_the_same_sandbox(account: Account) -> None:
    account.client("iam").create_user(UserName="ana")
    assert '"ana"' in repr(cli.run(account, "aws iam list-users --query Users[].UserName"))


def test_signatures_are_checked(account: Account) -> None:
    made = account.client("iam").create_access_key(UserName="administrator")["AccessKey"]
    wrong = Key(made["AccessKeyId"], "x" * 40)
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        account.client("sts", wrong).get_caller_identity()


@pytest.mark.parametrize("body", [b"", b"text", BytesIO(b"from a file"), b"x" * 1_000_000])
@pytest.mark.parametrize("key", ["plain", "a b/ä+%2F?#&=", "//two", "trailing/"])
def test_what_is_put_comes_back(account: Account, body: bytes | BytesIO, key: str) -> None:
    s3, bucket = account.client("s3"), unique("bucket")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key=key, Body=body, Metadata={"with_underscore": "1", "plain": "2"})
    got = s3.get_object(Bucket=bucket, Key=key)
    assert got["Body"].read() == (body if isinstance(body, bytes) else body.getvalue())
    assert got["Metadata"] == {"with_underscore": "1", "plain": "2"}
    assert s3.head_object(Bucket=bucket, Key=key)["ContentLength"] == got["ContentLength"]
    assert [one["Key"] for one in s3.list_objects_v2(Bucket=bucket)["Contents"]] == [key]
    if isinstance(body, BytesIO):
        body.seek(0)


def test_a_refusal_without_a_body_is_one(account: Account) -> None:
    with pytest.raises(ClientError, match="404"):
        account.client("s3").head_object(Bucket="none-of-this-name", Key="a")
