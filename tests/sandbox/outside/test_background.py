"""The sandbox that notebooks share: found, started anew, stopped, whatever its folder or its environment is."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from botocore.exceptions import BotoCoreError

from helpers.sandbox.outside.background import SandboxError, State, shared_sandbox, stop_shared_sandbox
from helpers.sandbox.outside.connection import Connection
from support.sandbox_clients import CHECKOUT, SECONDS_TO_END, clean_environment, end, iam, new_user

NEW = "A new, empty sandbox was started."
STOPPED = "The sandbox had stopped, and all that was in it is gone. A new, empty one was started."
DAMAGED = "The sandbox's state file was damaged. A new, empty sandbox was started."


@pytest.fixture
def folder(tmp_path):
    """A folder for a shared sandbox, which is stopped after the test."""
    folder = tmp_path / "kept"
    yield folder
    stop_shared_sandbox(folder)


def eventually(condition):
    """Waits until something holds, for as long as a sandbox may take to end."""
    until = time.monotonic() + SECONDS_TO_END
    while not (held := condition()) and time.monotonic() < until:
        threading.Event().wait(0.05)
    return held


def answers(connection):
    """Whether anything answers there."""
    try:
        iam(connection).get_user()
    except BotoCoreError:
        return False
    return True


def mode_of(path):
    return oct(path.stat().st_mode & 0o777)


# --- one for all


def test_the_second_one_finds_the_first_ones(folder):
    first = shared_sandbox(folder)
    user = new_user(first.connection)
    second = shared_sandbox(folder)
    assert (first.news, second.news) == (NEW, "")
    assert second.connection == first.connection
    assert iam(second.connection).get_user(UserName=user.name)["User"]["Arn"] == user.arn


@pytest.mark.exhaustive(but_first=1)
@pytest.mark.parametrize("count", [2, 5])
def test_processes_that_open_at_the_same_moment_share_one(folder, count):
    script = (
        "import json, sys; from pathlib import Path; from helpers.sandbox.outside.background import shared_sandbox;"
        "shared = shared_sandbox(Path(sys.argv[1]));"
        "print(json.dumps([shared.connection.instance, shared.news]))"
    )
    with contextlib.ExitStack() as ended:
        opened = []
        for _ in range(count):
            process = subprocess.Popen(
                [sys.executable, "-c", script, str(folder)],
                env=clean_environment(),
                stdout=subprocess.PIPE,
                text=True,
            )
            ended.callback(end, process)
            opened.append(process)
        told = [json.loads(process.stdout.readline()) for process in opened]
    assert len({instance for instance, _ in told}) == 1
    assert sorted(news for _, news in told) == [""] * (count - 1) + [NEW]


@pytest.mark.exhaustive
def test_its_files_are_its_owners_alone_and_lead_to_it(folder):
    shared = shared_sandbox(folder)
    modes = {name: mode_of(folder / name) for name in ("state.json", "sandbox.log", "files")}
    assert modes == {"state.json": "0o600", "sandbox.log": "0o600", "files": "0o700"}
    assert mode_of(folder) == "0o700"
    assert shared.folder == folder / "files"
    assert State.read(folder / "state.json").connection == shared.connection


# --- what was there before


@pytest.mark.exhaustive
def test_a_killed_one_is_replaced(folder):
    first = shared_sandbox(folder)
    (first.folder / "old-key.csv").write_text("of the old sandbox")
    os.kill(State.read(folder / "state.json").pid, signal.SIGKILL)
    assert eventually(lambda: not answers(first.connection))
    second = shared_sandbox(folder)
    assert second.news == STOPPED
    assert second.connection.instance != first.connection.instance
    assert list(second.folder.iterdir()) == []
    assert answers(second.connection)


@pytest.mark.exhaustive
def test_a_damaged_state_file_is_replaced(folder):
    folder.mkdir()
    (folder / "state.json").write_bytes(b"\xff\xfe{")
    shared = shared_sandbox(folder)
    assert shared.news == DAMAGED
    assert answers(shared.connection)


CONNECTION = {
    "endpoint_url": "http://127.0.0.1:9",
    "region": "us-east-1",
    "accounts": [{"account_id": "111122223333", "access_key_id": "AKIAX", "secret_access_key": "x"}],
    "instance": "another-machines",
}


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"\x00\x01",
        b"\xff\xfe",
        b'{"pid": 1}',
        json.dumps({"pid": "x", "connection": CONNECTION}).encode(),
        json.dumps({"pid": 1, "connection": None}).encode(),
        json.dumps({"pid": 1, "connection": {**CONNECTION, "accounts": [{}]}}).encode(),
        json.dumps({"pid": 1, "connection": {**CONNECTION, "accounts": None}}).encode(),
        json.dumps({"pid": 1, "connection": {**CONNECTION, "more": 1}}).encode(),
    ],
)
def test_what_is_no_state_file(tmp_path, damaged):
    state_file = tmp_path / "state.json"
    state_file.write_bytes(damaged)
    with pytest.raises(ValueError, match=r"\w"):
        State.read(state_file)
    assert stop_shared_sandbox(tmp_path) is False


class _Stranger(BaseHTTPRequestHandler):
    """Another program's server, which answers with whatever the test says."""

    says = b""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.says)))
        self.end_headers()
        self.wfile.write(self.says)

    def log_message(self, *_):
        """Says nothing."""


