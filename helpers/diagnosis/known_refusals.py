"""Refusals that no policy decides: credentials that AWS does not take, and requests that break a rule.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html
"""

import re
from collections.abc import Callable

from helpers.clients.calls import Call, OpenAccount
from helpers.diagnosis.access_keys import KnownKey, look_up
from helpers.diagnosis.explanation import Decider, Explanation, NextStep, Told
from helpers.diagnosis.live_policies import read_resource
from helpers.diagnosis.refusals import Refusal
from helpers.diagnosis.service_refusals import explain_by_words
from helpers.evaluation.decisions import Verdict
from helpers.policies import listed, parse_policy, statements

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
_CLOCK = ("Signature expired", "Signature not yet current")
_NEVER_A_PRINCIPAL = re.compile(r":group/|.[*?]|[*?].|^A(IDA|ROA)|^arn:aws-")
_ACCESS_KEY_ID = re.compile(r"A[KS]IA[A-Z0-9]{12,}")


def explain_known(account: OpenAccount, refusal: Refusal, call: Call | None) -> Explanation | None:
    """Say why AWS refused, where no policy had a say in it.

    Args:
        account: the open account, in which keys and roles are looked up.
        refusal: what AWS said.
        call: the call; None where only its answer is known.

    Returns:
        The explanation; None where policies decide, or where this is another error.
    """
    for decided_by, rule in _RULES:
        if told := rule(account, refusal, call):
            return _explained(decided_by, told, refusal, call)
    by_words = explain_by_words(refusal)
    return _explained(*by_words, refusal, call) if by_words else None


def _explained(decided_by: Decider, told: Told, refusal: Refusal, call: Call | None) -> Explanation:
    reason, next_step = told
    operation = call.operation if call else refusal.operation
    unnamed = "a call with these credentials" if decided_by == "credentials" else "a call"
    return Explanation(
        question=f"the call {operation}" if operation else unnamed,
        verdict=Verdict.IMPLICIT_DENY,
        decided_by=decided_by,
        reason=reason,
        next_step=next_step,
    )


def _sentences(*sentences: str) -> str:
    return " ".join(filter(None, sentences))


# --- MFA


def _mfa(account: OpenAccount, refusal: Refusal, call: Call | None) -> Told | None:
    if not refusal.message_has("MultiFactorAuthentication failed"):
        return None
    serial = str(call.parameters.get("SerialNumber", "")) if call else ""
    if ":user/" in serial:
        return _sentences(f"{serial} is a user's ARN, and no MFA device's.", _NO_POLICY), NextStep(
            "Pass the ARN of the device, which has :mfa/ in it.",
            console="IAM → Users → the user → Security credentials → Multi-factor authentication",
            cli=f"aws iam list-mfa-devices --user-name {serial.rpartition('/')[2]}",
        )
    if refusal.message_has("must provide both"):
        return _sentences("The call has only half of it: a device and its code go together.", _NO_POLICY), NextStep(
            "Pass the serial number of the device and its code.",
            cli="aws sts get-session-token --serial-number <device-arn> --token-code <six-digits>",
        )
    if refusal.message_has("unable to validate", "serial number") and call and call.is_by_temporary_key:
        reason = "The call was signed with a session, and only a user has an MFA device: a session has none."
        return _sentences(reason, _NO_POLICY), NextStep(
            "Sign the call with the user's own access key, and pass the user's device and a code; or let the first "
            "session be opened with MFA."
        )
    if refusal.message_has("unable to validate", "serial number"):
        return (
            _sentences(
                "The MFA device is not one of the user whose key signed the call; a role's session has none at all.",
                _NO_POLICY,
            ),
            NextStep("Pass the ARN of the user's own device.", cli="aws iam list-mfa-devices --user-name <user-name>"),
        )
    return (
        _sentences(
            "The code is wrong: mistyped, too old, or used already, for a code is good once and for half a minute.",
            _NO_POLICY,
        ),
        NextStep(
            "Wait for the next code, and pass it. If each is refused, the device's clock is off: resync it.",
            console="IAM → Users → the user → Security credentials → Multi-factor authentication → Resync",
        ),
    )


# --- who may not make this call at all


def _root(account: OpenAccount, refusal: Refusal, call: Call | None) -> Told | None:
    if not refusal.message_has("may not be assumed by root accounts"):
        return None
    return _sentences("AWS lets no root user assume a role, whatever the policies say.", _NO_POLICY), NextStep(
        "Sign in as a user or a role: the root user is for the few things that nobody else may do. Naming …:root in a "
        "trust policy means the whole account, and mends nothing here."
    )


