"""Whether a policy on a resource is one: a role's trust policy and a bucket's policy, checked as AWS checks them.

AWS has one reader for both, and its words are not those for the policies of users, groups and roles.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from helpers.evaluation.conditions import like
from helpers.policies import listed
from helpers.sandbox.checks.identity_policies import (
    STATEMENT_ELEMENTS,
    SYNTAX,
    VERSIONS,
    Statement,
    has_unique_sids,
    is_condition,
    is_texts,
    malformed,
    values,
)
from helpers.sandbox.checks.service_principals import is_service_principal
from helpers.sandbox.errors import AwsError
from helpers.sandbox.moto_adapter.accounts import account_ids, iam

_TRUST_ACTION = re.compile(r"sts:(AssumeRole\w*|TagSession|SetSourceIdentity|SetContext)", re.IGNORECASE)
_BUCKET_ACTION = re.compile(r"\*|s3:[\w*?]+", re.IGNORECASE)
_BUCKET_ARN = re.compile(r"arn:aws:s3:::([^/]+)(/.*)?", re.DOTALL)
_PRINCIPAL_ARN = re.compile(r"arn:aws:(iam|sts)::(\d{12}):(root|(user|role|assumed-role|federated-user)/.+)")
_OBJECT_ACTIONS = re.compile(
    r"s3:((get|put|delete)object\w*|(get|put|delete)\w*objecttagging|abortmultipartupload|listmultipartuploadparts"
    r"|restoreobject|bypassgovernanceretention|replicate(object|delete|tags)|objectowneroverridetobucketowner"
    r"|updateobject\w*)"
)
"""What is done with objects; all other actions of S3 in a bucket's policy are for the bucket."""

_KINDS = ("AWS", "Service", "Federated", "CanonicalUser")


def check_trust_policy(text: str) -> None:
    """Refuse what is no trust policy of a role.

    Raises:
        AwsError: `MalformedPolicyDocument`, with the first fault that IAM would name.
    """
    for statement in _statements(text, no_json="This policy contains invalid Json"):
        _check_trust_statement(statement)


def check_bucket_policy(text: str, bucket: str) -> None:
    """Refuse what is no policy of this bucket.

    Raises:
        AwsError: `MalformedPolicy`, as S3 calls it.
    """
    try:
        for statement in _statements(text, no_json="Policies must be valid JSON and the first byte must be '{'"):
            _check_bucket_statement(statement, bucket)
    except AwsError as error:
        raise AwsError("MalformedPolicy", error.message) from None


def _statements(text: str, *, no_json: str) -> list[Statement]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise malformed(no_json) from None
    if not isinstance(document, dict):
        raise malformed(no_json)
    _refuse_unknown_fields(document, {"Version", "Id", "Statement"})
    if document.get("Version", VERSIONS[0]) not in VERSIONS:
        raise malformed("The policy must contain a valid version string")
    if "Statement" not in document:
        raise malformed("Missing required field Statement")
    statements = listed(document["Statement"] or [])
    if not statements:
        raise malformed("Could not parse the policy: Statement is empty!")
    for statement in statements:
        _check_statement(statement)
    if not has_unique_sids(statements):
        raise malformed("The Statement Ids in the policy are not unique")
    return statements


def _refuse_unknown_fields(found: Mapping[str, Any], known: set[str] | frozenset[str]) -> None:
    for field in found:
        if field not in known:
            raise malformed(f"Unknown field {field}")


