"""Why a request is refused: which side said no, which statement of which policy, and what to do about it.

AWS's refusal of AssumeRole names neither side, and its policy simulator looks at the caller's side alone. Here, both
sides are read from the live account and decided as IAM does: see `helpers.diagnosis`.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_roles.html
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from botocore.exceptions import BotoCoreError, ClientError

from helpers.account import open_account, open_for_reading
from helpers.clients.calls import Call, OpenAccount, call_of
from helpers.clients.error_codes import EXPIRED, REFUSED, UNKNOWN_KEY, WRONG_TOKEN, code_of
from helpers.clients.read_once import reading_once
from helpers.diagnosis.access_keys import look_up
from helpers.diagnosis.aws_words import SIDES, ask_to_read, in_aws_words, opened_with_too_little, unseen
from helpers.diagnosis.columns import NAMED_BY_AWS, columns
from helpers.diagnosis.explanation import Explanation, NextStep
from helpers.diagnosis.known_refusals import explain_known
from helpers.diagnosis.live_decision import ASSUME_ROLE, LiveDecision, decide_live
from helpers.diagnosis.live_policies import SESSION_NAME, Keys
from helpers.diagnosis.mends import remedy
from helpers.diagnosis.needed import needed_by
from helpers.diagnosis.notes import notes
from helpers.diagnosis.passed_to import passed_to
from helpers.diagnosis.pasted_text import parse_refusal
from helpers.diagnosis.refusals import Refusal, read_refusal
from helpers.diagnosis.untold import explain_other_error, explain_untold
from helpers.diagnosis.words import reason, relation, who
from helpers.display import ToldInOneSentence
from helpers.evaluation.decisions import Policy, Verdict
from helpers.evaluation.needs import Need
from helpers.own_account.choice import SANDBOX
from helpers.policies import Document
from helpers.secrecy import mask_secrets
from helpers.sts import who_am_i

_MOMENT = timedelta(minutes=1)
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
    refusal: ClientError | MaybeRefused | str | None = None,
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
        refusal: what `attempt` returned, botocore's error, or the error as text: pasted from the CLI, the console,
            Terraform or a log. That very refusal is explained.
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
        ValueError: there is neither a refusal nor a principal, the principal cannot call anything, or the text tells
            of no error of AWS's.
        LookupError: the account has no such user or role.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
    """
    with reading_once():
        if isinstance(refusal, str):
            return _explain_text(account, parse_refusal(refusal))
        if isinstance(refusal, ClientError):
            return _explain_refusal(account, read_refusal(refusal), call_of(refusal))
        if refusal is not None:
            error = refusal.error
            return (
                _explain_refusal(account, read_refusal(error), call_of(error))
                if error
                else _explain_success(refusal.what)
            )
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


def _explain_text(account: OpenAccount, refusal: Refusal) -> Explanation:
    explained = _explain_refusal(account, refusal, None)
    if not refusal.also:
        return explained
    note = f"The text tells of more that was refused: {'; '.join(refusal.also)}."
    return replace(explained, notes=(*explained.notes, note))


def _explain_success(what: str) -> Explanation:
    return Explanation(
        question=what,
        verdict=Verdict.ALLOWED,
        decided_by=None,
        reason="AWS allowed this call: there is no refusal to explain.",
        next_step=NextStep("Ask who may do what instead, with explain(account, principal=…, action=…, resource=…)."),
    )


# --- an error


def _explain_refusal(account: OpenAccount, refusal: Refusal, call: Call | None) -> Explanation:
    if refusal.encoded:
        refusal = _decoded(account, refusal)
    if known := explain_known(account, refusal, call):
        return known
    if not refusal.is_forbidden:
        return explain_other_error(refusal, call)
    asked = _who_what(account, refusal, call)
    if not asked:
        return explain_untold(account, refusal, call)
    session = _session_side(refusal)
    service = "" if call else passed_to(refusal)
    context = {"iam:PassedToService": service} if service else None
    answers = [
        decide_live(
            account,
            principal=principal,
            action=action,
            resource=resource,
            call=call,
            context=context,
            session=session,
            was_refused=True,
        )
        for principal, action, resource in asked
    ]
    decided = next((answer for answer in answers if answer.verdict is not Verdict.ALLOWED), answers[0])
    explained = _in_words(account, decided, _refused_besides(account, decided, call) if call else ())
    return _after_refusal(account, explained, decided, refusal, call)


def _refused_besides(account: OpenAccount, decided: LiveDecision, call: Call) -> list[Need]:
    """Find what the same call needs besides, and would be refused next."""
    own, principal = decided.request, decided.request.principal.arn
    if decided.verdict in (None, Verdict.ALLOWED):
        return []
    others = [need for need in needed_by(call, principal) if (need.action, need.resource) != (own.action, own.resource)]
    answers = [
        decide_live(account, principal=principal, action=need.action, resource=need.resource, call=call)
        for need in others
    ]
    return [need for need, answer in zip(others, answers, strict=True) if answer.verdict not in (None, Verdict.ALLOWED)]


