"""A line of the AWS CLI, or a Python script, run with the tutorial's own configuration files; secrets masked.

Everything is in the account's folder, never in ~/.aws: the CLI is run with these files as its home.
"""

import os
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import takewhile
from pathlib import Path
from typing import ClassVar

from typing_extensions import override

from helpers.account import Account
from helpers.clients.clock import answered_at
from helpers.clients.credentials import Credentials
from helpers.display import Rows, Shown
from helpers.programs import run_program
from helpers.secrecy import mask, mask_secrets

_SECRET_IN_JSON = re.compile(r'("(?:AccessKeyId|SecretAccessKey|SessionToken)": *")([^"]+)(")')


_EXPIRATION_IN_JSON = re.compile(r'("Expiration": *")([^"]+)(")')


_READING = ("get-", "list-", "describe-", "head-", "simulate-", "ls", "wait", "assume-role")
_EXPORTED = "AWS_ACCESS_KEY_ID=*** AWS_SECRET_ACCESS_KEY=***"


_NO_ANSWER = re.compile("Could not connect to the endpoint URL|Connection was closed before")


_ENDED = re.compile(r"\((?:ExpiredToken|ExpiredTokenException|RequestExpired)\)")


@dataclass(frozen=True, repr=False)
class Command(Shown):
    """A command that was run, and what it printed, with secrets masked.

    Attributes:
        line: the command, as it would be typed.
        output: what it printed, unmasked: for the next step, not for the screen.
        error: what it printed on standard error.
        exit_code: 0 when it worked.
        ran_at: when it ran, by AWS's clock.
    """

    font: ClassVar[str] = "monospace"

    line: str
    output: str = field(repr=False)
    error: str
    exit_code: int
    ran_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @override
    def title(self) -> str:
        return f"$ {mask_secrets(self.line)}"

    @override
    def rows(self) -> Rows:
        printed = "\n".join(part.strip() for part in (self.output, self.error) if part.strip())
        return [("", _mask_output(printed, self.ran_at))] if printed else []


def run(account: Account, line: str, *, credentials: Credentials | None = None, typed: str | None = None) -> Command:
    """Run a command line of the real AWS CLI, or a Python script, with the tutorial's configuration files.

    A line that names no profile is signed by the account's administrator, as boto3's clients here are.

    Args:
        account: where the configuration files are.
        line: as it would be typed: `aws iam list-users`, `aws sts get-caller-identity --profile tutorial-user`, or
            `AWS_PROFILE=tutorial-user python script.py`.
        credentials: put into the environment variables, as `export AWS_ACCESS_KEY_ID=…` does.
        typed: what is typed into the program while it runs.

    Raises:
        SandboxStopped: the sandbox does not answer any more.
        FileNotFoundError: there is no such program; the message says how to get it.
    """
    if not account.folder.exists():
        account.check_alive()
    words = shlex.split(line)
    assignments = list(takewhile(_is_assignment, words))
    program, *arguments = words[len(assignments) :]
    variables = dict(word.split("=", 1) for word in assignments)
    if account.guard and program == "aws":
        account.guard.check_line(arguments)
    names_profile = "--profile" in words or "AWS_PROFILE" in variables
    signer = credentials or (None if names_profile else account.administrator)
    environment = _environment(account) | _exported(account, signer) | variables

    def done_now() -> subprocess.CompletedProcess[str]:
        reached = account.reached_from_here()
        return run_program(program, arguments, environment=environment, typed=typed or "", reached=reached)

    done = done_now()
    if program == "aws" and len(arguments) > 1 and not arguments[1].startswith(_READING) and not done.returncode:
        account.changes.note(account.now())
    if program == "aws" and _ENDED.search(done.stderr) and _forget_sessions(account):
        done = done_now()
    if _NO_ANSWER.search(done.stderr):
        account.check_alive()
    token = " AWS_SESSION_TOKEN=***" if credentials and credentials.session_token else ""
    shown = f"{_EXPORTED}{token} {line}" if credentials else line
    if not _EXPIRATION_IN_JSON.search(done.stdout):
        return Command(shown, done.stdout, done.stderr, done.returncode)
    ran_at = answered_at(account.client("sts").get_caller_identity())
    return Command(shown, done.stdout, done.stderr, done.returncode, ran_at)


def config_file(account: Account) -> Path:
    """Return where the tutorial's `config` file for an account is."""
    return account.folder / ".aws" / "config"


def credentials_file(account: Account) -> Path:
    """Return where the tutorial's `credentials` file for an account is."""
    return account.folder / ".aws" / "credentials"


def _forget_sessions(account: Account) -> bool:
    """Take away the role sessions that the CLI keeps, and say whether there were any.

    The CLI tells their end by this machine's clock, AWS by its own: the sandbox's can be moved past it.
    """
    kept = account.folder / ".aws" / "cli" / "cache"
    found = kept.exists()
    shutil.rmtree(kept, ignore_errors=True)
    return found


def _is_assignment(word: str) -> bool:
    return re.fullmatch(r"[A-Z_]+=.*", word) is not None


def _environment(account: Account) -> dict[str, str]:
    """Return the learner's environment, at home in the tutorial's folder, without AWS_… variables that say who calls.

    Those that say how AWS is reached count in an account of the learner's own, as they do for boto3.
    """
    kept = ("AWS_ENDPOINT_URL", "AWS_CA_BUNDLE", "AWS_USE_") if not account.practice else ()
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.upper().startswith("AWS_") or name.upper().startswith(kept)
    }
    home = str(account.folder)
    without_proxy = {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"} if account.practice else {}
    return (
        inherited
        | without_proxy
        | {
            "AWS_CONFIG_FILE": str(config_file(account)),
            "AWS_SHARED_CREDENTIALS_FILE": str(credentials_file(account)),
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_PAGER": "",
            "AWS_RETRY_MODE": "standard",
            "HOME": home,
            "USERPROFILE": home,
        }
    )


def _exported(account: Account, credentials: Credentials | None) -> dict[str, str]:
    if credentials is None:
        return {}
    exported = {
        "AWS_ACCESS_KEY_ID": credentials.access_key_id,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_access_key,
        "AWS_REGION": account.region,
        "AWS_DEFAULT_REGION": account.region,
    }
    if account.endpoint_url:
        exported["AWS_ENDPOINT_URL"] = account.endpoint_url
    return exported | ({"AWS_SESSION_TOKEN": credentials.session_token} if credentials.session_token else {})


def _mask_output(text: str, ran_at: datetime) -> str:
    text = _SECRET_IN_JSON.sub(lambda found: found[1] + mask(found[2]) + found[3], text)
    text = _EXPIRATION_IN_JSON.sub(lambda found: found[1] + _in_minutes(found[2], ran_at) + found[3], text)
    return mask_secrets(text)


def _in_minutes(timestamp: str, ran_at: datetime) -> str:
    left = datetime.fromisoformat(timestamp) - ran_at
    return f"(in {round(left.total_seconds() / 60)} minutes)"
