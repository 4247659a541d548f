"""The guard of an account of one's own: no change without its number, and none to what is somebody else's."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.credentials import RefreshableCredentials
from botocore.exceptions import ClientError

from helpers import buckets, cli, iam, policies, sts
from helpers.account import Account, open_account
from helpers.inventory.ownership import entity_named
from helpers.own_account.guard import GuardError
from helpers.own_account.permissions import MissingPermissions
from helpers.sandbox.outside.connection import Connection
from helpers.sts import renewing_session
from support.learner import Learner, open_own_account
from support.sandbox_clients import HERE, TRUSTS_EC2, allow, document, new_role, new_user, trust, unique
from support.sandbox_clients import iam as owners_iam

EC2 = policies.policy(policies.trust_service("ec2.amazonaws.com"))
READS = ("Get", "List", "Describe", "Head", "Simulate")
# What begins as reading does, and yet changes something: found in botocore's own descriptions.
NO_READS = {"GetFlowLogsIntegrationTemplate"}


@pytest.fixture
def closed(learner: Learner, sandbox: Connection) -> Account:
    """Without its number typed yet."""
    return open_own_account(learner, sandbox, prefix=unique("anna"), number="")


def refused(account: Account, service: str, operation: str, **parameters: Any) -> str:
    """Why a call is not let through to AWS."""
    assert account.guard
    with pytest.raises(GuardError) as caught:
        account.guard.check(service, operation, parameters)
    return str(caught.value)


# --- which calls are changes


@pytest.mark.exhaustive(but_first=2)
@pytest.mark.parametrize("service", ["iam", "s3", "ec2", "glue", "lambda", "organizations"])
def test_no_change_of_any_service_passes_before_the_number_is_typed(closed: Account, service: str) -> None:
    model = botocore.session.get_session().get_service_model(service)
    changes = [name for name in model.operation_names if not name.startswith(READS) or name in NO_READS]
    assert len(changes) > 20
    for operation in changes:
        assert refused(closed, service, operation, RoleName="a", UserName="a", Bucket="a")


@pytest.mark.exhaustive(but_first=1)
@pytest.mark.parametrize("service", ["iam", "s3", "ec2", "glue"])
def test_reading_passes(closed: Account, service: str) -> None:
    assert closed.guard
    model = botocore.session.get_session().get_service_model(service)
    for operation in model.operation_names:
        if operation.startswith(READS) and operation not in NO_READS:
            closed.guard.check(service, operation, {})


@pytest.mark.exhaustive(but_first=2)
@pytest.mark.parametrize("service", ["ec2", "glue", "lambda", "organizations"])
def test_with_the_number_too_only_what_the_tutorial_does_passes(own_account: Account, service: str) -> None:
    model = botocore.session.get_session().get_service_model(service)
    for operation in model.operation_names:
        if not operation.startswith(READS) or operation in NO_READS:
            assert "the tutorial has no such step" in refused(own_account, service, operation)


@pytest.mark.exhaustive(but_first=1)
@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("CreateAccessKey", {}),
        ("UpdateAccessKey", {"AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "Status": "Inactive"}),
        ("DeleteAccessKey", {"AccessKeyId": "AKIAIOSFODNN7EXAMPLE"}),
        ("DeleteSigningCertificate", {"CertificateId": "x" * 24}),
    ],
)
def test_a_call_that_would_mean_oneself_is_refused(
    own_account: Account, operation: str, parameters: Mapping[str, str]
) -> None:
    """Without a user's name, IAM takes whoever signs: the administrator."""
    assert "name the user, as UserName" in refused(own_account, "iam", operation, **parameters)


# --- the number


def test_nothing_is_changed_before_the_number_is_typed(closed: Account) -> None:
    client = closed.client("iam")
    with pytest.raises(GuardError, match="Type its number first"):
        iam.create_role(client, name=closed.named("role"), trust_policy=EC2)
    assert closed.ledger.entries == ()
    assert entity_named(client, "role", closed.named("role")) is None
    closed.confirm(" 1111-2222-3333 ")
    assert iam.create_role(client, name=closed.named("role"), trust_policy=EC2).name == closed.named("role")


@pytest.mark.exhaustive(but_first=2)
@pytest.mark.parametrize("typed", ["111122223334", "", "1111", "1111222233334", "anna", "wJalrXUtnFEMI/K7MDENG"])
def test_another_number_opens_nothing(closed: Account, typed: str) -> None:
    with pytest.raises(GuardError, match=f"this is account {HERE}: nothing is changed"):
        closed.confirm(typed)
    assert "Type its number first" in refused(closed, "iam", "CreateUser", UserName=closed.named("user"))


def test_a_number_that_is_no_text_is_taken(closed: Account) -> None:
    closed.confirm(int(HERE))  # type: ignore[arg-type]
    iam.create_user(closed.client("iam"), name=closed.named("user"))


