"""Programs that run in this process, as in a browser: they answer as programs of their own do, and leave nothing."""

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from subprocess import CompletedProcess

import boto3
import pytest

from helpers.account import Account, open_account
from helpers.programs import run_in_process, run_program

LINES = {
    "a call": ("aws", "sts", "get-caller-identity"),
    "a change": (
        "aws",
        "iam",
        "tag-user",
        "--user-name",
        "administrator",
        "--tags",
        "Key=a,Value=b",
    ),
    "a refusal": ("aws", "iam", "get-user", "--user-name", "nobody"),
    "a table": ("aws", "iam", "list-account-aliases", "--output", "table"),
    "one value": ("aws", "sts", "get-caller-identity", "--query", "Account", "--output", "text"),
    "an unknown command": ("aws", "iam", "make-user"),
    "a missing argument": ("aws", "iam", "get-user-policy"),
    "no command": ("aws",),
    "a command of the CLI's own": ("aws", "s3", "ls"),
    "code": ("python", "-c", "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"),
    "code with arguments": ("python", "-c", "import sys; print(sys.argv)", "one", "two"),
    "code that reads": ("python", "-c", "print(input('name? ')); print(input())"),
    "code that reads too much": ("python", "-c", "input(); input(); input()"),
    "code that exits": ("python", "-c", "import sys; print('so far'); sys.exit(3)"),
    "code that exits with words": ("python", "-c", "raise SystemExit('no')"),
    "code that fails": ("python", "-c", "1 / 0"),
    "a module": ("python", "-m", "json.tool", "--compact"),
}


@pytest.fixture(scope="module")
def account() -> Account:
    return open_account("private")


@pytest.fixture
def environment(account: Account, tmp_path: Path) -> dict[str, str]:
    """What a program finds there: the administrator's key, no configuration, and nothing of the developer's."""
    return {
        "AWS_ACCESS_KEY_ID": account.administrator.access_key_id,
        "AWS_SECRET_ACCESS_KEY": account.administrator.secret_access_key,
        "AWS_DEFAULT_REGION": account.region,
        "AWS_ENDPOINT_URL": str(account.endpoint_url),
        "AWS_PAGER": "",
        "HOME": str(tmp_path),
        "PATH": os.environ["PATH"],
    }


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    before = state()
    yield
    assert state() == before


def state() -> tuple[object, ...]:
    variables = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
    return variables, [*sys.argv], [*sys.path], sys.stdin, sys.stdout, sys.stderr, input, boto3.DEFAULT_SESSION


def here(account: Account, environment: Mapping[str, str], *line: str, typed: str = "") -> CompletedProcess[str]:
    with account.reached_from_here():
        return run_in_process(line[0], line[1:], environment=environment, typed=typed)


@pytest.mark.parametrize("line", LINES.values(), ids=LINES.keys())
def test_it_answers_as_a_program_of_its_own(
    account: Account, environment: dict[str, str], line: tuple[str, ...]
) -> None:
    typed = '{"a":\n1}\n'
    in_process = here(account, environment, *line, typed=typed)
    alone = run_program(line[0], line[1:], environment=environment, typed=typed, reached=account.reached_from_here())
    assert in_process.returncode == alone.returncode
    assert in_process.stdout == alone.stdout
    assert last_line(in_process.stderr) == last_line(alone.stderr)


def last_line(text: str) -> str:
    return (text.strip().splitlines() or [""])[-1]


def test_a_script_finds_its_arguments_and_its_folder(
    account: Account, environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "beside.py").write_text("WORD = 'beside'\n")
    script = tmp_path / "script.py"
    script.write_text("import sys, beside\nprint(beside.WORD, sys.argv[1:], __name__)\n")
    done = here(account, environment, "python", str(script), "one")
    assert (done.stdout, done.stderr) == ("beside ['one'] __main__\n", "")
    del sys.modules["beside"]


def test_the_profiles_of_its_home_are_its_own(account: Account, environment: dict[str, str], tmp_path: Path) -> None:
    typed = "AKIAEXAMPLE\nsecret\neu-central-1\njson\n"
    done = here(account, environment, "aws", "configure", "--profile", "ana", typed=typed)
    assert done.returncode == 0
    assert "AWS Access Key ID [None]: " in done.stdout
    listed = here(account, environment, "aws", "configure", "get", "region", "--profile", "ana")
    assert listed.stdout == "eu-central-1\n"
    assert "AKIAEXAMPLE" in (tmp_path / ".aws" / "credentials").read_text()


def test_another_program_is_said_not_to_be_there(account: Account, environment: dict[str, str]) -> None:
    with pytest.raises(FileNotFoundError, match="There is no `ls` program in a browser"):
        here(account, environment, "ls")


def test_an_option_of_pythons_that_it_does_not_know_is_refused(account: Account, environment: dict[str, str]) -> None:
    done = here(account, environment, "python", "-q")
    assert (done.returncode, done.stderr) == (
        2,
        "python: here it runs a script, `-c` with code, or `-m` with a module.\n",
    )
