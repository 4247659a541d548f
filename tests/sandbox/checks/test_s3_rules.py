"""What S3 checks besides permissions: names, owners and policies of buckets; and many objects deleted at once."""

import pytest
from botocore.exceptions import ClientError

from support.sandbox_clients import (
    HERE,
    THERE,
    Refusal,
    administrator,
    allow,
    client,
    document,
    new_user,
    refusal,
    send,
    unique,
)


@pytest.fixture
def s3(sandbox):
    return client(sandbox, "s3", administrator(sandbox))


@pytest.fixture
def bucket(s3):
    name = unique("bucket")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="notes.txt", Body=b"notes")
    return name


# --- names


@pytest.mark.parametrize(
    "name", ["Bad_Name", "no", "two..dots", "-first", "last-", "n" * 64, "192.168.1.1", "xn--name", "name-s3alias"]
)
@pytest.mark.parametrize("method", ["PUT", "GET"])
def test_what_is_no_buckets_name(sandbox, name, method):
    answer = send(sandbox, method, f"/{name}", signer=administrator(sandbox))
    assert answer.status == 400
    assert b"<Code>InvalidBucketName</Code><Message>The specified bucket is not valid.</Message>" in answer.body


@pytest.mark.parametrize("name", ["n" * 63, "dots.and-hyphens.1", "1st"])
def test_unusual_names_of_buckets(s3, name):
    s3.create_bucket(Bucket=name)
    assert s3.head_bucket(Bucket=name)


# --- owners


def test_the_expected_owner(s3, bucket):
    assert s3.list_objects_v2(Bucket=bucket, ExpectedBucketOwner=HERE)["KeyCount"] == 1
    denied = Refusal(403, "AccessDenied", "Access Denied")
    assert refusal(s3.list_objects_v2, Bucket=bucket, ExpectedBucketOwner=THERE) == denied
    assert refusal(s3.get_object, Bucket=bucket, Key="notes.txt", ExpectedBucketOwner=THERE) == denied
    assert refusal(s3.head_bucket, Bucket=bucket, ExpectedBucketOwner=THERE).status == 403
    deletion = {"Objects": [{"Key": "notes.txt"}]}
    assert refusal(s3.delete_objects, Bucket=bucket, Delete=deletion, ExpectedBucketOwner=THERE) == denied
    refused = refusal(s3.list_objects_v2, Bucket=bucket, ExpectedBucketOwner="111")
    assert refused[:2] == (400, "InvalidBucketOwnerAWSAccountID")


# --- policies


NO_SUCH_RESOURCE = "Action does not apply to any resource(s) in statement"


def statement(bucket, **more):
    found = {"Effect": "Allow", "Principal": {"AWS": HERE}, "Action": "s3:*", "Resource": f"arn:aws:s3:::{bucket}"}
    return document({**found, **more})


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"Principal": {"AWS": f"arn:aws:iam::{HERE}:user/nobody"}}, "Invalid principal in policy"),
        ({"Principal": {"AWS": f"arn:aws:iam::{THERE}:role/nobody"}}, "Invalid principal in policy"),
        ({"Resource": "arn:aws:s3:::another-bucket/*"}, "Policy has invalid resource"),
        ({"Action": "ec2:*"}, "Policy has invalid action"),
        ({"Resource": "arn:aws-cn:s3:::another-bucket/*"}, "Policy has invalid resource"),
        ({"Action": "s3:GetObject"}, NO_SUCH_RESOURCE),
        ({"Action": ["s3:GetBucketPolicy", "s3:DeleteObject"]}, NO_SUCH_RESOURCE),
    ],
)
def test_a_bucket_policy_that_is_none(s3, bucket, more, message):
    refused = refusal(s3.put_bucket_policy, Bucket=bucket, Policy=statement(bucket, **more))
    assert refused == Refusal(400, "MalformedPolicy", message)


