"""Of data and models: Athena, Glue, Redshift, RDS, OpenSearch, Bedrock, SageMaker.

https://docs.aws.amazon.com/lake-formation/latest/dg/security-iam.html
"""

from helpers.diagnosis.explanation import NextStep
from helpers.diagnosis.sayings.saying import Sayings

SAYINGS: Sayings = {
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
    r"[Nn]ot authorized to get credentials of role": (
        "resource",
        "Redshift cannot get the role's credentials: the role is not associated with the cluster (or the serverless "
        "namespace), its trust policy does not name redshift.amazonaws.com (redshift-serverless.amazonaws.com), or, "
        "where roles are chained, the next one does not let the first one in.",
        NextStep(
            "See whom the role's trust policy names, and which roles the cluster or the namespace has.",
            console="IAM → Roles → the role → Trust relationships",
            cli="aws iam get-role --role-name <role-name> --query Role.AssumeRolePolicyDocument",
        ),
    ),
    r"Unable to verify/create output bucket|[Aa]ccess denied when writing (?:output )?to": (
        "identity",
        "Athena writes the result with the key of whoever runs the query, and that caller may not use the bucket for "
        "results, or it is not there.",
        NextStep(
            "Allow that caller s3:GetBucketLocation, s3:ListBucket, s3:GetObject and s3:PutObject on that bucket and "
            "what is in it; and see which place the workgroup wants.",
            cli="aws athena get-work-group --work-group <workgroup> --query WorkGroup.Configuration",
        ),
    ),
    r"(?i)IAM role ARN value is invalid|required permissions for: ENHANCED_MONITORING": (
        "resource",
        "RDS cannot use the role: there is none with this ARN, its trust policy does not name the service "
        "(rds.amazonaws.com; for Enhanced Monitoring monitoring.rds.amazonaws.com), or it lacks what the feature "
        "needs.",
        NextStep(
            "See whom the role's trust policy names. Enhanced Monitoring wants AmazonRDSEnhancedMonitoringRole on it; "
            "import and export want S3 on the bucket (s3:GetObject and s3:ListBucket, or s3:PutObject) and, with a KMS "
            "key, the use of that key.",
            console="IAM → Roles → the role → Trust relationships",
            cli="aws iam get-role --role-name <role-name> --query Role.AssumeRolePolicyDocument",
        ),
    ),
    r"Could not access model data at|Access denied to (?:the )?(?:input|output) data": (
        "identity",
        "SageMaker read S3 with the role that it was given, and may not: the role lacks s3:GetObject on the objects or "
        "s3:ListBucket on the bucket, the place is mistyped or in another region, or the role does not trust "
        "sagemaker.amazonaws.com.",
        NextStep(
            "See that the object is there, and what the role may do.",
            cli="aws iam list-attached-role-policies --role-name <role-name>",
        ),
    ),
}
