"""The clean-up: all that the tutorial made goes, whatever became of it, and nothing else does."""

import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyotp
import pytest

from helpers import buckets, clean_up, iam, policies
from helpers.account import Account, open_account
from helpers.clean_up import NotChosenError
from helpers.own_account.guard import GuardError
from helpers.sandbox.outside.connection import Connection
from helpers.sandbox.outside.control import advance_clock
from support.learner import Learner, learner_at, open_own_account
from support.sandbox_clients import (
    CHECKOUT,
    HERE,
    TRUSTS_EC2,
    administrator,
    allow,
    assume,
    client,
    deny,
    document,
    new_role,
    new_user,
    running_sandbox,
    trust,
    unique,
)
from support.sandbox_clients import iam as owners_iam

EC2 = policies.policy(policies.trust_service("ec2.amazonaws.com"))
SECONDS_TO_END = 60
NOTHING_LEFT, SOMETHING_LEFT, NOTHING_DONE = 0, 1, 2


@pytest.fixture(scope="module")
def sandbox(own_sandbox: Connection) -> Connection:
    """One that holds little besides: all of it is read, again and again."""
    return own_sandbox


@pytest.fixture
def owner(sandbox: Connection) -> Any:
    """The IAM client of whoever owns the account: knows no ledger, and is not guarded."""
    return owners_iam(sandbox)


# What the tutorial does, in order. Each leaves an account in which a learner may have stopped.
PATH: tuple[Callable[[Account], object], ...] = (
    lambda account: iam.create_role(account.client("iam"), name=account.named("role"), trust_policy=EC2),
    lambda account: iam.attach_role_policy(
        account.client("iam"), role_name=account.named("role"), policy_arn=iam.AMAZON_S3_FULL_ACCESS
    ),
    lambda account: iam.create_user(account.client("iam"), name=account.named("user")),
    lambda account: iam.create_access_key(account.client("iam"), user_name=account.named("user")),
    lambda account: iam.put_user_policy(
        account.client("iam"),
        user_name=account.named("user"),
        policy_name="assume",
        document=policies.policy(policies.allow("sts:AssumeRole")),
    ),
    lambda account: iam.trust_principal(
        account.client("iam"),
        role_name=account.named("role"),
        arn=f"arn:aws:iam::{HERE}:user/{account.named('user')}",
    ),
    lambda account: buckets.create_bucket(account.client("s3"), account.ledger, name=bucket_of(account)),
    lambda account: account.client("s3").put_object(Bucket=bucket_of(account), Key="notes.txt", Body=b"hello"),
    lambda account: iam.put_role_policy(
        account.client("iam"),
        role_name=account.named("role"),
        policy_name="glue",
        document=policies.policy(policies.allow("glue:GetJobs")),
    ),
)


def bucket_of(account: Account) -> str:
    return account.named(f"t-{account.ledger.id}")


def learn(account: Account, steps: int = len(PATH)) -> None:
    for step in PATH[:steps]:
        step(account)


def held(owner: Any, account: Account) -> dict[str, Any]:
    """Everything in the account that is named as this test's things are, whoever made it."""
    pages = owner.get_paginator("get_account_authorization_details").paginate(Filter=["User", "Role"])
    found: dict[str, Any] = {}
    for page in pages:
        for kind in ("User", "Role"):
            for each in page[f"{kind}DetailList"]:
                if each[f"{kind}Name"].lower().startswith(account.prefix):
                    each.pop("RoleLastUsed", None)
                    found[f"{kind.lower()} {each[f'{kind}Name']}"] = each
    s3 = account.client("s3")
    for bucket in s3.list_buckets()["Buckets"]:
        if bucket["Name"].startswith(account.prefix):
            listed = s3.list_object_versions(Bucket=bucket["Name"])
            found[f"bucket {bucket['Name']}"] = [each["VersionId"] for each in listed.get("Versions", [])]
    return found


# --- what goes


@pytest.mark.exhaustive
@pytest.mark.parametrize("steps", range(len(PATH) + 1))
def test_all_goes_wherever_one_stopped(own_account: Account, owner: Any, steps: int) -> None:
    learn(own_account, steps)
    before = held(owner, own_account)
    planned = clean_up.plan(own_account)
    assert held(owner, own_account) == before
    assert {thing.name for thing in planned.things} == before.keys()
    done = clean_up.clean_up(own_account)
    assert (done.deleted, done.failed, done.done) == (planned.parts, (), True)
    assert held(owner, own_account) == {}
    again = clean_up.clean_up(own_account)
    assert (again.deleted, again.done) == ((), True)


