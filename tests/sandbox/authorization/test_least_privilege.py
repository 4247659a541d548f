"""Least privilege, tried for real: given this statement, this call is allowed or refused."""

import json

import pytest

from support.sandbox_clients import (
    HERE,
    THERE,
    Key,
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
    trust,
    unique,
)

REFUSED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}
BUCKET = "least-privilege"
JOB_ROLE = f"arn:aws:iam::{HERE}:role/service/job-role"


@pytest.fixture(scope="module")
def sandbox(sandbox):
    s3 = client(sandbox, "s3", administrator(sandbox))
    s3.create_bucket(Bucket=BUCKET)
    s3.create_bucket(Bucket=f"{BUCKET}-2")
    s3.put_object(Bucket=BUCKET, Key="home/ana/notes.txt", Body=b"hello")
    s3.put_object(Bucket=BUCKET, Key="tagged", Body=b"", Tagging="team=blue")
    new_role(sandbox, trust({"Service": "glue.amazonaws.com"}), RoleName="job-role", Path="/service/")
    return sandbox


def when(statement, operator, **keys):
    """The statement, on a condition; `aws__username` stands for `aws:username`."""
    return {**statement, "Condition": {operator: {key.replace("__", ":", 1): value for key, value in keys.items()}}}


S3 = f"arn:aws:s3:::{BUCKET}"
GLUE = f"arn:aws:glue:us-east-1:{HERE}"
LIST = ("s3", "list_objects_v2", {"Bucket": BUCKET})
GET = ("s3", "get_object", {"Bucket": BUCKET, "Key": "home/ana/notes.txt"})
PUT = ("s3", "put_object", {"Bucket": BUCKET, "Key": "home/ana/new.txt", "Body": b"x"})
JOB = {"Command": {"Name": "glueetl", "ScriptLocation": "s3://x/y"}, "Role": JOB_ROLE}

USERS = ("iam", "list_users", {})
INSTANCES = ("ec2", "describe_instances", {})
PUT_TAGGED = ("s3", "put_object", {**PUT[2], "Tagging": "a=b"})
ONESELF = f"arn:aws:iam::{HERE}:user/${{aws:username}}"
NEW_USER = {"UserName": "never-made"}
OF_AWS = "arn:aws:iam::aws:policy/"
TO_EC2 = {"Condition": {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}}


COPY_TAGGED = ("s3", "copy_object", {"Bucket": BUCKET, "Key": "copy", "CopySource": f"{BUCKET}/tagged"})
TAGS = {"Tags": [{"Key": "team", "Value": "blue"}]}
MFA_TAGGED = {"VirtualMFADeviceName": "tagged-device", **TAGS}


def create_job(name):
    return "glue", "create_job", {"Name": name, **JOB}


