"""Why a request is refused: which side said no, which statement of which policy, and what to do about it.

AWS's refusal of AssumeRole names neither side, and its policy simulator looks at the caller's side alone. Here,
`explain` reads both sides from the live account and decides with `helpers.decisions`.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_roles.html
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product

from botocore.exceptions import ClientError

from helpers import policies as documents
from helpers.account import Account
from helpers.asked import Asked, asked_by
from helpers.attempts import Attempt
from helpers.condition_keys import keys_of_call
from helpers.decisions import Policies, Policy, Request, Side, Verdict, decide
from helpers.explain.access_keys import look_up
from helpers.explain.broken_requests import explain_credentials, explain_request
from helpers.explain.case import Case
from helpers.explain.columns import columns
from helpers.explain.explanation import Explanation, NextStep
from helpers.explain.refusals import Refusal, credential_fault, read_refusal
from helpers.explain.remedies import remedy
from helpers.live_policies import SESSION_NAME, Caller, Keys, Unread, read_caller, read_resource
from helpers.sts import answered_at

ASSUME_ROLE = "sts:AssumeRole"

_SIDES_IN_AWS_WORDS: dict[str, Side] = {
    "identity-based policy": "identity",
    "permissions boundary": "boundary",
    "session policy": "session",
    "resource-based policy": "resource",
    "role trust policy": "resource",
}
# Condition keys that follow from a call's parameters and the caller's key: what is not among them is absent.
_OF_THE_CALL = re.compile(r"(?!aws:)|aws:(RequestTag/|TagKeys|MultiFactorAuth)", re.IGNORECASE)
_ANYTHING = {"Action": "*", "Resource": "*", "Principal": "*"}


def explain(
    account: Account,
    refusal: ClientError | Attempt | None = None,
    *,
    principal: str = "",
    action: str = ASSUME_ROLE,
    resource: str = "*",
    context: Keys | None = None,
    session_policies: Sequence[documents.Document] | None = None,
) -> Explanation:
    """Says why a request is allowed or refused, and what to do next. Give a refusal, or a principal.

    Args:
        account: the open account. Callers and resources in the other accounts that are yours are read too.
        refusal: what `attempt` returned, or botocore's error, to explain that very refusal.
        principal: who asks: a user's, role's or session's ARN, an account's `…:root`, or a service such as
            `ec2.amazonaws.com`.
        action: what for, such as `s3:GetObject`. May this user assume this role, when left out.
        resource: the ARN of what it is asked on; `*` for no resource in particular.
        context: condition keys of the request, such as `{"sts:ExternalId": "…"}`, beside those that follow from
            who asks and when.
        session_policies: those that a session was opened with: nobody can read them back.

    Returns:
        The verdict with both sides, statement by statement, and the next thing to do. The verdict is None where it
        depends on something that may not be read.

    Raises:
        ValueError: there is neither a refusal nor a principal, the principal cannot call anything, or the error is
            none of permissions.
        LookupError: the account has no such user or role.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
    """
    if isinstance(refusal, Attempt):
        return _explain_error(account, refusal.error) if refusal.error else _explain_success(refusal)
    if refusal is not None:
        return _explain_error(account, refusal)
    if not principal:
        wanted = 'explain(account, refusal), or explain(account, principal="arn:…", action=…, resource=…)'
        raise ValueError(f"There is neither a refusal nor a principal: say {wanted}. A call that worked has no error.")
    caller = read_caller(account, principal)
    session = None if session_policies is None else tuple(Policy("session policy", one) for one in session_policies)
    explained = _explained(account, caller, action, resource, context or {}, session=session)
    if ":role/" not in principal:
        return explained
    note = f"A role asks through its sessions: this is about one that is named {SESSION_NAME}."
    return replace(explained, notes=(note, *explained.notes))


def _explain_success(attempt: Attempt) -> Explanation:
    return Explanation(
        question=attempt.what,
        verdict=Verdict.ALLOWED,
        decided_by=None,
        reason="AWS allowed this call: there is no refusal to explain.",
        next_step=NextStep("Ask who may do what instead, with explain(account, principal=…, action=…, resource=…)."),
    )


# --- an error


def _explain_error(account: Account, error: ClientError) -> Explanation:
    asked = asked_by(error)
    if fault := credential_fault(error):
        return explain_credentials(account, fault, asked)
    refusal = read_refusal(error)
    if refusal is None:
        return explain_request(account, error, asked)
    caller_arn, action, resource = _who_what(account, refusal, asked)
    caller = read_caller(account, caller_arn)
    context = keys_of_call(asked.service, asked.parameters) if asked else {}
    explained = _explained(
        account, caller, action, resource, context, session=_session_side(refusal), knows_call=asked is not None
    )
    kind = refusal.denies or refusal.allows
    if kind and kind not in _SIDES_IN_AWS_WORDS:
        return replace(_in_aws_words(explained, refusal), next_step=_ask_the_organization(kind))
    if explained.verdict is None:
        return _in_aws_words(explained, refusal)
    if explained.verdict is Verdict.ALLOWED:
        note = "AWS refused this a moment ago. Something was changed since, or had not reached all of AWS: try again."
        return replace(explained, notes=(note, *explained.notes))
    return explained


def _in_aws_words(explained: Explanation, refusal: Refusal) -> Explanation:
    """What AWS's message tells, where the policies could not all be read."""
    kind = refusal.denies or refusal.allows
    if kind is None:
        reason = "AWS refused it, and which side did depends on what could not be read."
        return replace(explained, verdict=Verdict.IMPLICIT_DENY, reason=reason)
    return replace(
        explained,
        verdict=Verdict.EXPLICIT_DENY if refusal.denies else Verdict.IMPLICIT_DENY,
        decided_by=_SIDES_IN_AWS_WORDS.get(kind),
        reason=f"AWS says: {'an explicit deny in a' if refusal.denies else 'no'} {kind}"
        f"{'' if refusal.denies else ' allows it'}. That policy cannot be read here.",
    )


