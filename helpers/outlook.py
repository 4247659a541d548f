"""Whether AWS's answer will change by itself: a change that has not reached all of AWS, or an answer for good.

What decides is the account as IAM reads it now: it shows a change before all of AWS goes by it.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html#troubleshoot_general_eventual-consistency
"""

import re
from collections.abc import Collection
from typing import Any

from botocore.exceptions import ClientError

from helpers import iam
from helpers.account import Account
from helpers.arns import parse_arn
from helpers.asked import Asked, asked_by
from helpers.attempts import KEY_CODES, REFUSAL_CODES
from helpers.condition_keys import keys_of_call
from helpers.decisions import Verdict
from helpers.explain import explain
from helpers.explain.access_keys import look_up
from helpers.explain.refusals import Refusal, read_refusal
from helpers.live_policies import REFUSED
from helpers.sts import who_am_i
from helpers.waiting import NOT_YET

GRACE_SECONDS = 2.0
"""How long an answer for good is not believed: what IAM reads may be late too."""

_INVALID_PRINCIPAL = re.compile(r'Invalid principal in policy: "AWS":"(?P<arn>[^"]+)"')
_READABLE = (None, "identity-based policy", "permissions boundary", "resource-based policy", "role trust policy")
_S3_ACTIONS = {
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListBuckets": "ListAllMyBuckets",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
}


def patience_with_error(error: ClientError) -> float:
    """How many seconds an error of AWS's is worth waiting for.

    Returns:
        `NOT_YET` where the account as it is read now should not give this error, or where that cannot be told; the
        grace where it should; 0 for an error that no waiting mends, throttling included.
    """
    told, asked = error.response["Error"], asked_by(error)
    if told["Code"] in REFUSED:
        return GRACE_SECONDS if asked and _allow(asked, read_refusal(error) or Refusal()) is False else NOT_YET
    if asked and told["Code"] in KEY_CODES:
        return NOT_YET if _is_active(asked) else GRACE_SECONDS
    unknown = _INVALID_PRINCIPAL.search(told.get("Message", ""))
    return NOT_YET if asked and unknown and _exists(asked.account, unknown["arn"]) else 0


def patience_with_success(asked: Asked | None, codes: Collection[str]) -> float:
    """How many seconds to wait for a call to be refused that went through.

    Args:
        asked: the call; None where that is not known.
        codes: the codes of the refusal that is waited for.

    Returns:
        `NOT_YET` where the account as it is read now refuses the call for such a reason; else 0.
    """
    if asked is None:
        return 0
    is_forbidden = not REFUSAL_CODES.isdisjoint(codes) and _allow(asked, Refusal()) is False
    is_without_key = not KEY_CODES.isdisjoint(codes) and _is_active(asked) is False
    return NOT_YET if is_forbidden or is_without_key else 0


def _allow(asked: Asked, refusal: Refusal) -> bool | None:
    """Whether the policies, as they are read now, allow a call; None where that cannot be told."""
    if (refusal.denies or refusal.allows) not in _READABLE:
        return False
    action, resource = (refusal.action, refusal.resource) if refusal.action else _needed(asked)
    if action is None:
        return None
    context = keys_of_call(asked.service, asked.parameters)
    try:
        caller = refusal.caller or who_am_i(asked.account.client("sts", asked.signer)).arn
        verdict = explain(asked.account, principal=caller, action=action, resource=resource, context=context).verdict
    except (LookupError, ValueError):  # IAM does not show this caller, or not yet
        return None
    except ClientError as error:
        if error.response["Error"]["Code"] not in KEY_CODES:
            raise
        return None
    return None if verdict is None else verdict is Verdict.ALLOWED


def _needed(asked: Asked) -> tuple[str | None, str]:
    """The action and the resource of a call; no action where the call does not tell which resource it is on."""
    action = f"{asked.service}:{asked.operation}"
    if asked.operation == "AssumeRole":
        return action, asked.parameters["RoleArn"]
    if asked.service == "s3":
        action = f"s3:{_S3_ACTIONS.get(asked.operation, asked.operation)}"
        path = "/".join(asked.parameters[name] for name in ("Bucket", "Key") if name in asked.parameters)
        return action, f"arn:aws:s3:::{path or '*'}"
    return (None if asked.parameters else action), "*"


def _is_active(asked: Asked) -> bool | None:
    """Whether the key that signed a call is listed as active; None for a temporary one, of which there is no list."""
    if asked.access_key_id.startswith("ASIA"):
        return None
    if not isinstance(asked.signer, iam.AccessKey):
        return look_up(asked.account, asked.access_key_id).status == "Active"
    client = asked.account.client("iam")
    try:
        listed: Any = client.list_access_keys(UserName=asked.signer.user_name)["AccessKeyMetadata"]
    except client.exceptions.NoSuchEntityException:
        return False
    return any(key["AccessKeyId"] == asked.access_key_id and key["Status"] == "Active" for key in listed)


def _exists(account: Account, principal: str) -> bool:
    """Whether a user or role is in one of the accounts that are yours, so far as you may read it."""
    try:
        arn = parse_arn(principal)
    except ValueError:
        return False
    owner = account.of(arn.account_id)
    if owner is None or arn.resource_type not in ("user", "role"):
        return False
    client = owner.client("iam")
    try:
        if arn.resource_type == "user":
            return bool(client.get_user(UserName=arn.name)["User"]["Arn"] == principal)
        return bool(client.get_role(RoleName=arn.name)["Role"]["Arn"] == principal)
    except ClientError as error:
        if error.response["Error"]["Code"] not in REFUSED | {"NoSuchEntity"}:
            raise
        return error.response["Error"]["Code"] in REFUSED
