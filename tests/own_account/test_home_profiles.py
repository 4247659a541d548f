"""A profile in the learner's own AWS files: there for real clients, and gone without a trace."""

import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from textwrap import dedent
from typing import Any
from unittest import mock

import boto3
import botocore.exceptions
import botocore.session
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from helpers import clean_up
from helpers.account import Account, open_account
from helpers.forms import home_profile_form
from helpers.iam import AccessKey
from helpers.inventory.ledger import Entry, Ledger, LedgerError
from helpers.own_account import home_profiles, home_records
from helpers.own_account.home_files import HomeProfileError
from helpers.own_account.home_sections import has_section
from helpers.sandbox.outside.background import CHECKOUT, shared_sandbox, stop_shared_sandbox
from helpers.sandbox.outside.connection import Connection
from helpers.widgets.fields import FormError
from support.sandbox_clients import allow, clean_environment, new_role, new_user, trust

NAME = "iam-tutorial"
ROLE = "arn:aws:iam::111122223333:role/tutorial-role"
KEY = AccessKey("ana", "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")

CONFIG = b"""\
# work things -- ask Dana before changing!
[default]
region=eu-central-1
  output   =   table

\t
[sso-session corp]
sso_start_url = https://example.awsapps.com/start
sso_region = eu-west-1\t
sso_registration_scopes = sso:account:access

[ profile  "dev" ]
sso_session = corp
sso_account_id = 111122223333
;  sso_role_name = Admin
sso_role_name = ReadOnly
services = local
s3 =
    max_concurrent_requests = 20

[services local]
s3 =
  endpoint_url = http://localhost:9000
[profile odd]   # no blank line above
region:us-west-2
[preview]
cloudfront = true


"""
CREDENTIALS = b"""\
[default]
aws_access_key_id = AKIAI44QH8DHBEXAMPLE
aws_secret_access_key=je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY"""
ENDED = CREDENTIALS + b"\n"


class Home:
    """A home folder, and the tutorial's folder beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "home"
        self.folder.mkdir()
        self.aws = self.folder / ".aws"
        self.config, self.credentials = self.aws / "config", self.aws / "credentials"
        (folder / "tutorial").mkdir()
        self.ledger = Ledger(folder / "tutorial" / "ledger.jsonl")
        self.records = folder / "tutorial" / "home-profiles"

    def write(self, config: bytes | None, credentials: bytes | None) -> None:
        self.aws.mkdir()
        for path, content in ((self.config, config), (self.credentials, credentials)):
            if content is not None:
                path.write_bytes(content)

    def add(self, profile: str = NAME, **options: Any) -> home_profiles.AddedProfile:
        options = {"role_arn": ROLE, "key": KEY, "region": "us-east-1"} | options
        return home_profiles.add_profile(self.ledger, profile=profile, **options)

    def remove(self, profile: str = NAME) -> home_profiles.RemovedProfile | None:
        return home_profiles.remove_profile(self.ledger, profile)

    def contents(self) -> dict[str, bytes | str | None]:
        """Everything in it: files by their bytes, links by where they lead, folders."""
        return {
            str(path.relative_to(self.folder)): (
                os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None
            )
            for path in self.folder.rglob("*")
        }


@contextmanager
def home_in(folder: Path) -> Iterator[Home]:
    """A home folder that this process has for its own meanwhile."""
    home = Home(folder)
    environment = mock.patch.dict(os.environ, {"HOME": str(home.folder)})
    with environment, mock.patch.object(home_records, "RECORDS", home.records):
        for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            os.environ.pop(name, None)
        yield home


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with home_in(tmp_path) as made:
        yield made


def read_by_botocore(home: Home) -> Any:
    """What AWS's own reader makes of the two files; the kind of error where it cannot read them."""
    session = botocore.session.Session()
    try:
        return session.full_config
    except botocore.exceptions.ConfigParseError as error:
        return type(error)


def without(profile: str, read: Any) -> Any:
    if not isinstance(read, dict):
        return read
    profiles = {name: settings for name, settings in read["profiles"].items() if name != profile}
    return {kind: sections for kind, sections in (read | {"profiles": profiles}).items() if sections}