@pytest.mark.exhaustive
def test_in_any_order_by_hand_first(own_account: Account, owner: Any) -> None:
    learn(own_account)
    owner.delete_role_policy(RoleName=own_account.named("role"), PolicyName="glue")
    iam.delete_user(own_account.client("iam"), name=own_account.named("user"))
    own_account.client("s3").delete_object(Bucket=bucket_of(own_account), Key="notes.txt")
    assert clean_up.clean_up(own_account).done
    learn(own_account)
    buckets.delete_bucket(own_account.client("s3"), name=bucket_of(own_account))
    iam.delete_role(own_account.client("iam"), name=own_account.named("role"))
    assert clean_up.clean_up(own_account).done
    assert held(owner, own_account) == {}


def test_what_hangs_on_the_tutorials_things_goes_with_them(
    own_account: Account, owner: Any, sandbox: Connection
) -> None:
    learn(own_account)
    role, user = own_account.named("role"), own_account.named("user")
    managed = owner.create_policy(PolicyName=unique("managed"), PolicyDocument=document(allow("s3:*")))["Policy"]["Arn"]
    owner.attach_role_policy(RoleName=role, PolicyArn=managed)
    owner.attach_user_policy(UserName=user, PolicyArn=managed)
    owner.put_role_permissions_boundary(RoleName=role, PermissionsBoundary=managed)
    owner.put_user_permissions_boundary(UserName=user, PermissionsBoundary=managed)
    owner.create_instance_profile(InstanceProfileName=role)
    owner.add_role_to_instance_profile(InstanceProfileName=role, RoleName=role)
    group = unique("group")
    owner.create_group(GroupName=group)
    owner.add_user_to_group(GroupName=group, UserName=user)
    second = owner.create_access_key(UserName=user)["AccessKey"]["AccessKeyId"]
    owner.update_access_key(UserName=user, AccessKeyId=second, Status="Inactive")
    owner.create_login_profile(UserName=user, Password="Correct-Horse-7-Battery")
    device = owner.create_virtual_mfa_device(VirtualMFADeviceName=unique("mfa"))["VirtualMFADevice"]
    app, now = pyotp.TOTP(device["Base32StringSeed"].decode()), int(time.time())
    codes = {"AuthenticationCode1": app.at(now - 30), "AuthenticationCode2": app.at(now)}
    owner.enable_mfa_device(UserName=user, SerialNumber=device["SerialNumber"], **codes)
    s3 = own_account.client("s3")
    owners_s3 = client(sandbox, "s3", administrator(sandbox))
    owners_s3.put_bucket_versioning(Bucket=bucket_of(own_account), VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=bucket_of(own_account), Key="notes.txt", Body=b"again")
    s3.delete_object(Bucket=bucket_of(own_account), Key="notes.txt")
    planned = clean_up.plan(own_account)
    done = clean_up.clean_up(own_account)
    assert (done.deleted, done.failed, done.done) == (planned.parts, (), True)
    assert f"password of user {user}" in done.deleted
    assert any("MFA device" in each for each in done.deleted)
    assert f"role {role} taken out of instance profile {role}" in done.deleted
    assert sum("access key" in each for each in done.deleted) == 2
    assert sum("notes.txt" in each for each in done.deleted) == 3
    assert held(owner, own_account) == {}
    assert owner.get_group(GroupName=group)["Users"] == []
    assert owner.get_policy(PolicyArn=managed)["Policy"]["AttachmentCount"] == 0


# --- what fails


@pytest.mark.exhaustive
def test_the_rest_goes_where_one_thing_cannot(learner: Learner, sandbox: Connection, owner: Any) -> None:
    open_own_account(learner, sandbox, prefix=unique("anna"))
    user = new_user(sandbox, allow("*"))
    learner.export_key(user.key)
    account = open_account()
    learn(account)
    statements = (allow("*"), deny(("iam:DeleteUserPolicy", "s3:DeleteObject", "s3:DeleteObjectVersion")))
    owner.put_user_policy(UserName=user.name, PolicyName="inline", PolicyDocument=document(*statements))
    done = clean_up.clean_up(account)
    failed = [each.partition(":")[0] for each in done.failed]
    named = account.named("user")
    assert failed == [
        f"inline policy assume of user {named}",
        f"user {named}",
        f"object notes.txt in bucket {bucket_of(account)}",
        f"bucket {bucket_of(account)}",
    ]
    assert "explicit deny" in done.failed[0]
    assert not done.done
    assert {thing.name for thing in done.left.things} == {f"user {named}", f"bucket {bucket_of(account)}"}
    assert held(owner, account).keys() == {f"user {named}", f"bucket {bucket_of(account)}"}
    assert f"user {named}" in repr(done)
    owner.put_user_policy(UserName=user.name, PolicyName="inline", PolicyDocument=document(allow("*")))
    assert clean_up.clean_up(account).done
    assert held(owner, account) == {}


