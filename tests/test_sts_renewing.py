"""A session that renews itself: when, how long, until what, and by whose clock."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from typing import Any
from uuid import uuid4

import pytest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from helpers import cli, iam, policies, sts
from helpers.account import Account, open_account
from helpers.clients import clock as aws_clock
from helpers.clients.calls import call_of
from helpers.iam import AccessKey
from helpers.sandbox.outside.connection import Administrator
from helpers.sandbox.outside.control import advance_clock
from helpers.sts import RenewingSession, renewing_session

MINUTE = 60
TRUSTS_EC2 = policies.policy(policies.trust_service("ec2.amazonaws.com"))


@dataclass(frozen=True)
class Scene:
    """A role, and the user whom it trusts."""

    account: Account
    key: AccessKey
    role: iam.Role

    @property
    def arn(self) -> str:
        return f"arn:aws:sts::{self.account.account_id}:assumed-role/{self.role.name}/app"

    def open_session(self, **options: Any) -> RenewingSession:
        client, now = self.account.client("sts", self.key), self.account.now
        return renewing_session(client, role_arn=self.role.arn, session_name="app", now=now, **options)

    def who_am_i(self, session: RenewingSession) -> str:
        return sts.who_am_i(self.account.client("sts", session)).arn

    def trust_nobody(self) -> None:
        trust = policies.to_json(TRUSTS_EC2)
        self.account.client("iam").update_assume_role_policy(RoleName=self.role.name, PolicyDocument=trust)


@pytest.fixture
def scene() -> Iterator[Scene]:
    account, name = open_account("private"), f"renewing-{uuid4().hex[:8]}"
    client = account.client("iam")
    user = iam.create_user(client, name=name)
    role = iam.create_role(client, name=name, trust_policy=policies.policy(policies.trust_principal(user.arn)))
    yield Scene(account, iam.create_access_key(client, user_name=name), role)
    iam.delete_role(client, name=name)
    iam.delete_user(client, name=name)


def key_of(client: Any) -> str:
    """The id of the key that a client signs its next call with, as it goes over the wire."""
    signed: list[bytes] = []
    client.meta.events.register("before-send", lambda request, **_: signed.append(request.headers["Authorization"]))
    client.get_caller_identity()
    return signed[-1].decode().partition("Credential=")[2].partition("/")[0]


def test_it_is_not_renewed_while_there_is_time(scene: Scene) -> None:
    session = scene.open_session()
    client = scene.account.client("sts", session)
    before = key_of(client)
    scene.account.advance_clock(44 * MINUTE)
    assert (key_of(client), session.renewals) == (before, 0)


@pytest.mark.exhaustive(but_first=2)
@pytest.mark.parametrize("minutes", [46, 51, 61, 24 * 60])
def test_it_is_renewed_before_its_end_and_after_it(scene: Scene, minutes: int) -> None:
    session = scene.open_session()
    client = scene.account.client("sts", session)
    before = key_of(client)
    scene.account.advance_clock(minutes * MINUTE)
    after = key_of(client)
    assert before.startswith("ASIA")
    assert after not in ("", before)
    assert (session.access_key_id, session.renewals) == (after, 1)
    assert scene.who_am_i(session) == session.arn == scene.arn


@pytest.mark.exhaustive
def test_one_client_goes_on_for_three_hours(scene: Scene) -> None:
    session = scene.open_session()
    s3 = scene.account.client("s3", session)
    iam.attach_role_policy(scene.account.client("iam"), role_name=scene.role.name, policy_arn=iam.AMAZON_S3_FULL_ACCESS)
    for _ in range(6):
        scene.account.advance_clock(30 * MINUTE)
        assert s3.list_buckets()["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert session.renewals == 3


def test_a_role_that_trusts_the_user_no_longer_ends_it(scene: Scene) -> None:
    session = scene.open_session()
    scene.trust_nobody()
    scene.account.advance_clock(46 * MINUTE)
    assert scene.who_am_i(session) == scene.arn, "there is a quarter of an hour left"
    scene.account.advance_clock(5 * MINUTE)
    with pytest.raises(ClientError, match=r"not authorized to perform: sts:AssumeRole on resource: ") as refused:
        scene.who_am_i(session)
    asked = call_of(refused.value)
    assert refused.value.response["Error"]["Code"] == "AccessDenied"
    assert asked is not None
    assert (asked.operation, asked.access_key_id) == ("AssumeRole", scene.key.access_key_id)
    assert session.renewals == 0


@pytest.mark.exhaustive
def test_a_role_that_trusts_the_user_again_is_assumed_again(scene: Scene) -> None:
    session = scene.open_session()
    scene.trust_nobody()
    scene.account.advance_clock(61 * MINUTE)
    with pytest.raises(ClientError, match="not authorized"):
        scene.who_am_i(session)
    user_arn = f"arn:aws:iam::{scene.account.account_id}:user/{scene.role.name}"
    iam.trust_principal(scene.account.client("iam"), role_name=scene.role.name, arn=user_arn)
    assert scene.who_am_i(session) == scene.arn


def test_a_refused_call_names_the_key_that_it_was_signed_with(scene: Scene) -> None:
    session = scene.open_session()
    client = scene.account.client("iam", session)
    scene.account.advance_clock(61 * MINUTE)
    with pytest.raises(ClientError, match="iam:ListUsers") as refused:
        client.list_users()
    asked = call_of(refused.value)
    assert asked is not None
    assert (session.renewals, asked.access_key_id) == (1, session.access_key_id)


def test_what_it_shows(scene: Scene) -> None:
    session = scene.open_session(duration_seconds=1800)
    first = session.access_key_id
    lines = [f"Renewing session {scene.arn}", f"  Access key ID: {'*' * 16}{first[-4:]}"]
    assert repr(session).splitlines() == [*lines, "  Expires: in 30 minutes", "  Renewed: not yet"]
    scene.account.advance_clock(31 * MINUTE)
    assert repr(session).splitlines()[2:] == ["  Expires: it has ended; the next call renews it", "  Renewed: not yet"]
    secrets = [first, session.secret_access_key, session.session_token]
    assert repr(session).splitlines()[2:] == ["  Expires: in 30 minutes", "  Renewed: once"]
    scene.account.advance_clock(31 * MINUTE)
    scene.who_am_i(session)
    assert repr(session).splitlines()[3] == "  Renewed: 2 times"
    secrets += [session.access_key_id, session.secret_access_key, session.session_token]
    for shown in (repr(session), str(session), session._repr_html_(), repr(scene.account.client("sts", session))):
        assert not [secret for secret in secrets if secret in shown]


@pytest.mark.exhaustive
def test_a_command_is_given_the_key_of_the_moment(scene: Scene) -> None:
    session = scene.open_session()
    scene.account.advance_clock(61 * MINUTE)
    done = cli.run(scene.account, "aws sts get-caller-identity", credentials=session)
    assert json.loads(done.output)["Arn"] == scene.arn
    assert session.renewals == 1


# --- whose clock


@pytest.mark.exhaustive(but_first=1)
@pytest.mark.parametrize("hours", [-2, 2])
def test_a_wrong_clock_of_the_machine_does_not_matter(
    scene: Scene, hours: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    class WrongTime(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Any:
            return datetime.now(tz) + timedelta(hours=hours)

    monkeypatch.setattr(aws_clock, "datetime", WrongTime)
    session = scene.open_session()
    assert "Expires: in 60 minutes" in repr(session)
    assert (scene.who_am_i(session), session.renewals) == (scene.arn, 0)
    scene.account.advance_clock(61 * MINUTE)
    assert (scene.who_am_i(session), session.renewals) == (scene.arn, 1)


@pytest.mark.exhaustive
def test_the_next_answer_tells_that_somebody_else_moved_the_clock(scene: Scene) -> None:
    session = scene.open_session()
    move_unheard(scene.account, scene.account.administrator, 61 * MINUTE)
    sts.who_am_i(scene.account.client("sts"))
    assert (scene.who_am_i(session), session.renewals) == (scene.arn, 1)


def test_a_refusal_tells_it_too(scene: Scene) -> None:
    session = scene.open_session()
    move_unheard(scene.account, scene.account.administrator, 61 * MINUTE)
    with pytest.raises(ClientError, match="ExpiredToken"):
        scene.who_am_i(session)
    assert (scene.who_am_i(session), session.renewals) == (scene.arn, 1)


def move_unheard(account: Account, administrator: Administrator, seconds: float) -> None:
    """Moves the clock as another notebook would."""
    credentials = Credentials(administrator.access_key_id, administrator.secret_access_key)
    advance_clock(account.endpoint_url, credentials, seconds)


def test_moving_the_clock_says_what_it_did(scene: Scene) -> None:
    before = scene.account.now()
    assert repr(scene.account.advance_clock(61 * MINUTE)) == "The sandbox's clock is 61 minutes further now"
    assert timedelta(minutes=61) <= scene.account.now() - before < timedelta(minutes=62)
    assert repr(scene.account.advance_clock(1)) == "The sandbox's clock is 1 s further now"


def test_the_clock_of_aws_itself_cannot_be_moved(scene: Scene) -> None:
    said = repr(replace(scene.account, practice=False, _reach=None).advance_clock(MINUTE))
    assert said.startswith("AWS's clock cannot be moved")