@contextlib.contextmanager
def another_server(says):
    handler = type("Handler", (_Stranger,), {"says": says})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


@contextlib.contextmanager
def innocent_process():
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        end(process)


def foreign_state(folder, port, pid):
    """A state file as another machine's sandbox would have left it."""
    folder.mkdir()
    connection = {**CONNECTION, "endpoint_url": f"http://127.0.0.1:{port}"}
    (folder / "state.json").write_text(json.dumps({"pid": pid, "connection": connection}))


@pytest.mark.exhaustive
def test_another_server_on_the_port_is_not_taken_for_it(folder):
    with another_server(b'{"instance": "yet another"}') as port, innocent_process() as innocent:
        foreign_state(folder, port, innocent.pid)
        shared = shared_sandbox(folder)
        assert shared.news == STOPPED
        assert shared.connection.endpoint_url != f"http://127.0.0.1:{port}"
        assert innocent.poll() is None


@pytest.mark.exhaustive(but_first=1)
@pytest.mark.parametrize("says", [b"hello", b"{}", b"null", b'{"instance": "yet another"}', b"\xff\xfe"])
def test_stopping_kills_no_process_of_somebody_else(folder, says):
    with another_server(says) as port, innocent_process() as innocent:
        foreign_state(folder, port, innocent.pid)
        assert stop_shared_sandbox(folder) is False
        assert innocent.poll() is None
        assert not (folder / "state.json").exists()


# --- folders that are none


def test_a_file_in_the_folders_place_gets_one_sentence(tmp_path):
    in_the_way = tmp_path / "kept"
    in_the_way.write_text("mine")
    with pytest.raises(SandboxError) as caught:
        shared_sandbox(in_the_way)
    assert "cannot be kept in kept/" in str(caught.value)
    assert "Make that folder writable, or clone the tutorial elsewhere." in str(caught.value)
    with pytest.raises(SandboxError, match="cannot be written"):
        stop_shared_sandbox(in_the_way)
    assert in_the_way.read_text() == "mine"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_gets_one_sentence(tmp_path):
    kept = tmp_path / "kept"
    kept.mkdir(mode=0o500)
    with pytest.raises(SandboxError, match="Make that folder writable"):
        shared_sandbox(kept)


def test_a_state_file_that_cannot_be_replaced_gets_one_sentence(tmp_path):
    kept = tmp_path / "kept"
    (kept / "state.json").mkdir(parents=True)
    with pytest.raises(SandboxError, match="cannot be kept in kept/"):
        shared_sandbox(kept)


# --- how it ends


def test_stopping_it(folder):
    shared = shared_sandbox(folder)
    assert stop_shared_sandbox(folder) is True
    assert eventually(lambda: not answers(shared.connection))
    assert not (folder / "state.json").exists()
    assert not (folder / "files").exists()
    assert stop_shared_sandbox(folder) is False


def test_stopping_what_never_was(tmp_path):
    assert stop_shared_sandbox(tmp_path / "nothing") is False
    assert not (tmp_path / "nothing").exists()


