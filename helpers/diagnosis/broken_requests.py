"""Refusals that no policy decides: credentials that AWS does not take, and requests that break a rule.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html
"""

import re

from botocore.exceptions import ClientError

from helpers.clients.calls import Call, OpenAccount
from helpers.diagnosis.access_keys import KnownKey, look_up
from helpers.diagnosis.explanation import Explanation, NextStep
from helpers.diagnosis.live_policies import read_resource
from helpers.diagnosis.refusals import CredentialFault
from helpers.evaluation.decisions import Verdict


def explain_credentials(account: OpenAccount, fault: CredentialFault, call: Call | None) -> Explanation:
    """Says why AWS does not take some credentials.

    Args:
        account: the open account, in which the key is looked up.
        fault: what AWS found wrong.
        call: the call; None when another client than this account's made it.
    """
    key = look_up(account, call.access_key_id) if call else None
    reason, next_step = _FAULTS[fault](key)
    return Explanation(
        question=f"the call {call.operation}" if call else "a call with these credentials",
        verdict=Verdict.IMPLICIT_DENY,
        decided_by="credentials",
        reason=f"{reason} No policy was asked.",
        next_step=next_step,
    )


# --- the key


def _unknown(key: KnownKey | None) -> tuple[str, NextStep]:
    if key is None:
        reason = "AWS does not know this access key, it is inactive, or it is a temporary one without its token."
        return reason, NextStep("See which key the program uses.", cli="aws configure list")
    if key.is_temporary:
        reason = f"The {key} is a temporary one, and it came without its session token, or with a wrong one."
        return reason, NextStep(
            "Pass all three parts: access key id, secret access key and session token.",
            cli="export AWS_SESSION_TOKEN=<session-token>",
        )
    if key.status == "Inactive":
        named = f"--user-name {key.user_name} --access-key-id <access-key-id>"
        return f"The {key} of user {key.user_name} is inactive.", NextStep(
            "Ask who switched the key off, and why; then switch it on, or make a new one.",
            console=f"IAM → Users → {key.user_name} → Security credentials → Access keys → Actions → Activate",
            cli=f"aws iam update-access-key {named} --status Active",
            python=f'iam.activate_access_key(account.client("iam"), user_name="{key.user_name}", '
            f'last_four="{key.access_key_id[-4:]}")',
        )
    if key.status == "Active":
        reason = f"The {key} of user {key.user_name} is there and active now: it had not reached all of AWS."
        return reason, NextStep("Try again.")
    return f"There is no {key} in your account: it was deleted, or mistyped.", NextStep(
        "Make a new access key for the user, and put it where the program looks for it.",
        console="IAM → Users → the user → Security credentials → Create access key",
        cli="aws iam create-access-key --user-name <user-name>",
    )


def _wrong_secret(key: KnownKey | None) -> tuple[str, NextStep]:
    user_name = key.user_name if key and key.user_name else None
    which = f"The {key} of user {user_name} is known" if user_name else "The access key is known"
    return f"{which}, and the secret access key that signed the call is not the one that belongs to it.", NextStep(
        "Put both halves of one key where the program looks for them. A secret that is lost cannot be looked up: "
        "make a new key.",
        console=f"IAM → Users → {user_name or 'the user'} → Security credentials → Create access key",
        cli=f"aws iam create-access-key --user-name {user_name or '<user-name>'}",
        python=f'iam.create_access_key(account.client("iam"), user_name="{user_name}")' if user_name else "",
    )


def _expired(key: KnownKey | None) -> tuple[str, NextStep]:
    which = f"The {key}" if key else "The temporary key"
    return f"{which} has expired: a session ends, and nothing prolongs it.", NextStep(
        "Assume the role again; a profile with role_arn does that by itself, whenever it has to.",
        cli="aws sts assume-role --role-arn <role-arn> --role-session-name <name>",
    )


def _no_credentials(key: KnownKey | None) -> tuple[str, NextStep]:
    return "The call was not signed at all.", NextStep("Give the program credentials.", cli="aws configure list")


_FAULTS = {
    "unknown key": _unknown,
    "wrong secret": _wrong_secret,
    "expired": _expired,
    "no credentials": _no_credentials,
}


# --- the request


