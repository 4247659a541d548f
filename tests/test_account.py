"""Opening an account: which target, whose configuration, and what is left behind."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from helpers import sts
from helpers.account import open_account
from helpers.iam import AccessKey
from helpers.sandbox.outside.session import SandboxStopped
from support.sandbox_clients import gone_account

# Opens the private account, makes a user with a key and a file, and prints what identifies them.
USE_AN_ACCOUNT = """
from helpers import iam, profiles, sts
from helpers.account import open_account
account = open_account()
client = account.client("iam")
iam.create_user(client, name="ana")
key = iam.create_access_key(client, user_name="ana")
profiles.save_access_key(account, key)
print(account.practice, sts.who_am_i(account.client("sts")).arn)
print(client.get_user(UserName="ana")["User"]["UserId"], key.access_key_id, key.secret_access_key)
"""

# A learner's own settings, as wrong as they can be.
LEARNERS_VARIABLES = {
    "AWS_PROFILE": "not-there",
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "AWS_SESSION_TOKEN": "expired",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "AWS_ENDPOINT_URL_IAM": "http://127.0.0.1:9",
    "AWS_REGION": "nowhere",
    "AWS_DEFAULT_REGION": "nowhere",
    "AWS_CA_BUNDLE": "/not/there",
    "AWS_MAX_ATTEMPTS": "many",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "http_proxy": "http://127.0.0.1:9",
}


def start_using_an_account(home: Path, **variables: str) -> subprocess.Popen[str]:
    temporary = home / "temporary"
    temporary.mkdir(parents=True)
    (home / ".aws").mkdir()
    (home / ".aws" / "config").write_text("[broken\n")
    (home / ".aws" / "credentials").write_text("region = without a section\n")
    environment = os.environ | {
        "HOME": str(home),
        "USERPROFILE": str(home),
        "TMPDIR": str(temporary),
        "IAM_TUTORIAL_TARGET": "private",
    }
    return subprocess.Popen(
        [sys.executable, "-c", USE_AN_ACCOUNT],
        env=environment | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def files_under(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.exhaustive
def test_private_accounts_are_alike_and_leave_nothing_behind(tmp_path: Path) -> None:
    homes = tmp_path / "one", tmp_path / "other"
    running = [start_using_an_account(homes[0]), start_using_an_account(homes[1], **LEARNERS_VARIABLES)]
    printed = [process.communicate(timeout=60) for process in running]
    assert [error for _, error in printed] == ["", ""]
    assert printed[0] == printed[1]
    assert printed[0][0].startswith("True arn:aws:iam::111122223333:user/administrator\nAIDA")
    for home in homes:
        assert files_under(home) == {
            ".aws/config": b"[broken\n",
            ".aws/credentials": b"region = without a section\n",
        }
        assert not list((home / "temporary").iterdir())


def test_an_unknown_target_is_told_the_known_ones() -> None:
    with pytest.raises(ValueError, match='There is no target "moon": choose "sandbox", "private" or "aws"'):
        open_account("moon")


def test_the_variable_chooses_the_target(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IAM_TUTORIAL_TARGET", "private")
    assert open_account().endpoint_url == open_account("private").endpoint_url
    monkeypatch.setenv("IAM_TUTORIAL_TARGET", "moon")
    with pytest.raises(ValueError, match=r'no target "moon".*IAM_TUTORIAL_TARGET'):
        open_account()
    assert open_account("private").practice


def test_a_process_has_one_private_account() -> None:
    one, other = open_account("private"), open_account("private")
    assert (one.account_id, one.region, one.endpoint_url) == ("111122223333", "us-east-1", other.endpoint_url)
    assert one.folder == other.folder
    assert one.folder.is_dir()


def test_a_client_signs_as_the_administrator_or_as_told() -> None:
    account = open_account("private")
    assert sts.who_am_i(account.client("sts")).arn.endswith(":user/administrator")
    stranger = AccessKey("ana", "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    client = account.client("sts", stranger)
    with pytest.raises(client.exceptions.ClientError, match="The security token included in the request is invalid"):
        sts.who_am_i(client)


def test_a_sandbox_that_is_gone_is_said_in_a_sentence() -> None:
    with pytest.raises(SandboxStopped, match=r"The sandbox has stopped.*Run this notebook again") as stopped:
        gone_account().client("iam").list_users()
    assert "127.0.0.1" not in str(stopped.value)


def test_an_account_shows_no_secret_and_no_port() -> None:
    account = open_account("private")
    credentials = account.client("iam")._request_signer._credentials
    what = "description='Sandbox: a pretend AWS on this machine', account_id='111122223333', region='us-east-1'"
    for shown in (repr(account), str(account), f"{account}"):
        assert shown == f"Account({what})"
        assert credentials.access_key not in shown
        assert credentials.secret_key not in shown
