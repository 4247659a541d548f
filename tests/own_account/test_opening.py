"""Opening a learner's own account with boto3's own chain: what is found, and every refusal.

The account is a sandbox that is reached as AWS is, through AWS_ENDPOINT_URL. Nothing leaves this machine.
"""

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import botocore.crt.auth
import pytest
from botocore.credentials import RefreshableCredentials
from botocore.utils import generate_login_cache_key
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from helpers.own_account.choice import Choice
from helpers.own_account.credentials import (
    CredentialsExpired,
    CredentialsRefused,
    NoConnection,
    NoCredentials,
    OwnAccountError,
    UnusableConfiguration,
)
from helpers.own_account.opening import (
    MfaCodeNeeded,
    OtherAccount,
    OtherPartition,
    RootCredentials,
    RunningInCi,
    UnusableChoice,
    account_number,
    learner_of,
    learner_problem,
    open_own_account,
)
from helpers.sandbox.outside.connection import Connection
from helpers.sandbox.outside.control import advance_clock
from support.learner import Learner, learner_at
from support.sandbox_clients import (
    HERE,
    THERE,
    Key,
    administrator,
    allow,
    assume,
    client,
    iam,
    new_role,
    new_user,
    running_sandbox,
    trust,
    unique,
)
from support.strangers import plain_moto

AWS = Choice("aws")
KEY_ID = "AKIAIOSFODNN7EXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
NOBODYS_KEY = Key(KEY_ID, SECRET)
KEY_FILE = f"aws_access_key_id = {KEY_ID}\naws_secret_access_key = {SECRET}\n"
ROLE_ARN = f"arn:aws:iam::{HERE}:role/tutorial-role"


@pytest.fixture
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Learner:
    """Somebody with nothing configured yet, and nobody to answer."""
    return learner_at(tmp_path, monkeypatch)


_CALLER_IS_ROOT = f"""\
<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>arn:aws:iam::{HERE}:root</Arn><UserId>{HERE}</UserId><Account>{HERE}</Account>
</GetCallerIdentityResult></GetCallerIdentityResponse>"""


