"""ARNs: parse, build, and say in plain words what is wrong with one.

Formats: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
Names, paths and their limits: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from helpers.secrecy import looks_like_secret

ArnKind = Literal["role", "user", "policy"]
NameKind = Literal["role", "user", "policy", "session"]

SECRET_PROBLEM = (
    "This looks like an access key; keys belong in no form and no notebook, so it is not used or shown here."
)

_NAME_LENGTHS = {"role": (1, 64), "user": (1, 64), "policy": (1, 128), "session": (2, 64)}
_IAM_TYPES = {
    "role": "a role",
    "user": "a user",
    "policy": "a policy",
    "group": "a group",
    "instance-profile": "an instance profile",
}
_PLACEHOLDER = re.compile(r"<[^<>:]*>|\$\{[^{}]*\}|\{[\w .-]+\}|\[[\w .-]+\]|\$\w+")
_ARN_PLACEHOLDER = re.compile(r"(?!arn$)(my|your|the)?[-_]?(role|user|policy)?[-_]?arn[-_]?(here)?", re.IGNORECASE)
_UNIQUE_ID = re.compile(r"A(IDA|ROA|NPA|GPA|IPA)[A-Z0-9]{12,}")
_NOT_IN_NAMES = re.compile(r"[^\w+=,.@-]", re.ASCII)


@dataclass(frozen=True)
class Arn:
    """An Amazon resource name, in its parts.

    `region` and `account_id` are empty where the service leaves them out, as S3 does; IAM has no region.
    """

    partition: str
    service: str
    region: str
    account_id: str
    resource: str

    def __str__(self) -> str:
        """Return the ARN as AWS writes it."""
        return f"arn:{self.partition}:{self.service}:{self.region}:{self.account_id}:{self.resource}"

    @property
    def resource_type(self) -> str:
        """What the resource is, such as `role`; empty when the ARN does not say, as in `…:root`."""
        match = re.match(r"([^/:]+)[/:]", self.resource)
        return match[1] if match else ""

    @property
    def name(self) -> str:
        """The last part of the resource: the role's name in `role/team/tutorial-role`."""
        return re.split(r"[/:]", self.resource)[-1]

    @property
    def path(self) -> str:
        """What stands between type and name: `/team/` in `role/team/tutorial-role`, else `/`."""
        return self.resource[len(self.resource_type) : len(self.resource) - len(self.name)] or "/"


def parse_arn(text: str) -> Arn:
    """Read any service's ARN into its parts.

    Args:
        text: The whole ARN, such as `arn:aws:iam::111122223333:role/tutorial-role`.

    Returns:
        The parts; `str()` of them is the text again.

    Raises:
        ValueError: The text is no ARN. The message says what was given and what is wanted.

    See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
    """
    match = re.fullmatch(r"arn:([^:\s]+):([^:\s]+):([^:\s]*):([^:\s]*):(\S|\S.*\S)", text, re.DOTALL)
    if match is None:
        raise ValueError(
            f"`{_shown(text)}` is not an ARN, which is `arn:partition:service:region:account:resource`, "
            "such as `arn:aws:iam::111122223333:role/tutorial-role`; copy it whole from the console."
        )
    return Arn(*match.groups())


def role_arn(account_id: str, name: str, path: str = "/") -> str:
    """Build a role's ARN.

    Args:
        account_id: The account's 12 digits.
        name: The role's name.
        path: The role's path, with a slash at both ends.

    Returns:
        Such as `arn:aws:iam::111122223333:role/tutorial-role`.

    Raises:
        ValueError: A part is one that AWS would refuse; the message says how to mend it.

    See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
    """
    return _built("role", account_id, name, path)


def user_arn(account_id: str, name: str, path: str = "/") -> str:
    """Build a user's ARN; parameters and errors are those of `role_arn`.

    See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
    """
    return _built("user", account_id, name, path)


def policy_arn(account_id: str, name: str, path: str = "/") -> str:
    """Build a managed policy's ARN; `aws` as the account gives a policy that AWS manages.

    Parameters and errors are otherwise those of `role_arn`.
    See https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html
    """
    return _built("policy", account_id, name, path)


def account_root_arn(account_id: str) -> str:
    """Build the ARN that means the whole account in a trust policy.

    Args:
        account_id: The account's 12 digits.

    Returns:
        Such as `arn:aws:iam::111122223333:root`.

    Raises:
        ValueError: The account id is not 12 digits.

    See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    """
    if problem := _account_problem(account_id, "role"):
        raise ValueError(problem)
    return f"arn:aws:iam::{account_id}:root"


