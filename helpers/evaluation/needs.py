"""Which permissions a call needs: the actions that policies must allow, and on which resources.

A call is not always allowed by the action that is named as it is: some need several, on several resources, and S3's
actions have names of their own. Pure, for the sandbox and for explanations alike: what has to be looked up in an
account is asked of a `Known`.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol
from urllib.parse import unquote

from helpers.evaluation.condition_keys import Keys, keys_of_parameters, keys_of_tags, tags_given
from helpers.policies import listed

# Where the name in a signature is not the one in front of the service's actions.
_ACTION_PREFIXES = {"iotdata": "iot", "monitoring": "cloudwatch", "tagging": "tag"}


def action_prefix(signing_name: str) -> str:
    """Find what stands before the colon in the actions of a service, such as `s3` in `s3:GetObject`."""
    return _ACTION_PREFIXES.get(signing_name, signing_name)


@dataclass(frozen=True)
class ApiCall:
    """The plain facts of a call.

    Attributes:
        service: What stands before the colon in the service's actions, such as `s3`.
        operation: The operation as AWS's API names it, such as `PutObject`.
        parameters: What the call was given, as boto3 names it.
        account_id: The caller's account, 12 digits.
        region: Where the call is for.
        user_name: The caller's user name; `None` if the caller is no user.
        inherited_tags: The tags that the caller's session hands on to the sessions that it opens.
        source_identity: The source identity of the caller's session, if it has one.
    """

    service: str
    operation: str
    parameters: Mapping[str, Any]
    account_id: str
    region: str
    user_name: str | None = None
    inherited_tags: Mapping[str, str] = field(default_factory=dict)
    source_identity: str | None = None


class Known(Protocol):
    """What is known of the account that a call is made in."""

    def iam_arn(self, kind: str, name: str) -> str | None:
        """Find the ARN, path included, of a `user`, `role`, `group` or `instance-profile`; `None` if it is unknown."""

    def bucket_owner(self, bucket: str) -> str | None:
        """Find the account that owns a bucket, in whichever account it is; `None` if it is unknown."""

    def has_object(self, bucket: str, key: str) -> bool:
        """Tell whether a bucket has an object; where it is unknown, `True`, which needs no permission to list."""

    def is_tagged(self, bucket: str, key: str) -> bool:
        """Tell whether an object has tags; where it is unknown, `False`."""

    def roles_in_profile(self, name: str) -> Iterable[str]:
        """Find the ARNs of the roles in an instance profile."""


@dataclass(frozen=True)
class Need:
    """One permission that a call needs. A call goes through when all its needs are met.

    Attributes:
        action: The action, such as `s3:GetObject`.
        resource: The ARN that the action is for; `*` for no resource in particular.
        resource_account: The account that owns the resource; `None` if it is unknown, or nobody's.
        context: The condition keys of this permission alone, beside those of the whole call.
        is_named: Whether a refusal names the resource: S3 matches ListAllMyBuckets with all buckets, and names none.
    """

    action: str
    resource: str = "*"
    resource_account: str | None = None
    context: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    is_named: bool = True


def needs(call: ApiCall, known: Known) -> list[Need]:
    """List the permissions that a call needs, the one that it is named after first.

    Args:
        call: The call.
        known: Where to look up what the call only names.
    """
    return _OF_SERVICE.get(call.service, _needs_of_others)(call, known)


def _pass_role(role_arn: str, account_id: str, service: str) -> Need:
    """Need the permission to hand a role to a service.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
    """
    return Need("iam:PassRole", role_arn, account_id, {"iam:PassedToService": service})


# --- IAM
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html

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
_IAM_TAGGED_AS = {"VirtualMFADevice": "MFADevice"}
# Without a user's name, these are about whoever calls.
_IAM_ABOUT_ONESELF = {
    *("ChangePassword", "CreateAccessKey", "DeleteAccessKey", "GetUser", "ListAccessKeys", "ListMFADevices"),
    *("ListServiceSpecificCredentials", "ListSigningCertificates", "ListSSHPublicKeys", "UpdateAccessKey"),
}
_IAM_ARN_PARAMETERS = ("PolicyArn", "SerialNumber", "PolicySourceArn")


def _needs_of_iam(call: ApiCall, known: Known) -> list[Need]:
    needed = [Need(f"iam:{call.operation}", _iam_resource(call, known), call.account_id)]
    if call.operation == "AddRoleToInstanceProfile":
        role = _iam_arn(call, known, "role", call.parameters.get("RoleName", ""))
        needed.append(_pass_role(role, call.account_id, "ec2.amazonaws.com"))
    made = call.operation.removeprefix("Create")
    if call.parameters.get("Tags") and made != call.operation:
        action = f"iam:Tag{_IAM_TAGGED_AS.get(made, made)}"
        tags = keys_of_tags(tags_given(call.parameters))
        needed.append(Need(action, _iam_resource(call, known), call.account_id, tags))
    return needed


def _iam_resource(call: ApiCall, known: Known) -> str:
    parameters = call.parameters
    for parameter, kind in _IAM_ENTITIES.items():
        if parameter in parameters:
            return _iam_arn(call, known, kind, parameters[parameter], parameters.get("Path"))
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
    if call.operation in _IAM_ABOUT_ONESELF:
        return _iam_arn(call, known, "user", call.user_name or "*")
    return "*"


def _iam_arn(call: ApiCall, known: Known, kind: str, name: str, path: str | None = None) -> str:
    """Write the ARN of an entity, with the path that it has when it exists, else the one asked for."""
    return known.iam_arn(kind, name) or f"arn:aws:iam::{call.account_id}:{kind}{path or '/'}{name}"


# --- STS
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecuritytokenservice.html


def _needs_of_sts(call: ApiCall, _: Known) -> list[Need]:
    parameters = call.parameters
    match call.operation:
        case "AssumeRole":
            arn = str(parameters.get("RoleArn", ""))
            account_id = arn.split(":")[4]
        case "GetFederationToken":
            account_id = call.account_id
            arn = f"arn:aws:sts::{account_id}:federated-user/{parameters.get('Name', '')}"
        case _:
            return [Need(f"sts:{call.operation}")]
    needed = [Need(f"sts:{call.operation}", arn, account_id)]
    if parameters.get("Tags") or call.inherited_tags:
        tags = {**call.inherited_tags, **{tag["Key"]: tag["Value"] for tag in parameters.get("Tags") or []}}
        needed.append(Need("sts:TagSession", arn, account_id, keys_of_tags(tags)))
    source_identity = parameters.get("SourceIdentity") or call.source_identity
    if call.operation == "AssumeRole" and source_identity:
        needed.append(Need("sts:SetSourceIdentity", arn, account_id, {"sts:SourceIdentity": source_identity}))
    return needed


# --- S3
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html

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


def s3_action(operation: str) -> str:
    """Name the permission that an operation of S3's is about, such as `s3:ListBucket` for ListObjectsV2."""
    return f"s3:{_S3_ACTIONS.get(operation, operation)}"


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
_S3_MAKES_OBJECTS = {"PutObject", "CopyObject", "CreateMultipartUpload"}