@pytest.mark.exhaustive(but_first=1)
@pytest.mark.parametrize("action", ["iam:GetUser", "s3:ListAllMyBuckets", "iam:ListAccessKeys"])
def test_what_cannot_be_read_is_not_said_to_be_gone(
    learner: Learner, sandbox: Connection, owner: Any, action: str
) -> None:
    open_own_account(learner, sandbox, prefix=unique("anna"))
    user = new_user(sandbox, allow("*"))
    learner.export_key(user.key)
    account = open_account()
    learn(account)
    policy = document(allow("*"), deny(action))
    owner.put_user_policy(UserName=user.name, PolicyName="inline", PolicyDocument=policy)
    planned = clean_up.plan(account)
    assert planned.unread
    assert action in "".join(planned.unread)
    done = clean_up.clean_up(account)
    assert not done.done
    assert action in repr(done)
    owner.put_user_policy(UserName=user.name, PolicyName="inline", PolicyDocument=document(allow("*")))
    assert clean_up.clean_up(account).done


@pytest.mark.exhaustive
def test_whether_there_are_look_alikes_need_not_be_known(learner: Learner, sandbox: Connection, owner: Any) -> None:
    """What is the tutorial's, the ledger tells: nobody has to list all that an account has."""
    open_own_account(learner, sandbox, prefix=unique("anna"))
    user = new_user(sandbox, allow("*"))
    learner.export_key(user.key)
    account = open_account()
    learn(account)
    policy = document(allow("*"), deny("iam:ListRoles"))
    owner.put_user_policy(UserName=user.name, PolicyName="inline", PolicyDocument=policy)
    assert "not read: other roles" in "".join(clean_up.plan(account).left_alone)
    assert clean_up.clean_up(account).done
    assert held(owner, account) == {}


def test_nothing_goes_before_the_number_is_typed(learner: Learner, sandbox: Connection, owner: Any) -> None:
    account = open_own_account(learner, sandbox, prefix=unique("anna"))
    learn(account)
    learner.export(IAM_TUTORIAL_ACCOUNT="")
    before = held(owner, account)
    closed = open_account()
    with pytest.raises(GuardError, match="Type its number first"):
        clean_up.clean_up(closed)
    assert held(owner, account) == before
    closed.confirm(HERE)
    assert clean_up.clean_up(closed).done


# --- what stays

BY_TUTORIAL = {"made-by": "iam-role-tutorial"}


def plant(owner: Any, name: str, tags: Mapping[str, str]) -> None:
    """Makes a role and a user that are not the learner's, with policies and a key."""
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    owner.create_role(RoleName=name, AssumeRolePolicyDocument=document(TRUSTS_EC2), Tags=listed)
    owner.attach_role_policy(RoleName=name, PolicyArn=iam.AMAZON_S3_FULL_ACCESS)
    owner.create_user(UserName=name, Tags=listed)
    owner.create_access_key(UserName=name)
    owner.put_user_policy(UserName=name, PolicyName="assume", PolicyDocument=document(allow("sts:AssumeRole")))


@pytest.mark.exhaustive(but_first=1)
@pytest.mark.parametrize(
    "tags",
    [
        {},
        BY_TUTORIAL,
        BY_TUTORIAL | {"ledger": "0123456789ab"},
        {"ledger": "0123456789ab"},
        BY_TUTORIAL | {"learner": "anna", "ledger": "0123456789ab"},
    ],
    ids=str,
)
def test_what_somebody_else_made_stays(own_account: Account, owner: Any, tags: dict[str, str]) -> None:
    """Under names like the tutorial's, and under exactly its names, where the ledger has them: it made them before."""
    tags |= {"learner": own_account.learner} if "learner" in tags else {}
    learn(own_account)
    clean_up.clean_up(own_account)
    for name in ("role", "user", "role-2"):
        plant(owner, own_account.named(name), tags)
    plant(owner, own_account.named("role").capitalize() + "-3", tags)
    before = held(owner, own_account)
    assert len(before) == 8
    planned = clean_up.plan(own_account)
    assert (planned.things, planned.parts) == ((), ())
    assert clean_up.clean_up(own_account).deleted == ()
    assert held(owner, own_account) == before
    left_alone = "\n".join(planned.left_alone)
    assert f"role {own_account.named('role')}: " in left_alone
    assert f"user {own_account.named('user')}: " in left_alone
    assert (f"role {own_account.named('role-2')}: it carries the tag" in left_alone) is ("learner" in tags)