def _anonymous(account: OpenAccount, refusal: Refusal, call: Call | None) -> Told | None:
    if refusal.caller != "anonymous":
        return None
    reason = "The call came without credentials: only a resource's policy that names everyone lets such a caller in."
    return reason, NextStep("Give the program credentials, and sign the call.", cli="aws configure list")


def _federated(account: OpenAccount, refusal: Refusal, call: Call | None) -> Told | None:
    """Tell what a federated user's session can never do.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_getfederationtoken.html
    """
    if ":federated-user/" not in (refusal.caller or "") or not (refusal.action or "").startswith(("iam:", "sts:")):
        return None
    reason = "A federated user's session takes no calls of IAM, and none of STS but GetCallerIdentity, whatever the"
    return _sentences(f"{reason} policies say.", _NO_POLICY), NextStep(
        "Sign the call with the user's own access key, or with a role's session."
    )


def _with_session_credentials(account: OpenAccount, refusal: Refusal, call: Call | None) -> Told | None:
    found = re.search(r"Cannot call (\w+) with session credentials", refusal.message)
    if found is None:
        return None
    return _sentences(
        f"{found[1]} wants a user's long-term access key, and the call was signed with a session's.", _NO_POLICY
    ), NextStep(
        "Sign the call with the user's own access key; with a session, assume a role instead, or use the session as it "
        "is.",
        cli="aws configure list",
    )


def _web_identity(account: OpenAccount, refusal: Refusal, call: Call | None) -> Told | None:
    found = re.search(r"Not authorized to perform (sts:AssumeRoleWith(?:WebIdentity|SAML))", refusal.message)
    if found is None:
        return None
    arn = str(call.parameters.get("RoleArn", "<role-name>")) if call else "<role-name>"
    return (
        f"The role's trust policy does not accept this token: it has to allow {found[1]} for the provider "
        "(Principal: Federated), and its conditions have to fit the token's issuer, audience (aud) and subject (sub). "
        "AWS says the same where there is no such role.",
        NextStep(
            "Compare the trust policy with the token: provider, aud and sub, letter by letter.",
            console="IAM → Roles → the role → Trust relationships",
            cli=f"aws iam get-role --role-name {arn.rpartition('/')[2]} --query Role.AssumeRolePolicyDocument",
        ),
    )


def _not_a_role(account: OpenAccount, refusal: Refusal, call: Call | None) -> Told | None:
    arn = str(call.parameters.get("RoleArn", "")) if call and call.operation.startswith("AssumeRole") else ""
    if refusal.action == "sts:AssumeRole" and refusal.resource != "*":
        arn = refusal.resource
    if not arn or ":role/" in arn:
        return None
    kinds = {":user/": "a user's ARN", ":assumed-role/": "a session's ARN", ":root": "an account's ARN"}
    kind = next((words for part, words in kinds.items() if part in arn), "no role's ARN")
    role = ""
    if ":assumed-role/" in arn:
        account_id, name = arn.split(":")[4], arn.split("/")[1]
        role = f", which is perhaps arn:aws:iam::{account_id}:role/{name}"
    return _sentences(f"{arn} is {kind}: only a role can be assumed.", _NO_POLICY), NextStep(
        f"Pass the role's ARN{role}: it has :role/ in it.",
        console="IAM → Roles → the role → ARN",
        cli='aws iam list-roles --query "Roles[].Arn"',
    )


def _protected(account: OpenAccount, refusal: Refusal, call: Call | None) -> Told | None:
    if refusal.code != "UnmodifiableEntity" and not refusal.message_has("protected role"):
        return None
    return _sentences("This role belongs to an AWS service, which alone changes it.", _NO_POLICY), NextStep(
        "Leave the role as it is; if you need other permissions, create a role of your own. A service-linked role goes "
        "when the service is told to delete it.",
        cli="aws iam delete-service-linked-role --role-name <role-name>",
    )


# --- the clock


def _clock(account: OpenAccount, refusal: Refusal, call: Call | None) -> Told | None:
    if refusal.code != "RequestTimeTooSkewed" and not refusal.message_has(*_CLOCK, any_of=True):
        return None
    return (
        _sentences(
            "The clock of the machine that signed the call is wrong by a quarter of an hour or more, so AWS takes no "
            "signature from it. The key and its secret may well be right.",
            _NO_POLICY,
        ),
        NextStep("Set the machine's clock (time synchronization), and make the call again.", cli="date -u"),
    )