def _after_refusal(
    account: OpenAccount, explained: Explanation, decided: LiveDecision, refusal: Refusal, call: Call | None
) -> Explanation:
    """Put AWS's answer first: where it refused, it refused, whatever the policies say that can be read."""
    if decided.verdict is None or (refusal.kind and (refusal.kind not in SIDES or decided.unread)):
        return in_aws_words(explained, refusal, decided)
    if decided.verdict is not Verdict.ALLOWED:
        return opened_with_too_little(explained, refusal) if refusal.kind == "session policy" else explained
    changed = max((one.changes.latest for one in (account, *account.others) if one.changes.latest), default=None)
    if call and call.account.changes.count > call.changes_before:
        note = "AWS refused this, and something was changed since: make the call again."
        return replace(explained, notes=(note, *explained.notes))
    return unseen(explained, refusal, is_recent=_is_recent(account, changed))


def _is_recent(account: OpenAccount, changed: datetime | None) -> bool:
    return changed is not None and account.now() - changed < _MOMENT


def _decoded(account: OpenAccount, refusal: Refusal) -> Refusal:
    """Read what AWS encoded in its message, where STS may be asked; the message as it is, where not.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html
    """
    try:
        text = account.client("sts").decode_authorization_message(EncodedMessage=refusal.encoded)["DecodedMessage"]
        told = json.loads(text)
    except ClientError as error:
        if code_of(error) not in REFUSED | {"InvalidAuthorizationMessageException"}:
            raise
        return refusal
    context = told.get("context", {})
    return replace(
        refusal,
        caller=context.get("principal", {}).get("arn") or refusal.caller,
        action=context.get("action") or refusal.action,
        resource=context.get("resource") or refusal.resource,
    )


def _who_what(account: OpenAccount, refusal: Refusal, call: Call | None) -> list[tuple[str, str, str]]:
    """Find caller, action and resource: in the message, or all that the call needed where the message is silent."""
    names_role = refusal.resource != "*" or refusal.action != ASSUME_ROLE
    if refusal.caller and refusal.action and names_role:
        return [(refusal.caller, refusal.action, refusal.resource)]
    caller = refusal.caller or (_caller_of(account, call) if call else None)
    needed = needed_by(call, caller) if call and caller else []
    return [(caller, need.action, need.resource) for need in needed if caller]


def _caller_of(account: OpenAccount, call: Call) -> str | None:
    """Find whose key signed a call: a user's is looked up; for a session's, its own signer is asked."""
    if not call.is_by_temporary_key:
        return look_up(account, call.access_key_id).user_arn
    try:
        return who_am_i(call.account.client("sts", call.signer)).arn
    except ClientError as error:
        if code_of(error) not in UNKNOWN_KEY | WRONG_TOKEN | EXPIRED:
            raise
        return None


def _session_side(refusal: Refusal) -> list[Policy] | None:
    """Return the session policies, so far as AWS's words tell of them."""
    if refusal.denies == "session policy":
        return [Policy(NAMED_BY_AWS, {"Statement": {"Effect": "Deny", **_ANYTHING}})]
    if refusal.allows == "session policy":
        return [Policy(NAMED_BY_AWS, {"Statement": []})]
    return None


# --- what to say about it


def _in_words(account: OpenAccount, decided: LiveDecision, besides: Sequence[Need] = ()) -> Explanation:
    request, is_certain = decided.request, decided.verdict is not None
    return Explanation(
        question=f"{who(decided)}, {request.action}" + ("" if request.resource == "*" else f" on {request.resource}"),
        verdict=decided.verdict,
        decided_by=decided.refused_by,
        reason=reason(decided) if is_certain else "The answer depends on what could not be read.",
        columns=columns(decided),
        relation=relation(decided),
        notes=tuple(notes(decided, besides)),
        next_step=remedy(decided, account, besides) if is_certain else ask_to_read(decided, decided.unread),
    )


# --- in a terminal


def main(arguments: Sequence[str] | None = None) -> int:
    """Explain a refusal in a terminal: the text of an error, or who asks for what on what.

    Returns:
        The exit code: 0 with an explanation, 2 where there is none.
    """
    parser = argparse.ArgumentParser(
        prog="python -m helpers.explain",
        description="Say why AWS refused, which statement decided, and what mends it. It only reads.",
        epilog="Give the error as an argument or on standard input, or name --principal, --action and --resource.",
    )
    parser.add_argument("text", nargs="*", help="the error, as the CLI, boto3, the console, Terraform or a log has it")
    parser.add_argument("--principal", default="", help="who asks: the ARN of a user, role or session, or a service")
    parser.add_argument("--action", default=ASSUME_ROLE, help=f"what for (default: {ASSUME_ROLE})")
    parser.add_argument(
        "--resource", default="*", help="the ARN of what it is asked on (default: nothing in particular)"
    )
    parser.add_argument("--profile", default="", help="a profile of your AWS configuration, in place of boto3's choice")
    parser.add_argument("--region", default="", help="a region, in place of the profile's")
    parser.add_argument("--sandbox", action="store_true", help="ask the sandbox of the notebooks, not your own account")
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    options = parser.parse_args(arguments)
    try:
        account = open_account(SANDBOX) if options.sandbox else open_for_reading(options.profile, options.region)
        if options.principal:
            explained = explain(account, principal=options.principal, action=options.action, resource=options.resource)
        else:
            text = " ".join(options.text) or ("" if sys.stdin.isatty() else sys.stdin.read())
            explained = explain(account, text)
    except (ToldInOneSentence, ValueError, LookupError, ClientError, BotoCoreError) as error:
        print(mask_secrets(str(error.args[0]) if isinstance(error, LookupError) else str(error)), file=sys.stderr)
        return 2
    print(
        mask_secrets(json.dumps(explained.as_json(), indent=2, ensure_ascii=False) if options.json else repr(explained))
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
