"""Refusals of services with rules of their own, of which more is read than their words.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_roles.html
"""

import re

from helpers.clients.calls import Call, OpenAccount
from helpers.diagnosis.credential_refusals import Rule
from helpers.diagnosis.explanation import Decider, NextStep, Told
from helpers.diagnosis.refusals import Refusal

_CANNOT_ASSUME = re.compile(
    r"cannot be assumed by|(?:not|n't) have permission to assume|authorized to assume the provided role"
    r"|trust relationship (?:policy allows|allowing)|(?:unable|not able|failed) to assume|could not assume"
    r"|invalid or cannot be assumed|grant trust permission|must allow .{0,60} to assume the role",
    re.I,
)
_PRINCIPALS = {
    "API Gateway": "apigateway.amazonaws.com",
    "AWS Config": "config.amazonaws.com",
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
_SERVICE_CALLS = re.compile(
    r"User: (?P<service>[\w.-]+\.amazonaws\.com) is not authorized to perform: (?P<action>[\w-]+:\w+)"
    r" on resource: (?P<resource>\S+)"
)
_ONLY_OF_MANAGEMENT = {
    *("DescribeAccount", "ListAccounts", "ListAccountsForParent", "ListChildren", "ListOrganizationalUnitsForParent"),
    *(
        "DescribeOrganizationalUnit",
        "DescribePolicy",
        "ListParents",
        "ListPolicies",
        "ListRoots",
        "ListTargetsForPolicy",
    ),
}
"""The calls of Organizations that a member account is refused."""

_NO_PROVIDER = re.compile(r"No OpenIDConnect provider found in (?:your )?account(?: for (?P<url>[^\s<]+))?")
_LINKED = {
    "Spot Fleet": "spotfleet",
    "Spot": "spot",
    "Auto Scaling": "autoscaling",
    "Elastic Load": "elasticloadbalancing",
}
_VARIABLE = re.compile(r"\$(?!LATEST\b|DEFAULT\b)(?:\{[\w.]+\}|[A-Za-z_]\w*)")
_REGION_NAME = re.compile(r"[a-z]{2,4}(?:-[a-z]+)+-\d+")
_REGION = re.compile(r"region '(?P<given>[^']*)' is wrong; expecting '(?P<wanted>[a-z0-9-]+)'")
_OF_A_BUCKETS_REGION = {"AuthorizationHeaderMalformed", "PermanentRedirect", "BucketRegionError"}


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


def _of_organizations(account: OpenAccount, refusal: Refusal, call: Call | None) -> Told | None:
    """See https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccounts.html for the rule."""
    is_organizations = refusal.operation in _ONLY_OF_MANAGEMENT
    if not is_organizations or not refusal.says("have permissions to access this resource"):
        return None
    return (
        "Organizations says this to a member account, whatever the caller's policies allow: it answers this call to "
        "the management account and to delegated administrators alone.",
        NextStep(
            "Make the call from the management account, or assume a role there; or ask to have this account made a "
            "delegated administrator.",
            cli="aws organizations describe-organization --query Organization.MasterAccountId",
        ),
    )


def _first_use(account: OpenAccount, refusal: Refusal, call: Call | None) -> Told | None:
    """See https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html for the rule."""
    says_so = refusal.says(
        "not authorized (?:to )?perform:? iam:CreateServiceLinkedRole"
        "|permissions? to create (?:a|the) service[- ]linked role"
    )
    if not says_so or refusal.caller:
        return None
    named = next((name for words, name in _LINKED.items() if refusal.says(f"service-linked role for .*{words}")), "")
    whoever = f"whoever called {refusal.operation}" if refusal.operation else "whoever asked"
    return (
        "The service acts through a role of its own, its service-linked role, and makes it at the first use in an "
        "account: whoever makes that first call needs iam:CreateServiceLinkedRole.",
        NextStep(
            f"Allow iam:CreateServiceLinkedRole to {whoever}, limited to that service (iam:AWSServiceName); or have "
            "an administrator make the role once.",
            cli=f"aws iam create-service-linked-role --aws-service-name {named or '<service>'}.amazonaws.com",
        ),
    )


def _session_manager(account: OpenAccount, refusal: Refusal, call: Call | None) -> Told | None:
    """See https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager.html for the rule."""
    if refusal.action not in ("ssm:TerminateSession", "ssm:ResumeSession") or refusal.denies:
        return None
    arn = f"{refusal.resource.rpartition('/')[0]}/${{aws:userid}}-*"
    return (
        "Each session of Session Manager has a new id, so that allowing the one that the message names mends nothing. "
        "And the AWS CLI ends the session which it has just begun where it finds no session-manager-plugin: then this "
        "message hides the real one.",
        NextStep(
            f"See whether session-manager-plugin is installed. Then have {refusal.action} allowed on one's own "
            f"sessions: {arn}",
            cli="session-manager-plugin --version",
        ),
    )


def _service_calls(account: OpenAccount, refusal: Refusal, call: Call | None) -> Told | None:
    """See https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html for the rule."""
    found = _SERVICE_CALLS.search(refusal.message)
    if found is None:
        return None
    name = found["resource"].rpartition(":")[2]
    line = (
        f"aws lambda add-permission --function-name {name} --statement-id {found['service'].partition('.')[0]} "
        f"--action {found['action']} --principal {found['service']} --source-arn <source-arn>"
    )
    return (
        f"The caller is a service of AWS's, {found['service']}, which has no policies of its own: the policy of "
        f"{found['resource']} itself has to let it in.",
        NextStep(
            f"Let {found['service']} in there, for {found['action']}, limited to what it acts for (aws:SourceArn).",
            cli=line if found["action"] == "lambda:InvokeFunction" else "",
        ),
    )


def _passes_linked_role(account: OpenAccount, refusal: Refusal, call: Call | None) -> Told | None:
    """See https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html for the rule."""
    if refusal.action != "iam:PassRole" or "/aws-service-role/" not in refusal.resource:
        return None
    return (
        "The call hands over a service-linked role, which its service uses by itself and nobody passes.",
        NextStep(
            "Leave the role out of the call, or pass a role of your own. For a stack set: permission model "
            "SERVICE_MANAGED, and no administration role."
        ),
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
    issuer = (found["url"] or "an issuer that the text does not name").rstrip(".,;\"'")
    return (
        f"The token was issued by {issuer}, and the account of the role has no identity provider with its address. The "
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
    named, of_a_bucket = re.search(r"kms:\w+", refusal.message), refusal.says(r"s3://|Object operation|\bS3\b")
    action = named[0] if named else "kms:Decrypt" if refusal.says("ciphertext") else "The use of the KMS key"
    return (
        f"{action} was refused, and AWS leaves open which of three it is: there is no such KMS key (any more), it is "
        "in another region, or the caller may not use it. For KMS, the key's own policy always has a say; where that "
        "leaves it to the account, the caller needs a policy of its own besides.",
        NextStep(
            f"{'The bucket says which key it is. ' if of_a_bucket else ''}See in which region the key is; then see "
            "that a policy of the caller's allows this, and ask whoever administers the key to let the caller in, in "
            "its key policy.",
            console="KMS → Customer managed keys → the key → Key policy",
            cli="aws s3api get-bucket-encryption --bucket <bucket-name>"
            if of_a_bucket and not re.search(r"arn:aws\S*:kms:", refusal.message)
            else "aws kms get-key-policy --key-id <key-id> --policy-name default --output text",
        ),
    )


def _region_of_a_bucket(account: OpenAccount, refusal: Refusal, call: Call | None) -> Told | None:
    """See https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html for the rule."""
    if refusal.code == "IllegalLocationConstraintException":
        return (
            "A bucket is made through the region that it is to be in, and this call named another, or none: only in "
            "us-east-1 none is named. No policy change mends this.",
            NextStep(
                "Name the same region twice, as the call's and as the bucket's.",
                cli="aws s3api create-bucket --bucket <bucket-name> --region <region> "
                "--create-bucket-configuration LocationConstraint=<region>",
            ),
        )
    found = _REGION.search(refusal.message)
    if found and not _REGION_NAME.fullmatch(found["given"]):
        return (
            f"“{found['given']}” is no region: AWS expects {found['wanted']}. No policy was asked.",
            NextStep(
                "Correct the region where the program finds it: in its own settings, in AWS_REGION or in the profile.",
                cli="aws configure list",
            ),
        )
    if found and refusal.operation == "CreateBucket":
        return (
            f"A bucket of this name is there already, in {found['wanted']}, perhaps somebody else's: names are taken "
            "for all accounts at once. No policy change mends this.",
            NextStep("See whether it is yours; if not, choose another name.", cli="aws s3api list-buckets"),
        )
    if found is None and refusal.code not in _OF_A_BUCKETS_REGION:
        return None
    if found:
        return (
            f"The call was signed for {found['given']}, and the bucket is in {found['wanted']}. No policy was asked.",
            NextStep(
                f"Set the region to {found['wanted']} where the program that signs has it: in its own settings, in "
                f"AWS_REGION or in the profile; with the AWS CLI, add --region {found['wanted']}."
            ),
        )
    return (
        "The call went to another region than the bucket's. No policy was asked.",
        NextStep(
            "Make the call with the bucket's region.",
            cli="aws s3api get-bucket-location --bucket <bucket-name>",
        ),
    )


def _reserved_parameter(account: OpenAccount, refusal: Refusal, call: Call | None) -> Told | None:
    """See https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html for it."""
    named = refusal.resource.partition(":parameter/")[2]
    if refusal.action != "ssm:PutParameter" or not re.match(r"aws|ssm", named, re.I):
        return None
    return (
        "Names of parameters that begin with aws or ssm are AWS's own: nobody else makes one, whatever the policies "
        "allow.",
        NextStep(f"Give the parameter another name: /{named} begins with such a word."),
    )


def _text_message(account: OpenAccount, refusal: Refusal, call: Call | None) -> Told | None:
    """See https://docs.aws.amazon.com/sns/latest/dg/sns-using-identity-based-policies.html for the rule."""
    if str(refusal.action).lower() != "sns:publish" or not re.match(r"\+?\d[\d*x]+$", refusal.resource):
        return None
    return (
        "A text message goes to a number, which has no ARN: sns:Publish is allowed for it on * alone.",
        NextStep(
            "Allow the caller sns:Publish on *. To keep the topics closed that it is not to write to, deny it on "
            "arn:aws:sns:*:*:* in a second statement, with those that it may write to left out (NotResource).",
        ),
    )


def _unfilled_variable(account: OpenAccount, refusal: Refusal, call: Call | None) -> Told | None:
    """Tell of a variable of a shell's or a template's, which AWS got as it stands; `$LATEST` is a version's name."""
    found = _VARIABLE.search(refusal.resource)
    if found is None or call:
        return None
    return (
        f"AWS repeats what the call named, and that has {found[0]} in it: a variable that nobody filled in (unless "
        "somebody put it into the text later). A policy that allows the right one does not fit this.",
        NextStep(
            f"See why {found[0]} has no value where the call is made: a secret of another name, single quotes, another "
            f"shell. Then make the call again; if it is refused again, {refusal.action} has to be allowed on that.",
        ),
    )


SERVICE_RULES: tuple[tuple[Decider, Rule], ...] = (
    ("credentials", _presigned_url),
    ("identity", _role_lacks),
    ("resource", _provider_is_missing),
    ("resource", _key_policy),
    ("resource", _cannot_assume),
    ("identity", _of_organizations),
    ("identity", _first_use),
    ("identity", _session_manager),
    ("resource", _service_calls),
    ("request", _passes_linked_role),
    ("request", _region_of_a_bucket),
    ("request", _unsigned_headers),
    ("request", _policy_of_aws),
    ("request", _reserved_parameter),
    ("request", _unfilled_variable),
    ("identity", _text_message),
    ("request", _api_gateway),
)
