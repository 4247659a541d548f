"""Set-ups of people's own, with the refused call made for real: what is advised is done, and the call made again."""

import json
import shlex
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from helpers.account import Account
from helpers.diagnosis.explanation import Explanation
from helpers.explain import explain
from support.aws_cli import run_line
from support.callers import explained, new_bucket, new_caller
from support.sandbox_clients import Key, Signer, Statement, allow, deny, document, key_of, trust, unique

CREATED_BY = {"StringEquals": {"aws:RequestTag/CreatedBy": "controller"}}
UNTAGGED = {"Null": {"aws:RequestTag/team": "true"}}
RUN = {"ImageId": "ami-03cf127a", "InstanceType": "t2.micro", "MinCount": 1, "MaxCount": 1}


def new_session(account: Account, statement: Statement) -> tuple[str, Key]:
    """A role's ARN, and a session of it."""
    iam, name = account.client("iam"), unique("role")
    trusted = document(trust({"AWS": account.account_id}))
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusted)["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document(statement))
    return arn, key_of(account.client("sts").assume_role(RoleArn=arn, RoleSessionName="app"))


def mend(account: Account, found: Explanation, signer: Signer | None = None) -> None:
    """Does what is advised, as it stands."""
    for line in found.next_step.cli.splitlines():
        assert run_line(line, account, signer or account.administrator) == ""


def saved(found: Explanation) -> list[Mapping[str, Any]]:
    """The statements of the policy that is to be saved."""
    (text,) = [word for word in shlex.split(found.next_step.cli) if word.startswith("{")]
    return list(json.loads(text)["Statement"])


# --- passed along


def test_a_prefix_is_passed_without_its_wildcard(account: Account) -> None:
    bucket, name = new_bucket(account), unique("user")
    prefix = {"StringLike": {"s3:prefix": "home/${aws:username}/*"}}
    user = new_caller(account, allow("s3:ListBucket", "*", Condition=prefix), name=name)
    account.client("s3").put_object(Bucket=bucket, Key=f"home/{name}/a", Body=b"")
    found = explained(account, user.client("s3").list_objects_v2, Bucket=bucket, Prefix=f"home/{name}")
    assert found.next_step.cli.endswith(f"--prefix home/{name}/")
    assert "users alone" not in repr(found)


def test_another_prefix_than_was_asked_for_is_not_advised(account: Account) -> None:
    bucket = new_bucket(account)
    narrow = {"StringEquals": {"s3:prefix": f"{bucket}/state"}}
    user = new_caller(account, allow("s3:ListBucket", f"arn:aws:s3:::{bucket}", Condition=narrow))
    found = explained(account, user.client("s3").list_objects_v2, Bucket=bucket, Prefix="state")
    assert f"leave {bucket}/ out" in repr(found)
    assert saved(found)[0]["Condition"] == {"StringEquals": {"s3:prefix": "state"}}
    mend(account, found)
    user.client("s3").list_objects_v2(Bucket=bucket, Prefix="state")


def test_a_delimiter_is_passed(account: Account) -> None:
    bucket = new_bucket(account)
    whole = {"StringEquals": {"s3:prefix": ["", "home/"], "s3:delimiter": "/"}}
    user = new_caller(account, allow("s3:ListBucket", "*", Condition=whole))
    found = explained(account, user.client("s3").list_objects_v2, Bucket=bucket, Prefix="home/")
    mend(account, found, user.key)
    assert found.next_step.cli.endswith("--prefix home/ --delimiter /")


@pytest.mark.parametrize("operation", ["head_bucket", "get_bucket_location"])
def test_what_a_call_does_not_take_is_not_passed(account: Account, operation: str) -> None:
    bucket = new_bucket(account)
    prefix = {"StringEquals": {"s3:prefix": "in/"}}
    user = new_caller(account, allow(["s3:ListBucket", "s3:GetBucketLocation"], "*", Condition=prefix))
    call = getattr(user.client("s3"), operation)
    mend(account, explained(account, call, Bucket=bucket))
    call(Bucket=bucket)


def test_the_tags_of_what_ec2_makes_are_passed(account: Account) -> None:
    vpc = account.client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    user = new_caller(account, allow("ec2:CreateSecurityGroup", "*", Condition=CREATED_BY))
    given = {"GroupName": unique("group"), "Description": "d", "VpcId": vpc}
    found = explained(account, user.client("ec2").create_security_group, **given)
    (tags,) = [word for word in shlex.split(found.next_step.cli) if word.startswith("[")]
    tagged = [{"ResourceType": "security-group", "Tags": [{"Key": "CreatedBy", "Value": "controller"}]}]
    assert json.loads(tags) == tagged
    found = explained(account, user.client("ec2").create_security_group, **given, TagSpecifications=tagged)
    assert f"vpc/{vpc} is there already" in repr(found)
    assert "ec2:CreateTags on" in repr(found)


def test_a_guard_on_tags_is_met_and_stays(account: Account) -> None:
    guarded = ["arn:aws:ec2:*:*:instance/*", "arn:aws:ec2:*:*:volume/*"]
    user = new_caller(account, allow("ec2:*"), deny("ec2:RunInstances", guarded, Condition=UNTAGGED))
    tagged = [{"ResourceType": "instance", "Tags": [{"Key": "team", "Value": "blue"}]}]
    found = explained(account, user.client("ec2").run_instances, **RUN, TagSpecifications=tagged)
    mend(account, found, user.key)
    assert '"ResourceType": "volume"' in found.next_step.cli
    assert "Null aws:RequestTag/team: true, and in the request it is absent" in repr(found)


@pytest.mark.parametrize("order", [1, -1])
def test_one_value_steps_around_two_denies(account: Account, order: int) -> None:
    """The pair that many buckets have: each upload is to say that it is encrypted, and how."""
    bucket, user = new_bucket(account), new_caller(account, allow("s3:*"))
    on = {**trust("*", "Deny"), "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    key = "s3:x-amz-server-side-encryption"
    pair = [
        {**on, "Condition": {"StringNotEquals": {key: "AES256"}}},
        {**on, "Condition": {"Null": {key: "true"}}},
    ][::order]
    account.client("s3").put_bucket_policy(Bucket=bucket, Policy=document(*pair))
    found = explained(account, user.client("s3").put_object, Bucket=bucket, Key="a")
    assert found.next_step.cli.endswith("--server-side-encryption AES256")
    account.client("s3").put_bucket_policy(Bucket=bucket, Policy=document({**on, "Condition": {"Null": {key: "true"}}}))
    found = explained(account, user.client("s3").put_object, Bucket=bucket, Key="a")
    assert found.next_step.cli.endswith("--server-side-encryption AES256")


# --- allowed, and no more


def test_all_that_a_call_needs_is_allowed_at_once(account: Account) -> None:
    user = new_caller(account, allow("ec2:RunInstances", "arn:aws:ec2:*:*:instance/*"))
    run = user.client("ec2").run_instances
    mend(account, explained(account, run, **RUN))
    run(**RUN)


@pytest.mark.parametrize(
    ("action", "key", "value"),
    [
        ("ec2:CreateTags", "ec2:CreateAction", "CreateVolume"),
        ("iam:PassRole", "iam:PassedToService", "glue.amazonaws.com"),
    ],
)
def test_it_is_allowed_for_what_it_was_asked_for(account: Account, action: str, key: str, value: str) -> None:
    user = new_caller(account, allow(["ec2:CreateVolume", "glue:CreateJob"]))
    role = account.client("iam").create_role(
        RoleName=unique("role"), AssumeRolePolicyDocument=document(trust({"Service": "glue.amazonaws.com"}))
    )["Role"]["Arn"]
    tags = [{"ResourceType": "volume", "Tags": [{"Key": "a", "Value": "b"}]}]
    calls: dict[str, Callable[[], object]] = {
        "ec2:CreateTags": lambda: user.client("ec2").create_volume(
            AvailabilityZone="us-east-1a", Size=8, TagSpecifications=tags
        ),
        "iam:PassRole": lambda: user.client("glue").create_job(
            Name=unique("job"), Role=role, Command={"Name": "glueetl", "ScriptLocation": "s3://b/s"}
        ),
    }
    found = explained(account, calls[action])
    assert saved(found)[0]["Action"] == action
    assert saved(found)[0]["Condition"] == {"StringEquals": {key: value}}
    mend(account, found)
    calls[action]()


def test_an_acl_asks_for_more(account: Account) -> None:
    bucket = new_bucket(account)
    user = new_caller(account, allow("s3:PutObject"))
    put = user.client("s3").put_object
    assert "passes an ACL" in repr(explained(account, put, Bucket=bucket, Key="a", ACL="bucket-owner-full-control"))


def test_a_list_of_ec2s_is_not_narrowed(account: Account) -> None:
    user = new_caller(account, allow("ec2:*", Condition={"StringEquals": {"ec2:ResourceTag/team": "blue"}}))
    found = explained(account, user.client("ec2").describe_instances)
    assert "ec2:ResourceTag/team is never there" in repr(found)


def test_the_name_of_a_call_is_no_action(account: Account) -> None:
    user = new_caller(account, allow(["s3:ListObjectsV2", "s3:HeadBucket"]))
    found = explained(account, user.client("s3").list_objects_v2, Bucket=new_bucket(account))
    assert "s3:ListObjectsV2, which the inline policy" in repr(found)


def test_a_blank_in_an_arn_is_shown(account: Account) -> None:
    bucket = new_bucket(account)
    for resources, is_told in (([f"arn:aws:s3::: {bucket}", "arn:aws:s3:::b"], True), (["arn:aws:s3:::a"], False)):
        user = new_caller(account, allow("s3:ListBucket", resources))
        found = explained(account, user.client("s3").list_objects_v2, Bucket=bucket)
        assert ("there is a blank in it" in repr(found)) is is_told


# --- a Deny


def test_everybody_elses_deny_stays(account: Account) -> None:
    """One is left out of a Deny for many: its actions stay denied to the others."""
    bucket = new_bucket(account)
    user, intern = (new_caller(account, allow("s3:*")) for _ in range(2))
    arn = f"arn:aws:s3:::{bucket}/*"
    guard = {**trust("*", "Deny"), "Action": ["s3:PutObject", "s3:DeleteObject"], "Resource": arn}
    account.client("s3").put_bucket_policy(Bucket=bucket, Policy=document(guard))
    found = explained(account, user.client("s3").put_object, Bucket=bucket, Key="a")
    mend(account, found)
    user.client("s3").put_object(Bucket=bucket, Key="a")
    explained(account, intern.client("s3").put_object, Bucket=bucket, Key="a")


def test_a_session_is_not_the_role_that_not_principal_names(account: Account) -> None:
    bucket, (arn, session) = new_bucket(account), new_session(account, allow("s3:*"))
    guard = {
        "Effect": "Deny",
        "NotPrincipal": {"AWS": arn},
        "Action": ["s3:PutObject", "s3:PutBucketPolicy"],
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
    }
    account.client("s3").put_bucket_policy(Bucket=bucket, Policy=document(guard))
    found = explained(account, account.client("s3", session).put_object, Bucket=bucket, Key="a")
    assert "not this session" in repr(found)
    assert "root user" in found.next_step.do


def test_a_session_is_not_the_one_that_not_principal_names(account: Account) -> None:
    bucket, (arn, session) = new_bucket(account), new_session(account, allow("s3:*"))
    other = f"{arn.replace(':iam:', ':sts:').replace(':role/', ':assumed-role/')}/other"
    guard = {"Effect": "Deny", "NotPrincipal": {"AWS": other}, "Action": "s3:PutObject"}
    on = {**guard, "Resource": f"arn:aws:s3:::{bucket}/*"}
    account.client("s3").put_bucket_policy(Bucket=bucket, Policy=document(on))
    found = explained(account, account.client("s3", session).put_object, Bucket=bucket, Key="a")
    assert "names the session other, and not one of this name" in repr(found)


def test_a_bucket_that_keeps_administrators_out(account: Account) -> None:
    bucket = new_bucket(account)
    away = {"Condition": {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}}
    everything = {"Action": "s3:*", "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]}
    account.client("s3").put_bucket_policy(Bucket=bucket, Policy=document({**trust("*", "Deny"), **everything, **away}))
    found = explained(account, account.client("s3").list_objects_v2, Bucket=bucket)
    assert "root user deletes it" in found.next_step.do


def test_the_caller_itself_is_not_something_more(account: Account) -> None:
    oneself = f"arn:aws:iam::{account.account_id}:user/${{aws:username}}"
    mfa = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    user = new_caller(account, allow("iam:CreateAccessKey", oneself, Condition=mfa))
    found = explained(account, user.client("iam").create_access_key)
    assert "needs more" not in repr(found)


def test_two_changes_of_one_policy_are_saved_together(account: Account) -> None:
    owner, user = account.others[0], new_caller(account, allow("s3:*"))
    bucket = new_bucket(owner)
    on = {"Resource": f"arn:aws:s3:::{bucket}/*"}
    named = trust({"AWS": user.arn})
    owner.client("s3").put_bucket_policy(
        Bucket=bucket,
        Policy=document(
            {**named, "Action": "s3:PutObject", **on}, {**named, "Effect": "Deny", "Action": "s3:PutObjectAcl", **on}
        ),
    )
    put = user.client("s3").put_object
    given = {"Bucket": bucket, "Key": "a", "ACL": "bucket-owner-full-control"}
    found = explained(account, put, **given)
    mend(owner, found)
    put(**given)


# --- what is not told


def test_a_region_that_is_not_told_is_said_to_be_taken(account: Account) -> None:
    own = {"StringEquals": {"aws:RequestedRegion": "us-east-1"}}
    user = new_caller(account, allow("ec2:*", Condition=own))
    asked = "is not authorized to perform: ec2:DescribeAddresses because no identity-based policy allows the … action"
    assert "which one the call went to is not told: us-east-1" in repr(explain(account, f"User: {user.arn} {asked}"))


def test_a_session_never_says_that_mfa_was_done(account: Account) -> None:
    mfa = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    _, session = new_session(account, allow("s3:*", Condition=mfa))
    assert "never says that MFA" in repr(explained(account, account.client("s3", session).list_buckets))


def test_an_instances_session_is_told(account: Account) -> None:
    iam, name = account.client("iam"), unique("node")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust({"Service": "ec2.amazonaws.com"})))
    session = f"arn:aws:sts::{account.account_id}:assumed-role/{name}/i-0123456789abcdef0"
    found = explain(account, f"User: {session} is not authorized to perform: route53:ListHostedZones")
    assert "service account" in repr(found)


# --- MFA and tags


AGE = {"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}}
PRESENT = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


@pytest.mark.parametrize("condition", [AGE, PRESENT | AGE, PRESENT | {"StringEquals": {"sts:ExternalId": "word"}}])
def test_mfa_is_passed_whatever_else_the_trust_policy_wants(account: Account, condition: Mapping[str, Any]) -> None:
    user, iam = new_caller(account, allow("sts:AssumeRole")), account.client("iam")
    trusted = document(trust({"AWS": account.account_id}, Condition=condition))
    arn = iam.create_role(RoleName=unique("role"), AssumeRolePolicyDocument=trusted)["Role"]["Arn"]
    found = explained(account, user.client("sts").assume_role, RoleArn=arn, RoleSessionName="app")
    assert "Pass the code of an MFA device" in found.next_step.do
    assert f"User {user.name} has no device yet: assign one first" in found.next_step.do
    assert "--token-code" in found.next_step.cli
    assert ("--external-id word" in found.next_step.cli) == ("StringEquals" in condition)


def test_a_thing_that_lacks_the_tag_is_tagged(account: Account) -> None:
    ec2 = account.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    group = ec2.create_security_group(GroupName=unique("group"), Description="none", VpcId=vpc)["GroupId"]
    tagged = {"StringEquals": {"ec2:ResourceTag/made-by": "terraform"}}
    user = new_caller(account, allow("ec2:DeleteSecurityGroup", Condition=tagged))
    found = explained(account, user.client("ec2").delete_security_group, GroupId=group)
    assert "is about things with the tag made-by=terraform" in found.next_step.do
    mend(account, found)
    user.client("ec2").delete_security_group(GroupId=group)


def test_a_deny_of_what_lacks_a_tag_is_stepped_around_by_the_tag(account: Account) -> None:
    iam, name = account.client("iam"), unique("target")
    iam.create_user(UserName=name)
    other = {"StringNotEquals": {"aws:ResourceTag/team": "blue"}}
    user = new_caller(account, allow("iam:*"), deny("iam:DeleteUser", Condition=other))
    found = explained(account, user.client("iam").delete_user, UserName=name)
    assert "denies this to whatever lacks the tag team=blue" in found.next_step.do
    mend(account, found)
    user.client("iam").delete_user(UserName=name)


def test_a_tag_that_keeps_a_thing_closed_is_left(account: Account) -> None:
    iam, name = account.client("iam"), unique("target")
    iam.create_user(UserName=name, Tags=[{"Key": "team", "Value": "red"}])
    other = {"StringNotEquals": {"aws:ResourceTag/team": "blue"}}
    user = new_caller(account, allow("iam:*"), deny("iam:DeleteUser", Condition=other))
    found = explained(account, user.client("iam").delete_user, UserName=name)
    assert "tag-user" not in found.next_step.cli


def test_what_is_made_has_no_tags_before(account: Account) -> None:
    untagged = {"StringNotLike": {"aws:ResourceTag/project": "?*"}}
    user = new_caller(account, allow("ec2:*"), deny("ec2:CreateVolume", Condition=untagged))
    found = explained(account, user.client("ec2").create_volume, AvailabilityZone=f"{account.region}a", Size=8)
    assert "finds no aws:ResourceTag/project there" in repr(found)


def test_an_index_is_asked_for_by_its_own_arn(account: Account) -> None:
    table, dynamodb = unique("table"), account.client("dynamodb")
    arn = f"arn:aws:dynamodb:{account.region}:{account.account_id}:table/{table}"
    keys = [{"AttributeName": "id", "KeyType": "HASH"}]
    dynamodb.create_table(
        TableName=table,
        KeySchema=keys,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        GlobalSecondaryIndexes=[{"IndexName": "by-id", "KeySchema": keys, "Projection": {"ProjectionType": "ALL"}}],
    )
    user = new_caller(account, allow("dynamodb:Query", arn))
    asked = {"KeyConditionExpression": "id = :id", "ExpressionAttributeValues": {":id": {"S": "1"}}}
    user.client("dynamodb").query(TableName=table, **asked)
    found = explained(account, user.client("dynamodb").query, TableName=table, IndexName="by-id", **asked)
    assert f"{arn}/index/by-id" in found.question
    mend(account, found)
    user.client("dynamodb").query(TableName=table, IndexName="by-id", **asked)


def test_the_batch_of_a_queue_needs_the_plain_action(account: Account) -> None:
    queue = account.client("sqs").create_queue(QueueName=unique("queue"))["QueueUrl"]
    entries = [{"Id": "1", "MessageBody": "text"}]
    user = new_caller(account, allow("sqs:ReceiveMessage"))
    found = explained(account, user.client("sqs").send_message_batch, QueueUrl=queue, Entries=entries)
    assert "sqs:SendMessage on" in found.question
    assert "the one who should ask" not in found.next_step.do
    mend(account, found)
    user.client("sqs").send_message_batch(QueueUrl=queue, Entries=entries)


def test_the_tags_of_an_object_are_passed_along(account: Account) -> None:
    tagged = {"ForAnyValue:StringEquals": {"s3:RequestObjectTagKeys": "team"}}
    named = {"StringEquals": {"s3:RequestObjectTag/team": "blue"}}
    bucket, user = new_bucket(account), new_caller(account, allow("s3:PutObject*", "*", Condition=tagged | named))
    s3 = user.client("s3")
    s3.put_object(Bucket=bucket, Key="a", Body=b"", Tagging="team=blue")
    found = explained(account, s3.put_object, Bucket=bucket, Key="b", Body=b"")
    assert found.next_step.cli.endswith("--tagging team=blue")
    upload = s3.create_multipart_upload(Bucket=bucket, Key="c", Tagging="team=blue")["UploadId"]
    part = {"Bucket": bucket, "Key": "c", "UploadId": upload, "PartNumber": 1, "Body": b""}
    assert "and not with its parts" in repr(explained(account, s3.upload_part, **part))


def test_a_folder_is_no_bucket(account: Account) -> None:
    bucket = new_bucket(account)
    user = new_caller(account, allow("s3:ListBucket", f"arn:aws:s3:::{bucket}/path"))
    found = explained(account, user.client("s3").list_objects_v2, Bucket=bucket, Prefix="path/")
    assert "a folder goes into s3:prefix" in repr(found)


def test_a_bucket_policy_that_lets_the_caller_in_for_other_things_is_named(account: Account) -> None:
    user, bucket = new_caller(account), new_bucket(account)
    policy = trust({"AWS": user.arn}) | {"Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    account.client("s3").put_bucket_policy(Bucket=bucket, Policy=document(policy))
    found = explained(account, user.client("s3").put_object, Bucket=bucket, Key="a", Body=b"")
    assert "lets it do other things there: if this belongs to them, add s3:PutObject" in found.next_step.do
    mend(account, found)
    user.client("s3").put_object(Bucket=bucket, Key="a", Body=b"")


def test_a_deny_of_all_but_one_action_spares_one_more(account: Account) -> None:
    bucket = new_bucket(account)
    but_reading = {"Effect": "Deny", "NotAction": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    user = new_caller(account, allow("s3:*"), but_reading)
    mend(account, explained(account, user.client("s3").put_object, Bucket=bucket, Key="a", Body=b""))
    user.client("s3").put_object(Bucket=bucket, Key="a", Body=b"")
    with pytest.raises(ClientError, match="AccessDenied"):
        user.client("s3").delete_object(Bucket=bucket, Key="a")


def test_no_guard_is_emptied_by_what_it_leaves_out(account: Account) -> None:
    guard = {"Effect": "Deny", "Action": "s3:*", "NotResource": ["arn:aws:s3:::hr", "arn:aws:s3:::hr/*"]}
    user = new_caller(account, allow("*"), guard)
    found = explained(account, user.client("s3").list_buckets)
    assert "no NotResource leaves it out" in found.next_step.do
    assert found.next_step.cli == ""


def test_the_callers_side_is_mended_where_the_other_cannot_be_read(account: Account) -> None:
    user = new_caller(account, allow("s3:*"))
    topic = f"arn:aws:sns:us-east-1:{account.others[0].account_id}:news"
    text = f"User: {user.arn} is not authorized to perform: sns:Publish on resource: {topic} because no identity-based"
    found = explain(account, f"{text} policy allows the sns:Publish action")
    assert "put-user-policy" in found.next_step.cli
    assert "Neither side" not in found.reason


def test_a_queue_of_another_account_is_asked_for_by_its_own_arn(account: Account) -> None:
    other = account.others[0]
    queue = other.client("sqs").create_queue(QueueName=unique("queue"))["QueueUrl"]
    user = new_caller(account)
    found = explained(account, user.client("sqs").send_message, QueueUrl=queue, MessageBody="text")
    assert f"arn:aws:sqs:us-east-1:{other.account_id}:" in found.question


def test_an_images_arn_has_no_account(account: Account) -> None:
    user = new_caller(account, allow("ec2:CreateImage", "arn:aws:ec2:*:*:instance/*"))
    found = explained(account, user.client("ec2").create_image, InstanceId="i-0123456789abcdef0", Name="image")
    assert f"arn:aws:ec2:{account.region}::image/*" in found.question


def test_who_is_spared_by_a_condition_is_added_to_it(account: Account) -> None:
    iam, group, name = account.client("iam"), unique("group"), unique("user")
    iam.create_group(GroupName=group)
    but_some = deny("iam:AddUserToGroup", Condition={"StringNotEquals": {"aws:username": ["ana", "eva"]}})
    iam.put_group_policy(GroupName=group, PolicyName="own", PolicyDocument=document(allow("iam:*Group*"), but_some))
    user = new_caller(account, name=name)
    iam.add_user_to_group(GroupName=group, UserName=name)
    found = explained(account, user.client("iam").add_user_to_group, GroupName=group, UserName=name)
    assert f"add {name} to its aws:username" in found.next_step.do
    mend(account, found)
    user.client("iam").add_user_to_group(GroupName=group, UserName=name)
    assert iam.get_group(GroupName=group)["Users"][0]["UserName"] == name


def test_of_a_guard_of_many_actions_one_is_spared(account: Account) -> None:
    iam = account.client("iam")
    guard = document(deny(["iam:PassRole", "iam:CreateRole", "iam:DeleteRole"]))
    arn = iam.create_policy(PolicyName=unique("guard"), PolicyDocument=guard)["Policy"]["Arn"]
    user = new_caller(account, allow("iam:*"))
    iam.attach_user_policy(UserName=user.name, PolicyArn=arn)
    role = {"AssumeRolePolicyDocument": document(trust({"Service": "ec2.amazonaws.com"}))}
    name = unique("role")
    mend(account, explained(account, user.client("iam").create_role, RoleName=name, **role))
    user.client("iam").create_role(RoleName=name, **role)
    with pytest.raises(ClientError, match="AccessDenied"):
        user.client("iam").delete_role(RoleName=name)


def test_what_a_trust_policy_asked_for_and_got_it_asks_for_again(account: Account) -> None:
    iam = account.client("iam")
    wants = {
        "StringEquals": {"sts:ExternalId": "word"},
        "ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{account.account_id}:role/runner-*"},
    }
    trusted = document(trust({"AWS": account.account_id}, Condition=wants))
    arn = iam.create_role(RoleName=unique("role"), AssumeRolePolicyDocument=trusted)["Role"]["Arn"]
    user = new_caller(account, allow("sts:AssumeRole"))
    asked = {"RoleArn": arn, "RoleSessionName": "app", "ExternalId": "word"}
    added = saved(explained(account, user.client("sts").assume_role, **asked))[-1]
    assert added["Condition"] == {"StringEquals": {"sts:ExternalId": "word"}}


def test_a_prefix_is_no_key_of_an_objects_read(account: Account) -> None:
    prefix = {"StringLike": {"s3:prefix": "projects/*"}}
    bucket, user = new_bucket(account), new_caller(account, allow("s3:GetObject", "*", Condition=prefix))
    found = explained(account, user.client("s3").get_object, Bucket=bucket, Key="projects/a")
    assert "never for s3:GetObject" in repr(found)


@pytest.mark.parametrize(
    ("operation", "given", "asked"),
    [
        ("get_parameters", {"Names": ["/app/DB"]}, "ssm:us-east-1:{}:parameter/app/DB"),
        ("get_parameters_by_path", {"Path": "/app/"}, "ssm:us-east-1:{}:parameter/app"),
        (
            "send_command",
            {"DocumentName": "AWS-RunShellScript", "InstanceIds": ["i-0123456789abcdef0"]},
            "ssm:us-east-1::document/AWS-RunShellScript",
        ),
    ],
)
def test_what_systems_manager_asks_for(account: Account, operation: str, given: Any, asked: str) -> None:
    found = explained(account, getattr(new_caller(account).client("ssm"), operation), **given)
    assert found.question.endswith(asked.format(account.account_id))


def test_a_stream_of_logs_has_its_groups_whole_name(account: Account) -> None:
    logs = new_caller(account).client("logs")
    found = explained(account, logs.create_log_stream, logGroupName="/aws/app", logStreamName="one")
    assert found.question.endswith(":log-group:/aws/app:log-stream:one")
