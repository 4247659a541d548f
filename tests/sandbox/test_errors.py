"""How the sandbox says no: status, code and text as AWS's own, row by row, through real boto3 clients."""

import json
from types import SimpleNamespace

import pytest

from support.sandbox_clients import (
    HERE,
    TRUSTS_EC2,
    Key,
    Refusal,
    administrator,
    allow,
    assume,
    client,
    deny,
    document,
    iam,
    new_role,
    new_user,
    refusal,
    refusal_to_assume,
    trust,
    unique,
)

INVALID_TOKEN = Refusal(403, "InvalidClientTokenId", "The security token included in the request is invalid.")
S3_FULL_ACCESS = "arn:aws:iam::aws:policy/AmazonS3FullAccess"


def malformed(message):
    return Refusal(400, "MalformedPolicyDocument", message)


def invalid(message):
    return Refusal(400, "ValidationError", message)


def one_error(message):
    return invalid(f"1 validation error detected: {message}")


# --- calls that are not allowed

NOT_ALLOWED = [
    # service, call, parameters, status and code, what comes before "User: …", action, resource
    ("iam", "list_users", {}, (403, "AccessDenied"), "", "iam:ListUsers", f"arn:aws:iam::{HERE}:user/"),
    (
        "iam",
        "delete_role",
        {"RoleName": "some-role"},
        (403, "AccessDenied"),
        "",
        "iam:DeleteRole",
        f"arn:aws:iam::{HERE}:role/some-role",
    ),
    ("s3", "list_buckets", {}, (403, "AccessDenied"), "", "s3:ListAllMyBuckets", None),
    (
        "s3",
        "create_bucket",
        {"Bucket": "a-new-bucket"},
        (403, "AccessDenied"),
        "",
        "s3:CreateBucket",
        '"arn:aws:s3:::a-new-bucket"',
    ),
    (
        "ec2",
        "describe_instances",
        {},
        (403, "UnauthorizedOperation"),
        "You are not authorized to perform this operation. ",
        "ec2:DescribeInstances",
        None,
    ),
    (
        "glue",
        "get_job",
        {"JobName": "nightly"},
        (400, "AccessDeniedException"),
        "",
        "glue:GetJob",
        f"arn:aws:glue:us-east-1:{HERE}:job/nightly",
    ),
]
REASONS = {
    "nothing allows it": ([], "because no identity-based policy allows the {action} action"),
    "something denies it": ([allow("*"), deny("*")], "with an explicit deny in an identity-based policy"),
}


@pytest.mark.parametrize("reason", REASONS)
@pytest.mark.parametrize(
    ("service", "call", "parameters", "status_and_code", "opening", "action", "resource"),
    NOT_ALLOWED,
    ids=[row[5] for row in NOT_ALLOWED],
)
def test_a_call_that_is_not_allowed(
    sandbox, service, call, parameters, status_and_code, opening, action, resource, reason
):
    statements, because = REASONS[reason]
    user = new_user(sandbox, *statements)
    on_resource = f" on resource: {resource}" if resource else ""
    text = f"User: {user.arn} is not authorized to perform: {action}{on_resource} "
    text += because.format(action=action)
    refused = refusal(getattr(client(sandbox, service, user.key), call), **parameters)
    assert refused == Refusal(*status_and_code, opening + text)


def test_a_session_is_refused_by_its_own_arn(sandbox):
    user = new_user(sandbox)
    role_arn = new_role(sandbox, trust({"AWS": user.arn}))
    session = assume(sandbox, user.key, role_arn, RoleSessionName="monday")
    session_arn = f"arn:aws:sts::{HERE}:assumed-role/{role_arn.rpartition('/')[2]}/monday"
    assert refusal(client(sandbox, "s3", session).list_buckets).message == (
        f"User: {session_arn} is not authorized to perform: s3:ListAllMyBuckets "
        "because no identity-based policy allows the s3:ListAllMyBuckets action"
    )


def test_who_am_i_always_works(sandbox):
    user = new_user(sandbox, deny("*"))
    assert client(sandbox, "sts", user.key).get_caller_identity()["Arn"] == user.arn


# --- credentials that are not taken


