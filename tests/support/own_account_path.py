"""What a learner does in an account of their own, from notebook 01 to 06, through the functions that those call."""

from collections.abc import Callable
from typing import Any

from helpers import buckets, iam, policies, profiles, sts
from helpers.account import Account
from helpers.attempts import attempt
from helpers.lessons import steps


def learn(account: Account, show: Callable[[Any], None] = lambda shown: None) -> None:
    """Makes all that the notebooks make, and uses it as they do.

    Args:
        account: the open account.
        show: what a notebook does with the last value of a cell.

    Raises:
        ToldInOneSentence, ClientError, BotoCoreError: a step failed, in words for the learner.
    """
    key, role = make(account, show)
    use(account, key, role, show)


def make(account: Account, show: Callable[[Any], None]) -> tuple[iam.AccessKey, iam.Role]:
    """Makes everything, without waiting for anything."""
    client = account.client("iam")
    role = iam.create_role(
        client,
        name=steps.role_name(account),
        trust_policy=policies.policy(policies.trust_service("ec2.amazonaws.com")),
    )
    show(role)
    iam.attach_role_policy(client, role_name=role.name, policy_arn=iam.AMAZON_S3_FULL_ACCESS)
    user = iam.create_user(client, name=steps.user_name(account))
    show(user)
    key = steps.download_access_key(account, user_name=user.name)
    show(key)
    document = policies.allow_assume_role(role.arn)
    iam.put_user_policy(client, user_name=user.name, policy_name=steps.ASSUME_POLICY_NAME, document=document)
    iam.trust_principal(client, role_name=role.name, arn=user.arn)
    iam.attach_role_policy(client, role_name=role.name, policy_arn=iam.AMAZON_EC2_READ_ONLY_ACCESS)
    document = policies.policy(policies.allow("glue:GetJobs"))
    iam.put_role_policy(client, role_name=role.name, policy_name=steps.GLUE_POLICY_NAME, document=document)
    keep_in_profiles(account, key, role)
    show(profiles.show_files(account))
    return key, role


def use(account: Account, key: iam.AccessKey, role: iam.Role, show: Callable[[Any], None]) -> None:
    """Assumes the role as soon as AWS lets the user, and does as the role what it may."""
    show(steps.wait_until_assumable(account))
    session = sts.assume_role(account.client("sts", key), role_arn=role.arn, session_name="app")
    show(session)
    use_a_bucket(account, session)
    show(attempt("list Glue jobs", lambda: account.client("glue", session).get_jobs(), expect="allowed"))
    show(attempt("describe EC2", lambda: account.client("ec2", session).describe_instances(), expect="allowed"))
    show(steps.begin(account, 7))


def keep_in_profiles(account: Account, key: iam.AccessKey, role: iam.Role) -> None:
    """What `aws configure` writes, without the second that it takes to start: it asks AWS nothing."""
    settings = {"aws_access_key_id": key.access_key_id, "aws_secret_access_key": key.secret_access_key}
    profiles.edit_profile(account, profile=steps.USER_PROFILE, settings=settings)
    profiles.add_role_profile(account, profile=steps.ROLE_PROFILE, role_arn=role.arn, source_profile=steps.USER_PROFILE)


def use_a_bucket(account: Account, session: sts.RoleSession) -> None:
    """Makes a bucket as the role, and deletes it."""
    s3, bucket = account.client("s3", session), steps.bucket_name(account)
    buckets.create_bucket(s3, account.ledger, name=bucket)
    s3.put_object(Bucket=bucket, Key="notes.txt", Body=b"hello")
    buckets.delete_bucket(s3, name=bucket)