def aws(home: Home, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What the real AWS CLI says, with this home."""
    program = Path(sys.executable).with_name("aws")
    environment = clean_environment(HOME=str(home.folder), AWS_EC2_METADATA_DISABLED="true", NO_PROXY="127.0.0.1")
    return subprocess.run([program, *arguments], env=environment, capture_output=True, text=True, check=False)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# --- every other byte stays


def test_a_config_with_comments_sso_sections_and_odd_spacing_comes_back_byte_for_byte(home: Home) -> None:
    home.write(CONFIG, CREDENTIALS)
    before, read = home.contents(), read_by_botocore(home)
    home.add()
    assert home.config.read_bytes().startswith(CONFIG)
    assert home.credentials.read_bytes().startswith(CREDENTIALS)
    during = read_by_botocore(home)
    assert without(NAME, during) == without(NAME, read)
    assert during["profiles"][NAME] == {
        "role_arn": ROLE,
        "source_profile": NAME,
        "role_session_name": f"iam-tutorial-{home.ledger.id}",
        "region": "us-east-1",
        "output": "json",
        "aws_access_key_id": KEY.access_key_id,
        "aws_secret_access_key": KEY.secret_access_key,
    }
    home.remove()
    assert home.contents() == before


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[default]\r\nregion = eu-west-1\r\n# windows\r\n",
        b"[default]\r\nregion = eu-west-1",
        b"[default]\rregion = eu-west-1\r",
        b"[default]\ns3 =\n  max_queue_size = 5",
        b"\n\n\t \n",
    ],
)
def test_odd_files_come_back_byte_for_byte(home: Home, content: bytes) -> None:
    home.write(content, content)
    before, read = home.contents(), read_by_botocore(home)
    home.add()
    assert without(NAME, read_by_botocore(home)) == without(NAME, read)
    home.remove()
    assert home.contents() == before


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf[default]\nregion = eu-west-1\n",
        b"# \xe4 in Latin 1\n[default]\n",
        b"region = eu-west-1\n",
        b"[default\nregion = eu-west-1\n",
        b"[default]\nregion = a\n[default]\nregion = b\n",
        b"[default]\nregion = a\nregion = b\n",
        "[default]\nregion = eu-west-1\n".encode("utf-16"),
        b"[default]\nregion\n",
    ],
)
@pytest.mark.parametrize("which", ["config", "credentials"])
def test_a_file_that_aws_tools_cannot_read_is_left_alone_and_named(home: Home, content: bytes, which: str) -> None:
    home.write(*((content, CREDENTIALS) if which == "config" else (CONFIG, content)))
    before = home.contents()
    with pytest.raises(HomeProfileError, match=f"{which} is no AWS configuration.*nothing was changed"):
        home.add()
    assert home.contents() == before
    assert home_profiles.list_added(home.ledger) == ()


def test_the_line_ends_are_those_of_the_file(home: Home) -> None:
    home.write(b"[default]\r\nregion = eu-west-1", b"[default]\n")
    home.add()
    assert home.config.read_bytes().count(b"\n") == home.config.read_bytes().count(b"\r\n")
    assert b"\r" not in home.credentials.read_bytes()


LINES = (
    "[default]|[profile a]|[ profile 'b c' ]|[sso-session iam]|[a]|[|]|| |\t|#|;x|region = us-west-2| s3 =|"
    "  addressing_style = path|x|=|key: v # c|ü = \u2028|\ufeff|\x00"
)
lines = st.sampled_from(LINES.split("|"))
line_ends = st.sampled_from(["\n", "\r\n", "\r", "\n\n", ""])
ini_files = st.lists(st.tuples(lines, line_ends)).map(lambda pairs: "".join(map("".join, pairs)).encode())
contents = st.none() | st.binary() | ini_files


@pytest.mark.exhaustive
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(config=contents, credentials=contents)
@example(config=CONFIG, credentials=None)
def test_whatever_is_in_the_files_comes_back_byte_for_byte(config: bytes | None, credentials: bytes | None) -> None:
    with tempfile.TemporaryDirectory() as folder, home_in(Path(folder)) as home:
        home.write(config, credentials)
        before, read = home.contents(), read_by_botocore(home)
        try:
            home.add()
        except HomeProfileError:
            assert not isinstance(read, dict)
        else:
            during = read_by_botocore(home)
            assert without(NAME, during) == without(NAME, read)
            assert NAME in during["profiles"]
        home.remove()
        assert home.contents() == before


def test_where_nothing_was_nothing_is_left(home: Home) -> None:
    home.add()
    assert (mode(home.aws), mode(home.config), mode(home.credentials)) == (0o700, 0o600, 0o600)
    home.remove()
    assert home.contents() == {}


def test_what_the_learner_changed_meanwhile_stays(home: Home) -> None:
    home.write(CONFIG, CREDENTIALS)
    home.add()
    text = home.config.read_bytes()
    text = text.replace(b"output = json\n", b"output = text\nmfa_serial = x\n# mine\ns3 =\n  a = b\n")
    text = text.replace(b"region=eu-central-1", b"region=eu-north-1")
    later = b"# about the next\n[profile later]\nregion = eu-west-3\n"
    home.config.write_bytes(b"# first\n" + text + b"cli_pager =\n" + later)
    removed = home.remove()
    changed = CONFIG.replace(b"region=eu-central-1", b"region=eu-north-1")
    assert home.config.read_bytes() == b"# first\n" + changed + later
    assert home.credentials.read_bytes() == CREDENTIALS
    assert removed is not None
    assert {path.name for path in home.aws.iterdir()} == {"config", "credentials"}, "a backup would keep the keys"


@pytest.mark.exhaustive
def test_what_the_aws_cli_set_in_the_profile_goes_with_it(home: Home) -> None:
    home.write(CONFIG, CREDENTIALS)
    home.add()
    for setting in ("region", "s3.max_queue_size", "aws_session_token"):
        aws(home, "configure", "set", setting, "7", "--profile", NAME)
    assert read_by_botocore(home)["profiles"][NAME]["s3"] == {"max_queue_size": "7"}
    home.remove()
    assert (home.config.read_bytes(), home.credentials.read_bytes()) == (CONFIG, CREDENTIALS)


def test_a_section_that_the_learner_wrote_anew_is_theirs(home: Home) -> None:
    home.add()
    home.config.write_bytes(f"[profile {NAME}]\nregion = eu-west-1\n".encode())
    home.remove()
    assert home.contents() == {".aws": None, ".aws/config": f"[profile {NAME}]\nregion = eu-west-1\n".encode()}


# --- never over what is there


@pytest.mark.parametrize(
    "header",
    [
        f"[profile {NAME}]",
        f'[profile "{NAME}"]',
        f"[profile '{NAME}']",
        f"[ profile\t {NAME} ]",
        f"  [profile   {NAME}]  # mine",
        '[profile iam"-"tutorial]',
        "[profile iam\\-tutorial]",
        f"[{NAME}]",
        f"[ {NAME} ]",
        f"\ufeff[{NAME}]",
    ],
)
@pytest.mark.parametrize("file", ["config", "credentials"])
def test_a_profile_that_is_there_is_left_alone(home: Home, file: str, header: str) -> None:
    home.write(CONFIG, CREDENTIALS)
    (home.aws / file).write_bytes(f"{header}\nregion = eu-west-1\n".encode())
    before = home.contents()
    with pytest.raises(HomeProfileError, match=rf"\.aws/{file} has a section for {NAME} already: choose another name"):
        home.add()
    assert home.contents() == before
    assert home.ledger.entries == ()


names = st.from_regex(r"[A-Za-z0-9._-]{1,4}", fullmatch=True)
headers = st.text(st.sampled_from("ab-_.\t \"'\\#;]["), max_size=6)


@pytest.mark.exhaustive
@settings(deadline=None, max_examples=60)
@given(name=names, header=headers, kind=st.sampled_from(["", "profile ", "profile", " profile "]))
def test_whatever_aws_reads_as_the_profile_is_seen(name: str, header: str, kind: str) -> None:
    with tempfile.TemporaryDirectory() as folder, home_in(Path(folder)) as home:
        content = f"[{kind}{header}]\nregion = x\n".encode()
        home.write(content, None)
        read = read_by_botocore(home)
        for profile in read["profiles"] if isinstance(read, dict) else ():
            if home_profiles.profile_problem(profile) is None:
                assert has_section(content, profile)
        assert not has_section(b"[profile other]\n", name) or name == "other"


@pytest.mark.parametrize(
    "name", ["default", "Default", "DEFAULT", "", "a b", "a]", "ä", "-x", "a\nb", "x" * 65, "a/b", "."]
)
def test_a_name_that_would_do_harm_is_refused(home: Home, name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        home.add(name)
    assert (home.contents(), home.ledger.entries) == ({}, ())


def test_twice_is_once(home: Home) -> None:
    home.add()
    before = home.contents()
    with pytest.raises(HomeProfileError, match="already"):
        home.add()
    assert home.contents() == before
    assert home.remove() is not None
    assert home.remove() is None
    home.add()
    assert home_profiles.list_added(home.ledger) == (NAME,)


def test_two_profiles_come_and_go_in_any_order(home: Home) -> None:
    home.write(CONFIG, ENDED)
    before = home.contents()
    home.add("one")
    home.add("one.two")
    assert home_profiles.list_added(home.ledger) == ("one.two", "one")
    home.remove("one")
    read = read_by_botocore(home)
    assert "one" not in read["profiles"]
    assert read["profiles"]["one.two"]["role_arn"] == ROLE
    home.remove("one.two")
    assert home_profiles.list_added(home.ledger) == ()
    assert (home.config.read_bytes(), home.credentials.read_bytes()) == (CONFIG, ENDED)
    assert home.contents() == before


def test_what_is_no_file_is_left_alone(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    with pytest.raises(HomeProfileError, match="is no file"):
        home.add()
    assert not Path(os.devnull).is_file()


def test_one_file_for_both_is_left_alone(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.write(CONFIG, None)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "$HOME/.aws/config")
    with pytest.raises(HomeProfileError, match="keep them apart"):
        home.add()
    assert home.contents() == {".aws": None, ".aws/config": CONFIG}


# --- how it is written


def test_the_files_that_the_environment_names_are_changed_and_found_again_without_it(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a").write_bytes(CONFIG)
    with monkeypatch.context() as patched:
        patched.setenv("AWS_CONFIG_FILE", str(tmp_path / "elsewhere" / "a"))
        patched.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "elsewhere" / "b"))
        home.add()
        assert NAME in read_by_botocore(home)["profiles"]
    assert home.contents() == {}
    home.remove()
    assert {path.name: path.read_bytes() for path in (tmp_path / "elsewhere").iterdir()} == {"a": CONFIG}


def test_a_link_stays_and_what_it_leads_to_is_changed(home: Home) -> None:
    dotfiles = home.folder / "dotfiles"
    dotfiles.mkdir()
    (dotfiles / "aws").write_bytes(CONFIG)
    home.aws.mkdir()
    home.config.symlink_to("../dotfiles/aws")
    home.credentials.symlink_to("../dotfiles/not-there-yet")
    before = home.contents()
    home.add()
    assert os.readlink(home.config) == "../dotfiles/aws"
    assert NAME.encode() in (dotfiles / "aws").read_bytes()
    assert {path.name for path in dotfiles.iterdir()} == {"aws", "not-there-yet"}, "the backup is beside the link"
    home.remove()
    assert home.contents() == before


def test_an_editor_that_put_a_file_in_the_links_place_changes_nothing(home: Home) -> None:
    (home.folder / "linked").write_bytes(CONFIG)
    home.aws.mkdir()
    home.config.symlink_to("../linked")
    home.add()
    text = home.config.read_bytes()
    home.config.unlink()
    home.config.write_bytes(text)
    home.remove()
    assert home.contents() == {".aws": None, ".aws/config": CONFIG, "linked": CONFIG}


def test_no_file_is_readable_by_others_at_any_moment(home: Home) -> None:
    home.write(CONFIG, CREDENTIALS)
    home.config.chmod(0o644)
    home.credentials.chmod(0o640)
    modes = script(
        home,
        """
        import os, sys
        os.umask(0)
        seen = set()
        def watch(event, args):
            if event in ("open", "os.rename", "os.remove"):
                seen.update(
                    entry.stat().st_mode & 0o777 for entry in os.scandir(HOME + "/.aws")
                    if entry.name.startswith(".") or "before" in entry.name
                )
        sys.addaudithook(watch)
        add()
        now = [os.stat(f"{HOME}/.aws/{name}").st_mode & 0o777 for name in ("config", "credentials")]
        print(json.dumps([sorted(seen), now]))
        """,
    )
    assert modes == [[0o600], [0o600, 0o600]]
    home.remove()
    assert (mode(home.config), mode(home.credentials)) == (0o644, 0o640)


def test_an_older_backup_is_not_overwritten(home: Home) -> None:
    home.write(CONFIG, CREDENTIALS)
    older = home.aws / f"config.before-{NAME}"
    older.write_bytes(b"older")
    added = home.add()
    assert added.backups == (home.aws / f"config.before-{NAME}-2", home.aws / f"credentials.before-{NAME}")
    assert [path.read_bytes() for path in added.backups] == [CONFIG, CREDENTIALS]
    assert {mode(path) for path in added.backups} == {0o600}
    home.remove()
    assert older.read_bytes() == b"older"
    assert not any(path.exists() for path in added.backups)


def test_it_is_in_the_ledger_before_a_file_is_touched(home: Home) -> None:
    home.ledger.path.mkdir()
    with pytest.raises(LedgerError):
        home.add()
    assert home.contents() == {}
    home.ledger.path.rmdir()
    home.add()
    assert home.ledger.entries == (Entry("profile", NAME),)


# --- whatever happens in between


def script(home: Home, program: str) -> Any:
    """What a process of its own prints as JSON; HOME, add and remove are there for it."""
    before = f"""
import json, os, signal, sys
from pathlib import Path
from helpers.iam import AccessKey
from helpers.own_account import home_profiles, home_records
from helpers.own_account.home_files import HomeProfileError
from helpers.inventory.ledger import Ledger
HOME = {str(home.folder)!r}
ledger = Ledger(Path({str(home.ledger.path)!r}))
key = AccessKey("ana", {KEY.access_key_id!r}, {KEY.secret_access_key!r})
def add(name={NAME!r}):
    home_profiles.add_profile(ledger, profile=name, role_arn={ROLE!r}, key=key, region="us-east-1")
    return name
def remove(name={NAME!r}):
    return home_profiles.remove_profile(ledger, name)
"""
    done = subprocess.run(
        [sys.executable, "-c", before + dedent(program)],
        env=clean_environment(HOME=str(home.folder), IAM_TUTORIAL_FOLDER=str(home.records.parent)),
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


BROKEN_OFF = """
steps = ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.chmod", "tempfile.mkstemp")
def broken_off_at(number, work):
    pid = os.fork()
    if pid == 0:
        left = [number]
        def watch(event, args):
            if event in steps and not (event == "open" and str(args[0]).endswith(".py")):
                left[0] -= 1
                if left[0] == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
        sys.addaudithook(watch)
        work()
        os._exit(0)
    return os.waitpid(pid, 0)[1] == signal.SIGKILL
def contents():
    return {
        str(path): None if path.is_dir() else path.read_bytes() for path in Path(HOME).rglob("*")
    }
before = contents()
wrong, number = [], 0
while True:
    number += 1
    going_on = broken_off_at(number, WORK[0])
    WORK[1]()
    if contents() != before or home_profiles.list_added(ledger):
        wrong.append([number, sorted(set(contents()) ^ set(before))])
    if not going_on:
        break
print(json.dumps([number, wrong]))
"""


@pytest.mark.exhaustive(but_first=1)
@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("work", ["(add, remove)", "(lambda: remove(add()), remove)"])
def test_killed_at_any_step_removal_brings_everything_back(home: Home, there: bool, work: str) -> None:
    if there:
        home.write(CONFIG, CREDENTIALS)
    number, wrong = script(home, f"WORK = {work}" + BROKEN_OFF)
    assert wrong == []
    assert number > 15, "the places at which it was killed"


@pytest.mark.exhaustive(but_first=2)
@pytest.mark.parametrize("failing", range(1, 6))
def test_when_a_file_cannot_be_written_the_other_is_put_back(home: Home, failing: int) -> None:
    home.write(CONFIG, CREDENTIALS)
    before = home.contents()
    said = script(
        home,
        f"""
        import builtins
        left = [{failing}]
        def watch(event, args):
            if event == "os.rename":
                left[0] -= 1
                if left[0] == 0:
                    raise OSError(28, "No space left on device")
        sys.addaudithook(watch)
        try:
            add()
        except HomeProfileError as error:
            print(json.dumps(str(error)))
        """,
    )
    assert "No space left on device" in said
    assert home.contents() == before
    assert home_profiles.list_added(home.ledger) == ()


def test_a_read_only_folder_is_said_to_be(home: Home) -> None:
    home.write(CONFIG, CREDENTIALS)
    before = home.contents()
    home.aws.chmod(0o500)
    if os.access(home.aws, os.W_OK):
        pytest.skip("nothing is read-only for root")
    with pytest.raises(HomeProfileError, match="Permission denied"):
        home.add()
    home.aws.chmod(0o700)
    assert home.contents() == before


@pytest.mark.exhaustive
def test_several_at_once_all_get_in_and_all_get_out(home: Home) -> None:
    home.write(CONFIG, ENDED)
    names = script(
        home,
        """
        children = []
        for number in range(8):
            pid = os.fork()
            if pid == 0:
                add(f"p{number}")
                if number % 2:
                    remove(f"p{number}")
                os._exit(0)
            children.append(pid)
        assert [os.waitpid(pid, 0)[1] for pid in children] == [0] * 8
        print(json.dumps(home_profiles.list_added(ledger)))
        """,
    )
    assert sorted(names) == ["p0", "p2", "p4", "p6"]
    read = read_by_botocore(home)
    assert {name for name in read["profiles"] if name.startswith("p")} == set(names)
    for name in names:
        home.remove(name)
    assert (home.config.read_bytes(), home.credentials.read_bytes()) == (CONFIG, ENDED)
    assert not {path.name for path in home.aws.iterdir() if "lock" in path.name}


# --- with real clients


@pytest.mark.exhaustive(but_first=1)
@pytest.mark.parametrize("others", [(CONFIG, CREDENTIALS), (None, None)])
def test_boto3_and_the_aws_cli_assume_the_role_with_it(
    home: Home, sandbox: Connection, others: tuple[bytes | None, bytes | None]
) -> None:
    user = new_user(sandbox, allow("sts:AssumeRole"))
    role = new_role(sandbox, trust({"AWS": user.arn}))
    key = AccessKey(user.name, user.key.access_key_id, user.key.secret_access_key)
    if others != (None, None):
        home.write(*others)
        (home.aws / "cli" / "cache").mkdir(parents=True)
        (home.aws / "cli" / "cache" / "other.json").write_text('{"AssumedRoleUser": {"Arn": "…/cli"}}')
    before = home.contents()
    added = home.add(role_arn=role, key=key, region=sandbox.region, endpoint_url=sandbox.endpoint_url)
    session = f"{role.replace(':iam:', ':sts:').replace(':role/', ':assumed-role/')}/iam-tutorial-{home.ledger.id}"
    assert NAME in boto3.Session().available_profiles
    assert boto3.Session(profile_name=NAME).client("sts").get_caller_identity()["Arn"] == session
    asked = aws(home, *added.rows()[-1][1].split()[1:])
    assert asked.returncode == 0, asked.stderr
    assert json.loads(asked.stdout)["Arn"] == session
    cached = [path for path in (home.aws / "cli" / "cache").iterdir() if session in path.read_text()]
    assert len(cached) == 1, "the CLI keeps the session"
    home.remove()
    assert home.contents() == before
    assert NAME not in boto3.Session().available_profiles
    gone = aws(home, "sts", "get-caller-identity", "--profile", NAME)
    assert (gone.returncode, NAME in gone.stderr) == (255, True)


def test_what_is_shown_is_masked(home: Home) -> None:
    home.write(CONFIG, CREDENTIALS)
    added = home.add()
    for shown in (added, home.remove()):
        assert shown is not None
        for text in (repr(shown), shown._repr_html_()):
            assert KEY.secret_access_key not in text
            assert KEY.access_key_id not in text
            assert str(home.folder) not in text
    assert "************MPLE" in repr(added)


# --- left behind


GONE = "http://127.0.0.1:9"


@pytest.mark.parametrize("records", ["kept", "gone"])
@pytest.mark.parametrize("config", [None, b"", CONFIG, CONFIG.rstrip()])
@pytest.mark.parametrize("older_backup", [True, False])
def test_what_a_sandbox_that_is_gone_left_behind_is_found_and_taken_out(
    home: Home, records: str, config: bytes | None, older_backup: bool
) -> None:
    if config is not None:
        home.write(config, CREDENTIALS)
        home.config.chmod(0o640)
    if older_backup and config is not None:
        (home.aws / f"config.before-{NAME}").write_bytes(b"older")
    before = home.contents()
    home.add(endpoint_url=GONE)
    home.ledger.path.unlink()
    if records == "gone":
        shutil.rmtree(home.records)
    (left,) = home_profiles.list_left_behind(lambda url: url != GONE)
    assert left.name == NAME
    home_profiles.remove_home_profile(left)
    assert home.contents() == before
    assert config is None or mode(home.config) == 0o640
    assert home_profiles.list_left_behind(lambda _: False) == []


@pytest.mark.parametrize(
    ("endpoint_url", "is_running"), [(GONE, True), (None, False), ("https://aws.example.com", False)]
)
def test_the_profile_of_a_sandbox_that_runs_or_of_an_account_is_not_left_behind(
    home: Home, endpoint_url: str | None, is_running: bool
) -> None:
    home.add(endpoint_url=endpoint_url)
    assert home_profiles.list_left_behind(lambda _: is_running) == []


def run(home: Home, *command: str) -> str:
    """What a program of this checkout prints, with this home and no sandbox."""
    environment = clean_environment(HOME=str(home.folder), IAM_TUTORIAL_FOLDER=str(home.records.parent))
    done = subprocess.run(
        [sys.executable, "-m", *command], env=environment, capture_output=True, text=True, check=True, cwd=CHECKOUT
    )
    return done.stdout


def test_a_terminal_takes_out_what_was_left_behind(home: Home) -> None:
    home.write(CONFIG, CREDENTIALS)
    before = home.contents()
    home.add(endpoint_url=GONE)
    added = home.contents()
    assert f"Would be taken out: profile {NAME}" in run(home, "helpers.clean_up", "--left-behind", "--dry-run")
    assert home.contents() == added
    assert f"Taken out: profile {NAME}" in run(home, "helpers.clean_up", "--left-behind")
    assert home.contents() == before
    assert run(home, "helpers.clean_up", "--left-behind") == ""


def test_a_clean_up_takes_out_what_was_left_behind(account: Account, home: Home) -> None:
    home.write(CONFIG, CREDENTIALS)
    before = home.contents()
    home.add(endpoint_url=GONE)
    planned = clean_up.plan(account)
    assert [thing.name for thing in planned.things] == [
        f"profile {NAME} in your own AWS files, which an earlier sandbox left behind"
    ]
    assert clean_up.clean_up(account).done
    assert home.contents() == before


def test_a_new_sandbox_tells_what_an_earlier_one_left_behind(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.add(endpoint_url=GONE)
    folder = home.folder.parent / "sandbox"
    monkeypatch.setattr("helpers.account.shared_sandbox", partial(shared_sandbox, folder))
    try:
        assert f"left the profile {NAME} in your own AWS files" in open_account("sandbox").news
        assert open_account("sandbox").news == ""
    finally:
        stop_shared_sandbox(folder)


def test_the_form_replaces_what_an_earlier_sandbox_left_behind(account: Account, home: Home) -> None:
    home.write(CONFIG, CREDENTIALS)
    before = home.contents()
    home.add(endpoint_url=GONE)
    form = home_profile_form(replace(account, folder=home.folder.parent), role_arn=ROLE, key=KEY)
    form._inputs["consent"].widget.value = "yes"
    form.work_now()
    assert isinstance(form.result, home_profiles.AddedProfile)
    assert read_by_botocore(home)["profiles"][NAME]["endpoint_url"] == account.endpoint_url
    (added,) = home_profiles.list_left_behind(lambda _: False)
    home_profiles.remove_home_profile(added)
    assert home.contents() == before


# --- the form


def test_the_form_changes_nothing_before_yes_is_typed_and_the_button_pressed(account: Account, home: Home) -> None:
    home.write(CONFIG, CREDENTIALS)
    before = home.contents()
    form = home_profile_form(replace(account, folder=home.ledger.path.parent), role_arn=ROLE, key=KEY)
    assert home.contents() == before
    form.press()
    with pytest.raises(FormError, match="Type `yes`"):
        _ = form.result
    consent = form._inputs["consent"].widget
    for typed in ("y", "Yes ", "no", ""):
        consent.value = typed
        form.work_now()
        assert home.contents() == before
    consent.value = "yes"
    assert home.contents() == before
    form.work_now()
    assert isinstance(form.result, home_profiles.AddedProfile)
    assert read_by_botocore(home)["profiles"][NAME]["endpoint_url"] == account.endpoint_url
    assert KEY.secret_access_key not in repr(form) + form.answer.value
    home.remove()
    assert home.contents() == before


def test_the_form_says_why_it_could_not(account: Account, home: Home) -> None:
    home.write(f"[profile {NAME}]\n".encode(), None)
    form = home_profile_form(replace(account, folder=home.ledger.path.parent), role_arn=ROLE, key=KEY)
    form._inputs["consent"].widget.value = "yes"
    form.work_now()
    assert "choose another name" in form.message.value
    form._inputs["profile"].widget.value = "default"
    assert "yours alone" in form._inputs["profile"].message.value
