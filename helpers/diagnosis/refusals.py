"""What AWS's refusals say: read out of botocore's errors, and out of text as people have it.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
"""

import html
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Literal

from botocore.exceptions import ClientError

from helpers.clients.error_codes import (
    EXPIRED,
    FORBIDDEN,
    MALFORMED_KEY,
    REFUSED,
    UNKNOWN_KEY,
    UNSIGNED,
    WRONG_SECRET,
    WRONG_TOKEN,
    code_of,
    message_of,
)

_ARN = r"arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:(?:\d{12})?:[^\s\"'`,;]+"
_CALLER = rf"(?P<caller>{_ARN}|anonymous)"
_ACTION = r"(?P<action>[\w-]+:\w+)"
_RESOURCE = rf"\"?(?P<resource>{_ARN}|(?:user|role|group|policy|instance profile) [^\s\"]+|\*|[^\s\"]+)\"?"
_WHO_WHAT = re.compile(
    rf"User:? {_CALLER} is not authorized to perform:? {_ACTION}(?:(?: on)? resource:? {_RESOURCE})?"
)
_CONSOLE = re.compile(
    rf"User: {_CALLER}.*?(?:Service: (?P<service>[\w-]+).*?)?Action: (?P<action>[\w:-]+).*?"
    rf"On resources?(?:\(s\))?: {_RESOURCE}",
    re.DOTALL,
)
_UNSAID_BY_WHOM = re.compile(
    rf"[Nn]ot authorized (?:to )?perform:? {_ACTION}"
    r"|[Rr]ole [(\"]+(?P<role>arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+)[)\"]+ cannot be assumed\."
)
_BECAUSE = re.compile(
    r"(?:because |Context: )?no (?P<allows>[\w -]+?(?:policy|policies|boundary)) allows"
    r"|with an explicit deny in an? (?P<denies>[\w -]+?(?:policy|boundary))(?:: (?P<policy_arn>arn:[^\s\"']+))?"
)
_EXPLAINED_CODES = (FORBIDDEN | UNKNOWN_KEY | WRONG_TOKEN | MALFORMED_KEY | WRONG_SECRET | EXPIRED | UNSIGNED) | {
    "AuthorizationHeaderMalformed",
    "BucketRegionError",
    "IllegalLocationConstraintException",
    "InvalidIdentityToken",
    "MalformedPolicy",
    "MalformedPolicyDocument",
    "MalformedPolicyDocumentException",
    "OptInRequired",
    "PermanentRedirect",
    "RegionDisabledException",
    "RequestTimeTooSkewed",
    "ValidationError",
}
_ENCODED = re.compile(r"Encoded authorization failure message: (?P<encoded>[A-Za-z0-9_-]{40,})")
_OPERATION = re.compile(r"when calling the (?P<operation>\w+) operation|operation error [\w ]+: (?P<go>\w+)")
_CODES = (
    re.compile(r"(?:An error occurred|A client error) \((?:\w+\.)?(?P<code>\w+)\)"),
    re.compile(r"api error (?P<code>\w+):"),
    re.compile(r"<Code>(?P<code>\w+)</Code>"),
    re.compile(r"Error ?[Cc]ode: \"?(?P<code>[A-Z]\w+)"),
    re.compile(rf"\b(?P<code>{'|'.join(sorted(_EXPLAINED_CODES, key=len, reverse=True))})\b"),
)
_ANY_EXCEPTION = re.compile(r"\b(?P<code>[A-Z]\w+(?:Exception|TokenId|Token|Match)):")
_OF_PERMISSION = re.compile(
    r"not authorized|access (?:is )?denied|not have (?:the )?(?:required )?permission|trust (relationship|permission)",
    re.IGNORECASE,
)
_ENTITY = re.compile(r"(?P<kind>user|role|group|policy|instance profile) (?P<name>\S+)")
_KIND_OF_CODE: tuple[tuple[str, str], ...] = (
    ("The security token included in the request is invalid", "InvalidClientTokenId"),
    ("The security token included in the request is expired", "ExpiredToken"),
    ("does not exist in our records", "InvalidAccessKeyId"),
    ("The requested DurationSeconds exceeds", "ValidationError"),
    ("MultiFactorAuthentication failed", "AccessDenied"),
    ("signature we calculated does not match", "SignatureDoesNotMatch"),
    ("ot authorized to perform", "AccessDenied"),
    ("explicit deny", "AccessDenied"),
    ("Access Denied", "AccessDenied"),
    ("Forbidden", "403"),
    ("cannot be assumed", "AccessDenied"),
    ("nable to assume", "AccessDenied"),
    ("ross-account pass role", "AccessDenied"),
    ("No OpenIDConnect provider found", "InvalidIdentityToken"),
    ("authorization header is malformed; the region", "AuthorizationHeaderMalformed"),
    ("Invalid principal in policy", "MalformedPolicyDocument"),
    ("authorization token has expired", "AccessDenied"),
    ("no basic auth credentials", "AccessDenied"),
    ("logged in to the server", "Unauthorized"),
    ("config profile", "ProfileNotFound"),
    ("retrieving token from sso", "UnauthorizedException"),
    ("SSO session", "UnauthorizedException"),
    ("Partial credentials found", "PartialCredentialsError"),
    ("Missing Authentication Token", "Forbidden"),
    ("Unable to load AWS credentials", "MissingAuthenticationToken"),
    ("Unable to load credentials", "MissingAuthenticationToken"),
    ("Unable to locate credentials", "MissingAuthenticationToken"),
    ("no valid credential sources", "MissingAuthenticationToken"),
    ("Could not load credentials", "MissingAuthenticationToken"),
    ("NoCredentialProviders", "MissingAuthenticationToken"),
)
_MOST_BREAKS = 8

