"""Why a request is refused: what `explain` says, held against what the real sandbox answers."""

import json
import random
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from helpers import iam, policies, sts
from helpers.account import Account, sandbox_account
from helpers.diagnosis.explanation import Explanation
from helpers.evaluation.decisions import Verdict
from helpers.explain import explain
from helpers.inventory.ownership import TAG_KEY, TAG_VALUE
from helpers.sandbox.outside.connection import Connection
from support.aws_cli import command_problem
from support.random_setups import CONDITIONS, Setup, Stage
from support.sandbox_clients import Statement, allow, deny, document, trust, unique

S3_FULL_ACCESS = "arn:aws:iam::aws:policy/AmazonS3FullAccess"


@pytest.fixture(scope="module")
def account(own_sandbox: Connection, tmp_path_factory: pytest.TempPathFactory) -> Account:
    return sandbox_account(own_sandbox, tmp_path_factory.mktemp("account"))


@dataclass(frozen=True)
class User:
    """A user that a test made: its name, ARN and key."""

    name: str
    arn: str
    key: iam.AccessKey


def new_user(account: Account, *inline: Any) -> User:
    client, name = account.client("iam"), unique("user")
    arn = iam.create_user(client, name=name, made_for="explain").arn
    if inline:
        client.put_user_policy(UserName=name, PolicyName="inline", PolicyDocument=document(*inline))
    return User(name, arn, iam.create_access_key(client, user_name=name))


def new_role(account: Account, *trusts: Any, **options: Any) -> str:
    made = {"Key": TAG_KEY, "Value": f"{TAG_VALUE}-explain"}
    options = {"RoleName": unique("role"), "AssumeRolePolicyDocument": document(*trusts), "Tags": [made]} | options
    arn: str = account.client("iam").create_role(**options)["Role"]["Arn"]
    return arn


def assume(account: Account, user: User, role_arn: str, **options: Any) -> ClientError | None:
    """Assumes a role as a user: the error, or None when it worked."""
    return error_of(
        account.client("sts", user.key).assume_role,
        **{"RoleArn": role_arn, "RoleSessionName": "test"} | options,
    )


def error_of(call: Any, **parameters: Any) -> ClientError | None:
    try:
        call(**parameters)
    except ClientError as error:
        return error
    return None


def explained(account: Account, user: User, role_arn: str, **options: Any) -> Explanation:
    """The explanation of a refusal that must come."""
    error = assume(account, user, role_arn, **options)
    assert error is not None
    found = explain(account, error)
    assert cli_problem(found) is None
    return found


def cli_problem(found: Explanation) -> str | None:
    """What the AWS CLI has against the line that is proposed."""
    lines = [line for line in found.next_step.cli.splitlines() if line.startswith("aws ")]
    problems = [command_problem(shlex.split(line)[1:]) for line in lines]
    return next(filter(None, problems), None)


# --- one case after another


def test_the_trust_policy_names_nobody_like_the_user(account: Account) -> None:
    user = new_user(account)
    role_arn = new_role(account, trust({"Service": "ec2.amazonaws.com"}))
    found = explained(account, user, role_arn)
    assert (found.verdict, found.decided_by, found.deciding) == (Verdict.IMPLICIT_DENY, "resource", ())
    assert f'iam.trust_principal(account.client("iam"), role_name="{role_arn.split("/")[1]}"' in found.next_step.python


def test_what_explain_proposes_mends_it(account: Account) -> None:
    """The line of Python is run as it stands: across accounts, it changes both sides."""
    other = account.others[0]
    user, role_arn = new_user(account), new_role(other, trust({"Service": "ec2.amazonaws.com"}))
    found = explained(account, user, role_arn)
    assert len(found.next_step.cli.splitlines()) == 2
    eval(found.next_step.python, {"account": account, "iam": iam, "policies": policies})
    assert assume(account, user, role_arn) is None


def test_an_account_trust_needs_the_users_own_policy(account: Account) -> None:
    user = new_user(account)
    role_arn = new_role(account, trust({"AWS": account.account_id}))
    found = explained(account, user, role_arn)
    assert found.decided_by == "identity"
    assert "names the whole account" in found.reason
    assert "names the account, so user" in found.relation


