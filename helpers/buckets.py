"""S3 buckets of the tutorial: a bucket's name holds the id of the ledger, for its tags come a moment later.

Bucket names are unique in all of AWS, and the id is nobody else's: a bucket of that name can only be the tutorial's.
"""

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from helpers.inventory.ledger import Ledger
from helpers.inventory.ownership import TAG_KEY, TAG_VALUE
from helpers.inventory.removals import bucket_removals, carry_out

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

_WITHOUT_LOCATION = "us-east-1"


def create_bucket(s3: "S3Client", ledger: Ledger, *, name: str) -> None:
    """Create a bucket in the client's region, and tags it as this tutorial's. One made already stays as it is.

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
    """Empty and delete a bucket; quiet where it is gone.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucket.html
    """
    carry_out(bucket_removals(s3, name))
