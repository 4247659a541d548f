"""Refusals that do not say who asked for what on what: what is left out, and how it is found.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
"""

import re
from collections.abc import Iterator

from helpers.clients.calls import Call, OpenAccount
from helpers.diagnosis.aws_words import SIDES, find_deny, is_masked, said, verdict_of
from helpers.diagnosis.explanation import Explanation, NextStep
from helpers.diagnosis.placeholders import filled_in
from helpers.diagnosis.refusals import Refusal
from helpers.diagnosis.untold_ec2 import operation_in, untold_by_ec2
from helpers.diagnosis.untold_s3 import ASK, FIND, UNTOLD, untold_by_s3
from helpers.secrecy import mask_secrets

_ACTIONS = re.compile(r"(?<![\w:/-])(?!arn:)[a-z][a-z0-9-]+:[A-Z][A-Za-z]+\b")
_FEW_LETTERS, _MANY_LETTERS = 20, 400
_OF_TERRAFORM = re.compile(r",?\s+(?:with|on) \S+,?\s(?:on \S+ )?line \d+.*$|\s+with (?:module\.|data\.)?\w+\.\S+,.*$")
_GO = re.compile(r"operation error ([A-Z][\w ]*): (\w+)")
_PREFIXES = {
    "API Gateway": "apigateway",
    "Bedrock Runtime": "bedrock",
    "CloudWatch Logs": "logs",
    "Cognito Identity Provider": "cognito-idp",
    "Cost Explorer": "ce",
    "EventBridge": "events",
    "Elastic Load Balancing v2": "elasticloadbalancing",
    "SESv2": "ses",
    "SFN": "states",
}
_NAMES_SOMEBODY = re.compile(r"User: .+ is not authorized to perform")
_ACTION_ASKED = re.compile(r"is not authorized to perform:? ([\w-]+:\w+(?: on resource:? \"?(?:arn:[^\s\"]+|\*))?)")


def explain_untold(account: OpenAccount, refusal: Refusal, call: Call | None) -> Explanation:
    """Explain a refusal that does not say who asked for what, such as the answer to a HEAD request.

    Args:
        account: the open account.
        refusal: what AWS said.
        call: the call; None where only its answer is known.
    """
    operation = (call.operation if call else "") or refusal.operation
    if of_ec2 := untold_by_ec2(account, refusal, operation, _words_of(refusal)):
        reason, step = of_ec2
        operation = operation or operation_in(refusal)
    else:
        reason, do = _what_is_not_told(account, refusal, operation)
        step = NextStep(do, cli=_who_asked_line(refusal))
    return Explanation(
        question=f"the call {operation}" if operation else refusal.asked or "a call",
        verdict=verdict_of(refusal),
        decided_by=SIDES.get(refusal.kind or ""),
        reason=reason,
        next_step=filled_in(step, refusal),
    )


def explain_other_error(refusal: Refusal, call: Call | None) -> Explanation:
    """Say of an error of AWS's that it is no refusal: neither policies nor credentials are behind it.

    Args:
        refusal: what AWS said.
        call: the call; None where only its answer is known.

    Raises:
        ValueError: the text tells of no error of AWS's.
    """
    if not refusal.code:
        raise ValueError(
            "This text tells of no refusal of AWS's. Paste the whole error, such as: An error occurred (AccessDenied) "
            "when calling the AssumeRole operation: User: arn:aws:iam::111122223333:user/ana is not authorized to "
            "perform: sts:AssumeRole on resource: arn:aws:iam::111122223333:role/reader"
        )
    operation = (call.operation if call else "") or refusal.operation
    words = _words_of(refusal)
    return Explanation(
        question=f"the call {operation}" if operation else "a call",
        verdict=None,
        decided_by="request",
        reason=f"AWS answers {refusal.code}, by which it refuses nobody for want of a permission, nor for a key. "
        f"{f'It says: “{words}”' if words else ''}".strip(),
        next_step=NextStep(
            f"See what the documentation of the service says of {refusal.code}: mostly it is about what was asked for, "
            "or about a limit or setting of the account's, and about no policy."
        ),
    )


def _what_to_do_about(refusal: Refusal, action: str) -> str:
    """Say what mends it, as far as the kind of policy tells that AWS names."""
    kind, condition = refusal.kind or "", "It often has a condition that the call can meet"
    if kind in ("service control policy", "resource control policy", "VPC endpoint policy"):
        who = "runs the network" if kind.startswith("VPC") else "administers the organization"
        return (
            f"No policy inside the account helps: ask whoever {who} which statement it is. {condition}: a region, a "
            "tag, a kind of instance, encryption."
        )
    if refusal.denies:
        return f"Find the Deny in the {kind}, which no Allow outweighs. {condition}, such as MFA, a region or a tag."
    match kind:
        case "permissions boundary":
            return (
                f"Ask whoever set the permissions boundary of whoever called: it has to take in {action}. Another "
                "policy that allows it does not help."
            )
        case "session policy":
            return (
                f"It was passed when the session was opened, and a policy of the role does not help: open the session "
                f"without one, or with one that allows {action}. Cognito passes one of its own for guests: have users "
                "sign in, or use its basic flow."
            )
        case "identity-based policy":
            return (
                f"Have {action} allowed in a policy of whoever called. Where one allows it already, look at its "
                "Resource and its Condition: one of them does not fit this call."
            )
        case _:
            return f"Ask the owner of what was asked for to let the caller in, for {action}, in its own policy."