def _who_what(account: Account, refusal: Refusal, asked: Asked | None) -> tuple[str, str, str]:
    """Caller, action and resource: from the message, or from the call where the message is silent."""
    names_role = refusal.resource != "*" or refusal.action != ASSUME_ROLE
    if refusal.caller and refusal.action and names_role:
        return refusal.caller, refusal.action, refusal.resource
    caller = refusal.caller or (look_up(account, asked.access_key_id).user_arn if asked else None)
    if asked and caller and asked.operation == "AssumeRole":
        return caller, ASSUME_ROLE, asked.parameters["RoleArn"]
    if asked and caller and asked.service == "s3" and "Bucket" in asked.parameters:
        action = {"HeadBucket": "ListBucket", "HeadObject": "GetObject"}.get(asked.operation, asked.operation)
        path = "/".join(asked.parameters[name] for name in ("Bucket", "Key") if name in asked.parameters)
        return caller, f"s3:{action}", f"arn:aws:s3:::{path}"
    wanted = 'explain(account, principal="arn:…", action="service:Call", resource="arn:…")'
    raise ValueError(f"AWS's message does not say who asked for what. Say it yourself: {wanted}.")


def _session_side(refusal: Refusal) -> tuple[Policy, ...] | None:
    """The session policies, so far as AWS's words tell of them."""
    if refusal.denies == "session policy":
        return (Policy("session policy", {"Statement": {"Effect": "Deny", **_ANYTHING}}),)
    if refusal.allows == "session policy":
        return (Policy("session policy", {"Statement": []}),)
    return None


# --- deciding


