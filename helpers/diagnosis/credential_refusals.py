"""Refusals of the credentials: an MFA code, a key, its token, a clock or a session that AWS does not take.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html
"""

import re
from collections.abc import Callable

from botocore.utils import parse_timestamp

from helpers.clients.calls import Call, OpenAccount
from helpers.diagnosis.access_keys import KnownKey, look_up
from helpers.diagnosis.explanation import Decider, NextStep, Told, before_policies
from helpers.diagnosis.refusals import Refusal

# Regions that an account has to opt in to before they know its keys.
# https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html
_OPT_IN_REGIONS = frozenset(
    [
        "af-south-1",
        "ap-east-1",
        "ap-east-2",
        "ap-south-2",
        "ap-southeast-3",
        "ap-southeast-4",
        "ap-southeast-5",
        "ap-southeast-6",
        "ap-southeast-7",
        "ca-west-1",
        "eu-central-2",
        "eu-south-1",
        "eu-south-2",
        "il-central-1",
        "me-central-1",
        "me-south-1",
        "mx-central-1",
    ]
)
_IS_PRESIGNED = re.compile(
    r"X-Amz-(?:Signature=|Expires)|[?&]Expires=\d|presigned|StringToSign>(?:(?!</StringToSign).)*?\s\d{10}\s",
    re.IGNORECASE | re.DOTALL,
)
"""A URL that was signed beforehand: by what it carries or, in version 2, by an end in seconds that was signed too."""
_NOT_VALIDATED = "validate the provided access credentials"
_ACCESS_KEY_ID = re.compile(r"A[KS]IA[A-Z0-9]{12,}")


# --- MFA


def _mfa(account: OpenAccount, refusal: Refusal, call: Call | None) -> Told | None:
    if not refusal.says("MultiFactorAuthentication failed"):
        return None
    named = re.search(r"arn:aws[a-z-]*:iam::\d{12}:user/[\w+=,.@/-]+", refusal.message)
    serial = str(call.parameters.get("SerialNumber", "")) if call else named[0] if named else ""
    if ":user/" in serial:
        return before_policies(f"{serial} is a user's ARN, and no MFA device's."), NextStep(
            "Pass the ARN of the device, which has :mfa/ in it.",
            console="IAM → Users → the user → Security credentials → Multi-factor authentication",
            cli=f"aws iam list-mfa-devices --user-name {serial.rpartition('/')[2]}",
        )
    if refusal.says("must provide both"):
        return before_policies("The call has only half of it: a device and its code go together."), NextStep(
            "Pass the serial number of the device and its code.",
            cli="aws sts get-session-token --serial-number <device-arn> --token-code <six-digits>",
        )
    if refusal.says("unable to validate.*serial number") and call and call.is_by_temporary_key:
        reason = "The call was signed with a session, and only a user has an MFA device: a session has none."
        return before_policies(reason), NextStep(
            "Sign the call with the user's own access key, and pass the user's device and a code; or let the first "
            "session be opened with MFA."
        )
    if refusal.says("unable to validate.*serial number"):
        return (
            before_policies(
                "The MFA device is not one of the user whose key signed the call; a role's session has none at all."
            ),
            NextStep("Pass the ARN of the user's own device.", cli="aws iam list-mfa-devices --user-name <user-name>"),
        )
    return (
        before_policies(
            "The code is wrong: mistyped, too old, or used already, for a code is good once and for half a minute."
        ),
        NextStep(
            "Wait for the next code, and pass it. If each is refused, the device's clock is off: resync it.",
            console="IAM → Users → the user → Security credentials → Multi-factor authentication → Resync",
        ),
    )


# --- sessions that may not make this call


def _anonymous(account: OpenAccount, refusal: Refusal, call: Call | None) -> Told | None:
    if refusal.caller != "anonymous":
        return None
    reason = "The call came without credentials: only a resource's policy that names everyone lets such a caller in."
    return reason, NextStep(
        "Have the program sign its calls: a plain HTTP client signs none, also where the program has credentials, as "
        "in a function or on an instance with a role. Or ask the resource's owner to let its address in."
    )


def _federated(account: OpenAccount, refusal: Refusal, call: Call | None) -> Told | None:
    """Tell what a federated user's session can never do.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_getfederationtoken.html
    """
    if ":federated-user/" not in (refusal.caller or "") or not (refusal.action or "").startswith(("iam:", "sts:")):
        return None
    reason = "A federated user's session takes no calls of IAM, and none of STS but GetCallerIdentity, whatever the"
    return before_policies(f"{reason} policies say."), NextStep(
        "Sign the call with the user's own access key, or with a role's session."
    )


