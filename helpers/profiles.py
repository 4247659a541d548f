"""AWS CLI profiles: what `aws configure` writes, where, and which credentials a command ends up with.

Everything goes into the tutorial's own configuration files in the account's folder, never into ~/.aws: the CLI
is run with these files as its home.
"""

import configparser
import csv
import io
import re
import shlex
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from typing_extensions import override

from helpers.account import Account
from helpers.arns import check_arn
from helpers.cli import Command, config_file, credentials_file, run
from helpers.display import Rows, Shown
from helpers.iam import AccessKey
from helpers.secrecy import mask, write_private

_CSV_HEADER = ["Access key ID", "Secret access key"]
_SECRET_SETTINGS = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")


@dataclass(frozen=True, repr=False)
class ConfigFiles(Shown):
    """The CLI's two configuration files, with secrets masked.

    Attributes:
        texts: their content as shown, by the file's name.
    """

    font: ClassVar[str] = "monospace"

    texts: Mapping[str, str]

    @override
    def title(self) -> str:
        return "The tutorial's own configuration files, in place of those in ~/.aws"

    @override
    def rows(self) -> Rows:
        return list(self.texts.items())


# --- the access key, as the console's download keeps it


def save_access_key(account: Account, key: AccessKey) -> Path:
    """Keep an access key as the console's "Download .csv file" does, readable by its owner alone.

    Raises:
        OSError: the tutorial's folder cannot be written.
    """
    text = io.StringIO()
    csv.writer(text).writerows([_CSV_HEADER, [key.access_key_id, key.secret_access_key]])
    path = _csv_file(account, key.user_name)
    write_private(path, text.getvalue())
    return path


def load_access_key(account: Account, *, user_name: str) -> AccessKey | None:
    """Read the access key that was saved for a user; None where none was.

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


# --- the CLI's configuration files


def configure(account: Account, *, profile: str, key: AccessKey) -> Command:
    """Answer the four questions of `aws configure --profile …` with an access key.

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
    """Write a profile that assumes a role with another profile's key; in place of one of the same name.

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
    """Change settings of a profile, as `aws configure set` does: keys go to `credentials`, the rest to `config`.

    Args:
        account: where the configuration files are.
        profile: the profile's name; it is added where there is none.
        settings: the new values by name; None takes a setting out. All others stay.

    https://docs.aws.amazon.com/cli/latest/reference/configure/set.html
    """
    secrets = {name: value for name, value in settings.items() if name in _SECRET_SETTINGS}
    others = {name: value for name, value in settings.items() if name not in _SECRET_SETTINGS}
    _edit_section(config_file(account), f"profile {profile}", others)
    _edit_section(credentials_file(account), profile, secrets)


def read_profile(account: Account, profile: str) -> dict[str, str]:
    """Return the settings of a profile, from both files; empty where there is none."""
    return _section(config_file(account), f"profile {profile}") | _section(credentials_file(account), profile)


def show_files(account: Account) -> ConfigFiles:
    """Return the two configuration files as they are, with secrets masked and the sandbox's port left out."""
    paths = {"config": config_file(account), "credentials": credentials_file(account)}
    return ConfigFiles(
        {
            name: _mask_settings(path.read_text(encoding="utf-8")) if path.exists() else "(not there)"
            for name, path in paths.items()
        }
    )


def delete_files(account: Account) -> None:
    """Delete the tutorial's configuration files and downloaded keys; quiet where they are gone."""
    shutil.rmtree(account.folder / ".aws", ignore_errors=True)
    for path in account.folder.glob("*_accessKeys.csv"):
        path.unlink()


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


def _mask_settings(text: str) -> str:
    lines = []
    for line in text.strip().splitlines():
        name, equals, value = line.partition("=")
        if equals and name.strip() in _SECRET_SETTINGS:
            line = f"{name}= {mask(value.strip())}"
        lines.append(re.sub(r"(https?://127\.0\.0\.1):\d+", r"\1:(port)", line))
    return "\n".join(lines)