def test_a_deny_in_a_group_is_named_with_its_group(account: Account) -> None:
    user, group = new_user(account), unique("group")
    role_arn = new_role(account, trust({"AWS": user.arn}))
    client = account.client("iam")
    client.create_group(GroupName=group)
    client.add_user_to_group(GroupName=group, UserName=user.name)
    forbidden = document({**deny("sts:*"), "Sid": "NoRoles"})
    client.put_group_policy(GroupName=group, PolicyName="guard", PolicyDocument=forbidden)
    found = explained(account, user, role_arn)
    assert (found.verdict, found.decided_by) == (Verdict.EXPLICIT_DENY, "identity")
    assert [(source, said.name) for source, said in found.deciding] == [
        (f'inline policy "guard" of group "{group}"', "NoRoles")
    ]
    assert found.next_step.cli == f"aws iam remove-user-from-group --group-name {group} --user-name {user.name}"


def test_an_external_id_left_out(account: Account) -> None:
    user = new_user(account)
    wanted = {"StringEquals": {"sts:ExternalId": "agreed"}}
    role_arn = new_role(account, trust({"AWS": user.arn}, Condition=wanted, Sid="Partner"))
    found = explained(account, user, role_arn)
    [(_, said)] = found.deciding
    assert (found.decided_by, said.name) == ("resource", "Partner")
    assert "sts:ExternalId: agreed" in said.why
    assert found.next_step.cli.endswith("--external-id agreed")
    eval(found.next_step.python, {"account": account, "sts": sts, "key": user.key})
    wrong = explained(account, user, role_arn, ExternalId="guessed")
    assert "in the request it is guessed" in wrong.deciding[0][1].why
    assert assume(account, user, role_arn, ExternalId="agreed") is None


def test_a_policy_for_another_role(account: Account) -> None:
    user = new_user(account, allow("sts:AssumeRole", f"arn:aws:iam::{account.account_id}:role/another"))
    role_arn = new_role(account, trust({"AWS": account.account_id}))
    found = explained(account, user, role_arn)
    [(source, said)] = found.deciding
    assert source == f'inline policy "inline" of user "{user.name}"'
    assert "its Resource is" in said.why
    assert role_arn in found.next_step.do


def test_what_is_proposed_leaves_the_policies_as_they_are(account: Account) -> None:
    """A policy that says more than the request needs, a Deny among it, is not written over."""
    user, client = new_user(account), account.client("iam")
    role_arn = new_role(account, trust({"AWS": account.account_id}))
    name = f"assume-{role_arn.split('/')[1]}"
    text = document(allow("sts:AssumeRole", f"{role_arn}-else"), deny("s3:DeleteBucket"))
    client.put_user_policy(UserName=user.name, PolicyName=name, PolicyDocument=text)
    eval(explained(account, user, role_arn).next_step.python, {"account": account, "iam": iam, "policies": policies})
    assert assume(account, user, role_arn) is None
    assert client.get_user_policy(UserName=user.name, PolicyName=name)["PolicyDocument"] == json.loads(text)
    assert client.list_user_policies(UserName=user.name)["PolicyNames"] == [name, f"{name}-2"]


def test_a_boundary_that_leaves_the_call_out(account: Account) -> None:
    user, client = new_user(account, allow("sts:AssumeRole")), account.client("iam")
    role_arn = new_role(account, trust({"AWS": account.account_id}))
    client.put_user_permissions_boundary(UserName=user.name, PermissionsBoundary=S3_FULL_ACCESS)
    found = explained(account, user, role_arn)
    assert found.decided_by == "boundary"
    assert "AWS maintains this one" in found.next_step.do
    text = document(allow("s3:*"))
    own = client.create_policy(PolicyName=unique("boundary"), PolicyDocument=text)["Policy"]["Arn"]
    client.put_user_permissions_boundary(UserName=user.name, PermissionsBoundary=own)
    eval(explained(account, user, role_arn).next_step.python, {"account": account, "iam": iam, "policies": policies})
    assert assume(account, user, role_arn) is None
    assert len(client.list_policy_versions(PolicyArn=own)["Versions"]) == 2