def _with_session_credentials(account: OpenAccount, refusal: Refusal, call: Call | None) -> Told | None:
    found = re.search(r"Cannot call (\w+) with session credentials", refusal.message)
    if found is None:
        return None
    return before_policies(
        f"{found[1]} wants a user's long-term access key, and the call was signed with a session's."
    ), NextStep(
        "Sign the call with the user's own access key; with a session, assume a role instead, or use the session as it "
        "is.",
        cli="aws configure list",
    )


# --- the clock


def _clock(account: OpenAccount, refusal: Refusal, call: Call | None) -> Told | None:
    if refusal.code != "RequestTimeTooSkewed" and not refusal.says("Signature expired|Signature not yet current"):
        return None
    clock = "the clock of the machine that signed the call is wrong"
    late = "or the call was signed that long before it got there: a slow or queued upload, a program that stood still"
    ahead = _minutes_ahead(refusal)
    is_ahead = refusal.says("Signature not yet current") or (ahead is not None and ahead > 0)
    by = f" The call was dated {abs(ahead)} minutes {'after' if ahead > 0 else 'before'} AWS's time." if ahead else ""
    return (
        before_policies(
            f"AWS takes a signature for a quarter of an hour at most, by its own clock.{by} "
            f"{f'Here, {clock}.' if is_ahead else f'Either {clock}, {late}.'} The key and its secret may well be right."
        ),
        NextStep(
            "Set the machine's clock (time synchronization), and make the call again."
            f"{'' if is_ahead else ' If the clock is right: sign right before sending, and fewer calls at once.'}",
            cli="date -u",
        ),
    )


def _minutes_ahead(refusal: Refusal) -> int | None:
    """Read by how many minutes a call was dated after AWS's time, where the answer has both times, as S3's has."""
    times = dict(re.findall(r"<(RequestTime|ServerTime)>(\d[\dT:.-]+Z)<", refusal.message))
    if len(times) < 2:
        return None
    try:
        ahead = parse_timestamp(times["RequestTime"]) - parse_timestamp(times["ServerTime"])
    except ValueError:  # these are no times
        return None
    return round(ahead.total_seconds() / 60)


# --- the key


def _credentials(account: OpenAccount, refusal: Refusal, call: Call | None) -> Told | None:
    fault = refusal.credential_fault
    if fault is None:
        return None
    if not call and fault == "unknown key" and (refusal.code == "AuthFailure" or refusal.says(_NOT_VALIDATED)):
        return _not_validated(refusal)
    key = look_up(account, call.access_key_id) if call and _ACCESS_KEY_ID.fullmatch(call.access_key_id) else None
    if fault == "malformed key" or (call and not key):
        reason, next_step = _swapped(refusal)
    elif fault == "unknown key":
        reason, next_step = _unknown(account, key, refusal, call)
    elif fault == "wrong secret":
        reason, next_step = _wrong_secret(key) if call else _other_signature(refusal)
    elif fault == "expired":
        reason, next_step = _expired(key, refusal, call)
    else:
        reason, next_step = (
            "The program found no credentials where it looked, so the call was not signed.",
            NextStep(
                "Give the program credentials where it looks. On your machine: a profile with a sign-in or a key, or "
                "environment variables, for the user and in the container that it runs as. On AWS: a role for the "
                "instance, the task, the function or the pod; a container on an instance also has to reach the "
                "instance's metadata service (hop limit 2). `aws configure list`, run there, tells what is found.",
                cli="aws configure list",
            ),
        )
    return before_policies(reason), next_step


def _swapped(refusal: Refusal) -> Told:
    if re.search(r"Credential= |Credential=[^,/]* /|Credential=%20", refusal.message):
        return "There is a blank in the access key id, as the text shows.", NextStep(
            "Put the id in again, without blanks and line ends.", cli="aws configure list"
        )
    return (
        "What stands where the access key id goes is no access key id: it is perhaps swapped with the secret.",
        NextStep(
            "Put the id (AKIA… or ASIA…, 20 characters) and the secret (40 characters) each in its own place.",
            cli="aws configure list",
        ),
    )


