"""Refusals that are known by their words, as services, programs and pipelines write them: each has its sentence."""

from collections.abc import Sequence

import pytest

from helpers.account import Account
from helpers.explain import explain
from support.assertions import assert_says
from support.sandbox_clients import unique

USER = "arn:aws:iam::999988887777:user/ana"
USER_ASKED = f"User: {USER} is not authorized to perform: ssm:GetParameter on resource: *"
BY = "arn:aws:sts::999988887777:assumed-role"
ROLE = "arn:aws:iam::999988887777:role/jobs"
PHP = 'Error executing "PutObject" on "https://b-1.s3.x.amazonaws.com/a/t.txt"; `403 Forbidden`: AccessDenied'
TERRAFORM = (
    'Unable to access object "a/t" in S3 bucket "b-1": operation error S3: HeadObject, api error Forbidden: Forbidden'
)
HADOOP = (
    "java.nio.file.AccessDeniedException: s3a://landing/in: getFileStatus on s3a://landing/in: AmazonS3Exception: "
    "Forbidden (Service: Amazon S3; Status Code: 403; Error Code: 403 Forbidden; Request ID: 1)"
)
OIDC = "Could not assume role with OIDC"
WEB = "when calling the AssumeRoleWithWebIdentity operation"
PRINT = "configured thumbprint"
LINKED = "Unable to assume the service linked role. Please verify that the ECS service linked role exists."
NO_PRINCIPALS = "x.InvalidPolicyException: The passed in policy has a statement with no principals!"
TOO_LONG = "ValidationError: The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
MAILED = (
    "b\"User `arn:aws:iam::999988887777:user/mail' is not authorized to perform `ses:Send' on resource `arn:aws:ses:x'"
)
UNABLE = "ECS was unable to assume the role"
LAMBDAS_ROLE = "The role defined for the function cannot be assumed by Lambda."
KMS = (
    "kms:Decrypt on this resource because the resource does not exist in this Region, no resource-based policies allow"
)
NAMELESS = "AccessDenied) when calling the UploadPart operation: Access Denied"
SKEWED = "<Code>RequestTimeTooSkewed</Code>"
AT = "<ServerTime>2015-06-11T13:28:20Z</ServerTime>"
SIGNATURE = "<Code>SignatureDoesNotMatch</Code><Message>The request signature we calculated does not match</Message>"
MISSPELT = "The authorization header is malformed; the region 'us_east_1' is wrong; expecting 'us-east-1'"
WRONG_REGION = "The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-west-3'"