def _check_statement(statement: Any) -> None:
    if not isinstance(statement, dict) or not isinstance(statement.get("Sid", ""), str):
        raise malformed(SYNTAX)
    _refuse_unknown_fields(statement, STATEMENT_ELEMENTS)
    if "Effect" not in statement:
        raise malformed("Missing required field Effect")
    if statement["Effect"] not in ("Allow", "Deny"):
        raise malformed(f"Invalid effect: {statement['Effect']}")
    if "NotPrincipal" in statement and statement["Effect"] == "Allow":
        raise malformed("Allow with NotPrincipal is not allowed.")
    _check_principals(statement)
    if any({element, f"Not{element}"} <= set(statement) for element in ("Action", "Resource")):
        raise malformed(SYNTAX)
    if not (is_texts(statement, "Action") and is_texts(statement, "Resource")):
        raise malformed(SYNTAX)
    if not is_condition(statement.get("Condition", {})):
        raise malformed(SYNTAX)
    if not values(statement, "Action"):
        raise malformed("Missing required field Action")


def _check_principals(statement: Statement) -> None:
    if "Principal" not in statement and "NotPrincipal" not in statement:
        raise malformed("Missing required field Principal")
    if "Principal" in statement and "NotPrincipal" in statement:
        raise malformed(SYNTAX)
    principals = _principals(statement)
    if principals == "*":
        return
    if not isinstance(principals, dict):
        raise malformed("Principal must be a JSON object.")
    for kind in principals:
        if kind not in _KINDS:
            raise malformed(f'Invalid principal in policy: "{kind}"')
        if not is_texts(principals, kind):
            raise malformed(SYNTAX)
    if not any(values(principals, kind) for kind in principals):
        raise malformed("Missing required field Principal cannot be empty!")


def _principals(statement: Statement) -> Any:
    return statement.get("Principal", statement.get("NotPrincipal"))


def _unknown_principal(statement: Statement) -> tuple[str, str] | None:
    """Find the first principal that does not exist, by kind and name."""
    principals = _principals(statement)
    kinds = {} if principals == "*" else principals
    return next(
        ((kind, named) for kind in kinds for named in values(kinds, kind) if not _principal_exists(kind, named)), None
    )


def _check_trust_statement(statement: Statement) -> None:
    if "NotPrincipal" in statement:
        raise malformed("AssumeRole policy must not contain NotPrincipal field.")
    if not all(map(_TRUST_ACTION.fullmatch, values(statement, "Action"))):
        raise malformed("AssumeRole policy may only specify STS AssumeRole actions.")
    if "Resource" in statement:
        raise malformed("Has prohibited field Resource")
    if "NotResource" in statement:
        raise malformed("AssumeRole policy must not contain resources.")
    if unknown := _unknown_principal(statement):
        kind, named = unknown
        raise malformed(f'Invalid principal in policy: "{kind.upper()}":"{named}"')


def _check_bucket_statement(statement: Statement, bucket: str) -> None:
    if not all(map(_BUCKET_ACTION.fullmatch, values(statement, "Action"))):
        raise malformed("Policy has invalid action")
    if not values(statement, "Resource"):
        raise malformed("Missing required field Resource")
    if not all(_is_in(bucket, resource) for resource in values(statement, "Resource")):
        raise malformed("Policy has invalid resource")
    if not all(_applies(action.lower(), statement) for action in values(statement, "Action")):
        raise malformed("Action does not apply to any resource(s) in statement")
    if _unknown_principal(statement):
        raise malformed("Invalid principal in policy")


def _is_in(bucket: str, resource: str) -> bool:
    arn = _BUCKET_ARN.fullmatch(resource)
    return resource == "*" or (arn is not None and like(arn[1], bucket, None))


def _applies(action: str, statement: Statement) -> bool:
    """Tell whether a statement has a resource of the kind that an action is for; one with a wildcard is for both."""
    if "NotResource" in statement or "NotAction" in statement or "*" in action or "?" in action:
        return True
    resources = values(statement, "Resource")
    if _OBJECT_ACTIONS.fullmatch(action):
        return any("/" in resource or "*" in resource for resource in resources)
    return any("/" not in resource for resource in resources)


def _principal_exists(kind: str, named: str) -> bool:
    if kind == "Service":
        return is_service_principal(named)
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
    if account_id not in account_ids():
        return False
    account = iam(account_id)
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