@pytest.fixture
def checks_often():
    """Starts sandboxes that look every tenth of a second whether to end."""
    script = (
        "from helpers.sandbox import __main__ as program;program.CHECK_SECONDS = 0.1; raise SystemExit(program.main())"
    )
    with contextlib.ExitStack() as ended:

        def start(*options):
            process = subprocess.Popen(
                [sys.executable, "-c", script, *map(str, options)],
                env=clean_environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            ended.callback(end, process)
            return process, Connection.from_json(process.stdout.readline())

        yield start


@pytest.mark.exhaustive
def test_it_ends_when_nobody_has_asked_for_long(checks_often):
    process, connection = checks_often("--idle-hours", 1 / 3600)
    last_asked = time.monotonic()
    for _ in range(6):
        assert answers(connection)
        last_asked = time.monotonic()
        threading.Event().wait(0.2)
    assert process.wait(SECONDS_TO_END) == 0
    assert time.monotonic() - last_asked >= 1


@pytest.mark.exhaustive
def test_it_ends_when_its_state_file_goes_away(checks_often, tmp_path):
    state_file = tmp_path / "state.json"
    process, connection = checks_often("--state-file", state_file)
    assert State.read(state_file) == State(process.pid, connection)
    assert mode_of(state_file) == "0o600"
    state_file.unlink()
    assert process.wait(SECONDS_TO_END) == 0


@pytest.mark.exhaustive
def test_it_ends_when_another_took_its_place(checks_often, tmp_path):
    state_file = tmp_path / "state.json"
    process, connection = checks_often("--state-file", state_file)
    State(os.getpid(), connection).write(state_file)
    assert process.wait(SECONDS_TO_END) == 0


# --- a clone of the tutorial, and a learner's own AWS


@pytest.fixture
def clone(tmp_path):
    """The tutorial in a folder of its own; its shared sandbox is stopped after the test."""
    clone = tmp_path / "clone"
    shutil.copytree(CHECKOUT / "helpers", clone / "helpers")
    yield clone
    stop(clone)


def stop(clone):
    return run(clone, "-m", "helpers.sandbox", "stop")


def run(clone, *arguments, **environment):
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=clone,
        env=clean_environment() | {"PYTHONPATH": str(clone)} | environment,
        capture_output=True,
        text=True,
    )


@pytest.mark.exhaustive
def test_the_stop_command(clone):
    opened = run(clone, "-c", "from helpers.account import open_account; print(open_account('sandbox').news)")
    assert opened.stdout == f"{NEW}\n"
    assert State.read(clone / ".sandbox" / "state.json").pid
    assert stop(clone).stdout == "The sandbox was stopped.\n"
    assert stop(clone).stdout == "No sandbox was running.\n"


@pytest.mark.exhaustive
def test_the_next_call_after_a_kill_says_so_and_running_again_works(clone):
    script = """
import os, signal
from helpers.account import open_account
from helpers.sandbox.outside.session import SandboxStopped
from helpers.sandbox.outside.background import FOLDER, State
account = open_account("sandbox")
iam = account.client("iam")
iam.create_user(UserName="app")
os.kill(State.read(FOLDER / "state.json").pid, signal.SIGKILL)
for call in (iam.list_users, account.client("s3").list_buckets, account.client("sts").get_caller_identity):
    try:
        call()
    except SandboxStopped as stopped:
        print(stopped)
again = open_account("sandbox")
print(again.news)
print(again.client("iam").create_user(UserName="app")["User"]["Arn"])
"""
    told = run(clone, "-c", script)
    assert told.stderr == ""
    stopped = (
        "The sandbox has stopped, and what was in it is gone. "
        "Run this notebook again from its first cell: that starts a new one."
    )
    assert told.stdout.splitlines() == [
        *[stopped] * 3,
        STOPPED,
        "arn:aws:iam::111122223333:user/app",
    ]