@pytest.mark.exhaustive(but_first=24)
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{ AccessDeniedException: Cross-account pass role is not allowed.", ["within its account", "get-caller"]),
        (f"InvalidParameterValueException: {LAMBDAS_ROLE}", ["trust policy", "lambda.amazonaws.com", "moment ago"]),
        ("ClientException: ECS was unable to assume the role that was provided for this task", ["ecs-tasks.amazonaws"]),
        ("No OpenIDConnect provider found in your account for https://a.b/c.", ["https://a.b/c,", "identity provider"]),
        ("Could not assume role with OIDC: Not authorized to perform sts:AssumeRoleWithWebIdentity", ["Federated"]),
        (f"User: arn:aws:sts::999988887777:assumed-role/x/y is not authorized to perform: {KMS}", ["key policy"]),
        ("AccessDeniedException: The ciphertext refers to a key that does not exist in this region", ["kms:Decrypt"]),
        (
            "(AccessDenied) when calling the A operation: Access to the resource https://q/ is denied.",
            ["https://q/"],
        ),
        (
            "User: arn:aws:iam::***:user/x is not authorized to perform: a:B with an explicit deny in a b policy",
            ["a b po"],
        ),
        ("MethodNotAllowed: The specified method is not allowed against this resource.", ["own account"]),
        (
            "AuthFailure.ServiceLinkedRoleCreationNotPermitted: The provided credentials do not have permission to "
            "create the service-linked role for EC2 Spot Fleet.",
            ["iam:CreateServiceLinkedRole", "spotfleet.amazonaws.com"],
        ),
        (f"AuthorizationHeaderMalformed: {MISSPELT}", ["us_east_1", "is no region", "us-east-1"]),
        (
            "ListBuckets AuthorizationHeaderMalformed the Credential is mal-formed; expecting '<AKID>/DATE/REGION'",
            ["no access key id"],
        ),
        (
            f"operation error S3: CreateBucket, api error AuthorizationHeaderMalformed: {WRONG_REGION}",
            ["there already"],
        ),
        (f"bucket, unable to assume role: {USER}.", ["a user's ARN"]),
        ("<Code>RequestTimeTooSkewed</Code>", ["Either the clock", "signed that long before"]),
        ("Signature not yet current: 20230104 is still later than 20230103", ["Here, the clock"]),
        ("not authorized to access requested permissions. (Service: AWSLakeFormation)", ["Lake Formation", "grant"]),
        ("Incorrect S3 bucket policy is detected for bucket: b (Service: AWSCloudTrail)", ["cloudtrail.amazonaws.com"]),
        ("Insufficient delivery policy to s3 bucket: b, unable to write to bucket", ["config.amazonaws.com"]),
        ('FATAL:  PAM authentication failed for user "app"', ["rds-db:connect"]),
        ("pq: User arn:aws:redshift:x is not authorized to assume IAM Role arn:aws:iam::1:role/x", ["the cluster"]),
        ("Client.InvalidKMSKey.InvalidState: The KMS key provided is in an incorrect state", ["key policy"]),
        (f"{USER_ASKED} with an explicit deny in a permissions boundary", ["is given the same boundary"]),
        (
            "Error putting x: MalformedPolicyDocument: Policy document should not specify a principal.",
            ["trust"],
        ),
        (
            f"MalformedPolicyDocument: Invalid principal in policy: {NO_PRINCIPALS}",
            ["names nobody"],
        ),
        (
            f'failed to assume role "arn:aws:iam::444455556666:role/x": {TOO_LONG}',
            [
                "longer",
                "3600",
                "43200",
                "No policy change mends this",
                "update-role --role-name x --max-session-duration <seconds>",
            ],
        ),
        (
            f"aws sts assume-role --duration-seconds 28800 {TOO_LONG}",
            ["28800 seconds, 8 hours", "raised to 28800", "--max-session-duration 28800"],
        ),
        (f"Found SessionDuration attribute 5400\n{TOO_LONG}", ["5400 seconds, which", "--max-session-duration 5400"]),
        (f"session_duration = 7200, DurationSeconds: 14400 {TOO_LONG}", ["--max-session-duration <seconds>"]),
        (
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
            ["hour"],
        ),
        ("Amazon s 3 error: The AWS Access Key ID you provided does not exist in our records.", ["access key"]),
        (
            "UnrecognizedClientException: The security token included in the request is invalid.",
            ["as the program hands them over", "China, GovCloud", "left over", "field by field", "--profile names"],
        ),
        (
            "AuthFailure: AWS was not able to validate the provided access credentials",
            ["does not tell why", "clock", "not enabled", "suspended or closed", "date -u", "No policy was asked"],
        ),
        ("AWS was not able to validate the provided access credentials", ["does not tell why", "list-regions"]),
        ("AuthFailure: The address '192.0.2.1' does not belong to you.", ["somebody else's"]),
        (
            "User: arn:aws:iam::999988887777:user/x is not authorized to perform: a:B with an explicit deny",
            ["explicit deny"],
        ),
        (
            "(AccessDeniedException) A: Insufficient Lake Formation permission(s): Required Describe on x",
            ["Lake Formation"],
        ),
        (
            "denied: Your authorization token has expired. Reauthenticate and try again.",
            ["twelve hours", "docker login"],
        ),
        ("error: You must be logged in to the server (Unauthorized)", ["Kubernetes", "access entries"]),
        ("The config profile (foo) could not be found", ["no profile", "list-profiles"]),
        ("Error when retrieving token from sso: Token has expired and refresh failed", ["aws sso login"]),
        ("An error occurred (UnauthorizedException): Session token not found or invalid", ["aws sso login"]),
        ("(ForbiddenException) when calling the GetRoleCredentials operation: No access", ["assign"]),
        ("Partial credentials found in env, missing: AWS_SECRET_ACCESS_KEY", ["Half a key"]),
        ("<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>", ["presign"]),
        ("An error occurred (RequestExpired) when calling the X operation: Request has expired.", ["session ends"]),
        ("Unable to load AWS credentials from any provider in the chain", ["not signed"]),
        ('{"message":"Missing Authentication Token"}', ["API Gateway"]),
        ("AccessDenied: public policies are prevented by the BlockPublicPolicy setting", ["everybody"]),
        ("AccessDenied: public ACLs are prevented by the BlockPublicAcls setting in S3 Block Public Access.", ["ACL"]),
        ("because public access control lists (ACLs) are blocked by the BlockPublicAcls setting", ["without an ACL"]),
        (
            "InvalidArgument: Unable to validate the following destination configurations",
            ["s3.amazonaws.com", "SourceArn"],
        ),
        ("Execution failed: Invalid permissions on Lambda function", ["apigateway.amazonaws.com", "function's own"]),
        ("<Code>KMS.UnrecognizedClientException</Code><Message>No account found for the given parameters", ["OAC"]),
        ("Service account token cannot be parsed: token is malformed: illegal base64 data at input byte 6", ["Bearer"]),
        ("panic: assume role with MFA enabled, but AssumeRoleTokenProvider session option not set.", ["mfa_serial"]),
        ("(ValidationError) when calling the AssumeRole operation: Request ARN is invalid", ["no role's ARN"]),
        ("(InvalidIdentityToken) A: Response signature invalid (service: AWSSecurityTokenService)", ["metadata"]),
        ("no EC2 IMDS role found, operation error ec2imds: GetMetadata, context deadline exceeded", ["hop limit"]),
        (
            "(AccessDeniedException) when calling the ListRoots operation: You don't have permissions to access this "
            "resource.",
            ["management account"],
        ),
        (
            "(AccessDeniedException) when calling the CreateFirewall operation: user is not authorized perform "
            "iam:CreateServiceLinkedRole",
            ["CreateFirewall", "iam:AWSServiceName", "first use"],
        ),
        ("<Code>ExpiredToken</Code><Message>The provided token has expired.</Message>", ["presigned URL ends"]),
        (
            "(InvalidClientTokenId) when calling the ListUsers operation: The security token included in the request "
            "is invalid",
            ["without MFA"],
        ),
        (
            "User: <user> is not authorized to perform: ec2:CreateTags on resource: <resource> because no "
            "identity-based policy allows the ec2:CreateTags action",
            ["Have ec2:CreateTags allowed", "Condition"],
        ),
        (
            "User: arn:aws:sts::999988887777:assumed-role/dev/user is not authorized to perform: ssm:TerminateSession "
            "on resource: arn:aws:ssm:eu-west-1:999988887777:session/user-037a because no identity-based policy "
            "allows the ssm:TerminateSession action",
            ["session-manager-plugin", "session/${aws:userid}-*"],
        ),
        (
            "User: arn:aws:sts::<source account>:assumed-role/r/s is not authorized to perform: a:B on resource: "
            "arn:aws:a:eu-west-1:<target account>:secret:x",
            ["<target-account>"],
        ),
        (
            "caused by: InvalidIdentityToken: No OpenIDConnect provider found in your account for "
            "https://oidc.eks/id/A",
            ["https://oidc.eks/id/A", "no identity provider"],
        ),
        (
            "WebIdentityErr: failed to retrieve credentials\ncaused by: InvalidIdentityToken: No OpenIDConnect "
            "provider found in your account for https://oidc.eks/id/A",
            ["https://oidc.eks/id/A", "no identity provider"],
        ),
        (
            "failed to get credentials: Couldn't retrieve verification key from your identity provider",
            ["jwks_uri"],
        ),
        (
            "Error: Credentials could not be loaded, please check your action inputs: ",
            ["id-token: write"],
        ),
        ("caused by: open /home/a/.aws/sso/cache/7a.json: no such file or directory", ["sso_session"]),
        (
            "InvalidParameterValue: Value (r) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance "
            "Profile name",
            ["holds a role", "iam:PassRole"],
        ),
        (
            "User: arn:aws:sts::999988887777:assumed-role/k/x is not authorized to perform: ec2:RunInstances on "
            "resource: arn:aws:ec2:us-east-2:999988887777:instance/* with an explicit deny in a service control "
            "policy. Encoded authorization failure message: g4oZPBqZ",
            ["a condition that the call can meet", "decode-authorization-message"],
        ),
        (
            "User: arn:aws:iam::999988887777:user/bob is not authorized to perform: cloudformation:CreateChangeSet on "
            "resource: arn:aws:cloudformation:us-east-1:aws:transform/Serverless-2016-10-31",
            ["See whether a policy of user bob allows cloudformation:CreateChangeSet"],
        ),
        (
            "User: arn:aws:sts::*********:assumed-role/web/x is not authorized to perform: "
            "secretsmanager:GetSecretValue on resource: account because no identity-based policy allows the "
            "secretsmanager:GetSecretValue action",
            ["the policy wants the ARN of account"],
        ),
        (
            "upload failed: a --acl public-read (AccessDenied) when calling the PutObject operation: Access Denied",
            ["s3:PutObjectAcl too"],
        ),
        (
            "AWS::S3::BucketPolicy P with AccessDenied: Access Denied (Service: S3, Status Code: 403)",
            ["everybody", "get-public-access-block"],
        ),
        ("(AccessDenied) when calling the ListObjects operation: Access Denied", ["bucket's own ARN"]),
        ("unauthorized to call ec2:RunInstances ... explicit deny in a service control policy", ["No policy inside"]),
        (
            "A: User: [obfuscated] is not authorized to perform: secretsmanager:ListSecrets because no permissions "
            "boundary allows the secretsmanager:ListSecrets action",
            ["has to take in secretsmanager:ListSecrets"],
        ),
        (
            "User: xxx is not authorized to perform: states:ListExecutions on resource: yyy because no session policy "
            "allows the states:ListExecutions action",
            ["passed when the session was opened", "allows states:ListExecutions"],
        ),
        (
            "User: sns.amazonaws.com is not authorized to perform: lambda:InvokeFunction on resource: "
            "arn:aws:lambda:us-east-1:999988887777:function:Notify because no resource-based policy allows it",
            ["which has no policies of its own", "--function-name Notify", "--principal sns.amazonaws.com"],
        ),
        ("Permission denied on S3 path: s3://b/production/dt=1/.hoodie", ["whoever runs the query", "s3:ListBucket"]),
        ("User does not have access to target s3://path/to/data", ["crawler's own role"]),
        ("Account 1 should have 'E' role with trust relationship to Role 'service-role/A'.", ["stack set"]),
        (
            "User: arn:aws:sts::999988887777:assumed-role/w/x is not authorized to perform: "
            "secretsmanager:GetSecretValue on resource: arn:aws:secretsmanager:eu-west-1:999988887777:secret:Db "
            "because no identity-based policy allows the secretsmanager:GetSecretValue action",
            ["six more characters", ':secret:Db-??????"}'],
        ),
        (
            "User: arn:aws:sts::999988887777:assumed-role/w/x is not authorized to perform: s3:PutObject on resource: "
            '"arn:aws:s3:::b/k" with an explicit deny in a resource control policy',
            ["hardly that the caller is an outsider", "encryption"],
        ),
        (
            "User: arn:aws:sts::999988887777:assumed-role/w/x is not authorized to perform: iam:PassRole on resource: "
            "arn:aws:iam::999988887777:role/aws-service-role/a.amazonaws.com/AWSServiceRoleForA",
            ["service-linked role", "Leave the role out"],
        ),
        (
            "(AccessControlListNotSupported) when calling the PutObject operation: The bucket does not allow ACLs",
            ["ACL", "No policy change mends this"],
        ),
        (
            "User: arn:aws:iam::999988887777:user/x is not authorized to perform: s3:A on resource: arn:aws:s3:::B",
            ["not"],
        ),
        (MAILED, ["could not be read"]),
        (
            "The provided execution role does not have permissions to call CreateNetworkInterface on EC2 (X)",
            ["ec2:CreateNetworkInterface", "AWSLambdaVPCAccessExecutionRole"],
        ),
        (
            "MalformedPolicyDocumentException: Policy contains a statement with one or more invalid principals.",
            ["not yet"],
        ),
        (
            "AccessDeniedException: 'arn:aws:iam::1:role/x' is not authorized to create managed-rule.",
            ["events:PutRule"],
        ),
        ("BadRequestException: x. Please grant trust permission for API Gateway", ["apigateway.amazonaws.com"]),
        ("Role does not have a trust relationship allowing Cognito to assume the role", ["cognito-idp.amazonaws.com"]),
        ("AccessDeniedException: Access to KMS is not allowed", ["kms:Decrypt", "role"]),
        ("S3ServiceException:Access Denied,Status 403,Error AccessDenied,Rid D1", ["COPY", "s3:GetObject"]),
        (
            "(AccessDeniedException) A: user is not authorized perform iam:CreateServiceLinkedRole",
            ["Allow iam:CreateServ"],
        ),
        ("Access is denied, not authorized to do (a-b:See, a-b:Do) for it", ["Allow a-b:See, a-b:Do", "Access is"]),
        (
            f"{UNABLE} 'arn:aws:iam::999988887777:role/p/job'. Verify that you may pass this role",
            ["-name job ", "PassRole"],
        ),
        (WRONG_REGION, ["signed for us-east-1", "is in eu-west-3", "with the AWS CLI, add --region eu-west-3"]),
        ("An error occurred (PermanentRedirect) when calling the X operation: The bucket", ["get-bucket-location"]),
        ("An error occurred (IllegalLocationConstraintException) when calling the CreateBucket", ["us-east-1"]),
        (f"An error occurred ({NAMELESS}", ["another account", "kms:GenerateDataKey"]),
        ("Error putting object in S3 bucket (b): AccessDenied: Access Denied", ["another account", "s3:PutObjectAcl"]),
        (f"UnauthorizedOperation: Encoded authorization failure message: {'x1-_' * 30}", ["decode", "x1-_" * 30]),
        ("User: arn:aws:iam::111122223333:user/no is not authorized to perform: a:B with an explicit deny", ["deny"]),
        ("error: You must be logged in to the server (the server has asked for credentials)", ["Kubernetes"]),
        ("Did you mean to set the `id-token` permission? Could not load credentials", ["id-token: write"]),
        (f"{OIDC}: No OpenIDConnect provider found in your account for https://a.b", ["no identity provider"]),
        (f"(InvalidIdentityToken) {WEB}: Incorrect token audience", ["aud", "add-client-id"]),
        (
            f"(ExpiredTokenException) {WEB}: Token expired: current date/time 2 must be before the expiration",
            ["issued"],
        ),
        (f"InvalidIdentityToken: OpenIDConnect provider's HTTPS certificate doesn't match {PRINT}", ["update-open-id"]),
        (
            "│ Error: No valid credential sources found\n│ \n│ Error: no EC2 IMDS role found, ec2imds",
            ["no credentials"],
        ),
        (f"(InvalidParameterException) when calling the RunTask operation: {LINKED}", ["-name ecs.amazonaws.com"]),
        ("Error: MalformedPolicyDocument: Policy document should not specify a principal.", ["bucket", "trust policy"]),
        ("Error: MalformedPolicy: Action does not apply to any resource(s) in statement", ["objects"]),
        (
            "LimitExceeded: Cannot exceed quota for PoliciesPerRole: 15",
            ["The role has as many managed policies attached", "15", "list-attached-role-policies", "put-role-policy"],
        ),
        ("LimitExceeded: Cannot exceed quota for PoliciesPerUser: 10", ["The user has", "list-attached-user-policies"]),
        ("(LimitExceeded) Cannot exceed quota for AccessKeysPerUser: 2", ["The user has as many access keys", "2"]),
        ("(LimitExceeded) Cannot exceed quota for MFADevicesPerUser: 8", ["The user has as many MFA devices"]),
        ("(LimitExceeded) Cannot exceed quota for Roles: 1000", ["as many of these as it may have: 1000"]),
        ("(LimitExceeded) Maximum policy size of 10240 bytes exceeded for role app", ["longer", "managed policy"]),
        ("(MalformedPolicyDocument) Syntax errors in policy.", ["validate-policy"]),
        ('{"message":"Forbidden"}', ["API Gateway", "x-api-key"]),
        ('{"message":"User is not authorized to access this resource with an explicit deny"}', ["authorizer"]),
        ("ValidationException: The role must allow AWS EventBridge Scheduler to assume the role.", ["scheduler.amaz"]),
        ("AccessDeniedException: You don't have access to the model with the specified model ID.", ["Bedrock"]),
        ("An error occurred (AccessDenied) when calling the AssumeRole operation: Access denied", ["no such role"]),
        ("failed to load credentials, EKS does not have permissions to assume the associated role", ["pods.eks.amaz"]),
        ("EKS Auth: AssumeRoleForPodIdentity, api error ExpiredTokenException: x", ["pod"]),
        (
            "failed to refresh cached credentials, refresh cached SSO token failed: InvalidGrantException:",
            ["sso login"],
        ),
        ("SQL execution error: Error assuming AWS_ROLE. Please verify the role and externalId", ["DESC INTEGRATION"]),
        ("no permissions for [indices:data/write] and User [name=arn:aws:iam::1:role/x]", ["fine-grained", "Map"]),
        (
            "AccessDenied. User doesn't have permission to call ssm:GetParameters (Code: ValidationError)",
            ["Allow ssm:Ge"],
        ),
        (f"MultiFactorAuthentication failed, unable to validate MFA code for {USER}", ["a user's ARN", ":mfa/"]),
        ("<Code>SignatureDoesNotMatch</Code><CanonicalRequest>PUT X-Amz-SignedHeaders=host", ["not what was signed"]),
        ("SignatureDoesNotMatch: The request signature we calculated does not match", ["Either", "plain call"]),
        (
            "Error: AccessDenied: Access Denied\n\tstatus code: 403, request id: 37F4, host id: QoV7=",
            ["S3 says more only to callers", "no Deny"],
        ),
        (
            PHP,
            ["s3:PutObject (arn:aws:s3:::b-1/a/t.txt)", "s3:PutObjectAcl"],
        ),
        (
            TERRAFORM,
            ["HEAD", "(arn:aws:s3:::b-1/a/t)", "(arn:aws:s3:::b-1)"],
        ),
        (
            "UnauthorizedOperation: not authorized. Encoded authorization failure message: \nstatus: 403",
            ["missing"],
        ),
        ('MalformedPolicyDocument: Resource  must be in ARN format or "*".', ["is empty"]),
        ('MalformedPolicyDocument: Resource my-bucket/* must be in ARN format or "*".', ["“my-bucket/*” is no ARN"]),
        ("unable to sign request without credentials set (Aws::Errors::MissingCredentialsError)", ["no credentials"]),
        ("CredentialsNotLoaded: no providers in chain provided credentials", ["no credentials"]),
        (
            "AuthFailure: Not authorized for images: [ami-5287d500]",
            ["took the credentials", "--image-ids ami-5287d500"],
        ),
        ("Lambda was unable to decrypt the environment variables because KMS access was denied.", ["function's own"]),
        (f"could not be used to assume 'arn:aws:iam::1:role/cdk-x'. {USER_ASKED}", ["cdk bootstrap", "sts:AssumeRole"]),
        ("AWS_ACCESS_KEY_ID: 'ASIASWH' <Code>InvalidClientTokenId</Code>", ["a temporary one", "session token"]),
        (
            f"User: {BY}/job/xis not authorized to perform: a:Do on resource: because no identity-based policy allows",
            ["policy of role job"],
        ),
        (
            "User: arn:aws:sts::12345:assumed-role/job/x is not authorized to perform: a:Do on resource: * "
            "because no identity-based policy allows a",
            ["policy of role job", "whole account number"],
        ),
        (HADOOP, ["HEAD", "(arn:aws:s3:::landing/in)", "(arn:aws:s3:::landing)"]),
        (
            "operation error CloudWatch Logs: GetQuery, api error AccessDenied: You are not authorized",
            ["logs:GetQuery"],
        ),
        ("An error occurred (AccessDenied) when calling the ListObjectsV2 operation: Access Denied", ["s3:ListBucket"]),
        (
            "AccessDenied: There were headers present in the request which were not signed",
            ["carries x-amz- headers", "presign"],
        ),
        (
            "(AccessDenied) when calling the DeletePolicy operation: Cannot delete policies outside your own account.",
            ["its owner", "policy of your own"],
        ),
        (
            'x-amzn-ErrorType: MissingAuthenticationTokenException\n\n{"message": "Missing Authentication Token"}',
            ["no such path or method"],
        ),
        ("Error putting S3 ACL: AccessDenied: Access Denied", ["s3:PutBucketAcl", "Try it without"]),
        ("API: s3:CreateBucket Access Denied", ["s3:CreateBucket"]),
        (
            "(AccessDeniedException) when calling the GetAuthorizationToken operation: User: <USER> is not authorized "
            "to perform: <AWS_SERVICES:ACTION> on resource: * with an explicit deny",
            ["explicit deny", "Find the Deny", "MFA"],
        ),
        (
            "aws iam create-policy --policy-name ec2 --policy-document ec2.json\n\nAn error occurred "
            "(MalformedPolicyDocument) when calling the CreatePolicy operation: Syntax errors in policy.",
            ["file://ec2.json"],
        ),
        ("(MalformedPolicyDocument) when calling the PutRolePolicy operation: Syntax errors in policy.", ["file://"]),
        (f"{SKEWED}<RequestTime>20150611T142803Z</RequestTime>{AT}", ["60 minutes after", "Here, the clock"]),
        (f"{SKEWED}<RequestTime>20150611T122803Z</RequestTime>{AT}", ["60 minutes before", "or the call was signed"]),
        (
            "WebIdentityError: Failed to retrieve credentials.\ncaused by Invalid Identity token: No OpenIDConnect "
            "provider found in account",
            ["identity provider with its address"],
        ),
        (
            "ResourceInitializationError: unable to pull secrets: RequestCanceled: context deadline exceeded",
            ["did not reach AWS", "NAT gateway"],
        ),
        ('Could not connect to the endpoint URL: "https://sts.eu-nowhere.amazonaws.com/"', ["the region's name"]),
        ("You must specify a region. You can also configure your region by running aws configure", ["AWS_REGION"]),
        (
            "Message returned: Error: An error occurred (InvalidArgu\nment) when calling the PutBucketNotification"
            "Configuration operation: Unable to validate the following destinati\non configurations. See the details",
            ["policy of its own", "s3.amazonaws.com"],
        ),
        (
            "User: arn:<sa> is not authorized to perform: elasticloadbalancing:AddTags on resource: "
            "arn:aws:a:<R>:<A>:l/x because no identity-based policy allows the elasticloadbalancing:AddTags action",
            ["elasticloadbalancing:AddTags on arn:aws:a:<R>:<A>:l/x allowed"],
        ),
        (
            "Error creating IAM Role r: MalformedPolicyDocument: Invalid principal in policy",
            ["twelve digits", "lambda.amazonaws.com"],
        ),
        (
            "Error putting S3 policy: MalformedPolicy: Invalid principal in policy",
            [
                "user/CloudFront Origin Access Identity <id>",
                "CanonicalUser",
                "another account",
                "list-cloud-front-origin-access-identities",
            ],
        ),
        (
            "upload failed: ./a to s3://exports/a An error occurred (AccessDenied) when calling the PutObject "
            "operation: The ciphertext refers to a customer master key that does not exist, does not exist in this "
            "region",
            ["get-bucket-encryption --bucket exports"],
        ),
        (
            "AccessDeniedException: User: <user-arn> is not authorized to perform: ecr:GetAuthorizationToken on "
            "resource: *",
            ["Have ecr:GetAuthorizationToken on * allowed"],
        ),
        (
            "(UnauthorizedOperation) when calling the DescribeTags operation: You are not authorized to perform this "
            "operation.",
            ["Allow ec2:DescribeTags", "ask again"],
        ),
        (
            "Failed to query: UnauthorizedOperation: You are not authorized to perform this operation.\n\tstatus code: "
            "403, request id: 1a-2b",
            [
                "the program's own credentials",
                "Others can need more",
                "ec2:CreateTags",
                "iam:PassRole",
                "lookup-events",
            ],
        ),
        (
            "Error requesting spot fleet: UnauthorizedOperation: You are not authorized to perform this operation",
            ["ec2:RequestSpotFleet, and can need", "ec2:RunInstances to", "ec2:CreateTags", "iam:PassRole", "subnet"],
        ),
        (
            "(UnauthorizedOperation) when calling the RunInstances operation: You are not authorized to perform this "
            "operation.",
            ["ec2:RunInstances, and can need", "iam:CreateServiceLinkedRole", "AttributeValue=RunInstances"],
        ),
        (
            "api error UnauthorizedOperation: operation error EC2: CreateVolume, You are not authorized to perform "
            "this operation.",
            ["ec2:CreateVolume, and can need besides: ec2:CreateTags"],
        ),
        (
            "(UnauthorizedOperation) when calling the AssociateIamInstanceProfile operation: You are not authorized",
            ["can need besides: iam:PassRole"],
        ),
        ("volumes are encrypted with an inaccessible AWS KMS key.", ["key policy", "kms:CreateGrant"]),
        ("Client.InternalError: Client error on launch", ["key policy", "kms:CreateGrant"]),
        ("NotAuthorizedException: Access Token does not have required scopes", ["aws.cognito.signin.user.admin"]),
        (
            "An error occurred (NotAuthorizedException) when calling the GetId operation: Unauthenticated access is "
            "not supported for this identity pool.",
            ["Logins", "guests"],
        ),
        ("AccessDenied: elasticsearch.amazonaws.com is not a valid AWS service name", ["no matter of permissions"]),
        (
            'message: "The new key policy will not allow you to update the key policy in the future. (Service: Kms)"',
            ["kms:PutKeyPolicy"],
        ),
        (
            "(AccessDeniedException) when calling the InvokeModel operation: Your account is not authorized to invoke "
            "this API operation.",
            ["of the account, not of the caller"],
        ),
        ("Caller does not have permissions to create a Service Linked Role", ["iam:CreateServiceLinkedRole"]),
        (
            f"User: {USER} is not authorized to perform: ssm:PutParameter on resource: "
            "arn:aws:ssm:us-east-1:999988887777:parameter/aws/url with an explicit deny",
            ["AWS's own", "another name"],
        ),
        (
            f"User: {USER} is not authorized to perform: cloudfront:CreateInvalidation on resource: "
            "arn:aws:cloudfront::999988887777:distribution/$DISTRIBUTION",
            ["$DISTRIBUTION", "nobody filled in"],
        ),
        (
            f"{SIGNATURE}<StringToSign>PUT\n\n\nTue, 15 Sep 2015 17:45:58 GMT\n/b/k</StringToSign>",
            ["secret access key that signed the call is not", "whether a plain call works"],
        ),
        (f"{SIGNATURE}<StringToSign>GET\n\n\n1442339158\n/b/k</StringToSign>", ["signed beforehand"]),
        ("NotAuthorizedException: The pool wants something of its own.", ["rule of its own", "documentation"]),
    ],
)
def test_what_services_and_programs_say(account: Account, text: str, words: Sequence[str]) -> None:
    assert_says(explain(account, text), *words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "User: arn:aws:sts::999988887777:assumed-role/ci/x is not authorized to perform: sts:TagSession on "
            "resource: arn:aws:iam::888877776666:role/r",
            ["session tags", "role-skip-session-tagging"],
        ),
        (
            "User: arn:aws:sts::1454YYYYYYYY:assumed-role/deploy-1454YYYYYYYY/s is not authorized to perform: "
            "sts:AssumeRole on resource: arn:aws:iam::1454YYYYYYY:role/deploy-1454YYYYYYY",
            ["this very role"],
        ),
        (
            "User: arn:aws:iam::999988887777:user/bob is not authorized to perform: cloudformation:CreateChangeSet on "
            "resource: arn:aws:cloudformation:us-east-1:aw:transform/Serverless-2016-10-31",
            ["“aw” stands where the ARN has an account's number"],
        ),
    ],
)
def test_what_else_is_to_be_known_is_noted(account: Account, text: str, words: Sequence[str]) -> None:
    notes = " ".join(explain(account, text).notes)
    assert all(word in notes for word in words), notes