CASES = [
    # S3: a bucket and its objects are different resources
    (allow("s3:ListBucket", S3), LIST, True),
    (allow("s3:ListBucket", f"{S3}/*"), LIST, False),
    (allow("s3:ListObjectsV2", S3), LIST, False),
    (allow("s3:GetObject", f"{S3}/home/ana/*"), GET, True),
    (allow("s3:GetObject", f"{S3}/home/bob/*"), GET, False),
    (allow("s3:GetObject", S3), GET, False),
    (allow("s3:getobject", f"{S3}/*"), GET, True),
    (allow("s3:*", f"arn:aws:s3:::{BUCKET}?2*"), GET, False),
    (allow("s3:GetObject", f"{S3}/*"), ("s3", "head_object", GET[2]), True),
    (allow("s3:PutObject", f"{S3}/*"), PUT, True),
    (allow("s3:PutObject", f"{S3}/*"), PUT_TAGGED, False),
    (
        allow(["s3:PutObject", "s3:PutObjectTagging"], f"{S3}/*"),
        PUT_TAGGED,
        True,
    ),
    (
        allow("s3:PutObject", f"{S3}/*"),
        ("s3", "copy_object", {"Bucket": BUCKET, "Key": "copy", "CopySource": f"{BUCKET}/home/ana/notes.txt"}),
        False,
    ),
    # a copy takes its tags along
    (allow(["s3:PutObject", "s3:GetObject"], f"{S3}/*"), COPY_TAGGED, False),
    (allow(["s3:PutObject", "s3:GetObject", "s3:GetObjectTagging"], f"{S3}/*"), COPY_TAGGED, False),
    (allow(["s3:PutObject", "s3:GetObject", "s3:*ObjectTagging"], f"{S3}/*"), COPY_TAGGED, True),
    (
        allow(["s3:PutObject", "s3:GetObject"], f"{S3}/*"),
        ("s3", "copy_object", {**COPY_TAGGED[2], "TaggingDirective": "REPLACE"}),
        True,
    ),
    # what is made with tags is tagged
    (allow("iam:CreateUser"), ("iam", "create_user", {"UserName": "tagged-user", **TAGS}), False),
    (allow(["iam:CreateUser", "iam:TagUser"]), ("iam", "create_user", {"UserName": "tagged-user", **TAGS}), True),
    (allow("iam:CreateVirtualMFADevice"), ("iam", "create_virtual_mfa_device", MFA_TAGGED), False),
    (
        allow(["iam:CreateVirtualMFADevice", "iam:TagMFADevice"]),
        ("iam", "create_virtual_mfa_device", MFA_TAGGED),
        True,
    ),
    (allow("s3:ListAllMyBuckets"), ("s3", "list_buckets", {}), True),
    (allow("s3:ListAllMyBuckets", S3), ("s3", "list_buckets", {}), False),
    # the keys of a request
    (when(allow("s3:ListBucket", S3), "StringLike", s3__prefix="home/*"), LIST, False),
    (
        when(allow("s3:ListBucket", S3), "StringLike", s3__prefix="home/*"),
        ("s3", "list_objects_v2", {"Bucket": BUCKET, "Prefix": "home/ana"}),
        True,
    ),
    (
        allow("s3:ListBucket", S3, Condition={"NumericLessThanEquals": {"s3:max-keys": "10"}}),
        ("s3", "list_objects_v2", {"Bucket": BUCKET, "MaxKeys": 11}),
        False,
    ),
    (when(allow("iam:ListUsers"), "IpAddress", aws__SourceIp="127.0.0.0/8"), USERS, True),
    (when(allow("iam:ListUsers"), "IpAddress", aws__SourceIp="203.0.113.0/24"), USERS, False),
    (when(allow("iam:ListUsers"), "Bool", aws__SecureTransport="true"), USERS, False),
    (when(allow("iam:ListUsers"), "StringEquals", aws__RequestedRegion="us-east-1"), USERS, True),
    (when(allow("iam:ListUsers"), "StringEquals", aws__PrincipalAccount=HERE), USERS, True),
    (when(allow("iam:ListUsers"), "StringEquals", aws__PrincipalType="User"), USERS, True),
    (when(allow("iam:ListUsers"), "StringLike", aws__userid="AIDA*"), USERS, True),
    (when(allow("iam:ListUsers"), "StringLike", aws__UserAgent="*Botocore*"), USERS, True),
    (
        when(allow("iam:ListUsers"), "DateGreaterThan", aws__CurrentTime="2026-01-01T00:00:00Z"),
        USERS,
        True,
    ),
    (when(allow("iam:ListUsers"), "NumericGreaterThan", aws__EpochTime="1700000000"), USERS, True),
    (when(allow("iam:ListUsers"), "Bool", aws__MultiFactorAuthPresent="true"), USERS, False),
    (when(allow("iam:ListUsers"), "BoolIfExists", aws__MultiFactorAuthPresent="true"), USERS, True),
    (when(allow("iam:ListUsers"), "Null", aws__MultiFactorAuthPresent="true"), USERS, True),
    (
        when(allow("iam:CreateUser"), "StringEquals", aws__RequestTag="x"),
        ("iam", "create_user", NEW_USER),
        False,
    ),
    (
        when(allow(["iam:CreateUser", "iam:TagUser"]), "ForAllValues:StringEquals", aws__TagKeys=["team"]),
        ("iam", "create_user", {**NEW_USER, "Tags": [{"Key": "other", "Value": "x"}]}),
        False,
    ),
    (
        when(allow("iam:AttachUserPolicy"), "ArnEquals", iam__PolicyARN=f"{OF_AWS}ReadOnlyAccess"),
        (
            "iam",
            "attach_user_policy",
            {"UserName": "administrator", "PolicyArn": f"{OF_AWS}IAMFullAccess"},
        ),
        False,
    ),
    # IAM's own resources, with their paths
    (allow("iam:GetRole", JOB_ROLE), ("iam", "get_role", {"RoleName": "job-role"}), True),
    (allow("iam:GetRole", f"arn:aws:iam::{HERE}:role/job-role"), ("iam", "get_role", {"RoleName": "job-role"}), False),
    (allow("iam:GetUser", ONESELF), ("iam", "get_user", {}), True),
    (
        allow("iam:GetUser", ONESELF),
        ("iam", "get_user", {"UserName": "administrator"}),
        False,
    ),
    # a role is handed to a service only by whoever may pass it
    (allow("glue:CreateJob"), create_job("a"), False),
    ([allow("glue:CreateJob"), allow("iam:PassRole", JOB_ROLE)], create_job("b"), True),
    (
        [
            allow("glue:CreateJob"),
            allow("iam:PassRole", **TO_EC2),
        ],
        create_job("c"),
        False,
    ),
    (
        [allow("glue:CreateJob", f"{GLUE}:job/d*"), allow("iam:PassRole")],
        create_job("d1"),
        True,
    ),
    (
        [allow("glue:CreateJob", f"{GLUE}:job/d*"), allow("iam:PassRole")],
        create_job("e1"),
        False,
    ),
    (allow("ec2:DescribeInstances"), INSTANCES, True),
    (
        allow("ec2:DescribeInstances", f"arn:aws:ec2:us-east-1:{HERE}:instance/*"),
        INSTANCES,
        False,
    ),
    # Deny, NotAction, NotResource
    ([allow("*"), deny("iam:ListUsers")], USERS, False),
    ([allow("*"), deny("s3:*")], USERS, True),
    ({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}, USERS, False),
    ({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}, LIST, True),
    ({"Effect": "Allow", "Action": "s3:GetObject", "NotResource": f"{S3}/home/*"}, GET, False),
    ([allow("*"), deny("*")], ("sts", "get_caller_identity", {}), True),
]


