"""Managed policies: those that the tutorial attaches, and how one of the account's own is added to."""

from typing import TYPE_CHECKING, Any

from helpers import policies

if TYPE_CHECKING:
    from types_boto3_iam import IAMClient


AMAZON_S3_FULL_ACCESS = "arn:aws:iam::aws:policy/AmazonS3FullAccess"
AMAZON_EC2_READ_ONLY_ACCESS = "arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess"


def add_to_managed_policy(iam: "IAMClient", *, policy_arn: str, statement: policies.Statement) -> policies.Document:
    """Adds a statement to a managed policy of the account's, as its new default version.

    Returns:
        The whole document.

    Raises:
        ClientError: `NoSuchEntity`, or `LimitExceeded` where the policy has five versions.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicyVersion.html
    """
    version = iam.get_policy(PolicyArn=policy_arn)["Policy"]["DefaultVersionId"]
    stored: Any = iam.get_policy_version(PolicyArn=policy_arn, VersionId=version)["PolicyVersion"]["Document"]
    document = policies.with_statement(stored, statement)
    iam.create_policy_version(PolicyArn=policy_arn, PolicyDocument=policies.to_json(document), SetAsDefault=True)
    return document
