"""Refusals that are known by their words: of services with rules of their own, and of programs that found no key.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_roles.html
"""

import re
from collections.abc import Mapping

from helpers.diagnosis.explanation import Decider, NextStep, Told
from helpers.diagnosis.refusals import Refusal

_SAID: Mapping[str, tuple[Decider, str, NextStep]] = {
    r"ross-account pass role is not allowed": (
        "request",
        "A role can be handed to a service only within its account: the role's ARN has another account's number than "
        "the caller's. Often the wrong profile signed the call, or the ARN was copied from another stage.",
        NextStep(
            "Compare the number in the role's ARN with the caller's, and hand over a role of the caller's account.",
            cli="aws sts get-caller-identity --query Account",
        ),
    ),
    r"Insufficient Lake Formation permission": (
        "resource",
        "Lake Formation guards the catalog besides IAM, and has not granted this to the caller.",
        NextStep(
            "Ask a data lake administrator for the permission that the message names.",
            console="Lake Formation → Data permissions",
            cli="aws lakeformation list-permissions --principal DataLakePrincipalIdentifier=<caller-arn>",
        ),
    ),
    r"BlockPublicPolicy|Block Public Access": (
        "resource",
        "The policy would open the bucket to everybody, and S3 Block Public Access, on the bucket or on the account, "
        "does not let that through.",
        NextStep(
            "Name in the policy who may, in place of everybody.",
            console="S3 → Buckets → the bucket → Permissions → Block public access",
            cli="aws s3api get-public-access-block --bucket <bucket-name>",
        ),
    ),
    r"is not authorized to create managed-rule": (
        "identity",
        "The state machine waits for what it started through a rule of EventBridge's that Step Functions makes, and "
        "the state machine's own role, not whoever deploys it, lacks the permissions for that.",
        NextStep(
            "Allow the state machine's role events:PutTargets, events:PutRule and events:DescribeRule on the rules "
            "whose names begin with StepFunctionsGetEventsFor.",
            console="IAM → Roles → the state machine's role → Permissions",
        ),
    ),
    r"Access to KMS is not allowed": (
        "resource",
        "The secret is encrypted with a KMS key that whoever reads it may not use: a task's or a function's role, "
        "where a service reads it.",
        NextStep(
            "Allow that role kms:Decrypt on the secret's key, and see that the key's own policy lets it in.",
            cli="aws secretsmanager describe-secret --secret-id <secret-arn> --query KmsKeyId",
        ),
    ),
    r"S3ServiceException": (
        "identity",
        "Redshift read or wrote S3 with the role, or the key, that the COPY or UNLOAD names, and S3 refused that one. "
        "Whoever ran the statement does not matter here.",
        NextStep(
            "See which role the statement names: it needs s3:GetObject on the objects and s3:ListBucket on the bucket, "
            "for UNLOAD s3:PutObject.",
            console="Redshift → the cluster → Properties → Associated IAM roles",
        ),
    ),
    r"logged in to the server \(Unauthorized\)": (
        "resource",
        "The Kubernetes cluster does not know the caller. It keeps a list of its own of who may in (access entries, or "
        "the ConfigMap aws-auth); IAM's policies do not decide it.",
        NextStep(
            "Ask whoever made the cluster to add the caller to that list.",
            cli="aws eks list-access-entries --cluster-name <cluster-name>",
        ),
    ),
    r"authorization token has expired|no basic auth credentials": (
        "credentials",
        "The registry's password is missing, or ended: it lasts twelve hours. No policy was asked.",
        NextStep(
            "Sign in to the registry again.",
            cli="aws ecr get-login-password | docker login --username AWS --password-stdin "
            "<account-id>.dkr.ecr.<region>.amazonaws.com",
        ),
    ),
    r"config profile .+ could not be found": (
        "credentials",
        "The AWS configuration has no profile of this name, or it is read from another file. Nothing was asked of AWS.",
        NextStep("Compare the name with the profiles that there are.", cli="aws configure list-profiles"),
    ),
    r"SSO session .*(?:expired|invalid)|retrieving token from sso|Session token not found or invalid": (
        "credentials",
        "The sign-in with IAM Identity Center has ended. No policy was asked.",
        NextStep("Sign in again.", cli="aws sso login --profile <profile>"),
    ),
    r"GetRoleCredentials operation: No access": (
        "identity",
        "IAM Identity Center has not assigned this account with this permission set to the person who signed in.",
        NextStep(
            "Compare the account's number and the permission set's name in the profile; ask whoever administers IAM "
            "Identity Center for the assignment.",
            cli="aws configure list-profiles",
        ),
    ),
    r"Partial credentials found": (
        "credentials",
        "Half a key was found: of an access key's id and its secret, one is not set. Nothing was asked of AWS.",
        NextStep("Set both, in the same place, or neither.", cli="aws configure list"),
    ),
    r"Request has expired": (
        "credentials",
        "The presigned URL was for a limited time, which is over. No policy was asked.",
        NextStep("Make a new one.", cli="aws s3 presign s3://<bucket-name>/<key> --expires-in 3600"),
    ),
    r"^\W*(?:[Mm]essage\W+)?Missing Authentication Token": (
        "request",
        "API Gateway says this where the API has no such path or method, and where a call came without a signature.",
        NextStep("Compare stage, path and method of the URL with the API's; if they are right, sign the call."),
    ),
}
_CANNOT_ASSUME = re.compile(
    r"cannot be assumed by|(?:unable|not able|failed) to assume|could not assume|invalid or cannot be assumed"
    r"|trust relationship allowing|grant trust permission",
    re.I,
)
_PRINCIPALS = {
    "API Gateway": "apigateway.amazonaws.com",
    "Batch": "batch.amazonaws.com",
    "CloudFormation": "cloudformation.amazonaws.com",
    "CodeBuild": "codebuild.amazonaws.com",
    "Cognito": "cognito-idp.amazonaws.com",
    "ECS": "ecs-tasks.amazonaws.com",
    "EventBridge": "events.amazonaws.com",
    "Firehose": "firehose.amazonaws.com",
    "Glue": "glue.amazonaws.com",
    "Lambda": "lambda.amazonaws.com",
    "Redshift": "redshift.amazonaws.com",
    "SageMaker": "sagemaker.amazonaws.com",
    "Step Functions": "states.amazonaws.com",
}
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/(?:[\w+=,.@-]+/)*(?P<name>[\w+=,.@-]+)")
_ROLE_LACKS = re.compile(r"role does not have permissions? to call (?P<operation>\w+) on (?P<service>\w+)")
_NO_PROVIDER = re.compile(r"No OpenIDConnect provider found in your account for (?P<url>\S+)")
_REGION = re.compile(r"region '(?P<given>[a-z0-9-]+)' is wrong; expecting '(?P<wanted>[a-z0-9-]+)'")
_OF_A_BUCKETS_REGION = {"AuthorizationHeaderMalformed", "PermanentRedirect", "BucketRegionError"}


