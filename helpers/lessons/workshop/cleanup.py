"""Take the workshop's things out of the account again, known by their names."""

import re
import shutil
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from helpers.account import Account
from helpers.inventory.removals import bucket_removals, carry_out, entity_removals
from helpers.lessons.workshop.audit import read_details

if TYPE_CHECKING:
    from types_boto3_iam import IAMClient


def clear(account: Account, number: int | None = None) -> Counter[str]:
    """Delete whatever has a fault's number in its name; of all faults, when no number is given.

    Returns:
        How many things of each kind were deleted: of "users", "roles", and so on.
    """
    ours = re.compile(rf"workshop-{r'[0-9]{2}' if number is None else f'{number:02}'}-")
    iam, s3 = account.client("iam"), account.client("s3")
    details = read_details(iam)
    deleted = Counter[str]()
    for user in _ours(ours, details["UserDetailList"], "UserName"):
        carry_out(entity_removals(iam, "user", user["UserName"]))
        deleted["users"] += 1
    for role in _ours(ours, details["RoleDetailList"], "RoleName"):
        carry_out(entity_removals(iam, "role", role["RoleName"]))
        deleted["roles"] += 1
    for group in _ours(ours, details["GroupDetailList"], "GroupName"):
        carry_out(entity_removals(iam, "group", group["GroupName"]))
        deleted["groups"] += 1
    for policy in _ours(ours, details["Policies"], "Arn"):
        _delete_policy(iam, policy)
        deleted["managed policies"] += 1
    for bucket in _ours(ours, s3.list_buckets()["Buckets"], "Name"):
        carry_out(bucket_removals(s3, bucket["Name"]))
        deleted["buckets"] += 1
    folder = account.folder / "workshop"
    shutil.rmtree(folder if number is None else folder / f"{number:02}", ignore_errors=True)
    return deleted


def _delete_policy(iam: "IAMClient", policy: Mapping[str, Any]) -> None:
    for version in policy["PolicyVersionList"]:
        if not version["IsDefaultVersion"]:
            iam.delete_policy_version(PolicyArn=policy["Arn"], VersionId=version["VersionId"])
    iam.delete_policy(PolicyArn=policy["Arn"])


def _ours(ours: re.Pattern[str], things: Any, name: str) -> list[Mapping[str, Any]]:
    """Return the things whose name, which is the last part of an ARN, begins as the workshop's do."""
    return [thing for thing in things if ours.match(thing[name].rpartition("/")[2])]
