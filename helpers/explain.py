"""Why a request is refused: which side said no, which statement of which policy, and what to do about it.

AWS's refusal of AssumeRole names neither side, and its policy simulator looks at the caller's side alone. Here, both
sides are read from the live account and decided as IAM does: see `helpers.diagnosis`.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_roles.html
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

import botocore.session
from botocore.exceptions import BotoCoreError, ClientError

from helpers.account import open_account, open_for_reading
from helpers.clients.calls import Call, OpenAccount, call_of
from helpers.clients.error_codes import EXPIRED, REFUSED, UNKNOWN_KEY, WRONG_TOKEN, code_of
from helpers.clients.read_once import reading_once
from helpers.diagnosis.access_keys import look_up
from helpers.diagnosis.columns import columns
from helpers.diagnosis.explanation import Explanation, NextStep
from helpers.diagnosis.known_refusals import explain_known
from helpers.diagnosis.live_decision import ASSUME_ROLE, LiveDecision, decide_live
from helpers.diagnosis.live_policies import SESSION_NAME, Keys, Unread
from helpers.diagnosis.mends import remedy
from helpers.diagnosis.needed import needed_by
from helpers.diagnosis.refusals import Refusal, parse_refusal, read_refusal
from helpers.diagnosis.words import reason, relation, who
from helpers.display import ToldInOneSentence
from helpers.evaluation.decisions import Policy, Side, Verdict
from helpers.own_account.choice import SANDBOX
from helpers.policies import Document
from helpers.secrecy import mask_secrets
from helpers.sts import who_am_i

_SIDES_IN_AWS_WORDS: dict[str, Side] = {
    "identity-based policy": "identity",
    "permissions boundary": "boundary",
    "session policy": "session",
    "resource-based policy": "resource",
    "role trust policy": "resource",
}
_ACTIONS = re.compile(r"(?<![\w:/-])(?!arn:)[a-z][a-z0-9-]+:[A-Z][A-Za-z]+\b")
_FEW_LETTERS, _MANY_LETTERS = 20, 400
_NAMES_SOMEBODY = re.compile(r"User: .+ is not authorized to perform")
# Condition keys that follow from a call's parameters and the caller's key: what is not among them is absent.
_OF_THE_CALL = re.compile(r"(?!aws:)|aws:(RequestTag/|TagKeys|MultiFactorAuth)", re.IGNORECASE)
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
        ValueError: there is neither a refusal nor a principal, the principal cannot call anything, or the error is
            none of permissions.
        LookupError: the account has no such user or role.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
    """
    with reading_once():
        if isinstance(refusal, str):
            return _explain_refusal(account, parse_refusal(refusal), None)
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
        wanted = "explain() is for refusals: AccessDenied, credentials that AWS does not take, and policies it rejects"
        raise ValueError(f"{wanted}. This is {refusal.code or 'another text'}: {mask_secrets(refusal.message)}")
    asked = _who_what(account, refusal, call)
    if not asked:
        return _nobody_told(refusal, call)
    session = _session_side(refusal)
    try:
        answers = [
            decide_live(account, principal=principal, action=action, resource=resource, call=call, session=session)
            for principal, action, resource in asked
        ]
    except LookupError as error:
        return _caller_is_gone(refusal, ", ".join(asked[0][:2]), str(error.args[0]))
    decided = next((answer for answer in answers if answer.verdict is not Verdict.ALLOWED), answers[0])
    return _after_refusal(account, _in_words(account, decided), decided, refusal, call)


def _after_refusal(
    account: OpenAccount, explained: Explanation, decided: LiveDecision, refusal: Refusal, call: Call | None
) -> Explanation:
    """Put AWS's answer first: where it refused, it refused, whatever the policies say that can be read."""
    if refusal.kind and refusal.kind not in _SIDES_IN_AWS_WORDS:
        return replace(_in_aws_words(explained, refusal), next_step=_ask_the_organization(refusal.kind))
    if decided.verdict is None:
        return _in_aws_words(explained, refusal)
    if decided.verdict is not Verdict.ALLOWED:
        return _opened_with_too_little(explained, refusal) if refusal.kind == "session policy" else explained
    changed = max((one.changes.latest for one in (account, *account.others) if one.changes.latest), default=None)
    if call and call.account.changes.count > call.changes_before:
        note = "AWS refused this, and something was changed since: make the call again."
        return replace(explained, notes=(note, *explained.notes))
    return _unseen(account, explained, refusal, is_recent=_is_recent(account, changed))


