"""What S3 checks before it answers, where moto checks less or says it otherwise.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html
"""

import re
from collections.abc import Mapping
from typing import Any

from helpers.sandbox import moto_seam
from helpers.sandbox.errors import AwsError
from helpers.sandbox.moto_seam import OperationModel
from helpers.sandbox.resource_documents import check_bucket_policy

_BUCKET_NAME = re.compile(
    r"(?!xn--|sthree-)(?!.*\.\.)(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?<!-s3alias)(?<!--ol-s3)"
)


def check_bucket_name(_operation: OperationModel, parameters: Mapping[str, Any]) -> None:
    """Refuses what is no bucket's name; the ARN of an access point may stand in its place.

    Raises:
        AwsError: `InvalidBucketName`.
    """
    name = parameters.get("Bucket")
    if name and not name.startswith("arn:") and not _BUCKET_NAME.fullmatch(name):
        raise AwsError("InvalidBucketName", "The specified bucket is not valid.")


def check_call(operation: str, parameters: Mapping[str, Any]) -> None:
    """Refuses what S3 would refuse to somebody who may do it: another owner's bucket than expected, a bad policy.

    Raises:
        AwsError: S3's answer.
    """
    found = moto_seam.bucket_owner_and_policy(parameters.get("Bucket", ""))
    expected = parameters.get("ExpectedBucketOwner")
    if expected is not None and not re.fullmatch(r"\d{12}", expected):
        message = "The value of the expected bucket owner parameter must be an AWS account ID"
        raise AwsError("InvalidBucketOwnerAWSAccountID", message)
    if found and expected not in (None, found[0]):
        raise AwsError("AccessDenied", "Access Denied", 403)
    if found and operation == "PutBucketPolicy":
        check_bucket_policy(parameters.get("Policy", ""), parameters["Bucket"])