@pytest.mark.parametrize("account_id", ["1454YYYYYYYY", "<REDACTED>"])
def test_of_account_numbers_that_are_taken_out_nothing_follows(account: Account, account_id: str) -> None:
    role = f"arn:aws:iam::{account_id}:role/r"
    found = explain(
        account,
        f"User: arn:aws:iam::{account_id}:user/ana is not authorized to perform: sts:AssumeRole on resource: {role}",
    )
    assert found.relation == ""


def test_of_several_errors_in_a_text_the_refused_call_is_told(account: Account) -> None:
    text = (
        "An error occurred (EntityAlreadyExists) when calling the CreateRole operation: Role with name r exists.\n"
        "An error occurred (AccessDenied) when calling the PutObject operation: Access Denied"
    )
    assert explain(account, text).question == "the call PutObject"


def test_the_role_that_terraform_names_is_told(account: Account) -> None:
    role = "arn:aws:iam::999988887777:role/deploy"
    for text in (f'The role "{role}" cannot be assumed.', f"IAM Role ({role}) cannot be assumed.\n\nThere are"):
        assert explain(account, text).question == f"sts:AssumeRole on {role}"


LINE = "aws iam put-role-policy --role-name job --policy-name a-Do"


@pytest.mark.parametrize(
    ("caller", "told", "words"),
    [
        ("job/x", "because no identity-based policy allows the a:Do action", ["policy of role job", LINE]),
        ("job/x", "with an explicit deny in an identity-based policy", ["Find the Deny", "iam-explain --principal"]),
        ("job/x", "because no permissions boundary allows the a:Do action", ["boundary of role job", "take in a:Do"]),
        ("job/x", "because no session policy allows the a:Do action", ["Open the session of role job anew"]),
        ("job/x", "because no resource-based policy allows the a:Do action", ["owns arn:aws:sqs:x:999988887777:b"]),
        ("job/x", "with an explicit deny in a service control policy", ["manages this service control policy"]),
        ("job/x", "", ["whether a policy of role job allows", "the policy of arn:aws:sqs:x:999988887777:b itself"]),
        ("job/CognitoIdentityCredentials", "because no session policy allows the a:Do action", ["for guests"]),
        ("job/x", "with an explicit deny in a resource control policy", ["of the resource's account"]),
        ("job/x", "because no VPC endpoint policy allows the a:Do action", ["VPC endpoint", "describe-vpc-endpoints"]),
        ("job/x", "with an explicit deny", ["Find the Deny", "boundary", "service control policy"]),
        (f"AWSReservedSSO_Admin_{'0' * 16}/x", "because no identity-based policy allows the a:Do", ["set Admin"]),
    ],
)
def test_aws_words_tell_what_has_to_change_in_an_account_that_cannot_be_read(
    account: Account, caller: str, told: str, words: Sequence[str]
) -> None:
    text = f"User: {BY}/{caller} is not authorized to perform: a:Do on resource: arn:aws:sqs:x:999988887777:b {told}"
    found = explain(account, text)
    assert_says(found, *words)
    assert "1 policy" not in repr(found)


