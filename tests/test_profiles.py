"""AWS CLI profiles, with the real `aws` program: what is written, who reads it, and which credentials win."""

import json
import os
import re
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from helpers import cli, iam, policies, profiles, sts
from helpers.account import Account, open_account
from helpers.sandbox.outside.session import SandboxStopped
from support.sandbox_clients import CHECKOUT, gone_account

SCRIPT = CHECKOUT / "notebooks" / "assume_role.py"
EXAMPLE = iam.AccessKey("ana", "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
WHO_AM_I = "aws sts get-caller-identity"

# Every command line that this process starts; Python reports them itself.
started: list[str] = []
sys.addaudithook(lambda event, args: started.append(str(args[1])) if event == "subprocess.Popen" else None)


@dataclass(frozen=True)
class Ready:
    """An account with a user and a role that trusts it, and a CLI profile for each."""

    account: Account
    key: iam.AccessKey
    role_arn: str
    configured: profiles.Command
    started: tuple[str, ...]

    def who_am_i(self, line: str = WHO_AM_I, **options: Any) -> str:
        """The ARN that the CLI ends up with."""
        done = cli.run(self.account, line, **options)
        assert (done.exit_code, done.error) == (0, "")
        return str(json.loads(done.output)["Arn"])


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ready]:
    account = replace(open_account("private"), folder=tmp_path_factory.mktemp("account"))
    client = account.client("iam")
    user = iam.create_user(client, name="profiles-ana")
    trust = policies.policy(policies.trust_principal(user.arn))
    role = iam.create_role(client, name="profiles-role", trust_policy=trust)
    key = iam.create_access_key(client, user_name=user.name)
    before, umask = len(started), os.umask(0)
    configured = profiles.configure(account, profile="the-user", key=key)
    profiles.add_role_profile(account, profile="the-role", role_arn=role.arn, source_profile="the-user")
    os.umask(umask)
    yield Ready(account, key, role.arn, configured, tuple(started[before:]))
    iam.delete_role(client, name=role.name)
    iam.delete_user(client, name=user.name)


@pytest.fixture
def account(tmp_path: Path) -> Account:
    """The private account with a folder of its own; what `ready` made in it stays."""
    return replace(open_account("private"), folder=tmp_path)


@pytest.fixture
def session(ready: Ready) -> sts.RoleSession:
    client = ready.account.client("sts", ready.key)
    return sts.assume_role(client, role_arn=ready.role_arn, session_name="exported")