def _who_asked_line(refusal: Refusal) -> str:
    if refusal.encoded:
        decode = f"aws sts decode-authorization-message --encoded-message {refusal.encoded}"
        return f"{decode} --query DecodedMessage --output text"
    return "" if refusal.caller else "aws sts get-caller-identity"


def _asked_in(refusal: Refusal) -> str:
    """Read what was asked for, and on what, out of a text that masks who asked; empty where that is masked too."""
    found = _ACTION_ASKED.search(refusal.message)
    return found[1].replace("resource: ", "").rstrip(".") if found else ""


def _what_is_not_told(account: OpenAccount, refusal: Refusal, operation: str) -> tuple[str, str]:
    """Say what AWS's answer leaves out, and how it can be found."""
    if refusal.caller and not is_masked(refusal.caller):
        asked = f"principal={refusal.caller!r}, action={refusal.action!r}, resource=…"
        told = f"AWS says: {said(refusal)}." if refusal.kind else "AWS refused it."
        return (
            f"{told} On what it was asked, the answer does not say.",
            f"See what was asked for, and ask again: explain(account, {asked}).",
        )
    if refusal.kind:
        taken_out = " Account numbers or names are taken out of the text."
        gap = taken_out if _NAMES_SOMEBODY.search(refusal.message) else " Who asked, the text does not say."
        return f"AWS says: {said(refusal)}.{gap}", _what_to_do_about(refusal, _asked_in(refusal) or "it")
    if _NAMES_SOMEBODY.search(refusal.message):
        gap = "The text says who asked for what, but not as AWS sends it: account numbers or names are taken out."
        give = f"Give the error as AWS sent it, with its ARNs, or ask: {ASK}."
        if refusal.is_explicit:
            return f"AWS says: {said(refusal)}. {gap}", f"{find_deny('the caller')} {give}"
        if wanted := _asked_in(refusal):
            give = f"Have {wanted} allowed to whoever called, where nothing denies it. {give}"
        return gap, give
    if refusal.encoded:
        return (
            "AWS encoded who asked for what, and decodes it for callers of that account who have "
            "sts:DecodeAuthorizationMessage. It was not decoded here.",
            "Have it decoded in the account that the call was for, by somebody who may.",
        )
    if operation == "AssumeRole":
        return (
            f"{UNTOLD}. AWS refuses to let a role be assumed in the same words where its trust policy does not let the "
            "caller in, where no policy of the caller's allows it, and where there is no such role.",
            f'{FIND} ask again: explain(account, principal="<caller>", resource="<the role\'s ARN>").',
        )
    if refusal.says("Encoded authorization failure message"):
        return (
            f"{UNTOLD} in words: it has an encoded message, which is missing in this text.",
            "Take the whole message from the program's own log, and have it decoded in that account by somebody who "
            "may: "
            "aws sts decode-authorization-message. Who asked is the program, with the role or key that it was given.",
        )
    if of_s3 := untold_by_s3(account, refusal, operation):
        return of_s3
    words = _words_of(refusal)
    actions = dict.fromkeys([*_ACTIONS.findall(refusal.message), *_action_of_go(refusal.message)])
    if operation and refusal.code == "UnauthorizedOperation":
        actions[f"ec2:{operation}"] = None
    if not words:
        missing = f"Allow {', '.join(actions)} to whoever asked, where nothing denies it. " if actions else ""
        return f"{UNTOLD}.", f"{missing}{FIND} ask again: {ASK}."
    if not actions:
        return (
            f"AWS refused it, and says: “{words}” More than these words say is not known here.",
            "Look them up in the documentation of the service that the call went to: they can be about a rule of its "
            f"own that no policy changes. Where they are about a permission: {FIND} ask again: {ASK}.",
        )
    return (
        f"AWS refused it, and says: “{words}” Who asked cannot be read off these words.",
        f"Allow {', '.join(actions)} to whoever asked: a service (a task, a function, a job) asks with the role that "
        f"it was given. {FIND} ask again: {ASK}.",
    )


def _action_of_go(message: str) -> Iterator[str]:
    """Name the permission behind an operation as Go's SDK writes it, such as `operation error EC2: RunInstances`."""
    for service, operation in _GO.findall(message):
        yield f"{_PREFIXES.get(service, service.replace(' ', '').lower())}:{operation}"


def _words_of(refusal: Refusal) -> str:
    """Return AWS's message on one line, cut where it is long; nothing where it says no more than that it refused."""
    words = _OF_TERRAFORM.sub("", mask_secrets(" ".join(refusal.message.split())))
    words = re.sub(r"^An error occurred \(\w+\): ", "", words)  # said of a record, which has its code elsewhere
    says_more = re.sub(
        r"Access ?Denied|Forbidden|An error occurred|when calling the \w+ operation|UnauthorizedOperation"
        r"|You are not authorized to perform this operation|operation error \w+: \w+|https? response error|api error"
        r"|StatusCode: \d+|status code: \d+|request ?id: [\w-]+|\W",
        "",
        words,
        flags=re.I,
    )
    return (
        "" if len(says_more) < _FEW_LETTERS else words if len(words) <= _MANY_LETTERS else f"{words[:_MANY_LETTERS]}…"
    )
