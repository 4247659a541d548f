"""Refusals that are known by their words: of services with rules of their own, and of programs that found no key.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_roles.html
"""

import re
from collections.abc import Mapping

from helpers.clients.calls import Call, OpenAccount
from helpers.diagnosis.credential_refusals import Rule
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
    r"BlockPublicAcls|InvalidBucketAclWithBlockPublicAccess": (
        "resource",
        "The call came with an access control list (ACL) that lets in everybody, and S3 Block Public Access, on the "
        "bucket or on the account, does not let that through.",
        NextStep(
            "Make the call without an ACL, and name who may read in the bucket's policy.",
            console="S3 → Buckets → the bucket → Permissions → Block public access",
            cli="aws s3api get-public-access-block --bucket <bucket-name>",
        ),
    ),
    r"AccessControlListNotSupported|does not allow ACLs|InvalidBucketAclWithObjectOwnership": (
        "resource",
        "The call came with an access control list (ACL), and this bucket takes none: its owner owns all objects, and "
        "policies alone say who may. Every new bucket is like that. No policy was asked.",
        NextStep(
            "Make the call without an ACL (--acl, or a tool's setting of that name); who else may read, the bucket's "
            "policy says.",
            console="S3 → Buckets → the bucket → Permissions → Object Ownership",
            cli="aws s3api get-bucket-ownership-controls --bucket <bucket-name>",
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
            "whose names begin with StepFunctionsGetEvent.",
            console="IAM → Roles → the state machine's role → Permissions",
            cli="aws iam list-role-policies --role-name <role-name>",
        ),
    ),
    r"Not authorized for (?:images|subnets?|key ?pairs?|security groups?)": (
        "resource",
        "EC2 took the credentials: what it refused is what the instance was to be made of. The image (or subnet, key "
        "pair, security group) is somebody else's and not shared with this account, withdrawn, or in another region.",
        NextStep(
            "See whether this account can see it in this region; if not, ask its owner to share it, or name one that "
            "the account has.",
            cli="aws ec2 describe-images --image-ids <image-id>",
        ),
    ),
    r"Lambda was unable to decrypt the environment variables": (
        "identity",
        "The function's own role, not whoever calls the function, may not decrypt its environment variables. With a "
        "key of your own, that role needs kms:Decrypt on it, and the key's policy has to let it in; with AWS's key "
        "(aws/lambda), the role was mostly made anew, which the key's grant does not know.",
        NextStep(
            "See which role and key the function has. With AWS's key, give the function another role and then this one "
            "again, which renews the grant.",
            cli="aws lambda get-function-configuration --function-name <function-name> --query [Role,KMSKeyArn]",
        ),
    ),
    r"could not be used to assume '": (
        "identity",
        "The CDK could not assume the role that bootstrapping made for it, and went on with the caller's own "
        "credentials, which may less: what is refused after that follows from it.",
        NextStep(
            "Allow the caller sts:AssumeRole on the roles whose names begin with cdk-hnb659fds-, in that account; "
            "where they are not there, run cdk bootstrap.",
            cli="aws iam list-roles --query \"Roles[?starts_with(RoleName, 'cdk-')].Arn\"",
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
    r"must be logged in to the server": (
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
    r"SSO session .*(?:expired|invalid)|retrieving token from sso|Session token not found or invalid"
    r"|refresh(?:ing)? (?:cached )?(?:SSO|AWS IAM Identity Center) token|InvalidGrantException": (
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
    r"assume the service[- ]linked role|service[- ]linked role (?:exists|does not exist|is missing)": (
        "resource",
        "The service acts through a role of its own, its service-linked role, and the account does not have it yet, or "
        "not any more. A service makes it at the first use, if whoever calls may iam:CreateServiceLinkedRole.",
        NextStep(
            "Make it once for the account, with the name of the service that the text tells, and try again.",
            cli="aws iam create-service-linked-role --aws-service-name <service>",
        ),
    ),
    r"AssumeRoleForPodIdentity.*Expired": (
        "credentials",
        "The token that Kubernetes gives the pod had ended when it was exchanged for a session. No policy was asked.",
        NextStep(
            "Restart the pod, which gets a new token; where it comes again, see the nodes' clocks.", cli="date -u"
        ),
    ),
    r"EKS does not have permissions to assume": (
        "resource",
        "The role that is associated with the pod's service account does not let EKS Pod Identity in: its trust policy "
        "has to allow the service pods.eks.amazonaws.com both sts:AssumeRole and sts:TagSession, and its conditions "
        "have to fit.",
        NextStep(
            "Add what is missing to the role's trust policy.",
            console="IAM → Roles → the role → Trust relationships",
            cli="aws eks list-pod-identity-associations --cluster-name <cluster-name>",
        ),
    ),
    r"Error assuming AWS_ROLE": (
        "resource",
        "Snowflake was refused the role that its integration names: the role's trust policy does not let Snowflake's "
        "user in, or wants another external id. An integration that is created anew has a new one.",
        NextStep(
            "Run DESC INTEGRATION <name> in Snowflake, and put STORAGE_AWS_IAM_USER_ARN as the principal and "
            "STORAGE_AWS_EXTERNAL_ID as the condition sts:ExternalId into the role's trust policy.",
            console="IAM → Roles → the role → Trust relationships → Edit trust policy",
        ),
    ),
    r"no permissions for \[(?:indices|cluster):": (
        "resource",
        "IAM let the call in; the OpenSearch domain's own fine-grained access control refused it, which keeps a list "
        "of roles of its own. No policy of IAM's mends that.",
        NextStep(
            "Map the caller's ARN, as a backend role, to a role of the domain's that has the permission which the text "
            "names.",
            console="OpenSearch Dashboards → Security → Roles → the role → Mapped users",
        ),
    ),
    r"[Ii]ncorrect token audience": (
        "resource",
        "The token is for another audience (its aud) than those that the account's identity provider takes. The role's "
        "trust policy was not asked.",
        NextStep(
            "Ask for the token with an audience that the provider has, or add the token's to the provider: for sign-in "
            "from pipelines it is mostly sts.amazonaws.com.",
            console="IAM → Identity providers → the provider → Audiences",
            cli="aws iam add-client-id-to-open-id-connect-provider --open-id-connect-provider-arn <provider-arn> "
            "--client-id <audience>",
        ),
    ),
    r"id-token": (
        "credentials",
        "The workflow got no token to sign in with: GitHub gives one only to a job that has the permission for it. AWS "
        "was not asked.",
        NextStep("Give the workflow, or the job, permissions: id-token: write (and contents: read, for the checkout)."),
    ),
    r"current date/time .* must be before the": (
        "credentials",
        "The token of the identity provider, with which the role was to be assumed, had ended: it lasts minutes to an "
        "hour. No policy was asked.",
        NextStep("Have a new token issued, just before it is used; and see that the machine's clock is right."),
    ),
    r"certificate doesn't match|thumbprint": (
        "resource",
        "AWS fetched the token's issuer over HTTPS, and its certificate is not one of those whose thumbprints the "
        "account's identity provider has: the issuer changed its certificate, or the thumbprint was mistyped. The "
        "role's trust policy was not asked.",
        NextStep(
            "Give the identity provider the thumbprint of the issuer's certificate authority as it is now.",
            console="IAM → Identity providers → the provider → Thumbprints",
            cli="aws iam update-open-id-connect-provider-thumbprint --open-id-connect-provider-arn <provider-arn> "
            "--thumbprint-list <thumbprint>",
        ),
    ),
    r"have access to the model with the specified model ID": (
        "resource",
        "Bedrock does not let this account use the model here: its id is mistyped or none of this region's, it is a "
        "legacy one, its maker's form was not sent yet, or nobody who may subscribe to it (AWS Marketplace) has called "
        "it first.",
        NextStep(
            "Look the model up in this region's catalog, and see what is missing for this account.",
            console="Amazon Bedrock → Model catalog → the model",
            cli="aws bedrock get-foundation-model-availability --model-id <model-id>",
        ),
    ),
    r"(?:management|master) account or (?:a )?delegated administrator": (
        "identity",
        "Organizations answers this to its management account and to delegated administrators alone.",
        NextStep(
            "Make the call from the management account, or ask to have this account made a delegated administrator.",
            cli="aws organizations describe-organization --query Organization.MasterAccountId",
        ),
    ),
    r"User is not authorized to access this resource": (
        "resource",
        "API Gateway says this where the API's own authorizer (a function, or a user pool) or its resource policy "
        "did not let the call in. IAM's policies of the caller had no say.",
        NextStep("See what the authorizer's policy answers for this method and path; it may be kept for minutes."),
    ),
    r"^\W*(?:[Mm]essage\W+)?Missing Authentication Token": (
        "request",
        "API Gateway says this where the API has no such path or method, and where a call came without a signature.",
        NextStep("Compare stage, path and method of the URL with the API's; if they are right, sign the call."),
    ),
}
_CANNOT_ASSUME = re.compile(
    r"cannot be assumed by|(?:unable|not able|failed) to assume|could not assume|invalid or cannot be assumed"
    r"|trust relationship allowing|grant trust permission|must allow .{0,60} to assume the role",
    re.I,
)
_PRINCIPALS = {
    "API Gateway": "apigateway.amazonaws.com",
    "App Runner": "tasks.apprunner.amazonaws.com",
    "AppSync": "appsync.amazonaws.com",
    "Backup": "backup.amazonaws.com",
    "Batch": "batch.amazonaws.com",
    "CloudFormation": "cloudformation.amazonaws.com",
    "CloudTrail": "cloudtrail.amazonaws.com",
    "CodeBuild": "codebuild.amazonaws.com",
    "CodeDeploy": "codedeploy.amazonaws.com",
    "CodePipeline": "codepipeline.amazonaws.com",
    "Cognito": "cognito-idp.amazonaws.com",
    "ECS": "ecs-tasks.amazonaws.com",
    "EKS": "eks.amazonaws.com",
    "EventBridge": "events.amazonaws.com",
    "EventBridge Pipes": "pipes.amazonaws.com",
    "EventBridge Scheduler": "scheduler.amazonaws.com",
    "Firehose": "firehose.amazonaws.com",
    "Glue": "glue.amazonaws.com",
    "Lambda": "lambda.amazonaws.com",
    "Redshift": "redshift.amazonaws.com",
    "SageMaker": "sagemaker.amazonaws.com",
    "Step Functions": "states.amazonaws.com",
    "Transfer": "transfer.amazonaws.com",
}
_ROLE_LACKS = re.compile(r"role does not have permissions? to call (?P<operation>\w+) on (?P<service>\w+)")
_NO_PROVIDER = re.compile(r"No OpenIDConnect provider found in your account for (?P<url>\S+)")
_REGION = re.compile(r"region '(?P<given>[a-z0-9-]+)' is wrong; expecting '(?P<wanted>[a-z0-9-]+)'")
_OF_A_BUCKETS_REGION = {"AuthorizationHeaderMalformed", "PermanentRedirect", "BucketRegionError"}


def explain_by_words(refusal: Refusal) -> tuple[Decider, Told] | None:
    """Find what decided and why, in a refusal whose words alone tell; None in any other."""
    for words, (decided_by, reason, next_step) in _SAID.items():
        if re.search(words, refusal.message):
            return decided_by, (reason, next_step)
    return None


def _presigned_url(account: OpenAccount, refusal: Refusal, call: Call | None) -> Told | None:
    """See https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html for the rule."""
    if refusal.code != "AccessDenied" or not refusal.says("Request has expired"):
        return None
    return "The presigned URL was for a limited time, which is over. No policy was asked.", NextStep(
        "Make a new one.", cli="aws s3 presign s3://<bucket-name>/<key> --expires-in 3600"
    )


def _unsigned_headers(account: OpenAccount, refusal: Refusal, call: Call | None) -> Told | None:
    """See https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html for the rule."""
    if not refusal.says("headers present in the request which were not signed"):
        return None
    return (
        "The request carries x-amz- headers that its signature does not cover, and S3 obeys none of those. No policy "
        "was asked."
    ), NextStep(
        "Name what the headers say when you sign or presign (with boto3: Params of generate_presigned_url), and send "
        "the same headers; or send none of them."
    )


def _policy_of_aws(account: OpenAccount, refusal: Refusal, call: Call | None) -> Told | None:
    """See https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html for the rule."""
    if not (refusal.says("Cannot ") and refusal.says("outside your own account")):
        return None
    return "The managed policy is AWS's or another account's: only its owner changes it.", NextStep(
        "Make a policy of your own with the same statements, change that, and attach it in its place."
    )


def _api_gateway(account: OpenAccount, refusal: Refusal, call: Call | None) -> Told | None:
    """See https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html for it."""
    if refusal.operation or not refusal.says(r"^\W*(?:message\W+)?Forbidden\W*$"):
        return None
    return (
        "API Gateway says this word alone where it lets a call in on other grounds than IAM's: the API wants a key "
        "(x-api-key) that the call lacks or that is in no usage plan, a firewall refused it, or a private API was "
        "called from outside its VPC endpoint.",
        NextStep("Compare what the method asks for with the call: API key, stage, host name and endpoint."),
    )


def _role_lacks(account: OpenAccount, refusal: Refusal, call: Call | None) -> Told | None:
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
            cli="aws iam list-attached-role-policies --role-name <role-name>",
        ),
    )


def _cannot_assume(account: OpenAccount, refusal: Refusal, call: Call | None) -> Told | None:
    """See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html for the rule."""
    names_caller = refusal.caller or refusal.action or refusal.says("OIDC|WebIdentity")
    if names_caller or not _CANNOT_ASSUME.search(refusal.message):
        return None
    named = _principals_named_in(refusal.message) or "its documentation tells the name, such as ec2.amazonaws.com"
    passed = " The text names one more: whoever hands the role over needs iam:PassRole on it."
    return (
        "A service was handed a role that it cannot assume: either the role's trust policy does not name the service "
        f"({named}) or its conditions do not fit, or the role is not there, or it was made a moment ago and has not "
        f"reached the service yet.{passed if refusal.says('pass this role') else ''}",
        NextStep(
            "See whom the role's trust policy names; if that is the service, wait ten seconds and try again.",
            console="IAM → Roles → the role → Trust relationships",
            cli="aws iam get-role --role-name <role-name> --query Role.AssumeRolePolicyDocument",
        ),
    )


def _principals_named_in(message: str) -> str:
    services = [service for service in _PRINCIPALS if re.search(rf"\b{service}\b", message)]
    whole = [one for one in services if not any(one != other and one in other for other in services)]
    return "; ".join(f"{service}: {_PRINCIPALS[service]}" for service in whole)


def _provider_is_missing(account: OpenAccount, refusal: Refusal, call: Call | None) -> Told | None:
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


def _key_policy(account: OpenAccount, refusal: Refusal, call: Call | None) -> Told | None:
    """See https://docs.aws.amazon.com/kms/latest/developerguide/policy-evaluation.html for the rule."""
    if not re.search(r"does not exist in this region", refusal.message, re.I):
        return None
    named = re.search(r"kms:\w+", refusal.message)
    action = named[0] if named else "kms:Decrypt" if refusal.says("ciphertext") else "The use of the KMS key"
    return (
        f"{action} was refused, and AWS leaves open which of three it is: there is no such KMS key (any more), it is "
        "in another region, or the caller may not use it. For KMS, the key's own policy always has a say; where that "
        "leaves it to the account, the caller needs a policy of its own besides.",
        NextStep(
            "See in which region the key is; then see that a policy of the caller's allows this, and ask whoever "
            "administers the key to let the caller in, in its key policy.",
            console="KMS → Customer managed keys → the key → Key policy",
            cli="aws kms get-key-policy --key-id <key-id> --policy-name default --output text",
        ),
    )


def _region_of_a_bucket(account: OpenAccount, refusal: Refusal, call: Call | None) -> Told | None:
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


SERVICE_RULES: tuple[tuple[Decider, Rule], ...] = (
    ("credentials", _presigned_url),
    ("identity", _role_lacks),
    ("resource", _provider_is_missing),
    ("resource", _key_policy),
    ("resource", _cannot_assume),
    ("request", _region_of_a_bucket),
    ("request", _unsigned_headers),
    ("request", _policy_of_aws),
    ("request", _api_gateway),
)
