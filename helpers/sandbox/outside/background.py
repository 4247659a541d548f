"""The sandbox that all notebooks of this checkout share: a process of its own, found through a state file."""

import contextlib
import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock
from tenacity import retry, retry_if_result, stop_after_delay, wait_fixed

from helpers.display import ToldInOneSentence
from helpers.sandbox.outside.connection import Connection, State
from helpers.secrecy import write_private

CHECKOUT = Path(__file__).resolve().parents[3]
FOLDER = CHECKOUT / ".sandbox"
IDLE_HOURS = 8
STOPS_WITHIN_SECONDS = 10.0


@dataclass(frozen=True)
class Shared:
    """The shared sandbox, and what had to be done to have it.

    Attributes:
        connection: How to reach it.
        folder: Where the tutorial keeps this sandbox's files: the CLI's configuration, the downloaded access key.
        news: A sentence about a sandbox that was started or replaced; empty where it was running already.
    """

    connection: Connection
    folder: Path
    news: str


class SandboxError(ToldInOneSentence, RuntimeError):
    """The sandbox cannot be started or has stopped; the message says what to do."""


def shared_sandbox(folder: Path = FOLDER) -> Shared:
    """Find the sandbox of this checkout, or start it; notebooks that open at the same moment share one.

    Args:
        folder: Where its state file, log and the tutorial's own files are kept.

    Raises:
        SandboxError: The folder cannot be written, or the process does not start.
    """
    files = folder / "files"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with FileLock(folder / "lock"):
            state, news = _read_state(folder)
            if state and _answers(state.connection):
                return Shared(state.connection, files, "")
            if state:
                news = "The sandbox had stopped, and all that was in it is gone. A new, empty one was started."
            shutil.rmtree(files, ignore_errors=True)
            files.mkdir(mode=0o700)
            connection = _start(folder)
    except OSError as error:
        message = f"The sandbox cannot be kept in {folder.name}/ of this checkout ({error.strerror}). "
        mend = "Make room on the disk" if error.errno == errno.ENOSPC else "Make that folder writable"
        raise SandboxError(f"{message}{mend}, or clone the tutorial elsewhere.") from error
    return Shared(connection, files, news or "A new, empty sandbox was started.")


def running_sandbox(folder: Path) -> Connection:
    """Find the sandbox of this checkout, which must be running.

    Raises:
        SandboxError: It is not.
    """
    state, _ = _read_state(folder)
    if state is None or not _answers(state.connection):
        raise SandboxError("No sandbox is running: open a notebook, and run its first cell.")
    return state.connection


def stop_shared_sandbox(folder: Path = FOLDER) -> bool:
    """Stop the sandbox of this checkout and remove its files.

    Returns:
        Whether one was running.

    Raises:
        SandboxError: The folder cannot be written.
    """
    if not folder.exists():
        return False
    try:
        with FileLock(folder / "lock"):
            state, _ = _read_state(folder)
            running = state is not None and _answers(state.connection)
            if state and running:
                os.kill(state.pid, signal.SIGTERM)
                _wait_until_it_is_gone(state.connection)
            _state_file(folder).unlink(missing_ok=True)
            shutil.rmtree(folder / "files", ignore_errors=True)
    except OSError as error:
        raise SandboxError(f"{folder.name}/ of this checkout cannot be written ({error.strerror}).") from error
    return running


def is_running(endpoint_url: str) -> bool:
    """Tell whether a sandbox answers at an address, of this checkout or another."""
    return bool(_instance_at(endpoint_url))


@retry(retry=retry_if_result(bool), wait=wait_fixed(0.05), stop=stop_after_delay(STOPS_WITHIN_SECONDS))
def _wait_until_it_is_gone(connection: Connection) -> bool:
    return _answers(connection)


def _read_state(folder: Path) -> tuple[State | None, str]:
    """Read the state that was written last; where it cannot be read, say so in a sentence."""
    try:
        return State.read(_state_file(folder)), ""
    except FileNotFoundError:
        return None, ""
    except ValueError:
        return None, "The sandbox's state file was damaged. A new, empty sandbox was started."


def _state_file(folder: Path) -> Path:
    return folder / "state.json"


def _answers(connection: Connection) -> bool:
    """Tell whether this very sandbox is there; another server on its port, or another machine's file, is not it."""
    return _instance_at(connection.endpoint_url) == connection.instance


def _instance_at(endpoint_url: str) -> str | None:
    """Return which sandbox answers at an address; None where none does."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(f"{endpoint_url}/sandbox/health", timeout=5) as answer:
            return str(json.load(answer)["instance"])
    except (OSError, ValueError, KeyError, TypeError, urllib.error.URLError):
        return None


def _start(folder: Path) -> Connection:
    log = folder / "sandbox.log"
    write_private(log, "")
    command = [sys.executable, "-m", "helpers.sandbox"]
    with log.open("a", encoding="utf-8") as errors:
        process = subprocess.Popen(
            [*command, "--idle-hours", str(IDLE_HOURS), "--state-file", str(_state_file(folder))],
            cwd=CHECKOUT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
        )
    assert process.stdout is not None
    with process.stdout:
        first_line = process.stdout.readline()
    try:
        return Connection.from_json(first_line)
    except ValueError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        process.wait()
        why = f": {first_line.strip()}." if first_line.strip() else f"; {folder.name}/{log.name} says why."
        raise SandboxError(f"The sandbox did not start{why}") from None
