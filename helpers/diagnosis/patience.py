"""Whether AWS's answer will change by itself: a change that has not reached all of AWS, or an answer for good.

What decides is the account as IAM reads it now: it shows a change before all of AWS goes by it.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html#troubleshoot_general_eventual-consistency
"""

from collections.abc import Collection
from typing import Any

from botocore.exceptions import ClientError

from helpers import iam
from helpers.clients.calls import Call, call_of
from helpers.clients.error_codes import FORBIDDEN, REFUSED, UNKNOWN_KEY, code_of
from helpers.clients.polling import NOT_YET
from helpers.diagnosis.access_keys import look_up
from helpers.diagnosis.live_decision import decide_live
from helpers.diagnosis.needed import needed_by
from helpers.diagnosis.refusals import Refusal, read_refusal
from helpers.evaluation.decisions import Verdict
from helpers.sts import RoleSession, who_am_i

GRACE_SECONDS = 2.0
"""How long an answer for good is not believed: what IAM reads may be late too."""

_READABLE = (None, "identity-based policy", "permissions boundary", "resource-based policy", "role trust policy")


def patience_with_error(error: ClientError) -> float:
    """Tell how many seconds an error of AWS's is worth waiting for.

    Returns:
        `NOT_YET` where the account as it is read now should not give this error, or where that cannot be told; the
        grace where it should; 0 for an error that no waiting mends, throttling included.
    """
    call = call_of(error)
    if code_of(error) in REFUSED:
        return GRACE_SECONDS if call and _allowed(call, read_refusal(error)) is False else NOT_YET
    if call and code_of(error) in UNKNOWN_KEY:
        return NOT_YET if _is_active(call) else GRACE_SECONDS
    return iam.patience_with_principal(error)


def patience_with_success(call: Call | None, codes: Collection[str]) -> float:
    """Tell how many seconds to wait for a call to be refused that went through.

    Args:
        call: the call; None where that is not known.
        codes: the codes of the refusal that is waited for.

    Returns:
        `NOT_YET` where the account as it is read now refuses the call for such a reason; else 0.
    """
    if call is None:
        return 0
    is_forbidden = not FORBIDDEN.isdisjoint(codes) and _allowed(call, Refusal()) is False
    is_without_key = not UNKNOWN_KEY.isdisjoint(codes) and _is_active(call) is False
    return NOT_YET if is_forbidden or is_without_key else 0


def _allowed(call: Call, refusal: Refusal) -> bool | None:
    """Tell whether the policies, as they are read now, allow a call; None where that cannot be told."""
    if (refusal.denies or refusal.allows) not in _READABLE:
        return False
    try:
        caller = refusal.caller or who_am_i(call.account.client("sts", call.signer)).arn
        action, resource = refusal.action, refusal.resource
        if action is None:
            needed = needed_by(call, caller)
            if not needed:
                return None
            action, resource = needed[0].action, needed[0].resource
        verdict = decide_live(call.account, principal=caller, action=action, resource=resource, call=call).verdict
    except (LookupError, ValueError):  # IAM does not show this caller, or not yet
        return None
    except ClientError as error:
        if code_of(error) not in UNKNOWN_KEY:
            raise
        return None
    return None if verdict is None else verdict is Verdict.ALLOWED


def _is_active(call: Call) -> bool | None:
    """Tell whether the key that signed a call is listed as active.

    Of temporary keys there is no list: those of a deleted role are not active, of the others this returns None.
    """
    client = call.account.client("iam")
    if isinstance(call.signer, RoleSession):
        try:
            client.get_role(RoleName=call.signer.arn.split("/")[1])
        except client.exceptions.NoSuchEntityException:
            return False
    if call.is_by_temporary_key:
        return None
    if not isinstance(call.signer, iam.AccessKey):
        return look_up(call.account, call.access_key_id).status == "Active"
    try:
        listed: Any = client.list_access_keys(UserName=call.signer.user_name)["AccessKeyMetadata"]
    except client.exceptions.NoSuchEntityException:
        return False
    return any(key["AccessKeyId"] == call.access_key_id and key["Status"] == "Active" for key in listed)
