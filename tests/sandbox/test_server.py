"""`python -m helpers.sandbox` as a process: how it starts and ends, and what it answers to whom."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from helpers.sandbox.outside.connection import Connection
from support.sandbox_clients import (
    HERE,
    SECONDS_TO_END,
    THERE,
    Key,
    administrator,
    allow,
    clean_environment,
    client,
    deny,
    document,
    end,
    iam,
    key_of,
    new_user,
    refusal,
    running_sandbox,
    send,
    session_token,
    start_sandbox,
    unique,
)


@pytest.fixture
def start():
    """Starts sandboxes, and ends those that the test left running."""
    with contextlib.ExitStack() as ended:

        def started(*options):
            process = start_sandbox(*options)
            ended.callback(end, process)
            return process

        yield started


def port_of(sandbox):
    return int(sandbox.endpoint_url.rpartition(":")[2])


# --- how it starts and ends


def test_the_first_line_says_how_to_reach_it_on_the_port_asked_for(start):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    first_line = start("--port", str(port)).stdout.readline()
    read = json.loads(first_line)
    assert read["endpoint_url"] == f"http://127.0.0.1:{port}"
    assert read["region"] == "us-east-1"
    assert [account["account_id"] for account in read["accounts"]] == [HERE, THERE]
    for account in read["accounts"]:
        assert {"account_id", "access_key_id", "secret_access_key"} <= set(account)
        assert len(account["secret_access_key"]) == 40
    assert iam(Connection.from_json(first_line)).get_user()["User"]["UserName"] == "administrator"


@pytest.mark.parametrize("account_id", [HERE, THERE])
def test_each_account_has_its_own_administrator(sandbox, account_id):
    admin = administrator(sandbox, account_id)
    identity = client(sandbox, "sts", admin).get_caller_identity()
    assert identity["Account"] == account_id
    name = unique("user")
    assert iam(sandbox, account_id).create_user(UserName=name)["User"]["Arn"].split(":")[4] == account_id


@pytest.mark.parametrize(("family", "host"), [(socket.AF_INET, "127.0.0.2"), (socket.AF_INET6, "::1")])
def test_it_listens_on_127_0_0_1_only(sandbox, family, host):
    with socket.socket(family) as stranger:
        stranger.settimeout(2)
        with pytest.raises(OSError, match=r"refused|timed out|assign|unreachable|not supported"):
            stranger.connect((host, port_of(sandbox)))


@pytest.mark.exhaustive
def test_a_port_that_is_taken_gets_one_sentence(sandbox, start):
    port = port_of(sandbox)
    process = start("--port", str(port))
    output, errors = process.communicate(timeout=SECONDS_TO_END)
    assert (process.returncode, output) == (2, "")
    assert len(errors.splitlines()) == 1
    assert errors.startswith(f"Port {port} cannot be used")
    assert errors.endswith("Choose another with --port.\n")


def test_what_is_no_port(start):
    process = start("--port", "65536")
    output, errors = process.communicate(timeout=SECONDS_TO_END)
    assert (process.returncode, output) == (2, "")
    assert "argument --port" in errors.splitlines()[-1]


@pytest.mark.exhaustive(but_first=1)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(start, number):
    process = start()
    connection = Connection.from_json(process.stdout.readline())
    iam(connection).list_users()
    process.send_signal(number)
    output, errors = process.communicate(timeout=SECONDS_TO_END)
    assert (process.returncode, output, errors) == (0, "", "")


@pytest.mark.exhaustive
def test_standard_output_holds_nothing_but_the_first_line(start):
    process = start()
    connection = Connection.from_json(process.stdout.readline())
    refused = refusal(client(connection, "pricing", administrator(connection)).describe_services)
    assert refused.code == "NotImplemented"
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=SECONDS_TO_END)
    assert output == ""


# --- any AWS client


@pytest.mark.exhaustive
def test_boto3_as_it_comes(sandbox):
    """A script that knows nothing of this project, pointed at the sandbox by the environment alone."""
    script = (
        "import boto3; s3 = boto3.client('s3'); s3.create_bucket(Bucket='lesson-{0}'); "
        "s3.put_object(Bucket='lesson-{0}', Key='notes.txt', Body=b'hello'); "
        "print(s3.get_object(Bucket='lesson-{0}', Key='notes.txt')['Body'].read().decode())"
    ).format(unique("x"))
    run = subprocess.run([sys.executable, "-c", script], env=aws_environment(sandbox), capture_output=True, text=True)
    assert (run.stdout, run.stderr) == ("hello\n", "")


def test_the_aws_cli(sandbox):
    answer = aws(sandbox, "sts", "get-caller-identity")
    assert json.loads(answer.stdout)["Arn"] == f"arn:aws:iam::{HERE}:user/administrator"


@pytest.mark.exhaustive
def test_the_aws_cli_is_refused_in_awss_words(sandbox):
    user = new_user(sandbox)
    answer = aws(sandbox, "s3api", "list-buckets", signer=user.key)
    assert answer.returncode not in (0, 1, 2)
    assert answer.stderr.strip().endswith(
        "An error occurred (AccessDenied) when calling the ListBuckets operation: "
        f"User: {user.arn} is not authorized to perform: s3:ListAllMyBuckets because no "
        "identity-based policy allows the s3:ListAllMyBuckets action"
    )


def aws_environment(sandbox, signer=None):
    signer = signer or administrator(sandbox)
    return clean_environment(
        AWS_ACCESS_KEY_ID=signer.access_key_id,
        AWS_SECRET_ACCESS_KEY=signer.secret_access_key,
        AWS_ENDPOINT_URL=sandbox.endpoint_url,
        AWS_DEFAULT_REGION=sandbox.region,
        AWS_CONFIG_FILE=os.devnull,
        AWS_SHARED_CREDENTIALS_FILE=os.devnull,
    )


def aws(sandbox, *words, signer=None):
    program = shutil.which("aws", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    assert program, "the aws program belongs to the project's packages"
    return subprocess.run(
        [program, *words, "--output", "json"],
        env=aws_environment(sandbox, signer),
        capture_output=True,
        text=True,
    )


# --- moto's control addresses

RESET = [
    "/moto-api/reset",
    "/moto-api/reset-auth",
    "/moto-api/seed?a=42",
    "/moto-api/state-manager/set-transition",
]
TRICKS = [
    "//moto-api/reset",
    "///moto-api/reset",
    "/moto-api//reset",
    "/MOTO-API/reset",
    "/Moto-Api/Reset",
    "/x/../moto-api/reset",
    "/./moto-api/reset",
    "/x/%2e%2e/moto-api/reset",
    "/%6d%6f%74%6f-api/reset",
    "/%2fmoto-api/reset",
    "/moto-api%2freset",
    "/moto-api/reset/",
    "/moto-api/reset?x",
    "/moto-api;x/reset",
    "/moto-api",
    "/sandbox/health/../../moto-api/reset",
]
READ = ["/moto-api/data.json", "//moto-api/data.json", "/x/../moto-api/data.json", "/moto-api/", "/moto-api"]
HEADERS = {
    "plain": {},
    "with an account id": {"x-moto-account-id": THERE},
    "from a browser": {"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"},
    "rewritten": {"X-Original-URL": "/moto-api/reset", "X-Forwarded-Prefix": "/moto-api"},
    "as moto-api's host": {"Host": "moto-api.localhost"},
}


@pytest.fixture(scope="module")
def others(sandbox):
    """Whoever is not the administrator, the one who may do everything in AWS included."""
    return {
        "nobody": None,
        "a stranger": Key("AKIAIOSFODNN7EXAMPLE", "x" * 40),
        "a plain user": new_user(sandbox).key,
        "a powerful user": new_user(sandbox, allow("*")).key,
        "a namesake": new_user(sandbox, allow("*"), name=unique("administrator")).key,
        "the administrator's guest": guest(sandbox),
        "the administrator, for a while": session_token(sandbox, administrator(sandbox)),
    }


def guest(sandbox):
    """A federated user of the administrator's who may do nothing."""
    sts = client(sandbox, "sts", administrator(sandbox))
    return key_of(sts.get_federation_token(Name="guest", Policy=document(deny("*"))))


