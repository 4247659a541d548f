"""`python -m helpers.explain`: a refusal explained without Jupyter, in one's own account."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from helpers.sandbox.outside.connection import Connection
from support.sandbox_clients import (
    CHECKOUT,
    HERE,
    Signer,
    administrator,
    allow,
    clean_environment,
    iam,
    new_role,
    new_user,
    trust,
    unique,
)

SECRET = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY99"


def run(
    sandbox: Connection, home: Path, signer: Signer, *arguments: str, given: str = ""
) -> subprocess.CompletedProcess[str]:
    """Runs it as somebody does whose own account is the sandbox, signed by a profile that is named `work`."""
    config = home / "config"
    config.write_text(
        f"[profile work]\naws_access_key_id = {signer.access_key_id}\n"
        f"aws_secret_access_key = {signer.secret_access_key}\n"
    )
    environment = clean_environment(
        AWS_CONFIG_FILE=str(config),
        AWS_SHARED_CREDENTIALS_FILE="/dev/null",
        AWS_ENDPOINT_URL=sandbox.endpoint_url,
        AWS_EC2_METADATA_DISABLED="true",
    )
    command = [sys.executable, "-m", "helpers.explain", "--profile", "work", "--region", "us-east-1", *arguments]
    return subprocess.run(
        command, input=given, capture_output=True, text=True, env=environment, cwd=CHECKOUT, check=False
    )


@pytest.fixture
def refusal(sandbox: Connection) -> str:
    """The text of a refusal: a user asks for a role that trusts another."""
    user_arn = new_user(sandbox).arn
    role_arn = new_role(sandbox, trust({"Service": "ec2.amazonaws.com"}))
    return (
        "An error occurred (AccessDenied) when calling the AssumeRole operation: User: "
        f"{user_arn} is not authorized to perform: sts:AssumeRole on resource: {role_arn}"
    )


@pytest.mark.exhaustive(but_first=1)
@pytest.mark.parametrize("way", ["as an argument", "as words", "on standard input"])
def test_a_text_is_explained(sandbox: Connection, tmp_path: Path, refusal: str, way: str) -> None:
    arguments = {"as an argument": [refusal], "as words": refusal.split(), "on standard input": []}[way]
    given = "" if arguments else refusal
    done = run(sandbox, tmp_path, administrator(sandbox), *arguments, given=given)
    assert (done.returncode, done.stderr) == (0, "")
    assert "The role's trust policy does not let user" in done.stdout
    assert "With the CLI: aws iam update-assume-role-policy" in done.stdout


@pytest.mark.exhaustive
def test_json_for_programs(sandbox: Connection, tmp_path: Path) -> None:
    user, role_arn = new_user(sandbox), new_role(sandbox, trust({"AWS": HERE}))
    question = ["--principal", user.arn, "--action", "sts:AssumeRole", "--resource", role_arn]
    done = run(sandbox, tmp_path, administrator(sandbox), "--json", *question)
    told = json.loads(done.stdout)
    assert (done.returncode, told["verdict"], told["decided_by"]) == (0, "implicitDeny", "identity")
    assert told["next_step"]["cli"].startswith("aws iam put-user-policy")


@pytest.mark.exhaustive(but_first=1)
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["all is well"], "tells of no refusal"),
        (["--principal", f"arn:aws:iam::{HERE}:user/nobody-{unique('x')}"], "no user"),
        (["--profile", "play", "refused"], "play"),
    ],
)
def test_what_cannot_be_explained_is_told_in_one_sentence(
    sandbox: Connection, tmp_path: Path, arguments: Sequence[str], told: str
) -> None:
    done = run(sandbox, tmp_path, administrator(sandbox), *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_who_may_not_read_is_told_what_to_ask_for(sandbox: Connection, tmp_path: Path, refusal: str) -> None:
    reader = new_user(sandbox, allow("sts:*"))
    done = run(sandbox, tmp_path, reader.key, refusal)
    assert done.returncode == 0
    assert "iam:GetRole" in done.stdout


@pytest.mark.exhaustive
def test_a_secret_in_the_text_is_masked(sandbox: Connection, tmp_path: Path, refusal: str) -> None:
    text = f"aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = {SECRET}\nValidationError: {refusal}"
    for shown in (
        run(sandbox, tmp_path, administrator(sandbox), text),
        run(sandbox, tmp_path, administrator(sandbox), text[:99]),
    ):
        assert SECRET not in shown.stdout + shown.stderr
        assert "AKIAIOSFODNN7EXAMPLE" not in shown.stdout + shown.stderr


@pytest.mark.exhaustive
def test_it_only_reads(sandbox: Connection, tmp_path: Path, refusal: str) -> None:
    """With reading permissions alone, nothing that it wants is refused."""
    reading = ["iam:Get*", "iam:List*", "sts:GetCallerIdentity", "sts:DecodeAuthorizationMessage"]
    reader = new_user(sandbox, allow(reading))
    before = iam(sandbox).get_account_authorization_details()
    done = run(sandbox, tmp_path, reader.key, refusal)
    after = iam(sandbox).get_account_authorization_details()
    assert "could not be read" not in done.stdout
    assert "The role's trust policy does not let user" in done.stdout
    assert [role["AssumeRolePolicyDocument"] for role in before["RoleDetailList"]] == [
        role["AssumeRolePolicyDocument"] for role in after["RoleDetailList"]
    ]