CredentialFault = Literal["unknown key", "malformed key", "wrong secret", "expired", "no credentials"]
_CREDENTIAL_FAULTS: dict[CredentialFault, frozenset[str]] = {
    "unknown key": UNKNOWN_KEY | WRONG_TOKEN,
    "malformed key": MALFORMED_KEY,
    "wrong secret": WRONG_SECRET,
    "expired": EXPIRED,
    "no credentials": UNSIGNED,
}


@dataclass(frozen=True)
class Refusal:
    """What AWS answered to a call that it refused.

    Attributes:
        code: the error code; empty where the text has none.
        message: the message, in AWS's words.
        operation: the operation, such as `AssumeRole`, where that is told.
        caller: the ARN of whoever called; None where the message does not say.
        action: what was asked for, such as `s3:GetObject`.
        resource: the ARN that it was asked on, `*` where the message names none.
        allows: the kind of policy that does not allow it, in AWS's words, such as `session policy`.
        denies: the kind of policy that denies it.
        policy_arn: which policy denies it, where that is told.
        encoded: the encoded authorization message, which STS can decode.
    """

    code: str = ""
    message: str = ""
    operation: str = ""
    caller: str | None = None
    action: str | None = None
    resource: str = "*"
    allows: str | None = None
    denies: str | None = None
    policy_arn: str = ""
    encoded: str | None = None

    @property
    def is_forbidden(self) -> bool:
        """Whether AWS refused for want of permission."""
        return self.code in REFUSED or bool(_OF_PERMISSION.search(self.message))

    @property
    def is_explicit(self) -> bool:
        """Whether AWS says that a Deny refused it, of whatever policy."""
        return "explicit deny" in self.message

    @property
    def kind(self) -> str | None:
        """The kind of policy that decided, in AWS's words; None where the message does not say."""
        return self.denies or self.allows

    def message_has(self, *words: str, any_of: bool = False) -> bool:
        """Tell whether the message has all of these words, or any of them."""
        return (any if any_of else all)(word in self.message for word in words)

    @property
    def credential_fault(self) -> CredentialFault | None:
        """What is wrong with the credentials, where AWS refused those before it asked any policy."""
        return next((fault for fault, codes in _CREDENTIAL_FAULTS.items() if self.code in codes), None)


def read_refusal(error: ClientError) -> Refusal:
    """Read what an error of botocore's says."""
    refusal = _read(code_of(error), message_of(error))
    return replace(refusal, operation=str(error.operation_name or ""))


def parse_refusal(text: str) -> Refusal:
    """Read a refusal from text: of the CLI, boto3, the console, Terraform, a log or CloudTrail, wrapped lines and all.

    Args:
        text: the text, as it was pasted.

    Raises:
        ValueError: the text tells of no refusal; the message says what is wanted.
    """
    record = _cloudtrail(text)
    readings = [record or text] if _CONSOLE.search(record or text) else _unwrapped(record or text)
    found = max(map(_parsed, readings), key=_told)
    if not (found.code or found.action):
        raise ValueError(
            "This text tells of no refusal of AWS's. Paste the whole error, such as: An error occurred (AccessDenied) "
            "when calling the AssumeRole operation: User: arn:aws:iam::111122223333:user/ana is not authorized to "
            "perform: sts:AssumeRole on resource: arn:aws:iam::111122223333:role/reader"
        )
    return found


