"""Takes the workshop's things out of the account again, in the order that AWS wants, known by their names."""

import re
import shutil
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from helpers.account import Account
from helpers.lessons.workshop.audit import read_details

if TYPE_CHECKING:
    from types_boto3_iam import IAMClient


def clear(account: Account, number: int | None = None) -> Counter[str]:
    """Deletes whatever has a fault's number in its name; of all faults, when no number is given.

    Returns:
        How many things of each kind were deleted: of "users", "roles", and so on.
    """
    ours = re.compile(rf"workshop-{r'[0-9]{2}' if number is None else f'{number:02}'}-")
    iam = account.client("iam")
    details = read_details(iam)
    deleted = Counter[str]()
    for user in _ours(ours, details["UserDetailList"], "UserName"):
        _delete_user(iam, user)
        deleted["users"] += 1
    for role in _ours(ours, details["RoleDetailList"], "RoleName"):
        _take_policies(iam, "Role", role)
        iam.delete_role(RoleName=role["RoleName"])
        deleted["roles"] += 1
    for group in _ours(ours, details["GroupDetailList"], "GroupName"):
        for member in iam.get_group(GroupName=group["GroupName"])["Users"]:
            iam.remove_user_from_group(GroupName=group["GroupName"], UserName=member["UserName"])
        _take_policies(iam, "Group", group)
        iam.delete_group(GroupName=group["GroupName"])
        deleted["groups"] += 1
    for policy in _ours(ours, details["Policies"], "Arn"):
        _delete_policy(iam, policy)
        deleted["managed policies"] += 1
    for bucket in _ours(ours, account.client("s3").list_buckets()["Buckets"], "Name"):
        _delete_bucket(account, bucket["Name"])
        deleted["buckets"] += 1
    folder = account.folder / "workshop"
    shutil.rmtree(folder if number is None else folder / f"{number:02}", ignore_errors=True)
    return deleted


def _delete_user(iam: "IAMClient", user: Mapping[str, Any]) -> None:
    name = user["UserName"]
    for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
        iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    for group in user["GroupList"]:
        iam.remove_user_from_group(GroupName=group, UserName=name)
    _take_policies(iam, "User", user)
    iam.delete_user(UserName=name)


def _take_policies(iam: Any, kind: str, entity: Mapping[str, Any]) -> None:
    """Deletes the inline policies of a "User", "Role" or "Group", and detaches the managed ones."""
    of_whom = {f"{kind}Name": entity[f"{kind}Name"]}
    for policy in entity.get(f"{kind}PolicyList", []):
        getattr(iam, f"delete_{kind.lower()}_policy")(PolicyName=policy["PolicyName"], **of_whom)
    for attached in entity["AttachedManagedPolicies"]:
        getattr(iam, f"detach_{kind.lower()}_policy")(PolicyArn=attached["PolicyArn"], **of_whom)


def _delete_policy(iam: "IAMClient", policy: Mapping[str, Any]) -> None:
    for version in policy["PolicyVersionList"]:
        if not version["IsDefaultVersion"]:
            iam.delete_policy_version(PolicyArn=policy["Arn"], VersionId=version["VersionId"])
    iam.delete_policy(PolicyArn=policy["Arn"])


def _delete_bucket(account: Account, name: str) -> None:
    s3 = account.client("s3")
    for stored in s3.list_objects_v2(Bucket=name).get("Contents", []):
        s3.delete_object(Bucket=name, Key=stored["Key"])
    s3.delete_bucket(Bucket=name)


def _ours(ours: re.Pattern[str], things: Any, name: str) -> list[Mapping[str, Any]]:
    """The things whose name, which is the last part of an ARN, begins as the workshop's do."""
    return [thing for thing in things if ours.match(thing[name].rpartition("/")[2])]
