"""The ledger: nothing is made that is not written down before, and nothing that was written is lost."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from helpers import buckets, iam, policies
from helpers.account import Account
from helpers.inventory.ledger import Entry, Ledger, LedgerError
from helpers.inventory.ownership import entity_named, made
from helpers.sandbox.outside.connection import Connection
from support.sandbox_clients import clean_environment
from support.sandbox_clients import iam as owners_iam

EC2 = policies.policy(policies.trust_service("ec2.amazonaws.com"))
ROLE = Entry("role", "anna-tutorial-role")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.jsonl"


def python(code: str, *arguments: object, **environment: str) -> subprocess.Popen[str]:
    """Runs code in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        env=clean_environment(AWS_EC2_METADATA_DISABLED="true", **environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


# --- written before it is made

MAKE_A_ROLE = """
import boto3, sys
from pathlib import Path
from typing import Any
from helpers import iam, policies
from helpers.clients.hooks import Hook, attach
from helpers.inventory.ledger import Ledger
keys = dict(aws_access_key_id="a", aws_secret_access_key="b")
client = boto3.client("iam", region_name="us-east-1", endpoint_url=sys.argv[1], **keys)
ledger = Ledger(Path(sys.argv[2]), "anna")
attach(client, [Hook("before-parameter-build", ledger.note_creation)])
ledger.claim(client)
iam.create_role(client, name="anna-tutorial-role", trust_policy=policies.policy())
"""


@contextmanager
def silent_server() -> Iterator[tuple[str, socket.socket]]:
    """A server that takes what it is sent, and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}", server


@pytest.mark.exhaustive
def test_a_process_that_is_killed_at_the_call_has_written_it_down(path: Path) -> None:
    with silent_server() as (address, server):
        process = python(MAKE_A_ROLE, address, path)
        connection, _ = server.accept()
        with connection:
            assert connection.recv(4096).startswith(b"POST")
            process.kill()
            process.communicate()
    assert Ledger(path).entries == (ROLE,)


def test_what_makes_something_is_written_down_and_tagged(own_account: Account, sandbox: Connection) -> None:
    client, prefix = own_account.client("iam"), own_account.prefix
    iam.create_role(client, name=f"{prefix}role", trust_policy=EC2)
    iam.create_user(client, name=f"{prefix}user")
    iam.create_access_key(client, user_name=f"{prefix}user")
    bucket = own_account.named(f"t-{own_account.ledger.id}")
    buckets.create_bucket(own_account.client("s3"), own_account.ledger, name=bucket)
    assert own_account.ledger.entries == (
        Entry("bucket", bucket),
        Entry("access key", f"{prefix}user"),
        Entry("user", f"{prefix}user"),
        Entry("role", f"{prefix}role"),
    )
    tags = [
        owners_iam(sandbox).list_role_tags(RoleName=f"{prefix}role")["Tags"],
        owners_iam(sandbox).list_user_tags(UserName=f"{prefix}user")["Tags"],
        own_account.client("s3").get_bucket_tagging(Bucket=bucket)["TagSet"],
    ]
    wanted = {"made-by": "iam-role-tutorial", "ledger": own_account.ledger.id, "learner": own_account.learner}
    for each in tags:
        assert {tag["Key"]: tag["Value"] for tag in each} == wanted
    buckets.delete_bucket(own_account.client("s3"), name=bucket)


def test_tags_of_ones_own_stay_and_the_ledgers_count(own_account: Account) -> None:
    given = [{"Key": "team", "Value": "blue"}, {"Key": "ledger", "Value": "another"}]
    own_account.client("iam").create_user(UserName=own_account.named("user"), Tags=given)
    tags = own_account.client("iam").list_user_tags(UserName=own_account.named("user"))["Tags"]
    kept = {tag["Key"]: tag["Value"] for tag in tags}
    assert kept["team"] == "blue"
    assert kept["ledger"] == own_account.ledger.id


def test_reading_writes_nothing(own_account: Account) -> None:
    assert own_account.ledger.entries == ()
    assert own_account.ledger.names("role") == []
    assert not own_account.ledger.holds("role", "tutorial-role", {"ledger": "0123456789ab"})
    assert list(made(own_account.client("iam"), "role")) == []
    assert not own_account.ledger.path.exists()


def test_two_checkouts_have_ledgers_of_their_own(tmp_path: Path) -> None:
    ledgers = [Ledger(tmp_path / name) for name in ("one", "another")]
    assert ledgers[0].id != ledgers[1].id
    for ledger in ledgers:
        ledger.write(ROLE)
    assert ledgers[0].holds("role", ROLE.name, ledgers[0].tags)
    assert not ledgers[0].holds("role", ROLE.name, ledgers[1].tags)
    assert not ledgers[0].holds("role", ROLE.name, {})
    assert not ledgers[0].holds("user", ROLE.name, ledgers[0].tags)


# --- what happens to files


@pytest.mark.parametrize("lost", [1, 5, len('{"kind": "role"')])
def test_a_line_that_was_cut_off_takes_no_other_along(path: Path, lost: int) -> None:
    ledger = Ledger(path)
    ledger.write(ROLE)
    ledger.write(Entry("user", "cut-off"))
    path.write_bytes(path.read_bytes()[:-lost])
    assert Ledger(path).entries == (ROLE,)
    Ledger(path).write(Entry("bucket", "next"))
    assert Ledger(path).entries == (Entry("bucket", "next"), ROLE)
    assert Ledger(path).id == ledger.id


DAMAGED = ["garbage", '{"kind": "role", "nXme": "tutorial-role"', '"kind": "role"}', "\0\0\0", '{"kind": "rXle"']


@pytest.mark.exhaustive(but_first=2)
@pytest.mark.parametrize(
    "text",
    ["", "{}", "garbage", '{"id"', "[1]", '"id"', '{"id": "a"}\n{"kind": 1]}', '{"id": "a"}\n{"name": "x"}']
    + [f'{{"id": "a"}}\n{line}\n{{"kind": "role", "name": "r"}}' for line in DAMAGED],
)
def test_a_damaged_file_is_said_and_kept(own_account: Account, text: str) -> None:
    own_account.ledger.path.write_text(text, encoding="utf-8")
    with pytest.raises(LedgerError, match=r"ledger\.jsonl cannot be used: it is damaged"):
        iam.create_user(own_account.client("iam"), name=own_account.named("user"))
    assert own_account.ledger.path.read_text(encoding="utf-8") == text
    assert entity_named(own_account.client("iam"), "user", own_account.named("user")) is None


def test_only_the_owner_can_read_it(path: Path) -> None:
    Ledger(path).write(ROLE)
    assert path.stat().st_mode & 0o777 == 0o600


BEGIN = """
import sys
from pathlib import Path
from typing import Any
from helpers.inventory.ledger import Entry, Ledger
print("ready", flush=True)
sys.stdin.readline()
ledger = Ledger(Path(sys.argv[1]))
for number in range(100):
    ledger.write(Entry("role", f"{sys.argv[2]}-{number}"))
print(ledger.id)
"""


def test_processes_that_begin_at_once_share_a_ledger(path: Path) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", BEGIN, str(path), str(number)],
            env=clean_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(3)
    ]
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    ids = {process.communicate()[0] for process in processes}
    assert ids == {f"{Ledger(path).id}\n"}
    assert len(Ledger(path).entries) == 300
    assert list(path.parent.iterdir()) == [path]


def test_nothing_is_made_where_the_ledger_cannot_be_begun(own_account: Account) -> None:
    own_account.folder.rmdir()
    own_account.folder.write_text("a file where the folder should be")
    with pytest.raises(LedgerError, match="cannot be used: Not a directory"):
        iam.create_user(own_account.client("iam"), name=own_account.named("user"))
    assert entity_named(without_a_ledger(own_account), "user", own_account.named("user")) is None


def test_nothing_is_made_where_the_ledger_is_gone(own_account: Account) -> None:
    iam.create_user(own_account.client("iam"), name=own_account.named("user"))
    own_account.ledger.path.unlink()
    with pytest.raises(LedgerError, match="cannot be used: No such file"):
        iam.create_role(own_account.client("iam"), name=own_account.named("role"), trust_policy=EC2)
    assert entity_named(own_account.client("iam"), "role", own_account.named("role")) is None


def without_a_ledger(account: Account) -> Any:
    """An IAM client of the account's that needs no ledger."""
    return account._session.client("iam")


WRITE_TO_A_FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from typing import Any
from helpers.inventory.ledger import Entry, Ledger, LedgerError
ledger = Ledger(Path(sys.argv[1]))
ledger.write(Entry("role", "first"))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (ledger.path.stat().st_size + 10,) * 2)
try:
    ledger.write(Entry("role", "second"))
except LedgerError as error:
    print(error)
"""


def test_an_entry_that_does_not_fit_on_the_disk_is_said(path: Path) -> None:
    """A limit on the file's size stands for a full disk: the entry's first bytes are written, and no more."""
    told, errors = python(WRITE_TO_A_FULL_DISK, path).communicate()
    assert "cannot be used: File too large. Without it, nothing is made" in told, errors
    assert Ledger(path).entries == (Entry("role", "first"),)
    Ledger(path).write(Entry("role", "third"))
    assert Ledger(path).names("role") == ["third", "first"]