def _parsed(text: str) -> Refusal:
    code = next((found["code"] for pattern in _CODES if (found := pattern.search(text))), "")
    code = code or next((code for words, code in _KIND_OF_CODE if words in text), "")
    if not code and (found := _ANY_EXCEPTION.search(text)):
        code = found["code"]
    if not code and _OF_PERMISSION.search(text):
        code = "AccessDenied"
    refusal = _read(code, text)
    if refusal.action and not code:
        refusal = replace(refusal, code="AccessDenied")
    operation = _OPERATION.search(text)
    return replace(refusal, operation=(operation["operation"] or operation["go"]) if operation else "")


def _told(refusal: Refusal) -> tuple[int, int]:
    """Rank a reading: by how much of it is told, and then by how much of the names."""
    is_whole = not refusal.resource.endswith(("because", "with"))  # the words that follow it
    told = (refusal.code, refusal.operation, refusal.caller, refusal.action, refusal.resource != "*", refusal.kind)
    return sum(map(bool, (*told, is_whole))), len(refusal.resource) + len(refusal.caller or "")


def _read(code: str, message: str) -> Refusal:
    named = _WHO_WHAT.search(message)
    console = None if named else _CONSOLE.search(message)
    because, encoded = _BECAUSE.search(message), _ENCODED.search(message)
    found = named or console
    told = found.groupdict() if found else {}
    service = told.pop("service", None)
    action = told.get("action")
    if action and service and ":" not in action:
        told["action"] = f"{service}:{action}"
    refusal = Refusal(code=code, message=message.strip())
    if told:
        resource = _arn_of(_trimmed(told.get("resource") or "*"), told.get("caller") or "")
        refusal = replace(refusal, caller=told.get("caller"), action=told.get("action"), resource=resource)
    elif unsaid := _UNSAID_BY_WHOM.search(message):
        refusal = replace(refusal, action=unsaid["action"] or "sts:AssumeRole", resource=unsaid["role"] or "*")
    if because:
        policy_arn = (because["policy_arn"] or "").rstrip(".")
        refusal = replace(refusal, allows=because["allows"], denies=because["denies"], policy_arn=policy_arn)
    return replace(refusal, encoded=encoded["encoded"]) if encoded else refusal


def _trimmed(resource: str) -> str:
    """Take away what ends a sentence rather than an ARN."""
    return resource.rstrip(".)]}\\")


def _arn_of(resource: str, caller: str) -> str:
    """Return the ARN of what IAM calls `role reader`, in the caller's account; anything else as it is."""
    found = _ENTITY.fullmatch(resource)
    if not found or caller.count(":") < 5:
        return resource
    partition, account_id = caller.split(":")[1], caller.split(":")[4]
    return f"arn:{partition}:iam::{account_id}:{found['kind'].replace(' ', '-')}/{found['name']}"


def _unwrapped(text: str) -> Iterator[str]:
    """Undo the wrapping of lines in every way that may be meant: at a space, or in the middle of a word."""
    plain = html.unescape(text.replace("\\n", "\n").replace('\\"', '"'))
    plain = re.sub(r"`([^`'\s]+)'", r"\1", plain)  # quoted as mail servers do
    lines = [re.sub(r"^[\s│|>#]+", "", line).rstrip() for line in plain.splitlines()]
    lines = [line for line in lines if line]
    if len(lines) > _MOST_BREAKS:
        yield " ".join(lines)
        yield "".join(lines)
        return
    for breaks in product((" ", ""), repeat=max(len(lines) - 1, 0)):
        yield "".join(line + gap for line, gap in zip(lines, (*breaks, ""), strict=True))


def _cloudtrail(text: str) -> str | None:
    """Return what a record of CloudTrail's tells, as an error would; None for any other text."""
    try:
        record: Any = json.loads(text)
    except ValueError:
        return None
    if isinstance(record, Mapping) and isinstance(record.get("Records"), list) and record["Records"]:
        record = record["Records"][0]
    if not isinstance(record, Mapping):
        return None
    code = record.get("errorCode") or record.get("code") or record.get("Code")
    message = record.get("errorMessage") or record.get("message") or record.get("Message") or ""
    return f"An error occurred ({str(code).rpartition('.')[2]}): {message}" if code else str(message) or None