@contextmanager
def serving(answer: str, status: int = 200) -> Iterator[str]:
    """A server with one answer to everything; gives its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer.encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def refused(kind: type[OwnAccountError], choice: Choice = AWS) -> str:
    """Opens an account, which must be refused; returns the sentence, which holds no secret."""
    with pytest.raises(OwnAccountError) as caught:
        open_own_account(choice)
    told = str(caught.value)
    assert type(caught.value) is kind, told
    assert KEY_ID not in told
    assert SECRET not in told
    return told


# --- what is found


def test_a_user_opens_the_account(learner: Learner, sandbox: Connection) -> None:
    learner.export_key(administrator(sandbox))
    own = open_own_account(AWS)
    assert (own.account_id, own.region, own.region_is_default, own.learner) == (
        HERE,
        "us-east-1",
        True,
        "administrator",
    )
    assert own.identity.arn == f"arn:aws:iam::{HERE}:user/administrator"
    assert own.session.client("iam").list_users()["Users"]


def test_the_card_shows_what_matters_and_no_secret(learner: Learner, sandbox: Connection) -> None:
    signer = administrator(sandbox)
    learner.export_key(signer)
    card = open_own_account(Choice("aws", region="eu-west-1", learner="ana"))
    for shown in (repr(card), card._repr_html_()):
        assert "Your own AWS account 111122223333" in shown
        assert "user/administrator" in shown
        assert "the environment variables AWS_ACCESS_KEY_ID" in shown
        assert "eu-west-1" in shown
        assert "ana-tutorial-role" in shown
        assert signer.access_key_id not in shown
        assert signer.secret_access_key not in shown


def test_the_alias_is_shown_to_those_who_may_see_it(learner: Learner, sandbox: Connection) -> None:
    iam(sandbox).create_account_alias(AccountAlias="ana-and-friends")
    try:
        learner.export_key(administrator(sandbox))
        assert "111122223333, ana-and-friends" in open_own_account(AWS).title()
        learner.export_key(new_user(sandbox).key)
        assert open_own_account(AWS).alias == ""
    finally:
        iam(sandbox).delete_account_alias(AccountAlias="ana-and-friends")


def test_a_profile_can_be_chosen_over_the_environment(learner: Learner, sandbox: Connection) -> None:
    user = new_user(sandbox, name=unique("ana"))
    learner.export_key(administrator(sandbox))
    key = f"aws_access_key_id={user.key.access_key_id}\naws_secret_access_key={user.key.secret_access_key}\n"
    learner.write(".aws/credentials", f"[work]\n{key}")
    learner.write(".aws/config", "[profile work]\nregion = eu-central-1\n")
    own = open_own_account(Choice("aws", profile="work"))
    assert own.identity.arn == user.arn
    assert own.source == "profile work in the credentials file"
    assert (own.region, own.region_is_default) == ("eu-central-1", False)
    assert open_own_account(Choice("aws", profile="work", region="us-west-2")).region == "us-west-2"


@pytest.mark.parametrize("sts_endpoints", ["regional", "legacy"])
def test_sts_is_asked_in_the_chosen_region(learner: Learner, sandbox: Connection, sts_endpoints: str) -> None:
    learner.export_key(administrator(sandbox))
    learner.export(AWS_STS_REGIONAL_ENDPOINTS=sts_endpoints)
    session = open_own_account(Choice("aws", region="us-east-1")).session
    learner.patch.delenv("AWS_ENDPOINT_URL")
    assert session.client("sts").meta.endpoint_url == "https://sts.us-east-1.amazonaws.com"


def test_clients_are_patient_but_not_for_ever(learner: Learner, sandbox: Connection) -> None:
    learner.export_key(administrator(sandbox))
    learner.export(AWS_MAX_ATTEMPTS="1")
    config = open_own_account(AWS).session.client("iam").meta.config
    assert config.retries == {"mode": "standard", "total_max_attempts": 6}
    assert (config.connect_timeout, config.read_timeout) == (5, 15)


def test_a_role_profile_stays_able_to_renew_itself(learner: Learner, sandbox: Connection) -> None:
    user = new_user(sandbox, allow("sts:AssumeRole"))
    role = new_role(sandbox, trust({"AWS": user.arn}))
    key = f"aws_access_key_id={user.key.access_key_id}\naws_secret_access_key={user.key.secret_access_key}\n"
    learner.write(".aws/credentials", f"[base]\n{key}")
    learner.write(".aws/config", f"[profile app]\nrole_arn = {role}\nsource_profile = base\n")
    own = open_own_account(Choice("aws", profile="app"))
    assert own.identity.arn.startswith(f"arn:aws:sts::{HERE}:assumed-role/{role.rpartition('/')[2]}/botocore-session-")
    assert own.learner == role.rpartition("/")[2][:20].strip("-")
    signs_with = own.session.client("iam")._request_signer._credentials
    assert isinstance(signs_with, RefreshableCredentials)
    assert signs_with is own.session.get_credentials()


# --- whose names


@pytest.mark.parametrize(
    ("arn", "learner"),
    [
        (f"arn:aws:iam::{HERE}:user/anna", "anna"),
        (f"arn:aws:iam::{HERE}:user/staff/berlin/Anna.Berg", "anna-berg"),
        (f"arn:aws:sts::{HERE}:assumed-role/AWSReservedSSO_Admin_0a1b/anna@example.com", "anna"),
        (f"arn:aws:sts::{HERE}:assumed-role/Admin/botocore-session-1732434000", "admin"),
        (f"arn:aws:sts::{HERE}:assumed-role/machine/i-0123456789abcdef0", "i-0123456789abcdef0"),
        (f"arn:aws:iam::{HERE}:user/anna-maria-of-the-seven-seas", "anna-maria-of-the-se"),
        (f"arn:aws:iam::{HERE}:user/anna_maria=theGreatest-one", "anna-maria-thegreate"),
        (f"arn:aws:sts::{HERE}:federated-user/bob", "bob"),
    ],
)
def test_the_prefix_follows_from_who_you_are(arn: str, learner: str) -> None:
    assert learner_of(arn) == learner
    assert learner_problem(learner) is None


@pytest.mark.parametrize("name", ["_", "=@+", "sthree"])
def test_no_prefix_can_be_made_of_some_names(name: str) -> None:
    with pytest.raises(UnusableChoice, match="set IAM_TUTORIAL_LEARNER"):
        learner_of(f"arn:aws:iam::{HERE}:user/{name}")


@pytest.mark.parametrize("text", ["a", "7", "anna", "a-b", "a" * 20])
def test_a_prefix_that_fits(text: str) -> None:
    assert learner_problem(text) is None


@pytest.mark.parametrize("text", ["Anna", "an na", "anna_b", "-a", "a-", "a" * 21, "ä", "xn--a", "sthree", "anna\n"])
def test_a_prefix_that_fits_no_bucket(learner: Learner, sandbox: Connection, text: str) -> None:
    learner.export_key(administrator(sandbox))
    assert f"“{text}” cannot be the prefix" in refused(UnusableChoice, Choice("aws", learner=text))


# --- refused: not this account


def test_root_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sandbox: Connection) -> None:
    """The sandbox has no root user, so a server of one answer plays AWS."""
    with serving(_CALLER_IS_ROOT) as address:
        learner = learner_at(tmp_path, monkeypatch)
        learner.export_key(NOBODYS_KEY)
        learner.export(AWS_ENDPOINT_URL=address)
        assert "are the root user's of account 111122223333" in refused(RootCredentials)


def test_another_account_than_the_typed_one_is_refused(learner: Learner, sandbox: Connection) -> None:
    learner.export_key(administrator(sandbox, THERE))
    told = refused(OtherAccount, Choice("aws", account_id=HERE))
    assert HERE in told
    assert THERE in told


@pytest.mark.parametrize("typed", [HERE, "1111-2222-3333", " 1111 2222 3333 "])
def test_the_number_is_taken_as_the_console_shows_it(learner: Learner, sandbox: Connection, typed: str) -> None:
    learner.export_key(administrator(sandbox))
    assert account_number(typed) == HERE
    assert open_own_account(Choice("aws", account_id=typed)).account_id == HERE


@pytest.mark.parametrize("typed", ["1", "11112222333", "1111222233334", "ana", "١١١١٢٢٢٢٣٣٣٣", "-"])
def test_what_is_no_account_number_is_said_before_anything_is_asked(offline: Learner, typed: str) -> None:
    assert f"“{typed}” is no account number, which has 12 digits" in refused(
        UnusableChoice, Choice("aws", account_id=typed)
    )


@pytest.mark.exhaustive(but_first=2)
@pytest.mark.parametrize("value", ["true", "1", "yes", "woodpecker"])
def test_ci_is_refused(learner: Learner, sandbox: Connection, value: str) -> None:
    learner.export_key(administrator(sandbox))
    learner.export(CI=value)
    assert "set IAM_TUTORIAL_CI=yes if you mean it" in refused(RunningInCi)
    learner.export(IAM_TUTORIAL_CI="yes")
    assert open_own_account(AWS).account_id == HERE


@pytest.mark.exhaustive(but_first=2)
@pytest.mark.parametrize("value", ["", "0", "false", "False", "no"])
def test_what_is_no_ci(learner: Learner, sandbox: Connection, value: str) -> None:
    learner.export_key(administrator(sandbox))
    learner.export(CI=value)
    assert open_own_account(AWS).account_id == HERE


# --- refused: no credentials, or broken configuration


def test_no_credentials(offline: Learner) -> None:
    told = refused(NoCredentials)
    assert "sign in with `aws login` or `aws configure sso`" in told
    offline.write(".aws/config", "[profile work]\nregion = eu-central-1\n[profile play]\n")
    assert "choose another of your profiles: work, play" in refused(NoCredentials)


@pytest.mark.parametrize("by_variable", [True, False])
def test_a_profile_that_is_not_there(offline: Learner, by_variable: bool) -> None:
    offline.write(".aws/config", "[profile work]\n[profile play]\n")
    if by_variable:
        offline.export(AWS_PROFILE="wrok")
    told = refused(UnusableConfiguration, AWS if by_variable else Choice("aws", profile="wrok"))
    assert "There is no profile wrok" in told
    assert "work, play" in told


SOURCED = f"[default]\nrole_arn = {ROLE_ARN}\nsource_profile = base\n"
PROCESS = "[default]\ncredential_process = "


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ("[default]\naws_access_key_id = AKIA\n", "missing: aws_secret_access_key"),
        (SOURCED, 'source_profile "base" referenced in the profile "default" does not exist'),
        (SOURCED + "[profile base]\nregion = us-east-1\n", 'source profile "base" must have credentials'),
        (f"[default]\nrole_arn = {ROLE_ARN}\n", "missing: source_profile or credential_source"),
        (SOURCED + f"[profile base]\nrole_arn = {ROLE_ARN}\nsource_profile = default\n", "Infinite loop"),
        ("[default]\nsso_session = corp\nsso_account_id = 1\nsso_role_name = x\n", 'does not exist: "corp"'),
        (PROCESS + f"sh -c 'echo {SECRET} is wrong >&2; exit 1'\n", "custom-process: ****************EKEY is wrong"),
        (PROCESS + "echo hello\n", "the program that it names answers no JSON"),
        (PROCESS + "no-such-program-anywhere\n", "default: No such file or directory: no-such-program-anywhere"),
        (PROCESS + "echo '{\"Version\": 1}'\n", "Missing required key in response: 'AccessKeyId'"),
        (
            "[default]\nweb_identity_token_file = /not/there\nrole_arn = " + ROLE_ARN,
            "default: No such file or directory: /not/there",
        ),
    ],
)
def test_a_configuration_that_cannot_be_used(offline: Learner, config: str, sentence: str) -> None:
    offline.write(".aws/config", config)
    told = refused(UnusableConfiguration)
    assert sentence in told
    assert "profile default" in told


def test_half_a_key_in_the_environment(offline: Learner) -> None:
    offline.export(AWS_ACCESS_KEY_ID=KEY_ID)
    assert "found in env, missing: AWS_SECRET_ACCESS_KEY" in refused(UnusableConfiguration)


@pytest.mark.parametrize("name", ["config", "credentials"])
def test_a_file_that_cannot_be_read_is_named(offline: Learner, name: str) -> None:
    offline.write(f".aws/{name}", "region = without a section\n")
    assert f"The file ~/.aws/{name} is no AWS configuration" in refused(UnusableConfiguration)


def test_a_region_that_is_none(offline: Learner) -> None:
    offline.export_key(NOBODYS_KEY)
    told = refused(UnusableConfiguration, Choice("aws", region="Frankfurt am Main"))
    assert "There is no region “Frankfurt am Main”" in told


# --- refused: AWS does not take them


def test_a_key_that_is_not_known(learner: Learner) -> None:
    learner.export_key(NOBODYS_KEY)
    told = refused(CredentialsRefused)
    assert "AWS does not know the access key from the environment variables" in told
    assert "Stop JupyterLab, export fresh ones" in told
    learner.patch.delenv("AWS_ACCESS_KEY_ID")
    learner.write(".aws/credentials", f"[default]\n{KEY_FILE}")
    assert "from profile default in the credentials file" in refused(CredentialsRefused)


def test_a_wrong_secret(learner: Learner, sandbox: Connection) -> None:
    learner.export_key(Key(administrator(sandbox).access_key_id, SECRET))
    assert "does not belong to its access key id" in refused(CredentialsRefused)


def test_a_clock_that_is_wrong(learner: Learner, sandbox: Connection) -> None:
    learner.export_key(administrator(sandbox))
    late = datetime.now(UTC) - timedelta(minutes=20)
    learner.patch.setattr(botocore.crt.auth, "get_current_datetime", lambda remove_tzinfo: late)
    assert "The clock of this machine is more than five minutes wrong" in refused(CredentialsRefused)


def test_a_role_that_does_not_trust(learner: Learner, sandbox: Connection) -> None:
    user = new_user(sandbox)
    role = new_role(sandbox, trust({"Service": "ec2.amazonaws.com"}))
    key = f"aws_access_key_id={user.key.access_key_id}\naws_secret_access_key={user.key.secret_access_key}\n"
    learner.write(".aws/credentials", f"[base]\n{key}")
    learner.write(".aws/config", f"[default]\nrole_arn = {role}\nsource_profile = base\n")
    told = refused(CredentialsRefused)
    assert "AWS refused AssumeRole with the credentials from profile default, which assumes a role" in told
    assert "is not authorized to perform: sts:AssumeRole" in told


@pytest.fixture(scope="module")
def expired() -> Iterator[tuple[Connection, Key]]:
    """A session that has ended, in a sandbox of its own, whose clock was moved."""
    with running_sandbox() as connection:
        role = new_role(connection, trust({"AWS": administrator(connection).account_id}))
        user = new_user(connection, allow("sts:AssumeRole"))
        session = assume(connection, user.key, role, DurationSeconds=900)
        signer = client(connection, "sts", administrator(connection))._request_signer._credentials
        advance_clock(connection.endpoint_url, signer, 1000)
        yield connection, session


@pytest.mark.exhaustive(but_first=1)
def test_expired_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expired: tuple[Connection, Key]) -> None:
    connection, session = expired
    learner = learner_at(tmp_path, monkeypatch, connection)
    learner.export_key(session)
    assert "variables AWS_ACCESS_KEY_ID and the like have expired. Stop JupyterLab" in refused(CredentialsExpired)
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(variable)
    names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
    values = (session.access_key_id, session.secret_access_key, session.session_token)
    lines = "".join(f"{name} = {value}\n" for name, value in zip(names, values, strict=True))
    learner.write(".aws/credentials", f"[work]\n{lines}")
    told = refused(CredentialsExpired, Choice("aws", profile="work"))
    assert "from profile work in the credentials file have expired. Put fresh ones there" in told
    answer = {"Version": 1, "AccessKeyId": values[0], "SecretAccessKey": values[1], "SessionToken": values[2]}
    learner.write("answer.json", json.dumps(answer))
    learner.write(".aws/config", f"{PROCESS}cat {tmp_path / 'answer.json'}\n")
    assert "the program that profile default runs have expired" in refused(CredentialsExpired)


# --- refused: sign in again

IDENTITY_CENTER = """\
[profile corp]
sso_session = corp
sso_account_id = 111122223333
sso_role_name = Admin
[sso-session corp]
sso_region = us-east-1
sso_start_url = https://corp.example.com/start
"""
OLD_IDENTITY_CENTER = IDENTITY_CENTER.replace("sso_session = corp\n", "").replace("[sso-session corp]\n", "")
ROLE_ON_TOP = IDENTITY_CENTER + f"[profile app]\nrole_arn = {ROLE_ARN}\nsource_profile = corp\n"
ENDED = json.dumps({"accessToken": "token", "expiresAt": "2020-01-01T00:00:00Z"})

SIGNED_IN = f"arn:aws:iam::{HERE}:user/anna"
CONSOLE = f"[profile home]\nlogin_session = {SIGNED_IN}\n"


def ended_login() -> dict[str, Any]:
    """What `aws login` leaves, an hour after it could be renewed for the last time."""
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
    access = {"accessKeyId": KEY_ID, "secretAccessKey": SECRET, "sessionToken": "token", "accountId": HERE}
    return {
        "accessToken": access | {"expiresAt": "2020-01-01T00:00:00Z"},
        "refreshToken": "refresh",
        "clientId": "client",
        "dpopKey": pem,
    }


OPEN = """
import sys
from helpers.own_account.choice import Choice
from helpers.own_account.opening import open_own_account
from helpers.own_account.credentials import OwnAccountError
try:
    print(open_own_account(Choice("aws", profile=sys.argv[1])))