def test_an_allow_does_not_outweigh_a_deny_of_the_keys(account: Account) -> None:
    asked = "kms:Decrypt on resource: arn:aws:kms:eu-west-1:999988887777:key/1"
    found = explain(
        account,
        f"User: {BY}/job/x is not authorized to perform: {asked} with an explicit deny in a resource-based policy",
    )
    assert_says(found, "Find the Deny", "role/job", "--region eu-west-1")


def test_no_policy_is_looked_for_where_a_service_has_none(account: Account) -> None:
    asked = "cloudformation:DescribeStacks on resource: arn:aws:cloudformation:us-east-1:999988887777:stack/x/*"
    found = explain(account, f"User: {USER} is not authorized to perform: {asked}")
    assert_says(found, "whether a policy of user ana allows", "of account 999988887777")
    assert "itself says" not in found.next_step.do
    assert len(found.notes) == 1


def test_all_that_a_text_says_was_refused_is_named(account: Account) -> None:
    one, two = (f"User: {USER} is not authorized to perform: a:{what} on resource: *" for what in ("One", "Two"))
    found = explain(account, f"{one}\nfailed: {two}\nagain: {one}")
    assert found.question == "user ana, a:One"
    assert found.notes[-1] == "The text tells of more that was refused: a:Two."


def test_an_index_has_its_tables_policy(account: Account) -> None:
    table = "arn:aws:dynamodb:eu-central-1:999988887777:table/readers"
    found = explain(account, f"User: {USER} is not authorized to perform: dynamodb:Query on resource: {table}/index/by")
    assert f"what the policy of {table} itself says" in found.next_step.do


