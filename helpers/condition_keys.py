"""The condition keys that a call's parameters make: pure, for the sandbox and for explanations alike.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html
"""

from collections.abc import Mapping, Sequence
from typing import Any

Keys = dict[str, str | Sequence[str]]

_BY_SERVICE: Mapping[str, Mapping[str, str]] = {
    "sts": {
        "ExternalId": "sts:ExternalId",
        "RoleSessionName": "sts:RoleSessionName",
        "DurationSeconds": "sts:DurationSeconds",
        "SourceIdentity": "sts:SourceIdentity",
        "TransitiveTagKeys": "sts:TransitiveTagKeys",
    },
    "iam": {"PolicyArn": "iam:PolicyARN", "PermissionsBoundary": "iam:PermissionsBoundary"},
    "s3": {"Prefix": "s3:prefix", "Delimiter": "s3:delimiter", "MaxKeys": "s3:max-keys", "ACL": "s3:x-amz-acl"},
}


def keys_of_parameters(service: str, parameters: Mapping[str, Any]) -> Keys:
    """The condition keys of a call.

    Args:
        service: the service's name, such as `sts`.
        parameters: what the call was given, as boto3 names it.
    """
    keys: Keys = {}
    for parameter, key in _BY_SERVICE.get(service, {}).items():
        if parameter in parameters:
            value = parameters[parameter]
            keys[key] = [str(item) for item in value] if isinstance(value, list) else str(value)
    return keys | _tag_keys(parameters.get("Tags"))


def _tag_keys(tags: Any) -> Keys:
    if isinstance(tags, Mapping):
        pairs = {str(key): str(value) for key, value in tags.items()}
    elif isinstance(tags, list) and all(isinstance(tag, Mapping) for tag in tags):
        pairs = {str(tag.get("Key", "")): str(tag.get("Value", "")) for tag in tags}
    else:
        return {}
    return {"aws:TagKeys": list(pairs)} | {f"aws:RequestTag/{key}": value for key, value in pairs.items()}