def explain_by_words(refusal: Refusal) -> tuple[Decider, Told] | None:
    """Find what decided and why, in a refusal whose words alone tell; None in any other."""
    for words, (decided_by, reason, next_step) in _SAID.items():
        if re.search(words, refusal.message):
            return decided_by, (reason, next_step)
    if told := _role_lacks(refusal):
        return "identity", told
    if told := _cannot_assume(refusal) or _provider_is_missing(refusal) or _key_policy(refusal):
        return "resource", told
    told = _region_of_a_bucket(refusal)
    return ("request", told) if told else None


def _role_lacks(refusal: Refusal) -> Told | None:
    """See https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html for the rule."""
    found = _ROLE_LACKS.search(refusal.message)
    if found is None:
        return None
    action = f"{found['service'].lower()}:{found['operation']}"
    in_vpc = " The managed policy AWSLambdaVPCAccessExecutionRole has what a function in a VPC needs."
    return (
        f"The role that was handed to the service, not whoever made the call, lacks {action}.",
        NextStep(
            f"Allow that role {action}, before it is used; where it is allowed already, ask for a service control "
            f"policy that denies it.{in_vpc if 'NetworkInterface' in action else ''}",
            cli=f"aws iam list-attached-role-policies --role-name {_role_named_in(refusal)}",
        ),
    )


def _cannot_assume(refusal: Refusal) -> Told | None:
    """See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html for the rule."""
    if refusal.caller or refusal.action or not _CANNOT_ASSUME.search(refusal.message):
        return None
    services = [f"{service}: {name}" for service, name in _PRINCIPALS.items() if service in refusal.message]
    named = "; ".join(services) or "its documentation tells the name, such as ec2.amazonaws.com"
    passed = " The text names one more: whoever hands the role over needs iam:PassRole on it."
    return (
        "A service was handed a role that it cannot assume: either the role's trust policy does not name the service "
        f"({named}) or its conditions do not fit, or the role is not there, or it was made a moment ago and has not "
        f"reached the service yet.{passed if refusal.message_has('pass this role') else ''}",
        NextStep(
            "See whom the role's trust policy names; if that is the service, wait ten seconds and try again.",
            console="IAM → Roles → the role → Trust relationships",
            cli=f"aws iam get-role --role-name {_role_named_in(refusal)} --query Role.AssumeRolePolicyDocument",
        ),
    )


def _role_named_in(refusal: Refusal) -> str:
    found = _ROLE.search(refusal.message)
    return found["name"] if found else "<role-name>"


def _provider_is_missing(refusal: Refusal) -> Told | None:
    """See https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html for the rule."""
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


def _key_policy(refusal: Refusal) -> Told | None:
    """See https://docs.aws.amazon.com/kms/latest/developerguide/policy-evaluation.html for the rule."""
    if not re.search(r"does not exist in this region", refusal.message, re.I):
        return None
    named = re.search(r"kms:\w+", refusal.message)
    action = named[0] if named else "kms:Decrypt" if refusal.message_has("ciphertext") else "The use of the KMS key"
    return (
        f"{action} was refused, and AWS leaves open which of three it is: the KMS key is not in this region, its key "
        "policy does not let the caller in, or it denies the call. For KMS, the key's own policy always has a say.",
        NextStep(
            "See in which region the key is; then ask whoever administers it to let the caller in, in its key policy.",
            console="KMS → Customer managed keys → the key → Key policy",
            cli="aws kms get-key-policy --key-id <key-id> --policy-name default --output text",
        ),
    )


def _region_of_a_bucket(refusal: Refusal) -> Told | None:
    """See https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html for the rule."""
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