USE_EVERYTHING = """
import sys
from helpers.account import open_account
account = open_account(sys.argv[1])
print(account.client("sts").get_caller_identity()["Arn"])
user = account.client("iam").create_user(UserName="app")["User"]
print(user["Arn"])
s3 = account.client("s3")
s3.create_bucket(Bucket="lesson")
s3.put_object(Bucket="lesson", Key="notes.txt", Body=b"hello")
print(s3.get_object(Bucket="lesson", Key="notes.txt")["Body"].read().decode())
print(account.client("ec2").describe_instances()["Reservations"], account.client("glue").get_jobs()["Jobs"])
"""
USED = """\
arn:aws:iam::111122223333:user/administrator
arn:aws:iam::111122223333:user/app
hello
[] []
"""
NOWHERE = "http://127.0.0.1:9"
LEARNERS_VARIABLES = {
    "a profile that does not exist": {"AWS_PROFILE": "nope", "AWS_DEFAULT_PROFILE": "nope"},
    "keys": {"AWS_ACCESS_KEY_ID": "AKIAMINE", "AWS_SECRET_ACCESS_KEY": "mine", "AWS_SESSION_TOKEN": "mine"},
    "regions": {"AWS_REGION": "eu-nowhere-9", "AWS_DEFAULT_REGION": "not a region"},
    "endpoints": {
        "AWS_ENDPOINT_URL": NOWHERE,
        "AWS_ENDPOINT_URL_IAM": NOWHERE,
        "AWS_ENDPOINT_URL_S3": NOWHERE,
        "AWS_ENDPOINT_URL_STS": NOWHERE,
        "AWS_USE_FIPS_ENDPOINT": "true",
        "AWS_USE_DUALSTACK_ENDPOINT": "true",
        "AWS_STS_REGIONAL_ENDPOINTS": "nonsense",
    },
    "proxies": {
        name: NOWHERE for upper in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY") for name in (upper, upper.lower())
    },
    "settings that are none": {
        "AWS_RETRY_MODE": "nonsense",
        "AWS_MAX_ATTEMPTS": "many",
        "AWS_DEFAULTS_MODE": "nonsense",
        "AWS_CA_BUNDLE": "/nowhere/ca.pem",
        "AWS_REQUEST_CHECKSUM_CALCULATION": "nonsense",
        "AWS_RESPONSE_CHECKSUM_VALIDATION": "nonsense",
        "AWS_ACCOUNT_ID_ENDPOINT_MODE": "nonsense",
        "AWS_SIGV4A_SIGNING_REGION_SET": "nonsense",
        "AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES": "nonsense",
        "AWS_SDK_UA_APP_ID": "x" * 99,
        "AWS_AUTH_SCHEME_PREFERENCE": "nonsense",
        "AWS_WEB_IDENTITY_TOKEN_FILE": "/nowhere/token",
        "AWS_ROLE_ARN": "nonsense",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": NOWHERE,
    },
    "what moto listens to": {
        "MOTO_ACCOUNT_ID": "999988887777",
        "MOTO_IAM_LOAD_MANAGED_POLICIES": "false",
        "INITIAL_NO_AUTH_ACTION_COUNT": "0",
        "TEST_SERVER_MODE": "true",
    },
}


@pytest.fixture
def home(tmp_path):
    """A learner's home with broken files in ~/.aws."""
    files = tmp_path / "home" / ".aws"
    files.mkdir(parents=True)
    (files / "config").write_text("[default\nregion = ] broken\n\x00")
    (files / "credentials").write_text("this is no ini file\n[default]\naws_access_key_id")
    return tmp_path / "home"


def contents(home):
    """Every file under a home, with what is in it and when it was changed."""
    return {
        path.relative_to(home): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in home.rglob("*")
        if path.is_file()
    }


@pytest.mark.exhaustive
@pytest.mark.parametrize("target", ["private", "sandbox"])
def test_what_a_learner_has_set_does_not_matter(clone, home, target):
    before = contents(home)
    told = run(clone, "-c", USE_EVERYTHING, target, **everything_set(home))
    assert (told.stdout, told.stderr) == (USED, "")
    assert contents(home) == before


def everything_set(home):
    everything = {name: value for group in LEARNERS_VARIABLES.values() for name, value in group.items()}
    files = {
        "AWS_CONFIG_FILE": str(Path(home, ".aws", "config")),
        "AWS_SHARED_CREDENTIALS_FILE": str(Path(home, ".aws", "credentials")),
        "BOTO_CONFIG": str(Path(home, ".aws", "config")),
    }
    return everything | files | {"HOME": str(home)}


def test_a_sandbox_that_cannot_write_how_to_reach_it_says_why_on_standard_output(tmp_path):
    """A log on a disk that is full would stay empty."""
    command = [sys.executable, "-m", "helpers.sandbox", "--state-file", str(tmp_path / "none" / "state.json")]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "its state file cannot be written (No such file or directory)\n")