@pytest.mark.parametrize("service", ["sts", "iam"])
def test_an_unknown_key(sandbox, service):
    call = {"sts": "get_caller_identity", "iam": "list_users"}[service]
    assert refusal(getattr(client(sandbox, service, Key("AKIAIOSFODNN7EXAMPLE", "x" * 40)), call)) == INVALID_TOKEN


def test_an_unknown_key_in_s3(sandbox):
    message = "The AWS Access Key Id you provided does not exist in our records."
    refused = refusal(client(sandbox, "s3", Key("AKIAIOSFODNN7EXAMPLE", "x" * 40)).list_buckets)
    assert refused == Refusal(403, "InvalidAccessKeyId", message)


def test_an_inactive_key_and_one_that_is_active_again(sandbox):
    user = new_user(sandbox)
    sts = client(sandbox, "sts", user.key)
    named = {"UserName": user.name, "AccessKeyId": user.key.access_key_id}
    iam(sandbox).update_access_key(**named, Status="Inactive")
    assert refusal(sts.get_caller_identity) == INVALID_TOKEN
    iam(sandbox).update_access_key(**named, Status="Active")
    assert sts.get_caller_identity()["Arn"] == user.arn


def test_a_deleted_key(sandbox):
    user = new_user(sandbox)
    sts = client(sandbox, "sts", user.key)
    assert sts.get_caller_identity()["Arn"] == user.arn
    iam(sandbox).delete_access_key(UserName=user.name, AccessKeyId=user.key.access_key_id)
    assert refusal(sts.get_caller_identity) == INVALID_TOKEN


@pytest.mark.parametrize("token", [None, "not-the-token"])
def test_a_temporary_key_without_its_token(sandbox, token):
    user = new_user(sandbox)
    session = assume(sandbox, user.key, new_role(sandbox, trust({"AWS": user.arn})))
    without = Key(session.access_key_id, session.secret_access_key, token)
    assert refusal(client(sandbox, "sts", without).get_caller_identity) == INVALID_TOKEN


@pytest.mark.parametrize("kind", ["access key", "temporary key"])
def test_a_wrong_secret(sandbox, kind):
    key = new_user(sandbox).key
    if kind == "temporary key":
        user = new_user(sandbox)
        key = assume(sandbox, user.key, new_role(sandbox, trust({"AWS": user.arn})))
    wrong = Key(key.access_key_id, key.secret_access_key[::-1], key.session_token)
    message = (
        "The request signature we calculated does not match the signature you provided. Check your AWS "
        "Secret Access Key and signing method. Consult the service documentation for details."
    )
    refused = refusal(client(sandbox, "sts", wrong).get_caller_identity)
    assert refused == Refusal(403, "SignatureDoesNotMatch", message)


# --- how a role is assumed

TOO_LONG = invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
CHAINED = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
FAILED = "failed to satisfy constraint: Member must"
SESSION_NAME = rf"at 'roleSessionName' {FAILED} satisfy regular expression pattern: [\w+=,.@-]*"
ASSUME_ROLE = [
    ({"DurationSeconds": 3601}, TOO_LONG),
    ({"DurationSeconds": 43200}, TOO_LONG),
    (
        {"DurationSeconds": 899},
        one_error(f"Value '899' at 'durationSeconds' {FAILED} have value greater than or equal to 900"),
    ),
    (
        {"DurationSeconds": 43201},
        one_error(f"Value '43201' at 'durationSeconds' {FAILED} have value less than or equal to 43200"),
    ),
    ({"RoleSessionName": "a b"}, one_error(f"Value 'a b' {SESSION_NAME}")),
    ({"RoleSessionName": "é-session"}, one_error(f"Value 'é-session' {SESSION_NAME}")),
    (
        {"RoleSessionName": "a"},
        one_error(f"Value 'a' at 'roleSessionName' {FAILED} have length greater than or equal to 2"),
    ),
    (
        {"RoleSessionName": "a" * 65},
        one_error(f"Value '{'a' * 65}' at 'roleSessionName' {FAILED} have length less than or equal to 64"),
    ),
    (
        {"RoleArn": "a-short-one"},
        one_error(f"Value 'a-short-one' at 'roleArn' {FAILED} have length greater than or equal to 20"),
    ),
]


@pytest.mark.parametrize(("options", "expected"), ASSUME_ROLE)
def test_assume_role_with_what_it_does_not_take(sandbox, options, expected):
    user = new_user(sandbox)
    role_arn = new_role(sandbox, trust({"AWS": user.arn}))
    assert refusal_to_assume(sandbox, user.key, role_arn, **options) == expected


