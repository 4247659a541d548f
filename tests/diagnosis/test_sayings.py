"""What services and programs say in words of their own: each kind is told from all others, and mended."""

import re
from collections.abc import Sequence

import pytest

from helpers.account import Account
from helpers.diagnosis.sayings import compute, data, delivery, identity_providers, programs, roles, storage, web
from helpers.explain import explain
from support.assertions import assert_says

TABLES = (compute, data, delivery, identity_providers, programs, roles, storage, web)
ROLE = "arn:aws:iam::999988887777:role/reader"


@pytest.mark.exhaustive(but_first=8)
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("DeleteConflict: Cannot delete entity, must detach all policies first.", ["still has something", "detach"]),
        (
            "An error occurred (DeleteConflict) when calling the DeleteRole operation: Cannot delete entity, must "
            "remove roles from instance profile first.",
            ["list-instance-profiles-for-role"],
        ),
        ("DeleteConflict: Cannot delete a policy attached to entities.", ["list-entities-for-policy"]),
        ("You are not subscribed to this service. Please go to http://aws.amazon.com to subscribe.", ["signed up"]),
        (
            "An error occurred (NoSuchEntity) when calling the AttachRolePolicy operation: Policy "
            "arn:aws:iam::aws:policy/S3FullAccess does not exist or is not attachable.",
            ["AmazonS3FullAccess", "list-policies"],
        ),
        ("PackedPolicyTooLarge: Packed size of session tags consumes 112% of allotted space.", ["when AWS packs it"]),
        ("Invalid information in one or more fields. Check your information or contact", ["Switch role", "trust"]),
        (
            "(AWSOrganizationsNotInUseException) when calling the DescribeOrganization operation: Your account is not",
            ["in no organization"],
        ),
        (
            "Model access is denied due to IAM user or service role is not authorized to perform the required AWS "
            "Marketplace actions (aws-marketplace:ViewSubscriptions, aws-marketplace:Subscribe)",
            ["AWS Marketplace", "subscribe"],
        ),
        ("OptInRequired: In order to use this product you need to accept terms and subscribe.", ["once"]),
        ("The AWS Access Key Id needs a subscription for the service", ["sign-up"]),
        ("(Blocked) This account is currently blocked and not recognized as a valid account.", ["AWS Support"]),
        ("SubscriptionRequiredException: Amazon Web Services Premium Support Subscription is required", ["paid plan"]),
        ("AccessDeniedException: User not enabled for cost explorer access", ["root user", "Billing"]),
        ("NotAuthorizedException: Token is not from a supported provider of this identity pool.", ["Logins", "iss"]),
        (
            "(InvalidIdentityPoolConfigurationException): Invalid identity pool configuration. Check assigned IAM "
            "roles",
            ["cognito-identity.amazonaws.com"],
        ),
        ("NotAuthorizedException: Client 4k: SECRET_HASH was not received", ["app client"]),
        ("NotAuthorizedException: Incorrect username or password.", ["own users"]),
        ("NotAuthorizedException: Access Token has been revoked", ["user pool"]),
        ("Your request included an invalid SAML response. To logout, click here.", ["RoleSessionName", "issuer"]),
        ("KMSInvalidStateException: arn:aws:kms:us-east-1:999988887777:key/1a is pending deletion.", ["key's state"]),
        (
            "(KMSKeyNotAccessibleFault): The specified KMS key [k] does not exist, is not enabled or you do not have "
            "permissions to access it.",
            ["kms:CreateGrant"],
        ),
        ("You can't access a secret from a different AWS account if you encrypt the secret", ["aws/secretsmanager"]),
        (
            "InvalidArgument: Requests specifying Server Side Encryption with AWS KMS managed keys require AWS "
            "Signature Version 4.",
            ["version 4"],
        ),
        ("InvalidObjectState: The operation is not valid for the object's storage class", ["restore"]),
        ("AllAccessDisabled: All access to this object has been disabled", ["bucket's name"]),
        ("AccessDenied: Anonymous users cannot initiate multipart uploads.", ["without credentials"]),
        ("AuthorizationQueryParametersError: X-Amz-Expires must be less than a week", ["seven days"]),
        ("MalformedPolicy: Policy has invalid resource", ["own ARN"]),
        ("You must give the log-delivery group WRITE and READ_ACP permissions", ["logging.s3.amazonaws.com"]),
        (
            "InvalidConfigurationRequest: Access Denied for bucket: logs. Please check S3bucket permission",
            ["logdelivery.elasticloadbalancing.amazonaws.com"],
        ),
        ("mount.nfs4: access denied by server while mounting 127.0.0.1:/", ["elasticfilesystem:ClientMount"]),
        (
            "The instance profile aws-elasticbeanstalk-ec2-role associated with the environment does not exist.",
            ["AWSElasticBeanstalkWebTier"],
        ),
        ("Lambda does not have permission to access the ECR image.", ["repository's policy"]),
        ("PolicyLengthExceededException: The final policy size (20539) is bigger than the limit (20480).", ["is full"]),
        ("CannotPullContainerError: pull access denied for app, repository does not exist", ["execution role"]),
        ('Error: pods is forbidden: User "ana" cannot list resource "pods" in API group ""', ["Kubernetes refused it"]),
        (
            "An error occurred (TargetNotConnected) when calling the StartSession operation: i-0a1b is not connected.",
            ["AmazonSSMManagedInstanceCore", "another account's key"],
        ),
        (f"ERROR: Not authorized to get credentials of role {ROLE}", ["redshift.amazonaws.com", "--role-name reader"]),
        ("InvalidRequestException: Unable to verify/create output bucket results", ["s3:GetBucketLocation"]),
        (
            "The IAM role ARN value is invalid or does not include the required permissions for: ENHANCED_MONITORING",
            ["monitoring.rds.amazonaws.com"],
        ),
        ("Error: IAM Role ARN value is invalid for AWS Role Integration", ["rds.amazonaws.com", "s3:GetObject"]),
        ("ValidationException: Could not access model data at s3://models/m.tar.gz.", ["sagemaker.amazonaws.com"]),
        (
            "(InsufficientCapabilitiesException) when calling the CreateStack operation: Requires capabilities : "
            "[CAPABILITY_IAM]",
            ["--capabilities"],
        ),
        ("The state machine IAM Role is not authorized to access the Log Destination", ["logs:CreateLogDelivery"]),
        ("ACCESS_DENIED: Service role x does not allow AWS CodeBuild to create logs", ["build's own"]),
        ("The IAM role x does not give you permission to perform operations in AWS", ["CodeDeploy"]),
        ("The provided role does not have sufficient permissions to access CodeBuild", ["pipeline's role"]),
        (
            "fatal: unable to access 'https://git-codecommit.us-east-1.amazonaws.com/': The requested URL returned "
            "error: 403",
            ["git-remote-codecommit"],
        ),
        ("Authorization header requires 'Credential' parameter.", ["another kind of Authorization"]),
        ('{"message":"Credential should be scoped to a valid region, not \'eu-west-1\'. "}', ["another region"]),
        (
            "SignatureDoesNotMatch: Credential should be scoped to correct service: 'execute-api'.",
            ["secret may well be right"],
        ),
        ("403 ERROR The request could not be satisfied. Request blocked. We can't connect to the server", ["AWS WAF"]),
        ("Not Authorized to access listTodos on type Query", ["AppSync"]),
        ("554 Message rejected: Email address is not verified.", ["SES", "region"]),
        ("535 Authentication Credentials Invalid", ["SMTP"]),
        ("AccessDenied: Access to the resource https://sqs.us-east-1.amazonaws.com/ is denied.", ["queue's own"]),
        ("pull access denied: denied: Your authorization token has expired. Reauthenticate", ["public.ecr.aws"]),
        ("Your current user or role does not have access to Kubernetes objects on this EKS cluster", ["Kubernetes"]),
        ("The config profile (work) could not be found", ["[profile <name>]"]),
        ("You don't have permission to access billing information for this account.", ["AWSBillingReadOnlyAccess"]),
        (
            "CredentialRetrievalError: Error when retrieving credentials from container-role: ECS metadata:\n"
            '{"code": "InvalidIdInRequest", "message": "Credentials not found"}',
            ["start the task anew"],
        ),
        ("LimitExceeded: Cannot exceed quota for PolicySize: 6144", ["longer than AWS keeps", "fewer statements"]),
        (
            "failed to resolve reference 408215367790.dkr.ecr.us-west-2.amazonaws.com/app:1: unexpected status: 403",
            ["ecr:BatchGetImage"],
        ),
        ('{"errorCode": "KMSAccessDenied", "service": "AWSKMS"}', ["kms:GenerateDataKey"]),
        ("SSM parameter /cdk-bootstrap/hnb659fds/version not found.", ["cdk bootstrap"]),
        (
            "Error querying VPCs: UnauthorizedOperation: You are not authorized to perform this operation.",
            ["CloudTrail"],
        ),
        ("(AccessDenied) when calling the CopyObject operation: Access Denied", ["s3:GetObject on the source"]),
        ("Failed to create role r. Cannot exceed quota for ACLSizePerRole: 4096", ["trust policy is longer"]),
        (
            "(MalformedPolicyDocument) when calling the CreateRole operation: Has prohibited field Resource",
            ["Give the role a trust policy", "put-role-policy"],
        ),
        (
            "IncompleteSignatureException: 'AKIA/x' not a valid key=value pair (missing equal-sign) in Authorization "
            "header: 'AWS4-HMAC-SHA256 Credential= AKIA/20181128/eu-central-1/cloud9/aws4_request'",
            ["a blank in the access key id"],
        ),
        (
            "User: arn:aws:iam::999988887777:user/ana is not authorized to perform: SNS:Publish on resource: "
            "+3584012345",
            ["has no ARN", "on *"],
        ),
        ("Error loading SSO Token: Token for my-sso does not exist", ["aws sso login"]),
        (
            'The source profile "base" must have credentials.',
            ["source_profile", "list-profiles"],
        ),
        ("Error when retrieving credentials from custom-process: ", ["credential_process"]),
        ("ConnectTimeout: http://169.254.169.254/latest/meta-data/iam/security-credentials/", ["no machine in AWS"]),
        ("SSL validation failed for https://sts.amazonaws.com [SSL: CERTIFICATE_VERIFY_FAILED]", ["AWS_CA_BUNDLE"]),
        ("API Gateway does not have permission to assume the provided role", ["apigateway.amazonaws"]),
        (
            "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to assume "
            "the provided role.",
            ["trust policy"],
        ),
        ("MalformedPolicyDocument: Has prohibited field Principal", ["names no Principal"]),
    ],
)
def test_words_tell_what_refused(account: Account, text: str, words: Sequence[str]) -> None:
    assert_says(explain(account, text), *words)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__name__.rpartition(".")[2])
def test_each_saying_is_in_whole_sentences(table: object) -> None:
    for words, (_, reason, step) in table.SAYINGS.items():  # type: ignore[attr-defined]
        assert reason.endswith("."), words
        assert step.do.endswith((".", ":")), words
        assert not re.search(r"  |<[^>]* [^>]*>", f"{reason} {step.do} {step.cli}"), words
