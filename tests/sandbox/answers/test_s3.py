import pytest

from support.sandbox_clients import (
    THERE,
    administrator,
    allow,
    client,
    document,
    refusal,
    unique,
)


@pytest.fixture
def s3(sandbox):
    return client(sandbox, "s3", administrator(sandbox))


@pytest.fixture
def bucket(s3):
    name = unique("bucket")
    s3.create_bucket(Bucket=name)
    return name


def test_a_new_bucket_blocks_public_access_has_no_lists_and_encrypts(s3, bucket):
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    names = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    assert block == dict.fromkeys(names, True)
    rules = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    assert rules == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"] == [
        {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False}
    ]
    assert s3.put_object(Bucket=bucket, Key="notes.txt", Body=b"x")["ServerSideEncryption"] == "AES256"


def test_a_bucket_tells_its_arn_and_region(s3):
    name = unique("bucket")
    assert s3.create_bucket(Bucket=name)["BucketArn"] == f"arn:aws:s3:::{name}"
    head = s3.head_bucket(Bucket=name)
    assert (head["BucketArn"], head["BucketRegion"], head["AccessPointAlias"]) == (
        f"arn:aws:s3:::{name}",
        "us-east-1",
        False,
    )


def test_buckets_are_listed_in_pages_with_their_arns(s3):
    prefix = unique("paged")
    names = [f"{prefix}-{number}" for number in range(3)]
    for name in names:
        s3.create_bucket(Bucket=name)
    listed = {bucket["Name"]: bucket for bucket in s3.list_buckets()["Buckets"]}
    assert listed[names[0]].keys() == {"Name", "CreationDate", "BucketArn"}
    first = s3.list_buckets(Prefix=prefix, MaxBuckets=2)
    assert [(bucket["Name"], bucket["BucketRegion"]) for bucket in first["Buckets"]] == [
        (name, "us-east-1") for name in names[:2]
    ]
    assert first["Prefix"] == prefix
    rest = s3.list_buckets(Prefix=prefix, ContinuationToken=first["ContinuationToken"])
    assert [bucket["Name"] for bucket in rest["Buckets"]] == names[2:]
    assert "ContinuationToken" not in rest
    assert s3.list_buckets(Prefix=prefix, BucketRegion="eu-west-1")["Buckets"] == []


def test_what_narrows_no_list_of_buckets_is_refused(s3):
    assert refusal(s3.list_buckets, BucketRegion="eu-east-1") == (
        400,
        "InvalidArgument",
        "Argument value eu-east-1 is not a valid AWS Region",
    )
    assert refusal(s3.list_buckets, ContinuationToken="no token").code == "InvalidArgument"
    assert {refusal(s3.list_buckets, MaxBuckets=most).code for most in (-1, 0, 10_001)} == {"InvalidArgument"}


def test_owners_have_an_id_and_no_name(s3, bucket):
    s3.put_object(Bucket=bucket, Key="notes.txt", Body=b"x")
    owners = [
        s3.list_buckets()["Owner"],
        s3.get_bucket_acl(Bucket=bucket)["Owner"],
        s3.list_objects_v2(Bucket=bucket, FetchOwner=True)["Contents"][0]["Owner"],
    ]
    assert [owner.keys() for owner in owners] == [{"ID"}] * 3
    assert len({owner["ID"] for owner in owners}) == 1


def test_a_stored_policy_is_answered_with_nothing(s3, bucket):
    own = document(allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*") | {"Principal": {"AWS": THERE}})
    assert s3.put_bucket_policy(Bucket=bucket, Policy=own)["ResponseMetadata"]["HTTPStatusCode"] == 204