@pytest.mark.exhaustive
def test_what_carries_the_tag_can_be_chosen_by_hand(own_account: Account, owner: Any) -> None:
    """So the learner gets rid of what is left when the ledger was lost."""
    learn(own_account, 5)
    own_account.ledger.path.unlink()
    again = open_account()
    planned = clean_up.plan(again)
    assert planned.things == ()
    role, user = f"role {own_account.named('role')}", f"user {own_account.named('user')}"
    assert [each.partition(":")[0] for each in planned.left_alone] == [user, role]
    assert clean_up.clean_up(again, also=[role]).done
    assert held(owner, own_account).keys() == {user}
    chosen = clean_up.plan(again, also=[user])
    assert chosen.left_alone == ()
    assert clean_up.clean_up(again, also=[user]).deleted == chosen.parts
    assert held(owner, own_account) == {}


def test_what_carries_the_ledgers_id_and_has_lost_its_line_is_left_and_said(own_account: Account, owner: Any) -> None:
    learn(own_account, 5)
    s3, name = own_account.client("s3"), own_account.named(f"tutorial-{own_account.ledger.id}")
    buckets.create_bucket(s3, own_account.ledger, name=name)
    path = own_account.ledger.path
    path.write_text(path.read_text().splitlines()[0])
    planned = clean_up.plan(own_account)
    assert not planned.nothing_is_left
    assert len([one for one in planned.unread if "ledger has lost its line" in one]) == 3
    assert "another checkout" not in repr(planned)
    things = [f"{kind} {own_account.named(kind)}" for kind in ("role", "user")] + [f"bucket {name}"]
    assert not clean_up.clean_up(own_account).done
    assert clean_up.clean_up(own_account, also=things).done
    assert held(owner, own_account) == {}


@pytest.mark.exhaustive
def test_a_bucket_can_be_chosen_by_hand_too(own_account: Account) -> None:
    s3, lost = own_account.client("s3"), own_account.ledger
    name = own_account.named(f"tutorial-{lost.id}")
    buckets.create_bucket(s3, lost, name=name)
    s3.put_object(Bucket=name, Key="notes.txt", Body=b"mine")
    lost.path.unlink()
    again = open_account()
    planned = clean_up.plan(again)
    assert planned.things == ()
    assert [each.partition(":")[0] for each in planned.left_alone] == [f"bucket {name}"]
    assert clean_up.clean_up(again, also=[f"bucket {name}"]).done
    assert name not in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]


@pytest.mark.exhaustive
def test_what_was_chosen_and_could_not_be_deleted_is_left(learner: Learner, sandbox: Connection, owner: Any) -> None:
    open_own_account(learner, sandbox, prefix=unique("anna"))
    user = new_user(sandbox, allow("*"), deny("iam:DeleteRole"))
    learner.export_key(user.key)
    account = open_account()
    plant(owner, account.named("copy"), BY_TUTORIAL | {"learner": account.learner})
    done = clean_up.clean_up(account, also=[f"role {account.named('copy')}"])
    assert not done.done
    assert [thing.name for thing in done.left.things] == [f"role {account.named('copy')}"]


@pytest.mark.exhaustive(but_first=1)
@pytest.mark.parametrize(
    "chosen",
    [
        "role {}untagged",
        "user {}untagged",
        "role {}gone",
        "bucket {}tagged",
        "{}tagged",
        "role",
        "role ",
        "",
        "role {}b-role",  # a classmate's, whose prefix begins as the learner's does
        "role b{}role",
    ],
)
def test_what_is_not_the_learners_cannot_be_chosen(own_account: Account, owner: Any, chosen: str) -> None:
    plant(owner, own_account.named("untagged"), {"ledger": "0123456789ab"})
    plant(owner, own_account.named("tagged"), BY_TUTORIAL | {"learner": own_account.learner})
    plant(owner, own_account.named("b-role"), BY_TUTORIAL | {"learner": f"{own_account.learner}-b"})
    plant(owner, f"b{own_account.named('role')}", BY_TUTORIAL | {"learner": own_account.learner})
    learn(own_account, 1)
    before = held(owner, own_account)
    also = [f"role {own_account.named('tagged')}", chosen.format(own_account.prefix)]
    for act in (clean_up.plan, clean_up.clean_up):
        with pytest.raises(NotChosenError, match="nothing was deleted"):
            act(own_account, also=also)
    assert held(owner, own_account) == before


