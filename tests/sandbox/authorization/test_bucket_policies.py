"""What a bucket's policy does to a user of the same account, object by object, through real S3 clients."""

import pytest
from botocore.exceptions import ClientError

from support.sandbox_clients import HERE, THERE, administrator, allow, client, document, new_user, refusal, unique

OTHER = {"AWS": f"arn:aws:iam::{HERE}:user/other"}
ACCOUNT = {"AWS": f"arn:aws:iam::{HERE}:root"}
KEY = "notes.txt"


@pytest.fixture(scope="module")
def sandbox(sandbox):
    new_user(sandbox, name="other")
    return sandbox


def statement(effect, principal, **more):
    return {"Effect": effect, "Principal": principal, "Action": "s3:GetObject"} | more


def deny_all_but(principal):
    return {"Effect": "Deny", "NotPrincipal": principal, "Action": "s3:GetObject"}


def only_if(effect, principal, operator, key, value):
    return statement(effect, principal, Condition={operator: {key: value}})


CALLER = {"AWS": "the caller"}
NOT_ENCRYPTED = ("Bool", "aws:SecureTransport", "false")
FAR_AWAY = ("IpAddress", "aws:SourceIp", "203.0.113.0/24")

CASES = [
    # identity policy, bucket policy                                                             may read
    (True, [statement("Deny", OTHER)], True),
    (True, [statement("Deny", CALLER)], False),
    (True, [statement("Deny", "*")], False),
    (True, [statement("Deny", "*", Action="s3:PutObject")], True),
    (True, [only_if("Deny", "*", *FAR_AWAY)], True),
    (True, [only_if("Deny", "*", *NOT_ENCRYPTED)], False),
    (True, [only_if("Allow", OTHER, *FAR_AWAY)], True),
    (True, [deny_all_but({"AWS": [CALLER["AWS"], ACCOUNT["AWS"]]})], True),
    (True, [deny_all_but(OTHER)], False),
    (False, [statement("Allow", CALLER)], True),
    (False, [only_if("Allow", CALLER, *NOT_ENCRYPTED)], True),
    (False, [only_if("Allow", CALLER, *FAR_AWAY)], False),
    (False, [statement("Allow", ACCOUNT)], False),
    (False, [statement("Allow", OTHER)], False),
    (False, [statement("Allow", "*"), statement("Deny", OTHER)], True),
]


@pytest.mark.exhaustive(but_first=4)
@pytest.mark.parametrize(("identity_policy", "statements", "may_read"), CASES)
def test_who_may_read_an_object(sandbox, identity_policy, statements, may_read):
    user = new_user(sandbox, *([allow("s3:GetObject")] if identity_policy else []))
    owner, bucket = client(sandbox, "s3", administrator(sandbox)), unique("bucket")
    owner.create_bucket(Bucket=bucket)
    owner.delete_public_access_block(Bucket=bucket)
    owner.put_object(Bucket=bucket, Key=KEY, Body=b"notes")
    statements = [one | {"Resource": f"arn:aws:s3:::{bucket}/*"} for one in statements]
    owner.put_bucket_policy(Bucket=bucket, Policy=document(*statements).replace("the caller", user.arn))
    assert reads(client(sandbox, "s3", user.key), bucket) is may_read


def reads(s3, bucket):
    """Whether an object can be read; any other refusal than AccessDenied is raised."""
    try:
        return s3.get_object(Bucket=bucket, Key=KEY)["Body"].read() == b"notes"
    except ClientError as error:
        if error.response["Error"]["Code"] != "AccessDenied":
            raise
        return False


def test_a_restricted_bucket_with_a_public_policy_is_for_its_own_account(sandbox):
    s3, bucket = client(sandbox, "s3", administrator(sandbox)), unique("bucket")
    s3.create_bucket(Bucket=bucket)
    s3.delete_public_access_block(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key=KEY, Body=b"hello")
    everybody = statement("Allow", "*", Resource=f"arn:aws:s3:::{bucket}/*")
    s3.put_bucket_policy(Bucket=bucket, Policy=document(everybody))
    outside = client(sandbox, "s3", administrator(sandbox, THERE))
    assert outside.get_object(Bucket=bucket, Key=KEY)
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration={"RestrictPublicBuckets": True})
    assert refusal(outside.get_object, Bucket=bucket, Key=KEY) == (403, "AccessDenied", "Access Denied")
    within = client(sandbox, "s3", new_user(sandbox).key)
    assert within.get_object(Bucket=bucket, Key=KEY)["Body"].read() == b"hello"