def _needs_of_s3(call: ApiCall, known: Known) -> list[Need]:
    operation, parameters = call.operation, call.parameters
    bucket, key = parameters.get("Bucket"), parameters.get("Key")
    action = _S3_ACTIONS.get(operation, operation)
    if parameters.get("VersionId") and action in _S3_VERSIONED:
        action = action.replace("Object", "ObjectVersion", 1)
    if not bucket:
        return [Need(f"s3:{action}", "arn:aws:s3:::*", is_named=False)]
    if operation == "CreateBucket":
        return [Need("s3:CreateBucket", f"arn:aws:s3:::{bucket}", call.account_id)]
    context = keys_of_parameters("s3", parameters)
    if operation == "DeleteObjects":
        objects = parameters.get("Delete", {}).get("Objects", [])
        return [_s3_need(known, action, bucket, item.get("Key"), context) for item in objects]
    needed = [_s3_need(known, action, bucket, key, context)]
    if operation in _S3_READS:
        needed += _s3_listing_of_missing(known, bucket, parameters["Key"])
    if operation in ("CopyObject", "UploadPartCopy"):
        source_bucket, _, source_key = str(parameters.get("CopySource", "")).lstrip("/").partition("/")
        source_key = unquote(source_key.split("?")[0])
        needed.append(_s3_need(known, "GetObject", source_bucket, source_key))
        needed += _s3_listing_of_missing(known, source_bucket, source_key)
        if parameters.get("TaggingDirective") != "REPLACE" and known.is_tagged(source_bucket, source_key):
            # https://docs.aws.amazon.com/AmazonS3/latest/userguide/copy-object.html
            needed.append(_s3_need(known, "GetObjectTagging", source_bucket, source_key))
            needed.append(_s3_need(known, "PutObjectTagging", bucket, key, context))
    if parameters.get("Tagging") and operation in _S3_MAKES_OBJECTS:
        needed.append(_s3_need(known, "PutObjectTagging", bucket, key, context))
    if parameters.get("ACL") and operation in _S3_MAKES_OBJECTS:
        needed.append(_s3_need(known, "PutObjectAcl", bucket, key, context))
    return needed


