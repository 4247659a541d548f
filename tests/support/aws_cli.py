"""The AWS CLI that is installed: what it has against a command, and a command run in this process."""

import contextlib
import io
import os
import shlex
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from unittest import mock

from helpers.account import Account
from support.sandbox_clients import Signer, clean_environment

# What version 2 alone has. The one that is installed, from PyPI, is version 1; these take its global options.
ONLY_IN_VERSION_2 = (["configure", "sso"], ["sso", "login"], ["login"])


def _data() -> str:
    """Where the AWS CLI keeps its data: it tells the environment when it is loaded, and a test may have undone that."""
    return str(Path(str(find_spec("awscli").origin)).parent / "data")


def command_problem(words: list[str]) -> str | None:
    """What the AWS CLI has against a command, asked of its own tables."""
    command = aws_cli()
    everywhere = set(command.arg_table)
    newer = next((path for path in ONLY_IN_VERSION_2 if words[: len(path)] == path), [])
    words = words[len(newer) :]
    while not newer and words and not words[0].startswith("-") and words[0] in command.command_table:
        command = command.command_table[words.pop(0)].create_help_command()
    options = command.arg_table
    wanted = [name for name, option in options.items() if option.required and not option.positional_arg]
    given = [word.removeprefix("--").partition("=")[0] for word in words if word.startswith("--")]
    places = [option for option in options.values() if option.positional_arg]
    if words and not words[0].startswith("-") and not places:
        return f"there is no command {words[0]}"
    if unknown := [name for name in given if name not in options and name not in everywhere]:
        return f"there is no option --{unknown[0]}"
    if missing := [name for name in wanted if name not in given]:
        return f"the option --{missing[0]} is missing"
    return None


@cache
def aws_cli() -> Any:
    """The tables of the AWS CLI that is installed, read without anybody's configuration."""
    from awscli.clidriver import create_clidriver

    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    kept |= {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    with mock.patch.dict(os.environ, kept | {"AWS_DATA_PATH": _data()}, clear=True):
        return create_clidriver().create_help_command()


def run_line(line: str, account: Account, signer: Signer) -> str:
    """Runs a command line in this process, in an account's sandbox, and returns what went wrong; empty if nothing."""
    from awscli.clidriver import create_clidriver

    words = shlex.split(line)
    assert words[0] == "aws", line
    settings = clean_environment() | {
        "AWS_ACCESS_KEY_ID": signer.access_key_id,
        "AWS_SECRET_ACCESS_KEY": signer.secret_access_key,
        "AWS_SESSION_TOKEN": getattr(signer, "session_token", None) or "",
        "AWS_ENDPOINT_URL": account.endpoint_url or "",
        "AWS_DEFAULT_REGION": account.region,
        "AWS_DATA_PATH": _data(),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    printed = io.StringIO()
    with (
        mock.patch.dict(os.environ, settings, clear=True),
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(printed),
    ):
        status = create_clidriver().main(words[1:])
    return printed.getvalue() if status else ""