def _unknown(account: OpenAccount, key: KnownKey | None, refusal: Refusal, call: Call | None) -> Told:
    if key is None and re.search(r"\bASIA", refusal.message):
        reason = (
            "The key in the text begins with ASIA, so it is a temporary one: it came without its session token, with a "
        )
        reason += "wrong one, or whoever it was of is gone."
        return reason, NextStep("Pass all three parts: access key id, secret access key and session token.")
    if key is None and _is_of_iam_without_mfa(account, refusal):
        reason = "IAM says so, without a full stop, to a user's session that was opened without MFA, which it never "
        reason += "takes. (Else the key is unknown, inactive, or a temporary one without its token.)"
        return reason, NextStep(
            "Open the session with MFA (mfa_serial in the profile), or call IAM with the user's own key (aws-vault: "
            "--no-session) or with a role's session.",
            cli="aws sts get-session-token --serial-number <device-arn> --token-code <six-digits>",
        )
    if key is None:
        return _unknown_set()
    if key.is_temporary and call and call.service == "iam" and call.has_token:
        reason = f"The {key} is a user's session without MFA, or a federated user's, and IAM takes neither."
        return reason, NextStep(
            "Open the session with MFA, or call IAM with the user's own key or with a role's session.",
            cli="aws sts get-session-token --serial-number <device-arn> --token-code <six-digits>",
        )
    if key.is_temporary:
        reason = f"The {key} is a temporary one, and it came without its session token, or with a wrong one."
        if call and call.has_token:
            reason = f"The session token that came along does not belong to the temporary {key}, or the user or role "
            reason += "behind it was deleted."
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
    if call and call.has_token:
        return _left_over_token(key)
    if key.status == "Active" and call and call.region in _OPT_IN_REGIONS:
        reason = (
            f"The {key} of user {key.user_name} is active; {call.region} knows it only once the account has opted in."
        )
        return reason, NextStep(
            f"Enable the region {call.region} for the account, or use another one.",
            console="Account → AWS Regions",
            cli=f"aws account enable-region --region-name {call.region}",
        )
    if key.status == "Active":
        reason = f"The {key} of user {key.user_name} is there and active now: it had not reached all of AWS."
        return reason, NextStep("Try again.")
    return f"There is no {key} in your account: it was deleted, or mistyped.", NextStep(
        "Make a new access key for the user, and put it where the program looks for it.",
        console="IAM → Users → the user → Security credentials → Create access key",
        cli="aws iam create-access-key --user-name <user-name>",
    )


def _unknown_set() -> Told:
    """Say what can be wrong with a key and a token that AWS does not take, where the text tells no more.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_use-resources.html
    """
    return (
        "AWS does not take the access key id and session token as the program hands them over. Either it does not know "
        "this access key: mistyped, deleted, inactive, something else in its place, or one of another partition "
        "(China, GovCloud); or the token does not go with it: missing beside a temporary key (ASIA…), wrong, or left "
        "over beside a long-term one (AKIA…). It is said too in a region that the account has not enabled.",
        NextStep(
            "See what the program itself hands over, field by field: access key id, secret access key and session "
            "token of one set, none swapped, given twice or left in its code. Then try that very set with "
            "get-caller-identity; what aws configure list tells is what the AWS CLI finds, not always what the program "
            "does. Environment variables win over a profile, but not over one that --profile names. A new key helps "
            "only where this one is gone or off.",
            cli="aws sts get-caller-identity\naws configure list",
        ),
    )


def _not_validated(refusal: Refusal) -> Told:
    """Say all that EC2 can mean by credentials that it could not validate.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
    """
    reason = (
        "EC2 could not validate the credentials, and does not tell why. It can be: an access key id that is not known "
        "or inactive; another key's secret; a session token that is missing, old or another session's; a clock that is "
        "minutes off; a region that the account has not enabled, or that takes no token of STS's global endpoint, as "
        "regions to opt in to do not unless the account chose tokens for all regions; an account that is suspended or "
        "closed."
    )
    if not refusal.says(_NOT_VALIDATED):
        reason = f"{reason} The same code is for what the call names, where that is somebody else's."
    return (
        before_policies(reason) if refusal.says(_NOT_VALIDATED) else reason,
        NextStep(
            "Tell them apart. Ask get-caller-identity with the program's own set of key id, secret and token: STS says "
            "what is wrong with these. Where it answers, see the clock (date -u), and try another region. If nothing "
            "works, sign in to the console, which tells whether the account is active. A new key helps only where the "
            "id or the secret is what is wrong.",
            cli="aws sts get-caller-identity\ndate -u\n"
            'aws account list-regions --query "Regions[].[RegionName, RegionOptStatus]"',
        ),
    )


