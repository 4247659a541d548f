"""What AWS's refusals say: who asked for what, and which policy decided, read out of their sentences.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from botocore.exceptions import ClientError

from helpers.clients.error_codes import (
    EXPIRED,
    MALFORMED_KEY,
    REFUSED,
    UNKNOWN_KEY,
    UNSIGNED,
    WRONG_SECRET,
    WRONG_TOKEN,
    code_of,
    message_of,
)

_ARN = r"arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:[^:\s]*:[^\s\"'`,;]+"
_CALLER = rf"(?P<caller>{_ARN}|anonymous)"
_ACTION = r"(?P<action>[\w-]+:\w+)"
_RESOURCE = rf"\"?(?P<resource>{_ARN}|(?:user|role|group|policy|instance profile) [^\s\"]+|\*|[^\s\"]+)\"?"
_WHO_WHAT = re.compile(
    rf"User:? {_CALLER}\s*is not authorized to perform:? {_ACTION}(?:(?: on)? resource:? {_RESOURCE})?"
)
_CONSOLE = re.compile(
    rf"User: {_CALLER}.*?(?:Service: (?P<service>[\w-]+).*?)?Action: (?P<action>[\w:-]+).*?"
    rf"On resources?(?:\(s\))?: {_RESOURCE}",
    re.DOTALL,
)
_UNSAID_BY_WHOM = re.compile(
    rf"(?:[Nn]ot authorized (?:to )?perform|(?:not|n't) have permissions? to (?:call|perform)):? {_ACTION}"
    r"|[Rr]ole [(\"]+(?P<role>arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+)[)\"]+ cannot be assumed\."
)
_BECAUSE = re.compile(
    r"(?:because |Context: )?no (?P<allows>[\w -]+?(?:policy|policies|boundary)) allows"
    r"(?: the (?P<missing>[\w-]+:\w+) action)?"
    r"|explicit deny in an? (?P<denies>[\w -]+?(?:policy|boundary))(?:: (?P<policy_arn>arn:[^\s\"']+))?"
)
_ENCODED = re.compile(r"Encoded authorization failure message: (?P<encoded>[A-Za-z0-9_-]{40,})")
_OF_PERMISSION = re.compile(
    r"not ?authorized|unauthori[sz]ed|unauthenticated|access (?:is |was )?denied|permission denied|explicit deny"
    r"|\bForbidden\b|trust (relationship|permission)"
    r"|cannot be assumed|(?:unable|not able|failed) to assume|could not assume|error assuming|must allow .{0,60} to "
    r"assume"
    r"|cross-account pass role"
    r"|(?:not|n't) have (?:the )?(?:required |necessary |sufficient )?permission|insufficient (?:\w+ )?permission|no "
    r"permissions for",
    re.IGNORECASE,
)
_ENTITY = re.compile(r"(?P<kind>user|role|group|policy|instance profile) (?P<name>\S+)")

CredentialFault = Literal["unknown key", "malformed key", "wrong secret", "expired", "no credentials"]
_CREDENTIAL_FAULTS: dict[CredentialFault, tuple[frozenset[str], str]] = {
    "unknown key": (
        UNKNOWN_KEY | WRONG_TOKEN,
        r"security token included in the request is invalid|does not exist in our records"
        r"|not able to validate the provided access credentials",
    ),
    "malformed key": (MALFORMED_KEY, r"not a valid key=value pair|Credential is mal-formed"),
    "wrong secret": (WRONG_SECRET, r"signature we calculated does not match"),
    "expired": (EXPIRED, r"security token included in the request is expired|provided token has expired"),
    "no credentials": (
        UNSIGNED,
        r"(?:unable|failed) to (?:locate|load|find|get)(?: \w+)? credentials|could not (?:load|find) credentials"
        r"|no (?:valid )?credential sources|NoCredentialProviders|no valid providers in chain|no EC2 IMDS role found"
        r"|missing credentials in config|without credentials set|MissingCredentials|NoCredentialsError"
        r"|CredentialsNotLoaded|CredentialsProviderError|no providers in chain provided|static credentials are empty"
        r"|(?:unable|failed) to (?:resolve|retrieve|get) .{0,30}credentials|no EC2 instance role found"
        r"|retrieving credentials from the instance profile|credentials provider was not properly configured",
    ),
}


_REFUSED_A_TOKEN = r"Invalid ?Identity ?Token|identity provider|OpenIDConnect provider"
"""What STS says of a token: programs put it behind words of their own on credentials that they failed to get."""


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
        also: what else was refused by the same text, such as `s3:GetObject on arn:…`.
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
    also: tuple[str, ...] = ()

    @property
    def is_forbidden(self) -> bool:
        """Whether AWS refused for want of permission."""
        return self.code in REFUSED or bool(_OF_PERMISSION.search(self.message))

    @property
    def is_explicit(self) -> bool:
        """Whether AWS says that a Deny refused it, of whatever policy."""
        return "explicit deny" in self.message

    @property
    def asked(self) -> str:
        """Who asked for what on what, as far as AWS says; empty where it says nothing of it."""
        on = f" on {self.resource}" if self.resource != "*" else ""
        return ", ".join(filter(None, (self.caller, f"{self.action}{on}"))) if self.action else ""

    @property
    def kind(self) -> str | None:
        """The kind of policy that decided, in AWS's words; None where the message does not say."""
        return self.denies or self.allows

    def says(self, words: str) -> bool:
        """Tell whether the message has words that this pattern fits, in capitals or not."""
        return re.search(words, self.message, re.IGNORECASE) is not None

    @property
    def credential_fault(self) -> CredentialFault | None:
        """What is wrong with the credentials, where AWS refused those before it asked any policy."""
        for fault, (codes, _) in _CREDENTIAL_FAULTS.items():
            if self.code in codes:
                return fault
        if self.action or (self.operation and self.code in REFUSED):
            return None
        if self.says(_REFUSED_A_TOKEN):
            return None
        return next((fault for fault, (_, words) in _CREDENTIAL_FAULTS.items() if self.says(words)), None)


