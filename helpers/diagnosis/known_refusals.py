"""Refusals that no policy decides: credentials that AWS does not take, and requests that break a rule.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html
"""

import re

from helpers.clients.calls import Call, OpenAccount
from helpers.diagnosis.credential_refusals import CREDENTIAL_RULES, Rule
from helpers.diagnosis.explanation import Decider, Explanation, NextStep, Told, before_policies, beside_policies
from helpers.diagnosis.live_resources import read_resource
from helpers.diagnosis.placeholders import filled_in
from helpers.diagnosis.refusals import Refusal
from helpers.diagnosis.rejected_policies import explain_rejected_policy
from helpers.diagnosis.service_refusals import SERVICE_RULES
from helpers.diagnosis.service_words import explain_by_words
from helpers.evaluation.decisions import Verdict

_SESSION_SECONDS = re.compile(
    r"(?<!max)(?<!max[_ -])(?:session[_ -]?duration|duration[_ -]?seconds)(?: attribute)?"
    r"[\"']?[\s:=]+[\"']?(\d{4,5})s?\b",
    re.IGNORECASE,
)


def explain_known(account: OpenAccount, refusal: Refusal, call: Call | None) -> Explanation | None:
    """Say why AWS refused, where no policy had a say in it.

    Args:
        account: the open account, in which keys and roles are looked up.
        refusal: what AWS said.
        call: the call; None where only its answer is known.

    Returns:
        The explanation; None where policies decide, or where this is another error.
    """
    if by_words := explain_by_words(refusal):
        return _explained(*by_words, refusal, call)
    for decided_by, rule in _RULES:
        if told := rule(account, refusal, call):
            return _explained(decided_by, told, refusal, call)
    return None


def _explained(decided_by: Decider, told: Told, refusal: Refusal, call: Call | None) -> Explanation:
    reason, next_step = told
    operation = call.operation if call else refusal.operation
    operation = "" if refusal.credential_fault == "no credentials" and not call else operation
    unnamed = "a call with these credentials" if decided_by == "credentials" else "a call"
    return Explanation(
        question=refusal.asked or (f"the call {operation}" if operation else unnamed),
        verdict=Verdict.IMPLICIT_DENY,
        decided_by=decided_by,
        reason=reason,
        next_step=filled_in(next_step, refusal),
    )


# --- who may not make this call at all


def _root(account: OpenAccount, refusal: Refusal, call: Call | None) -> Told | None:
    if not refusal.says("may not be assumed by root accounts"):
        return None
    return before_policies("AWS lets no root user assume a role, whatever the policies say."), NextStep(
        "Sign in as a user or a role: the root user is for the few things that nobody else may do. Naming …:root in a "
        "trust policy means the whole account, and mends nothing here."
    )


def _web_identity(account: OpenAccount, refusal: Refusal, call: Call | None) -> Told | None:
    found = re.search(r"Not authorized to perform (sts:AssumeRoleWith(?:WebIdentity|SAML))", refusal.message)
    if found is None:
        return None
    arn = str(call.parameters["RoleArn"]) if call else "<role-name>"
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


_ASSUMED = re.compile(
    r"assume (?:the )?(?:IAM )?role:?\W{1,3}(?P<arn>arn:aws[\w-]*:(?:iam|sts)::\d*:[\w+=,.@/-]*\w)", re.I
)


def _not_a_role(account: OpenAccount, refusal: Refusal, call: Call | None) -> Told | None:
    arn = str(call.parameters.get("RoleArn", "")) if call and call.operation.startswith("AssumeRole") else ""
    if refusal.action == "sts:AssumeRole" and refusal.resource != "*":
        arn = refusal.resource
    if not arn and not call and (found := _ASSUMED.search(refusal.message)):
        arn = found["arn"]
    if not arn or ":role/" in arn:
        return None
    kinds = {":user/": "a user's ARN", ":assumed-role/": "a session's ARN", ":root": "an account's ARN"}
    kind = next((words for part, words in kinds.items() if part in arn), "no role's ARN")
    role = ""
    if ":assumed-role/" in arn:
        account_id, name = arn.split(":")[4], arn.split("/")[1]
        role = f", which is perhaps arn:aws:iam::{account_id}:role/{name}"
    return before_policies(f"{arn} is {kind}: only a role can be assumed."), NextStep(
        f"Pass the role's ARN{role}: it has :role/ in it.",
        console="IAM → Roles → the role → ARN",
        cli='aws iam list-roles --query "Roles[].Arn"',
    )