@pytest.mark.parametrize(
    ("action", "resource", "others"),
    [
        ("dynamodb:Query", "dynamodb:eu-central-1:999988887777:table/t/index/by-day", "table/t/index/*;"),
        ("dynamodb:GetRecords", "dynamodb:eu-central-1:999988887777:table/t/stream/2024-01-01T0", "table/t/stream/*;"),
        ("logs:PutLogEvents", "logs:eu-central-1:999988887777:log-group:/a/b:log-stream:x/1", "log-group:/a/b:*;"),
        ("lambda:InvokeFunction", "lambda:eu-central-1:999988887777:function:f:live", "function:f:*;"),
        ("s3:GetObject", "s3:::reports-of-nobody/a/b", "reports-of-nobody/*;"),
    ],
)
def test_a_part_is_matched_apart_from_the_whole(account: Account, action: str, resource: str, others: str) -> None:
    asked = f"User: {USER} is not authorized to perform: {action} on resource: arn:aws:{resource}"
    found = " ".join(explain(account, asked).notes)
    assert "is matched apart from its" in found
    assert others in found
    assert ("in one account" in found) == ("999988887777" in resource)
    denied = explain(account, f"{asked} with an explicit deny in a service control policy")
    assert "matched apart" not in " ".join(denied.notes)