def explain_request(account: OpenAccount, error: ClientError, call: Call | None) -> Explanation:
    """Says which rule a request breaks, where it is one of those that learners of roles run into.

    Raises:
        ValueError: it is another error, which is none of permissions.
    """
    told = error.response["Error"]
    message = told.get("Message", "")
    found = _duration(account, message, call) or _document(told["Code"], message) or _session_name(message)
    if found is None:
        wanted = "explain() is for refusals: AccessDenied, credentials that AWS does not take, and policies it rejects"
        raise ValueError(f"{wanted}. This is {told['Code']}: {message}")
    reason, next_step = found
    return Explanation(
        question=f"the call {call.operation}" if call else error.operation_name,
        verdict=Verdict.IMPLICIT_DENY,
        decided_by="request",
        reason=f"{reason} No policy was asked." if told["Code"] != "MalformedPolicyDocument" else reason,
        next_step=next_step,
    )


def _duration(account: OpenAccount, message: str, call: Call | None) -> tuple[str, NextStep] | None:
    if "role chaining" in message:
        return "A role assumed with another role's session lasts an hour at most.", NextStep(
            "Ask for 3600 seconds or less; in a profile, the setting is duration_seconds."
        )
    if "MaxSessionDuration" not in message:
        return None
    if call is None:
        return "The call asks for a longer session than the role allows.", NextStep("Ask for a shorter session.")
    arn = call.parameters["RoleArn"]
    limit = read_resource(account, arn).max_session_seconds
    return (
        f"The call asks for {call.parameters['DurationSeconds']} seconds, and the role allows {limit} at most.",
        NextStep(
            f"Ask for {limit} seconds or less; in a profile, the setting is duration_seconds. Only where that is too "
            "short, have the role's maximum raised.",
            console="IAM → Roles → the role → Edit → Maximum session duration",
            cli=f"aws sts assume-role --role-arn {arn} --role-session-name test --duration-seconds {limit}",
            python=f'sts.assume_role(account.client("sts", key), role_arn="{arn}", session_name="test", '
            f"duration_seconds={limit})",
        ),
    )


_DELETED = (
    "The trust policy still has the id of a user or role that was deleted, and AWS does not save that again.",
    NextStep("Take the statement with that id out, or put an ARN in its place, and save again."),
)
_DOCUMENT_FAULTS = {
    "should not specify a principal": (
        "A policy on a user, group or role says what its owner may do, so it names no Principal. "
        "This one is a trust policy: it belongs on the role.",
        NextStep(
            "Put it into the role's trust policy.",
            console="IAM → Roles → the role → Trust relationships → Edit trust policy",
            cli="aws iam update-assume-role-policy --role-name <role-name> --policy-document file://trust.json",
        ),
    ),
    "Has prohibited field Resource": (
        "A trust policy is about its own role, so it has no Resource. This one belongs on the user.",
        NextStep(
            "Put it on the user, as an inline policy.",
            console="IAM → Users → the user → Permissions → Add permissions → Create inline policy → JSON",
            cli="aws iam put-user-policy --user-name <user-name> --policy-name <name> "
            "--policy-document file://policy.json",
        ),
    ),
    '"AWS":"AIDA': _DELETED,
    '"AWS":"AROA': _DELETED,
    "Invalid principal in policy": (
        "The trust policy names a user or role that does not exist, or an ARN with a wildcard in it.",
        NextStep("Copy the ARN again from the user's page.", cli='aws iam list-users --query "Users[].Arn"'),
    ),
    "must be in ARN format": (
        "A Resource of the policy is no ARN: a placeholder was left in, or a name stands there.",
        NextStep("Put the whole ARN there.", cli='aws iam list-roles --query "Roles[].Arn"'),
    ),
}


def _document(code: str, message: str) -> tuple[str, NextStep] | None:
    if code not in ("MalformedPolicyDocument", "MalformedPolicy"):
        return None
    known = (told for words, told in _DOCUMENT_FAULTS.items() if words in message)
    return next(known, (f"AWS does not accept the policy document: {message}", NextStep("Mend the document.")))


def _session_name(message: str) -> tuple[str, NextStep] | None:
    if not re.search("'roleSessionName' failed", message):
        return None
    return "The session's name has a character that AWS does not allow, or the wrong length.", NextStep(
        "Use 2 to 64 letters, digits and +=,.@_- for the session's name."
    )
