"""Access keys: two at most for each user, and the secret of each told once."""

from typing import TYPE_CHECKING

from helpers.iam.shown import AccessKey

if TYPE_CHECKING:
    from types_boto3_iam import IAMClient


def create_access_key(iam: "IAMClient", *, user_name: str) -> AccessKey:
    """Makes a new access key. This is the only moment at which AWS tells its secret.

    Raises:
        ClientError: `LimitExceeded` where the user has two keys already.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html
    """
    key = iam.create_access_key(UserName=user_name)["AccessKey"]
    return AccessKey(user_name, key["AccessKeyId"], key["SecretAccessKey"])


def list_access_key_ids(iam: "IAMClient", *, user_name: str) -> list[str]:
    """The ids of a user's access keys, two at most. Their secrets cannot be read again."""
    pages = iam.get_paginator("list_access_keys").paginate(UserName=user_name)
    return [key["AccessKeyId"] for page in pages for key in page["AccessKeyMetadata"]]


def activate_access_key(iam: "IAMClient", *, user_name: str, last_four: str) -> None:
    """Switches an access key on again, known by the end of its id, as it is shown everywhere.

    Raises:
        LookupError: the user has no such key.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAccessKey.html
    """
    for access_key_id in list_access_key_ids(iam, user_name=user_name):
        if access_key_id.endswith(last_four):
            iam.update_access_key(UserName=user_name, AccessKeyId=access_key_id, Status="Active")
            return
    raise LookupError(f"User {user_name} has no access key whose id ends in {last_four}.")


def delete_access_key(iam: "IAMClient", *, user_name: str, access_key_id: str) -> None:
    """Deactivates and deletes an access key; quiet where it is gone already."""
    try:
        iam.update_access_key(UserName=user_name, AccessKeyId=access_key_id, Status="Inactive")
        iam.delete_access_key(UserName=user_name, AccessKeyId=access_key_id)
    except iam.exceptions.NoSuchEntityException:
        return
