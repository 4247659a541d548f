"""What AWS's refusals say, read out of botocore's errors.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
"""

import re
from dataclasses import dataclass
from typing import Literal

from botocore.exceptions import ClientError

from helpers.clients.error_codes import (
    EXPIRED,
    REFUSED,
    UNKNOWN_KEY,
    UNSIGNED,
    WRONG_SECRET,
    WRONG_TOKEN,
    code_of,
    message_of,
)

_WHO_WHAT = re.compile(
    r"User: (?P<caller>\S+) is not authorized to perform: (?P<action>[\w-]+:\w+)"
    r'(?: on resource: "?(?P<resource>[^"\s]+)"?)?'
)
_BECAUSE = re.compile(r"because no (?P<allows>[\w -]+?) allows|with an explicit deny in an? (?P<denies>[\w -]+)")

CredentialFault = Literal["unknown key", "wrong secret", "expired", "no credentials"]
_CREDENTIAL_FAULTS: dict[CredentialFault, frozenset[str]] = {
    "unknown key": UNKNOWN_KEY | WRONG_TOKEN,
    "wrong secret": WRONG_SECRET,
    "expired": EXPIRED,
    "no credentials": UNSIGNED,
}


@dataclass(frozen=True)
class Refusal:
    """A refusal for want of permission, as its message tells it.

    Attributes:
        caller: the ARN of whoever called; None where the message does not say.
        action: what was asked for, such as `s3:GetObject`.
        resource: the ARN that it was asked on, `*` where the message names none.
        allows: the kind of policy that does not allow it, in AWS's words, such as `session policy`.
        denies: the kind of policy that denies it.
    """

    caller: str | None = None
    action: str | None = None
    resource: str = "*"
    allows: str | None = None
    denies: str | None = None


def read_refusal(error: ClientError) -> Refusal | None:
    """What a refusal for want of permission says; None when the error is of another kind."""
    if code_of(error) not in REFUSED:
        return None
    message = message_of(error)
    named, because = _WHO_WHAT.search(message), _BECAUSE.search(message)
    told = {**(named.groupdict() if named else {}), **(because.groupdict() if because else {})}
    return Refusal(**{name: text.rstrip(".") for name, text in told.items() if text})


def credential_fault(error: ClientError) -> CredentialFault | None:
    """What is wrong with the credentials, when AWS refused those before it asked any policy."""
    return next((fault for fault, codes in _CREDENTIAL_FAULTS.items() if code_of(error) in codes), None)