WHO = [
    *("nobody", "a stranger", "a plain user", "a powerful user", "a namesake"),
    *("the administrator's guest", "the administrator, for a while"),
]


@pytest.fixture(scope="module")
def witness(sandbox):
    """A user who is still there, and whose key still works, as long as nobody has reset anything."""
    return new_user(sandbox)


@pytest.mark.exhaustive(but_first=20)
@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("path", RESET + TRICKS)
def test_the_control_addresses_are_closed(sandbox, others, witness, who, path):
    for method, service in (("POST", "s3"), ("POST", "iam"), ("GET", "s3")):
        answer = send(sandbox, method, path, signer=others[who], service=service)
        assert answer.status >= 400
        assert client(sandbox, "sts", witness.key).get_caller_identity()["Arn"] == witness.arn


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("headers", HEADERS)
def test_no_header_opens_the_control_addresses(sandbox, others, witness, who, headers):
    answer = send(sandbox, "POST", "/moto-api/reset", signer=others[who], headers=HEADERS[headers])
    assert answer.status >= 400
    assert client(sandbox, "sts", witness.key).get_caller_identity()["Arn"] == witness.arn


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("path", READ)
def test_the_control_addresses_show_nothing(sandbox, others, witness, who, path):
    answer = send(sandbox, "GET", path, signer=others[who])
    assert answer.status >= 400
    assert witness.name.encode() not in answer.body
    assert witness.key.secret_access_key.encode() not in answer.body