def test_a_user_who_was_deleted_and_made_again(account: Account) -> None:
    user, client = new_user(account), account.client("iam")
    role_arn = new_role(account, trust({"AWS": user.arn}, Sid="Statement1"))
    client.delete_access_key(UserName=user.name, AccessKeyId=user.key.access_key_id)
    client.delete_user(UserName=user.name)
    client.create_user(UserName=user.name)
    again = replace(user, key=iam.create_access_key(client, user_name=user.name))
    found = explained(account, again, role_arn)
    assert found.decided_by == "resource"
    assert "was deleted" in found.next_step.do
    eval(found.next_step.python, {"account": account, "iam": iam})
    assert assume(account, again, role_arn) is None


def test_a_role_that_does_not_exist(account: Account) -> None:
    user = new_user(account, allow("sts:AssumeRole"))
    found = explained(account, user, f"arn:aws:iam::{account.account_id}:role/{unique('nowhere')}")
    assert found.reason.startswith("There is no such role.")


def test_a_role_whose_arn_lacks_its_path(account: Account) -> None:
    user = new_user(account, allow("sts:AssumeRole"))
    role_arn = new_role(account, trust({"AWS": user.arn}), Path="/team/")
    assert explained(account, user, role_arn.replace("/team/", "/")).reason.startswith("There is no such role.")
    assert assume(account, user, role_arn) is None


def test_of_several_statements_the_nearest_is_named(account: Account) -> None:
    user, other = new_user(account), new_user(account)
    guarded = trust({"AWS": user.arn}, Condition={"StringEquals": {"sts:ExternalId": "agreed"}}, Sid="Guarded")
    role_arn = new_role(account, trust({"AWS": other.arn}, Sid="Other"), guarded)
    assert [said.name for _, said in explained(account, user, role_arn).deciding] == ["Guarded"]


def test_policy_variables_are_filled_from_the_user(account: Account) -> None:
    user = new_user(account)
    mine = {"StringLike": {"aws:userid": "AIDA*", "aws:username": user.name}}
    role_arn = new_role(account, trust({"AWS": user.arn}, Condition=mine))
    assert assume(account, user, role_arn) is None
    assert explain(account, principal=user.arn, resource=role_arn).verdict is Verdict.ALLOWED


def test_a_role_that_may_not_use_s3(account: Account) -> None:
    user = new_user(account)
    role_arn = new_role(account, trust({"AWS": user.arn}))
    given = account.client("sts", user.key).assume_role(RoleArn=role_arn, RoleSessionName="app")["Credentials"]
    session = iam.AccessKey("", given["AccessKeyId"], given["SecretAccessKey"])
    s3 = account.client("s3", SessionKey(session.access_key_id, session.secret_access_key, given["SessionToken"]))
    found = explain(account, error_of(s3.list_buckets))
    role_name = role_arn.split("/")[1]
    assert (found.decided_by, found.verdict) == ("identity", Verdict.IMPLICIT_DENY)
    assert f"put-role-policy --role-name {role_name}" in found.next_step.cli
    eval(found.next_step.python, {"account": account, "iam": iam, "policies": policies})
    assert error_of(s3.list_buckets) is None


@dataclass(frozen=True)
class SessionKey:
    access_key_id: str
    secret_access_key: str
    session_token: str


def test_s3_refuses_without_a_word_and_the_call_tells(account: Account) -> None:
    """A HEAD request is refused without a body: what was asked is in the call alone."""
    user, bucket = new_user(account), unique("bucket")
    account.client("s3").create_bucket(Bucket=bucket)
    found = explain(account, error_of(account.client("s3", user.key).head_object, Bucket=bucket, Key="a/b"))
    assert found.question == f"user {user.name}, s3:GetObject on arn:aws:s3:::{bucket}/a/b"
    assert found.decided_by == "identity"


