"""Roles, users, access keys and policies: the IAM steps of the tutorial, with boto3.

Each function takes an IAM client first. Creating what this tutorial made already is quiet and changes nothing;
so is deleting what is gone. What the tutorial did not make (known by its tag) is never changed or deleted.
"""

from helpers.iam.access_keys import activate_access_key, create_access_key, delete_access_key, list_access_key_ids
from helpers.iam.made import delete_made, list_made
from helpers.iam.managed_policies import AMAZON_EC2_READ_ONLY_ACCESS, AMAZON_S3_FULL_ACCESS, add_to_managed_policy
from helpers.iam.roles import (
    attach_role_policy,
    create_role,
    delete_role,
    find_role,
    get_role,
    list_role_arns,
    put_role_policy,
    trust_principal,
)
from helpers.iam.shown import AccessKey, Deleted, Made, Role, User
from helpers.iam.tags import TAG_KEY, TAG_VALUE, NameTakenError
from helpers.iam.users import create_user, delete_user, find_user, get_user, list_user_arns, put_user_policy

__all__ = [
    "AMAZON_EC2_READ_ONLY_ACCESS",
    "AMAZON_S3_FULL_ACCESS",
    "TAG_KEY",
    "TAG_VALUE",
    "AccessKey",
    "Deleted",
    "Made",
    "NameTakenError",
    "Role",
    "User",
    "activate_access_key",
    "add_to_managed_policy",
    "attach_role_policy",
    "create_access_key",
    "create_role",
    "create_user",
    "delete_access_key",
    "delete_made",
    "delete_role",
    "delete_user",
    "find_role",
    "find_user",
    "get_role",
    "get_user",
    "list_access_key_ids",
    "list_made",
    "list_role_arns",
    "list_user_arns",
    "put_role_policy",
    "put_user_policy",
    "trust_principal",
]