def files_under(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# --- what is written


def test_configure_asks_its_four_questions_and_shows_no_secret(ready: Ready) -> None:
    assert repr(ready.configured) == (
        "$ aws configure --profile the-user\n"
        f"    AWS Access Key ID [None]: ****************{ready.key.access_key_id[-4:]}\n"
        "    AWS Secret Access Key [None]: ********************\n"
        "    Default region name [None]: us-east-1\n"
        "    Default output format [None]: json"
    )


def test_the_profiles_are_what_aws_configure_writes(ready: Ready) -> None:
    assert profiles.read_profile(ready.account, "the-user") == {
        "region": "us-east-1",
        "output": "json",
        "endpoint_url": ready.account.endpoint_url,
        "aws_access_key_id": ready.key.access_key_id,
        "aws_secret_access_key": ready.key.secret_access_key,
    }
    assert profiles.read_profile(ready.account, "the-role") == {
        "role_arn": ready.role_arn,
        "source_profile": "the-user",
        "role_session_name": "cli",
        "region": "us-east-1",
        "endpoint_url": ready.account.endpoint_url,
    }
    assert profiles.read_profile(ready.account, "not-there") == {}


def test_files_with_secrets_are_their_owners_alone(ready: Ready) -> None:
    ready.who_am_i(f"{WHO_AM_I} --profile the-role")
    secrets = (b"aws_secret_access_key", b"SecretAccessKey")
    with_secrets = [
        path for path, content in files_under(ready.account.folder).items() if any(s in content for s in secrets)
    ]
    assert len(with_secrets) == 2, "the credentials, and the CLI's cache of the role's session"
    assert {stat.S_IMODE(path.stat().st_mode) for path in with_secrets} == {0o600}


def test_no_secret_is_on_a_command_line(ready: Ready) -> None:
    assert any("configure" in line for line in ready.started)
    assert ready.key.secret_access_key not in " ".join(ready.started)
    assert ready.key.access_key_id not in " ".join(ready.started)


def test_the_files_are_shown_without_secrets_and_without_the_port(ready: Ready) -> None:
    files = profiles.show_files(ready.account)
    assert list(files.texts) == ["config", "credentials"]
    for shown in (repr(files), f"{files}", files._repr_html_(), str(files.texts)):
        assert ready.key.access_key_id not in shown
        assert ready.key.secret_access_key not in shown
        assert f"aws_access_key_id = ****************{ready.key.access_key_id[-4:]}" in shown
        assert "endpoint_url = http://127.0.0.1:(port)" in shown
        assert str(ready.account.folder) not in shown


def test_files_that_are_not_there_are_shown_as_such(account: Account) -> None:
    assert set(profiles.show_files(account).texts.values()) == {"(not there)"}


@pytest.mark.exhaustive
def test_configuring_again_changes_that_profile_alone(account: Account) -> None:
    folder = account.folder / ".aws"
    folder.mkdir()
    (folder / "config").write_text("[profile other]\nregion = eu-west-1\n")
    (folder / "credentials").write_text("[other]\naws_access_key_id = other\n\n[me]\naws_access_key_id = old\n")
    profiles.configure(account, profile="me", key=EXAMPLE)
    assert profiles.read_profile(account, "other") == {"region": "eu-west-1", "aws_access_key_id": "other"}
    assert profiles.read_profile(account, "me")["aws_access_key_id"] == EXAMPLE.access_key_id


@pytest.mark.exhaustive
def test_a_profile_is_edited_as_aws_configure_set_does_it(account: Account) -> None:
    key_id = {"aws_access_key_id": EXAMPLE.access_key_id}
    profiles.edit_profile(account, profile="edited", settings={"region": "eu-west-1", "output": "json"} | key_id)
    profiles.edit_profile(account, profile="other", settings={"region": "us-east-1"})
    profiles.edit_profile(account, profile="edited", settings={"region": None, "output": "text"})
    ours = {path.name: path.read_text().strip() for path in files_under(account.folder)}
    profiles.delete_files(account)
    cli.run(account, "aws configure set output text --profile edited")
    cli.run(account, f"aws configure set aws_access_key_id {EXAMPLE.access_key_id} --profile edited")
    cli.run(account, "aws configure set region us-east-1 --profile other")
    theirs = {path.name: path.read_text().strip() for path in files_under(account.folder)}
    assert {name: text.replace("\n\n", "\n") for name, text in ours.items()} == theirs


@pytest.mark.exhaustive
def test_configure_that_fails_says_why(account: Account) -> None:
    (account.folder / ".aws").write_text("a file where the folder belongs")
    with pytest.raises(RuntimeError, match="aws configure --profile me failed: ") as failed:
        profiles.configure(account, profile="me", key=EXAMPLE)
    assert EXAMPLE.secret_access_key not in str(failed.value)


@pytest.mark.parametrize("arn", ["<role-arn>", "arn:aws:iam::111122223333:user/ana"])
def test_a_role_profile_wants_the_arn_of_a_role(account: Account, arn: str) -> None:
    with pytest.raises(ValueError, match="role"):
        profiles.add_role_profile(account, profile="the-role", role_arn=arn, source_profile="the-user")
    assert files_under(account.folder) == {}


def test_deleting_the_files_twice_is_quiet(account: Account) -> None:
    profiles.save_access_key(account, EXAMPLE)
    (account.folder / ".aws" / "cli" / "cache").mkdir(parents=True)
    (account.folder / ".aws" / "credentials").write_text("[me]\n")
    (account.folder / "notes.txt").write_text("mine")
    for _ in range(2):
        profiles.delete_files(account)
        assert [path.name for path in account.folder.iterdir()] == ["notes.txt"]


# --- the downloaded key


def test_a_key_is_kept_as_the_console_does_it(account: Account) -> None:
    before = os.umask(0)
    path = profiles.save_access_key(account, EXAMPLE)
    os.umask(before)
    assert path == account.folder / "ana_accessKeys.csv"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text().splitlines() == [
        "Access key ID,Secret access key",
        "AKIAIOSFODNN7EXAMPLE,wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    ]
    assert profiles.load_access_key(account, user_name="ana") == EXAMPLE
    assert profiles.load_access_key(account, user_name="ben") is None


def test_a_new_key_takes_the_place_of_the_old_one(account: Account) -> None:
    profiles.save_access_key(account, EXAMPLE)
    other = replace(EXAMPLE, access_key_id="AKIAI44QH8DHBEXAMPLE")
    profiles.save_access_key(account, other)
    assert profiles.load_access_key(account, user_name="ana") == other
    assert len(list(account.folder.iterdir())) == 1


def test_the_consoles_own_download_is_read(account: Account) -> None:
    text = f"\ufeffAccess key ID,Secret access key\n{EXAMPLE.access_key_id},{EXAMPLE.secret_access_key}"
    (account.folder / "ana_accessKeys.csv").write_text(text, encoding="utf-8")
    assert profiles.load_access_key(account, user_name="ana") == EXAMPLE


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a key",
        b"Access key ID,Secret access key\n",
        b"Access key ID,Secret access key\nonly one\n",
        b"Access key ID,Secret access key\none,two,three\n",
        b"User name,Password\nana,secret\n",
        b"\xff\xfe\x00A",
        pytest.param(b"Access key ID,Secret access key\n\n", marks=()),
        b"Access key ID,Secret access key\n,\n",
        b"Access key ID," + b"x" * 200_000,
    ],
    ids=lambda content: repr(content[:45]),
)
def test_a_damaged_key_file_says_what_to_do(account: Account, content: bytes) -> None:
    (account.folder / "ana_accessKeys.csv").write_bytes(content)
    with pytest.raises(ValueError, match=r"ana_accessKeys.csv is no access key file: .* Delete .* run notebook 02\."):
        profiles.load_access_key(account, user_name="ana")


