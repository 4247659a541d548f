"""Condition keys of what a call is about: its tags, its account, and what is asked of it."""

import pytest

from support.sandbox_clients import (
    HERE,
    THERE,
    administrator,
    allow,
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

REFUSED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}
BLUE = [{"Key": "team", "Value": "blue"}]


def on_team(team, key="aws:ResourceTag"):
    return {"Condition": {"StringEquals": {f"{key}/team": team}}}


def check(call, allowed, **parameters):
    if allowed:
        assert call(**parameters)
    else:
        assert refusal(call, **parameters).code in REFUSED


teams = pytest.mark.parametrize(("team", "allowed"), [("blue", True), ("red", False)])


@teams
@pytest.mark.parametrize("key", ["aws:ResourceTag", "iam:ResourceTag"])
def test_tags_of_users_roles_and_policies(sandbox, team, allowed, key):
    admin, name = iam(sandbox), unique("tagged")
    admin.create_user(UserName=name, Tags=BLUE)
    new_role(sandbox, trust({"AWS": HERE}), RoleName=name, Tags=BLUE)
    policy = admin.create_policy(PolicyName=name, PolicyDocument=document(allow("s3:*")), Tags=BLUE)["Policy"]["Arn"]
    caller = client(sandbox, "iam", new_user(sandbox, allow("iam:*", **on_team(team, key))).key)
    check(caller.get_user, allowed, UserName=name)
    check(caller.get_role, allowed, RoleName=name)
    check(caller.get_policy, allowed, PolicyArn=policy)
    check(caller.get_user, False, UserName="administrator")
    admin.tag_user(UserName=name, Tags=[{"Key": "team", "Value": "red"}])
    check(caller.get_user, not allowed, UserName=name)


@teams
def test_tags_of_a_role_that_is_assumed(sandbox, team, allowed):
    user = new_user(sandbox, allow("sts:AssumeRole", **on_team(team)))
    tagged = new_role(sandbox, trust({"AWS": HERE}), Tags=BLUE)
    check(client(sandbox, "sts", user.key).assume_role, allowed, RoleArn=tagged, RoleSessionName="test")
    assert refusal_to_assume(sandbox, user.key, new_role(sandbox, trust({"AWS": HERE}))).code == "AccessDenied"


@pytest.fixture(scope="module")
def instance(sandbox):
    ec2 = client(sandbox, "ec2", administrator(sandbox))
    specification = [{"ResourceType": "instance", "Tags": BLUE}]
    image = ec2.describe_images()["Images"][0]["ImageId"]
    made = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, TagSpecifications=specification)
    return image, made["Instances"][0]["InstanceId"]


@pytest.mark.exhaustive
@teams
@pytest.mark.parametrize("key", ["aws:ResourceTag", "ec2:ResourceTag"])
def test_tags_of_an_instance(sandbox, instance, team, allowed, key):
    caller = client(sandbox, "ec2", new_user(sandbox, allow("ec2:*", **on_team(team, key))).key)
    check(caller.stop_instances, allowed, InstanceIds=[instance[1]])


def if_equal(**keys):
    return {"Condition": {"StringEquals": {key.replace("__", ":"): value for key, value in keys.items()}}}


def only_with(**keys):
    """A Deny of instances whose keys have other values."""
    condition = {"StringNotEquals": {key.replace("__", ":"): value for key, value in keys.items()}}
    return deny("ec2:RunInstances", "arn:aws:ec2:*:*:instance/*", Condition=condition)


RUN, TAG = allow("ec2:RunInstances"), allow("ec2:CreateTags")
SMALL = only_with(ec2__InstanceType="t3.micro")
LAUNCHES = [
    # what the policy says, what is asked, whether it goes
    ([RUN, TAG], {}, True),
    ([RUN], {}, False),
    ([RUN, allow("ec2:CreateTags", **if_equal(ec2__CreateAction="RunInstances"))], {}, True),
    ([RUN, allow("ec2:CreateTags", **if_equal(ec2__CreateAction="CreateVolume"))], {}, False),
    ([RUN, TAG, SMALL], {}, True),
    ([RUN, TAG, SMALL], {"InstanceType": "m5.large"}, False),
    ([RUN, TAG, only_with(**{"aws__RequestTag/team": "blue"})], {}, True),
    ([RUN, TAG, only_with(**{"aws__RequestTag/team": "red"})], {}, False),
    ([allow(["ec2:RunInstances", "ec2:CreateTags"], **if_equal(ec2__Region="us-east-1"))], {}, True),
    ([allow(["ec2:RunInstances", "ec2:CreateTags"], **if_equal(ec2__Region="eu-west-1"))], {}, False),
]


