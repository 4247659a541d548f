"""Refusals that do not say who asked for what on what: what is left out, and how it is found.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
"""

import re
from collections.abc import Iterator
from typing import Literal

from helpers.clients.calls import Call, OpenAccount
from helpers.diagnosis.aws_words import SIDES, is_masked, said, verdict_of
from helpers.diagnosis.explanation import Explanation, NextStep
from helpers.diagnosis.placeholders import filled_in
from helpers.diagnosis.refusals import Refusal
from helpers.evaluation.needs import s3_action
from helpers.secrecy import mask_secrets

_ACTIONS = re.compile(r"(?<![\w:/-])(?!arn:)[a-z][a-z0-9-]+:[A-Z][A-Za-z]+\b")
_FEW_LETTERS, _MANY_LETTERS = 20, 400
_BUCKET, _KEY = r"(?P<bucket>[a-z0-9][a-z0-9.-]+[a-z0-9])", r"(?P<key>[^\s'\"`,;)?]*[^\s'\"`,;)?:.])"
_S3_PLACES = (
    re.compile(rf"s3[an]?://{_BUCKET}(?:/{_KEY})?"),
    re.compile(rf"arn:aws[a-z-]*:s3:::{_BUCKET}(?:/{_KEY})?"),
    re.compile(rf"https://{_BUCKET}\.s3[.-][a-z0-9.-]*amazonaws\.com(?:/{_KEY})?"),
    re.compile(rf"https://s3[.-][a-z0-9.-]*amazonaws\.com/{_BUCKET}(?:/{_KEY})?"),
    re.compile(rf"object \"(?P<key>[^\"]+)\" in S3 [Bb]ucket \"{_BUCKET}\""),
    re.compile(rf"S3 [Bb]ucket [(\"]+{_BUCKET}[)\"]+(?P<key>)"),
)
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
_ACTION_ASKED = re.compile(r"is not authorized to perform:? ([\w-]+:\w+)")
_ASK = "explain(account, principal=…, action=…, resource=…)"