def test_a_role_that_allows_longer_sessions_has_an_end_too(sandbox):
    user = new_user(sandbox)
    role_arn = new_role(sandbox, trust({"AWS": user.arn}), MaxSessionDuration=7200)
    assert assume(sandbox, user.key, role_arn, DurationSeconds=7200)
    assert refusal_to_assume(sandbox, user.key, role_arn, DurationSeconds=7201) == TOO_LONG


def test_chaining_roles_ends_after_an_hour(sandbox):
    user = new_user(sandbox)
    first = new_role(sandbox, trust({"AWS": user.arn}))
    second = new_role(sandbox, trust({"AWS": first}), MaxSessionDuration=43200)
    session = assume(sandbox, user.key, first)
    assert assume(sandbox, session, second, DurationSeconds=3600)
    assert refusal_to_assume(sandbox, session, second, DurationSeconds=3601) == invalid(CHAINED)


# --- policy documents

NOBODY = f"arn:aws:iam::{HERE}:user/nobody-of-this-name"
NO_ROLE = f"arn:aws:iam::{HERE}:role/no-role-of-this-name"
WILDCARD = f"arn:aws:iam::{HERE}:user/*"
BAD_TRUST = [
    (document(trust({"AWS": arn})), malformed(f'Invalid principal in policy: "AWS":"{arn}"'))
    for arn in (NOBODY, NO_ROLE, WILDCARD, "<user-arn>")
] + [
    (
        document(TRUSTS_EC2, trust({"AWS": ["111122223333", NOBODY]})),
        malformed(f'Invalid principal in policy: "AWS":"{NOBODY}"'),
    ),
    ("not json", malformed("This policy contains invalid Json")),
    (document(TRUSTS_EC2)[:-1], malformed("This policy contains invalid Json")),
    (document({**TRUSTS_EC2, "Resource": "*"}), malformed("Has prohibited field Resource")),
    (
        document({**TRUSTS_EC2, "Action": "s3:GetObject"}),
        malformed("AssumeRole policy may only specify STS AssumeRole actions."),
    ),
]


@pytest.mark.parametrize(("text", "expected"), BAD_TRUST)
def test_a_trust_policy_that_is_none(sandbox, text, expected):
    create = iam(sandbox).create_role
    assert refusal(create, RoleName=unique("role"), AssumeRolePolicyDocument=text) == expected
    name = new_role(sandbox, TRUSTS_EC2).rpartition("/")[2]
    assert refusal(iam(sandbox).update_assume_role_policy, RoleName=name, PolicyDocument=text) == expected
    kept = iam(sandbox).get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    assert kept == json.loads(document(TRUSTS_EC2))


BAD_IDENTITY = [
    (
        document({**allow("s3:GetObject"), "Principal": "*"}),
        malformed("Policy document should not specify a principal."),
    ),
    ("not json", malformed("Syntax errors in policy.")),
    (
        document({"Effect": "Allow", "Action": "s3:GetObject"}),
        malformed("Policy statement must contain resources."),
    ),
    (document({"Action": "s3:GetObject", "Resource": "*"}), malformed("Syntax errors in policy.")),
    (document({**allow("s3:GetObject"), "Effect": "allow"}), malformed("The policy failed legacy parsing")),
    (document({**allow("s3:GetObject"), "Actions": "s3:*"}), malformed("Syntax errors in policy.")),
    (
        json.dumps({"Version": "2026-01-01", "Statement": allow("s3:GetObject")}),
        malformed("Syntax errors in policy."),
    ),
    (
        document(allow("sts:AssumeRole", "<role-arn>")),
        malformed('Resource <role-arn> must be in ARN format or "*".'),
    ),
    (
        document(allow("AssumeRole")),
        malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."),
    ),
]


def identity_policy_calls(sandbox):
    """Every call that takes an identity policy, ready for its document."""
    user, role = new_user(sandbox), new_role(sandbox, TRUSTS_EC2).rpartition("/")[2]
    return {
        "PutUserPolicy": lambda text: iam(sandbox).put_user_policy(
            UserName=user.name, PolicyName="p", PolicyDocument=text
        ),
        "PutRolePolicy": lambda text: iam(sandbox).put_role_policy(RoleName=role, PolicyName="p", PolicyDocument=text),
        "CreatePolicy": lambda text: iam(sandbox).create_policy(PolicyName=unique("policy"), PolicyDocument=text),
    }