@pytest.mark.exhaustive(but_first=10)
@pytest.mark.parametrize(("statements", "call", "allowed"), CASES)
def test_a_users_statement_decides(sandbox, statements, call, allowed):
    listed = statements if isinstance(statements, list) else [statements]
    user = new_user(sandbox, *listed)
    service, operation, parameters = call
    method = getattr(client(sandbox, service, user.key), operation)
    if allowed:
        assert method(**parameters)["ResponseMetadata"]["HTTPStatusCode"] < 300
    else:
        told = refusal(method, **parameters)
        assert told.code in REFUSED, told


@pytest.mark.parametrize(
    ("condition", "options", "allowed"),
    [
        ({"StringEquals": {"sts:ExternalId": "secret"}}, {}, False),
        ({"StringEquals": {"sts:ExternalId": "secret"}}, {"ExternalId": "other"}, False),
        ({"StringEquals": {"sts:ExternalId": "secret"}}, {"ExternalId": "secret"}, True),
        ({"StringLike": {"sts:RoleSessionName": "${aws:username}"}}, {}, False),
        ({"NumericLessThanEquals": {"sts:DurationSeconds": "900"}}, {"DurationSeconds": 900}, True),
        ({"NumericLessThanEquals": {"sts:DurationSeconds": "900"}}, {"DurationSeconds": 1000}, False),
        ({"IpAddress": {"aws:SourceIp": "127.0.0.1"}}, {}, True),
        ({"Bool": {"aws:MultiFactorAuthPresent": "true"}}, {}, False),
        ({"StringEquals": {"aws:PrincipalTag/team": "blue"}}, {}, False),
    ],
)
def test_a_trust_policys_condition_decides(sandbox, condition, options, allowed):
    user = new_user(sandbox)
    role = new_role(sandbox, trust({"AWS": user.arn}, Condition=condition))
    call = client(sandbox, "sts", user.key).assume_role
    parameters = {"RoleArn": role, "RoleSessionName": "session", **options}
    if allowed:
        assert call(**parameters)["Credentials"]
    else:
        assert refusal(call, **parameters).code == "AccessDenied"


def test_a_principals_tags_are_in_the_context(sandbox):
    name = unique("tagged")
    iam(sandbox).create_user(UserName=name, Tags=[{"Key": "team", "Value": "blue"}])
    key = iam(sandbox).create_access_key(UserName=name)["AccessKey"]
    signer = Key(key["AccessKeyId"], key["SecretAccessKey"])
    role = new_role(
        sandbox,
        trust(
            {"AWS": f"arn:aws:iam::{HERE}:user/{name}"}, Condition={"StringEquals": {"aws:PrincipalTag/team": "blue"}}
        ),
    )
    assert assume(sandbox, signer, role)


