"""Of storage and keys: S3, KMS, Secrets Manager, EFS.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/troubleshoot-403-errors.html
"""

from helpers.diagnosis.explanation import NextStep
from helpers.diagnosis.sayings.saying import Sayings

SAYINGS: Sayings = {
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
    r"specified method is not allowed against this resource": (
        "request",
        "S3 does not take this call there. A bucket's policy is read and changed by callers of the bucket's own "
        "account alone, whatever it allows to others; and a delete marker is no object to read.",
        NextStep("For the policy, act as a role or user of the bucket's own account, or ask its owner."),
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
        "policies alone say who may. Every new bucket is like that. No policy change mends this.",
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
    r"Access to KMS is not allowed": (
        "resource",
        "The secret is encrypted with a KMS key that whoever reads it may not use: where a service reads it, the role "
        "that it was given for that (in ECS, before a task starts, the task's execution role).",
        NextStep(
            "Allow that role kms:Decrypt on the secret's key, and see that the key's own policy lets it in.",
            cli="aws secretsmanager describe-secret --secret-id <secret-arn> --query KmsKeyId",
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
    r"KMSInvalidState|is pending (?:deletion|import)|KMS\.DisabledException|arn:aws\S*:kms:\S+ is disabled": (
        "resource",
        "The KMS key is switched off, has no key material, or is to be deleted: nobody can use it as it is. No policy "
        "change mends this.",
        NextStep(
            "See the key's state; then switch it on, or cancel its deletion, or use another key.",
            cli="aws kms describe-key --key-id <key-id> --query KeyMetadata.KeyState",
        ),
    ),
    r"KMSKeyNotAccessible|KMS key \S+ does not exist, is not enabled": (
        "resource",
        "The service cannot use the KMS key: it is not there, in another region, switched off, or the caller may not "
        "use it. The key's own policy always has a say, and the caller needs kms:CreateGrant and kms:DescribeKey too.",
        NextStep(
            "See the key's state and policy, in the region of the call.",
            console="KMS → Customer managed keys → the key → Key policy",
            cli="aws kms describe-key --key-id <key-id> --query KeyMetadata.KeyState",
        ),
    ),
    r"KMSAccessDenied": (
        "resource",
        "KMS refused the key to whoever called, or to a service that used it on the caller's behalf: a policy of the "
        "caller's, or the key's own policy, does not allow it.",
        NextStep(
            "Allow the caller kms:GenerateDataKey to write and kms:Decrypt to read, and see that the key's own policy "
            "lets it in; with a key of another account both have to.",
            console="KMS → Customer managed keys → the key → Key policy",
            cli="aws kms get-key-policy --key-id <key-id> --policy-name default --output text",
        ),
    ),
    r"access a secret from a different AWS account": (
        "resource",
        "The secret is encrypted with AWS's own key (aws/secretsmanager), which no other account can use, whatever the "
        "secret's policy says.",
        NextStep(
            "Ask the secret's owner to encrypt it with a KMS key of theirs, and to let the caller in in the key's "
            "policy and in the secret's.",
        ),
    ),
    r"require AWS Signature Version 4": (
        "request",
        "The call was signed the old way (version 2), and S3 gives objects with a KMS key only to calls that are "
        "signed with version 4. No policy change mends this.",
        NextStep("Sign with version 4: a newer program, or signature_version='s3v4' in boto3's Config."),
    ),
    r"InvalidObjectState|operation is not valid for the object's storage class": (
        "request",
        "The object is in an archive (Glacier): it has to be restored before it is read. No policy change mends this.",
        NextStep(
            "Restore it, and wait.",
            cli="aws s3api restore-object --bucket <bucket-name> --key <key> --restore-request Days=1",
        ),
    ),
    r"AllAccessDisabled|All access to this (?:object|bucket) has been disabled": (
        "request",
        "AWS closed this bucket to everybody, or its name is not what was meant: a path or a host name in its place.",
        NextStep("Compare the bucket's name; if it is right, ask AWS Support."),
    ),
    r"Anonymous users cannot|Please authenticate\.": (
        "credentials",
        "The call came without credentials, and S3 does this for nobody without a key. No policy was asked.",
        NextStep("Have the program sign its calls.", cli="aws configure list"),
    ),
    r"AuthorizationQueryParametersError|X-Amz-Expires must be less than": (
        "request",
        "The presigned URL asks for what no URL can have: more than seven days, or a part of the signature is missing.",
        NextStep(
            "Sign for seven days at most, and pass the URL whole.",
            cli="aws s3 presign s3://<bucket-name>/<key> --expires-in 3600",
        ),
    ),
    r"Policy has invalid resource": (
        "request",
        "A bucket's policy may name this bucket alone, by its own ARN: arn:aws:s3:::<bucket-name> or its objects "
        "(/*). S3 did not look at what it allows.",
        NextStep("Put the bucket's own ARN into each Resource; no region and no account stand in it."),
    ),
    r"log-delivery group WRITE": (
        "resource",
        "S3's access logs were to go into a bucket that does not let them in, or is in another region or account.",
        NextStep(
            "Let logging.s3.amazonaws.com call s3:PutObject on <prefix>/* in the bucket's policy.",
            cli="aws s3api get-bucket-policy --bucket <bucket-name> --query Policy --output text",
        ),
    ),
    r"Access Denied for (?:bucket|LogDestination)|Please check (?:S3bucket|LogDestination) permission": (
        "resource",
        "A service was to write its logs (a load balancer's, a network's) into the bucket, and the bucket's policy "
        "does not let it in, or the bucket is in another region. Buckets for these logs take SSE-S3, no KMS key of "
        "AWS's own.",
        NextStep(
            "Let the service write in the bucket's policy: logdelivery.elasticloadbalancing.amazonaws.com for load "
            "balancers (in older regions the account of theirs that the documentation names), "
            "delivery.logs.amazonaws.com for VPC flow logs; s3:PutObject on <prefix>/AWSLogs/<account-id>/*.",
            cli="aws s3api get-bucket-policy --bucket <bucket-name> --query Policy --output text",
        ),
    ),
    r"mount\.nfs4?: access denied by server|Failed to authenticate with EFS|mount\.nfs4: Operation not permitted": (
        "resource",
        "The EFS file system refused the mount: its policy wants IAM (mount with -o tls,iam), lets this role not in, "
        "or the access point does not take the path.",
        NextStep(
            "See the file system's policy, and which role the machine has: elasticfilesystem:ClientMount to read, "
            "elasticfilesystem:ClientWrite to write.",
            cli="aws efs describe-file-system-policy --file-system-id <file-system-id>",
        ),
    ),
}