def _is_of_iam_without_mfa(account: OpenAccount, refusal: Refusal) -> bool:
    """Tell whether IAM's message has no full stop: it has one where the key or its token is not good."""
    of_iam = refusal.operation in account.client("iam").meta.service_model.operation_names
    return of_iam and re.search(r"token included in the request is invalid\s*(?!\.)$", refusal.message) is not None


def _left_over_token(key: KnownKey) -> Told:
    return f"The {key} is a long-term one, and a session token came along: a left-over of another session.", NextStep(
        "Take the token out of the place where the key is: a long-term key has none.",
        cli="unset AWS_SESSION_TOKEN",
    )


def _wrong_secret(key: KnownKey | None) -> Told:
    user_name = key.user_name if key and key.user_name else None
    which = f"The {key} of user {user_name} is known" if user_name else "The access key is known"
    return f"{which}, and the secret access key that signed the call is not the one that belongs to it.", NextStep(
        "Put both halves of one key where the program looks for them. A secret that is lost cannot be looked up: "
        "make a new key.",
        console=f"IAM → Users → {user_name or 'the user'} → Security credentials → Create access key",
        cli=f"aws iam create-access-key --user-name {user_name or '<user-name>'}",
        python=f'iam.create_access_key(account.client("iam"), user_name="{user_name}")' if user_name else "",
    )


def _other_signature(refusal: Refusal) -> Told:
    """Say what can be behind a signature that does not match, where the call is not known.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/signature-v4-troubleshooting.html
    """
    secret = "the secret access key that signed the call is not the one that belongs to the access key"
    request = "what AWS got is not what was signed (another method, header, address or encoding, or a proxy in between)"
    if _IS_PRESIGNED.search(refusal.message):
        return f"For a URL that was signed beforehand, most often {request}; or else {secret}.", NextStep(
            "Compare the request with the one that the URL was made for: method, Content-Type and the other signed "
            "headers, region and host name. If other calls with this key work, its secret is right.",
            cli="aws s3 presign s3://<bucket-name>/<key> --expires-in 3600",
        )
    return f"Either {secret}, or {request}.", NextStep(
        "See whether a plain call works with this key. If not, put both halves of one key where the program looks for "
        "them, or make a new one; if it does, compare what was signed with what was sent.",
        cli="aws sts get-caller-identity",
    )


def _expired(key: KnownKey | None, refusal: Refusal, call: Call | None) -> Told:
    if key and not key.is_temporary and call and call.has_token:
        return _left_over_token(key)
    which = f"The {key}" if key else "The temporary key"
    if key is None and refusal.says("<Code>ExpiredToken</Code>"):
        return f"{which} has expired. A presigned URL ends with the session that signed it, whatever end it says.", (
            NextStep(
                "Sign the URL anew when it is needed; for one that is good for longer, sign it with a key that is: a "
                "session's that lasts as long, or a user's.",
                cli="aws s3 presign s3://<bucket-name>/<key> --expires-in 3600",
            )
        )
    return f"{which} has expired: a session ends, and nothing prolongs it.", NextStep(
        "See where the program finds this session. A profile with role_arn assumes the role again by itself, whenever "
        "it has to: take a session that was put into environment variables out, for they win over the profile. One "
        "put in by hand ends again.",
        cli="aws configure list",
    )


def _region(account: OpenAccount, refusal: Refusal, call: Call | None) -> Told | None:
    if refusal.code == "OptInRequired":
        return before_policies("The account is not signed up for this service, or not in this region."), NextStep(
            "Finish the account's sign-up, or have the service or region switched on there.",
            cli="aws account list-regions",
        )
    if refusal.code != "RegionDisabledException":
        return None
    return "STS is switched off in this region for the account.", NextStep(
        "Use another region, or have STS activated there.", console="IAM → Account settings → Security Token Service"
    )


Rule = Callable[[OpenAccount, Refusal, Call | None], Told | None]
CREDENTIAL_RULES: tuple[tuple[Decider, Rule], ...] = tuple(
    ("credentials", rule)
    for rule in (_mfa, _anonymous, _with_session_credentials, _federated, _clock, _credentials, _region)
)