# --- whose it is


@pytest.mark.exhaustive(but_first=1)
@pytest.mark.parametrize("name", ["tutorial-role", "ben-tutorial-role", "anna"])
def test_a_name_without_ones_prefix_is_not_made(own_account: Account, name: str) -> None:
    for service, operation, parameter in [
        ("iam", "CreateRole", "RoleName"),
        ("iam", "CreateUser", "UserName"),
        ("s3", "CreateBucket", "Bucket"),
    ]:
        told = refused(own_account, service, operation, **{parameter: name})
        assert f"Call it {own_account.prefix}{name}" in told


def foreign_tags(account: Account) -> dict[str, dict[str, str]]:
    by_tutorial = {"made-by": "iam-role-tutorial"}
    return {
        "no tags": {},
        "the tutorial's tag alone": by_tutorial,
        "another ledger's": by_tutorial | {"ledger": "0123456789ab", "learner": account.learner},
        "the ledger's alone": {"ledger": account.ledger.id},
    }


@pytest.mark.exhaustive(but_first=2)
@pytest.mark.parametrize("whose", ["no tags", "the tutorial's tag alone", "another ledger's", "the ledger's alone"])
@pytest.mark.parametrize("written", [True, False])
def test_what_somebody_else_made_is_left_alone_by_exactly_that_name_too(
    own_account: Account, sandbox: Connection, whose: str, written: bool
) -> None:
    name = own_account.named("tutorial-thing")
    tags = [{"Key": key, "Value": value} for key, value in foreign_tags(own_account)[whose].items()]
    owner, client = owners_iam(sandbox), own_account.client("iam")
    owner.create_role(RoleName=name, AssumeRolePolicyDocument=document(TRUSTS_EC2), Tags=tags)
    owner.create_user(UserName=name, Tags=tags)
    if written:
        for create in (client.create_role, client.create_user):
            parameters = {"RoleName": name, "AssumeRolePolicyDocument": document(TRUSTS_EC2)}
            with pytest.raises(GuardError):
                create(**parameters if create == client.create_role else {"UserName": name})
    calls = {
        client.delete_role: {"RoleName": name},
        client.put_role_policy: {"RoleName": name, "PolicyName": "p", "PolicyDocument": document(allow("s3:*"))},
        client.update_assume_role_policy: {"RoleName": name, "PolicyDocument": document(TRUSTS_EC2)},
        client.delete_user: {"UserName": name},
        client.create_access_key: {"UserName": name},
    }
    for call, parameters in calls.items():
        with pytest.raises(GuardError, match="the tutorial did not make the"):
            call(**parameters)
    assert owner.get_role(RoleName=name)
    assert owner.list_access_keys(UserName=name)["AccessKeyMetadata"] == []


def test_a_name_that_went_to_somebody_else_is_theirs(own_account: Account, sandbox: Connection) -> None:
    client, name = own_account.client("iam"), own_account.named("role")
    iam.create_role(client, name=name, trust_policy=EC2)
    iam.delete_role(client, name=name)
    owners_iam(sandbox).create_role(RoleName=name, AssumeRolePolicyDocument=document(TRUSTS_EC2))
    with pytest.raises(GuardError, match="did not make the role"):
        client.delete_role(RoleName=name)


def test_a_bucket_of_somebody_elses_is_left_alone(own_account: Account, tmp_path: Path) -> None:
    s3, name = own_account.client("s3"), own_account.named("notes")
    (tmp_path / "file").write_text("text")
    changes = [
        lambda: s3.put_object(Bucket=name, Key="key", Body=b""),
        lambda: s3.upload_file(str(tmp_path / "file"), name, "key"),
        lambda: s3.delete_object(Bucket=name, Key="key"),
        lambda: s3.generate_presigned_url("put_object", {"Bucket": name, "Key": "key"}),
        lambda: s3.copy({"Bucket": "other", "Key": "key"}, own_account.named(own_account.ledger.id), "key"),
    ]
    for change in changes:
        with pytest.raises((GuardError, ClientError)) as caught:
            change()
        assert isinstance(caught.value, GuardError) or "HeadObject" in str(caught.value)


@pytest.mark.exhaustive
def test_a_bucket_of_ones_own_can_be_used(own_account: Account, tmp_path: Path) -> None:
    s3, name = own_account.client("s3"), own_account.named(f"t-{own_account.ledger.id}")
    (tmp_path / "file").write_text("text")
    buckets.create_bucket(s3, own_account.ledger, name=name)
    s3.upload_file(str(tmp_path / "file"), name, "key")
    assert s3.get_object(Bucket=name, Key="key")["Body"].read() == b"text"
    buckets.delete_bucket(s3, name=name)