def _s3_listing_of_missing(known: Known, bucket: str, key: str) -> list[Need]:
    """Need to list a bucket that lacks what is to be read: who may not list must not learn what is missing.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
    """
    listing = _s3_need(known, "ListBucket", bucket)
    return [listing] if listing.resource_account and not known.has_object(bucket, key) else []


def _s3_need(known: Known, action: str, bucket: str, key: str | None = None, context: Keys | None = None) -> Need:
    resource = f"arn:aws:s3:::{bucket}/{key}" if key else f"arn:aws:s3:::{bucket}"
    return Need(f"s3:{action}", resource, known.bucket_owner(bucket), context or {})


# --- EC2
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html

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
# What `Create…` makes, where a policy can say so by ARN.
_EC2_KINDS = {*_EC2_IDS.values(), "launch-template", "network-acl", "placement-group", "vpc-endpoint"}
_EC2_ID_PREFIXES = {"i": "instance", "vol": "volume", "sg": "security-group", "subnet": "subnet", "vpc": "vpc"}


def _needs_of_ec2(call: ApiCall, known: Known) -> list[Need]:
    region = {"ec2:Region": call.region}
    return [replace(need, context={**region, **need.context}) for need in _ec2_needs(call, known)]


def _ec2_needs(call: ApiCall, known: Known) -> list[Need]:
    action, parameters = f"ec2:{call.operation}", call.parameters
    if call.operation.startswith("Describe"):
        return [Need(action)]
    if call.operation in ("AssociateIamInstanceProfile", "ReplaceIamInstanceProfileAssociation"):
        instance = _ec2_arn(call, "instance", parameters.get("InstanceId", "*"))
        return [Need(action, instance, call.account_id), *_ec2_passed_roles(call, known)]
    if call.operation == "RunInstances":
        return [*_ec2_run_instances(call), *_ec2_passed_roles(call, known), *_ec2_tagging_at_birth(call)]
    arns = [
        _ec2_arn(call, kind, identifier)
        for parameter, kind in _EC2_IDS.items()
        for identifier in listed(parameters.get(parameter, []))
    ]
    if call.operation in ("CreateTags", "DeleteTags"):
        for identifier in listed(parameters.get("Resources", [])):
            arns.append(_ec2_arn(call, _EC2_ID_PREFIXES.get(identifier.split("-")[0], "*"), identifier))
    needed = [Need(action, arn, call.account_id) for arn in arns]
    kind = re.sub(r"(?<!^)(?=[A-Z])", "-", call.operation.removeprefix("Create")).lower()
    if kind in _EC2_KINDS:
        tags = _ec2_new_tags(parameters).get(kind, {})
        needed.insert(0, Need(action, _ec2_arn(call, kind, "*"), call.account_id, keys_of_tags(tags)))
    return [*(needed or [Need(action)]), *_ec2_tagging_at_birth(call)]


def _ec2_run_instances(call: ApiCall) -> list[Need]:
    parameters = call.parameters
    arns = [_ec2_arn(call, "instance", "*"), _ec2_arn(call, "image", parameters.get("ImageId", "*"))]
    arns += [_ec2_arn(call, kind, "*") for kind in ("network-interface", "volume")]
    arns.append(_ec2_arn(call, "subnet", parameters.get("SubnetId", "*")))
    arns += [_ec2_arn(call, "security-group", name) for name in listed(parameters.get("SecurityGroupIds") or "*")]
    arns += [_ec2_arn(call, "key-pair", name) for name in listed(parameters.get("KeyName", []))]
    tags = _ec2_new_tags(parameters)
    instance = {"ec2:InstanceType": parameters.get("InstanceType", "m1.small")}
    needed = []
    for arn in arns:
        kind = arn.split(":")[5].partition("/")[0]
        context = keys_of_tags(tags.get(kind, {})) | (instance if kind == "instance" else {})
        needed.append(Need("ec2:RunInstances", arn, call.account_id, context))
    return needed


