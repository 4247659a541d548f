"""What S3 checks before it answers somebody who may do it, where moto checks less or says it otherwise."""

import re

from helpers.sandbox.checks.resource_policies import check_bucket_policy
from helpers.sandbox.errors import AwsError, plain_access_denied
from helpers.sandbox.moto_adapter.resources import bucket_owner
from helpers.sandbox.request.call import Call


def check_call(call: Call) -> None:
    """Refuse what S3 would refuse: another owner's bucket than expected, a bad policy.

    Raises:
        AwsError: S3's answer.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html
    """
    bucket, expected = call.parameters.get("Bucket", ""), call.parameters.get("ExpectedBucketOwner")
    owner = bucket_owner(bucket)
    if expected is not None and not re.fullmatch(r"\d{12}", expected):
        message = "The value of the expected bucket owner parameter must be an AWS account ID"
        raise AwsError("InvalidBucketOwnerAWSAccountID", message)
    if owner and expected not in (None, owner):
        raise plain_access_denied()
    if owner and call.operation == "PutBucketPolicy":
        check_bucket_policy(call.parameters.get("Policy", ""), bucket)
