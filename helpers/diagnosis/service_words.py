"""Refusals that their words alone tell: of services with rules of their own, and of programs that found no key.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_roles.html
"""

import re
from collections.abc import Mapping

from helpers.diagnosis.explanation import Decider, NextStep, Told
from helpers.diagnosis.refusals import Refusal

_SAID: Mapping[str, tuple[Decider, str, NextStep]] = {
    r"Permission denied on S3 path": (
        "identity",
        "Athena reads the data with the key of whoever runs the query, and S3 refused that one this path.",
        NextStep(
            "Allow that caller s3:GetObject on the objects, and s3:ListBucket and s3:GetBucketLocation on the bucket; "
            "with a KMS key, kms:Decrypt too. Another account's bucket has to let it in in its own policy, and where "
            "the place is registered with Lake Formation, that has to grant SELECT. CloudTrail's data events tell "
            "which call it was.",
        ),
    ),
    r"does not have access to target s3": (
        "identity",
        "The Glue crawler's own role may not read what it is to crawl.",
        NextStep(
            "Allow that role s3:GetObject on the objects and s3:ListBucket on the bucket. Where the place is "
            "registered with Lake Formation, let the crawler use Lake Formation's credentials, and grant its role the "
            "data location.",
            cli="aws glue get-crawler --name <crawler-name> --query Crawler.[Role,LakeFormationConfiguration]",
        ),
    ),
    r"should have '\S+' role with trust relationship to Role": (
        "resource",
        "A stack set goes into each account through the role that is named first: it is not there, or its trust policy "
        "does not name the role that is named second. The management account often has no such role.",
        NextStep(
            "In that account, make the role, or let its trust policy name the administration role.",
            cli="aws iam get-role --role-name <role-name> --query Role.AssumeRolePolicyDocument",
        ),
    ),
    r"please check your action inputs": (
        "credentials",
        "GitHub's action for AWS credentials got none: the job may not ask for a token to sign in with, or the "
        "secrets that it was given are empty, as they are for a fork, for Dependabot, and in a reusable workflow "
        "without secrets: inherit. AWS was not asked.",
        NextStep(
            "To sign in with a role, give the job permissions: id-token: write (and contents: read). With keys, see "
            "that the secrets have these names, in this repository or environment."
        ),
    ),
    r"sso[/\\]cache[/\\].*(?:no such file|cannot find)": (
        "credentials",
        "This program found no sign-in with IAM Identity Center where it looked for one. Either there is none yet, or "
        "the program is too old for profiles with sso_session, whose sign-in is kept under another name. No policy "
        "was asked.",
        NextStep(
            "Sign in. If the AWS CLI works with this profile already, use a newer version of the program, or write "
            "sso_start_url and sso_region into the profile itself.",
            cli="aws sso login --profile <profile>",
        ),
    ),
    r"Invalid IAM Instance Profile|Instance Profile \S+ (?:cannot be found|does not exist)": (
        "request",
        "EC2 takes an instance profile, which holds a role, and the account has none of this name: a role's name was "
        "passed, perhaps (only the console makes a profile along with each role), or it was made seconds ago.",
        NextStep(
            "See which profile the role is in; if there is none, make one and add the role. Whoever starts the "
            "instance needs iam:PassRole on the role.",
            cli="aws iam list-instance-profiles-for-role --role-name <role-name>",
        ),
    ),
    r"[Cc]ouldn't retrieve verification key from your identity provider": (
        "resource",
        "STS could not fetch the keys with which the token's issuer signs: the issuer's address does not answer from "
        "the internet, or not with what the standard asks for. No policy was asked.",
        NextStep("See that /.well-known/openid-configuration and the jwks_uri in it can be fetched from anywhere."),
    ),
    r"Unable to validate the following destination configurations": (
        "resource",
        "S3 tried to reach where the bucket's events are to go, and was not let in: the function, queue or topic has a "
        "policy of its own, which has to allow the service s3.amazonaws.com, for this bucket (aws:SourceArn). The "
        "policies of whoever made the call do not help. A queue or topic with a KMS key wants that key's policy to let "
        "S3 in too, and all of it has to be in the bucket's region.",
        NextStep(
            "Let S3 in where the events go; for a function:",
            cli="aws lambda add-permission --function-name <function-name> --statement-id s3 "
            "--action lambda:InvokeFunction --principal s3.amazonaws.com --source-arn arn:aws:s3:::<bucket-name>",
        ),
    ),
    r"Invalid permissions on Lambda function": (
        "resource",
        "API Gateway may not invoke the function: the function's own policy has to allow the service "
        "apigateway.amazonaws.com, for this API. The caller's policies do not help.",
        NextStep(
            "Let the API in, or give the integration a role that may invoke the function.",
            cli="aws lambda add-permission --function-name <function-name> --statement-id api "
            "--action lambda:InvokeFunction --principal apigateway.amazonaws.com "
            "--source-arn arn:aws:execute-api:<region>:<account-id>:<api-id>/*",
        ),
    ),
    r"KMS\.UnrecognizedClientException|No account found for the given parameters": (
        "resource",
        "The object is encrypted with a KMS key, and S3 asked KMS on behalf of a reader that has no account: mostly "
        "CloudFront with an origin access identity (OAI), which cannot use KMS. No access key is at fault.",
        NextStep(
            "Give the distribution an origin access control (OAC) in place of the OAI, and let the service "
            "cloudfront.amazonaws.com call kms:Decrypt in the key's policy, for this distribution (aws:SourceArn); or "
            "encrypt the objects with S3's own keys.",
            console="CloudFront → Distributions → the distribution → Origins → Origin access",
        ),
    ),
    r"Service account token cannot be parsed": (
        "credentials",
        "The EKS Pod Identity agent could not read the token that the program sent, so that AWS was not asked. It "
        "wants the token bare, without the word Bearer before it.",
        NextStep(
            "Have the program send what is in the file AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE and nothing else as the "
            "Authorization header; a newer version of its AWS SDK does.",
        ),
    ),
    r"AssumeRoleTokenProvider session option not set": (
        "credentials",
        "The profile's role wants an MFA code (mfa_serial), and this program cannot ask for one. AWS was not asked.",
        NextStep(
            "Open the session with a program that can, and hand it over in environment variables.",
            cli="aws configure export-credentials --profile <profile> --format env",
        ),
    ),
    r"Request ARN is invalid": (
        "request",
        "What was passed as the role to assume is no role's ARN: often a variable that nobody filled in, or a name.",
        NextStep(
            "Pass the role's ARN, which has :role/ in it.",
            console="IAM → Roles → the role → ARN",
            cli='aws iam list-roles --query "Roles[].Arn"',
        ),
    ),
    r"Response signature invalid": (
        "resource",
        "The account's SAML provider does not know the certificate that signed the sign-in: it was renewed since the "
        "provider's metadata was loaded, or the assertion is another provider's. The role's trust policy was not "
        "asked.",
        NextStep(
            "Load the identity provider's metadata anew.",
            console="IAM → Identity providers → the provider → Upload metadata",
            cli="aws iam update-saml-provider --saml-provider-arn <provider-arn> "
            "--saml-metadata-document file://metadata.xml",
        ),
    ),
    r"(?:no EC2 IMDS role found|ec2imds|EC2 metadata|IMDS).*(?:deadline exceeded|timed? ?out|canceled)": (
        "credentials",
        "The program asked the instance's metadata service for the role's key, and got no answer in time. In a "
        "container that is mostly the hop limit: an instance that wants tokens (IMDSv2) answers no farther than that "
        "many hops, one where nobody set it. No policy was asked.",
        NextStep(
            "Let it answer one hop farther; in a cluster, better give the pod a role of its own (EKS Pod Identity, or "
            "IAM roles for service accounts).",
            cli="aws ec2 modify-instance-metadata-options --instance-id <instance-id> --http-put-response-hop-limit 2",
        ),
    ),
    r"ross-account pass role is not allowed": (
        "request",
        "A role can be handed to a service only within its account: the role's ARN has another account's number than "
        "the caller's. Often the wrong profile signed the call, or the ARN was copied from another stage.",
        NextStep(
            "Compare the number in the role's ARN with the caller's, and hand over a role of the caller's account.",
            cli="aws sts get-caller-identity --query Account",
        ),
    ),
    r"Service: (?:AWS)?LakeFormation|lakeformation[\w.]*AccessDenied|requester is not authorized to access requested": (
        "resource",
        "Lake Formation said it, which guards the catalog besides IAM: whoever grants a permission is a data lake "
        "administrator, or has that permission with the right to grant it on; and what it is about must be there, a "
        "place in S3 registered.",
        NextStep(
            "See who is data lake administrator, and whether the database, table or place is there. In CloudFormation "
            "and CDK, the caller is the role that deploys.",
            console="Lake Formation → Administrative roles and tasks",
            cli="aws lakeformation get-data-lake-settings",
        ),
    ),
    r"Incorrect S3 bucket policy is detected|InsufficientS3BucketPolicy": (
        "resource",
        "CloudTrail writes to the bucket as a service, and the bucket's policy does not let it in.",
        NextStep(
            "Let cloudtrail.amazonaws.com call s3:GetBucketAcl on the bucket and s3:PutObject on "
            "<prefix>/AWSLogs/<account-id>/* in it, for this trail (aws:SourceArn), and make the trail after the "
            "policy: in Terraform and CDK, it depends on it.",
            cli="aws s3api get-bucket-policy --bucket <bucket-name> --query Policy --output text",
        ),
    ),
    r"[Ii]nsufficient delivery policy to s3 bucket.*unable to write": (
        "resource",
        "AWS Config writes to the bucket with its own role or as a service, and may not.",
        NextStep(
            "Let config.amazonaws.com call s3:GetBucketAcl and s3:ListBucket on the bucket and s3:PutObject on "
            "<prefix>/AWSLogs/<account-id>/Config/* in it; with a KMS key, kms:GenerateDataKey too.",
            cli="aws s3api get-bucket-policy --bucket <bucket-name> --query Policy --output text",
        ),
    ),
    r"specified method is not allowed against this resource": (
        "request",
        "S3 does not take this call there. A bucket's policy is read and changed by callers of the bucket's own "
        "account alone, whatever it allows to others; and a delete marker is no object to read.",
        NextStep("For the policy, act as a role or user of the bucket's own account, or ask its owner."),
    ),
    r"PAM authentication failed for user": (
        "identity",
        "The database says this of a sign-in with an IAM token: RDS did not take it. Whoever made the token lacks "
        "rds-db:connect on this database user, or it was made for another host, port, user or region, or it is older "
        "than a quarter of an hour.",
        NextStep(
            "See as whom the program makes the token; then allow that caller rds-db:connect on "
            "arn:aws:rds-db:<region>:<account-id>:dbuser:<resource-id>/<database-user>, and connect with TLS. The "
            "database user needs the role rds_iam (in MySQL: AWSAuthenticationPlugin).",
            cli="aws sts get-caller-identity",
        ),
    ),
    r"InvalidKMSKey\.InvalidState|KMS key provided is in an incorrect state|inaccessible (?:AWS )?KMS key"
    r"|Client\.InternalError: Client error on launch": (
        "resource",
        "The disk is encrypted with a KMS key that could not be used: it is disabled or to be deleted, or its key "
        "policy does not let the service in that starts the instance.",
        NextStep(
            "See the key's state; then let the caller in there. Auto Scaling's own role, AWSServiceRoleForAutoScaling, "
            "needs kms:CreateGrant besides the use of the key.",
            console="KMS → Customer managed keys → the key → Key policy",
            cli="aws kms describe-key --key-id <key-id> --query KeyMetadata.KeyState",
        ),
    ),
    r"is not authorized to assume IAM Role": (
        "resource",
        "Redshift reads and writes with a role of the cluster's, and cannot assume this one: it is not associated with "
        "the cluster, or its trust policy does not name redshift.amazonaws.com.",
        NextStep(
            "Associate the role with the cluster, and see whom its trust policy names.",
            console="Redshift → Clusters → the cluster → Properties → Associated IAM roles",
            cli="aws redshift modify-cluster-iam-roles --cluster-identifier <cluster> --add-iam-roles <role-arn>",
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
    r"Could not connect to the endpoint URL|EndpointConnectionError|(?:connect|read) timeout|context deadline exceeded"
    r"|i/o timeout|[Cc]onnection (?:timed out|refused)|ETIMEDOUT|ECONNREFUSED|ENOTFOUND|no such host|getaddrinfo": (
        "request",
        "The program did not reach AWS, or got no answer in time: so nothing was refused, and no policy was asked.",
        NextStep(
            "See the way to AWS: the region's name (a mistyped one has no address), a proxy, DNS, the outbound rules "
            "of the security group; in a private subnet, a NAT gateway or a VPC endpoint for this service.",
            cli="aws configure list",
        ),
    ),
    r"[Yy]ou must specify a region|NoRegionError|[Mm]issing [Rr]egion|[Cc]ould not find region|Region is missing": (
        "request",
        "The program does not know which region to ask. AWS was not asked.",
        NextStep(
            "Set a region where the program looks: AWS_REGION, the profile, or its own settings (the AWS CLI: "
            "--region, or AWS_DEFAULT_REGION).",
            cli="aws configure set region <region> --profile <profile>",
        ),
    ),
    r"Access Token does not have required scopes": (
        "credentials",
        "The access token was issued by a Cognito user pool without the scope that this call wants: what a signed-in "
        "user does about itself wants aws.cognito.signin.user.admin. No policy of IAM's was asked.",
        NextStep(
            "Have the app ask for that scope at the sign-in, and let its app client have it; then sign in anew.",
            console="Cognito → User pools → the pool → App clients → Login pages → OpenID Connect scopes",
        ),
    ),
    r"Unauthenticated access is not supported for this identity pool": (
        "credentials",
        "The call for credentials named nobody who is signed in (no Logins), and the Cognito identity pool has nothing "
        "for guests. No policy was asked.",
        NextStep(
            "Sign the user in first, and pass the token in Logins. Only where guests are wanted, switch their access "
            "on, with a role that may little.",
            console="Cognito → Identity pools → the pool → User access",
            cli="aws cognito-identity describe-identity-pool --identity-pool-id <pool-id>",
        ),
    ),
    r"is not a valid AWS service name": (
        "request",
        "No service of AWS's that has a service-linked role goes by this name: it is mistyped, an older one, or the "
        "service has none. It is no matter of permissions, though the code says so.",
        NextStep(
            "Look the service's principal up in its documentation on service-linked roles. It is not always the name "
            "in the console: OpenSearch's older one is es.amazonaws.com.",
        ),
    ),
    r"new key policy will not allow you to update the key policy": (
        "resource",
        "KMS keeps a key from being locked up: under the new key policy, whoever makes this call could not change it "
        "again.",
        NextStep(
            "Let the policy allow kms:PutKeyPolicy to whoever makes the call (in CloudFormation, the role that "
            "deploys), or to the account, arn:aws:iam::<account-id>:root, and the caller in a policy of its own.",
        ),
    ),
    r"account is not authorized to invoke this API operation": (
        "resource",
        "Bedrock says this of the account, not of the caller: it may not use this call, or this model, yet. No policy "
        "of the account's changes that.",
        NextStep(
            "See whether the account may use the model in this region (its maker's form, the subscription). A new "
            "account may have to ask AWS Support.",
            console="Amazon Bedrock → Model catalog → the model",
            cli="aws bedrock get-foundation-model-availability --model-id <model-id>",
        ),
    ),
    r"User is not authorized to access this resource": (
        "resource",
        "API Gateway says this where the API's own authorizer (a function, or a user pool) or its resource policy "
        "did not let the call in. IAM's policies of the caller had no say.",
        NextStep("See what the authorizer's policy answers for this method and path; it may be kept for minutes."),
    ),
    r"(?s)^(?!.*when calling the ).*\bMissing Authentication Token": (
        "request",
        "API Gateway says this where the API has no such path or method, and where a call came without a signature.",
        NextStep("Compare stage, path and method of the URL with the API's; if they are right, sign the call."),
    ),
}


def explain_by_words(refusal: Refusal) -> tuple[Decider, Told] | None:
    """Find what decided and why, in a refusal whose words alone tell; None in any other."""
    for words, (decided_by, reason, next_step) in _SAID.items():
        if re.search(words, refusal.message):
            return decided_by, (reason, next_step)
    return None