def _ec2_passed_roles(call: ApiCall, known: Known) -> list[Need]:
    """Need to pass the roles of the instance profile that a call hands to an instance."""
    profile = call.parameters.get("IamInstanceProfile", {})
    name = profile.get("Name") or str(profile.get("Arn", "")).rpartition("/")[2]
    roles = known.roles_in_profile(name) if name else ()
    return [_pass_role(role_arn, call.account_id, "ec2.amazonaws.com") for role_arn in roles]


def _ec2_tagging_at_birth(call: ApiCall) -> list[Need]:
    """Need to tag what is tagged as it is made.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html
    """
    made_by = {"ec2:CreateAction": call.operation}
    return [
        Need("ec2:CreateTags", _ec2_arn(call, kind, "*"), call.account_id, made_by | keys_of_tags(tags))
        for kind, tags in _ec2_new_tags(call.parameters).items()
    ]


def _ec2_new_tags(parameters: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Read the tags that a call gives to what it makes, by the kind of thing."""
    return {
        str(item.get("ResourceType", "*")): {tag.get("Key", ""): tag.get("Value", "") for tag in item.get("Tags", [])}
        for item in parameters.get("TagSpecifications") or []
    }


def _ec2_arn(call: ApiCall, kind: str, identifier: str) -> str:
    owner = "" if kind in ("image", "snapshot") else call.account_id  # these two have no account in their ARNs
    return f"arn:aws:ec2:{call.region}:{owner}:{kind}/{identifier}"


# --- Glue
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsglue.html

_GLUE_KINDS = ("Job", "Crawler", "Trigger", "Workflow", "Connection", "DevEndpoint", "Registry")
# Where calls name roles, by ARN or by name: each place as the parameters that lead to it.
_GLUE_ROLES = (
    ("Role",),
    ("RoleArn",),
    ("JobUpdate", "Role"),
    ("TableOptimizerConfiguration", "roleArn"),
    ("SourceProcessingProperties", "RoleArn"),
    ("TargetProcessingProperties", "RoleArn"),
    ("CatalogInput", "CatalogProperties", "DataLakeAccessProperties", "DataTransferRole"),
    ("CatalogInput", "CatalogProperties", "IcebergOptimizationProperties", "RoleArn"),
    ("DataCatalogEncryptionSettings", "EncryptionAtRest", "CatalogEncryptionServiceRole"),
)


def _needs_of_glue(call: ApiCall, known: Known) -> list[Need]:
    needed = [Need(f"glue:{call.operation}", arn, call.account_id) for arn in _glue_arns(call)]
    for place in _GLUE_ROLES:
        if role := _at(call.parameters, place):
            role_arn = role if role.startswith("arn:") else _iam_arn(call, known, "role", role)
            needed.append(_pass_role(role_arn, call.account_id, "glue.amazonaws.com"))
    return needed


def _at(parameters: Mapping[str, Any], place: tuple[str, ...]) -> str:
    found: Any = parameters
    for name in place:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found if isinstance(found, str) else ""


def _glue_arns(call: ApiCall) -> list[str]:
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
            arns.append(f"{prefix}table/{database or '*'}/{table}")
        return arns
    for kind in _GLUE_KINDS:
        if kind in call.operation:
            name = parameters.get(f"{kind}Name") or parameters.get("Name") or "*"
            return [f"{prefix}{kind[0].lower()}{kind[1:]}/{name}"]
    return ["*"]


# --- Systems Manager
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html

_OF_AWS = re.compile(r"(?:AWS|Amazon|AWSEC2|AWSSSO)\w*-")


def _needs_of_ssm(call: ApiCall, _: Known) -> list[Need]:
    parameters, here = call.parameters, f"{call.region}:{call.account_id}"
    named = [*listed(parameters.get("Names", [])), *listed(parameters.get("Name", []) or parameters.get("Path", []))]
    arns = [f"arn:aws:ssm:{here}:parameter/{name.strip('/')}" for name in named if "Parameter" in call.operation]
    if document := parameters.get("DocumentName"):
        owner = "" if _OF_AWS.match(document) else call.account_id
        arns.append(f"arn:aws:ssm:{call.region}:{owner}:document/{document}")
    for instance in [*listed(parameters.get("InstanceIds", [])), *listed(parameters.get("Target", []))]:
        arns.append(f"arn:aws:ec2:{here}:instance/{instance}")
    return [Need(f"ssm:{call.operation}", arn, call.account_id) for arn in arns or ["*"]]


# --- all other services: found by what their parameters are called

# By service and parameter: what comes after the account in the ARN of what the parameter names.
_NAMED_BY: dict[str, dict[str, str]] = {
    "cloudformation": {"StackName": "stack/{}/*"},
    "dynamodb": {"TableName": "table/{}"},
    "ecr": {"repositoryName": "repository/{}"},
    "events": {"Rule": "rule/{}", "Name": "rule/{}"},
    "kms": {"KeyId": "key/{}"},
    "lambda": {"FunctionName": "function:{}"},
    "logs": {"logGroupName": "log-group:{}:*"},
    "secretsmanager": {"SecretId": "secret:{}-??????", "Name": "secret:{}-??????"},
    "sns": {"TopicArn": "{}", "Name": "{}"},
    "sqs": {"QueueUrl": "{}", "QueueName": "{}"},
    "states": {"stateMachineArn": "stateMachine:{}", "name": "stateMachine:{}"},
}
# Calls that are allowed by an action of another name.
_ACTIONS = {
    "dynamodb:TransactGetItems": "dynamodb:GetItem",
    "lambda:Invoke": "lambda:InvokeFunction",
    "lambda:InvokeAsync": "lambda:InvokeFunction",
    "sns:PublishBatch": "sns:Publish",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:SendMessageBatch": "sqs:SendMessage",
}
# Where the service that a role is handed to is not called as the actions are.
_PASSED_TO = {"ecs": "ecs-tasks.amazonaws.com"}
_ROLE_PARAMETER = re.compile(r"role(arn)?$", re.IGNORECASE)
_ROLE_ARN = re.compile(r"arn:aws:iam::\d{12}:role/.+")


def _needs_of_others(call: ApiCall, _: Known) -> list[Need]:
    action = f"{call.service}:{call.operation}"
    own = Need(_ACTIONS.get(action, action), _resource_of_others(call), call.account_id)
    service = _PASSED_TO.get(call.service, f"{call.service}.amazonaws.com")
    roles = [
        value
        for name, value in call.parameters.items()
        if _ROLE_PARAMETER.search(name) and isinstance(value, str) and _ROLE_ARN.fullmatch(value)
    ]
    return [own, *(_pass_role(role, call.account_id, service) for role in roles)]


def _resource_of_others(call: ApiCall) -> str:
    for parameter, template in _NAMED_BY.get(call.service, {}).items():
        name = call.parameters.get(parameter)
        if not isinstance(name, str):
            continue
        if name.startswith("arn:"):
            return name
        own_name, owner = name, call.account_id
        if call.service == "logs" and (stream := call.parameters.get("logStreamName")):
            template = f"log-group:{{}}:log-stream:{stream.replace('{', '{{').replace('}', '}}')}"
        if parameter == "QueueUrl":
            owner, own_name = [call.account_id, *name.split("/")][-2:]
        if index := call.parameters.get("IndexName" if call.service == "dynamodb" else ""):
            own_name = f"{own_name}/index/{index}"
        if call.operation == "Invoke" and (version := call.parameters.get("Qualifier")):
            own_name = f"{own_name}:{version}"
        return f"arn:aws:{call.service}:{call.region}:{owner}:{template.format(own_name)}"
    return "*"


_OF_SERVICE: Mapping[str, Callable[[ApiCall, Known], list[Need]]] = {
    "iam": _needs_of_iam,
    "sts": _needs_of_sts,
    "s3": _needs_of_s3,
    "ec2": _needs_of_ec2,
    "glue": _needs_of_glue,
    "ssm": _needs_of_ssm,
}