@pytest.mark.parametrize("call", ["PutUserPolicy", "PutRolePolicy", "CreatePolicy"])
@pytest.mark.parametrize(("text", "expected"), BAD_IDENTITY)
def test_an_identity_policy_that_is_none(sandbox, text, expected, call):
    assert refusal(identity_policy_calls(sandbox)[call], text=text) == expected


# --- names that are taken, and things that are not there


@pytest.mark.parametrize("spelled", [str, str.upper])
def test_a_name_that_is_taken(sandbox, spelled):
    name = unique("taken")
    new_user(sandbox, name=name)
    new_role(sandbox, TRUSTS_EC2, RoleName=name)
    again = spelled(name)
    assert refusal(iam(sandbox).create_user, UserName=again) == Refusal(
        409, "EntityAlreadyExists", f"User with name {again} already exists."
    )
    create = iam(sandbox).create_role
    assert refusal(create, RoleName=again, AssumeRolePolicyDocument=document(TRUSTS_EC2)) == Refusal(
        409, "EntityAlreadyExists", f"Role with name {again} already exists."
    )


INLINE = {"PolicyName": "p", "PolicyDocument": document(allow("s3:*"))}
ATTACHED = {"PolicyArn": S3_FULL_ACCESS}
TAGS = {"Tags": [{"Key": "a", "Value": "b"}]}
NO_USER = [
    ("get_user", {}),
    ("delete_user", {}),
    ("create_access_key", {}),
    ("list_access_keys", {}),
    ("put_user_policy", INLINE),
    ("list_user_policies", {}),
    ("list_attached_user_policies", {}),
    ("attach_user_policy", ATTACHED),
    ("detach_user_policy", ATTACHED),
    ("tag_user", TAGS),
]
NO_ROLE_THERE = [
    ("get_role", {}),
    ("delete_role", {}),
    ("update_assume_role_policy", {"PolicyDocument": document(TRUSTS_EC2)}),
    ("put_role_policy", INLINE),
    ("list_role_policies", {}),
    ("list_attached_role_policies", {}),
    ("attach_role_policy", ATTACHED),
    ("detach_role_policy", ATTACHED),
    ("tag_role", TAGS),
]


@pytest.mark.parametrize(("call", "parameters"), NO_USER)
def test_a_user_that_is_not_there(sandbox, call, parameters):
    refused = refusal(getattr(iam(sandbox), call), UserName="nobody", **parameters)
    assert refused == Refusal(404, "NoSuchEntity", "The user with name nobody cannot be found.")


@pytest.mark.parametrize(("call", "parameters"), NO_ROLE_THERE)
def test_a_role_that_is_not_there(sandbox, call, parameters):
    refused = refusal(getattr(iam(sandbox), call), RoleName="nobody", **parameters)
    assert refused == Refusal(404, "NoSuchEntity", "The role with name nobody cannot be found.")


@pytest.mark.parametrize("kind", ["user", "role"])
@pytest.mark.parametrize(
    ("policy_arn", "expected"),
    [
        (
            "arn:aws:iam::aws:policy/S3FullAccess",
            Refusal(
                404,
                "NoSuchEntity",
                "Policy arn:aws:iam::aws:policy/S3FullAccess does not exist or is not attachable.",
            ),
        ),
        *(
            (arn, Refusal(400, "InvalidInput", f"ARN {arn} is not valid."))
            for arn in (
                "arn:aws:iam:aws:policy/AdministratorAccess",
                "arn:aws:iam::<account>:policy/tutorial",
                f"arn:aws:iam::{HERE}:role/tutorial",
                "arn:aws:iam::aws:policy/arn:aws:iam::aws:policy/ReadOnlyAccess",
            )
        ),
        ("AmazonS3FullAccess-is-no-arn", invalid("ARN AmazonS3FullAccess-is-no-arn is not valid.")),
    ],
)
def test_attaching_what_does_not_exist(sandbox, kind, policy_arn, expected):
    user, role = new_user(sandbox), new_role(sandbox, TRUSTS_EC2).rpartition("/")[2]
    named = {"UserName": user.name} if kind == "user" else {"RoleName": role}
    assert refusal(getattr(iam(sandbox), f"attach_{kind}_policy"), PolicyArn=policy_arn, **named) == expected