except OwnAccountError as error:
    print(f"{type(error).__name__}: {error}")
"""


def open_in_a_process(profile: str) -> str:
    """Opens an account in a process of its own: botocore looks once for the home folder that has the sign-ins."""
    done = subprocess.run([sys.executable, "-c", OPEN, profile], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.stdout


@pytest.mark.exhaustive(but_first=2)
@pytest.mark.parametrize(
    ("config", "profile", "token", "command"),
    [
        (IDENTITY_CENTER, "corp", None, "aws sso login --profile corp"),
        (IDENTITY_CENTER, "corp", ENDED, "aws sso login --profile corp"),
        (IDENTITY_CENTER, "corp", "{damaged", "aws sso login --profile corp"),
        (OLD_IDENTITY_CENTER, "corp", ENDED, "aws sso login --profile corp"),
        (ROLE_ON_TOP, "app", ENDED, "aws sso login --profile corp"),
        (IDENTITY_CENTER.replace("profile corp", 'profile "my corp"'), "my corp", ENDED, "--profile 'my corp'"),
    ],
)
def test_a_sign_in_that_has_ended(offline: Learner, config: str, profile: str, token: str | None, command: str) -> None:
    offline.write(".aws/config", config)
    signed_in_at = "https://corp.example.com/start" if config is OLD_IDENTITY_CENTER else "corp"
    if token:
        offline.write(f".aws/sso/cache/{hashlib.sha1(signed_in_at.encode()).hexdigest()}.json", token)
    told = open_in_a_process(profile)
    assert told.startswith(f"SignInExpired: Your sign-in for profile {profile} has ended")
    assert f"{command}` in a terminal" in told


@pytest.mark.exhaustive
@pytest.mark.parametrize("token", [None, "{damaged", "{}"])
def test_a_console_sign_in_that_was_never_made(offline: Learner, token: str | None) -> None:
    offline.write(".aws/config", CONSOLE)
    if token:
        offline.write(f".aws/login/cache/{generate_login_cache_key(SIGNED_IN)}.json", token)
    told = open_in_a_process("home")
    assert told.startswith("SignInExpired: Your sign-in for profile home has ended")
    assert "Run `aws login --profile home` in a terminal" in told


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ("TOKEN_EXPIRED", "SignInExpired: Your sign-in for profile home has ended"),
        ("USER_CREDENTIALS_CHANGED", "Run `aws login --profile home` in a terminal"),
        ("INSUFFICIENT_PERMISSIONS", "missing permission for the 'signin:CreateOAuth2Token' action"),
    ],
)
def test_a_console_sign_in_that_aws_does_not_renew(offline: Learner, answer: str, sentence: str) -> None:
    offline.write(".aws/config", CONSOLE)
    path = f".aws/login/cache/{generate_login_cache_key(SIGNED_IN)}.json"
    offline.write(path, json.dumps(ended_login()))
    body = json.dumps({"__type": "AccessDeniedException", "error": answer, "message": "no"})
    with serving(body, status=403) as address:
        offline.export(AWS_ENDPOINT_URL=address)
        assert sentence in open_in_a_process("home")


WITH_MFA = f"[profile admin]\nmfa_serial = arn:aws:iam::{HERE}:mfa/ana\nrole_arn = {ROLE_ARN}\nsource_profile = base\n"


@pytest.mark.exhaustive
def test_an_mfa_code_that_nobody_can_be_asked_for(offline: Learner) -> None:
    offline.write(".aws/config", WITH_MFA)
    offline.write(".aws/credentials", f"[base]\n{KEY_FILE}")
    with pytest.raises(MfaCodeNeeded, match="Profile admin wants an MFA code, for which a form cannot ask"):
        open_own_account(Choice("aws", profile="admin"), may_ask=False)
    program = [sys.executable, "-W", "ignore", "-c", OPEN, "admin"]
    told = subprocess.run(program, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False).stdout
    assert told.startswith("CredentialsExpired: The credentials of profile admin could not be renewed without an MFA")


@pytest.mark.exhaustive
def test_an_mfa_code_that_is_not_needed_for_a_key_in_the_environment(learner: Learner, sandbox: Connection) -> None:
    learner.write(".aws/config", WITH_MFA.replace("profile admin", "default"))
    learner.export_key(administrator(sandbox))
    assert open_own_account(AWS, may_ask=False).account_id == HERE


# --- refused: nobody answers


def test_nobody_answers(offline: Learner) -> None:
    offline.export_key(NOBODYS_KEY)
    told = refused(NoConnection, Choice("aws", region="eu-west-3"))
    assert "AWS did not answer: Could not connect" in told
    assert "region, which is eu-west-3" in told


def test_a_proxy_that_is_not_there(offline: Learner) -> None:
    offline.export_key(NOBODYS_KEY)
    offline.export(AWS_ENDPOINT_URL="http://aws.invalid", HTTP_PROXY="http://127.0.0.1:9")
    assert "Failed to connect to proxy URL" in refused(NoConnection)


def test_a_setting_that_boto3_cannot_use(offline: Learner) -> None:
    offline.export_key(NOBODYS_KEY)
    offline.export(AWS_ENDPOINT_URL="nowhere")
    assert "Invalid endpoint: nowhere" in refused(UnusableConfiguration)


# --- another partition


@pytest.mark.exhaustive
def test_an_account_in_another_partition_is_refused(learner: Learner) -> None:
    """Plain moto knows China's regions, and answers from there in China's partition."""
    with plain_moto() as moto:
        learner.export(**moto.environment | {"AWS_DEFAULT_REGION": "cn-north-1"})
        with pytest.raises(OtherPartition, match=r"partition aws-cn.*stay in the sandbox"):
            open_own_account(Choice(target="aws"))
