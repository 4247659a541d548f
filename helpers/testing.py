"""A sandbox for tests of your own: a new, empty account for each, which boto3 and the AWS CLI find by themselves.

    with iam_sandbox() as sandbox:
        s3 = sandbox.client("s3", sandbox.session_with(policies.allow("s3:GetObject", "arn:aws:s3:::reports/*")))

In pytest, `iam_sandbox` is a fixture, as soon as this project is installed.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_testing-policies.html
"""

import os
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3

from helpers import iam, policies, sts
from helpers.account import Account, sandbox_account
from helpers.clients.credentials import Credentials
from helpers.diagnosis.explanation import Explanation
from helpers.explain import explain

_in_use = threading.Lock()


class IamSandbox:
    """Two accounts of a pretend AWS, empty but for an administrator in each, which is gone at the end of the test.

    Attributes:
        account: the first account; its administrator is who boto3 and the AWS CLI act as, if nobody else is named.
        other: the second one, for what goes across accounts.
    """

    def __init__(self, account: Account) -> None:
        self.account = account
        self.other = account.others[0]

    def client(self, service: str, credentials: Credentials | None = None) -> Any:
        """Return a boto3 client in the first account.

        Args:
            service: its name in boto3, such as "s3".
            credentials: who signs the calls; the administrator when left out.
        """
        return self.account.client(service, credentials)

    def session_with(self, *statements: policies.Statement) -> sts.RoleSession:
        """Make a role that may do what these statements say and nothing else, and return a session of it.

        Args:
            statements: of its permissions policy, such as `policies.allow("s3:GetObject", "arn:aws:s3:::reports/*")`.
        """
        client, me = self.client("iam"), sts.who_am_i(self.client("sts")).arn
        name = f"role-{len(client.list_roles()['Roles'])}"
        role = iam.create_role(client, name=name, trust_policy=policies.policy(policies.trust_principal(me)))
        iam.put_role_policy(client, role_name=name, policy_name="permissions", document=policies.policy(*statements))
        return sts.assume_role(self.client("sts"), role_arn=role.arn, session_name="test")

    @contextmanager
    def acting_as(self, credentials: Credentials) -> Iterator[None]:
        """Let the code under test find other credentials in the environment, for as long as the block lasts.

        Args:
            credentials: a user's key, or a session.
        """
        with _environment(self.account, credentials):
            yield

    def advance_clock(self, seconds: float) -> None:
        """Move the time forward, so that a session ends.

        Args:
            seconds: how far; the clock never goes back.
        """
        self.account.advance_clock(seconds)

    def explain(self, *args: Any, **kwargs: Any) -> Explanation:
        """Say why a call was refused; see `helpers.explain.explain`."""
        return explain(self.account, *args, **kwargs)


@contextmanager
def iam_sandbox() -> Iterator[IamSandbox]:
    """Open a new, empty sandbox; the environment leads boto3 and the AWS CLI to it while the block lasts.

    Afterwards, the environment is what it was, its port is closed, and its files are gone.

    Raises:
        RuntimeError: there is one in this process already: they would empty each other.
    """
    from helpers.sandbox.in_process import new_sandbox  # start-up time: 0.6 s, moto's

    if not _in_use.acquire(blocking=False):
        raise RuntimeError("A sandbox is open in this process already: end that one first, or use another process.")
    try:
        sandbox = new_sandbox()
        with tempfile.TemporaryDirectory(prefix="iam-sandbox-") as folder:
            account = sandbox_account(sandbox, Path(folder))
            try:
                with _environment(account, account.administrator):
                    yield IamSandbox(account)
            finally:
                sandbox.close()
    finally:
        _in_use.release()


@contextmanager
def _environment(account: Account, credentials: Credentials) -> Iterator[None]:
    """Have boto3 and the AWS CLI find these credentials, the sandbox, and nothing of the caller's own."""
    saved, boto3s_own = _taken_out(), boto3.DEFAULT_SESSION
    boto3.DEFAULT_SESSION = None
    os.environ.update(_variables(account, credentials, saved))
    try:
        yield
    finally:
        _taken_out()
        os.environ.update(saved)
        boto3.DEFAULT_SESSION = boto3s_own


def _taken_out() -> dict[str, str]:
    """Take the variables out of the environment that say who calls, and how AWS is reached."""
    names = [name for name in os.environ if name.upper().startswith("AWS_") or name.upper() == "NO_PROXY"]
    return {name: os.environ.pop(name) for name in names}


def _variables(account: Account, credentials: Credentials, saved: Mapping[str, str]) -> dict[str, str]:
    token = {"AWS_SESSION_TOKEN": credentials.session_token} if credentials.session_token else {}
    no_proxy = ",".join(filter(None, (saved.get("NO_PROXY") or saved.get("no_proxy"), "127.0.0.1")))
    return {
        "AWS_ACCESS_KEY_ID": credentials.access_key_id,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_access_key,
        **token,
        "AWS_REGION": account.region,
        "AWS_DEFAULT_REGION": account.region,
        "AWS_ENDPOINT_URL": str(account.endpoint_url),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": no_proxy,
        "no_proxy": no_proxy,
    }