# --- deleting in order


def conflict(first):
    return Refusal(409, "DeleteConflict", f"Cannot delete entity, must {first} first.")


def test_a_user_is_deleted_last(sandbox):
    admin = iam(sandbox)
    user = new_user(sandbox, allow("s3:*"))
    named = {"UserName": user.name}
    admin.attach_user_policy(**named, PolicyArn=S3_FULL_ACCESS)
    assert refusal(admin.delete_user, **named).code == "DeleteConflict"
    admin.delete_user_policy(**named, PolicyName="inline")
    admin.detach_user_policy(**named, PolicyArn=S3_FULL_ACCESS)
    assert refusal(admin.delete_user, **named) == conflict("delete access keys")
    admin.delete_access_key(**named, AccessKeyId=user.key.access_key_id)
    admin.put_user_policy(**named, PolicyName="inline", PolicyDocument=document(allow("s3:*")))
    assert refusal(admin.delete_user, **named) == conflict("delete policies")
    admin.delete_user_policy(**named, PolicyName="inline")
    admin.attach_user_policy(**named, PolicyArn=S3_FULL_ACCESS)
    assert refusal(admin.delete_user, **named) == conflict("detach all policies")
    admin.detach_user_policy(**named, PolicyArn=S3_FULL_ACCESS)
    admin.delete_user(**named)
    assert refusal(admin.get_user, **named).code == "NoSuchEntity"


def test_a_role_is_deleted_last(sandbox):
    admin = iam(sandbox)
    named = {"RoleName": new_role(sandbox, TRUSTS_EC2).rpartition("/")[2]}
    admin.put_role_policy(**named, PolicyName="inline", PolicyDocument=document(allow("s3:*")))
    assert refusal(admin.delete_role, **named) == conflict("delete policies")
    admin.delete_role_policy(**named, PolicyName="inline")
    admin.attach_role_policy(**named, PolicyArn=S3_FULL_ACCESS)
    assert refusal(admin.delete_role, **named) == conflict("detach all policies")
    admin.detach_role_policy(**named, PolicyArn=S3_FULL_ACCESS)
    admin.delete_role(**named)
    assert refusal(admin.get_role, **named).code == "NoSuchEntity"


# --- limits and names


def test_a_third_access_key(sandbox):
    user = new_user(sandbox)
    iam(sandbox).create_access_key(UserName=user.name)
    refused = refusal(iam(sandbox).create_access_key, UserName=user.name)
    assert refused == Refusal(409, "LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2")


def text_of_length(length):
    """A policy of so many characters, white space not counted."""
    base = allow("s3:GetObject", "arn:aws:s3:::")
    missing = length - len(document(base).replace(" ", ""))
    return document(allow("s3:GetObject", "arn:aws:s3:::" + "b" * missing))


def test_inline_policies_up_to_2048_characters(sandbox):
    user = new_user(sandbox)
    iam(sandbox).put_user_policy(UserName=user.name, PolicyName="p", PolicyDocument=text_of_length(2048))
    assert iam(sandbox).list_user_policies(UserName=user.name)["PolicyNames"] == ["p"]


@pytest.mark.parametrize("lengths", [[2049], [1500, 549]])
def test_inline_policies_over_2048_characters_in_all(sandbox, lengths):
    user = new_user(sandbox)
    *fitting, last = [text_of_length(length) for length in lengths]
    put = iam(sandbox).put_user_policy
    for number, text in enumerate(fitting):
        put(UserName=user.name, PolicyName=f"p{number}", PolicyDocument=text)
    refused = refusal(put, UserName=user.name, PolicyName="last", PolicyDocument=last)
    message = f"Maximum policy size of 2048 bytes exceeded for user {user.name}"
    assert refused == Refusal(409, "LimitExceeded", message)