def test_a_head_request_of_a_session_is_explained_by_what_signed_it(account: Account) -> None:
    """A HEAD request is refused without a word, and IAM keeps no list of sessions' keys: the client knows its own."""
    user = new_user(account)
    role_arn = new_role(account, trust({"AWS": user.arn}))
    given = account.client("sts", user.key).assume_role(RoleArn=role_arn, RoleSessionName="app")["Credentials"]
    s3 = account.client("s3", SessionKey(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]))
    bucket = unique("bucket")
    account.client("s3").create_bucket(Bucket=bucket)
    found = explain(account, error_of(s3.head_bucket, Bucket=bucket))
    assert found.question == f"session {role_arn.split('/')[1]}/app, s3:ListBucket on arn:aws:s3:::{bucket}"


def test_a_bucket_of_another_account_gets_its_first_policy(account: Account) -> None:
    user, bucket = new_user(account, allow("s3:*")), unique("bucket")
    account.others[0].client("s3").create_bucket(Bucket=bucket)
    listing = account.client("s3", user.key).list_objects_v2
    found = explain(account, error_of(listing, Bucket=bucket))
    assert "the bucket has no policy that lets" in found.reason
    policy = json.loads(shlex.split(found.next_step.cli)[-1])
    account.others[0].client("s3").put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    assert error_of(listing, Bucket=bucket) is None


def test_a_bucket_policy_denies(account: Account) -> None:
    user, bucket = new_user(account, allow("s3:*")), unique("bucket")
    account.client("s3").create_bucket(Bucket=bucket)
    refused = {"Sid": "Closed", "Effect": "Deny", "Principal": "*", "Action": "s3:GetObject"}
    refused["Resource"] = [f"arn:aws:s3:::{bucket}/*"]
    account.client("s3").put_bucket_policy(Bucket=bucket, Policy=document(refused))
    error = error_of(account.client("s3", user.key).get_object, Bucket=bucket, Key="a")
    found = explain(account, error)
    assert (found.decided_by, found.deciding[0][1].name) == ("resource", "Closed")
    blind = explain(reader(account, allow("iam:*")), error)
    assert (blind.verdict, blind.decided_by, blind.deciding) == (Verdict.EXPLICIT_DENY, "resource", ())
    assert "AWS says: an explicit deny in a resource-based policy" in blind.reason
    assert found.next_step.cli.startswith(f"aws s3api put-bucket-policy --bucket {bucket}")


