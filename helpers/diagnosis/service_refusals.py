"""Refusals in which a service has its part: a role handed to it, a provider of identities, a key, a bucket's region.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_roles.html
"""

import re

from helpers.diagnosis.explanation import NextStep, Told
from helpers.diagnosis.refusals import Refusal

_CANNOT_ASSUME = re.compile(
    r"cannot be assumed by|(?:unable|not able|failed) to assume|could not assume|invalid or cannot be assumed", re.I
)
_NO_PROVIDER = re.compile(r"No OpenIDConnect provider found in your account for (?P<url>\S+)")
_REGION = re.compile(r"region '(?P<given>[a-z0-9-]+)' is wrong; expecting '(?P<wanted>[a-z0-9-]+)'")
_OF_A_BUCKETS_REGION = {
    "AuthorizationHeaderMalformed",
    "PermanentRedirect",
    "BucketRegionError",
}
_ROLES_TRUST = "aws iam get-role --role-name <role-name> --query Role.AssumeRolePolicyDocument"


def role_of_another_account(refusal: Refusal) -> Told | None:
    """Explain a role that was handed to a service of another account.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
    """
    if not refusal.message_has("ross-account pass role is not allowed"):
        return None
    return (
        "A role can be handed to a service only within its account: the role's ARN has another account's number than "
        "the caller's. Often the wrong profile signed the call, or the ARN was copied from another stage.",
        NextStep(
            "Compare the number in the role's ARN with the caller's, and hand over a role of the caller's account.",
            cli="aws sts get-caller-identity --query Account",
        ),
    )


def role_not_for_the_service(refusal: Refusal) -> Told | None:
    """Explain a service that cannot assume the role which it was handed.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    """
    if refusal.caller or refusal.action or not _CANNOT_ASSUME.search(refusal.message):
        return None
    return (
        "A service was handed a role that it cannot assume: either the role's trust policy does not name the service "
        "(lambda.amazonaws.com for Lambda, ecs-tasks.amazonaws.com for ECS tasks, glue.amazonaws.com for Glue), or the "
        "role is not there, or it was made a moment ago and has not reached the service yet.",
        NextStep(
            "See whom the role's trust policy names; if that is the service, wait ten seconds and try again.",
            console="IAM → Roles → the role → Trust relationships",
            cli=_ROLES_TRUST,
        ),
    )


def provider_of_identities_is_missing(refusal: Refusal) -> Told | None:
    """Explain a token whose issuer is no identity provider of the account.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html
    """
    found = _NO_PROVIDER.search(refusal.message)
    if found is None:
        return None
    url = found["url"].rstrip(".,;\"'")
    return (
        f"The token was issued by {url}, and the account of the role has no identity provider with this address. The "
        "role's trust policy is not asked before there is one.",
        NextStep(
            "See which providers the account has, letter by letter; add this one, or use a role of the account that "
            "has it.",
            console="IAM → Identity providers",
            cli="aws iam list-open-id-connect-providers",
        ),
    )


def key_policy(refusal: Refusal) -> Told | None:
    """Explain a call of KMS's that its key policy, or another region, did not let through.

    https://docs.aws.amazon.com/kms/latest/developerguide/policy-evaluation.html
    """
    action = re.search(r"kms:\w+", refusal.message)
    if action is None or not refusal.message_has("does not exist in this Region"):
        return None
    return (
        f"{action[0]} was refused, and AWS leaves open which of three it is: the KMS key is not in this region, its "
        "key policy does not let the caller in, or it denies the call. For KMS, the key's own policy always has a say.",
        NextStep(
            f"See in which region the key is; then ask whoever administers it to allow {action[0]} in its key policy.",
            console="KMS → Customer managed keys → the key → Key policy",
            cli="aws kms get-key-policy --key-id <key-id> --policy-name default --output text",
        ),
    )


def region_of_a_bucket(refusal: Refusal) -> Told | None:
    """Explain a call that went to another region than the bucket's, or made a bucket for another.

    https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
    """
    if refusal.code == "IllegalLocationConstraintException":
        return (
            "A bucket is made through the region that it is to be in, and this call named another, or none: only in "
            "us-east-1 none is named. No policy was asked.",
            NextStep(
                "Name the same region twice, as the call's and as the bucket's.",
                cli="aws s3api create-bucket --bucket <bucket-name> --region <region> "
                "--create-bucket-configuration LocationConstraint=<region>",
            ),
        )
    found = _REGION.search(refusal.message)
    if found is None and refusal.code not in _OF_A_BUCKETS_REGION:
        return None
    told = f": it is in {found['wanted']}, not in {found['given']}" if found else ""
    where = f"--region {found['wanted']}" if found else "the bucket's region"
    return (
        f"The call went to another region than the bucket's{told}. No policy was asked.",
        NextStep(
            f"Make the call with {where}.",
            cli="" if found else "aws s3api get-bucket-location --bucket <bucket-name>",
        ),
    )
