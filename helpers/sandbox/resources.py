"""Which actions on which resources a call needs: the table that least-privilege policies are matched against.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from helpers.sandbox import moto_seam
from helpers.sandbox.identities import Caller

Parameters = Mapping[str, Any]


@dataclass(frozen=True)
class Demand:
    """One permission that a call needs. A call goes through when all its demands are allowed.

    `is_named` says whether a refusal names the resource: S3 matches ListAllMyBuckets with all buckets, and names none.
    """

    action: str
    resource: str = "*"
    resource_account: str | None = None
    context: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    is_named: bool = True


@dataclass(frozen=True)
class Call:
    """A call as it arrived: which operation, with which parameters, by whom, and for which region."""

    service: str
    operation: str
    parameters: Parameters
    account_id: str
    region: str
    caller: Caller


def tag_keys(kind: str, tags: Mapping[str, str]) -> dict[str, str | Sequence[str]]:
    """The condition keys that tags make, such as `aws:RequestTag/team`; with all their names in `aws:TagKeys`."""
    keys: dict[str, str | Sequence[str]] = {f"aws:{kind}/{key}": value for key, value in tags.items()}
    return keys | {"aws:TagKeys": list(tags)}


def demands(call: Call) -> list[Demand]:
    """The permissions that a call needs, the one it is named after first."""
    special = _SPECIAL.get(call.service)
    return special(call) if special else [Demand(f"{call.service}:{call.operation}")]


# --- IAM


_IAM_ENTITIES: dict[str, str] = {
    "GroupName": "group",
    "InstanceProfileName": "instance-profile",
    "RoleName": "role",
    "UserName": "user",
}
_IAM_LISTS = {
    "ListUsers": "user",
    "ListRoles": "role",
    "ListGroups": "group",
    "ListInstanceProfiles": "instance-profile",
}
_IAM_OF_THE_CALLER = {
    "ChangePassword",
    "CreateAccessKey",
    "DeleteAccessKey",
    "GetUser",
    "ListAccessKeys",
    "ListMFADevices",
    "UpdateAccessKey",
    "ListSigningCertificates",
}
_IAM_ARN_PARAMETERS = ("PolicyArn", "SerialNumber", "PolicySourceArn")


def _iam(call: Call) -> list[Demand]:
    own = Demand(f"iam:{call.operation}", _iam_resource(call), call.account_id)
    passed = []
    if call.operation == "AddRoleToInstanceProfile":
        role = _iam_arn(call.account_id, "role", call.parameters.get("RoleName", ""))
        passed.append(_pass_role(role, call.account_id, "ec2.amazonaws.com"))
    return [own, *passed]


def _iam_resource(call: Call) -> str:
    parameters = call.parameters
    for parameter, kind in _IAM_ENTITIES.items():
        if parameter in parameters:
            return _iam_arn(call.account_id, kind, parameters[parameter], parameters.get("Path"))
    for parameter in _IAM_ARN_PARAMETERS:
        if parameter in parameters:
            return str(parameters[parameter])
    prefix = f"arn:aws:iam::{call.account_id}:"
    if call.operation == "CreatePolicy":
        return f"{prefix}policy{parameters.get('Path', '/')}{parameters.get('PolicyName', '')}"
    if call.operation == "CreateVirtualMFADevice":
        return f"{prefix}mfa{parameters.get('Path', '/')}{parameters.get('VirtualMFADeviceName', '')}"
    if call.operation in _IAM_LISTS:
        return f"{prefix}{_IAM_LISTS[call.operation]}{parameters.get('PathPrefix', '/')}"
    if call.operation in _IAM_OF_THE_CALLER:
        return _iam_arn(call.account_id, "user", call.caller.entity.name if call.caller.entity else "")
    return "*"


def _iam_arn(account_id: str, kind: str, name: str, path: str | None = None) -> str:
    """The ARN of an entity, with the path that it has when it exists, else the one asked for."""
    account = moto_seam.iam(account_id)
    existing: Any = None
    match kind:
        case "user":
            existing = account.users.get(name)
        case "group":
            existing = account.groups.get(name)
        case "role":
            existing = next((role for role in list(account.roles.values()) if role.name == name), None)
        case "instance-profile":
            profiles = list(account.instance_profiles.values())
            existing = next((profile for profile in profiles if profile.name == name), None)
    return existing.arn if existing else f"arn:aws:iam::{account_id}:{kind}{path or '/'}{name}"


def _pass_role(role_arn: str, account_id: str, service: str) -> Demand:
    return Demand("iam:PassRole", role_arn, account_id, {"iam:PassedToService": service})


# --- STS


def _sts(call: Call) -> list[Demand]:
    parameters, session = call.parameters, call.caller.session
    inherited = session.transitive_tags if session else {}
    source_identity = parameters.get("SourceIdentity") or (session and session.source_identity)
    match call.operation:
        case "AssumeRole":
            arn = str(parameters.get("RoleArn", ""))
            account_id = arn.split(":")[4]
        case "GetFederationToken":
            account_id = call.account_id
            arn = f"arn:aws:sts::{account_id}:federated-user/{parameters.get('Name', '')}"
        case _:
            return [Demand(f"sts:{call.operation}")]
    needed = [Demand(f"sts:{call.operation}", arn, account_id)]
    if parameters.get("Tags") or inherited:
        tags = inherited | {tag["Key"]: tag["Value"] for tag in parameters.get("Tags") or []}
        needed.append(Demand("sts:TagSession", arn, account_id, tag_keys("RequestTag", tags)))
    if call.operation == "AssumeRole" and source_identity:
        needed.append(Demand("sts:SetSourceIdentity", arn, account_id, {"sts:SourceIdentity": source_identity}))
    return needed


# --- S3


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


def _s3(call: Call) -> list[Demand]:
    parameters = call.parameters
    bucket = parameters.get("Bucket")
    action = _S3_ACTIONS.get(call.operation, call.operation)
    if parameters.get("VersionId") and action in _S3_VERSIONED:
        action = action.replace("Object", "ObjectVersion", 1)
    if not bucket:
        return [Demand(f"s3:{action}", "arn:aws:s3:::*", is_named=False)]
    context = _s3_context(parameters)
    if call.operation == "DeleteObjects":
        objects = parameters.get("Delete", {}).get("Objects", [])
        return [_s3_demand(action, bucket, item.get("Key"), context) for item in objects]
    needed = [_s3_demand(action, bucket, parameters.get("Key"), context)]
    owner = needed[0].resource_account
    if call.operation in _S3_READS and owner and not moto_seam.has_object(bucket, parameters["Key"]):
        needed.append(_s3_demand("ListBucket", bucket, None, {}))  # who may not list must not learn what is missing
    if call.operation in ("CopyObject", "UploadPartCopy"):
        source_bucket, _, source_key = str(parameters.get("CopySource", "")).lstrip("/").partition("/")
        needed.append(_s3_demand("GetObject", source_bucket, source_key.split("?")[0], {}))
    if parameters.get("Tagging") and call.operation in ("PutObject", "CopyObject", "CreateMultipartUpload"):
        needed.append(_s3_demand("PutObjectTagging", bucket, parameters.get("Key"), context))
    if parameters.get("ACL") and call.operation in ("PutObject", "CopyObject", "CreateMultipartUpload"):
        needed.append(_s3_demand("PutObjectAcl", bucket, parameters.get("Key"), context))
    return needed


def _s3_demand(action: str, bucket: str, key: str | None, context: Mapping[str, str]) -> Demand:
    owner = moto_seam.bucket_owner_and_policy(bucket)
    resource = f"arn:aws:s3:::{bucket}/{key}" if key else f"arn:aws:s3:::{bucket}"
    return Demand(f"s3:{action}", resource, owner[0] if owner else None, context)


_S3_CONTEXT = {"Prefix": "s3:prefix", "Delimiter": "s3:delimiter", "MaxKeys": "s3:max-keys", "ACL": "s3:x-amz-acl"}


def _s3_context(parameters: Parameters) -> dict[str, str]:
    return {key: str(parameters[name]) for name, key in _S3_CONTEXT.items() if name in parameters}


# --- EC2


_EC2_IDS = {
    "InstanceId": "instance",
    "InstanceIds": "instance",
    "VolumeId": "volume",
    "SecurityGroupId": "security-group",
    "GroupId": "security-group",
    "VpcId": "vpc",
    "SubnetId": "subnet",
    "ImageId": "image",
    "SnapshotId": "snapshot",
    "KeyName": "key-pair",
    "RouteTableId": "route-table",
    "InternetGatewayId": "internet-gateway",
    "NetworkInterfaceId": "network-interface",
    "AllocationId": "elastic-ip",
}


def _ec2(call: Call) -> list[Demand]:
    action = f"ec2:{call.operation}"
    if call.operation.startswith("Describe"):
        return [Demand(action)]
    if call.operation == "RunInstances":
        return _ec2_run_instances(call)
    named = [
        Demand(action, _ec2_arn(call, kind, identifier), call.account_id)
        for parameter, kind in _EC2_IDS.items()
        for identifier in _as_list(call.parameters.get(parameter))
    ]
    if call.operation in ("CreateTags", "DeleteTags"):
        kinds = {"i": "instance", "vol": "volume", "sg": "security-group", "subnet": "subnet", "vpc": "vpc"}
        for identifier in _as_list(call.parameters.get("Resources")):
            kind = kinds.get(identifier.split("-")[0], "*")
            named.append(Demand(action, _ec2_arn(call, kind, identifier), call.account_id))
    return named or [Demand(action)]


def _ec2_run_instances(call: Call) -> list[Demand]:
    parameters = call.parameters
    image = f"arn:aws:ec2:{call.region}::image/{parameters.get('ImageId', '*')}"
    arns = [_ec2_arn(call, kind, "*") for kind in ("instance", "network-interface", "volume")]
    arns.append(_ec2_arn(call, "subnet", parameters.get("SubnetId", "*")))
    arns += [_ec2_arn(call, "security-group", i) for i in _as_list(parameters.get("SecurityGroupIds")) or ["*"]]
    arns += [_ec2_arn(call, "key-pair", name) for name in _as_list(parameters.get("KeyName"))]
    needed = [Demand("ec2:RunInstances", arn, call.account_id) for arn in [arns[0], image, *arns[1:]]]
    profile = parameters.get("IamInstanceProfile", {})
    name = profile.get("Name") or str(profile.get("Arn", "")).rpartition("/")[2]
    for stored in moto_seam.iam(call.account_id).instance_profiles.values():
        if stored.name == name:
            needed += [_pass_role(role.arn, call.account_id, "ec2.amazonaws.com") for role in stored.roles]
    return needed


def _ec2_arn(call: Call, kind: str, identifier: str) -> str:
    return f"arn:aws:ec2:{call.region}:{call.account_id}:{kind}/{identifier}"


def _as_list(value: Any) -> list[str]:
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [str(value)]


# --- Glue


_GLUE_KINDS = ("Job", "Crawler", "Trigger", "Workflow", "Connection", "DevEndpoint", "Registry")


def _glue(call: Call) -> list[Demand]:
    action, parameters = f"glue:{call.operation}", call.parameters
    needed = [Demand(action, arn, call.account_id) for arn in _glue_arns(call)]
    if role := parameters.get("Role") or parameters.get("JobUpdate", {}).get("Role"):
        role_arn = role if role.startswith("arn:") else _iam_arn(call.account_id, "role", role)
        needed.append(_pass_role(role_arn, call.account_id, "glue.amazonaws.com"))
    return needed


def _glue_arns(call: Call) -> list[str]:
    prefix = f"arn:aws:glue:{call.region}:{call.account_id}:"
    parameters = call.parameters
    database = parameters.get("DatabaseName")
    if "Database" in call.operation:
        database = parameters.get("Name") or parameters.get("DatabaseInput", {}).get("Name")
    if database or "Database" in call.operation or "Table" in call.operation:
        arns = [f"{prefix}catalog", f"{prefix}database/{database or '*'}"]
        if "Table" in call.operation or "Partition" in call.operation:
            table = parameters.get("TableName") or parameters.get("Name")
            table = table or parameters.get("TableInput", {}).get("Name") or "*"
            arns.insert(0, f"{prefix}table/{database or '*'}/{table}")
        return arns
    for kind in _GLUE_KINDS:
        if kind in call.operation:
            name = parameters.get(f"{kind}Name") or parameters.get("Name") or "*"
            return [f"{prefix}{kind[0].lower()}{kind[1:]}/{name}"]
    return ["*"]


_SPECIAL: dict[str, Callable[[Call], list[Demand]]] = {
    "iam": _iam,
    "sts": _sts,
    "s3": _s3,
    "ec2": _ec2,
    "glue": _glue,
}
