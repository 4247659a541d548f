"""No secret in a traceback or a log: real kernels and processes in which something fails, at their most talkative."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.manager import start_new_kernel

SECONDS_TO_ANSWER = 60

# The piece that is looked for: masking leaves the last four characters, and a part would be a leak too.
PREPARE = """
import dataclasses, pathlib, signal
import boto3
from helpers import attempts, cli, iam, policies, profiles, sts
from helpers.account import open_account
from helpers.explain import explain
from helpers.inventory.ledger import Ledger
from helpers.own_account import home_profiles

account = open_account("private")
admin = account.client("iam")
user = iam.create_user(admin, name="ana")
key = iam.create_access_key(admin, user_name="ana")
role = iam.create_role(admin, name="reader", trust_policy=policies.policy(policies.trust_principal(user.arn)))
may_assume = policies.to_json(policies.policy(policies.allow("sts:AssumeRole", role.arn)))
admin.put_user_policy(UserName="ana", PolicyName="assume", PolicyDocument=may_assume)
session = sts.assume_role(account.client("sts", key), role_arn=role.arn, session_name="ana")
keys = (account.administrator, key, session)
"""
TELL = """
for each in keys:
    for text in (each.access_key_id, each.secret_access_key, getattr(each, "session_token", None)):
        if text:
            print(text)
"""

FAILURES = {
    "a user that is not there": 'iam.create_access_key(admin, user_name="nobody")',
    "a refusal": 'iam.list_access_key_ids(account.client("iam", session), user_name="ana")',
    "a refused role": 'sts.assume_role(account.client("sts", session), role_arn=role.arn, session_name="ana")',
    "an error that is no refusal": """
call = lambda: account.client("iam", key).get_user(UserName="ana")
attempts.attempt("read", call, expect="refused", codes=["Other"])
""",
    "a broken token": """
broken = dataclasses.replace(session, session_token=session.session_token[:-9])
sts.who_am_i(account.client("sts", broken))
""",
    "a wrong parameter": 'account.client("sts", session).assume_role(RoleArn=3, RoleSessionName=session.session_token)',
    "no such folder for the key": """
profiles.save_access_key(dataclasses.replace(account, folder=pathlib.Path("/dev/null")), key)
""",
    "aws configure": 'profiles.configure(account, profile="a\\0b", key=key)',
    "a folder that is a file": """
nowhere = dataclasses.replace(account, folder=pathlib.Path("/dev/null"))
profiles.edit_profile(nowhere, profile="a", settings={"aws_secret_access_key": key.secret_access_key})
""",
    "a program that does not start": 'cli.run(account, "aws sts \\0", credentials=session)',
    "a profile that cannot be added": """
settings = dict(profile="default", role_arn=role.arn, key=key, region="us-east-1")
home_profiles.add_profile(Ledger(account.folder / "ledger.jsonl"), **settings)
""",
    "a key for a name": "explain(account, principal=key.access_key_id, resource=role.arn)",
    "nothing that answers": """
names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
named = dict(zip(names, dataclasses.astuple(session)[1:4]))
boto3.client("sts", "us-east-1", endpoint_url="http://127.0.0.1:9", **named).get_caller_identity()
""",
    "an interrupt on the way out": """
client = account.client("iam", session)
client.meta.events.register("before-send.iam.GetUser", lambda **_: signal.raise_signal(signal.SIGINT))
client.get_user()
""",
    "an interrupt on the way back": """
admin.meta.events.register("after-call.iam.CreateAccessKey", lambda **_: signal.raise_signal(signal.SIGINT))
iam.create_access_key(admin, user_name="ana")
""",
    "variables of one's own": """
def fail(secrets, text):
    return secrets, text, 1 / 0
fail([each.secret_access_key for each in keys], f"export AWS_SESSION_TOKEN={session.session_token}")
""",
}


@dataclass(frozen=True)
class Kernel:
    """A kernel in which everything is ready to fail, and the secrets that it holds."""

    client: Any
    secrets: tuple[str, ...]

    def says(self, code: str) -> str:
        """Everything that a cell shows."""
        return shown(self.client, code)

    def told(self, text: str) -> list[str]:
        """The secrets of which a good part is in a text."""
        return [secret[:4] for secret in self.secrets if secret[:16] in text or secret[-16:] in text]


def shown(client: Any, code: str) -> str:
    parts: list[str] = []

    def keep(message: dict[str, Any]) -> None:
        content = message["content"]
        if message["msg_type"] == "error":
            parts.extend([*content["traceback"], content["evalue"]])
        elif message["msg_type"] == "stream":
            parts.append(content["text"])
        elif "data" in content:
            parts.extend(map(str, content["data"].values()))

    client.execute_interactive(code, output_hook=keep, timeout=SECONDS_TO_ANSWER)
    return "\n".join(parts)


@pytest.fixture(scope="module", params=["Verbose", pytest.param("Context", marks=pytest.mark.exhaustive)])
def kernel(request: pytest.FixtureRequest) -> Iterator[Kernel]:
    manager, client = start_new_kernel(env=os.environ | {"IAM_TUTORIAL_TARGET": "private"})
    try:
        assert "Traceback" not in shown(client, f"%xmode {request.param}\n{PREPARE}")
        secrets = tuple(shown(client, TELL).split())
        assert len(secrets) == 7
        yield Kernel(client, secrets)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


@pytest.mark.exhaustive(but_first=3)
@pytest.mark.parametrize("failure", FAILURES)
def test_no_traceback_tells_a_secret(kernel: Kernel, failure: str) -> None:
    said = kernel.says(FAILURES[failure])
    assert "Error" in said or "Interrupt" in said, said
    assert kernel.told(said) == []


def test_what_the_helpers_return_shows_no_secret(kernel: Kernel) -> None:
    said = kernel.says("print(keys, [account], str(session)); display(*keys, account, user); {'key': key, 'all': keys}")
    assert "ana" in said
    assert kernel.told(said) == []


@pytest.mark.exhaustive
def test_a_program_that_fails_outside_a_notebook_tells_no_secret(tmp_path: Path) -> None:
    program = PREPARE + TELL + "\nimport logging, sys\nlogging.basicConfig(level=logging.DEBUG)\n"
    program += 'sts.assume_role(account.client("sts", key), role_arn=role.arn, session_name="again")\n'
    program += 'iam.create_access_key(admin, user_name="ana")\n'
    program += FAILURES["a refusal"]
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=tmp_path)
    kernel = Kernel(None, tuple(done.stdout.split()))
    assert len(kernel.secrets) == 7
    assert "AccessDenied" in done.stderr
    assert "Response body" in done.stderr
    assert "SecretAccessKey>" in done.stderr
    assert kernel.told(done.stderr) == []
