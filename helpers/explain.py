"""Why a request is refused: which side said no, which statement of which policy, and what to do about it.

AWS's refusal of AssumeRole names neither side, and its policy simulator looks at the caller's side alone. Here, both
sides are read from the live account and decided as IAM does: see `helpers.diagnosis`.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_roles.html
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Protocol

from botocore.exceptions import ClientError

from helpers.clients.calls import Call, OpenAccount, call_of
from helpers.clients.read_once import reading_once
from helpers.diagnosis.access_keys import look_up
from helpers.diagnosis.broken_requests import explain_credentials, explain_request
from helpers.diagnosis.columns import columns
from helpers.diagnosis.explanation import Explanation, NextStep
from helpers.diagnosis.live_decision import ASSUME_ROLE, LiveDecision, decide_live
from helpers.diagnosis.live_policies import SESSION_NAME, Keys, Unread
from helpers.diagnosis.needed import needed_by
from helpers.diagnosis.refusals import Refusal, credential_fault, read_refusal
from helpers.diagnosis.remedies import remedy
from helpers.diagnosis.words import reason, relation, who
from helpers.evaluation.decisions import Policy, Side, Verdict
from helpers.policies import Document

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


class MaybeRefused(Protocol):
    """A call that was made on purpose, and that AWS may have refused."""

    @property
    def what(self) -> str:
        """The call, in words."""

    @property
    def error(self) -> ClientError | None:
        """The error that botocore raised, where AWS refused."""


def explain(
    account: OpenAccount,
    refusal: ClientError | MaybeRefused | None = None,
    *,
    principal: str = "",
    action: str = ASSUME_ROLE,
    resource: str = "*",
    context: Keys | None = None,
    session_policies: Sequence[Document] | None = None,
) -> Explanation:
    """Say why a request is allowed or refused, and what to do next. Give a refusal, or a principal.

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
    with reading_once():
        if isinstance(refusal, ClientError):
            return _explain_error(account, refusal)
        if refusal is not None:
            return _explain_error(account, refusal.error) if refusal.error else _explain_success(refusal.what)
        if not principal:
            wanted = 'explain(account, refusal), or explain(account, principal="arn:…", action=…, resource=…)'
            raise ValueError(
                f"There is neither a refusal nor a principal: say {wanted}. A call that worked has no error."
            )
        session = None if session_policies is None else [Policy("session policy", one) for one in session_policies]
        decided = decide_live(
            account, principal=principal, action=action, resource=resource, context=context, session=session
        )
        explained = _in_words(account, decided)
    if ":role/" not in principal:
        return explained
    note = f"A role asks through its sessions: this is about one that is named {SESSION_NAME}."
    return replace(explained, notes=(note, *explained.notes))


def _explain_success(what: str) -> Explanation:
    return Explanation(
        question=what,
        verdict=Verdict.ALLOWED,
        decided_by=None,
        reason="AWS allowed this call: there is no refusal to explain.",
        next_step=NextStep("Ask who may do what instead, with explain(account, principal=…, action=…, resource=…)."),
    )


# --- an error


def _explain_error(account: OpenAccount, error: ClientError) -> Explanation:
    call = call_of(error)
    if fault := credential_fault(error):
        return explain_credentials(account, fault, call)
    refusal = read_refusal(error)
    if refusal is None:
        return explain_request(account, error, call)
    principal, action, resource = _who_what(account, refusal, call)
    session = _session_side(refusal)
    decided = decide_live(account, principal=principal, action=action, resource=resource, call=call, session=session)
    explained = _in_words(account, decided)
    kind = refusal.denies or refusal.allows
    if kind and kind not in _SIDES_IN_AWS_WORDS:
        return replace(_in_aws_words(explained, refusal), next_step=_ask_the_organization(kind))
    if decided.verdict is None:
        return _in_aws_words(explained, refusal)
    if decided.verdict is Verdict.ALLOWED:
        note = "AWS refused this a moment ago. Something was changed since, or had not reached all of AWS: try again."
        return replace(explained, notes=(note, *explained.notes))
    return explained


def _in_aws_words(explained: Explanation, refusal: Refusal) -> Explanation:
    """Tell what AWS's message says, where the policies could not all be read."""
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


def _who_what(account: OpenAccount, refusal: Refusal, call: Call | None) -> tuple[str, str, str]:
    """Find caller, action and resource: in the message, or in the call where the message is silent."""
    names_role = refusal.resource != "*" or refusal.action != ASSUME_ROLE
    if refusal.caller and refusal.action and names_role:
        return refusal.caller, refusal.action, refusal.resource
    caller = refusal.caller or (look_up(account, call.access_key_id).user_arn if call else None)
    if call and caller and (needed := needed_by(call)):
        return caller, *needed
    wanted = 'explain(account, principal="arn:…", action="service:Call", resource="arn:…")'
    raise ValueError(f"AWS's message does not say who asked for what. Say it yourself: {wanted}.")


def _session_side(refusal: Refusal) -> list[Policy] | None:
    """Return the session policies, so far as AWS's words tell of them."""
    if refusal.denies == "session policy":
        return [Policy("session policy", {"Statement": {"Effect": "Deny", **_ANYTHING}})]
    if refusal.allows == "session policy":
        return [Policy("session policy", {"Statement": []})]
    return None


# --- what to say about it


def _in_words(account: OpenAccount, decided: LiveDecision) -> Explanation:
    request, is_certain = decided.request, decided.verdict is not None
    return Explanation(
        question=f"{who(decided)}, {request.action}" + ("" if request.resource == "*" else f" on {request.resource}"),
        verdict=decided.verdict,
        decided_by=decided.refused_by,
        reason=reason(decided) if is_certain else "The answer depends on what could not be read.",
        columns=columns(decided),
        relation=relation(decided),
        notes=tuple(_notes(decided)),
        next_step=remedy(decided, account) if is_certain else _ask_to_read(decided.unread),
    )


def _notes(decided: LiveDecision) -> Iterator[str]:
    for one in decided.unread:
        yield f"Not read: {one.what}{f' ({one.action} is refused)' if one.action else ''}."
    absent = [key for key in decided.absent_keys if not (decided.call and _OF_THE_CALL.match(key))]
    if absent:
        yield f"Taken as absent, for the question does not give a value: {', '.join(absent)}."


def _ask_the_organization(kind: str) -> NextStep:
    return NextStep(f"Ask whoever manages this {kind}: it is above the policies of users, roles and resources.")


def _ask_to_read(unread: Sequence[Unread]) -> NextStep:
    actions = sorted({one.action for one in unread if one.action})
    if actions:
        return NextStep(f"Ask for permission to read: {', '.join(actions)}. Or ask somebody who may to run this.")
    return NextStep("Ask somebody who may read the other account's policies to run this there.")
