"""A learner opens an account of their own in the form, works in it, and cleans up: in JupyterLab, as they see it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from playwright.sync_api import Browser, expect

from helpers.sandbox.outside.connection import ACCOUNT_IDS
from support.lab import NO_BROWSER, OUTPUTS, Lab, browser_program, lab_in
from support.sandbox_clients import CHECKOUT, clean_environment, running_sandbox

if not browser_program() and os.environ.get("CI") != "true":
    pytest.skip(NO_BROWSER, allow_module_level=True)

OWN_CONFIG = """# mine, with care

[default]
region   =  us-east-1
\t; and this one's for work
[profile work]
region=us-east-1
"""
# What notebooks 02 to 04 do; tests/notebooks runs those.
DO_THE_STEPS = """
from helpers.lessons import steps
from helpers.account import open_account
account = open_account()
for step in steps.STEPS[:4]:
    step.build(account)
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """That of a learner with a checkout of their own, whose account is a sandbox which knows nothing of it.

    Before they choose that account, notebook 00 has started their checkout's sandbox: it ends with them.
    """
    home, checkout = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("checkout")
    shutil.copytree(CHECKOUT / "helpers", checkout / "helpers", ignore=shutil.ignore_patterns("__pycache__"))
    with running_sandbox() as stranger:
        owner = stranger.accounts[0]
        environment = {
            "HOME": str(home),
            "AWS_ENDPOINT_URL": stranger.endpoint_url,
            "AWS_ACCESS_KEY_ID": owner.access_key_id,
            "AWS_SECRET_ACCESS_KEY": owner.secret_access_key,
            "IAM_TUTORIAL_CI": "yes",
            "PYTHONPATH": str(checkout),
        }
        yield environment
        stop = [sys.executable, "-m", "helpers.sandbox", "stop"]
        subprocess.run(stop, cwd=checkout, env=clean_environment(**environment), check=True)


@pytest.fixture(scope="module")
def only_lab(browser: Browser, tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> Iterator[Lab]:
    with lab_in(tmp_path_factory.mktemp("jupyterlab"), browser, environment) as lab:
        yield lab


@pytest.mark.exhaustive
def test_an_own_account_is_shown_confirmed_used_and_left_as_it_was(lab: Lab, environment: dict[str, str]) -> None:
    config = Path(environment["HOME"], ".aws", "config")
    config.parent.mkdir()
    config.write_text(OWN_CONFIG)
    iam = boto3.client(
        "iam",
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        region_name="us-east-1",
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )
    before = iam.get_account_authorization_details(Filter=["User", "Role"])

    # Shown first, and saved only with its number.
    assert lab.open("00_start_here") == []
    (form,) = lab.forms
    form.get_by_label("Where").select_option("my AWS account")
    form.get_by_label("Your prefix").fill("anna")
    form.get_by_role("button").click()
    expect(form).to_contain_text("Not chosen yet")
    expect(form).to_contain_text(ACCOUNT_IDS[0])
    assert lab.violations() == []
    lab.keep_screenshot("own-account-shown")
    form.get_by_label("Account number").fill("999999999999")
    form.get_by_role("button").click()
    expect(form.get_by_role("alert")).to_contain_text("999999999999")
    form.get_by_label("Account number").fill(ACCOUNT_IDS[0])
    form.get_by_role("button").click()
    expect(form).to_contain_text("Saved")
    lab.keep_screenshot("own-account-confirmed")

    # The next notebook works in it.
    assert lab.open("01_create_role") == []
    expect(lab.page.locator(OUTPUTS).first).to_contain_text("Your own AWS, account")
    assert iam.get_role(RoleName="anna-tutorial-role")["Role"]["Tags"]
    lab.keep_screenshot("own-account-01")
    subprocess.run(
        [sys.executable, "-c", DO_THE_STEPS],
        cwd=environment["PYTHONPATH"],
        env=clean_environment(**environment, IAM_TUTORIAL_TARGET="aws"),
        check=True,
    )

    # Their own AWS files are changed when they say so, and come back to the letter.
    assert lab.open("05_configure_cli") == []
    assert config.read_text() == OWN_CONFIG
    (form,) = lab.forms
    form.get_by_label("Type yes to change your own AWS files").fill("yes")
    form.get_by_role("button").click()
    expect(form).to_contain_text("Profile iam-tutorial added")
    assert "[profile iam-tutorial]" in config.read_text()
    lab.keep_screenshot("own-account-05")

    assert lab.open("07_clean_up") == []
    lab.keep_screenshot("own-account-07")
    after = iam.get_account_authorization_details(Filter=["User", "Role"])
    assert [before[kind] for kind in ("UserDetailList", "RoleDetailList")] == [
        after[kind] for kind in ("UserDetailList", "RoleDetailList")
    ]
    assert config.read_text() == OWN_CONFIG
    assert [path.name for path in config.parent.iterdir()] == ["config"]