def explain_untold(account: OpenAccount, refusal: Refusal, call: Call | None) -> Explanation:
    """Explain a refusal that does not say who asked for what, such as the answer to a HEAD request.

    Args:
        account: the open account.
        refusal: what AWS said.
        call: the call; None where only its answer is known.
    """
    operation = (call.operation if call else "") or refusal.operation
    reason, do = _what_is_not_told(account, refusal, operation)
    return Explanation(
        question=f"the call {operation}" if operation else refusal.asked or "a call",
        verdict=verdict_of(refusal),
        decided_by=SIDES.get(refusal.kind or ""),
        reason=reason,
        next_step=filled_in(NextStep(do, cli=_who_asked_line(refusal)), refusal),
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
        action = _ACTION_ASKED.search(refusal.message)
        taken_out = " Account numbers or names are taken out of the text."
        gap = taken_out if _NAMES_SOMEBODY.search(refusal.message) else " Who asked, the text does not say."
        return f"AWS says: {said(refusal)}.{gap}", _what_to_do_about(refusal, action[1] if action else "it")
    if _NAMES_SOMEBODY.search(refusal.message):
        return (
            "The text says who asked for what, but not as AWS sends it: account numbers or names are taken out.",
            f"Give the error as AWS sent it, with its ARNs, or ask: {_ASK}.",
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
    if operation == "AssumeRole":
        return (
            f"{untold}. AWS refuses to let a role be assumed in the same words where its trust policy does not let the "
            "caller in, where no policy of the caller's allows it, and where there is no such role.",
            f'{find} ask again: explain(account, principal="<caller>", resource="<the role\'s ARN>").',
        )
    if refusal.code in ("403", "Forbidden") or operation.startswith("Head"):
        return (
            f"{untold}: the answer to a HEAD request carries no text.",
            f"Make the call again as a GET, which is refused in words. {find} ask again: {_ASK}. HEAD of an object "
            f"wants s3:GetObject on it{_place(refusal, 'key')}; of a bucket, or of an object that is not there, "
            f"s3:ListBucket on the bucket{_place(refusal, 'bucket')}.",
        )
    if refusal.says("Encoded authorization failure message"):
        return (
            f"{untold} in words: it has an encoded message, which is missing in this text.",
            "Take the whole message from the program's own log, and have it decoded in that account by somebody who "
            "may: "
            "aws sts decode-authorization-message. Who asked is the program, with the role or key that it was given.",
        )
    if _is_of_s3(account, refusal, operation):
        if operation == "PutBucketPolicy" or refusal.says(r"AWS::S3::BucketPolicy|s3:PutBucketPolicy"):
            return (
                f"{untold}. Setting a bucket's policy wants s3:PutBucketPolicy. And one that lets in everybody "
                '(Principal "*") is refused to administrators too, where the bucket or its account blocks public '
                "access, as new ones do.",
                "See whether the policy names everybody, and what blocks it: aws s3api get-public-access-block, and "
                f"aws s3control get-public-access-block for the account. {find} ask again: {_ASK}.",
            )
        names = operation in account.client("s3").meta.service_model.operation_names
        of: Literal["bucket", "key"] = "key" if "Object" in s3_action(operation) else "bucket"
        wants = f"{operation} wants {s3_action(operation)}{_place(refusal, of)}. " if names else ""
        return (
            f"{untold}. {wants}S3 says both to callers of the bucket's own account or organization, and not to others "
            "(older messages to nobody): so the bucket is perhaps another account's, or public access to it "
            "is blocked.",
            f"{find} whose the bucket is; then ask again: {_ASK}. {_besides(refusal, operation)}",
        )
    words = _words_of(refusal)
    if not words:
        return f"{untold}.", f"{find} ask again: {_ASK}."
    actions = dict.fromkeys([*_ACTIONS.findall(refusal.message), *_action_of_go(refusal.message)])
    if not actions:
        return (
            f"AWS refused it, and says: “{words}” More than these words say is not known here.",
            "Look them up in the documentation of the service that the call went to: they can be about a rule of its "
            f"own that no policy changes. Where they are about a permission: {find} ask again: {_ASK}.",
        )
    return (
        f"AWS refused it, and says: “{words}” Who asked cannot be read off these words.",
        f"Allow {', '.join(actions)} to whoever asked: a service (a task, a function, a job) asks with the role that "
        f"it was given. {find} ask again: {_ASK}.",
    )


def _besides(refusal: Refusal, operation: str) -> str:
    """Tell what a call of S3 may want besides the permission of its name."""
    if operation.startswith("List"):
        return "A listing is allowed on the bucket's own ARN, not on that of its objects (/*)."
    if refusal.says(r"--acl\b|x-amz-acl"):
        return (
            "The call passes an ACL, and wants s3:PutObjectAcl too; buckets that block public access, or have no "
            "ACLs, refuse it all the same. Try it without."
        )
    return (
        "Besides the object, a bucket with a KMS key wants kms:GenerateDataKey to write and kms:Decrypt to read, an "
        "upload in parts both, and an ACL s3:PutObjectAcl."
    )


def _action_of_go(message: str) -> Iterator[str]:
    """Name the permission behind an operation as Go's SDK writes it, such as `operation error EC2: RunInstances`."""
    for service, operation in _GO.findall(message):
        yield f"{_PREFIXES.get(service, service.replace(' ', '').lower())}:{operation}"


def _place(refusal: Refusal, of: Literal["bucket", "key"]) -> str:
    """Name the bucket or the object that a text speaks of, by ARN, in brackets."""
    found = next((found for words in _S3_PLACES if (found := words.search(refusal.message))), None)
    if not found or not found[of]:
        return ""
    arn = f"arn:aws:s3:::{found['bucket']}"
    return f" ({arn})" if of == "bucket" else f" ({arn}/{found['key']})"


def _words_of(refusal: Refusal) -> str:
    """Return AWS's message on one line, cut where it is long; nothing where it says no more than that it refused."""
    words = _OF_TERRAFORM.sub("", mask_secrets(" ".join(refusal.message.split())))
    says_more = re.sub(
        r"Access ?Denied|Forbidden|An error occurred|when calling the \w+ operation|\W", "", words, flags=re.I
    )
    return (
        "" if len(says_more) < _FEW_LETTERS else words if len(words) <= _MANY_LETTERS else f"{words[:_MANY_LETTERS]}…"
    )


def _is_of_s3(account: OpenAccount, refusal: Refusal, operation: str) -> bool:
    of_s3 = account.client("s3").meta.service_model.operation_names
    return operation in of_s3 or refusal.says(r"\bS3\b|s3[.:]|\bhost ?id\b|extended request id")