def test_a_whole_is_no_part(account: Account) -> None:
    for resource in ("dynamodb:x:999988887777:table/t", "logs:x:999988887777:log-group:/a/b:*", "s3:::nobodys"):
        asked = f"User: {USER} is not authorized to perform: a:Do on resource: arn:aws:{resource}"
        assert "matched apart" not in " ".join(explain(account, asked).notes)


@pytest.mark.parametrize(
    ("before", "after", "service"),
    [
        ("operation error Bedrock: PutModelInvocationLoggingConfiguration, ", "", "bedrock"),
        ("(AccessDeniedException) when calling the CreateFunction operation: ", "", "lambda"),
        ("", " (Service: AWSGlue; Status Code: 400)", "glue"),
        ("(ClientException) when calling the RunTask operation: ", "", "ecs-tasks"),
    ],
)
def test_a_role_is_passed_to_the_service_that_the_text_names(
    account: Account, before: str, after: str, service: str
) -> None:
    own = account.client("iam").create_user(UserName=unique("user"))["User"]["Arn"]
    for caller in (f"{BY}/job/x", own):
        role = f"arn:aws:iam::{caller.split(':')[4]}:role/jobs"
        asked = f"User: {caller} is not authorized to perform: iam:PassRole on resource: {role}"
        text = f"{before}{asked} because no identity-based policy allows the iam:PassRole action{after}"
        assert_says(explain(account, text), f'{{"iam:PassedToService": "{service}.amazonaws.com"}}')