TRUSTED = {"AssumeRolePolicyDocument": document(TRUSTS_EC2)}
POLICY = {"PolicyDocument": document(allow("s3:*"))}
PATTERN = rf"{FAILED} satisfy regular expression pattern: [\w+=,.@-]+"
BAD_NAMES = [
    ("create_user", {"UserName": "a b"}, f"Value at 'userName' {PATTERN}"),
    ("create_user", {"UserName": "zoë"}, f"Value at 'userName' {PATTERN}"),
    (
        "create_user",
        {"UserName": "u" * 65},
        f"Value at 'userName' {FAILED} have length less than or equal to 64",
    ),
    ("create_role", {"RoleName": "a/b", **TRUSTED}, f"Value at 'roleName' {PATTERN}"),
    (
        "create_role",
        {"RoleName": "r" * 65, **TRUSTED},
        f"Value at 'roleName' {FAILED} have length less than or equal to 64",
    ),
    ("create_policy", {"PolicyName": "p!", **POLICY}, f"Value at 'policyName' {PATTERN}"),
    (
        "create_policy",
        {"PolicyName": "p" * 129, **POLICY},
        f"Value at 'policyName' {FAILED} have length less than or equal to 128",
    ),
    (
        "create_user",
        {"UserName": "app", "Path": f"/{'p' * 511}/"},
        f"Value at 'path' {FAILED} have length less than or equal to 512",
    ),
    (
        "create_role",
        {"RoleName": "reader", "MaxSessionDuration": 3599, **TRUSTED},
        f"Value at 'maxSessionDuration' {FAILED} have value greater than or equal to 3600",
    ),
    (
        "create_role",
        {"RoleName": "reader", "MaxSessionDuration": 43201, **TRUSTED},
        f"Value at 'maxSessionDuration' {FAILED} have value less than or equal to 43200",
    ),
]


@pytest.mark.parametrize(("call", "parameters", "message"), BAD_NAMES)
def test_a_name_that_is_none(sandbox, call, parameters, message):
    assert refusal(getattr(iam(sandbox), call), **parameters) == one_error(message)


def test_names_as_long_as_they_may_be(sandbox):
    user = unique("u").ljust(64, "u")
    assert iam(sandbox).create_user(UserName=user, Path=f"/{'p' * 510}/")["User"]["UserName"] == user
    role = unique("r").ljust(64, "r")
    assert new_role(sandbox, TRUSTS_EC2, RoleName=role, MaxSessionDuration=43200).endswith(f"/{role}")
    policy = unique("p").ljust(128, "p")
    created = iam(sandbox).create_policy(PolicyName=policy, **POLICY)["Policy"]
    assert created["Arn"].endswith(f"/{policy}")


# --- ids


def test_ids_begin_as_aws_ids_do(sandbox):
    user = new_user(sandbox)
    role_arn = new_role(sandbox, trust({"AWS": user.arn}))
    role = iam(sandbox).get_role(RoleName=role_arn.rpartition("/")[2])["Role"]
    session = assume(sandbox, user.key, role_arn)
    ids = [user.id, role["RoleId"], user.key.access_key_id, session.access_key_id]
    ids.append(administrator(sandbox).access_key_id)
    assert [text[:4] for text in ids] == ["AIDA", "AROA", "AKIA", "ASIA", "AKIA"]


# --- AWS's own policy simulator


@pytest.mark.parametrize(
    ("statements", "decision"),
    [
        ([], "implicitDeny"),
        ([allow("s3:ListAllMyBuckets")], "allowed"),
        ([allow("*"), deny("s3:*")], "explicitDeny"),
    ],
)
@pytest.mark.parametrize("simulator", ["of a principal", "of policies"])
def test_the_policy_simulator(sandbox, statements, decision, simulator):
    asked = SimpleNamespace(ActionNames=["s3:ListAllMyBuckets"], ResourceArns=["*"])
    if simulator == "of a principal":
        arn = new_user(sandbox, *statements).arn
        answer = iam(sandbox).simulate_principal_policy(PolicySourceArn=arn, **vars(asked))
    else:
        passed = [document(*statements)] if statements else [document(allow("iam:ListUsers"))]
        answer = iam(sandbox).simulate_custom_policy(PolicyInputList=passed, **vars(asked))
    assert [result["EvalDecision"] for result in answer["EvaluationResults"]] == [decision]


def test_a_call_that_the_sandbox_does_not_have_is_named(sandbox):
    refused = refusal(iam(sandbox).generate_organizations_access_report, EntityPath="o-a1b2c3d4e5/r-f6g7h8")
    assert refused.code == "NotImplemented"
    assert "iam:GenerateOrganizationsAccessReport" in refused.message