def arn_problem(text: str, kind: ArnKind, *, account_id: str | None = None) -> str | None:
    """Say what is wrong with an ARN that somebody typed or pasted.

    Args:
        text: What was given, as it is.
        kind: What the ARN should be of.
        account_id: The account it should be in; any account will do when left out.

    Returns:
        None for a right ARN, else one line for a learner: what was seen and how to mend it. It never repeats
        anything that looks like an access key.

    See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
    """
    example = f"arn:aws:iam::{account_id or '111122223333'}:{kind}/tutorial-{kind}"
    return (
        _paste_problem(text, f"paste the {kind}'s ARN, which looks like `{example}`")
        or _shape_problem(text, kind, example)
        or _parts_problem(Arn(*text.split(":", 5)[1:]), kind, account_id)
    )


def name_problem(text: str, kind: NameKind) -> str | None:
    """Say what is wrong with a name that somebody typed or pasted.

    Args:
        text: What was given, as it is.
        kind: What the name is for; `session` is a role session's name.

    Returns:
        None for a name AWS accepts, else one line for a learner: what was seen and how to mend it.

    See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    """
    example = f"tutorial-{kind}"
    if problem := _paste_problem(text, f"type the {kind}'s name, for example `{example}`"):
        return problem
    if text.startswith("arn:"):
        return f"This is an ARN; give the name alone, its last part, for example `{example}`."
    if wrong := _NOT_IN_NAMES.search(text):
        return (
            f"A {kind}'s name cannot have `{_shown(wrong[0])}` in it; use the letters a to z and A to Z, "
            "digits and `_+=,.@-` only."
        )
    shortest, longest = _NAME_LENGTHS[kind]
    if not shortest <= len(text) <= longest:
        seen = _counted(len(text), "character")
        return f"This name has {seen}; a {kind}'s name has {shortest} to {longest}, so shorten or lengthen it."
    return None


def check_arn(text: str, kind: ArnKind, *, account_id: str | None = None) -> str:
    """Return the ARN, if right.

    Args:
        text: What was given, as it is.
        kind: What the ARN should be of.
        account_id: The account it should be in; any account will do when left out.

    Returns:
        The text, unchanged.

    Raises:
        ValueError: Something is wrong; the message is `arn_problem`'s.

    See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
    """
    if problem := arn_problem(text, kind, account_id=account_id):
        raise ValueError(problem)
    return text


def check_name(text: str, kind: NameKind) -> str:
    """Return the name, if right.

    Args:
        text: What was given, as it is.
        kind: What the name is for.

    Returns:
        The text, unchanged.

    Raises:
        ValueError: Something is wrong; the message is `name_problem`'s.

    See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    """
    if problem := name_problem(text, kind):
        raise ValueError(problem)
    return text


def _built(kind: ArnKind, account_id: str, name: str, path: str) -> str:
    problem = _account_problem(account_id, kind) or _path_problem(path) or name_problem(name, kind)
    if problem:
        raise ValueError(problem)
    return f"arn:aws:iam::{account_id}:{kind}{path}{name}"


def _paste_problem(text: str, wanted: str) -> str | None:
    """Find what copying and pasting goes wrong with, in an ARN or a name."""
    if looks_like_secret(text):
        return SECRET_PROBLEM
    if not text.strip():
        return f"This is empty; {wanted}."
    if match := _PLACEHOLDER.search(text):
        return f"`{_shown(match[0])}` is a placeholder; put the real value in its place, without brackets."
    if _invisible(text[0]) or _invisible(text[-1]):
        return "There is white space before or after this; remove it."
    if _encloses(text[0]) or _encloses(text[-1]):
        return "There are quotation marks or brackets around this; remove them."
    if hidden := next((at for at, character in enumerate(text) if _invisible(character)), None):
        return f"There is white space inside this, after `{_shown(text[:hidden])}`; remove it."
    return None


def _shape_problem(text: str, kind: ArnKind, example: str) -> str | None:
    """Find why the text does not fall into an ARN's six parts."""
    if text[-1] in ",;":
        return f"There is a `{text[-1]}` at the end; remove it."
    if _ARN_PLACEHOLDER.fullmatch(text):
        return f"`{text}` is a placeholder; put the {kind}'s ARN in its place, such as `{example}`."
    if not ("arn:".startswith(text.lower()) or re.match(r"arn[:;,/|\\]", text, re.IGNORECASE)):
        return _not_arn_problem(text, kind, example)
    if text.count(":") < 5:
        seen = _counted(text.count(":"), "colon")
        return f"This has {seen}; an ARN has five between its parts, two together after `iam`: `{example}`."
    start = ":".join(text.split(":")[:3])
    if start != start.lower():
        return f"This begins with `{_shown(start)}`; write `{_shown(start.lower())}`, in small letters."
    return None


