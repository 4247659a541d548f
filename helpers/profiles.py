"""AWS CLI profiles: what `aws configure` writes, where, and which credentials a command ends up with.

Everything goes into the tutorial's own configuration files in the account's folder, never into ~/.aws: the CLI
is run with these files as its home.
"""

import configparser
import csv
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import takewhile
from pathlib import Path
from typing import ClassVar

from helpers.account import Account, Credentials
from helpers.arns import check_arn
from helpers.display import Rows, Shown, mask, mask_secrets
from helpers.files import write_private
from helpers.iam import AccessKey
from helpers.sts import answered_at

_CSV_HEADER = ["Access key ID", "Secret access key"]
_SECRET_SETTINGS = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
_SECRET_IN_JSON = re.compile(r'("(?:AccessKeyId|SecretAccessKey|SessionToken)": *")([^"]+)(")')
_EXPIRATION_IN_JSON = re.compile(r'("Expiration": *")([^"]+)(")')
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

    def title(self) -> str:
        """The command, masked."""
        return f"$ {mask_secrets(self.line)}"

    def rows(self) -> Rows:
        """What it printed, masked."""
        printed = "\n".join(part.strip() for part in (self.output, self.error) if part.strip())
        return [("", _mask_output(printed, self.ran_at))] if printed else []


@dataclass(frozen=True, repr=False)
class ConfigFiles(Shown):
    """The CLI's two configuration files, with secrets masked.

    Attributes:
        texts: their content as shown, by the file's name.
    """

    font: ClassVar[str] = "monospace"

    texts: Mapping[str, str]

    def title(self) -> str:
        """What these are."""
        return "The tutorial's own configuration files, in place of those in ~/.aws"

    def rows(self) -> Rows:
        """Each file."""
        return list(self.texts.items())


# --- the access key, as the console's download keeps it


def save_access_key(account: Account, key: AccessKey) -> Path:
    """Keeps an access key as the console's "Download .csv file" does, readable by its owner alone.

    Raises:
        OSError: the tutorial's folder cannot be written.
    """
    text = io.StringIO()
    csv.writer(text).writerows([_CSV_HEADER, [key.access_key_id, key.secret_access_key]])
    path = _csv_file(account, key.user_name)
    write_private(path, text.getvalue())
    return path


def load_access_key(account: Account, *, user_name: str) -> AccessKey | None:
    """Reads the access key that was saved for a user; None where none was.

    Raises:
        ValueError: the file is not one that the console, or this tutorial, wrote.
    """
    path = _csv_file(account, user_name)
    if not path.exists():
        return None
    try:
        rows = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))
    except (UnicodeDecodeError, csv.Error):
        rows = []
    if len(rows) < 2 or rows[0] != _CSV_HEADER or len(rows[1]) != 2 or not all(rows[1]):
        wanted = ",".join(_CSV_HEADER)
        message = f"{path.name} is no access key file: its first line should be {wanted}, its second the key."
        raise ValueError(f"{message} Delete the file {path}, and run notebook 02.")
    return AccessKey(user_name, *rows[1])


def _csv_file(account: Account, user_name: str) -> Path:
    return account.folder / f"{user_name}_accessKeys.csv"


# --- running commands with the tutorial's configuration


def run(account: Account, line: str, *, credentials: Credentials | None = None, typed: str | None = None) -> Command:
    """Runs a command line of the real AWS CLI, or a Python script, with the tutorial's configuration files.

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
    command = [_program(program), *arguments]
    environment = _environment(account) | _exported(account, signer) | variables

    def done_now() -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, input=typed or "", capture_output=True, text=True, env=environment, check=False)

    done = done_now()
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


def configure(account: Account, *, profile: str, key: AccessKey) -> Command:
    """Answers the four questions of `aws configure --profile …` with an access key.

    The secret goes to the program's standard input, never on a command line. A sandbox's address is added to
    the profile afterwards; with AWS itself there is nothing to add.

    Raises:
        RuntimeError: `aws configure` failed; the message is its own.

    https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-files.html
    """
    answers = [key.access_key_id, key.secret_access_key, account.region, "json"]
    line = f"aws configure --profile {shlex.quote(profile)}"
    asked = run(account, line, typed="\n".join(answers) + "\n")
    if asked.exit_code:
        raise RuntimeError(f"{line} failed: {asked.error.strip()}")
    edit_profile(account, profile=profile, settings={"endpoint_url": account.endpoint_url})
    shown = [mask(key.access_key_id), "*" * 20, account.region, "json"]
    prompts = re.findall(r"[^:\]]+\[[^\]]*\]:", asked.output)
    lines = [f"{prompt.strip()} {answer}" for prompt, answer in zip(prompts, shown, strict=False)]
    return Command(line, "\n".join(lines), "", 0)


def add_role_profile(account: Account, *, profile: str, role_arn: str, source_profile: str) -> ConfigFiles:
    """Writes a profile that assumes a role with another profile's key; in place of one of the same name.

    Returns:
        Both files as they are then.

    Raises:
        ValueError: the ARN is no role's.

    https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-role.html
    """
    settings = {
        "role_arn": check_arn(role_arn, "role"),
        "source_profile": source_profile,
        "role_session_name": "cli",
        "region": account.region,
        "endpoint_url": account.endpoint_url,
    }
    edit_profile(account, profile=profile, settings=settings)
    return show_files(account)


def edit_profile(account: Account, *, profile: str, settings: Mapping[str, str | None]) -> None:
    """Changes settings of a profile, as `aws configure set` does: keys go to `credentials`, the rest to `config`.

    Args:
        account: where the configuration files are.
        profile: the profile's name; it is added where there is none.
        settings: the new values by name; None takes a setting out. All others stay.

    https://docs.aws.amazon.com/cli/latest/reference/configure/set.html
    """
    secrets = {name: value for name, value in settings.items() if name in _SECRET_SETTINGS}
    others = {name: value for name, value in settings.items() if name not in _SECRET_SETTINGS}
    _edit_section(_config_file(account), f"profile {profile}", others)
    _edit_section(_credentials_file(account), profile, secrets)


def read_profile(account: Account, profile: str) -> dict[str, str]:
    """The settings of a profile, from both files; empty where there is none."""
    return _section(_config_file(account), f"profile {profile}") | _section(_credentials_file(account), profile)


def show_files(account: Account) -> ConfigFiles:
    """The two configuration files as they are, with secrets masked and the sandbox's port left out."""
    paths = {"config": _config_file(account), "credentials": _credentials_file(account)}
    return ConfigFiles(
        {
            name: _mask_settings(path.read_text(encoding="utf-8")) if path.exists() else "(not there)"
            for name, path in paths.items()
        }
    )


