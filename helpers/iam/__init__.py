"""Roles, users, access keys and policies: the IAM steps of the tutorial, with boto3.

Each function takes an IAM client first. Creating what this tutorial made already is quiet and changes nothing;
so is deleting what is gone. What the tutorial did not make (known by its tag) is never changed or deleted.
"""

from helpers.iam.access_keys import activate_access_key, create_access_key, delete_access_key, list_access_key_ids
from helpers.iam.managed_policies import AMAZON_EC2_READ_ONLY_ACCESS, AMAZON_S3_FULL_ACCESS, add_to_managed_policy
from helpers.iam.names import entity_named, look_alikes, made, refuse_taken_name
from helpers.iam.roles import (
    attach_role_policy,
    create_role,
    delete_role,
    find_role,
    get_role,
    list_role_arns,
    put_role_policy,
    role_removals,
    trust_principal,
)
from helpers.iam.shown import AccessKey, Deleted, Role, User
from helpers.iam.tags import TAG_KEY, TAG_VALUE, NameTakenError, is_ours
from helpers.iam.users import (
    create_user,
    delete_user,
    delete_user_policy,
    find_user,
    get_user,
    list_user_arns,
    put_user_policy,
    user_removals,
)

__all__ = [
    "AMAZON_EC2_READ_ONLY_ACCESS",
    "AMAZON_S3_FULL_ACCESS",
    "TAG_KEY",
    "TAG_VALUE",
    "AccessKey",
    "Deleted",
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
    "delete_role",
    "delete_user",
    "delete_user_policy",
    "entity_named",
    "find_role",
    "find_user",
    "get_role",
    "get_user",
    "is_ours",
    "list_access_key_ids",
    "list_role_arns",
    "list_user_arns",
    "look_alikes",
    "made",
    "put_role_policy",
    "put_user_policy",
    "refuse_taken_name",
    "role_removals",
    "trust_principal",
    "user_removals",
]
