"""The condition keys that a call's parameters make: pure, for the sandbox and for explanations alike.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

Keys = dict[str, str | Sequence[str]]

# By what a service is called in signatures: where the one endpoint is that it has for all regions, as botocore's
# endpoints.json says it. STS and S3 have one in each region beside it.
GLOBAL_SERVICES: Mapping[str, str] = {
    **dict.fromkeys(("account", "billingconductor", "budgets", "ce", "chime", "cloudfront", "health"), "us-east-1"),
    **dict.fromkeys(("iam", "importexport", "notifications-contacts", "organizations", "route53"), "us-east-1"),
    **dict.fromkeys(("savingsplans", "shield", "support", "tax", "waf"), "us-east-1"),
    "networkmanager": "us-west-2",
}

_BY_SERVICE: Mapping[str, Mapping[str, str]] = {
    "sts": {
        "ExternalId": "sts:ExternalId",
        "RoleSessionName": "sts:RoleSessionName",
        "DurationSeconds": "sts:DurationSeconds",
        "SourceIdentity": "sts:SourceIdentity",
        "TransitiveTagKeys": "sts:TransitiveTagKeys",
    },
    "iam": {
        "PolicyArn": "iam:PolicyARN",
        "PermissionsBoundary": "iam:PermissionsBoundary",
        "AWSServiceName": "iam:AWSServiceName",
    },
    "s3": {
        "Prefix": "s3:prefix",
        "Delimiter": "s3:delimiter",
        "MaxKeys": "s3:max-keys",
        "VersionId": "s3:VersionId",
        "ACL": "s3:x-amz-acl",
        "CopySource": "s3:x-amz-copy-source",
        "MetadataDirective": "s3:x-amz-metadata-directive",
        "ServerSideEncryption": "s3:x-amz-server-side-encryption",
        "SSEKMSKeyId": "s3:x-amz-server-side-encryption-aws-kms-key-id",
        "StorageClass": "s3:x-amz-storage-class",
    },
}


def requested_region(service: str, region: str) -> str:
    """Tell which region a call counts as made in: that of its endpoint, which global services have one of.

    Args:
        service: The service's name in signatures, such as `iam`.
        region: What the client was set to, such as `eu-central-1`.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-requestedregion
    """
    return GLOBAL_SERVICES.get(service, region)


def keys_of_call(service: str, parameters: Mapping[str, Any]) -> Keys:
    """Collect all condition keys of a call: of its parameters, its tags, and an MFA code.

    Args:
        service: The service's name, such as `sts`.
        parameters: What the call was given, as boto3 names it.
    """
    keys = keys_of_parameters(service, parameters) | keys_of_tags(tags_given(parameters))
    if "TokenCode" in parameters:
        keys |= {"aws:MultiFactorAuthPresent": "true", "aws:MultiFactorAuthAge": "0"}
    return keys


def keys_of_parameters(service: str, parameters: Mapping[str, Any]) -> Keys:
    """Collect the condition keys of a call, its tags left out.

    Args:
        service: The service's name, such as `sts`.
        parameters: What the call was given, as boto3 names it.
    """
    keys: Keys = {}
    for parameter, key in _BY_SERVICE.get(service, {}).items():
        if parameter in parameters:
            value = parameters[parameter]
            keys[key] = [str(item) for item in value] if isinstance(value, list) else str(value)
    return keys | (_keys_of_object_tags(parameters.get("Tagging")) if service == "s3" else {})


def _keys_of_object_tags(tagging: object) -> Keys:
    """Make the condition keys of the tags that an object is given: in a header, or as the body of PutObjectTagging.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/tagging-and-policies.html
    """
    if isinstance(tagging, str):
        tags = dict(parse_qsl(tagging, keep_blank_values=True))
    else:
        listed = tagging.get("TagSet", []) if isinstance(tagging, Mapping) else []
        tags = tags_given({"Tags": listed})
    if not tags:
        return {}
    keys: Keys = {f"s3:RequestObjectTag/{key}": value for key, value in tags.items()}
    return keys | {"s3:RequestObjectTagKeys": list(tags)}


def tags_given(parameters: Mapping[str, Any]) -> dict[str, str]:
    """Read the tags that a call gives in its parameter `Tags`, which services write in one of two ways."""
    tags = parameters.get("Tags")
    if isinstance(tags, Mapping):
        return {str(key): str(value) for key, value in tags.items()}
    if isinstance(tags, list) and all(isinstance(tag, Mapping) for tag in tags):
        return {str(tag.get("Key", "")): str(tag.get("Value", "")) for tag in tags}
    return {}


def keys_of_tags(tags: Mapping[str, str]) -> Keys:
    """Make the condition keys of tags that a call gives: `aws:RequestTag/…`, all their names in `aws:TagKeys`."""
    if not tags:
        return {}
    keys: Keys = {f"aws:RequestTag/{key}": value for key, value in tags.items()}
    return keys | {"aws:TagKeys": list(tags)}
