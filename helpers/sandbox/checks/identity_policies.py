"""Whether a policy for a user, group or role is one: what IAM checks before it keeps it, in IAM's order and words.

IAM reads a policy several times over: for its syntax, as its first parser did, for its actions and resources. Which
of several faults it names follows from that. A resource's own policy has another reader: `resource_policies.py`.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from helpers.evaluation.conditions import is_operator
from helpers.policies import listed
from helpers.sandbox.errors import AwsError

Statement = Mapping[str, Any]

VERSIONS = ("2012-10-17", "2008-10-17")
STATEMENT_ELEMENTS = frozenset(
    ["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"]
)
SYNTAX = "Syntax errors in policy."

_LEGACY = "The policy failed legacy parsing"
_SID = re.compile("[0-9A-Za-z]*")
_PARTITIONS = ("*", "aws")
_WITH_REGION_IN_S3 = ("accesspoint/", "access-grants/", "async-request/", "job/", "storage-lens")
_IAM_PATHS = (
    *("user/", "federated-user/", "role/", "group/", "instance-profile/", "mfa/", "server-certificate/"),
    *("policy/", "sms-mfa/", "saml-provider/", "oidc-provider/", "report/", "access-report/"),
)
_DATE = re.compile(
    r"(?P<year>-?\d{1,9})(-(?P<month>\d{1,2})(-(?P<day>\d{1,2}))?)?"
    r"(t((?P<hour>\d{1,2})(:(?P<minute>\d{1,2})(:(?P<second>\d{1,2})(\.\d{1,9})?)?)?(z|[+-]\d{2}(:?\d{2})?)?)?)?",
    re.IGNORECASE,
)
_DATE_BOUNDS = {"month": (1, 12), "day": (1, 31), "hour": (0, 23), "minute": (0, 59), "second": (0, 59)}
_LATEST_EPOCH = 2**63 - 1


def check_identity_policy(text: str, *, managed: bool = False) -> None:
    """Refuse what is no policy for a user, group or role, and no managed or session policy.

    Args:
        text: The document.
        managed: Whether it is for a managed policy, which has to be of version 2012-10-17.

    Raises:
        AwsError: `MalformedPolicyDocument`, with the fault that IAM would name.
    """
    document = _parsed(text)
    statements = _statements(document)
    if managed and document.get("Version") != VERSIONS[0]:
        raise malformed(f"Policy document must be version {VERSIONS[0]} or greater.")
    if any("Principal" in statement or "NotPrincipal" in statement for statement in statements):
        raise malformed("Policy document should not specify a principal.")
    resources = [resource for statement in statements for resource in values(statement, "Resource")]
    resource_fault = next(filter(None, map(_resource_fault, resources)), None)
    if resource_fault == _LEGACY or not all(map(_passes_legacy_parsing, statements)):
        raise malformed(_LEGACY)
    if not all(_SID.fullmatch(statement.get("Sid", "")) for statement in statements):
        rule = f"Check that your input satisfies the regular expression {_SID.pattern}"
        raise malformed(f"Statement IDs (SID) must be alpha-numeric. {rule}")
    if not has_unique_sids(statements):
        raise malformed("Statement IDs (SID) in a single policy must be unique.")
    if not all(values(statement, "Action") for statement in statements):
        raise malformed("Policy statement must contain actions.")
    if resource_fault:
        raise malformed(resource_fault)
    if not all(values(statement, "Resource") for statement in statements):
        raise malformed("Policy statement must contain resources.")
    for statement in statements:
        for action in values(statement, "Action"):
            _check_action(action)


def malformed(message: str) -> AwsError:
    """Build the refusal of a policy document."""
    return AwsError("MalformedPolicyDocument", message, 400)


def values(statement: Statement, element: str) -> list[str]:
    """Return the values of an element or of its Not-form."""
    return [value for value in listed(statement.get(element, statement.get(f"Not{element}"))) if value is not None]


def has_unique_sids(statements: list[Statement]) -> bool:
    """Tell whether no two statements have the same `Sid`; empty ones do not count."""
    sids = [statement["Sid"] for statement in statements if statement.get("Sid")]
    return len(set(sids)) == len(sids)


def is_condition(condition: Any) -> bool:
    """Tell whether it is known operators of keys of values, each value one or a list of texts, numbers and truths."""
    if not isinstance(condition, dict) or not all(isinstance(keys, dict) for keys in condition.values()):
        return False
    if not all(is_operator(operator) for operator, keys in condition.items() if keys):
        return False
    found = [value for keys in condition.values() for value in keys.values()]
    return all(isinstance(item, (str, int, float, bool)) for value in found for item in listed(value))


# --- syntax


def _parsed(text: str) -> Mapping[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise malformed(SYNTAX) from None
    if not isinstance(document, dict) or not set(document) <= {"Version", "Id", "Statement"}:
        raise malformed(SYNTAX)
    if document.get("Version", VERSIONS[0]) not in VERSIONS or not isinstance(document.get("Id", ""), str):
        raise malformed(SYNTAX)
    return document


def _statements(document: Mapping[str, Any]) -> list[Statement]:
    statements = listed(document.get("Statement"))
    if not statements or not all(map(_is_statement, statements)):
        raise malformed(SYNTAX)
    return statements


def _is_statement(statement: Any) -> bool:
    return (
        isinstance(statement, dict)
        and set(statement) <= STATEMENT_ELEMENTS
        and not any({element, f"Not{element}"} <= set(statement) for element in ("Action", "Resource"))
        and str(statement.get("Effect")).lower() in ("allow", "deny")
        and isinstance(statement.get("Sid", ""), str)
        and is_texts(statement, "Action")
        and is_texts(statement, "Resource")
        and is_condition(statement.get("Condition", {}))
    )


def is_texts(statement: Statement, element: str) -> bool:
    """Tell whether an element, where there is one, is a text or a list of texts."""
    found = statement.get(element, statement.get(f"Not{element}", ""))
    return isinstance(found, str) or (
        isinstance(found, list) and all(isinstance(value, str) for value in values(statement, element))
    )


# --- IAM's first parser


def _passes_legacy_parsing(statement: Statement) -> bool:
    dates = [
        value
        for operator, keys in statement.get("Condition", {}).items()
        if operator.lower().rpartition(":")[2].startswith("date")
        for found in keys.values()
        for value in listed(found)
    ]
    return statement["Effect"] in ("Allow", "Deny") and all(map(_is_date, map(str, dates)))


def _is_date(text: str) -> bool:
    if text.isascii() and text.isdecimal():
        return int(text) <= _LATEST_EPOCH
    date = _DATE.fullmatch(text)
    return date is not None and all(
        date[part] is None or least <= int(date[part]) <= most for part, (least, most) in _DATE_BOUNDS.items()
    )


# --- actions and resources


def _check_action(action: str) -> None:
    vendor, colon, name = action.partition(":")
    if not colon and action != "*":
        raise malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
    if ":" in name:
        raise malformed("Actions/Condition can contain only one colon.")
    if not re.fullmatch(r"\*|[A-Za-z0-9.-]*", vendor):
        raise malformed(f"Vendor {vendor} is not valid")


def _resource_fault(resource: str) -> str | None:
    """Say what IAM has against a resource, if anything."""
    parts = resource.split(":", 5)
    if resource == "*":
        return None
    if len(parts) == 1:
        return f'Resource {resource} must be in ARN format or "*".'
    partition = parts[1]
    if partition not in _PARTITIONS:
        rest = [*parts[2:], "*", "*", "*", "*"][:4]
        return f'Partition "{partition}" is not valid for resource "arn:{partition}:{":".join(rest)}".'
    if len(parts) == 2 or {"*", "?"} & set(parts[2]):
        return "Resource vendor must be fully qualified and cannot contain regexes."
    if not parts[2] or (len(parts) < 6 and "::" in resource):
        return _LEGACY
    _, _, vendor, region, _, path = [*parts, "", "", ""][:6]
    if vendor == "iam":
        return _iam_resource_fault(resource, region, path)
    if vendor == "s3" and region and not path.startswith(_WITH_REGION_IN_S3):
        return f"Resource {resource} can not contain region information."
    return None


def _iam_resource_fault(resource: str, region: str, path: str) -> str | None:
    if region:
        return f"IAM resource {resource} cannot contain region information."
    if path in ("*", "root") or path.startswith(_IAM_PATHS):
        return None
    return f'IAM resource path must either be "*", root, or start with {", ".join(_IAM_PATHS)}.'