def test_session_tags_want_permission_to_tag(sandbox):
    user = new_user(sandbox)
    tags = [{"Key": "team", "Value": "blue"}]
    without = new_role(sandbox, trust({"AWS": user.arn}))
    assert refusal(
        client(sandbox, "sts", user.key).assume_role, RoleArn=without, RoleSessionName="session", Tags=tags
    ).message.endswith(f"sts:TagSession on resource: {without}")
    with_tags = new_role(sandbox, trust({"AWS": user.arn}, Action=["sts:AssumeRole", "sts:TagSession"]))
    team = "arn:aws:s3:::${aws:PrincipalTag/team}-bucket"
    iam(sandbox).put_role_policy(
        RoleName=with_tags.rpartition("/")[2], PolicyName="p", PolicyDocument=document(allow("s3:CreateBucket", team))
    )
    session = assume(sandbox, user.key, with_tags, Tags=tags)
    assert client(sandbox, "s3", session).create_bucket(Bucket="blue-bucket")
    assert refusal(client(sandbox, "s3", session).create_bucket, Bucket="red-bucket").code == "AccessDenied"


def test_a_session_policy_narrows_the_role(sandbox):
    user = new_user(sandbox)
    role = new_role(sandbox, trust({"AWS": user.arn}))
    iam(sandbox).attach_role_policy(
        RoleName=role.rpartition("/")[2], PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
    )
    session = assume(sandbox, user.key, role, Policy=document(allow("iam:ListUsers")))
    assert client(sandbox, "iam", session).list_users()
    told = refusal(client(sandbox, "iam", session).list_roles)
    assert "because no session policy allows the iam:ListRoles action" in told.message


def test_a_boundary_narrows_a_role(sandbox):
    boundary = iam(sandbox).create_policy(
        PolicyName=unique("boundary"), PolicyDocument=document(allow("iam:ListUsers"))
    )["Policy"]["Arn"]
    user = new_user(sandbox)
    role = new_role(sandbox, trust({"AWS": user.arn}), PermissionsBoundary=boundary)
    iam(sandbox).put_role_policy(
        RoleName=role.rpartition("/")[2], PolicyName="all", PolicyDocument=document(allow("iam:*"))
    )
    session = assume(sandbox, user.key, role)
    assert client(sandbox, "iam", session).list_users()
    told = refusal(client(sandbox, "iam", session).list_roles)
    assert "because no permissions boundary allows the iam:ListRoles action" in told.message


def test_a_bucket_policy_lets_another_account_in_with_both_sides(sandbox):
    bucket = unique("shared").lower()
    s3 = client(sandbox, "s3", administrator(sandbox))
    s3.create_bucket(Bucket=bucket)
    theirs = new_user(sandbox, allow("s3:*"), account_id=THERE)
    without = new_user(sandbox, account_id=THERE)
    ours = new_user(sandbox)
    listing = {"Bucket": bucket}
    assert refusal(client(sandbox, "s3", theirs.key).list_objects_v2, **listing).code == "AccessDenied"
    named = {"AWS": [theirs.arn, without.arn, ours.arn]}
    statement = {**allow("s3:ListBucket", f"arn:aws:s3:::{bucket}"), "Principal": named}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    assert client(sandbox, "s3", theirs.key).list_objects_v2(**listing)
    assert refusal(client(sandbox, "s3", without.key).list_objects_v2, **listing).code == "AccessDenied"
    assert client(sandbox, "s3", ours.key).list_objects_v2(**listing), "in the same account, one side is enough"


def test_a_groups_policies_are_its_members(sandbox):
    group = unique("group")
    user = new_user(sandbox)
    iam(sandbox).create_group(GroupName=group)
    iam(sandbox).put_group_policy(GroupName=group, PolicyName="p", PolicyDocument=document(allow("iam:ListUsers")))
    users = client(sandbox, "iam", user.key).list_users
    assert refusal(users).code == "AccessDenied"
    iam(sandbox).add_user_to_group(GroupName=group, UserName=user.name)
    assert users()
