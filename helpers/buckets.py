"""S3 buckets of the tutorial: a bucket's name holds the id of the ledger, for its tags come a moment later.

Bucket names are unique in all of AWS, and the id is nobody else's: a bucket of that name can only be the tutorial's.
"""

from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from helpers.iam.removals import Removal
from helpers.iam.tags import TAG_KEY, TAG_VALUE, is_choosable
from helpers.ledger import Ledger

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

_WITHOUT_LOCATION = "us-east-1"


def create_bucket(s3: "S3Client", ledger: Ledger, *, name: str) -> None:
    """Creates a bucket in the client's region, and tags it as this tutorial's. One made already stays as it is.

    Args:
        s3: an S3 client.
        ledger: that of the account.
        name: the bucket's name, which holds the ledger's id.

    Raises:
        ValueError: the name does not hold the ledger's id.
        ClientError: AWS refused.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
    """
    if ledger.id not in name:
        raise ValueError(f"The bucket's name {name} should hold {ledger.id}, to be known as the tutorial's.")
    region: Any = s3.meta.region_name
    where: Any = {} if region == _WITHOUT_LOCATION else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    with suppress(s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(Bucket=name, **where)
    tags: Any = [{"Key": key, "Value": value} for key, value in ({TAG_KEY: TAG_VALUE} | ledger.tags).items()]
    s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": tags})


def delete_bucket(s3: "S3Client", *, name: str) -> None:
    """Empties and deletes a bucket; quiet where it is gone."""
    for removal in bucket_removals(s3, name):
        removal.carry_out()


def made_bucket_names(s3: "S3Client", ledger: Ledger) -> list[str]:
    """The tutorial's buckets that are there."""
    written = [name for name in ledger.names("bucket") if ledger.id in name]
    return [bucket["Name"] for bucket in s3.list_buckets()["Buckets"] if bucket["Name"] in written] if written else []


def look_alike_buckets(s3: "S3Client", ledger: Ledger, prefix: str) -> Iterator[str]:
    """The names of the buckets that begin so and carry the tutorial's tag, and that this ledger does not have."""
    for bucket in s3.list_buckets()["Buckets"]:
        name = bucket["Name"]
        if name.startswith(f"{prefix}tutorial-") and ledger.id not in name and is_choosable_bucket(s3, name):
            yield name


def is_choosable_bucket(s3: "S3Client", name: str) -> bool:
    """Whether a bucket is there that may be taken for the learner's own, when they choose it by hand."""
    try:
        return is_choosable(s3, s3.get_bucket_tagging(Bucket=name))
    except ClientError as error:
        if error.response["Error"]["Code"] not in {"NoSuchTagSet", "NoSuchBucket"}:
            raise
        return False


def bucket_removals(s3: "S3Client", name: str) -> Iterator[Removal]:
    """What it takes to delete a bucket: all versions of its objects first. Nothing where it is gone."""
    try:
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=name):
            for stored in (*page.get("Versions", []), *page.get("DeleteMarkers", [])):
                key, version = stored["Key"], stored["VersionId"]
                call = partial(s3.delete_object, Bucket=name, Key=key, VersionId=version)
                yield Removal(f"object {key} in bucket {name}", call)
    except s3.exceptions.NoSuchBucket:
        return
    yield Removal(f"bucket {name}", partial(s3.delete_bucket, Bucket=name))
