"""`python -m helpers.sandbox`: a sandbox in the foreground, for any AWS client.

`… stop` ends the one that the notebooks share, `… advance SECONDS` moves its clock forward.
"""

import argparse
import os
import signal
import sys
import threading
import time
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from helpers.sandbox.outside.connection import State

if TYPE_CHECKING:
    from helpers.sandbox.server import Server  # start-up time: as below

CHECK_SECONDS = 20


def main(arguments: list[str] | None = None) -> int:
    """Run a sandbox until Ctrl-C or SIGTERM; its first line is one JSON object that says how to reach it."""
    parser = argparse.ArgumentParser(prog="python -m helpers.sandbox", description=main.__doc__)
    parser.add_argument("--port", type=_port, default=0, help="TCP port on 127.0.0.1 (default: a free one)")
    parser.add_argument("--idle-hours", type=float, help="end after so many hours without a request")
    parser.add_argument("--state-file", type=Path, help="say here how to reach it; end when the file goes away")
    parser.add_argument(
        "--propagation-delay", type=_seconds, default=0, metavar="SECONDS", help="let IAM's changes take effect late"
    )
    commands = parser.add_subparsers(dest="command", metavar="stop | advance")
    commands.add_parser("stop", help="end the sandbox that the notebooks of this checkout share")
    advance = commands.add_parser("advance", help="move that sandbox's clock forward")
    advance.add_argument("seconds", type=_seconds, metavar="SECONDS")
    advance.add_argument("--endpoint-url", help="another sandbox, signed with boto3's own credentials")
    options = parser.parse_args(arguments)
    match options.command:
        case "stop":
            return _stop()
        case "advance":
            return _advance(options.seconds, options.endpoint_url)
        case _:
            return _run(options)


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"'{text}' is no port: give a number from 0 (a free one) to 65535")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if not 0 <= seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"'{text}' is no number of seconds: give one from 0 up")
    return seconds


def _advance(seconds: float, endpoint_url: str | None) -> int:
    # start-up time: boto3, 0.2 seconds, which stopping does without
    from helpers.sandbox.outside.background import SandboxError
    from helpers.sandbox.outside.control import advance_own, advance_shared

    try:
        now = advance_own(endpoint_url, seconds) if endpoint_url else advance_shared(seconds)
    except (SandboxError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"In the sandbox it is now {now}.")
    return 0


def _stop() -> int:
    from helpers.sandbox.outside.background import SandboxError, stop_shared_sandbox  # start-up time: 13 ms

    try:
        stopped = stop_shared_sandbox()
    except SandboxError as error:
        print(error, file=sys.stderr)
        return 1
    print("The sandbox was stopped." if stopped else "No sandbox was running.")
    return 0


def _run(options: argparse.Namespace) -> int:
    from helpers.sandbox.server import create_server  # start-up time: 0.6 seconds, moto's

    try:
        server = create_server(options.port, propagation_delay=options.propagation_delay)
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        print(f"Port {options.port} cannot be used ({reason}). Choose another with --port.", file=sys.stderr)
        return 2

    def stop(_signal: int, _frame: FrameType | None) -> None:
        threading.Thread(target=server.shutdown, daemon=True).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    if options.state_file:
        try:
            State(os.getpid(), server.connection).write(options.state_file)
        except OSError as error:
            # On standard output: where the disk is full, a log on it stays empty.
            print(f"its state file cannot be written ({os.strerror(error.errno or 0)})", flush=True)
            return 2
        threading.Thread(target=_end_with_state_file, args=(server, options.state_file), daemon=True).start()
    if options.idle_hours:
        threading.Thread(target=_end_when_idle, args=(server, options.idle_hours * 3600), daemon=True).start()
    print(server.connection.to_json(), flush=True)
    server.serve_forever()
    return 0


def _end_when_idle(server: "Server", seconds: float) -> None:
    while time.monotonic() - server.gate.last_request < seconds:
        time.sleep(min(seconds, CHECK_SECONDS))
    server.shutdown()


def _end_with_state_file(server: "Server", state_file: Path) -> None:
    """End a sandbox that nobody can find any more: its checkout was removed, or another took its place."""
    while True:
        time.sleep(CHECK_SECONDS)
        try:
            if State.read(state_file).pid != os.getpid():
                break
        except (OSError, ValueError):
            break
    server.shutdown()


if __name__ == "__main__":
    raise SystemExit(main())
