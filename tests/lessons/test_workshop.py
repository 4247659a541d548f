"""The repair workshop: each fault is real, its mend is proved, and a mend that opens too much is refused.

A sandbox of its own: one of the faults moves the clock.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from helpers import clean_up, cli, iam, policies, sts
from helpers.account import Account, sandbox_account
from helpers.explain import explain
from helpers.lessons import steps, workshop
from helpers.lessons.workshop.colleagues_app import App
from support.sandbox_clients import running_sandbox

NUMBERS = range(1, 16)
OWN_KINDS = ["User", "Role", "Group", "LocalManagedPolicy"]
CODES = {
    1: "InvalidClientTokenId",
    2: "SignatureDoesNotMatch",
    3: "ValidationError",
    4: "ExpiredToken",
    5: "InvalidAccessKeyId",
    9: "MalformedPolicyDocument",
}
WHY = {
    1: "of user workshop-01-user is inactive",
    2: "is not the one that belongs to it",
    3: "asks for 43200 seconds, and the role allows 3600",
    4: "has expired",
    5: "came without its session token",
    6: "No policy of user workshop-06-user allows it",
    7: "The role's trust policy does not let user workshop-07-user in",
    8: "No policy of user workshop-08-user allows it",
    9: "it belongs on the role",
    10: "No policy of session workshop-10-role/app allows it",
    11: "its condition is not met",
    12: "The role's trust policy does not let user workshop-12-user in",
    13: "No policy of user workshop-13-laptop-user allows it",
    14: 'of group "workshop-14-contractors" denies it',
    15: "The permissions boundary of user workshop-15-user leaves this out",
}
SECRET = re.compile(
    r"(?:AKIA|ASIA)[A-Z0-9]{16}|(?<![A-Za-z0-9/+])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])|[A-Za-z0-9/+=]{100,}"
)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with running_sandbox() as connection:
        yield sandbox_account(connection, tmp_path_factory.mktemp("workshop"))


@pytest.fixture
def account(sandbox: Account) -> Iterator[Account]:
    yield sandbox
    workshop.clean_up(sandbox)


class Bench:
    """A fault on the bench: the calls of a learner who works at it."""

    def __init__(self, account: Account, number: int) -> None:
        self.account, self.number = account, number
        self.iam = account.client("iam")
        self.user, self.role = self.named("user"), self.named("role")
        self.user_arn, self.role_arn = self.arn("user", "user"), self.arn("role", "role")
        self.root_arn = f"arn:aws:iam::{account.account_id}:root"
        self.bucket_arns = [f"arn:aws:s3:::{self.named('reports')}", f"arn:aws:s3:::{self.named('reports')}/*"]

    @property
    def app(self) -> App:
        return workshop.app(self.account, self.number)

    def named(self, part: str) -> str:
        return f"workshop-{self.number:02}-{part}"

    def arn(self, kind: str, part: str) -> str:
        return f"arn:aws:iam::{self.account.account_id}:{kind}/{self.named(part)}"

    # --- the app

    def activate_key(self) -> None:
        key_id = self.app.user_key.access_key_id
        self.iam.update_access_key(UserName=self.user, AccessKeyId=key_id, Status="Active")

    def new_key(self) -> None:
        self.app.set_key(iam.create_access_key(self.iam, user_name=self.user))

    def new_session(self) -> App:
        client = self.account.client("sts", self.app.user_key)
        return self.app.set_session(sts.assume_role(client, role_arn=self.role_arn, session_name="app"))

    def drop_variables(self) -> None:
        self.app.unset("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")

    def use_administrator(self) -> None:
        administrator = self.account.administrator
        key = iam.AccessKey("administrator", administrator.access_key_id, administrator.secret_access_key)
        self.app.set_key(key)

    def export_administrator(self) -> None:
        self.app.set_session(self.account.administrator)

    # --- the user

    def allow(self, *statements: policies.Statement, user: str = "user") -> None:
        document = policies.policy(*statements)
        iam.put_user_policy(self.iam, user_name=self.named(user), policy_name="assume-role", document=document)

    def allow_all_through_group(self) -> None:
        self.allow(policies.allow("sts:AssumeRole", self.role_arn))
        group, document = self.named("admins"), policies.to_json(policies.policy(policies.allow("*")))
        self.iam.create_group(GroupName=group)
        self.iam.put_group_policy(GroupName=group, PolicyName="all", PolicyDocument=document)
        self.iam.add_user_to_group(GroupName=group, UserName=self.user)

    def attach(self, policy: str) -> None:
        self.iam.attach_user_policy(UserName=self.user, PolicyArn=f"arn:aws:iam::aws:policy/{policy}")

    def use_new_user(self) -> None:
        """Makes another user that does all that the app needs."""
        name = self.named("user-2")
        arn = self.iam.create_user(UserName=name)["User"]["Arn"]
        self.app.set_key(iam.create_access_key(self.iam, user_name=name))
        iam.trust_principal(self.iam, role_name=self.role, arn=arn)

    def leave_group(self) -> None:
        self.iam.remove_user_from_group(GroupName=self.named("contractors"), UserName=self.user)

    def deny(self, *, unless: str) -> None:
        condition = {"StringNotLike": {"aws:username": unless}}
        statement = {"Effect": "Deny", "Action": "sts:AssumeRole", "Resource": "*", "Condition": condition}
        document, group = policies.to_json(policies.policy(statement)), self.named("contractors")
        self.iam.put_group_policy(GroupName=group, PolicyName="no-roles", PolicyDocument=document)

    def delete_deny(self) -> None:
        self.iam.delete_group_policy(GroupName=self.named("contractors"), PolicyName="no-roles")

    def widen_boundary(self, role_arn: str) -> None:
        assuming = policies.allow("sts:AssumeRole", role_arn)
        document = policies.policy(policies.allow("s3:*", self.bucket_arns), assuming)
        arn, text = self.arn("policy", "boundary"), policies.to_json(document)
        self.iam.create_policy_version(PolicyArn=arn, PolicyDocument=text, SetAsDefault=True)

    def delete_boundary(self) -> None:
        self.iam.delete_user_permissions_boundary(UserName=self.user)

    # --- the role

    def trust(self, principal: Any) -> None:
        statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
        document = policies.to_json(policies.policy(statement))
        self.iam.update_assume_role_policy(RoleName=self.role, PolicyDocument=document)

    def trust_user(self) -> None:
        iam.trust_principal(self.iam, role_name=self.role, arn=self.user_arn)

    def lengthen_sessions(self) -> None:
        self.iam.update_role(RoleName=self.role, MaxSessionDuration=43200)

    def let_role(self, actions: list[str], resources: list[str], *, name: str = "more") -> None:
        document = policies.policy(policies.allow(actions, resources))
        iam.put_role_policy(self.iam, role_name=self.role, policy_name=name, document=document)

    def let_role_read_one_object(self) -> None:
        bucket, objects = self.bucket_arns
        one = objects.replace("*", "report.csv")
        document = policies.policy(policies.allow("s3:ListBucket", bucket), policies.allow("s3:GetObject", one))
        iam.put_role_policy(self.iam, role_name=self.role, policy_name="read-report", document=document)

    def open_bucket(self) -> None:
        statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": self.bucket_arns[1]}
        s3, bucket = self.account.client("s3"), self.named("reports")
        s3.delete_public_access_block(Bucket=bucket)
        s3.put_bucket_policy(Bucket=bucket, Policy=policies.to_json(policies.policy(statement)))

    def use_new_role(self, part: str = "role-2") -> None:
        """Makes a role that does all that the app needs, and lets the app use it."""
        name, trust = self.named(part), policies.policy(policies.trust_principal(self.user_arn))
        self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=policies.to_json(trust))
        reading = policies.policy(policies.allow(["s3:ListBucket", "s3:GetObject"], self.bucket_arns))
        iam.put_role_policy(self.iam, role_name=name, policy_name="read-report", document=reading)
        self.app.set("role_arn", self.arn("role", part))

    def make_role_anew(self) -> None:
        self.iam.delete_role_policy(RoleName=self.role, PolicyName="read-report")
        self.iam.delete_role(RoleName=self.role)
        self.use_new_role("role")


Mend = Callable[[Bench], object]


@pytest.fixture
def bench(account: Account, request: pytest.FixtureRequest) -> Bench:
    """A fault, freshly broken."""
    number: int = request.param
    workshop.break_it(account, number)
    return Bench(account, number)


def external_id(bench: Bench) -> str:
    (statement,) = policies.statements(iam.get_role(bench.iam, name=bench.role).trust_policy)
    return str(statement["Condition"]["StringEquals"]["sts:ExternalId"])


MENDS: dict[int, Mend] = {
    1: Bench.activate_key,
    2: Bench.new_key,
    3: lambda bench: bench.app.set("duration_seconds", 3600),
    4: Bench.drop_variables,
    5: Bench.drop_variables,
    6: lambda bench: bench.allow(policies.allow("sts:AssumeRole", bench.role_arn)),
    7: Bench.trust_user,
    8: lambda bench: bench.allow(policies.allow("sts:AssumeRole", bench.role_arn)),
    9: Bench.trust_user,
    10: lambda bench: bench.let_role(["s3:ListBucket", "s3:GetObject"], bench.bucket_arns, name="read-report"),
    11: lambda bench: bench.app.set("external_id", external_id(bench)),
    12: Bench.trust_user,
    13: Bench.drop_variables,
    14: Bench.leave_group,
    15: lambda bench: bench.widen_boundary(bench.role_arn),
}

OTHER_MENDS: list[tuple[int, str, Mend]] = [
    (1, "a new key", Bench.new_key),
    (3, "no duration at all", lambda bench: bench.app.unset("duration_seconds")),
    (6, "the trust by name", Bench.trust_user),
    (10, "one object", lambda bench: bench.let_role_read_one_object()),
    (14, "a Deny for the others alone", lambda bench: bench.deny(unless=bench.user)),
]

# What opens more than the app needs, done on top of the right mend; and what the check says to it.
TOO_MUCH: dict[int, list[tuple[Mend, list[str]]]] = {
    1: [
        (
            lambda bench: bench.trust("*"),
            [
                "User workshop-01-other-user may assume the role now, and should not",
                "Too broad: the trust policy of role workshop-01-role allows sts:AssumeRole to *",
                "name what the app needs, without a *",
            ],
        ),
        (Bench.use_administrator, ["app-user belongs to arn:aws:iam::111122223333:user/administrator"]),
    ],
    2: [
        (Bench.use_new_user, ["app-user belongs to arn:aws:iam::111122223333:user/workshop-02-user-2"]),
        (Bench.export_administrator, ["The app works as arn:aws:iam::111122223333:user/administrator"]),
    ],
    3: [(Bench.lengthen_sessions, ["Sessions of the role may last 43200 seconds now; 3600 are enough"])],
    4: [
        (
            lambda bench: bench.attach("AdministratorAccess"),
            ["user workshop-04-user allows all of AdministratorAccess", "may assume another role now"],
        ),
        (Bench.new_session, ["The app works, and stops again when the session in its environment ends"]),
    ],
    5: [
        (
            lambda bench: bench.attach("AmazonS3FullAccess"),
            ["allows all of AmazonS3FullAccess", "may use the bucket without the role now"],
        )
    ],
    6: [
        (
            lambda bench: bench.allow(
                policies.allow("sts:*", bench.role_arn),
                policies.allow("sts:AssumeRole", ["*", bench.role_arn[:-4] + "*"]),
            ),
            [
                "user workshop-06-user allows sts:* on arn",
                "user workshop-06-user allows sts:AssumeRole on *; name",
                "allows sts:AssumeRole on arn:aws:iam::111122223333:role/workshop-06-*; name",
                "User workshop-06-user may assume another role now",
            ],
        ),
    ],
    7: [
        (lambda bench: bench.trust({"AWS": bench.root_arn}), ["the whole account; name the one user"]),
        (Bench.use_new_role, ["It should use a session of the role workshop-07-role"]),
    ],
    8: [
        (
            lambda bench: bench.allow(
                policies.allow("*"),
                {"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"},
                {"Effect": "Allow", "Action": "sts:AssumeRole", "NotResource": "arn:aws:iam::111122223333:role/x"},
            ),
            [
                "user workshop-08-user allows * on *",
                "user workshop-08-user allows everything but s3:* on *",
                "allows sts:AssumeRole on everything but arn:aws:iam::111122223333:role/x",
            ],
        ),
        (Bench.allow_all_through_group, ["user workshop-08-user allows * on *"]),
    ],
    9: [(Bench.make_role_anew, ["The role workshop-09-role was deleted and made anew"])],
    10: [
        (Bench.open_bucket, ["policy of bucket workshop-10-reports allows s3:GetObject to *"]),
        (
            lambda bench: bench.let_role(["s3:*"], [*bench.bucket_arns, "*"]),
            [
                "role workshop-10-role allows s3:* on arn:aws:s3:::workshop-10-reports/*; name",
                "role workshop-10-role allows s3:* on *; name",
                "The role may write into the bucket now",
                "The role may list all buckets now",
            ],
        ),
    ],
    11: [
        (
            lambda bench: bench.trust({"AWS": bench.user_arn}),
            [
                "without the condition StringEquals sts:ExternalId reports-2291",
                "The role may be assumed without the external id now",
            ],
        )
    ],
    12: [(lambda bench: bench.trust({"AWS": bench.account.account_id}), ["the whole account; name the one user"])],
    13: [
        (
            lambda bench: bench.allow(policies.allow("s3:ListBucket", bench.bucket_arns[0]), user="laptop-user"),
            ["user workshop-13-laptop-user allows s3:ListBucket on arn:aws:s3:::workshop-13-reports; the user needs"],
        )
    ],
    14: [
        (lambda bench: bench.deny(unless="*"), ["User workshop-14-other-user may assume the role now"]),
        (Bench.delete_deny, ["The Deny of sts:AssumeRole on * in group workshop-14-contractors is not there"]),
    ],
    15: [
        (lambda bench: bench.widen_boundary("*"), ["boundary of user workshop-15-user allows sts:AssumeRole on *"]),
        (Bench.trust_user, ["trust policy of role workshop-15-role allows sts:AssumeRole to arn"]),
        (Bench.delete_boundary, ["The permissions boundary of user workshop-15-user is not the one"]),
    ],
}


@pytest.mark.exhaustive(but_first=1)
@pytest.mark.parametrize("number", NUMBERS)
def test_a_fault_is_real_its_mend_is_proved_and_too_much_is_refused(account: Account, number: int) -> None:
    report = workshop.break_it(account, number)
    bench = Bench(account, number)
    before = workshop.check(account, number)
    assert report.error.response["Error"]["Code"] == CODES.get(number, "AccessDenied")
    assert not before.done
    assert "The app still stops at" in repr(before)
    assert WHY[number] in repr(explain(account, report.error))
    MENDS[number](bench)
    assert workshop.check(account, number).problems == ()
    for mend, words in TOO_MUCH[number]:
        mend(bench)
        checked = workshop.check(account, number)
        assert not checked.done
        assert [line for line in words if line not in repr(checked)] == []


def hand_made_session(bench: Bench) -> None:
    """A session of the role that the administrator opens by letting itself in for a moment."""
    before = policies.to_json(iam.get_role(bench.iam, name=bench.role).trust_policy)
    if "AIDA" in before:  # which AWS does not save again
        before = policies.to_json(policies.policy(policies.trust_service("ec2.amazonaws.com")))
    bench.trust({"AWS": bench.root_arn})
    session = sts.assume_role(bench.account.client("sts"), role_arn=bench.role_arn, session_name="by-hand")
    bench.iam.update_assume_role_policy(RoleName=bench.role, PolicyDocument=before)
    bench.app.set_session(session)


def drop_others_policy(bench: Bench) -> None:
    """What another user may do is taken away."""
    role = iam.get_role(bench.iam, name=bench.named("other-role"))
    statement = {"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole"}
    document = policies.to_json(policies.policy(statement))
    bench.iam.update_assume_role_policy(RoleName=role.name, PolicyDocument=document)


WRONG: dict[str, tuple[Mend, str]] = {
    "somebody else's key": (Bench.use_administrator, "arn:aws:iam::111122223333:user/administrator"),
    "somebody else's credentials": (Bench.export_administrator, "The app works as arn:aws:iam"),
    "a session by hand": (hand_made_session, "session in its environment"),
    "trust in everybody": (lambda bench: bench.trust("*"), "allows sts:AssumeRole to *"),
    "an administrator": (lambda bench: bench.attach("AdministratorAccess"), "allows all of AdministratorAccess"),
    "longer sessions": (Bench.lengthen_sessions, "Sessions of the role may last"),
    "others' access": (drop_others_policy, "others need it"),
}


@pytest.mark.exhaustive(but_first=6)
@pytest.mark.parametrize("what", WRONG)
@pytest.mark.parametrize("is_mended", [False, True])
@pytest.mark.parametrize("number", NUMBERS)
def test_what_would_be_wrong_with_any_fault_does_not_count(
    account: Account, number: int, is_mended: bool, what: str
) -> None:
    """In place of the right mend, and on top of it."""
    workshop.break_it(account, number)
    bench = Bench(account, number)
    if is_mended:
        MENDS[number](bench)
        assert workshop.check(account, number).done
    mend, words = WRONG[what]
    mend(bench)
    checked = workshop.check(account, number)
    assert not checked.done
    assert words in repr(checked) or not is_mended


def test_the_mend_that_takes_ec2_its_trust_away_does_not_count(account: Account) -> None:
    workshop.break_it(account, 9)
    bench = Bench(account, 9)
    bench.trust({"AWS": bench.user_arn})
    assert bench.app.run().worked
    assert "no longer allows sts:AssumeRole to ec2.amazonaws.com" in repr(workshop.check(account, 9))


def test_the_mend_that_leaves_the_archive_open_does_not_count(account: Account) -> None:
    workshop.break_it(account, 10)
    bench = Bench(account, 10)
    bench.let_role(["s3:ListBucket", "s3:GetObject"], bench.bucket_arns)
    assert bench.app.run().worked
    assert "arn:aws:s3:::workshop-10-archive, which the app does not need" in repr(workshop.check(account, 10))


@pytest.mark.parametrize("number", [6, 7])
def test_a_session_by_hand_mends_no_handshake(account: Account, number: int) -> None:
    workshop.break_it(account, number)
    bench = Bench(account, number)
    hand_made_session(bench)
    assert bench.app.run().worked
    assert "from its profile alone it still stops at: assume the role" in repr(workshop.check(account, number))


@pytest.mark.parametrize(("number", "ran_as"), [(6, "user/workshop-06-user"), (13, "user/workshop-13-laptop-user")])
def test_the_app_says_as_whom_it_ran(account: Account, number: int, ran_as: str) -> None:
    workshop.break_it(account, number)
    assert f"Ran as: arn:aws:iam::111122223333:{ran_as}" in repr(workshop.app(account, number).run())


@pytest.mark.exhaustive(but_first=2)
@pytest.mark.parametrize("number", NUMBERS)
def test_why_is_told_after_a_guess_and_what_to_do_is_not(account: Account, number: int) -> None:
    report = workshop.break_it(account, number)
    with pytest.raises(workshop.WorkshopError, match='Guess first where the cause is: "credentials"'):
        workshop.ask(report)
    right = report.fault.side
    asked = workshop.ask(report, right)
    assert asked.is_right
    assert repr(asked).startswith("Right, it is ")
    assert WHY[number] in repr(asked)
    assert "aws " not in repr(asked)
    assert "iam." not in repr(asked)
    wrong = workshop.ask(report, "request" if right == "caller" else "caller")
    assert repr(wrong).startswith("Not there. It is ")


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("bench", "mend"),
    [pytest.param(number, mend, id=f"{number}: {what}") for number, what, mend in OTHER_MENDS],
    indirect=["bench"],
)
def test_there_is_more_than_one_right_mend(bench: Bench, mend: Mend) -> None:
    mend(bench)
    assert workshop.check(bench.account, bench.number).problems == ()


def test_a_mend_that_works_but_opens_too_much_does_not_count(account: Account) -> None:
    workshop.break_it(account, 7)
    bench = Bench(account, 7)
    bench.trust({"AWS": "*"})
    assert bench.app.run().worked
    assert not workshop.check(account, 7).done


@pytest.mark.exhaustive
def test_breaking_it_again_begins_from_scratch(account: Account) -> None:
    first = workshop.break_it(account, 14)
    bench = Bench(account, 14)
    bench.leave_group()
    bench.delete_deny()
    bench.attach("AdministratorAccess")
    bench.new_key()
    bench.iam.create_group(GroupName=bench.named("more"))
    second = workshop.break_it(account, 14)
    assert repr(second) == repr(first)
    assert bench.named("more") not in str(bench.iam.list_groups())
    bench.leave_group()
    assert workshop.check(account, 14).done


def test_no_secret_is_shown(account: Account) -> None:
    report = workshop.break_it(account, 5)
    app, checked = workshop.app(account, 5), workshop.check(account, 5)
    things = [report, app, checked, app.run(), app.credentials, app.set_key(app.user_key)]
    Bench(account, 5).drop_variables()
    things += [app, app.credentials, app.run(), app.run().session, workshop.check(account, 5)]
    for thing in things:
        assert not SECRET.search(repr(thing) + thing._repr_html_())  # type: ignore[union-attr]
    assert "AWS_ACCESS_KEY_ID=*" in repr(Bench(account, 5).new_session())


def test_the_apps_files_are_for_their_owner_alone(account: Account) -> None:
    workshop.break_it(account, 4)
    folder = workshop.app(account, 4).home.folder
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {path.name for path in files} == {"env", "config", "credentials", "as-broken.json"}
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert SECRET.search((folder / "env").read_text())
    assert not SECRET.search((folder / "as-broken.json").read_text())


@pytest.mark.exhaustive
def test_the_cli_uses_the_apps_profile(account: Account) -> None:
    workshop.break_it(account, 13)
    app = workshop.app(account, 13)
    as_app = cli.run(app.home, "aws sts get-caller-identity --profile app")
    assert "assumed-role/workshop-13-role/" in as_app.output
    assert sts.who_am_i(account.client("sts", app.credentials)).arn.endswith("user/workshop-13-laptop-user")


def things(account: Account) -> list[str]:
    """What a clean-up would delete."""
    return [thing.name for thing in clean_up.plan(account).things]


@pytest.mark.exhaustive
def test_the_steps_pass_the_workshops_users_and_roles_by_and_cleaning_up_takes_them_too(account: Account) -> None:
    client = account.client("iam")
    for number in (14, 15):
        workshop.break_it(account, number)
    assert iam.find_user(client) is None
    assert iam.find_role(client) is None
    assert "user workshop-15-user" in things(account)
    taken_out = "user workshop-14-user taken out of group workshop-14-contractors"
    assert taken_out in clean_up.clean_up(account).deleted
    assert things(account) == []
    workshop.clean_up(account)
    assert "workshop" not in str(client.get_account_authorization_details(Filter=OWN_KINDS))


@pytest.mark.exhaustive
def test_cleaning_up_leaves_nothing(account: Account) -> None:
    steps.begin(account, 2)
    for number in (14, 15):
        workshop.break_it(account, number)
    workshop.clean_up(account)
    everything = str(account.client("iam").get_account_authorization_details(Filter=OWN_KINDS))
    assert "workshop" not in everything
    assert "tutorial-role" in everything
    assert "workshop" not in str(account.client("s3").list_buckets())
    assert not (account.folder / "workshop").exists()
    assert repr(workshop.clean_up(account)) == "Nothing to delete"
    clean_up.clean_up(account)


def test_hints_go_from_where_to_what() -> None:
    for number in NUMBERS:
        titles = [workshop.hint(number, step).title() for step in (1, 2, 3)]
        assert titles == ["Hint 1 of 3: where to look", "Hint 2 of 3: what to see there", "Hint 3 of 3: what to do"]
        texts = {workshop.hint(number, step).text for step in (1, 2, 3)}
        assert len(texts) == 3


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda account: workshop.break_it(account, 16), "There is no fault 16: choose a number from 1 to 15."),
        (lambda account: workshop.break_it(account, "3"), "Say which fault by its number, 1 to 15"),
        (lambda account: workshop.break_it(3), r"as in workshop.break_it\(account, 3\)"),
        (lambda account: workshop.check(account), r"Say which fault .* as in workshop.break_it\(account, 3\)"),
        (lambda account: workshop.hint(0), "There is no fault 0"),
        (lambda account: workshop.hint(1, 4), "There is no hint 4"),
        (lambda account: workshop.break_it(replace(account, practice=False), 1), "in the sandbox only"),
        (lambda account: workshop.clean_up(replace(account, practice=False)), "in the sandbox only"),
        (lambda account: workshop.check(nowhere(account), 1), "is not there yet"),
        (lambda account: workshop.app(nowhere(account), 1), "is not there yet"),
    ],
)
def test_bad_input_is_told_how_to_mend_it(account: Account, call: Callable[[Account], object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call(account)


def nowhere(account: Account) -> Account:
    return replace(account, folder=account.folder / "nowhere")


def test_the_app_takes_only_what_it_can_use(account: Account) -> None:
    workshop.break_it(account, 3)
    app = workshop.app(account, 3)
    before = repr(app)
    with pytest.raises(ValueError, match="The app has no setting region"):
        app.set("region", "us-west-2")
    with pytest.raises(ValueError, match="give whole seconds"):
        app.set("duration_seconds", "an hour")
    with pytest.raises(ValueError, match="the whole ARN looks like"):
        app.set("role_arn", "workshop-03-role")
    with pytest.raises(ValueError, match="role_arn cannot be taken out"):
        app.unset("role_arn")
    assert repr(app) == before


@pytest.mark.exhaustive
def test_an_app_with_half_a_key_says_so(account: Account) -> None:
    workshop.break_it(account, 13)
    run = workshop.app(account, 13).unset("AWS_SECRET_ACCESS_KEY").run()
    assert run.refusal
    assert run.refusal[0] == "PartialCredentialsError"
    assert "AWS_SECRET_ACCESS_KEY" in run.refusal[1] or "secret_key" in run.refusal[1]