@pytest.mark.exhaustive
@pytest.mark.parametrize(("statements", "change", "allowed"), LAUNCHES)
def test_an_instance_is_started_as_the_policy_says(sandbox, instance, statements, change, allowed):
    asked = {
        "ImageId": instance[0],
        "InstanceType": "t3.micro",
        "MinCount": 1,
        "MaxCount": 1,
        "TagSpecifications": [{"ResourceType": "instance", "Tags": BLUE}],
    } | change
    check(client(sandbox, "ec2", new_user(sandbox, *statements).key).run_instances, allowed, **asked)


EC2 = f"arn:aws:ec2:us-east-1:{HERE}"


@pytest.mark.parametrize(
    ("call", "resource", "allowed"),
    [
        ("create_vpc", f"{EC2}:vpc/*", True),
        ("create_vpc", f"{EC2}:subnet/*", False),
        ("create_internet_gateway", f"{EC2}:internet-gateway/*", True),
        ("create_volume", f"{EC2}:volume/*", True),
    ],
)
def test_what_is_made_has_an_arn(sandbox, call, resource, allowed):
    parameters = {"create_vpc": {"CidrBlock": "10.0.0.0/16"}, "create_volume": {"AvailabilityZone": "us-east-1a"}}
    given = parameters.get(call, {}) | ({"Size": 1} if call == "create_volume" else {})
    check(getattr(client(sandbox, "ec2", new_user(sandbox, allow("ec2:*", resource)).key), call), allowed, **given)


@teams
def test_tags_of_a_glue_job(sandbox, team, allowed):
    name = unique("job")
    role = new_role(sandbox, trust({"Service": "glue.amazonaws.com"}))
    command = {"Name": "glueetl", "ScriptLocation": "s3://x/y"}
    client(sandbox, "glue", administrator(sandbox)).create_job(
        Name=name, Role=role, Command=command, Tags={"team": "blue"}
    )
    caller = client(sandbox, "glue", new_user(sandbox, allow("glue:*", **on_team(team))).key)
    check(caller.get_job, allowed, JobName=name)


@pytest.fixture(scope="module")
def bucket(sandbox):
    name = unique("bucket")
    s3 = client(sandbox, "s3", administrator(sandbox))
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="tagged", Body=b"x", Tagging="team=blue")
    return name


@teams
def test_tags_of_an_object(sandbox, bucket, team, allowed):
    caller = client(sandbox, "s3", new_user(sandbox, allow("s3:*", **on_team(team, "s3:ExistingObjectTag"))).key)
    check(caller.get_object, allowed, Bucket=bucket, Key="tagged")
    check(caller.put_object, False, Bucket=bucket, Key="tagged", Body=b"y")


ENCRYPTED = {"StringEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}}


@pytest.mark.parametrize(
    ("condition", "change", "allowed"),
    [
        (ENCRYPTED, {"ServerSideEncryption": "aws:kms"}, True),
        (ENCRYPTED, {"ServerSideEncryption": "AES256"}, False),
        (ENCRYPTED, {}, False),
        ({"StringEquals": {"s3:x-amz-storage-class": "GLACIER"}}, {"StorageClass": "GLACIER"}, True),
        ({"StringEquals": {"s3:x-amz-storage-class": "GLACIER"}}, {"StorageClass": "STANDARD"}, False),
        ({"StringEquals": {"aws:ResourceAccount": HERE}}, {}, True),
        ({"StringEquals": {"aws:ResourceAccount": THERE}}, {}, False),
        ({"StringEquals": {"s3:authType": "REST-HEADER", "s3:signatureversion": "AWS4-HMAC-SHA256"}}, {}, True),
        ({"StringEquals": {"s3:authType": "REST-QUERY-STRING"}}, {}, False),
        ({"NumericLessThan": {"s3:signatureAge": "600000"}}, {}, True),
    ],
)
def test_how_an_object_is_put(sandbox, bucket, condition, change, allowed):
    caller = client(sandbox, "s3", new_user(sandbox, allow("s3:PutObject", Condition=condition)).key)
    check(caller.put_object, allowed, **({"Bucket": bucket, "Key": unique("key"), "Body": b"x"} | change))


@pytest.mark.parametrize(("account", "allowed"), [(HERE, True), (THERE, False)])
def test_whose_a_role_is(sandbox, account, allowed):
    user = new_user(sandbox, allow("sts:*", Condition={"StringEquals": {"aws:ResourceAccount": HERE}}))
    role = new_role(sandbox, trust({"AWS": HERE}), account_id=account)
    check(client(sandbox, "sts", user.key).assume_role, allowed, RoleArn=role, RoleSessionName="test")


@pytest.mark.parametrize(("name", "allowed"), [("glue.amazonaws.com", False), ("autoscaling.amazonaws.com", True)])
def test_for_which_service_a_linked_role_is(sandbox, name, allowed):
    condition = {"StringEquals": {"iam:AWSServiceName": "autoscaling.amazonaws.com"}}
    user = new_user(sandbox, allow("iam:CreateServiceLinkedRole", Condition=condition))
    check(client(sandbox, "iam", user.key).create_service_linked_role, allowed, AWSServiceName=name)