# --- the key


def _credentials(account: OpenAccount, refusal: Refusal, call: Call | None) -> Told | None:
    fault = refusal.credential_fault
    if fault is None:
        return None
    key = look_up(account, call.access_key_id) if call and _ACCESS_KEY_ID.fullmatch(call.access_key_id) else None
    if fault == "malformed key" or (call and not key):
        reason, next_step = _swapped()
    elif fault == "unknown key":
        reason, next_step = _unknown(key, refusal, call)
    elif fault == "wrong secret":
        reason, next_step = _wrong_secret(key)
    elif fault == "expired":
        reason, next_step = _expired(key, call)
    else:
        reason, next_step = (
            "The call was not signed at all.",
            NextStep("Give the program credentials.", cli="aws configure list"),
        )
    return _sentences(reason, _NO_POLICY), next_step


def _swapped() -> Told:
    return (
        "What stands where the access key id goes is no access key id: it is perhaps swapped with the secret.",
        NextStep(
            "Put the id (AKIA… or ASIA…, 20 characters) and the secret (40 characters) each in its own place.",
            cli="aws configure list",
        ),
    )


def _unknown(key: KnownKey | None, refusal: Refusal, call: Call | None) -> Told:
    if key is None:
        reason = "AWS does not know this access key, it is inactive, or it is a temporary one without its token."
        return reason, NextStep("See which key the program uses.", cli="aws configure list")
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


def _expired(key: KnownKey | None, call: Call | None) -> Told:
    if key and not key.is_temporary and call and call.has_token:
        return _left_over_token(key)
    which = f"The {key}" if key else "The temporary key"
    return f"{which} has expired: a session ends, and nothing prolongs it.", NextStep(
        "Assume the role again; a profile with role_arn does that by itself, whenever it has to.",
        cli="aws sts assume-role --role-arn <role-arn> --role-session-name <name>",
    )


def _region(account: OpenAccount, refusal: Refusal, call: Call | None) -> Told | None:
    if refusal.code == "OptInRequired":
        return _sentences(
            "The account is not signed up for this service, or not in this region.", _NO_POLICY
        ), NextStep(
            "Finish the account's sign-up, or have the service or region switched on there.",
            cli="aws account list-regions",
        )
    if refusal.code != "RegionDisabledException":
        return None
    return "STS is switched off in this region for the account.", NextStep(
        "Use another region, or have STS activated there.", console="IAM → Account settings → Security Token Service"
    )


# --- the request


def _duration(account: OpenAccount, refusal: Refusal, call: Call | None) -> Told | None:
    if refusal.message_has("role chaining"):
        reason = "A role assumed with a session's key, a role's or a user's, lasts an hour at most (role chaining)."
        return _sentences(reason, _NO_POLICY), NextStep(
            "Ask for 3600 seconds or less; in a profile, the setting is duration_seconds."
        )
    if not refusal.message_has("MaxSessionDuration"):
        return None
    if call is None:
        reason = "The call asks for a longer session than the role allows."
        return _sentences(reason, _NO_POLICY), NextStep("Ask for a shorter session.")
    arn = call.parameters["RoleArn"]
    limit = read_resource(account, arn).max_session_seconds
    asks = f"The call asks for {call.parameters['DurationSeconds']} seconds, and the role allows {limit} at most."
    return (
        _sentences(asks, _NO_POLICY),
        NextStep(
            f"Ask for {limit} seconds or less; in a profile, the setting is duration_seconds. Only where that is too "
            "short, have the role's maximum raised.",
            console="IAM → Roles → the role → Edit → Maximum session duration",
            cli=f"aws sts assume-role --role-arn {arn} --role-session-name test --duration-seconds {limit}",
            python=f'sts.assume_role(account.client("sts", key), role_arn="{arn}", session_name="test", '
            f"duration_seconds={limit})",
        ),
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
    "with no principals": (
        "A trust policy says who may assume the role, and a statement of this one names nobody: its Principal is "
        "missing, or the list that was to fill it is empty.",
        NextStep("Name a user, a role, an account or a service as the statement's Principal."),
    ),
    "must be in ARN format": (
        "A Resource of the policy is no ARN: a placeholder was left in, or a name stands there.",
        NextStep("Put the whole ARN there.", cli='aws iam list-roles --query "Roles[].Arn"'),
    ),
}


