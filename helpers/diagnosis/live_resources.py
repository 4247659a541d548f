"""What is called on, read from the live account: its own policy, its tags, and who owns it.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_identity-vs-resource.html
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from helpers.arns import name_problem, parse_arn
from helpers.clients.calls import OpenAccount
from helpers.clients.error_codes import GONE, REFUSED, code_of
from helpers.diagnosis.live_policies import Keys, Place, Unread
from helpers.evaluation.decisions import Policy

_BUCKET_NAME = re.compile(r"[a-zA-Z0-9._-]{1,255}")
# Services whose resources can have a policy of their own.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html
_WITH_RESOURCE_POLICIES = frozenset(
    [
        "acm-pca",
        "aoss",
        "backup",
        "bedrock",
        "cloudtrail",
        "codeartifact",
        "codebuild",
        "dynamodb",
        "ecr",
        "ecr-public",
        "elasticfilesystem",
        "es",
        "events",
        "execute-api",
        "geo",
        "glacier",
        "glue",
        "iot",
        "kafka",
        "kinesis",
        "kinesisvideo",
        "kms",
        "lambda",
        "lex",
        "logs",
        "mediastore",
        "network-firewall",
        "rekognition",
        "s3",
        "s3-object-lambda",
        "s3-outposts",
        "s3express",
        "s3tables",
        "schemas",
        "secretsmanager",
        "ses",
        "signer",
        "sns",
        "sqs",
        "ssm",
        "ssm-contacts",
        "ssm-incidents",
        "sts",
        "vpc-lattice",
        "xray",
    ]
)


@dataclass(frozen=True)
class Resource:
    """What is called on: its own policy, if it has one.

    Attributes:
        policy: the trust policy of a role, or the policy of a bucket.
        account_id: who owns it; None where that cannot be told.
        place: where the policy is.
        keys: the condition keys that follow from the resource.
        max_session_seconds: a role's longest session.
        unread: what could not be read.
    """

    policy: Policy | None = None
    account_id: str | None = None
    place: Place | None = None
    keys: Keys = field(default_factory=dict)
    max_session_seconds: int = 3600
    unread: tuple[Unread, ...] = ()


def policy_holder(resource: str) -> str:
    """Return what the policy is on that counts for a resource: for a table's index, the table's.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/rbac-examples.html
    """
    return re.sub(r"(:dynamodb:.*:table/[^/]+)/index/.*", r"\1", resource)


def read_resource(account: OpenAccount, resource: str, asked_from: str = "") -> Resource:
    """Read the policy that a resource has itself: a role's trust policy, or a bucket's policy.

    Args:
        account: the open account; the resource may be in another one that is yours too.
        resource: its ARN, or `*`.
        asked_from: the caller's account. Within it, a policy that is not read here is left out: mostly the caller's
            own decides.
    """
    if not resource.startswith("arn:") or resource.count(":") < 5:
        return Resource()
    _, partition, service, _, owner, named = resource.split(":", 5)
    owner = "" if is_no_account(owner) else owner
    if ":role/" in resource:
        return _read_role(account, resource)
    if (service, named.partition("/")[0]) == ("iam", "user") and (there := account.of(owner)):
        return Resource(account_id=owner, keys=_tags_of_user(there, named.rpartition("/")[2]))
    if (partition, service) == ("aws", "s3") and not owner and (bucket := named.partition("/")[0]).strip("*"):
        return _read_bucket(account, bucket)
    if service == "kms":
        unread = Unread("resource", "resource", f"the key policy of {resource}", "kms:GetKeyPolicy")
        return Resource(account_id=owner or None, unread=(unread,))
    is_elsewhere = account.of(owner) is None or (asked_from and asked_from != owner)
    if owner and is_elsewhere and service in _WITH_RESOURCE_POLICIES and named != "*":
        unread = Unread(
            "resource", "account", f"the policy that {policy_holder(resource)} may have, which is in account {owner}"
        )
        return Resource(account_id=owner, unread=(unread,))
    if service == "ec2" and "*" not in named and (there := account.of(owner)):
        return Resource(account_id=owner, keys=_tags_in_ec2(there, named.rpartition("/")[2]))
    return Resource(account_id=owner or None)


def is_no_account(named: str) -> bool:
    """Tell whether a word stands where an ARN has an account's number: `aws`, for AWS's own things, or a typing error.

    Signs and capitals in its place (`xxxx`, `REDACTED`) are taken for a number that somebody took out.
    """
    return re.fullmatch("[a-wyz]+", named) is not None


def _read_role(account: OpenAccount, arn: str) -> Resource:
    parsed = parse_arn(arn)
    owner = account.of(parsed.account_id)
    place = Place("resource", "role", parsed.name)
    if owner is None:
        unread = Unread(
            "resource", "account", f"the trust policy of role {parsed.name}, which is in account {parsed.account_id}"
        )
        return Resource(account_id=parsed.account_id, unread=(unread,))
    if name_problem(parsed.name, "role"):
        nameless = f"the trust policy of “{parsed.name}”, which is no name that a role can have"
        return Resource(account_id=parsed.account_id, unread=(Unread("resource", "account", nameless),))
    iam = owner.client("iam")
    try:
        role: Any = iam.get_role(RoleName=parsed.name)["Role"]
    except ClientError as error:
        code = code_of(error)
        if code not in REFUSED and code != "NoSuchEntity":
            raise
        unreadable = Unread("resource", "resource", f"the trust policy of role {parsed.name}", "iam:GetRole")
        return Resource(account_id=parsed.account_id, unread=(unreadable,) if code in REFUSED else ())
    if role["Arn"] != arn:
        return Resource(account_id=parsed.account_id)
    return Resource(
        policy=Policy(place.source, role["AssumeRolePolicyDocument"]),
        account_id=parsed.account_id,
        place=place,
        keys=_as_keys(role.get("Tags", []), "iam"),
        max_session_seconds=role.get("MaxSessionDuration", 3600),
    )


def _tags_in_ec2(account: OpenAccount, identifier: str) -> dict[str, str]:
    """Return the tags of an instance, a volume or another thing in EC2 as condition keys; none that may not be read."""
    try:
        found = account.client("ec2").describe_tags(Filters=[{"Name": "resource-id", "Values": [identifier]}])
    except ClientError as error:
        if code_of(error) not in REFUSED:
            raise
        return {}
    return _as_keys(found["Tags"], "ec2")


def _tags_of_user(account: OpenAccount, name: str) -> dict[str, str]:
    """Return a user's tags as condition keys; none that may not be read, or of a user who is not there."""
    if name_problem(name, "user"):
        return {}
    try:
        user: Any = account.client("iam").get_user(UserName=name)["User"]
    except ClientError as error:
        if code_of(error) not in REFUSED | GONE:
            raise
        return {}
    return _as_keys(user.get("Tags", []), "iam")


