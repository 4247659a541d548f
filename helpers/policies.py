"""Policy documents: build them and read them. Pure: nothing here calls AWS.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

Document = dict[str, Any]
Statement = dict[str, Any]

VERSION = "2012-10-17"
TRUST_SID = "Statement1"


def policy(*statements: Statement) -> Document:
    """Return a policy document of these statements."""
    return {"Version": VERSION, "Statement": list(statements)}


def allow(actions: str | Sequence[str], resources: str | Sequence[str] = "*") -> Statement:
    """Return a statement that allows actions (`"s3:GetObject"`) on resources (ARNs, or `"*"`)."""
    return {"Effect": "Allow", "Action": _plain(actions), "Resource": _plain(resources)}


def deny(actions: str | Sequence[str], resources: str | Sequence[str] = "*") -> Statement:
    """Return a statement that denies actions on resources, whatever else allows them."""
    return {**allow(actions, resources), "Effect": "Deny"}


def allow_assume_role(role_arn: str) -> Document:
    """Return the user's half of the handshake: the identity policy that lets a user assume one role.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_permissions-to-switch.html
    """
    return policy(allow("sts:AssumeRole", [role_arn]))


def trust_service(service: str) -> Statement:
    """Return a trust statement that lets an AWS service (`"ec2.amazonaws.com"`) assume the role."""
    return {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}


def trust_principal(arn: str, *, sid: str = TRUST_SID) -> Statement:
    """Return the role's half of the handshake: a trust statement for a user, a role, or a whole account (`…:root`).

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    """
    return {"Sid": sid, "Effect": "Allow", "Principal": {"AWS": arn}, "Action": "sts:AssumeRole"}


def statements(document: Mapping[str, Any]) -> list[Statement]:
    """Return the statements of a document, which may hold one alone or a list of them."""
    return [dict(statement) for statement in listed(document.get("Statement", []))]


def principals(statement: Statement | Mapping[str, Any]) -> list[str]:
    """Return whom a statement names as `Principal` or `NotPrincipal`, of whatever kind; `*` is everyone."""
    named: Any = statement.get("Principal", statement.get("NotPrincipal", {}))
    return [named] if isinstance(named, str) else [name for names in named.values() for name in listed(names)]


def with_statement(document: Mapping[str, Any], statement: Statement) -> Document:
    """Return the document with one more statement: in place of the one with the same Sid, or at the end.

    Done twice, it changes nothing the second time. All other statements stay as they are.
    """
    sid = statement.get("Sid")
    kept = [old for old in statements(document) if old != statement and (sid is None or old.get("Sid") != sid)]
    return {**document, "Statement": [*kept, statement]}


def parse_policy(text: str) -> Document:
    """Read a policy document from JSON.

    Raises:
        ValueError: the text is no JSON object with statements; the message says where it goes wrong.
    """
    try:
        document = json.loads(text)
    except RecursionError:
        raise ValueError("This is no policy: its brackets are nested thousands deep.") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise ValueError(f"This is no JSON: {error.msg} at {where}. Look for a missing comma or quote.") from error
    if not isinstance(document, dict) or "Statement" not in document:
        given = type(document).__name__
        message = f'A policy document is a JSON object with a "Statement"; this is a {given} without one.'
        raise ValueError(f'{message} Wrap the statement in {{"Version": "{VERSION}", "Statement": [ … ]}}.')
    if not all(isinstance(statement, dict) for statement in listed(document["Statement"])):
        raise ValueError('Each statement of a policy is a JSON object, such as {"Effect": "Allow", …}.')
    return document


def to_json(document: Mapping[str, Any]) -> str:
    """Return the document as the AWS calls take it."""
    return json.dumps(document)


def _plain(values: str | Sequence[str]) -> str | list[str]:
    return values if isinstance(values, str) else list(values)


def listed(value: Any) -> list[Any]:
    """Return the values of an element, which may hold one alone or a list of them."""
    return value if isinstance(value, list) else [value]