@pytest.mark.parametrize(
    ("actions", "part", "is_taken"),
    [
        ("s3:ListBucket", "/*", False),
        (["s3:GetObject", "s3:ListBucket"], "/*", False),
        ("s3:GetObject", "/own/*", True),
        ("s3:Get*", "", True),
        ("s3:Get*", "/*", True),
        ("*", "/*", True),
        ("s3:ListBucket*", "*", True),
        ("s3:getobject", "*", True),
    ],
)
def test_an_action_needs_a_bucket_or_objects_in_its_statement(s3, bucket, actions, part, is_taken):
    policy = statement(bucket, Action=actions, Resource=f"arn:aws:s3:::{bucket}{part}")
    if is_taken:
        assert s3.put_bucket_policy(Bucket=bucket, Policy=policy)
    else:
        assert refusal(s3.put_bucket_policy, Bucket=bucket, Policy=policy).message == NO_SUCH_RESOURCE


def test_a_policy_without_statements(s3, bucket):
    assert refusal(s3.put_bucket_policy, Bucket=bucket, Policy="{}").message == "Missing required field Statement"


def test_a_policy_for_a_bucket_that_is_not_there(s3):
    assert refusal(s3.put_bucket_policy, Bucket=unique("none"), Policy="no JSON").code == "NoSuchBucket"


# --- many objects deleted at once


def test_objects_are_deleted_one_by_one(sandbox, s3, bucket):
    s3.put_object(Bucket=bucket, Key="own/\u00e4 & <b>", Body=b"")
    user = new_user(sandbox, allow("s3:DeleteObject", f"arn:aws:s3:::{bucket}/own/*"))
    keys = [{"Key": "own/\u00e4 & <b>"}, {"Key": "notes.txt"}]
    answer = client(sandbox, "s3", user.key).delete_objects(Bucket=bucket, Delete={"Objects": keys})
    assert answer["Deleted"] == keys[:1]
    [error] = answer["Errors"]
    assert (error["Key"], error["Code"]) == ("notes.txt", "AccessDenied")
    assert error["Message"].startswith(f"User: {user.arn} is not authorized to perform: s3:DeleteObject on resource: ")
    assert [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["notes.txt"]


def test_none_of_the_objects_is_deleted(sandbox, s3, bucket):
    delete = client(sandbox, "s3", new_user(sandbox).key).delete_objects
    answer = delete(Bucket=bucket, Delete={"Objects": [{"Key": "notes.txt"}, {"Key": "other.txt"}]})
    assert [error["Code"] for error in answer["Errors"]] == ["AccessDenied"] * 2
    assert "Deleted" not in answer
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 1


def test_all_of_the_objects_are_deleted(s3, bucket):
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "notes.txt"}]})
    assert "Errors" not in answer
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


# --- access for everybody


def for_everybody(bucket):
    return document(allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*") | {"Principal": "*"})


@pytest.mark.parametrize("operation", ["get_bucket_policy", "delete_bucket_policy", "put_bucket_policy"])
def test_another_accounts_bucket_policy_is_not_for_callers_that_it_lets_in(sandbox, bucket, s3, operation):
    user = new_user(sandbox, allow("s3:*"), account_id=THERE)
    arn = f"arn:aws:s3:::{bucket}"
    policy = document({"Effect": "Allow", "Principal": {"AWS": user.arn}, "Action": "s3:*", "Resource": arn})
    s3.put_bucket_policy(Bucket=bucket, Policy=policy)
    call = getattr(client(sandbox, "s3", user.key), operation)
    given = {"Policy": policy} if operation.startswith("put") else {}
    found = refusal(call, Bucket=bucket, **given)
    assert (found.status, found.code) == (405, "MethodNotAllowed")
    s3.delete_bucket_policy(Bucket=bucket)


def test_a_quiet_deletion_tells_what_failed_alone(sandbox, bucket, s3):
    s3.put_object(Bucket=bucket, Key="quiet", Body=b"")
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "quiet"}], "Quiet": True})
    assert "Deleted" not in answer
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket, Prefix="quiet")


def test_a_listing_repeats_what_was_asked_for(sandbox, bucket, s3):
    for listing in (s3.list_objects, s3.list_objects_v2, s3.list_object_versions):
        assert listing(Bucket=bucket)["Prefix"] == ""
        assert listing(Bucket=bucket, Prefix="a")["Prefix"] == "a"