@pytest.mark.exhaustive
def test_chosen_once_is_not_chosen_for_ever(own_account: Account, owner: Any) -> None:
    name = own_account.named("copy")
    plant(owner, name, BY_TUTORIAL | {"learner": own_account.learner})
    assert clean_up.clean_up(own_account, also=[f"role {name}"]).done
    owner.create_role(RoleName=name, AssumeRolePolicyDocument=document(TRUSTS_EC2))
    with pytest.raises(GuardError, match="did not make the role"):
        own_account.client("iam").delete_role(RoleName=name)


# --- without Jupyter


def in_terminal(*options: str) -> subprocess.CompletedProcess[str]:
    """Runs `make clean-up` where nobody types anything."""
    return subprocess.run(
        [sys.executable, "-m", "helpers.clean_up", *options],
        cwd=CHECKOUT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS_TO_END,
    )


def typed(text: str, *options: str) -> tuple[int, str]:
    """Runs `make clean-up` in a terminal of its own, and types a line, or interrupts it where there is none.

    Returns the exit code and the screen.
    """
    outside, inside = pty.openpty()
    command = [sys.executable, "-m", "helpers.clean_up", *options]
    with subprocess.Popen(command, cwd=CHECKOUT, stdin=inside, stdout=inside, stderr=inside) as process:
        os.close(inside)
        screen = b""
        while b"Type the number" not in screen:
            screen += os.read(outside, 4096)
        if text:
            os.write(outside, text.encode())
        else:
            # One that comes between the prompt and the reading of the answer is not seen before something is typed.
            process.send_signal(signal.SIGINT)
            while not select.select([outside], [], [], 1)[0]:
                process.send_signal(signal.SIGINT)
        try:
            while read := os.read(outside, 4096):
                screen += read
        except OSError:
            pass  # the terminal's other end is closed
    os.close(outside)
    return process.returncode, screen.decode()


@pytest.fixture
def learned(own_account: Account, learner: Learner) -> Account:
    """An account in which the tutorial was done; a terminal that knows no number."""
    learn(own_account)
    learner.export(IAM_TUTORIAL_ACCOUNT="")
    return own_account


def test_make_runs_it() -> None:
    command = ["make", "--dry-run", "--assume-old=.venv/ready", "clean-up", "ARGS=--dry-run --also 'role a'"]
    told = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout
    assert ".venv/bin/python -m helpers.clean_up --dry-run --also 'role a'" in told


def test_a_dry_run_tells_all_and_deletes_nothing(learned: Account, owner: Any) -> None:
    before = held(owner, learned)
    done = in_terminal("--dry-run")
    assert (done.returncode, done.stderr) == (0, "")
    for part in clean_up.plan(learned).parts:
        assert part in done.stdout
    assert held(owner, learned) == before


@pytest.mark.exhaustive
def test_a_number_that_is_given_deletes_all(learned: Account, owner: Any) -> None:
    done = in_terminal("--account", "1111-2222-3333")
    assert (done.returncode, done.stderr) == (NOTHING_LEFT, "")
    assert "nothing is left" in done.stdout
    assert held(owner, learned) == {}
    again = in_terminal()
    assert (again.returncode, again.stderr) == (NOTHING_LEFT, "")
    assert f"account {HERE}: nothing is there that the tutorial made" in again.stdout


@pytest.mark.exhaustive
def test_the_environments_number_counts(learned: Account, learner: Learner, owner: Any) -> None:
    learner.export(IAM_TUTORIAL_ACCOUNT=HERE)
    assert in_terminal().returncode == NOTHING_LEFT
    assert held(owner, learned) == {}


@pytest.mark.exhaustive
@pytest.mark.parametrize("options", [(), ("--account", "444455556666"), ("--account", "1")])
def test_without_its_number_nothing_is_deleted(learned: Account, owner: Any, options: tuple[str, ...]) -> None:
    before = held(owner, learned)
    done = in_terminal(*options)
    assert done.returncode == NOTHING_DONE
    assert "nothing is changed" in done.stderr
    assert "Traceback" not in done.stderr
    assert held(owner, learned) == before