def _document(account: OpenAccount, refusal: Refusal, call: Call | None) -> Told | None:
    message = refusal.message
    if refusal.code not in ("MalformedPolicyDocument", "MalformedPolicyDocumentException", "MalformedPolicy"):
        return None
    known = next((told for words, told in _DOCUMENT_FAULTS.items() if words in message), None)
    if known is None and refusal.message_has("Invalid principal in policy", "invalid principals", any_of=True):
        named = re.search(r'"(?P<kind>\w+)":"(?P<named>[^"]+)"', message)
        return _invalid_principal(*(named.groups() if named else _principal_given(call)))
    return known or (f"AWS does not accept the policy document: {message}", NextStep("Mend the document."))


def _principal_given(call: Call | None) -> tuple[str, str]:
    """Find the principal that is wrong in the policy that the call was given, and its kind: S3 does not name it."""
    try:
        document = parse_policy(str(call.parameters.get("Policy", "")) if call else "")
    except ValueError:
        return "", ""
    given = [
        (kind.upper(), str(named))
        for statement in statements(document)
        if isinstance(statement.get("Principal"), dict)
        for kind, values in statement["Principal"].items()
        for named in listed(values)
    ]
    wrong = [one for one in given if _NEVER_A_PRINCIPAL.search(one[1])] or (given if len(given) == 1 else [])
    return wrong[0] if wrong else ("", "")


def _invalid_principal(kind: str, named: str) -> Told:
    """Say what is wrong with a principal that AWS does not save.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    """
    kind_named, key = ("role", "Roles") if ":role/" in named else ("user", "Users")
    copy = NextStep(
        f"Copy the ARN again from the {kind_named}'s page.", cli=f'aws iam list-{kind_named}s --query "{key}[].Arn"'
    )
    if re.match("A(IDA|ROA)", named):
        return (
            "The trust policy still has the id of a user or role that was deleted, and AWS does not save that again.",
            NextStep("Take the statement with that id out, or put an ARN in its place, and save again."),
        )
    if kind == "SERVICE":
        return f"AWS has no service {named}: mistyped, or one that takes no roles.", NextStep(
            "Look the service's principal up in its documentation, such as ec2.amazonaws.com or lambda.amazonaws.com."
        )
    if ":group/" in named:
        return f"{named} is a group, and a group cannot be a principal.", NextStep(
            "Name the users, or name the account and let the group's policy say who may."
        )
    if "*" in named or "?" in named:
        return f"{named} has a wildcard: a principal is named whole, or is * alone.", NextStep(
            'Name each one, or the account; to take in all whose ARN begins so, name "AWS": "*" with a condition '
            "ArnLike aws:PrincipalArn."
        )
    if re.match(r"arn:aws-", named):
        return f"{named} is in another partition of AWS, and no policy reaches across partitions.", copy
    if not named:
        return "A principal of the policy does not exist, or not yet, or has a wildcard in its ARN.", NextStep(
            "See which users and roles there are: each ARN in the policy has to be one of theirs, letter by letter.",
            cli='aws iam get-account-authorization-details --query "[UserDetailList[].Arn, RoleDetailList[].Arn]"',
        )
    return f"The policy names {named}, and there is no such user or role: mistyped, or deleted.", copy


def _session_name(account: OpenAccount, refusal: Refusal, call: Call | None) -> Told | None:
    if not refusal.message_has("'roleSessionName' failed"):
        return None
    reason = "The session's name has a character that AWS does not allow, or the wrong length."
    return _sentences(reason, _NO_POLICY), NextStep("Use 2 to 64 letters, digits and +=,.@_- for the session's name.")


_NO_POLICY = "No policy was asked."
_Rule = Callable[[OpenAccount, Refusal, Call | None], Told | None]
_RULES: tuple[tuple[Decider, _Rule], ...] = (
    ("credentials", _mfa),
    ("identity", _root),
    ("credentials", _anonymous),
    ("credentials", _with_session_credentials),
    ("credentials", _federated),
    ("resource", _web_identity),
    ("request", _not_a_role),
    ("request", _protected),
    ("credentials", _clock),
    ("credentials", _credentials),
    ("credentials", _region),
    ("request", _duration),
    ("request", _document),
    ("request", _session_name),
)