def _as_keys(tags: Iterable[Mapping[str, str]], service: str) -> dict[str, str]:
    return {f"{prefix}:ResourceTag/{tag['Key']}": tag["Value"] for prefix in ("aws", service) for tag in tags}


def _read_bucket(account: OpenAccount, bucket: str) -> Resource:
    """Return the bucket's policy, asked of each account that is yours until one has the bucket."""
    if not _BUCKET_NAME.fullmatch(bucket):
        nameless = f"the policy of “{bucket}”, which is no name that a bucket can have"
        return Resource(unread=(Unread("resource", "account", nameless),))
    place = Place("resource", "bucket", bucket)
    owners = [account, *account.others]
    for owner in owners:
        s3 = owner.client("s3")
        try:
            text = s3.get_bucket_policy(Bucket=bucket, ExpectedBucketOwner=owner.account_id)["Policy"]
            return Resource(Policy(place.source, json.loads(text)), owner.account_id, place)
        except ClientError as error:
            code = code_of(error)
            if code == "NoSuchBucketPolicy":
                return Resource(account_id=owner.account_id, place=place)
            if code in ("NoSuchBucket", "InvalidBucketName"):
                return Resource()
            if code not in REFUSED:
                raise
    return Resource(unread=(Unread("resource", "resource", f"the policy of bucket {bucket}", "s3:GetBucketPolicy"),))