def test_a_public_policy_is_refused_until_the_bucket_lets_it_be(s3, sandbox, bucket):
    refused = refusal(s3.put_bucket_policy, Bucket=bucket, Policy=for_everybody(bucket))
    who = "arn:aws:iam::111122223333:user/administrator"
    assert refused == (
        403,
        "AccessDenied",
        f"User: {who} is not authorized to perform: s3:PutBucketPolicy on resource: "
        f'"arn:aws:s3:::{bucket}" because public policies are prevented by the BlockPublicPolicy setting in S3 Block '
        "Public Access.",
    )
    s3.delete_public_access_block(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="notes.txt", Body=b"hello")
    s3.put_bucket_policy(Bucket=bucket, Policy=for_everybody(bucket))
    assert send(sandbox, "GET", f"/{bucket}/notes.txt").body == b"hello"


PUBLIC_LIST = "because public ACLs are prevented by the BlockPublicAcls setting in S3 Block Public Access."
PUBLIC_GRANT = {"GrantRead": 'uri="http://acs.amazonaws.com/groups/global/AllUsers"'}
NO_LISTS = (400, "AccessControlListNotSupported", "The bucket does not allow ACLs")


@pytest.mark.parametrize("given", [{"ACL": "public-read"}, {"ACL": "authenticated-read"}, PUBLIC_GRANT])
def test_lists_for_everybody_are_refused(s3, bucket, given):
    s3.put_object(Bucket=bucket, Key="notes.txt", Body=b"x")
    thing, objects = {"Bucket": bucket}, {"Bucket": bucket, "Key": "notes.txt"}
    for call, named in [(s3.put_bucket_acl, thing), (s3.put_object_acl, objects), (s3.put_object, objects)]:
        refused = refusal(call, **named, **given)
        assert (refused.status, refused.code) == (403, "AccessDenied")
        assert refused.message.endswith(PUBLIC_LIST)
        s3.delete_public_access_block(Bucket=bucket)
        assert refusal(call, **named, **given) == NO_LISTS
        s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration={"BlockPublicAcls": True})


def test_a_bucket_without_lists_takes_the_owners_full_control_alone(s3, bucket):
    assert refusal(s3.put_bucket_acl, Bucket=bucket, ACL="private") == NO_LISTS
    assert refusal(s3.put_object, Bucket=bucket, Key="notes.txt", ACL="private") == NO_LISTS
    assert s3.put_object(Bucket=bucket, Key="notes.txt", ACL="bucket-owner-full-control")
    s3.put_bucket_ownership_controls(
        Bucket=bucket, OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}
    )
    assert s3.put_bucket_acl(Bucket=bucket, ACL="private")


@pytest.mark.parametrize("given", [["ObjectWriter", "BucketOwnerPreferred"], ["Nobody"], []])
def test_a_bucket_has_one_rule_of_ownership(s3, bucket, given):
    rules = {"Rules": [{"ObjectOwnership": each} for each in given]}
    assert refusal(s3.put_bucket_ownership_controls, Bucket=bucket, OwnershipControls=rules).code == "MalformedXML"


def test_a_list_is_named_or_given(sandbox, s3, bucket):
    assert refusal(s3.put_bucket_acl, Bucket=bucket).code == "MissingSecurityHeader"
    with pytest.raises(ClientError) as caught:
        s3.put_bucket_acl(Bucket=bucket, ACL="fake-acl")
    told = caught.value.response["Error"]
    assert (told["Code"], told["ArgumentName"], told["ArgumentValue"]) == ("InvalidArgument", "x-amz-acl", "fake-acl")


@pytest.mark.parametrize("part", ["lifecycle", "ownershipControls", "publicAccessBlock", "tagging"])
def test_a_setting_comes_in_a_body(sandbox, bucket, part):
    answer = send(sandbox, "PUT", f"/{bucket}?{part}", signer=administrator(sandbox))
    assert b"<Code>MissingRequestBodyError</Code>" in answer.body, answer.body


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"ACL": "public-read"}, "InvalidBucketAclWithObjectOwnership"),
        ({"ACL": "public-read", "ObjectOwnership": "ObjectWriter"}, "InvalidBucketAclWithBlockPublicAccessError"),
        ({"ObjectOwnership": "Nobody"}, "InvalidArgument"),
        ({"CreateBucketConfiguration": {"LocationConstraint": "foo"}}, "InvalidLocationConstraint"),
    ],
)
def test_a_bucket_that_cannot_be_is_not_made(s3, given, code):
    name = unique("bucket")
    assert refusal(s3.create_bucket, Bucket=name, **given).code == code
    assert refusal(s3.get_bucket_policy, Bucket=name).code == "NoSuchBucket"
