"""Refusals that no policy decides, and those that a condition decides: each has its sentence, and what mends it."""

from collections.abc import Sequence
from typing import Any

import pytest

from helpers.account import Account
from helpers.diagnosis.explanation import Explanation
from helpers.evaluation.decisions import Verdict
from helpers.explain import explain
from support.assertions import assert_says
from support.aws_cli import run_line
from support.callers import Caller, explained, new_bucket, new_caller
from support.sandbox_clients import Key, allow, deny, document, key_of, trust, unique

MFA_PRESENT = {"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}


@pytest.fixture
def caller(account: Account) -> Caller:
    return new_caller(account, allow("*"))


def new_role(account: Account, caller: Caller, **more: Any) -> str:
    trusted = document(trust({"AWS": caller.arn}, **more))
    made = account.client("iam").create_role(
        RoleName=unique("role"), AssumeRolePolicyDocument=trusted, MaxSessionDuration=43200
    )
    arn: str = made["Role"]["Arn"]
    return arn


def assume(account: Account, signer: Key, role_arn: str, **options: Any) -> Explanation:
    parameters = {"RoleArn": role_arn, "RoleSessionName": "test"} | options
    return explained(account, account.client("sts", signer).assume_role, **parameters)


# --- sessions


def test_iam_takes_no_session_of_a_user_without_mfa(account: Account, caller: Caller) -> None:
    found = explained(account, account.client("iam", caller.session()).list_users)
    assert_says(found, "without MFA", "IAM")
    assert "without its session token" not in found.reason


def test_a_session_without_its_token(account: Account, caller: Caller) -> None:
    session = caller.session()
    bare = Key(session.access_key_id, session.secret_access_key)
    assert_says(explained(account, account.client("sts", bare).get_caller_identity), "without its session token")


def test_a_left_over_token_beside_a_new_key(account: Account, caller: Caller) -> None:
    mixed = Key(caller.key.access_key_id, caller.key.secret_access_key, caller.session().session_token)
    found = explained(account, account.client("sts", mixed).get_caller_identity)
    assert_says(found, "left-over", "unset AWS_SESSION_TOKEN")


def test_an_id_and_a_secret_that_are_swapped(account: Account, caller: Caller) -> None:
    swapped = Key(caller.key.secret_access_key, caller.key.access_key_id)
    found = explained(account, account.client("sts", swapped).get_caller_identity)
    assert_says(found, "swapped")
    assert caller.key.secret_access_key not in repr(found)


def test_chaining_lasts_an_hour(account: Account, caller: Caller) -> None:
    role_arn = new_role(account, caller)
    assert_says(assume(account, caller.session(), role_arn, DurationSeconds=7200), "chaining", "3600")


def test_a_federated_user_calls_sts_for_nothing_but_who_it_is(account: Account, caller: Caller) -> None:
    everything = document(allow("*"))
    given = account.client("sts", caller.key).get_federation_token(Name="bob", Policy=everything)
    found = assume(account, key_of(given), new_role(account, caller))
    assert_says(found, "federated user's session", "GetCallerIdentity")
    assert "trust policy" not in found.next_step.do


def test_a_session_has_no_mfa_device(account: Account, caller: Caller) -> None:
    role_arn = new_role(account, caller)
    session = key_of(account.client("sts", caller.key).assume_role(RoleArn=role_arn, RoleSessionName="app"))
    found = assume(account, session, role_arn, SerialNumber="arn:aws:iam::111122223333:mfa/phone", TokenCode="123456")
    assert_says(found, "a session has none", "the user's own access key")


# --- what is assumed, and MFA


def test_a_users_arn_is_no_roles(account: Account, caller: Caller) -> None:
    assert_says(assume(account, caller.key, caller.arn), "a user's ARN", ":role/")


def test_a_users_arn_is_no_device(account: Account, caller: Caller) -> None:
    role_arn = new_role(account, caller, **MFA_PRESENT)
    found = assume(account, caller.key, role_arn, SerialNumber=caller.arn, TokenCode="123456")
    assert_says(found, "a user's ARN", ":mfa/")


def test_a_trust_policy_that_wants_mfa(account: Account, caller: Caller) -> None:
    found = assume(account, caller.key, new_role(account, caller, **MFA_PRESENT))
    assert_says(found, "condition is not met", "MFA device", "--serial-number", "--token-code")


def test_a_deny_without_mfa(account: Account) -> None:
    without = {"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}}}
    caller = new_caller(account, allow("*"), deny("s3:*", **without))
    found = explained(account, account.client("s3", caller.session()).list_buckets)
    assert found.verdict is Verdict.EXPLICIT_DENY
    assert_says(found, "denies it", "MFA device")


# --- what is passed along


@pytest.mark.parametrize(
    ("condition", "passed", "wanted"),
    [
        ({"StringEquals": {"sts:ExternalId": ["one", "two"]}}, {}, ["--external-id one"]),
        ({"StringNotEquals": {"sts:ExternalId": "old"}}, {"ExternalId": "old"}, ["--external-id another-value"]),
        ({"StringLike": {"sts:RoleSessionName": "${aws:username}"}}, {}, ["--role-session-name {name}"]),
        ({"StringEquals": {"sts:SourceIdentity": "${aws:username}"}}, {}, ["--source-identity {name}"]),
        ({"NumericLessThan": {"sts:DurationSeconds": "1800"}}, {"DurationSeconds": 3600}, ["--duration-seconds"]),
        ({"Null": {"sts:ExternalId": "true"}}, {"ExternalId": "old"}, ["--role-session-name"]),
    ],
)
def test_what_meets_a_trust_policys_condition(
    account: Account, caller: Caller, condition: Any, passed: dict[str, Any], wanted: Sequence[str]
) -> None:
    action = {"Action": ["sts:AssumeRole", "sts:SetSourceIdentity"]}
    role_arn = new_role(account, caller, Condition=condition, **action)
    found = assume(account, caller.key, role_arn, **passed)
    assert_says(found, *(each.format(name=caller.name) for each in wanted))


def test_the_boundary_that_a_deny_insists_on(account: Account) -> None:
    own = account.client("iam").create_policy(PolicyName=unique("boundary"), PolicyDocument=document(allow("*")))
    arn = own["Policy"]["Arn"]
    unless = {"Condition": {"StringNotEquals": {"iam:PermissionsBoundary": arn}}}
    caller = new_caller(account, allow("*"), deny("iam:CreateRole", **unless))
    trusted = document(trust({"AWS": caller.arn}))
    client = account.client("iam", caller.key)
    found = explained(account, client.create_role, RoleName=unique("new"), AssumeRolePolicyDocument=trusted)
    assert_says(found, arn)


def test_the_tag_that_a_deny_insists_on(account: Account) -> None:
    unless = {"Condition": {"StringNotEquals": {"aws:RequestTag/made-by": "me"}}}
    caller = new_caller(account, allow("*"), deny("iam:CreateRole", **unless))
    name, client = unique("new"), account.client("iam", caller.key)
    trusted = document(trust({"AWS": caller.arn}))
    found = explained(account, client.create_role, RoleName=name, AssumeRolePolicyDocument=trusted)
    assert run_line(found.next_step.cli, account, caller.key) == ""
    assert {"Key": "made-by", "Value": "me"} in client.get_role(RoleName=name)["Role"]["Tags"]


def test_the_region_that_a_deny_insists_on(account: Account) -> None:
    unless = {"Condition": {"StringNotEquals": {"aws:RequestedRegion": "eu-central-1"}}}
    caller = new_caller(account, allow("*"), deny("*", **unless))
    found = explained(account, account.client("s3", caller.key).list_buckets)
    assert found.next_step.cli == "aws s3api list-buckets --region eu-central-1"
    assert run_line(found.next_step.cli, account, caller.key) == ""
    global_service = explained(account, account.client("iam", caller.key).list_users)
    assert "--region" not in global_service.next_step.cli


def test_a_file_is_left_to_fill_in(account: Account) -> None:
    unless = {"Condition": {"StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}}}
    caller, bucket = new_caller(account, allow("*"), deny("s3:PutObject", **unless)), new_bucket(account)
    found = explained(account, account.client("s3", caller.key).put_object, Bucket=bucket, Key="k", Body=b"text")
    assert "--body <file> --server-side-encryption aws:kms" in found.next_step.cli


@pytest.mark.parametrize(
    ("named", "word"),
    [("arn:aws:iam::111122223333:group/g", "a group"), ("arn:aws:iam::111122223333:role/*", "a wildcard")],
)
def test_s3_does_not_name_the_principal_that_is_wrong(account: Account, named: str, word: str) -> None:
    bucket, s3 = new_bucket(account), account.client("s3")
    everything = f"arn:aws:s3:::{bucket}/*"
    policy = document(trust({"AWS": named}) | {"Action": "s3:GetObject", "Resource": everything})
    assert_says(explained(account, s3.put_bucket_policy, Bucket=bucket, Policy=policy), named, word)


def test_the_service_that_a_role_is_passed_to(account: Account, caller: Caller) -> None:
    to_ec2 = {"Condition": {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}}
    passing = new_caller(account, allow("glue:*"), allow("iam:PassRole", **to_ec2))
    found = explained(
        account,
        account.client("glue", passing.key).create_crawler,
        Name="crawler",
        Role=new_role(account, caller),
        Targets={"S3Targets": [{"Path": "s3://reports"}]},
        DatabaseName="reports",
    )
    assert "glue.amazonaws.com" in repr(found)
    assert "absent" not in repr(found)


# --- HEAD, which is refused without a word


@pytest.mark.parametrize("operation", ["head_object", "get_object"])
def test_a_missing_key_is_hidden_from_who_may_not_list(account: Account, operation: str) -> None:
    bucket = new_bucket(account)
    caller = new_caller(account, allow("s3:GetObject"))
    found = explained(account, getattr(account.client("s3", caller.key), operation), Bucket=bucket, Key="missing")
    assert found.question.endswith(f"s3:ListBucket on arn:aws:s3:::{bucket}")
    assert_says(found, f"allows s3:ListBucket on arn:aws:s3:::{bucket}")


# --- words that AWS sends without saying who asked


@pytest.mark.parametrize(
    ("code", "message", "words"),
    [
        ("SignatureDoesNotMatch", "Signature expired: 20260101T000000Z is now earlier than …", ["clock"]),
        ("RequestTimeTooSkewed", "The difference between the request time and the current time …", ["clock"]),
        ("AccessDenied", "Cannot call GetSessionToken with session credentials", ["long-term access key"]),
        ("AccessDenied", "Cannot call GetFederationToken with session credentials", ["long-term access key"]),
        ("AccessDenied", "Roles may not be assumed by root accounts.", ["root user"]),
        ("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", ["trust policy", "provider"]),
        ("IncompleteSignature", "Credential must have exactly 5 slash-delimited elements, e.g. …", ["swapped"]),
        ("OptInRequired", "You are not subscribed to this service.", ["not signed up"]),
        ("AccessDenied", "User: arn:aws:iam::xxx:user/a is not authorized to perform: s3:GetObject", ["taken out"]),
        ("AccessDenied", "User: arn:aws:iam::*:user/a is not authorized to perform: sts:AssumeRole", ["taken out"]),
        ("RegionDisabledException", "STS is not activated in this region for account:1.", ["activate"]),
        ("MalformedPolicyDocument", 'Invalid principal in policy: "AWS":"arn:aws:iam::1:group/g"', ["group"]),
        ("MalformedPolicyDocument", 'Invalid principal in policy: "AWS":"arn:aws:iam::1:user/*"', ["wildcard"]),
        ("MalformedPolicyDocument", 'Invalid principal in policy: "AWS":"AIDAQ3EGVDLEXAMPLE12"', ["deleted"]),
        ("MalformedPolicyDocument", 'Invalid principal in policy: "AWS":"arn:aws-cn:iam::1:user/a"', ["partition"]),
        ("MalformedPolicyDocument", 'Invalid principal in policy: "SERVICE":"foo.amazonaws.com"', ["no service foo"]),
        (
            "MalformedPolicy",
            'Invalid principal in policy: "AWS":"arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1"',
            ["no such origin access identity", "list-cloud-front-origin-access-identities"],
        ),
        (
            "MalformedPolicy",
            f'Invalid principal in policy: "CANONICALUSER":"{"0a" * 32}"',
            ["canonical user id", "list-buckets --query Owner.ID"],
        ),
    ],
)
def test_what_aws_says_without_a_name(account: Account, code: str, message: str, words: Sequence[str]) -> None:
    text = f"An error occurred ({code}) when calling the X operation: {message}"
    assert_says(explain(account, text), *words)


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (
            "glue:GetJobs with an explicit deny in a service control policy",
            ["service control policy", "it is above"],
        ),
        (
            "glue:GetJobs because no VPC endpoint policy allows the glue:GetJobs action",
            ["VPC endpoint policy"],
        ),
        (
            "kms:Decrypt on resource: arn:aws:kms:us-east-1:111122223333:key/1 because no resource-based policy "
            "allows the kms:Decrypt action",
            ["key's own policy", "get-key-policy"],
        ),
        (
            "glue:GetJobs because no identity-based policy allows the glue:GetJobs action",
            ["not among them"],
        ),
    ],
)
def test_a_refusal_that_the_policies_here_do_not_tell_is_never_called_allowed(
    account: Account, caller: Caller, message: str, words: Sequence[str]
) -> None:
    found = explain(account, f"User: {caller.arn} is not authorized to perform: {message}")
    assert_says(found, *words)


def test_no_root_user_assumes_a_role(account: Account, caller: Caller) -> None:
    root = f"arn:aws:iam::{account.account_id}:root"
    found = explain(account, principal=root, resource=new_role(account, caller))
    assert_says(found, "root user")
    assert "trust policy" not in found.next_step.do


def test_aws_words_are_told_where_the_caller_is_not_in_the_account(account: Account) -> None:
    caller = f"arn:aws:sts::{account.account_id}:assumed-role/{unique('gone')}/app"
    text = f"User: {caller} is not authorized to perform: glue:GetJobs because no session policy allows the x action"
    found = explain(account, text)
    assert_says(found, "AWS says: no session policy allows it", "See first whose key the program uses now")
    assert "no role named" in " ".join(found.notes)


@pytest.mark.exhaustive
@pytest.mark.parametrize("text", ["Unable to locate credentials. You can configure …", "NoCredentialProviders: no …"])
def test_a_program_without_credentials(account: Account, text: str) -> None:
    assert_says(explain(account, text), "not signed", "credentials")


def test_a_quota_in_a_programs_words_is_named(account: Account) -> None:
    text = "Instance creation failed => VcpuLimitExceeded: You have requested more vCPU capacity"
    assert "AWS answers VcpuLimitExceeded" in explain(account, text).reason


def test_an_error_that_is_no_refusal_is_named(account: Account) -> None:
    text = "An error occurred (KMS.NotFoundException) when calling the PutObject operation: Invalid keyId"
    found = explain(account, text)
    assert found.title() == "No refusal: the call PutObject"
    assert "AWS answers NotFoundException" in found.reason