def _not_arn_problem(text: str, kind: ArnKind, example: str) -> str:
    if _UNIQUE_ID.fullmatch(text):
        seen = "This is a unique id, not an ARN"
    elif re.fullmatch(r"[0-9]{12}", text):
        seen = "This is an account's id, not an ARN"
    elif name_problem(text, kind) is None:
        return f"This is only a name; the whole ARN looks like `{example.replace(f'tutorial-{kind}', text)}`."
    else:
        seen = "This is not an ARN, which begins with `arn:`"
    return f"{seen}; copy the {kind}'s ARN, which looks like `{example}`."


def _parts_problem(arn: Arn, kind: ArnKind, account_id: str | None) -> str | None:
    """Find the first wrong part, from left to right; the right account comes last."""
    if not re.fullmatch(r"aws(-[a-z]+)*", arn.partition):
        return f"This begins with `arn:{_shown(arn.partition)}:`; write `arn:aws:` there."
    if arn.service == "sts" and arn.resource_type == "assumed-role":
        return f"This is a session's ARN, made when a role is assumed; {_wanted(kind)}"
    if arn.service != "iam":
        return f"This is an ARN of `{_shown(arn.service)}`, not of `iam`; {_wanted(kind)}"
    if arn.region:
        return (
            f"`{_shown(arn.region)}` stands where the region goes, and IAM has none; leave nothing between "
            "the two colons after `iam`."
        )
    if problem := _account_problem(arn.account_id, kind) or _resource_problem(arn, kind):
        return problem
    if account_id and arn.account_id not in (account_id, "aws"):
        return (
            f"This {kind} is in account {arn.account_id}, and you work in account {account_id}; copy the ARN "
            f"of a {kind} in {account_id}."
        )
    return None


def _account_problem(account_id: str, kind: ArnKind) -> str | None:
    if re.fullmatch(r"[0-9]{12}", account_id) or (account_id, kind) == ("aws", "policy"):
        return None
    if not account_id:
        return "The account is empty; put its 12 digits there, after exactly two colons behind `iam`."
    if account_id == "aws":
        return f"Only policies belong to the account `aws`; put the 12 digits of the {kind}'s account there."
    if re.fullmatch(r"[0-9]+", account_id):
        seen = _counted(len(account_id), "digit")
        return f"The account `{_shown(account_id)}` has {seen}; an account has 12, so copy it again."
    return f"The account says `{_shown(account_id)}`; write its 12 digits, with nothing else between them."


def _resource_problem(arn: Arn, kind: ArnKind) -> str | None:
    """Find what is wrong behind the account: type, path and name."""
    if arn.resource == "root":
        return f"This ARN means the whole account; {_wanted(kind)}"
    if not arn.resource_type:
        return f"`{kind}/` is missing before the name; {_wanted(kind)}"
    if arn.resource_type != kind and arn.resource_type in _IAM_TYPES:
        return f"This is {_IAM_TYPES[arn.resource_type]}'s ARN; {_wanted(kind)}"
    if arn.resource_type != kind:
        return f"`{_shown(arn.resource_type)}` stands where `{kind}` belongs; {_wanted(kind)}"
    path_and_name = arn.resource.removeprefix(kind)
    if path_and_name[0] == ":":
        return f"There is a colon after `{kind}`; write a slash there: `:{kind}/`."
    path, _, name = path_and_name.rpartition("/")
    if not name:
        return f"The name is missing after the last slash; write it there, as in `:{kind}/tutorial-{kind}`."
    return _path_problem(f"{path}/") or name_problem(name, kind)


def _wanted(kind: ArnKind) -> str:
    return f"{_IAM_TYPES[kind]}'s ARN has `:{kind}/` in it. Copy it from the {kind}'s page."


def _path_problem(path: str) -> str | None:
    if not (path.startswith("/") and path.endswith("/")):
        return f"The path `{_shown(path)}` needs a slash at both ends, as `/team/` has."
    if "//" in path:
        return "There are two slashes together; write one."
    if not re.fullmatch(r"[!-~]{1,512}", path):
        return "The path may have letters a to z, digits and signs, without accents, and 512 characters at most."
    return None


def _invisible(character: str) -> bool:
    return character.isspace() or not character.isprintable()


def _encloses(character: str) -> bool:
    """Tell a quotation mark or a bracket, straight or curly."""
    return character in "\"'`<>" or unicodedata.category(character) in {"Pi", "Pf", "Ps", "Pe"}


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _shown(text: str) -> str:
    """Make what was given fit for a sentence: one line, at most 120 characters, never a secret."""
    if looks_like_secret(text):
        return "(hidden, it looks like an access key)"
    line = "".join("?" if character == "`" or not character.isprintable() else character for character in text)
    return line if len(line) <= 120 else f"{line[:119]}…"
