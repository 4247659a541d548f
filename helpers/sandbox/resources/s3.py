"""What calls of S3 need: its actions are not named as its calls are.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
"""

from helpers.condition_keys import Keys, keys_of_parameters
from helpers.sandbox import moto_seam
from helpers.sandbox.resources.call import Call, Demand

_S3_ACTIONS = {
    "ListBuckets": "ListAllMyBuckets",
    "ListDirectoryBuckets": "ListAllMyDirectoryBuckets",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "HeadBucket": "ListBucket",
    "ListObjectVersions": "ListBucketVersions",
    "HeadObject": "GetObject",
    "SelectObjectContent": "GetObject",
    "CopyObject": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "UploadPart": "PutObject",
    "UploadPartCopy": "PutObject",
    "CompleteMultipartUpload": "PutObject",
    "ListParts": "ListMultipartUploadParts",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "DeleteObjects": "DeleteObject",
    "DeleteBucketTagging": "PutBucketTagging",
    "DeleteBucketCors": "PutBucketCORS",
    "GetBucketCors": "GetBucketCORS",
    "PutBucketCors": "PutBucketCORS",
    "GetBucketLifecycle": "GetLifecycleConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "PutBucketLifecycle": "PutLifecycleConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "GetBucketReplication": "GetReplicationConfiguration",
    "PutBucketReplication": "PutReplicationConfiguration",
    "DeleteBucketReplication": "PutReplicationConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
    "PutBucketAccelerateConfiguration": "PutAccelerateConfiguration",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
    "DeleteBucketWebsite": "DeleteBucketWebsite",
}
_S3_READS = {"GetObject", "HeadObject", "GetObjectTagging", "GetObjectAcl", "GetObjectAttributes"}
_S3_VERSIONED = {
    "GetObject",
    "DeleteObject",
    "GetObjectTagging",
    "PutObjectTagging",
    "DeleteObjectTagging",
    "GetObjectAcl",
    "PutObjectAcl",
}


def s3_demands(call: Call) -> list[Demand]:
    """The permissions that a call needs."""
    parameters = call.parameters
    bucket = parameters.get("Bucket")
    action = _S3_ACTIONS.get(call.operation, call.operation)
    if parameters.get("VersionId") and action in _S3_VERSIONED:
        action = action.replace("Object", "ObjectVersion", 1)
    if not bucket:
        return [Demand(f"s3:{action}", "arn:aws:s3:::*", is_named=False)]
    if call.operation == "CreateBucket":
        return [Demand("s3:CreateBucket", f"arn:aws:s3:::{bucket}", call.account_id)]
    context = keys_of_parameters("s3", parameters)
    if call.operation == "DeleteObjects":
        objects = parameters.get("Delete", {}).get("Objects", [])
        return [_s3_demand(action, bucket, item.get("Key"), context) for item in objects]
    needed = [_s3_demand(action, bucket, parameters.get("Key"), context)]
    owner = needed[0].resource_account
    if call.operation in _S3_READS and owner and not moto_seam.stored_object(bucket, parameters["Key"]):
        needed.append(_s3_demand("ListBucket", bucket, None, {}))  # who may not list must not learn what is missing
    if call.operation in ("CopyObject", "UploadPartCopy"):
        source_bucket, _, source_key = str(parameters.get("CopySource", "")).lstrip("/").partition("/")
        needed.append(_s3_demand("GetObject", source_bucket, source_key.split("?")[0], {}))
    if parameters.get("Tagging") and call.operation in ("PutObject", "CopyObject", "CreateMultipartUpload"):
        needed.append(_s3_demand("PutObjectTagging", bucket, parameters.get("Key"), context))
    if parameters.get("ACL") and call.operation in ("PutObject", "CopyObject", "CreateMultipartUpload"):
        needed.append(_s3_demand("PutObjectAcl", bucket, parameters.get("Key"), context))
    return needed


def _s3_demand(action: str, bucket: str, key: str | None, context: Keys) -> Demand:
    owner = moto_seam.bucket_owner_and_policy(bucket)
    resource = f"arn:aws:s3:::{bucket}/{key}" if key else f"arn:aws:s3:::{bucket}"
    return Demand(f"s3:{action}", resource, owner[0] if owner else None, context)