@pytest.mark.parametrize("path", ["/moto-api/reset-auth", "/moto-api/reset"])
@pytest.mark.parametrize("who", ["nobody", "a plain user"])
def test_authorization_cannot_be_switched_off(sandbox, others, who, path):
    send(sandbox, "POST", path, signer=others[who])
    refused = send(sandbox, "GET", "/", signer=others["a plain user"])
    assert refused.status == 403


def test_a_refused_seed_does_not_repeat_ids(sandbox, others):
    ids = set()
    for _ in range(2):
        send(sandbox, "POST", "/moto-api/seed?a=42", signer=others["a powerful user"])
        ids.add(new_user(sandbox).id)
    assert len(ids) == 2


@pytest.mark.exhaustive
def test_an_administrator_may_use_the_control_addresses():
    """In a sandbox of its own, for a reset is everybody's: seeded ids repeat, a reset clears all."""
    with running_sandbox() as own:
        new_user(own)  # moto draws lots of its own at the first call
        ids = []
        for _ in range(2):
            assert send(own, "POST", "/moto-api/seed?a=42", signer=administrator(own)).status == 200
            ids.append(new_user(own).id)
        assert ids[0] == ids[1]
        assert ids[0].encode() in send(own, "GET", "/moto-api/data.json", signer=administrator(own)).body
        assert send(own, "POST", "/moto-api/reset", signer=administrator(own)).status == 200
        assert iam(own).list_users()["Users"][0]["UserName"] == "administrator"


# --- an account is chosen by the signature alone


@pytest.mark.parametrize(
    ("name", "when"),
    [
        ("x-moto-account-id", "before-sign"),
        ("x-moto-account-id", "before-send"),
        ("x_moto_account_id", "before-send"),
    ],
)
def test_no_header_lets_a_caller_act_in_another_account(sandbox, name, when):
    user = new_user(sandbox, allow("*"))
    with header_on_every_call(sandbox, user.key, when, name, THERE) as clients:
        assert clients.sts.get_caller_identity()["Account"] == HERE
        made = unique("made")
        assert clients.iam.create_user(UserName=made)["User"]["Arn"] == f"arn:aws:iam::{HERE}:user/{made}"
        there = {listed["UserName"] for listed in iam(sandbox, THERE).list_users(MaxItems=1000)["Users"]}
        assert made not in there
        assert user.name in {listed["UserName"] for listed in clients.iam.list_users(MaxItems=1000)["Users"]}


@contextlib.contextmanager
def header_on_every_call(sandbox, key, when, name, value):
    """Clients that add a header, signed or not, to whatever they send."""
    clients = {service: client(sandbox, service, key) for service in ("sts", "iam")}

    def add(request, **_):
        request.headers[name] = value

    for made in clients.values():
        made.meta.events.register(when, add)
    try:
        yield SimpleNamespace(**clients)
    finally:
        for made in clients.values():
            made.meta.events.unregister(when, add)


# --- no page of another origin may read an answer


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "OPTIONS", "HEAD"])
@pytest.mark.parametrize("path", ["/", "/moto-api/", "/sandbox/health", "/some-bucket/some-key"])
@pytest.mark.parametrize("signed", [False, True])
def test_no_cors_headers(sandbox, method, path, signed):
    preflight = {
        "Origin": "http://evil.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,x-amz-date",
    }
    signer = administrator(sandbox) if signed else None
    answer = send(sandbox, method, path, signer=signer, headers=preflight)
    assert [name for name in answer.headers if name.lower().startswith("access-control-")] == []


@pytest.mark.exhaustive
def test_ids_after_a_seed_do_not_depend_on_what_was_read_in_between():
    with running_sandbox() as sandbox:
        ids = []
        for reads in (0, 3):
            assert send(sandbox, "POST", "/moto-api/seed?a=42", signer=administrator(sandbox)).status == 200
            for _ in range(reads):
                iam(sandbox).list_roles()
            ids.append(new_user(sandbox).id)
    assert ids[0] == ids[1]