def test_the_number_is_typed(learned: Account, owner: Any) -> None:
    code, screen = typed(f"{HERE}\n")
    assert code == NOTHING_LEFT, screen
    assert held(owner, learned) == {}


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("text", "code", "told"),
    [
        ("444455556666\n", NOTHING_DONE, "You typed 444455556666"),
        ("\n", NOTHING_DONE, "You typed no number"),
        ("\x04", SOMETHING_LEFT, "Stopped"),
        ("", SOMETHING_LEFT, "Stopped"),
    ],
    ids=["another", "none", "end", "interrupt"],
)
def test_what_is_no_answer_deletes_nothing(learned: Account, owner: Any, text: str, code: int, told: str) -> None:
    before = held(owner, learned)
    ended, screen = typed(text)
    assert ended == code, screen
    assert told in screen
    assert "Traceback" not in screen
    assert held(owner, learned) == before


@pytest.mark.exhaustive
def test_what_stays_is_told_and_ends_with_one(learned: Account, learner: Learner, sandbox: Connection) -> None:
    user = new_user(sandbox, allow("*"), deny("iam:DeleteRole"))
    learner.export_key(user.key)
    done = in_terminal("--account", HERE)
    assert done.returncode == SOMETHING_LEFT
    assert f"Left: role {learned.named('role')}" in done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.exhaustive
def test_something_can_be_chosen_in_a_terminal(own_account: Account, owner: Any) -> None:
    plant(owner, own_account.named("copy"), BY_TUTORIAL | {"learner": own_account.learner})
    assert in_terminal("--also", f"role {own_account.named('copy')}").returncode == NOTHING_LEFT
    assert held(owner, own_account).keys() == {f"user {own_account.named('copy')}"}
    missing = in_terminal("--also", f"role {own_account.named('copy')}")
    assert (missing.returncode, missing.stdout) == (NOTHING_DONE, "")
    assert "nothing was deleted" in missing.stderr


@pytest.mark.exhaustive
def test_expired_credentials_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running_sandbox() as connection:
        role = new_role(connection, trust({"AWS": HERE}))
        user = new_user(connection, allow("sts:AssumeRole"))
        session = assume(connection, user.key, role, DurationSeconds=900)
        signer = client(connection, "sts", administrator(connection))._request_signer._credentials
        advance_clock(connection.endpoint_url, signer, 1000)
        learner = learner_at(tmp_path, monkeypatch, connection)
        learner.export_key(session)
        learner.export(IAM_TUTORIAL_TARGET="aws", IAM_TUTORIAL_FOLDER=str(tmp_path))
        done = in_terminal()
    assert (done.returncode, done.stdout) == (NOTHING_DONE, "")
    assert "have expired" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.exhaustive
def test_a_damaged_ledger_is_said(learned: Account, owner: Any) -> None:
    learned.ledger.path.write_text("garbage")
    before = held(owner, learned)
    done = in_terminal("--account", HERE)
    assert done.returncode == NOTHING_DONE
    assert "it is damaged" in done.stderr
    assert "Traceback" not in done.stderr
    assert held(owner, learned) == before


@pytest.mark.exhaustive
def test_another_account_of_this_checkout_is_named(learned: Account) -> None:
    other = learned.folder.parent / "444455556666"
    other.mkdir()
    (other / "ledger.jsonl").write_text(learned.ledger.path.read_text())
    done = in_terminal("--account", HERE)
    assert "Not looked at: your own account 444455556666." in done.stdout
    assert HERE not in done.stdout.partition("Not looked at")[2]


@pytest.mark.exhaustive
def test_no_sandbox_is_started_to_say_that_it_is_empty(learner: Learner, tmp_path: Path) -> None:
    """The sandbox's folder is another one, for this checkout's may have one that is running."""
    learner.export(IAM_TUTORIAL_TARGET="sandbox", IAM_TUTORIAL_FOLDER=str(tmp_path / "accounts"))
    code = (
        "import sys; from pathlib import Path; import helpers.sandbox.outside.background as background;"
        "background.FOLDER = Path(sys.argv.pop()); from helpers import clean_up; sys.exit(clean_up.main())"
    )
    folder = tmp_path / "sandbox"
    command = [sys.executable, "-c", code, str(folder)]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False, timeout=SECONDS_TO_END)
    assert (done.returncode, done.stderr) == (NOTHING_LEFT, "")
    assert "No sandbox is running" in done.stdout
    assert not folder.exists()
