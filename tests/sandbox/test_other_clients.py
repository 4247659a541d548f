"""The path of the tutorial with clients that the tutorial does not use: AWS's SDK for JavaScript, the AWS CLI alone."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.sandbox_clients import (
    HERE,
    administrator,
    allow,
    clean_environment,
    document,
    iam,
    refusal,
    trust,
    unique,
)

pytestmark = pytest.mark.exhaustive

JAVASCRIPT = Path(__file__).with_name("javascript")
AWS = str(Path(sys.executable).with_name("aws"))


@pytest.fixture(scope="module")
def javascript(tmp_path_factory):
    """A folder with AWS's SDK for JavaScript, as it is locked."""
    if shutil.which("npm") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("JavaScript's SDK: there is no npm on the PATH. In CI it always runs.", pytrace=False)
        pytest.skip("JavaScript's SDK: not run, no npm on the PATH")
    folder = tmp_path_factory.mktemp("javascript") / "walk"
    shutil.copytree(JAVASCRIPT, folder)
    subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, check=True)
    return folder


def test_the_sdk_for_javascript_walks_the_path(sandbox, javascript, tmp_path):
    admin, user, role = administrator(sandbox), unique("user"), unique("role")
    asked = {
        "endpoint": sandbox.endpoint_url,
        "region": sandbox.region,
        "administrator": {"accessKeyId": admin.access_key_id, "secretAccessKey": admin.secret_access_key},
        "user": user,
        "role": role,
        "bucket": unique("bucket"),
    }
    environment = clean_environment(
        AWS_CONFIG_FILE=str(tmp_path / "config"),
        AWS_SHARED_CREDENTIALS_FILE=str(tmp_path / "credentials"),
        AWS_EC2_METADATA_DISABLED="true",
    )
    walked = subprocess.run(
        ["node", "walk.mjs"],
        cwd=javascript,
        env=environment,
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=False,
    )
    assert walked.returncode == 0, walked.stderr
    told = dict(map(json.loads, walked.stdout.splitlines()))
    by_provider = {
        "without a policy": "AccessDenied",
        "put": "done",
        "get": "hello",
        "list all buckets": "AccessDenied",
        "delete": "done",
    }
    assert told == {
        "who": f"arn:aws:iam::{HERE}:user/{user}",
        "assume, untrusted": "AccessDenied",
        "the document on the wire": True,
        "assume": f"arn:aws:sts::{HERE}:assumed-role/{role}/walk",
        **{
            f"{provider}, {step}": result
            for provider in ("fromTemporaryCredentials", "fromIni")
            for step, result in by_provider.items()
        },
        "gone": "NoSuchEntityException",
    }


def test_the_aws_cli_walks_the_path(sandbox, tmp_path):
    admin, user, role, bucket = administrator(sandbox), unique("user"), unique("role"), unique("bucket")
    role_arn, notes = f"arn:aws:iam::{HERE}:role/{role}", tmp_path / "notes.txt"
    notes.write_text("hello", encoding="utf-8")
    environment = clean_environment(
        AWS_CONFIG_FILE=str(tmp_path / "config"),
        AWS_SHARED_CREDENTIALS_FILE=str(tmp_path / "credentials"),
        AWS_EC2_METADATA_DISABLED="true",
        AWS_ENDPOINT_URL=sandbox.endpoint_url,
        AWS_DEFAULT_REGION=sandbox.region,
    )

    def aws(*words, refused=""):
        done = subprocess.run([AWS, *words], env=environment, capture_output=True, text=True, check=False)
        assert (done.returncode == 0) == (not refused), done.stderr
        assert refused in done.stderr
        return json.loads(done.stdout) if done.stdout.startswith("{") else done.stdout

    def configure(profile, **settings):
        for name, value in settings.items():
            aws("configure", "set", name, value, "--profile", profile)

    owner = ("--profile", "owner")
    configure("owner", aws_access_key_id=admin.access_key_id, aws_secret_access_key=admin.secret_access_key)
    by_name = ("--role-name", role)
    ec2 = document(trust({"Service": "ec2.amazonaws.com"}))
    assert aws("iam", "create-role", *by_name, "--assume-role-policy-document", ec2, *owner)["Role"]["Arn"] == role_arn
    user_arn = aws("iam", "create-user", "--user-name", user, *owner)["User"]["Arn"]
    key = aws("iam", "create-access-key", "--user-name", user, *owner)["AccessKey"]
    configure("walker", aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"])
    configure("reader", role_arn=role_arn, source_profile="walker")
    aws("s3", "mb", f"s3://{bucket}", *owner)
    assert aws("sts", "get-caller-identity", "--profile", "walker")["Arn"] == user_arn
    aws("sts", "get-caller-identity", "--profile", "reader", refused="AccessDenied")

    aws("iam", "update-assume-role-policy", *by_name, "--policy-document", document(trust({"AWS": user_arn})), *owner)
    assert f"assumed-role/{role}/" in aws("sts", "get-caller-identity", "--profile", "reader")["Arn"]
    aws("s3", "cp", str(notes), f"s3://{bucket}/", "--profile", "reader", refused="AccessDenied")

    objects = document(allow(["s3:PutObject", "s3:GetObject"], f"arn:aws:s3:::{bucket}/*"))
    aws("iam", "put-role-policy", *by_name, "--policy-name", "objects", "--policy-document", objects, *owner)
    aws("s3", "cp", str(notes), f"s3://{bucket}/", "--profile", "reader")
    assert aws("s3", "cp", f"s3://{bucket}/notes.txt", "-", "--profile", "reader") == "hello"
    aws("s3", "ls", f"s3://{bucket}", "--profile", "reader", refused="AccessDenied")

    aws("s3", "rb", f"s3://{bucket}", "--force", *owner)
    aws("iam", "delete-role-policy", *by_name, "--policy-name", "objects", *owner)
    aws("iam", "delete-role", *by_name, *owner)
    aws("iam", "delete-access-key", "--user-name", user, "--access-key-id", key["AccessKeyId"], *owner)
    aws("iam", "delete-user", "--user-name", user, *owner)
    assert refusal(iam(sandbox).get_role, RoleName=role).code == "NoSuchEntity"