def _explained(
    account: Account,
    caller: Caller,
    action: str,
    resource_arn: str,
    context: Keys,
    *,
    session: tuple[Policy, ...] | None,
    knows_call: bool = False,
) -> Explanation:
    if action.startswith("s3:") and resource_arn == "*":
        resource_arn = "arn:aws:s3:::*"
    resource = read_resource(account, resource_arn)
    if ":role/" in resource_arn and not action.lower().startswith("sts:"):
        # A trust policy speaks of assuming its role alone.
        resource = replace(resource, policy=None, place=None, unread=())
    owner: Keys = {"aws:ResourceAccount": resource.account_id} if resource.account_id else {}
    keys = {**_known_keys(account), **caller.keys, **owner, **resource.keys, **context}
    request = Request(caller.principal, action, resource_arn, resource.account_id, keys)
    policies = replace(caller.policies, session=session, resource=resource.policy)
    unread = (*caller.unread, *resource.unread)
    decisions = [
        decide(request, possible) for possible in _possibilities(policies, unread, caller.principal.account_id)
    ]
    case = Case(request, policies, decisions[0], caller, resource)
    is_certain = len({decision.verdict is Verdict.ALLOWED for decision in decisions}) == 1
    return Explanation(
        question=f"{case.who}, {action}" + ("" if resource_arn == "*" else f" on {resource_arn}"),
        verdict=case.decision.verdict if is_certain else None,
        decided_by=case.decision.refused_by if is_certain else None,
        reason=case.reason if is_certain else "The answer depends on what could not be read.",
        columns=columns(case, unread, marked=list(case.deciding()) if is_certain else []),
        relation=case.relation,
        notes=tuple(_notes(case, unread, knows_call)),
        next_step=remedy(case, account) if is_certain else _ask_to_read(unread),
    )


def _possibilities(policies: Policies, unread: Sequence[Unread], account_id: str) -> Iterator[Policies]:
    """The policies with everything that the unread ones might say; first, as if they said nothing."""
    sides = {one.side for one in unread}
    allow, deny, allow_account = (
        Policy("unread", {"Statement": {"Effect": effect, "Action": "*", "Principal": {"AWS": principal}}})
        for effect, principal in (("Allow", "*"), ("Deny", "*"), ("Allow", account_id))
    )
    identity = [(), (allow,), (deny,)] if "identity" in sides else [()]
    boundary = [policies.boundary, allow, deny] if "boundary" in sides else [policies.boundary]
    resource = [policies.resource, allow, deny, allow_account] if "resource" in sides else [policies.resource]
    for more, around, own in product(identity, boundary, resource):
        yield replace(policies, identity=(*policies.identity, *more), boundary=around, resource=own)


def _known_keys(account: Account) -> dict[str, str]:
    """The condition keys that are the same for every request: AWS's own time, and how the calls get there."""
    sts = account.client("sts")
    now = answered_at(sts.get_caller_identity())
    keys = {
        "aws:CurrentTime": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "aws:EpochTime": str(int(now.timestamp())),
        "aws:RequestedRegion": account.region,
        "aws:SecureTransport": str(sts.meta.endpoint_url.startswith("https")).lower(),
        "aws:ViaAWSService": "false",
    }
    return keys | ({"aws:SourceIp": "127.0.0.1"} if "//127.0.0.1" in sts.meta.endpoint_url else {})


# --- what to say about it


def _notes(case: Case, unread: Sequence[Unread], knows_call: bool) -> Iterator[str]:
    for one in unread:
        yield f"Not read: {one.what}{f' ({one.action} is refused)' if one.action else ''}."
    absent = [key for key in _absent_keys(case) if not (knows_call and _OF_THE_CALL.match(key))]
    if absent:
        yield f"Taken as absent, for the question does not give a value: {', '.join(absent)}."


def _absent_keys(case: Case) -> list[str]:
    """The condition keys that statements ask for which fit in everything else, and that have no value here."""
    known = {key.lower() for key in case.request.context}
    asked = [
        key
        for (_, policy), reason in zip(case.policies.by_side(), case.decision.reasons, strict=True)
        for statement, said in zip(documents.statements(policy.document), reason.statements, strict=True)
        if said.applied or (said.mismatch and said.mismatch.element == "Condition")
        for tests in statement.get("Condition", {}).values()
        for key in tests
    ]
    return sorted({key for key in asked if key.lower() not in known})


def _ask_the_organization(kind: str) -> NextStep:
    return NextStep(f"Ask whoever manages this {kind}: it is above the policies of users, roles and resources.")


def _ask_to_read(unread: Sequence[Unread]) -> NextStep:
    actions = sorted({one.action for one in unread if one.action})
    if actions:
        return NextStep(f"Ask for permission to read: {', '.join(actions)}. Or ask somebody who may to run this.")
    return NextStep("Ask somebody who may read the other account's policies to run this there.")
