"""Of pipelines and what is set up by a program: CloudFormation, the CDK, CodeBuild, trails, logs.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/troubleshooting.html
"""

from helpers.diagnosis.explanation import NextStep
from helpers.diagnosis.sayings.saying import Sayings

SAYINGS: Sayings = {
    r"should have '\S+' role with trust relationship to Role": (
        "resource",
        "A stack set goes into each account through the role that is named first: it is not there, or its trust policy "
        "does not name the role that is named second. The management account often has no such role.",
        NextStep(
            "In that account, make the role, or let its trust policy name the administration role.",
            cli="aws iam get-role --role-name <role-name> --query Role.AssumeRolePolicyDocument",
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
    r"SSM parameter /cdk-bootstrap/\S+ (?:was )?not found|environment be bootstrapped": (
        "request",
        "The CDK finds no bootstrap stack in this account and region: it was never made there, or was deleted, or the "
        "credentials are of another account than was meant.",
        NextStep(
            "See whose credentials these are; then run cdk bootstrap aws://<account-id>/<region> there.",
            cli="aws sts get-caller-identity",
        ),
    ),
    r"could not be used to assume '": (
        "identity",
        "The CDK could not assume the role that bootstrapping made for it, and went on with the caller's own "
        "credentials, which may less: what is refused after that follows from it.",
        NextStep(
            "See whose credentials these are (a cloud workbench's own are limited). Allow that caller sts:AssumeRole "
            "on the roles whose names begin with cdk-hnb659fds-, in that account, and see whom they trust; where they "
            "are not there, run cdk bootstrap.",
            cli="aws iam list-roles --query \"Roles[?starts_with(RoleName, 'cdk-')].Arn\"",
        ),
    ),
    r"Requires capabilities|InsufficientCapabilities": (
        "request",
        "The template makes users, roles or policies, and CloudFormation wants to be told that this is meant. No "
        "policy was asked.",
        NextStep(
            "Pass what the message names: CAPABILITY_IAM, or CAPABILITY_NAMED_IAM where they have names of their own "
            "(CAPABILITY_AUTO_EXPAND for macros).",
            cli="aws cloudformation deploy --stack-name <stack> --template-file <file> "
            "--capabilities CAPABILITY_NAMED_IAM",
        ),
    ),
    r"is not authorized to access the Log Destination": (
        "identity",
        "The state machine's own role, not whoever deploys it, may not set up its log: or the log group's account has "
        "no room left for one in the policy of CloudWatch Logs, which has a limit.",
        NextStep(
            "Allow that role logs:CreateLogDelivery, GetLogDelivery, UpdateLogDelivery, DeleteLogDelivery, "
            "ListLogDeliveries, PutResourcePolicy, DescribeResourcePolicies and DescribeLogGroups on *. If it has "
            "them, name the log group /aws/vendedlogs/…, which needs no statement of its own there.",
            cli="aws logs describe-resource-policies",
        ),
    ),
    r"does not allow AWS CodeBuild to create": (
        "identity",
        "The build's own role may not write the build's log.",
        NextStep(
            "Allow that role logs:CreateLogGroup, logs:CreateLogStream and logs:PutLogEvents on the log group of the "
            "project.",
            cli="aws codebuild batch-get-projects --names <project> --query projects[].serviceRole",
        ),
    ),
    r"role .*(?:does not|doesn't) give (?:you )?permission to perform operations": (
        "identity",
        "CodeDeploy acts with the role of the deployment group, and that one may not use the service that the message "
        "names.",
        NextStep(
            "Attach AWSCodeDeployRole (AWSCodeDeployRoleForECS, AWSCodeDeployRoleForLambda) to that role; a launch "
            "template also wants ec2:RunInstances, ec2:CreateTags and iam:PassRole.",
            cli="aws deploy get-deployment-group --application-name <application> "
            "--deployment-group-name <group> --query deploymentGroupInfo.serviceRoleArn",
        ),
    ),
    r"provided role does not have sufficient permissions|service role or action role doesn.t have the permissions": (
        "identity",
        "CodePipeline acts with the pipeline's role, or with the action's own, and that one may not do this: read or "
        "write the artifacts' bucket (and use its KMS key), or start what the action starts.",
        NextStep(
            "See which role it is, and allow it what the message names. In another account, the bucket's and the key's "
            "policies have to let that role in too.",
            cli="aws codepipeline get-pipeline --name <pipeline> --query pipeline.roleArn",
        ),
    ),
    r"git-codecommit\..*(?:403|Forbidden)|The requested URL returned error: 403.*codecommit": (
        "credentials",
        "CodeCommit did not take git's password: the credential helper is not set up, or the machine's keychain gave "
        "an old one, which lasts a quarter of an hour. Or no policy allows codecommit:GitPull or GitPush.",
        NextStep(
            "Use git-remote-codecommit, or the CLI's helper; on a Mac, take the old entry out of the keychain.",
            cli="git config --global credential.helper '!aws codecommit credential-helper $@'",
        ),
    ),
}