# --- which credentials win


def test_a_profile_signs_as_its_user_or_its_role(ready: Ready) -> None:
    user_arn = "arn:aws:iam::111122223333:user/profiles-ana"
    role_arn = "arn:aws:sts::111122223333:assumed-role/profiles-role/cli"
    assert ready.who_am_i(f"{WHO_AM_I} --profile the-user") == user_arn
    assert ready.who_am_i(f"AWS_PROFILE=the-role {WHO_AM_I}") == role_arn


@pytest.mark.exhaustive
def test_exported_credentials_beat_the_profile_of_the_environment(ready: Ready, session: sts.RoleSession) -> None:
    assert ready.who_am_i(credentials=session) == session.arn
    assert ready.who_am_i(f"AWS_PROFILE=the-user {WHO_AM_I}", credentials=session) == session.arn


@pytest.mark.exhaustive
def test_the_profile_of_the_command_line_beats_exported_credentials(ready: Ready, session: sts.RoleSession) -> None:
    assert ready.who_am_i(f"{WHO_AM_I} --profile the-user", credentials=session).endswith(":user/profiles-ana")


@pytest.mark.exhaustive
def test_without_the_token_a_session_is_worth_nothing(ready: Ready, session: sts.RoleSession) -> None:
    done = cli.run(ready.account, WHO_AM_I, credentials=replace(session, session_token=""))
    assert done.exit_code != 0
    assert "InvalidClientTokenId" in done.error
    assert "InvalidClientTokenId" in repr(done)