def _opened_with_too_little(explained: Explanation, refusal: Refusal) -> Explanation:
    return replace(explained, decided_by="session", reason=f"AWS says: {_said(refusal)}.")


def _is_recent(account: OpenAccount, changed: datetime | None) -> bool:
    return changed is not None and account.now() - changed < _MOMENT


def _unseen(account: OpenAccount, explained: Explanation, refusal: Refusal, *, is_recent: bool) -> Explanation:
    """Say what can have refused a call that the policies which can be read allow."""
    told = f"AWS says: {_said(refusal)}. " if refusal.kind else "AWS refused this. "
    late = "the change that was made a moment ago, which has perhaps not reached all of AWS yet; " if is_recent else ""
    can_be = (
        f"It can be: {late}a service control policy or another policy of the organization; the policy of a VPC "
        "endpoint; a session policy; a policy of the resource's own that cannot be read here; or something that "
        "another account decides."
    )
    ask = (
        "Ask whoever administers the organization and the network which of these applies; CloudTrail shows the refusal."
    )
    do = f"Wait a few seconds and make the call again. If it is refused again: {ask}" if is_recent else ask
    return replace(
        explained,
        verdict=Verdict.EXPLICIT_DENY if refusal.is_explicit else Verdict.IMPLICIT_DENY,
        decided_by=None,
        reason=f"{told}The policies that can be read here allow it, so what refused is not among them. {can_be}",
        next_step=NextStep(
            do,
            cli=f"aws cloudtrail lookup-events --lookup-attributes AttributeKey=EventName,AttributeValue="
            f"{refusal.operation or explained.question.rpartition(':')[2].split()[0]} --max-results 5",
        ),
    )


def _said(refusal: Refusal) -> str:
    if refusal.denies:
        article = "an" if refusal.denies[0] in "aeiou" else "a"
        which = f", {refusal.policy_arn}" if refusal.policy_arn else ""
        return f"an explicit deny in {article} {refusal.denies}{which}"
    if refusal.is_explicit:
        return "an explicit deny, and not in which policy"
    return f"no {refusal.allows} allows it"


def _in_aws_words(explained: Explanation, refusal: Refusal) -> Explanation:
    """Tell what AWS's message says, where the policies could not all be read."""
    if refusal.kind is None:
        said = f"AWS says: {_said(refusal)}. Which" if refusal.is_explicit else "AWS refused it, and which"
        verdict = Verdict.EXPLICIT_DENY if refusal.is_explicit else Verdict.IMPLICIT_DENY
        return replace(explained, verdict=verdict, reason=f"{said} side did depends on what could not be read.")
    key = " For KMS, that is the key's own policy, which always has a say." if _is_of_kms(refusal) else ""
    return replace(
        explained,
        verdict=Verdict.EXPLICIT_DENY if refusal.is_explicit else Verdict.IMPLICIT_DENY,
        decided_by=_SIDES_IN_AWS_WORDS.get(refusal.kind),
        reason=f"AWS says: {_said(refusal)}. That policy cannot be read here.{key}",
        next_step=_ask_for_key(refusal) if _is_of_kms(refusal) else explained.next_step,
    )


def _is_of_kms(refusal: Refusal) -> bool:
    return (refusal.action or "").startswith("kms:") and refusal.kind == "resource-based policy"


def _ask_for_key(refusal: Refusal) -> NextStep:
    key_id = refusal.resource.rpartition("/")[2]
    return NextStep(
        f"Ask whoever administers the key to allow {refusal.action} for {refusal.caller} in its key policy.",
        console="KMS → Customer managed keys → the key → Key policy",
        cli=f"aws kms get-key-policy --key-id {key_id} --policy-name default --output text",
    )


def _nobody_told(refusal: Refusal, call: Call | None) -> Explanation:
    """Explain a refusal that does not say who asked for what, such as the answer to a HEAD request."""
    operation = (call.operation if call else "") or refusal.operation
    reason, do = _what_is_not_told(refusal, operation)
    return Explanation(
        question=f"the call {operation}" if operation else _asked_for(refusal),
        verdict=Verdict.EXPLICIT_DENY if refusal.is_explicit else Verdict.IMPLICIT_DENY,
        decided_by=_SIDES_IN_AWS_WORDS.get(refusal.kind or ""),
        reason=reason,
        next_step=NextStep(do, cli=_who_asked_line(refusal)),
    )


def _asked_for(refusal: Refusal) -> str:
    on = f" on {refusal.resource}" if refusal.resource != "*" else ""
    return f"{refusal.action}{on}" if refusal.action else "a call"