# --- what is missing


def test_nothing_is_begun_that_could_not_be_finished(learner: Learner, sandbox: Connection) -> None:
    user = new_user(sandbox, allow("iam:*"))
    open_own_account(learner, sandbox, prefix=unique("anna"))
    learner.export_key(user.key)
    account = open_account()
    with pytest.raises(MissingPermissions, match="Missing: s3:ListAllMyBuckets"):
        iam.create_user(account.client("iam"), name=account.named("user"))
    assert account.ledger.entries == ()
    everything = document(allow("*"))
    owners_iam(sandbox).put_user_policy(UserName=user.name, PolicyName="inline", PolicyDocument=everything)
    assert iam.create_user(account.client("iam"), name=account.named("user"))


# --- who signs


def test_clients_of_keys_and_sessions_are_guarded_too(own_account: Account, sandbox: Connection) -> None:
    user = new_user(sandbox, allow("*"))
    role = new_role(sandbox, trust({"AWS": user.arn}))
    owners_iam(sandbox).put_role_policy(
        RoleName=role.rpartition("/")[2], PolicyName="all", PolicyDocument=document(allow("*"))
    )
    as_user = own_account.client("sts", user.key)
    session = sts.assume_role(as_user, role_arn=role, session_name="app")
    renewing = renewing_session(as_user, role_arn=role, session_name="app", now=own_account.now)
    for signer in (user.key, session, renewing):
        client = own_account.client("iam", signer)
        with pytest.raises(GuardError, match=r"Call it anna"):
            client.create_user(UserName=unique("foreign"))
        with pytest.raises(GuardError, match="did not make the user"):
            client.delete_user(UserName=user.name)
        name = own_account.named(unique("made"))
        client.create_user(UserName=name)
        assert own_account.ledger.names("user")[0] == name


def test_the_administrators_credentials_stay_refreshable(learner: Learner, sandbox: Connection) -> None:
    base = new_user(sandbox, allow("sts:AssumeRole"))
    role = new_role(sandbox, trust({"AWS": base.arn}))
    open_own_account(learner, sandbox, prefix=unique("anna"))
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        learner.patch.delenv(variable)
    key = f"aws_access_key_id={base.key.access_key_id}\naws_secret_access_key={base.key.secret_access_key}\n"
    learner.write(".aws/credentials", f"[base]\n{key}")
    learner.write(".aws/config", f"[profile app]\nrole_arn = {role}\nsource_profile = base\n")
    for variable in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        learner.patch.delenv(variable, raising=False)
    learner.export(IAM_TUTORIAL_PROFILE="app")
    account = open_account()
    signs_with = account.client("iam")._request_signer._credentials
    assert isinstance(signs_with, RefreshableCredentials)
    assert account.administrator.access_key_id == signs_with.get_frozen_credentials().access_key


# --- the AWS CLI

CHANGING_LINES = [
    "aws iam create-role --role-name anna-role",
    "aws iam delete-user --user-name anna",
    "aws s3 rm s3://anna/key",
    "aws s3 mb s3://anna",
    "aws s3 cp file s3://anna/key",
    "aws s3api delete-bucket --bucket anna",
    "aws ec2 run-instances",
    "aws ec2 get-flow-logs-integration-template",
    "aws iam generate-credential-report",
    "aws cloudformation deploy --stack-name s",
    "aws --profile sts iam delete-user --user-name anna",
    "aws --output help iam delete-user --user-name anna",
    "aws --query ls iam delete-user --user-name anna",
    "aws --profile=x iam delete-user --user-name anna",
    "aws iam --profile list-users delete-user --user-name anna",
    "aws --debug iam delete-user --user-name anna",
    "AWS_PROFILE=sts aws iam delete-user --user-name anna",
    "aws login",
    "aws sso login",
    "aws",
]


@pytest.mark.exhaustive(but_first=3)
@pytest.mark.parametrize("line", CHANGING_LINES)
def test_a_line_that_changes_something_is_not_run(own_account: Account, line: str) -> None:
    with pytest.raises(GuardError, match=r"was not run|Write the service and the command first"):
        cli.run(own_account, line)


@pytest.mark.exhaustive(but_first=2)
@pytest.mark.parametrize(
    "line",
    [
        "aws sts get-caller-identity",
        "aws iam list-users --profile tutorial-user",
        "aws s3 ls",
        "aws s3api head-bucket --bucket b",
        "aws ec2 describe-instances",
        "aws iam wait user-exists --user-name anna",
        "aws iam simulate-principal-policy",
        "aws configure list",
        "aws --version",
        "aws help",
        "aws iam help",
    ],
)
def test_a_line_that_reads_is_run(closed: Account, line: str) -> None:
    assert closed.guard
    closed.guard.check_line(line.split()[1:])
