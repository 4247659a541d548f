"""The repair workshop: each fault is real, its mend is proved, and a mend that opens too much is refused.

A sandbox of its own: one of the faults moves the clock.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from helpers import iam, policies, sts, workshop
from helpers.account import Account, _account
from helpers.workshop_app import App
from sandbox_clients import running_sandbox

NUMBERS = range(1, 16)
CODES = {
    1: "InvalidClientTokenId",
    2: "SignatureDoesNotMatch",
    3: "ValidationError",
    4: "ExpiredToken",
    5: "InvalidAccessKeyId",
    9: "MalformedPolicyDocument",
}
SECRET = re.compile(
    r"(?:AKIA|ASIA)[A-Z0-9]{16}|(?<![A-Za-z0-9/+])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])|[A-Za-z0-9/+=]{100,}"
)


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with running_sandbox() as connection:
        yield _account("private", connection, tmp_path_factory.mktemp("workshop"), "")


class Bench:
    """A fault on the bench: the calls of a learner who works at it."""

    def __init__(self, account: Account, number: int) -> None:
        self.account, self.number = account, number
        self.iam = account.client("iam")
        self.user, self.role = self.named("user"), self.named("role")
        self.user_arn, self.role_arn = self.arn("user/", "user"), self.arn("role/", "role")
        self.root_arn = f"arn:aws:iam::{account.account_id}:root"

    @property
    def app(self) -> App:
        return workshop.app(self.account, self.number)

    def named(self, part: str) -> str:
        return f"workshop-{self.number:02}-{part}"

    def arn(self, kind: str, part: str) -> str:
        return f"arn:aws:iam::{self.account.account_id}:{kind}{self.named(part)}"

    def allow(self, actions: str, resources: str = "", user: str = "") -> None:
        document = policies.policy(policies.allow(actions, resources or self.role_arn))
        iam.put_user_policy(self.iam, user_name=user or self.user, policy_name="assume-role", document=document)

    def trust(self, principal: Any, **more: Any) -> None:
        statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **more}
        document = policies.to_json(policies.policy(statement))
        self.iam.update_assume_role_policy(RoleName=self.role, PolicyDocument=document)

    def trust_user(self) -> None:
        iam.trust_principal(self.iam, role_name=self.role, arn=self.user_arn)

    def let_role(self, actions: list[str], resources: list[str]) -> None:
        document = policies.policy(policies.allow(actions, resources))
        iam.put_role_policy(self.iam, role_name=self.role, policy_name="more", document=document)

    def attach(self, policy: str) -> None:
        self.iam.attach_user_policy(UserName=self.user, PolicyArn=f"arn:aws:iam::aws:policy/{policy}")

    def new_key(self) -> None:
        self.app.set_key(iam.create_access_key(self.iam, user_name=self.user))

    def new_session(self) -> None:
        client = self.account.client("sts", self.app.user_key)
        self.app.set_session(sts.assume_role(client, role_arn=self.role_arn, session_name="app"))

    def widen_boundary(self, action: str, resource: str) -> None:
        bucket = f"arn:aws:s3:::{self.named('reports')}"
        document = policies.policy(policies.allow("s3:*", [bucket, f"{bucket}/*"]), policies.allow(action, resource))
        arn = self.arn("policy/", "boundary")
        self.iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(document), SetAsDefault=True)

    def use_administrator(self) -> None:
        admin = self.account.administrator
        self.app.set_key(iam.AccessKey("administrator", admin.access_key_id, admin.secret_access_key))

    def export_administrator(self) -> None:
        self.app.set_session(self.account.administrator)

    def activate(self) -> None:
        key_id = self.app.user_key.access_key_id
        self.iam.update_access_key(UserName=self.user, AccessKeyId=key_id, Status="Active")

    def drop_variables(self) -> None:
        self.app.unset("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")

    def leave_group(self) -> None:
        self.iam.remove_user_from_group(GroupName=self.named("contractors"), UserName=self.user)

    def rebuild_user(self) -> None:
        iam.create_user(self.iam, name=self.named("user-2"))
        self.app.set_key(iam.create_access_key(self.iam, user_name=self.named("user-2")))
        iam.trust_principal(self.iam, role_name=self.role, arn=self.arn("user/", "user-2"))

    def rebuild_role(self, name: str) -> None:
        """Makes a role that does all that the app needs, and lets the app use it."""
        bucket = f"arn:aws:s3:::{self.named('reports')}"
        reading = policies.policy(policies.allow(["s3:ListBucket", "s3:GetObject"], [bucket, f"{bucket}/*"]))
        trust = policies.policy(policies.trust_principal(self.user_arn))
        role = iam.create_role(self.iam, name=name, trust_policy=trust)
        iam.put_role_policy(self.iam, role_name=name, policy_name="read", document=reading)
        self.app.set("role_arn", role.arn)

    def rebuild_same_role(self) -> None:
        self.iam.delete_role_policy(RoleName=self.role, PolicyName="read-report")
        self.iam.delete_role(RoleName=self.role)
        self.rebuild_role(self.role)

    def narrow_deny(self) -> None:
        condition = {"StringNotEquals": {"aws:username": self.user}}
        statement = {"Effect": "Deny", "Action": "sts:AssumeRole", "Resource": "*", "Condition": condition}
        self.deny(statement)

    def deny(self, statement: dict[str, Any]) -> None:
        document = json.dumps(policies.policy(statement))
        self.iam.put_group_policy(GroupName=self.named("contractors"), PolicyName="no-roles", PolicyDocument=document)

    def undo_deny(self) -> None:
        self.iam.delete_group_policy(GroupName=self.named("contractors"), PolicyName="no-roles")


@pytest.fixture
def bench(account: Account, request: pytest.FixtureRequest) -> Bench:
    """A fault, freshly broken."""
    number: int = request.param
    workshop.break_it(account, number)
    return Bench(account, number)


Mend = Callable[[Bench], object]
READ = ["s3:ListBucket", "s3:GetObject"]


def bucket_of(bench: Bench) -> list[str]:
    arn = f"arn:aws:s3:::{bench.named('reports')}"
    return [arn, f"{arn}/*"]


def external_id(bench: Bench) -> str:
    (statement,) = policies.statements(iam.get_role(bench.iam, name=bench.role).trust_policy)
    return str(statement["Condition"]["StringEquals"]["sts:ExternalId"])


GOOD_MENDS: list[tuple[int, str, Mend]] = [
    (1, "key activated", Bench.activate),
    (1, "new key", Bench.new_key),
    (2, "new key", Bench.new_key),
    (3, "an hour", lambda bench: bench.app.set("duration_seconds", 3600)),
    (3, "nothing asked for", lambda bench: bench.app.unset("duration_seconds")),
    (4, "profile", Bench.drop_variables),
    (4, "new session", Bench.new_session),
    (5, "new session", Bench.new_session),
    (5, "profile", Bench.drop_variables),
    (6, "inline policy", lambda bench: bench.allow("sts:AssumeRole")),
    (6, "trust by name", Bench.trust_user),
    (7, "trust by name", Bench.trust_user),
    (8, "inline policy", lambda bench: bench.allow("sts:AssumeRole")),
    (9, "trust by name", Bench.trust_user),
    (
        10,
        "the bucket",
        lambda bench: bench.let_role(READ, bucket_of(bench)[:1]) or bench.let_role(READ, bucket_of(bench)),
    ),
    (11, "external id", lambda bench: bench.app.set("external_id", external_id(bench))),
    (12, "trust by name", Bench.trust_user),
    (13, "profile", Bench.drop_variables),
    (14, "out of the group", Bench.leave_group),
    (14, "a Deny for the others", Bench.narrow_deny),
    (15, "wider boundary", lambda bench: bench.widen_boundary("sts:AssumeRole", bench.role_arn)),
]


def mends(table: list[Any]) -> Any:
    return [pytest.param(number, *rest, id=f"{number}: {what}") for number, what, *rest in table]


@pytest.mark.parametrize("number", NUMBERS)
def test_a_fault_is_told_with_its_error_and_shows_no_secret(account: Account, number: int) -> None:
    report = workshop.break_it(account, number)
    checked = workshop.check(account, number)
    app = workshop.app(account, number)
    run = app.run()
    assert report.error.response["Error"]["Code"] == CODES.get(number, "AccessDenied")
    assert run.refusal
    assert not checked.done
    assert run.refusal[1] in repr(checked)
    for shown in (report, checked, app, app.credentials, run, *(workshop.hint(number, step) for step in (1, 2, 3))):
        assert not SECRET.search(repr(shown) + shown._repr_html_())


@pytest.mark.parametrize(("bench", "mend"), mends(GOOD_MENDS), indirect=["bench"])
def test_a_mend_is_proved(bench: Bench, mend: Mend) -> None:
    mend(bench)
    checked = workshop.check(bench.account, bench.number)
    assert checked.problems == ()
    assert repr(checked).startswith("Done")
