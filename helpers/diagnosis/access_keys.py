"""Whose an access key is, and whether it is active, as far as your accounts know.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccessKeyLastUsed.html
"""

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from helpers.clients.calls import OpenAccount
from helpers.clients.error_codes import REFUSED, code_of
from helpers.secrecy import mask


@dataclass(frozen=True)
class KnownKey:
    """What your accounts know about an access key.

    Attributes:
        access_key_id: its id, shown masked.
        user_name: whose it is; None where no account of yours knows it, as for every temporary key.
        user_arn: that user's ARN.
        status: "Active" or "Inactive"; None where it is not there.
    """

    access_key_id: str
    user_name: str | None = None
    user_arn: str | None = None
    status: str | None = None

    @property
    def is_temporary(self) -> bool:
        """Whether it is a session's key, which IAM keeps no list of."""
        return self.access_key_id.startswith("ASIA")

    def __str__(self) -> str:
        """Return the key, masked."""
        return f"access key {mask(self.access_key_id)}"


def look_up(account: OpenAccount, access_key_id: str) -> KnownKey:
    """Look a key up in the accounts that are yours.

    Args:
        account: the open account.
        access_key_id: the id of the key.
    """
    found = KnownKey(access_key_id)
    for owner in (account, *account.others) if not found.is_temporary else ():
        iam = owner.client("iam")
        try:
            user_name = iam.get_access_key_last_used(AccessKeyId=access_key_id)["UserName"]
            user: Any = iam.get_user(UserName=user_name)["User"]
            keys: Any = iam.list_access_keys(UserName=user_name)["AccessKeyMetadata"]
        except ClientError as error:
            if code_of(error) not in (*REFUSED, "NoSuchEntity"):
                raise
            continue
        status = next((key["Status"] for key in keys if key["AccessKeyId"] == access_key_id), None)
        return KnownKey(access_key_id, user_name, user["Arn"], status)
    return found