@pytest.mark.exhaustive
def test_a_learners_own_settings_are_neither_read_nor_touched(
    ready: Ready, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / ".aws"
    (own / "cli" / "cache").mkdir(parents=True)
    (own / "config").write_text("[broken\n")
    (own / "credentials").write_text("[the-user]\naws_access_key_id = mine\n")
    (own / "cli" / "cache" / "session.json").write_text("{}")
    before = files_under(tmp_path)
    for name, value in {
        "HOME": str(tmp_path),
        "USERPROFILE": str(tmp_path),
        "AWS_CONFIG_FILE": str(own / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(own / "credentials"),
        "AWS_PROFILE": "not-there",
        "AWS_ACCESS_KEY_ID": EXAMPLE.access_key_id,
        "AWS_SECRET_ACCESS_KEY": EXAMPLE.secret_access_key,
        "AWS_SESSION_TOKEN": "mine",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:9",
        "AWS_DEFAULT_OUTPUT": "text",
        "AWS_CA_BUNDLE": "/not/there",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "http_proxy": "http://127.0.0.1:9",
    }.items():
        monkeypatch.setenv(name, value)
    arn = ready.who_am_i(f"{WHO_AM_I} --profile the-role")
    assert arn == "arn:aws:sts::111122223333:assumed-role/profiles-role/cli"
    cli.run(ready.account, "aws configure set region eu-west-1 --profile other")
    assert files_under(tmp_path) == before


# --- running commands


@pytest.mark.exhaustive
def test_a_session_that_a_command_prints_is_masked(ready: Ready) -> None:
    line = f"aws sts assume-role --role-arn {ready.role_arn} --role-session-name test --profile the-user"
    done = cli.run(ready.account, line)
    printed = json.loads(done.output)["Credentials"]
    as_html = unescape(re.sub(r"<[^>]*>", "", done._repr_html_()))
    for shown in (repr(done), str(done), f"{done}", f"{[done]!r}", as_html):
        assert line in shown
        assert "****************" + printed["AccessKeyId"][-4:] in shown
        assert "(in 60 minutes)" in shown
        for secret in ("AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"):
            assert printed[secret] not in shown
            assert printed[secret] not in done._repr_html_()


@pytest.mark.parametrize(
    "output",
    [
        "ACCESSKEY\tAKIAIOSFODNN7EXAMPLE\t2026-01-01T00:00:00Z\twJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\tActive",
        '{"AccessKeyId":"AKIAIOSFODNN7EXAMPLE","SecretAccessKey":"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}',
        "export AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE\n"
        "export AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    ],
    ids=["text", "compact JSON", "exports"],
)
def test_a_secret_is_masked_in_every_format(output: str) -> None:
    shown = repr(profiles.Command("aws iam create-access-key", output, "", 0))
    assert EXAMPLE.access_key_id not in shown
    assert EXAMPLE.secret_access_key not in shown


@pytest.mark.exhaustive
def test_a_refusal_is_shown_in_the_words_of_the_program(ready: Ready) -> None:
    done = cli.run(ready.account, "aws iam list-users --profile the-user")
    assert done.exit_code != 0
    assert done.output == ""
    assert "(AccessDenied) when calling the ListUsers operation: User: arn:aws:iam::111122223333:user" in repr(done)


def test_the_cheatsheets_script_prints_the_account(ready: Ready) -> None:
    done = cli.run(ready.account, f"AWS_PROFILE=the-user python '{SCRIPT}' {ready.role_arn}")
    assert (done.exit_code, done.error) == (0, "")
    arn = "arn:aws:sts::111122223333:assumed-role/profiles-role/example-role"
    assert done.output.splitlines() == ["111122223333", arn]


def test_what_is_typed_reaches_the_program(account: Account) -> None:
    done = cli.run(account, "python -c 'print(input() + input())'", typed="one\ntwo\n")
    assert (done.output, done.exit_code) == ("onetwo\n", 0)


def test_a_program_that_is_not_there_says_how_to_get_it(account: Account) -> None:
    with pytest.raises(FileNotFoundError, match=r"There is no `no-such-aws` program\. `make lab` installs it"):
        cli.run(account, "no-such-aws sts get-caller-identity")


@pytest.mark.exhaustive
def test_a_sandbox_that_is_gone_is_said_in_a_sentence(account: Account) -> None:
    gone = replace(account, _reach=gone_account()._reach)
    with pytest.raises(SandboxStopped, match="The sandbox has stopped"):
        cli.run(gone, f"AWS_MAX_ATTEMPTS=1 {WHO_AM_I}", credentials=EXAMPLE)


@pytest.mark.exhaustive
def test_a_line_without_a_profile_is_signed_by_the_administrator(account: Account) -> None:
    told = cli.run(account, "aws sts get-caller-identity --query Arn --output text")
    assert told.output.strip() == "arn:aws:iam::111122223333:user/administrator"


@pytest.mark.exhaustive
def test_a_role_profile_works_on_when_its_kept_session_has_ended(ready: Ready) -> None:
    """The CLI keeps a role's session by this machine's clock, which the sandbox's has left behind."""
    line = f"{WHO_AM_I} --profile the-role"
    assert cli.run(ready.account, line).exit_code == 0
    ready.account.advance_clock(3660)
    done = cli.run(ready.account, line)
    assert done.error == ""
    assert json.loads(done.output)["Arn"] == "arn:aws:sts::111122223333:assumed-role/profiles-role/cli"


@pytest.mark.exhaustive
def test_a_session_of_ones_own_that_has_ended_is_refused(ready: Ready, session: sts.RoleSession) -> None:
    ready.account.advance_clock(3660)
    done = cli.run(ready.account, WHO_AM_I, credentials=session)
    assert "(ExpiredToken)" in done.error