@pytest.mark.parametrize("text", ["(Service: AmazonECS; Status Code: 400)", ""])
def test_which_service_a_role_is_passed_to_is_not_guessed(account: Account, text: str) -> None:
    asked = f"is not authorized to perform: iam:PassRole on resource: {ROLE} because no identity-based policy allows"
    assert "PassedToService" not in repr(explain(account, f"User: {BY}/job/x {asked} the iam:PassRole action {text}"))


def test_a_version_is_no_variable(account: Account) -> None:
    function = "arn:aws:lambda:eu-central-1:999988887777:function:reader:$LATEST"
    text = f"User: {USER} is not authorized to perform: lambda:InvokeFunction on resource: {function}"
    assert "filled in" not in repr(explain(account, text))


def test_a_caller_who_is_not_there_is_perhaps_in_an_account_whose_number_was_taken_out(account: Account) -> None:
    caller = f"arn:aws:sts::{account.account_id}:assumed-role/gone/ana"
    role = f"arn:aws:iam::{account.account_id}:role/jobs"
    found = explain(account, f"User: {caller} is not authorized to perform: iam:PassRole on resource: {role}")
    assert_says(found, "See first whose key", f"whether a policy of role gone allows iam:PassRole on {role}")
    assert "no role named gone" in " ".join(found.notes)