def read_refusal(error: ClientError) -> Refusal:
    """Read what an error of botocore's says."""
    refusal = read_message(code_of(error), message_of(error))
    return replace(refusal, operation=str(error.operation_name or ""))


def is_of_console(text: str) -> bool:
    """Tell whether a text is the console's, which names caller, action and resource on lines of their own."""
    return _CONSOLE.search(text) is not None


def read_message(code: str, message: str) -> Refusal:
    """Read what a message of AWS's says.

    Args:
        code: the error code; empty where there is none.
        message: the message, on one line.
    """
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
        caller = told.get("caller") or ""
        resource = _unmasked(_arn_of(_trimmed(told.get("resource") or "*"), caller), caller)
        refusal = replace(refusal, caller=told.get("caller"), action=told.get("action"), resource=resource)
    elif unsaid := _UNSAID_BY_WHOM.search(message):
        refusal = replace(refusal, action=unsaid["action"] or "sts:AssumeRole", resource=unsaid["role"] or "*")
    refusal = replace(refusal, also=tuple(_others(refusal, message)))
    if because:
        policy_arn = (because["policy_arn"] or "").rstrip(".")
        refusal = replace(refusal, allows=because["allows"], denies=because["denies"], policy_arn=policy_arn)
        if because["missing"] and refusal.action and not refusal.also:
            # A call can need an action besides its own: then this one is what no policy allows.
            refusal = replace(refusal, action=because["missing"])
    return replace(refusal, encoded=encoded["encoded"]) if encoded else refusal


def _others(refusal: Refusal, message: str) -> Iterator[str]:
    """Find what a text says was refused besides, each once."""
    asked = dict.fromkeys((one["action"], _trimmed(one["resource"] or "*")) for one in _WHO_WHAT.finditer(message))
    for action, resource in list(asked)[1:]:
        yield action if resource == "*" else f"{action} on {resource}"


def _trimmed(resource: str) -> str:
    """Take away what ends a sentence rather than an ARN."""
    return resource.rstrip(".)]}\\")


def _unmasked(resource: str, caller: str) -> str:
    """Fill in an account number of which a service shows the last digits alone, where they are the caller's."""
    account_id = caller.split(":")[4] if caller.count(":") >= 5 else ""
    masked = re.search(r":\*+(\d+):", resource)
    return resource.replace(masked[0], f":{account_id}:") if masked and account_id.endswith(masked[1]) else resource


def _arn_of(resource: str, caller: str) -> str:
    """Return the ARN of what IAM calls `role reader`, in the caller's account; anything else as it is."""
    found = _ENTITY.fullmatch(resource)
    if not found or caller.count(":") < 5:
        return resource
    partition, account_id = caller.split(":")[1], caller.split(":")[4]
    return f"arn:{partition}:iam::{account_id}:{found['kind'].replace(' ', '-')}/{found['name']}"
