"""A stranger's test suite, with the fixture and nothing else of this project: in any order, and in parallel."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from support.sandbox_clients import clean_environment

SUITE = """
import os, subprocess, urllib.request
import boto3, pytest
from botocore.exceptions import ClientError
from helpers import policies

READING = policies.allow("s3:GetObject", "arn:aws:s3:::reports/*")

@pytest.mark.parametrize("number", range(4))
def test_the_reader_may_read_one_bucket_and_nothing_else(iam_sandbox, number):
    for bucket in ("reports", "payroll"):
        iam_sandbox.client("s3").create_bucket(Bucket=bucket)
        iam_sandbox.client("s3").put_object(Bucket=bucket, Key="may.csv", Body=b"1")
    s3 = iam_sandbox.client("s3", iam_sandbox.session_with(READING))
    assert s3.get_object(Bucket="reports", Key="may.csv")["Body"].read() == b"1"
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.get_object(Bucket="payroll", Key="may.csv")
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.put_object(Bucket="reports", Key="may.csv", Body=b"2")

@pytest.mark.parametrize("number", range(3))
def test_each_test_begins_with_nothing(iam_sandbox, number):
    iam = boto3.client("iam")
    assert [user["UserName"] for user in iam.list_users()["Users"]] == ["administrator"]
    assert iam.list_roles()["Roles"] == []
    iam.create_user(UserName="ana")

def test_code_acts_as_it_is_told(iam_sandbox):
    with iam_sandbox.acting_as(iam_sandbox.session_with(READING)):
        assert ":assumed-role/" in boto3.client("sts").get_caller_identity()["Arn"]
        told = subprocess.run(["aws", "s3api", "list-buckets"], capture_output=True, text=True)
        assert "AccessDenied" in told.stderr
    assert boto3.client("sts").get_caller_identity()["Arn"].endswith(":user/administrator")

def test_a_session_ends(iam_sandbox):
    session = iam_sandbox.session_with(READING)
    iam_sandbox.advance_clock(3601)
    with pytest.raises(ClientError, match="ExpiredToken"):
        iam_sandbox.client("sts", session).get_caller_identity()

def test_a_presigned_url_can_be_opened(iam_sandbox):
    s3 = iam_sandbox.client("s3")
    s3.create_bucket(Bucket="reports")
    s3.put_object(Bucket="reports", Key="may.csv", Body=b"1")
    url = s3.generate_presigned_url("get_object", {"Bucket": "reports", "Key": "may.csv"})
    assert urllib.request.urlopen(url).read() == b"1"

def test_it_says_why(iam_sandbox):
    s3 = iam_sandbox.client("s3", iam_sandbox.session_with(READING))
    iam_sandbox.other.client("s3").create_bucket(Bucket="theirs")
    with pytest.raises(ClientError) as refused:
        s3.list_objects_v2(Bucket="theirs")
    assert "s3:ListBucket" in iam_sandbox.explain(refused.value).question
"""


ENVIRONMENT = """
import os, socket, threading
import boto3
from helpers.testing import iam_sandbox
del os.environ["AWS_PROFILE"]
boto3.setup_default_session(region_name="eu-west-3")
os.environ |= {"AWS_PROFILE": "mine", "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9", "no_proxy": "example.org"}
before, mine = dict(os.environ), boto3.DEFAULT_SESSION
with iam_sandbox() as sandbox:
    port = int(os.environ["AWS_ENDPOINT_URL"].rpartition(":")[2])
    folder = sandbox.account.folder
    boto3.client("sts").get_caller_identity()
    os.environ["ADDED_BY_THE_TEST"] = "stays"
    try:
        with iam_sandbox():
            pass
    except RuntimeError as error:
        print(error)
del os.environ["ADDED_BY_THE_TEST"]
for thread in threading.enumerate()[1:]:
    thread.join(10)
print(dict(os.environ) == before, boto3.DEFAULT_SESSION is mine, folder.exists(), threading.active_count())
print(socket.socket().connect_ex(("127.0.0.1", port)) != 0)
"""


@pytest.mark.parametrize("options", [("-p", "no:xdist"), ("-n2",)], ids=["alone", "in parallel"])
def test_a_strangers_suite(tmp_path: Path, options: Sequence[str]) -> None:
    suite = tmp_path / "suite"
    suite.mkdir()
    (suite / "test_strangers.py").write_text(SUITE)
    done = run_in(suite, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options)
    assert "11 passed" in done.stdout, done.stdout
    assert [path.name for path in suite.iterdir() if path.name != "__pycache__"] == ["test_strangers.py"]


def test_the_caller_has_everything_back(tmp_path: Path) -> None:
    done = run_in(tmp_path, "-c", ENVIRONMENT)
    said = "A sandbox is open in this process already: end that one first, or use another process."
    assert (done.stdout.splitlines(), done.stderr) == ([said, "True True False 1", "True"], "")


def run_in(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs Python as somebody whose own AWS configuration leads nowhere."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = clean_environment(HOME=str(folder), AWS_PROFILE="not-there", PATH=path)
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