def test_a_bare_name_is_no_resource_of_a_policy(account: Account) -> None:
    client, name = account.client("iam"), unique("user")
    own = client.create_user(UserName=name)["User"]["Arn"]
    for caller in (own, f"{BY}/job/x"):
        asked = "secretsmanager:GetSecretValue on resource: db because no identity-based policy allows the x action"
        found = explain(account, f"User: {caller} is not authorized to perform: {asked}")
        assert_says(found, "ARN of db")
        assert '"Resource": "db"' not in found.next_step.cli


def test_a_name_that_was_shortened_is_put_into_no_line(account: Account) -> None:
    asked = "is not authorized to perform: a:Do on resource: * because no identity-based policy allows the a:Do action"
    assert explain(account, f"User: {BY}/external...b/1 {asked}").next_step.cli == ""


def test_names_in_the_text_are_in_question_and_line(account: Account) -> None:
    asked = "arn:aws:iam::999988887777:user/ci is not authorized to perform: s3:PutBucketPolicy on resource: "
    found = explain(account, f'User: {asked}"arn:aws:s3:::site" because of BlockPublicPolicy')
    assert found.question == "arn:aws:iam::999988887777:user/ci, s3:PutBucketPolicy on arn:aws:s3:::site"
    assert found.next_step.cli.endswith("--bucket site")


def test_a_place_is_left_where_two_things_could_fill_it(account: Account) -> None:
    found = explain(account, "BlockPublicPolicy: arn:aws:s3:::one, arn:aws:s3:::two")
    assert found.next_step.cli.endswith("--bucket <bucket-name>")


@pytest.mark.parametrize("path", ["", "k8s/"])
def test_a_role_that_assumes_itself(account: Account, path: str) -> None:
    arn = f"arn:aws:iam::999988887777:role/{path}job"
    found = explain(account, f"User: {BY}/job/x is not authorized to perform: sts:AssumeRole on resource: {arn}")
    assert "of this very role" in " ".join(found.notes)
