"""The AWS CLI and Python scripts: each a process of its own or, where none can be started, run in this one.

The CLI of PyPI is written in Python; in this process, it works with the botocore that boto3 works with.

https://github.com/aws/aws-cli/blob/develop/awscli/clidriver.py
"""

import builtins
import io
import os
import runpy
import shutil
import subprocess
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from unittest.mock import patch

import boto3
import s3transfer  # noqa: F401, see _aws
from typing_extensions import override

from helpers.place import HERE


def run_program(
    name: str,
    arguments: Sequence[str],
    *,
    environment: Mapping[str, str],
    typed: str,
    reached: AbstractContextManager[None],
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end.

    Args:
        name: `aws`, `python`, or another program; that of this environment goes before the one on the PATH.
        arguments: what follows the name.
        environment: all of its environment variables.
        typed: its standard input.
        reached: within it, what runs in this process reaches the account.

    Raises:
        FileNotFoundError: there is no such program; the message says how to get it.
    """
    if HERE.processes:
        command = [_program(name), *arguments]
        return subprocess.run(command, input=typed, capture_output=True, text=True, env=environment, check=False)
    with reached:
        return run_in_process(name, arguments, environment=environment, typed=typed)


def _program(name: str) -> str:
    if name == "python":
        return sys.executable
    beside = shutil.which(name, path=str(Path(sys.executable).parent))
    found = beside or shutil.which(name)
    if not found:
        raise FileNotFoundError(f"There is no `{name}` program. `make lab` installs it; so does environment.yml.")
    return found


def run_in_process(
    name: str, arguments: Sequence[str], *, environment: Mapping[str, str], typed: str
) -> subprocess.CompletedProcess[str]:
    """Run the AWS CLI or a Python script in this process, as `run_program` does in another.

    Raises:
        FileNotFoundError: it is another program.
    """
    if name not in _MAINS:
        raise FileNotFoundError(f"There is no `{name}` program in a browser, but `aws` and `python`.")
    out, err = _Printed(), _Printed()
    with redirect_stdout(out.as_text()), redirect_stderr(err.as_text()), _as_its_own(environment, typed):
        try:
            code = _MAINS[name](arguments)
        except SystemExit as end:
            code = _exit_code(end)
        except BaseException:  # what a script lets through ends the script, and is told as a process tells it
            traceback.print_exc()
            code = 1
    shown = (printed.getvalue().decode() for printed in (out, err))
    return subprocess.CompletedProcess([name, *arguments], code, *shown)


class _Printed(io.BytesIO):
    """What a program prints, for which it may close its output."""

    def as_text(self) -> io.TextIOWrapper:
        return io.TextIOWrapper(self, encoding="utf-8", write_through=True)

    @override
    def close(self) -> None:
        """Keep what was printed."""


@contextmanager
def _as_its_own(environment: Mapping[str, str], typed: str) -> Iterator[None]:
    """Give what runs in the block what a process has for its own; all is as it was afterwards."""
    with ExitStack() as swapped:
        swapped.enter_context(patch.dict(os.environ, environment, clear=True))
        swapped.enter_context(patch.object(sys, "argv", ["aws"]))
        swapped.enter_context(patch.object(sys, "path", [*sys.path]))
        swapped.enter_context(
            patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(typed.encode()), encoding="utf-8"))
        )
        swapped.enter_context(patch.object(builtins, "input", _input))
        swapped.enter_context(patch.object(boto3, "DEFAULT_SESSION", None))
        yield


def _input(prompt: object = "") -> str:
    print(prompt, end="", flush=True)
    line = sys.stdin.readline()
    if not line:
        raise EOFError("EOF when reading a line")
    return line.removesuffix("\n")


def _exit_code(end: SystemExit) -> int:
    if isinstance(end.code, str):
        print(end.code, file=sys.stderr)
        return 1
    return int(end.code or 0)


def _aws(arguments: Sequence[str]) -> int:
    """Run the CLI. What it finds imported of botocore and s3transfer, it takes in place of its own copies."""
    import awscli.clidriver  # conda's version 2 cannot be imported

    data = str(Path(awscli.__file__).parent / "data")
    with patch.dict(os.environ, {"AWS_DATA_PATH": data}), patch.object(awscli.compat, "raw_input", _input):
        return int(awscli.clidriver.create_clidriver().main(list(arguments)) or 0)


def _python(arguments: Sequence[str]) -> int:
    match arguments:
        case ["-c", code, *rest]:
            sys.argv = ["-c", *rest]
            sys.path.insert(0, "")
            exec(compile(code, "<string>", "exec"), {"__name__": "__main__"})
        case ["-m", module, *rest]:
            sys.argv = [module, *rest]
            sys.path.insert(0, "")
            runpy.run_module(module, run_name="__main__", alter_sys=True)
        case [script, *_] if not script.startswith("-"):
            sys.argv = [*arguments]
            sys.path.insert(0, str(Path(script).parent))
            runpy.run_path(script, run_name="__main__")
        case _:
            print("python: here it runs a script, `-c` with code, or `-m` with a module.", file=sys.stderr)
            return 2
    return 0


_MAINS = {"aws": _aws, "python": _python}