def _protected(account: OpenAccount, refusal: Refusal, call: Call | None) -> Told | None:
    if refusal.code != "UnmodifiableEntity" and not refusal.says("protected role"):
        return None
    return beside_policies("This role belongs to an AWS service, which alone changes it."), NextStep(
        "Leave the role as it is; if you need other permissions, create a role of your own. A service-linked role goes "
        "when the service is told to delete it.",
        cli="aws iam delete-service-linked-role --role-name <role-name>",
    )


# --- the request


def _duration(account: OpenAccount, refusal: Refusal, call: Call | None) -> Told | None:
    if refusal.says("role chaining"):
        reason = "A role assumed with a session's key, a role's or a user's, lasts an hour at most (role chaining)."
        return beside_policies(reason), NextStep(
            "Ask for 3600 seconds or less; in a profile, the setting is duration_seconds."
        )
    if not refusal.says("MaxSessionDuration"):
        return None
    if call is None:
        return _longer_than_the_role_allows(refusal)
    arn = call.parameters["RoleArn"]
    limit = read_resource(account, arn).max_session_seconds
    asks = f"The call asks for {call.parameters['DurationSeconds']} seconds, and the role allows {limit} at most."
    return (
        beside_policies(asks),
        NextStep(
            f"Ask for {limit} seconds or less; in a profile, the setting is duration_seconds. Only where that is too "
            "short, have the role's maximum raised.",
            console="IAM → Roles → the role → Edit → Maximum session duration",
            cli=f"aws sts assume-role --role-arn {arn} --role-session-name test --duration-seconds {limit}",
            python=f'sts.assume_role(account.client("sts", key), role_arn="{arn}", session_name="test", '
            f"duration_seconds={limit})",
        ),
    )


def _longer_than_the_role_allows(refusal: Refusal) -> Told:
    """Say how long a session may be, where the role cannot be read, and for how long a text tells that it was asked.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_update-role-settings.html
    """
    asked = _seconds_asked(refusal)
    hours = f", {asked // 3600} hours" if asked and asked % 3600 == 0 else ""
    than = f"a session of {asked} seconds{hours}, which is longer" if asked else "a longer session"
    return (
        beside_policies(
            f"The call asks for {than} than the role allows: 3600 seconds, an hour, where nobody set the role's "
            "maximum, and never more than 43200, twelve hours."
        ),
        NextStep(
            "Ask for no more than the role's maximum, where the program has the length: duration_seconds in a profile, "
            "--duration-seconds, a setting of its own, or, with SAML, the attribute SessionDuration that the identity "
            f"provider sends. Or have the role's maximum raised{f' to {asked}' if asked else ''}.",
            console="IAM → Roles → the role → Edit → Maximum session duration",
            cli="aws iam get-role --role-name <role-name> --query Role.MaxSessionDuration\n"
            f"aws iam update-role --role-name <role-name> --max-session-duration {asked or '<seconds>'}",
        ),
    )


def _seconds_asked(refusal: Refusal) -> int | None:
    """Read for how long a session was asked; None where the text tells no length, or more than one."""
    told = {int(seconds) for seconds in _SESSION_SECONDS.findall(refusal.message)}
    longer = [seconds for seconds in told if 3600 < seconds <= 43200]
    return longer[0] if len(longer) == 1 else None


def _session_name(account: OpenAccount, refusal: Refusal, call: Call | None) -> Told | None:
    if not refusal.says("'roleSessionName' failed"):
        return None
    reason = "The session's name has a character that AWS does not allow, or the wrong length."
    return before_policies(reason), NextStep("Use 2 to 64 letters, digits and +=,.@_- for the session's name.")


_RULES: tuple[tuple[Decider, Rule], ...] = (
    *CREDENTIAL_RULES,
    ("identity", _root),
    ("resource", _web_identity),
    ("request", _not_a_role),
    ("request", _protected),
    ("request", _duration),
    ("request", explain_rejected_policy),
    ("request", _session_name),
    *SERVICE_RULES,
)