def delete_files(account: Account) -> None:
    """Deletes the tutorial's configuration files and downloaded keys; quiet where they are gone."""
    shutil.rmtree(account.folder / ".aws", ignore_errors=True)
    for path in account.folder.glob("*_accessKeys.csv"):
        path.unlink()


def _config_file(account: Account) -> Path:
    return account.folder / ".aws" / "config"


def _credentials_file(account: Account) -> Path:
    return account.folder / ".aws" / "credentials"


def _forget_sessions(account: Account) -> bool:
    """Takes away the role sessions that the CLI keeps, and says whether there were any.

    The CLI tells their end by this machine's clock, AWS by its own: the sandbox's can be moved past it.
    """
    kept = account.folder / ".aws" / "cli" / "cache"
    found = kept.exists()
    shutil.rmtree(kept, ignore_errors=True)
    return found


def _is_assignment(word: str) -> bool:
    return re.fullmatch(r"[A-Z_]+=.*", word) is not None


def _program(name: str) -> str:
    """The program that belongs to this environment, or else the one on the PATH."""
    if name == "python":
        return sys.executable
    beside = shutil.which(name, path=str(Path(sys.executable).parent))
    found = beside or shutil.which(name)
    if not found:
        raise FileNotFoundError(f"There is no `{name}` program. `make lab` installs it; so does environment.yml.")
    return found


def _environment(account: Account) -> dict[str, str]:
    """The learner's environment with the tutorial's folder as its home, and without AWS_… variables that say who calls.

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
            "AWS_CONFIG_FILE": str(_config_file(account)),
            "AWS_SHARED_CREDENTIALS_FILE": str(_credentials_file(account)),
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


def _read_settings(path: Path) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(default_section="")
    parser.read(path, encoding="utf-8")
    return parser


def _section(path: Path, name: str) -> dict[str, str]:
    parser = _read_settings(path)
    return dict(parser.items(name)) if parser.has_section(name) else {}


def _edit_section(path: Path, section: str, settings: Mapping[str, str | None]) -> None:
    if not settings:
        return
    path.parent.mkdir(mode=0o700, exist_ok=True)
    parser = _read_settings(path)
    parser.read_dict({section: {name: value for name, value in settings.items() if value is not None}})
    for name in [name for name, value in settings.items() if value is None]:
        parser.remove_option(section, name)
    text = io.StringIO()
    parser.write(text)
    write_private(path, text.getvalue())


def _mask_output(text: str, ran_at: datetime) -> str:
    text = _SECRET_IN_JSON.sub(lambda found: found[1] + mask(found[2]) + found[3], text)
    text = _EXPIRATION_IN_JSON.sub(lambda found: found[1] + _in_minutes(found[2], ran_at) + found[3], text)
    return mask_secrets(text)


def _in_minutes(timestamp: str, ran_at: datetime) -> str:
    left = datetime.fromisoformat(timestamp) - ran_at
    return f"(in {round(left.total_seconds() / 60)} minutes)"


def _mask_settings(text: str) -> str:
    lines = []
    for line in text.strip().splitlines():
        name, equals, value = line.partition("=")
        if equals and name.strip() in _SECRET_SETTINGS:
            line = f"{name}= {mask(value.strip())}"
        lines.append(re.sub(r"(https?://127\.0\.0\.1):\d+", r"\1:(port)", line))
    return "\n".join(lines)
