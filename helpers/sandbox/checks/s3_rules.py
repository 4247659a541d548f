"""What S3 checks before it answers somebody who may do it, where moto checks less or says it otherwise."""

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from botocore.session import get_session

from helpers.evaluation.public_access import is_public
from helpers.sandbox.checks.resource_policies import check_bucket_policy
from helpers.sandbox.errors import AwsError, access_denied, plain_access_denied
from helpers.sandbox.moto_adapter.buckets import bucket_owner, public_access
from helpers.sandbox.request.call import Call
from helpers.sandbox.request.services import MALFORMED_XML

_OWNERSHIP = ("BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter")
_PUBLIC_LISTS = {"authenticated-read", "public-read", "public-read-write"}
_LISTS = _PUBLIC_LISTS | {"aws-exec-read", "bucket-owner-full-control", "bucket-owner-read", "private"}
_EVERYBODY = re.compile(r"/groups/global/(AllUsers|AuthenticatedUsers)\b")
_GRANTS = ("GrantFullControl", "GrantRead", "GrantReadACP", "GrantWrite", "GrantWriteACP")
_OF_THE_OWNER = {"DeleteBucketPolicy", "GetBucketPolicy", "PutBucketPolicy"}
_ACTIONS = {"CopyObject": "PutObject", "CreateMultipartUpload": "PutObject"}


@cache
def regions_of_s3() -> frozenset[str]:
    """List the regions that buckets can be in."""
    return frozenset(get_session().get_available_regions("s3"))


def check_call(call: Call) -> None:
    """Refuse what S3 would refuse: another owner's bucket than expected, a bad policy, access for everybody.

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
    if owner not in (None, call.account_id) and call.operation in _OF_THE_OWNER:
        # https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketPolicy.html
        message = "The specified method is not allowed against this resource."
        raise AwsError("MethodNotAllowed", message, 405, Method=call.request.method, ResourceType="BUCKETPOLICY")
    if call.operation == "CreateBucket":
        _check_new_bucket(call.parameters)
    elif owner and call.operation == "PutBucketPolicy":
        _check_policy(call, bucket)
    elif owner and call.operation == "PutBucketOwnershipControls":
        _check_ownership(call.parameters["OwnershipControls"])
    elif owner and _gives_a_list(call):
        _check_list(call, bucket)


def _check_new_bucket(parameters: Mapping[str, Any]) -> None:
    """Refuse a region that is none, and an access control list that the new bucket would not take.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
    """
    region = parameters.get("CreateBucketConfiguration", {}).get("LocationConstraint")
    ownership = parameters.get("ObjectOwnership", _OWNERSHIP[0])
    if region and region not in {"EU", *regions_of_s3()}:
        message = "The specified location-constraint is not valid"
        raise AwsError("InvalidLocationConstraint", message, LocationConstraint=region)
    if ownership not in _OWNERSHIP:
        message = f"Invalid x-amz-object-ownership header: {ownership}"
        raise AwsError("InvalidArgument", message, ArgumentName="x-amz-object-ownership")
    if _is_list_for_everybody(parameters) and ownership != _OWNERSHIP[0]:
        message = "Bucket cannot have public ACLs set with BlockPublicAccess enabled"
        raise AwsError("InvalidBucketAclWithBlockPublicAccessError", message)
    if _is_list_for_everybody(parameters):
        message = "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting"
        raise AwsError("InvalidBucketAclWithObjectOwnership", message)


def _check_ownership(controls: Mapping[str, Any]) -> None:
    if [rule.get("ObjectOwnership") for rule in controls["Rules"]] not in ([value] for value in _OWNERSHIP):
        raise AwsError("MalformedXML", MALFORMED_XML)


def _check_policy(call: Call, bucket: str) -> None:
    text = call.parameters.get("Policy", "")
    check_bucket_policy(text, bucket)
    if public_access(bucket).blocks_policies and is_public(json.loads(text)):
        raise _prevented(call, "public policies", "BlockPublicPolicy")


# --- access control lists
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html


def _gives_a_list(call: Call) -> bool:
    return call.operation in ("PutBucketAcl", "PutObjectAcl") or not {"ACL", *_GRANTS}.isdisjoint(call.parameters)


def _check_list(call: Call, bucket: str) -> None:
    """Refuse a list for everybody where the bucket blocks these, and any list where the bucket has none."""
    acl = call.parameters.get("ACL")
    if not {"ACL", "AccessControlPolicy", *_GRANTS} & call.parameters.keys():
        message = "Your request was missing a required header"
        raise AwsError("MissingSecurityHeader", message, MissingHeaderName="x-amz-acl")
    if acl is not None and acl not in _LISTS:
        raise AwsError("InvalidArgument", "", ArgumentName="x-amz-acl", ArgumentValue=acl)
    access = public_access(bucket)
    if access.blocks_lists and _is_list_for_everybody(call.parameters):
        raise _prevented(call, "public ACLs", "BlockPublicAcls")
    if access.has_no_lists and acl != "bucket-owner-full-control":
        raise AwsError("AccessControlListNotSupported", "The bucket does not allow ACLs")


def _is_list_for_everybody(parameters: Mapping[str, Any]) -> bool:
    grants = parameters.get("AccessControlPolicy", {}).get("Grants", [])
    named = [*(grant.get("Grantee", {}).get("URI", "") for grant in grants), *(parameters.get(g, "") for g in _GRANTS)]
    return parameters.get("ACL") in _PUBLIC_LISTS or any(map(_EVERYBODY.search, named))


def _prevented(call: Call, what: str, setting: str) -> AwsError:
    key = call.parameters.get("Key")
    return access_denied(
        call.model.service_model,
        caller_arn=call.caller.principal.arn,
        action=f"s3:{_ACTIONS.get(call.operation, call.operation)}",
        resource=f"arn:aws:s3:::{call.parameters['Bucket']}{f'/{key}' if key else ''}",
        phrase=f"because {what} are prevented by the {setting} setting in S3 Block Public Access.",
    )
