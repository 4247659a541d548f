"""The AWS CLI in an account of the learner's own: it goes where boto3 goes, with the learner's own credentials."""

from pathlib import Path

import pytest

from helpers import cli, iam, profiles
from helpers.account import Account, open_account
from helpers.sandbox.outside.connection import Connection
from support.learner import Learner, open_own_account
from support.sandbox_clients import HERE, administrator, unique

WHO = "aws sts get-caller-identity --query Arn --output text"
ADMINISTRATOR = f"arn:aws:iam::{HERE}:user/administrator\n"
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def by_profile(learner: Learner, sandbox: Connection) -> Account:
    """Key and address are in a profile of the learner's own, and nowhere else."""
    open_own_account(learner, sandbox, prefix=unique("anna"))
    for name in ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        learner.patch.delenv(name)
    key = administrator(sandbox)
    lines = f"aws_access_key_id={key.access_key_id}\naws_secret_access_key={key.secret_access_key}\n"
    learner.write(".aws/credentials", f"[work]\n{lines}")
    learner.write(".aws/config", f"[profile work]\nendpoint_url = {sandbox.endpoint_url}\n")
    learner.export(IAM_TUTORIAL_PROFILE="work")
    return open_account()


@pytest.mark.exhaustive
def test_a_line_reaches_the_address_in_the_environment(learner: Learner, sandbox: Connection) -> None:
    account = open_own_account(learner, sandbox, prefix=unique("anna"))
    assert cli.run(account, WHO).output == ADMINISTRATOR


@pytest.mark.exhaustive
def test_a_line_reaches_the_address_in_the_learners_profile(by_profile: Account) -> None:
    assert by_profile.client("sts").get_caller_identity()["Arn"] == ADMINISTRATOR.strip()
    assert cli.run(by_profile, WHO).output == ADMINISTRATOR


@pytest.mark.exhaustive
def test_a_profile_of_the_tutorials_goes_there_too(by_profile: Account) -> None:
    client, name = by_profile.client("iam"), by_profile.named("user")
    iam.create_user(client, name=name)
    profiles.configure(by_profile, profile="tutorial-user", key=iam.create_access_key(client, user_name=name))
    arn = f"arn:aws:iam::{HERE}:user/{name}\n"
    assert cli.run(by_profile, f"{WHO} --profile tutorial-user").output == arn
    assert cli.run(by_profile, f"AWS_PROFILE=tutorial-user {WHO}").output == arn
    iam.delete_user(client, name=name)


@pytest.mark.exhaustive
def test_a_line_goes_through_the_learners_proxy(learner: Learner, sandbox: Connection) -> None:
    account = open_own_account(learner, sandbox, prefix=unique("anna"))
    learner.export(HTTP_PROXY=NOWHERE)
    learner.patch.delenv("NO_PROXY", raising=False)
    learner.patch.delenv("no_proxy", raising=False)
    assert "Failed to connect to proxy URL" in cli.run(account, WHO).error


@pytest.mark.exhaustive
def test_a_line_trusts_the_learners_certificates(learner: Learner, sandbox: Connection, tmp_path: Path) -> None:
    account = open_own_account(learner, sandbox, prefix=unique("anna"))
    https = sandbox.endpoint_url.replace("http", "https")
    learner.export(AWS_CA_BUNDLE=str(tmp_path / "none.pem"), AWS_ENDPOINT_URL_STS=https)
    told = cli.run(account, WHO).error
    assert "SSL validation failed" in told
    assert "No such file" in told
