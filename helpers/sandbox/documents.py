"""Whether a policy document is one: the grammar that IAM checks before it keeps a policy, in IAM's words.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from helpers.sandbox import moto_seam
from helpers.sandbox.errors import AwsError

_VERSIONS = ("2012-10-17", "2008-10-17")
_TRUST_ACTION = re.compile(r"sts:(AssumeRole\w*|TagSession|SetSourceIdentity|SetContext)", re.IGNORECASE)
_RESOURCE = re.compile(r"\*|arn:[^:]*:[^:]*:[^:]*:[^:]*:.*", re.DOTALL)
_PRINCIPAL_ARN = re.compile(r"arn:aws[a-z-]*:(iam|sts)::(\d{12}):(root|(user|role|assumed-role|federated-user)/.+)")


def check_trust_policy(text: str) -> None:
    """Refuses what is no trust policy of a role.

    Raises:
        AwsError: `MalformedPolicyDocument`, with the first fault that IAM would name.
    """
    for statement in _statements(_parsed(text, no_json="This policy contains invalid Json")):
        _check_trust_statement(statement)


def check_identity_policy(text: str) -> None:
    """Refuses what is no policy for a user, group or role, and no managed or session policy.

    Raises:
        AwsError: `MalformedPolicyDocument`, with the first fault that IAM would name.
    """
    for statement in _statements(_parsed(text, no_json="Syntax errors in policy.")):
        _check_identity_statement(statement)


def check_bucket_policy(text: str) -> None:
    """Refuses what is no bucket policy.

    Raises:
        AwsError: `MalformedPolicy`, as S3 calls it.
    """
    try:
        statements = _statements(_parsed(text, no_json="Policies must be valid JSON and the first byte must be '{'"))
        for statement in statements:
            _principal_of(statement)
    except AwsError as error:
        raise AwsError("MalformedPolicy", error.message) from None


def _malformed(message: str) -> AwsError:
    return AwsError("MalformedPolicyDocument", message, 400)


def _parsed(text: str, *, no_json: str) -> Mapping[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise _malformed(no_json) from None
    if not isinstance(document, dict) or document.get("Version", _VERSIONS[0]) not in _VERSIONS:
        raise _malformed("Syntax errors in policy.")
    if not set(document) <= {"Version", "Id", "Statement"}:
        raise _malformed("Syntax errors in policy.")
    return document


def _statements(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    statements: Any = document.get("Statement")
    listed: list[Any] = statements if isinstance(statements, list) else [statements]
    if not listed or not all(isinstance(statement, dict) for statement in listed):
        raise _malformed("Syntax errors in policy.")
    if not all(isinstance(statement.get("Sid", ""), str) for statement in listed):
        raise _malformed("Syntax errors in policy.")
    sids = [statement["Sid"] for statement in listed if "Sid" in statement]
    if len(set(sids)) < len(sids):
        raise _malformed("Statement IDs (SID) in a single policy must be unique.")
    for statement in listed:
        known = {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction"}
        known |= {"Resource", "NotResource", "Condition"}
        if statement.get("Effect") not in ("Allow", "Deny") or not set(statement) <= known:
            raise _malformed("Syntax errors in policy.")
        if ("Action" in statement) == ("NotAction" in statement):
            raise _malformed("Syntax errors in policy.")
        if not _is_condition(statement.get("Condition", {})):
            raise _malformed("Syntax errors in policy.")
    return listed


def _is_condition(condition: Any) -> bool:
    """Whether it is operators of keys of values, each value one or a list of texts, numbers and truths."""
    if not isinstance(condition, dict) or not all(isinstance(keys, dict) for keys in condition.values()):
        return False
    values = [value for keys in condition.values() for value in keys.values()]
    listed = [item for value in values for item in (value if isinstance(value, list) else [value])]
    return all(isinstance(item, (str, int, float, bool)) for item in listed)


def _check_identity_statement(statement: Mapping[str, Any]) -> None:
    if "Principal" in statement or "NotPrincipal" in statement:
        raise _malformed("Policy document should not specify a principal.")
    if ("Resource" in statement) == ("NotResource" in statement):
        raise _malformed("Syntax errors in policy.")
    for action in _texts(statement, "Action"):
        if action != "*" and ":" not in action:
            raise _malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
    for resource in _texts(statement, "Resource"):
        if not _RESOURCE.fullmatch(resource):
            raise _malformed(f'Resource {resource} must be in ARN format or "*".')


def _check_trust_statement(statement: Mapping[str, Any]) -> None:
    for prohibited in ("Resource", "NotResource"):
        if prohibited in statement:
            raise _malformed(f"Has prohibited field {prohibited}")
    if not all(_TRUST_ACTION.fullmatch(action) for action in _texts(statement, "Action")):
        raise _malformed("AssumeRole policy may only specify STS AssumeRole actions.")
    principal = _principal_of(statement)
    for kind in principal:
        for named in _texts(principal, kind):
            if not _principal_exists(kind, named):
                raise _malformed(f'Invalid principal in policy: "{kind}":"{named}"')


def _principal_of(statement: Mapping[str, Any]) -> Mapping[str, Any]:
    """Whom a statement is about, by kind; empty for everyone (`*`)."""
    if "Principal" not in statement and "NotPrincipal" not in statement:
        raise _malformed("Missing required field Principal")
    if "Principal" in statement and "NotPrincipal" in statement:
        raise _malformed("Syntax errors in policy.")
    principal = statement.get("Principal", statement.get("NotPrincipal"))
    if principal == "*":
        return {}
    if not isinstance(principal, dict) or not set(principal) <= {"AWS", "Service", "Federated", "CanonicalUser"}:
        raise _malformed("Syntax errors in policy.")
    return principal


def _texts(holder: Mapping[str, Any], element: str) -> Iterator[str]:
    """The values of an element and of its Not-form, which may be one text or a list of them."""
    for name in (element, f"Not{element}"):
        values = holder.get(name, [])
        for value in values if isinstance(values, list) else [values]:
            if not isinstance(value, str):
                raise _malformed("Syntax errors in policy.")
            yield value


def _principal_exists(kind: str, named: str) -> bool:
    if kind == "Service":
        return bool(re.fullmatch(r"[a-z0-9.-]+\.amazonaws\.com(\.cn)?", named))
    if kind != "AWS":
        return True
    if named == "*" or re.fullmatch(r"\d{12}", named):
        return True
    arn = _PRINCIPAL_ARN.fullmatch(named)
    if not arn or "*" in named or "?" in named:
        return False
    account_id, entity, kind_of_entity = arn[2], arn[3], arn[4]
    if entity == "root":
        return True
    if account_id not in moto_seam.account_ids():
        return False
    account = moto_seam.iam(account_id)
    match kind_of_entity:
        case "user":
            return any(user.arn == named for user in account.users.values())
        case "role":
            return any(role.arn == named for role in account.roles.values())
        case "assumed-role":
            role_name = entity.split("/")[1]
            return any(role.name == role_name for role in account.roles.values())
        case _:
            return True