def _who_asked_line(refusal: Refusal) -> str:
    if refusal.encoded:
        decode = f"aws sts decode-authorization-message --encoded-message {refusal.encoded}"
        return f"{decode} --query DecodedMessage --output text"
    return "" if refusal.caller else "aws sts get-caller-identity"


def _what_is_not_told(refusal: Refusal, operation: str) -> tuple[str, str]:
    """Say what AWS's answer leaves out, and how it can be found."""
    if refusal.caller:
        asked = f"principal={refusal.caller!r}, action={refusal.action!r}, resource=…"
        said = f"AWS says: {_said(refusal)}." if refusal.kind else "AWS refused it."
        return (
            f"{said} On what it was asked, the answer does not say.",
            f"See what was asked for, and ask again: explain(account, {asked}).",
        )
    ask = "explain(account, principal=…, action=…, resource=…)"
    if _NAMES_SOMEBODY.search(refusal.message):
        said = f"AWS says: {_said(refusal)}. " if refusal.kind else ""
        return (
            f"{said}The text says who asked for what, but not as AWS sends it: account numbers or names are taken out.",
            f"Give the error as AWS sent it, with its ARNs, or ask: {ask}.",
        )
    if refusal.encoded:
        return (
            "AWS encoded who asked for what, and decodes it for callers of that account who have "
            "sts:DecodeAuthorizationMessage. It was not decoded here.",
            "Have it decoded in the account that the call was for, by somebody who may.",
        )
    untold, find = (
        "AWS refused it, and its answer does not say who asked for what",
        "See whose key signed the call, and",
    )
    if refusal.code in ("403", "Forbidden") or operation.startswith("Head"):
        return (
            f"{untold}: the answer to a HEAD request carries no text.",
            f"Make the call again as a GET, which is refused in words. {find} ask again: {ask}. HEAD of an object "
            "wants s3:GetObject on it; of a bucket, or of an object that is not there, s3:ListBucket on the bucket.",
        )
    if _is_of_s3(refusal, operation):
        return (
            f"{untold}. S3 says both only to callers of the bucket's own account or organization: so the bucket is "
            "perhaps another account's, or public access to it is blocked.",
            f"{find} whose the bucket is; then ask again: {ask}. Besides the object, a bucket with a KMS key wants "
            "kms:GenerateDataKey to write and kms:Decrypt to read, an upload in parts both, and an ACL "
            "s3:PutObjectAcl.",
        )
    words = _words_of(refusal)
    if not words:
        return f"{untold}.", f"{find} ask again: {ask}."
    actions = dict.fromkeys(_ACTIONS.findall(refusal.message))
    allow = f"Allow {', '.join(actions)} to whoever asked. " if actions else ""
    return (
        f"AWS refused it, and says: “{words}” Who asked cannot be read off these words.",
        f"{allow}Where a service acted (a task, a function, a job), it asked with the role that it was given: look at "
        f"that role. Where a program of yours called, see whose key signed. Then ask again: {ask}.",
    )


def _words_of(refusal: Refusal) -> str:
    """Return AWS's message on one line, cut where it is long; nothing where it says no more than that it refused."""
    words = mask_secrets(" ".join(refusal.message.split()))
    says_more = re.sub(
        r"Access ?Denied|Forbidden|An error occurred|when calling the \w+ operation|\W", "", words, flags=re.I
    )
    return (
        "" if len(says_more) < _FEW_LETTERS else words if len(words) <= _MANY_LETTERS else f"{words[:_MANY_LETTERS]}…"
    )


def _is_of_s3(refusal: Refusal, operation: str) -> bool:
    of_s3 = botocore.session.get_session().get_service_model("s3").operation_names
    return operation in of_s3 or refusal.message_has("S3", "s3.", "s3:", any_of=True)


def _caller_is_gone(refusal: Refusal, question: str, told: str) -> Explanation:
    said = f"AWS says: {_said(refusal)}." if refusal.kind or refusal.is_explicit else "AWS refused it."
    gone = NextStep("See whose key the program uses now.", cli="aws sts get-caller-identity")
    return Explanation(
        question=question,
        verdict=Verdict.EXPLICIT_DENY if refusal.is_explicit else Verdict.IMPLICIT_DENY,
        decided_by=_SIDES_IN_AWS_WORDS.get(refusal.kind or ""),
        reason=f"{said} {told} It was deleted since, or the refusal is from another account.",
        next_step=_ask_for_key(refusal) if _is_of_kms(refusal) else gone,
    )


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
