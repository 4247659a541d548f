"""Users and buckets that tests of `explain` set up in an account, and what is said of their refused calls."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from helpers.account import Account
from helpers.diagnosis.explanation import Explanation
from helpers.explain import explain
from support.sandbox_clients import Key, Statement, document, key_of, unique


@dataclass(frozen=True)
class Caller:
    """A user with its key."""

    account: Account
    name: str
    arn: str
    key: Key

    def client(self, service: str) -> Any:
        """A client that this user's key signs for."""
        return self.account.client(service, self.key)

    def session(self) -> Key:
        """A session of the user's own, opened without MFA."""
        return key_of(self.client("sts").get_session_token())


def new_caller(account: Account, *inline: Statement, name: str = "") -> Caller:
    """Make a user with an inline policy, where statements are given."""
    iam, name = account.client("iam"), name or unique("user")
    arn = iam.create_user(UserName=name)["User"]["Arn"]
    if inline:
        iam.put_user_policy(UserName=name, PolicyName="inline", PolicyDocument=document(*inline))
    made = iam.create_access_key(UserName=name)["AccessKey"]
    return Caller(account, name, arn, Key(made["AccessKeyId"], made["SecretAccessKey"]))


def new_bucket(account: Account) -> str:
    """Make an empty bucket, and return its name."""
    bucket = unique("bucket")
    account.client("s3").create_bucket(Bucket=bucket)
    return bucket


def explained(account: Account, call: Callable[..., object], **parameters: Any) -> Explanation:
    """Make a call that must be refused, and have the refusal explained."""
    with pytest.raises(ClientError) as refused:
        call(**parameters)
    return explain(account, refused.value)