def test_a_session_policy_that_aws_names_is_named(account: Account) -> None:
    user = new_user(account)
    role_arn = new_role(account, trust({"AWS": user.arn}))
    account.client("iam").attach_role_policy(RoleName=role_arn.split("/")[1], PolicyArn=S3_FULL_ACCESS)
    sts = account.client("sts", user.key)
    narrow = document(allow("ec2:*"))
    given = sts.assume_role(RoleArn=role_arn, RoleSessionName="app", Policy=narrow)["Credentials"]
    key = SessionKey(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    found = explain(account, error_of(account.client("s3", key).list_buckets))
    assert found.decided_by == "session"
    session_arn = f"{role_arn.replace(':iam:', ':sts:').replace(':role/', ':assumed-role/')}/app"
    asked = {"principal": session_arn, "action": "s3:ListAllMyBuckets"}
    assert explain(account, **asked).verdict is Verdict.ALLOWED
    assert explain(account, **asked, session_policies=[json.loads(narrow)]).decided_by == "session"


def test_a_session_policy_is_not_all_that_is_missing(account: Account) -> None:
    role_arn = new_role(account, trust({"AWS": account.account_id}))
    session_arn = f"{role_arn.replace(':iam:', ':sts:').replace(':role/', ':assumed-role/')}/app"
    action = "s3:ListAllMyBuckets"
    told = f"is not authorized to perform: {action} because no session policy allows the {action} action"
    found = explain(account, f"User: {session_arn} {told}")
    assert found.decided_by == "session"
    assert found.next_step.do.startswith("2 changes are needed. 1) Open the session anew")
    opened, allowed = found.next_step.cli.splitlines()
    assert opened == f"aws sts assume-role --role-arn {role_arn} --role-session-name app"
    assert allowed.startswith("aws iam put-role-policy")


# --- refusals that no policy decides


def test_credentials_that_aws_does_not_take(account: Account) -> None:
    user, client = new_user(account), account.client("iam")
    role_arn = new_role(account, trust({"AWS": user.arn}))
    given = account.client("sts", user.key).assume_role(RoleArn=role_arn, RoleSessionName="app")["Credentials"]
    tokenless = iam.AccessKey("", given["AccessKeyId"], given["SecretAccessKey"])
    unknown = replace(user.key, access_key_id="AKIA" + "A" * 16)
    secret = replace(user.key, secret_access_key="x" * 40)
    told = {}
    for name, key in {"no token": tokenless, "unknown": unknown, "secret": secret}.items():
        told[name] = explain(account, error_of(account.client("sts", key).get_caller_identity))
    client.update_access_key(UserName=user.name, AccessKeyId=user.key.access_key_id, Status="Inactive")
    told["inactive"] = explain(account, error_of(account.client("sts", user.key).get_caller_identity))
    assert {found.decided_by for found in told.values()} == {"credentials"}
    assert "without its session token" in told["no token"].reason
    assert "There is no access key" in told["unknown"].reason
    assert f"of user {user.name} is known" in told["secret"].reason
    assert f"of user {user.name} is inactive" in told["inactive"].reason
    eval(told["inactive"].next_step.python, {"account": account, "iam": iam})
    assert error_of(account.client("sts", user.key).get_caller_identity) is None
    for found in told.values():
        assert cli_problem(found) is None
        shown = repr(found) + found._repr_html_()
        assert not re.search(r"(AKIA|ASIA)[A-Z0-9]{16}", shown)


def test_a_session_that_is_too_long(account: Account) -> None:
    user = new_user(account)
    role_arn = new_role(account, trust({"AWS": user.arn}), MaxSessionDuration=7200)
    found = explained(account, user, role_arn, DurationSeconds=10000)
    assert found.decided_by == "request"
    assert "10000 seconds, and the role allows 7200 at most" in found.reason


def test_a_trust_policy_on_the_wrong_side(account: Account) -> None:
    user = new_user(account)
    error = error_of(
        account.client("iam").put_user_policy,
        UserName=user.name,
        PolicyName="p",
        PolicyDocument=document(trust({"AWS": user.arn})),
    )
    assert "belongs on the role" in explain(account, error).reason


def test_a_trust_policy_with_the_id_of_somebody_deleted(account: Account) -> None:
    gone, client = new_user(account), account.client("iam")
    role_arn = new_role(account, trust({"AWS": gone.arn}))
    iam.delete_access_key(client, user_name=gone.name, access_key_id=gone.key.access_key_id)
    client.delete_user(UserName=gone.name)
    kept = client.get_role(RoleName=role_arn.split("/")[1])["Role"]["AssumeRolePolicyDocument"]
    text = json.dumps(policies.with_statement(kept, trust({"AWS": new_user(account).arn}, Sid="New")))
    error = error_of(client.update_assume_role_policy, RoleName=role_arn.split("/")[1], PolicyDocument=text)
    assert "was deleted" in explain(account, error).reason


def in_words_of_aws(user: User, words: str, resource: str = "") -> ClientError:
    """An error as AWS words it where more kinds of policies are than a sandbox has."""
    message = f"User: {user.arn} is not authorized to perform: sts:AssumeRole{resource} {words}"
    return ClientError({"Error": {"Code": "AccessDenied", "Message": message}}, "AssumeRole")


def test_policies_above_the_account_are_believed(account: Account) -> None:
    user = new_user(account)
    on_role = f" on resource: {new_role(account, trust({'AWS': user.arn}))}"
    error = in_words_of_aws(user, "with an explicit deny in a service control policy", on_role)
    found = explain(account, error)
    assert (found.verdict, found.decided_by) == (Verdict.EXPLICIT_DENY, None)
    assert "service control policy" in found.reason
    assert "service control policy" in found.next_step.do


def test_a_message_that_names_no_role_is_not_guessed_at(account: Account) -> None:
    user = new_user(account)
    found = explain(account, in_words_of_aws(user, "because no role trust policy allows the sts:AssumeRole action"))
    assert found.verdict is Verdict.IMPLICIT_DENY
    assert "no role trust policy allows" in found.reason
    assert not found.next_step.cli


def test_an_error_of_another_kind_is_no_refusal(account: Account) -> None:
    error = error_of(account.client("iam").get_user, UserName=unique("nobody"))
    for found in (explain(account, error), explain(account, str(error))):
        assert found.title() == "No refusal: the call GetUser"
        assert "NoSuchEntity" in found.reason
        assert "cannot be found" in found.reason


@pytest.mark.parametrize("name", ["<you>", "***", "[REDACTED]", "{{name}}", "x" * 65, ""])
def test_names_that_are_taken_out_are_nobodys(account: Account, name: str) -> None:
    user = new_user(account)
    iam, s3 = f"arn:aws:iam::{account.account_id}", "s3:GetObject on resource: arn:aws:s3:::"
    found = explain(account, f"User: {iam}:user/{name} is not authorized to perform: {s3}reports/a")
    assert "no user named" in repr(found) or "no name that a user can have" in repr(found)
    assert "s3:GetObject on arn:aws:s3:::reports/a" in found.next_step.do
    asked = f"User: {user.arn} is not authorized to perform: sts:AssumeRole on resource: {iam}:role/{name}"
    assert explain(account, asked).verdict is Verdict.IMPLICIT_DENY
    asked = f"User: {user.arn} is not authorized to perform: {s3}{name or '-'}/key"
    assert explain(account, asked).verdict is Verdict.IMPLICIT_DENY


# --- questions


@pytest.mark.parametrize(
    ("principal", "problem"),
    [
        ("", "neither a refusal nor a principal"),
        ("tutorial-user", "not an ARN"),
        ("arn:aws:s3:::bucket", "cannot call anything"),
        ("arn:aws:iam::111122223333:policy/p", "cannot call anything"),
    ],
)
def test_a_question_about_nobody_is_refused(account: Account, principal: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        explain(account, principal=principal, resource="*")


def test_a_user_that_is_not_there(account: Account) -> None:
    with pytest.raises(LookupError, match="no user named"):
        explain(account, principal=f"arn:aws:iam::{account.account_id}:user/{unique('nobody')}")


def test_a_service_and_the_root_user(account: Account) -> None:
    role_arn = new_role(account, trust({"Service": "ec2.amazonaws.com"}), trust({"AWS": account.account_id}))
    assert explain(account, principal="ec2.amazonaws.com", resource=role_arn).verdict is Verdict.ALLOWED
    glue = explain(account, principal="glue.amazonaws.com", resource=role_arn)
    assert (glue.verdict, glue.decided_by) == (Verdict.IMPLICIT_DENY, "resource")
    root = explain(account, principal=f"arn:aws:iam::{account.account_id}:root", resource=role_arn)
    assert root.verdict is not Verdict.ALLOWED
    assert "root" in root.next_step.do


def test_a_role_asks_as_a_session_of_itself(account: Account) -> None:
    target = new_role(account, trust({"AWS": account.account_id}))
    source = new_role(account, trust({"Service": "ec2.amazonaws.com"}))
    assert explain(account, principal=source, resource=target).decided_by == "identity"
    name = source.split("/")[1]
    text = document(allow("sts:AssumeRole", target))
    account.client("iam").put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=text)
    assert explain(account, principal=source, resource=target).verdict is Verdict.ALLOWED


@pytest.mark.parametrize("action", ["sts:GetCallerIdentity", "sts:GetSessionToken"])
def test_what_needs_no_permission_is_said_to_need_none(account: Account, action: str) -> None:
    found = explain(account, principal=new_user(account, deny("*")).arn, action=action)
    assert (found.verdict, found.deciding) == (Verdict.ALLOWED, ())
    assert "needs no permission" in found.reason


def test_a_trust_policy_has_no_say_in_other_calls_about_its_role(account: Account) -> None:
    user = new_user(account)
    role_arn = new_role(account, trust({"AWS": user.arn}))
    found = explain(account, principal=user.arn, action="iam:GetRole", resource=role_arn)
    assert (found.decided_by, len(found.columns)) == ("identity", 1)
    assert "trust policy" not in repr(found)
    client = account.client("iam")
    text = document(allow("iam:GetRole", role_arn))
    client.put_user_policy(UserName=user.name, PolicyName="read", PolicyDocument=text)
    blind = reader(account, deny("iam:GetRole"), allow("iam:*"))
    asked = explain(blind, principal=user.arn, action="iam:GetRole", resource=role_arn)
    assert asked.verdict is Verdict.ALLOWED, "a trust policy that cannot be read has no say either"


def test_a_role_is_said_to_ask_through_a_session(account: Account) -> None:
    role_arn = new_role(account, trust({"AWS": account.account_id}))
    assert "asks through its sessions" in explain(account, principal=role_arn, resource=role_arn).notes[0]


def test_a_key_that_the_question_leaves_out_is_said(account: Account) -> None:
    user = new_user(account)
    only_here = {"StringEquals": {"aws:UserAgent": "app/1"}}
    role_arn = new_role(account, trust({"AWS": user.arn}, Condition=only_here))
    found = explain(account, principal=user.arn, resource=role_arn)
    assert any("aws:UserAgent" in note for note in found.notes)
    given = explain(account, principal=user.arn, resource=role_arn, context={"aws:UserAgent": "app/1"})
    assert (given.verdict, given.notes) == (Verdict.ALLOWED, ())


# --- what may not be read


def reader(account: Account, *statements: Any) -> Account:
    """The account as somebody with these permissions sees it."""
    return replace(account, _administrator=new_user(account, *statements).key)


def test_what_may_not_be_read_is_said_and_not_guessed(account: Account) -> None:
    user = new_user(account, allow("sts:AssumeRole"))
    role_arn = new_role(account, trust({"AWS": account.account_id}))
    blind = reader(account, deny("iam:GetUserPolicy"), allow("iam:*"))
    found = explain(blind, principal=user.arn, resource=role_arn)
    assert found.verdict is None
    assert any("iam:GetUserPolicy" in note for note in found.notes)
    assert "iam:GetUserPolicy" in found.next_step.do


def test_what_is_certain_all_the_same_is_told(account: Account) -> None:
    """Whatever the unread policies say: a Deny that was read refuses, and so does a trust policy for others."""
    user = new_user(account, deny("sts:*"))
    role_arn = new_role(account, trust({"AWS": user.arn}))
    no_trust = reader(account, deny("iam:GetRole"), allow("iam:*"))
    assert explain(no_trust, principal=user.arn, resource=role_arn).verdict is Verdict.EXPLICIT_DENY
    closed = new_role(account, trust({"Service": "ec2.amazonaws.com"}))
    no_policies = reader(account, deny("iam:GetUserPolicy"), allow("iam:*"))
    assert (
        explain(no_policies, principal=new_user(account, allow("sts:*")).arn, resource=closed).decided_by == "resource"
    )


def test_a_strangers_account_cannot_be_read(account: Account) -> None:
    role_arn = new_role(account, trust({"AWS": "999988887777"}))
    found = explain(account, principal="arn:aws:iam::999988887777:user/ana", resource=role_arn)
    assert found.verdict is None
    assert "both sides have to allow it" in found.relation


# --- shown


def test_shown_with_both_sides_and_nothing_unescaped(account: Account) -> None:
    user = new_user(account, {**allow("sts:AssumeRole"), "Sid": "Ask"})
    role_arn = new_role(account, trust({"AWS": user.arn}, Condition={"StringEquals": {"sts:ExternalId": "<b>&"}}))
    found = explained(account, user, role_arn)
    text, html = repr(found), found._repr_html_()
    assert text.startswith(f"Refused: user {user.name}, sts:AssumeRole on {role_arn}")
    assert f"Side of user {user.name} (allows)" in text
    assert "Side of the role (does not allow)" in text
    assert "<b>" not in html
    assert "&lt;b&gt;&amp;" in html
    assert html.count('<th scope="col"') == 2


def test_many_policies_are_folded(account: Account) -> None:
    user = new_user(account)
    for number in range(12):
        text = document(allow("s3:GetObject", f"arn:aws:s3:::bucket-{number}/*"))
        account.client("iam").put_user_policy(UserName=user.name, PolicyName=f"p{number}", PolicyDocument=text)
    role_arn = new_role(account, trust({"AWS": account.account_id}))
    found = explain(account, principal=user.arn, resource=role_arn)
    assert found.columns[0].rest == "12 policies, none of which speaks of sts:AssumeRole."


# --- whatever the set-up: what is explained is what AWS answers, and the side and statement named decide

SETUPS, IN_EACH = 200, 10


@dataclass(frozen=True)
class Theatre:
    """A stage with a role in each account."""

    stage: Stage
    asking: User
    roles: list[str]


@pytest.fixture(scope="module")
def theatre(account: Account) -> Theatre:
    user, other, client, group = new_user(account), new_user(account), account.client("iam"), unique("group")
    client.create_group(GroupName=group)
    client.add_user_to_group(GroupName=group, UserName=user.name)
    client.tag_user(UserName=user.name, Tags=[{"Key": "team", "Value": "blue"}])
    closed = trust({"Service": "ec2.amazonaws.com"})
    roles = [new_role(each, closed) for each in (account, account.others[0])]
    return Theatre(Stage(account, user.arn, other.arn, group, CONDITIONS), user, roles)


@pytest.mark.exhaustive
@pytest.mark.parametrize("seed", range(SETUPS // IN_EACH))
def test_random_setups_are_explained_as_aws_answers(account: Account, theatre: Theatre, seed: int) -> None:
    chance = random.Random(seed)
    for number in range(IN_EACH):
        role_arn = chance.choice(theatre.roles)
        options = chance.choice([{}, {}, {"ExternalId": "agreed"}, {"ExternalId": "guessed"}])
        written = theatre.stage.play(chance, role_arn)
        error = assume(account, theatre.asking, role_arn, **options)
        context = {"sts:RoleSessionName": "test"} | ({"sts:ExternalId": options["ExternalId"]} if options else {})
        asked = explain(account, principal=theatre.asking.arn, resource=role_arn, context=context)
        shown = f"{written}\n{asked}"
        assert (asked.verdict is Verdict.ALLOWED) is (error is None), shown
        if error:
            told = explain(account, error)
            assert (told.verdict, told.decided_by) == (asked.verdict, asked.decided_by)
            assert places(told) == places(asked)
        if number % 4 == 0:
            change_what_decides(theatre.stage, role_arn, written, asked, shown)
            after = explain(account, principal=theatre.asking.arn, resource=role_arn, context=context)
            error = assume(account, theatre.asking, role_arn, **options)
            assert (after.verdict is Verdict.ALLOWED) is (error is None), f"{shown}\n{after}"
            if asked.verdict is Verdict.ALLOWED:
                assert error is not None, shown
            else:
                assert (after.verdict, after.decided_by) != (asked.verdict, asked.decided_by), f"{shown}\n{after}"


def places(found: Explanation) -> list[tuple[str, int]]:
    """Which statements decide, by policy and place."""
    return [(source, said.place) for source, said in found.deciding]


def change_what_decides(stage: Stage, role_arn: str, written: Setup, asked: Explanation, shown: str) -> None:
    """Takes the named statements out, or gives the named side what it lacks."""
    if asked.verdict is Verdict.IMPLICIT_DENY:
        missing = {"Sid": "Given", "Effect": "Allow", "Action": "sts:AssumeRole"}
        match asked.decided_by:
            case "identity":
                stage.write_user_policy([*written.user, {**missing, "Resource": role_arn}])
            case "boundary":
                stage.write_boundary([*written.boundary, {**missing, "Resource": role_arn}])
            case "resource":
                stage.write_trust(role_arn, [*written.trust, {**missing, "Principal": {"AWS": stage.user_arn}}])
        return
    named = {(source, said.name) for source, said in asked.deciding}
    assert named, shown

    def without(statements: Sequence[Statement], kind: str) -> list[Statement]:
        return [one for one in statements if not any(kind in source and name == one["Sid"] for source, name in named)]

    stage.write_user_policy(without(written.user, "of user"))
    stage.write_group_policy(without(written.group, "of group"))
    if written.boundary:
        stage.write_boundary(without(written.boundary, "boundary") or [deny("s3:GetBucketCORS")])
    kept = without(written.trust, "trust policy")
    stage.write_trust(role_arn, kept or [trust({"Service": "ec2.amazonaws.com"})])
