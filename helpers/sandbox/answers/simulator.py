"""The calls of the policy simulator: what they ask for, read and checked.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from helpers.evaluation.statements import Principal
from helpers.sandbox.answers.iam_lists import page
from helpers.sandbox.answers.responses import Answer, Result
from helpers.sandbox.answers.simulation import EVERYTHING, Simulation, Source, simulate
from helpers.sandbox.checks.existing import existing
from helpers.sandbox.checks.identity_policies import check_identity_policy
from helpers.sandbox.errors import AwsError
from helpers.sandbox.moto_adapter.accounts import identity_texts, managed_policy_text, user_by_arn
from helpers.sandbox.moto_adapter.additions import boundary_arn
from helpers.sandbox.moto_adapter.types import Group, Role, User
from helpers.sandbox.request.call import Call

_ENTITY_ARN = re.compile(r"arn:aws:iam::(\d{12}):(user|group|role)/(?:.*/)?([^/]+)")
_ARN = re.compile(r"arn:[^:]+:[^:]+:[^:]*:[^:]*:.+")
_NOT_SIMULATED = ("PolicyExclusionList", "OrderedOrganizationPolicyInputList")


def simulate_principal_policy(call: Call) -> Result:
    """Simulate what the policies of a user, group or role say, with others added where some are given.

    Raises:
        AwsError: `NoSuchEntity`, or `InvalidInput` for what cannot be simulated.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
    """
    source_arn = call.parameters["PolicySourceArn"]
    entity = _entity(call, source_arn)
    caller_arn = call.parameters.get("CallerArn", source_arn)
    return _simulated(call, caller_arn, _attached(entity), _boundary(entity))


def simulate_custom_policy(call: Call) -> Result:
    """Simulate what the given policies say, whether or not anybody has them.

    Raises:
        AwsError: `InvalidInput` for what cannot be simulated.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulateCustomPolicy.html
    """
    return _simulated(call, call.parameters.get("CallerArn"), (), None)


def get_context_keys_for_custom_policy(call: Call) -> Result:
    """List the condition keys that the given policies depend on.

    Raises:
        AwsError: `InvalidInput` for what is no policy.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetContextKeysForCustomPolicy.html
    """
    return _context_keys(_given_policies(call.parameters, "PolicyInputList"))


def get_context_keys_for_principal_policy(call: Call) -> Result:
    """List the condition keys that the policies of a user, group or role depend on, and others where some are given.

    Raises:
        AwsError: `NoSuchEntity`, or `InvalidInput` for what is no policy.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetContextKeysForPrincipalPolicy.html
    """
    entity = _entity(call, call.parameters["PolicySourceArn"])
    return _context_keys([*_attached(entity), *_given_policies(call.parameters, "PolicyInputList")])


def _context_keys(policies: Iterable[Source]) -> Result:
    found = {key.lower(): key for policy in policies for key in policy.context_keys()}
    return {"ContextKeyNames": sorted(found.values())}


def _simulated(call: Call, caller_arn: str | None, attached: tuple[Source, ...], boundary: Source | None) -> Result:
    parameters = call.parameters
    for name in _NOT_SIMULATED:
        if name in parameters:
            raise AwsError("NotImplemented", f"The sandbox does not simulate {name}.", 501)
    actions, resources = parameters["ActionNames"], parameters.get("ResourceArns") or [EVERYTHING]
    _check_actions(actions)
    _check_resources(resources)
    if "ResourcePolicy" in parameters and ":user/" not in (caller_arn or ""):
        raise AwsError("InvalidInput", "Invalid caller - Caller must be an IAM user in this context.")
    caller, known = _simulated_caller(call, caller_arn)
    entries = parameters.get("ContextEntries", [])
    given = {entry["ContextKeyName"]: entry.get("ContextKeyValues", []) for entry in entries}
    simulation = Simulation(
        caller=caller,
        identity=(*attached, *_given_policies(parameters, "PolicyInputList")),
        boundary=next(iter(_given_policies(parameters, "PermissionsBoundaryPolicyInputList")), boundary),
        resource=_resource_policy(parameters),
        resource_owner=_resource_owner(parameters),
        context={**known, **given},
    )
    return page("EvaluationResults", simulate(simulation, actions, resources), call)


def _check_actions(actions: Iterable[str]) -> None:
    for action in actions:
        if not re.fullmatch(r"[\w-]+:[\w*?]+", action):
            raise AwsError("InvalidInput", f"Invalid Input Actions: {action}")


def _check_resources(resources: Iterable[str]) -> None:
    for resource in resources:
        if resource != EVERYTHING and not _ARN.fullmatch(resource):
            raise AwsError("InvalidInput", f"ResourceNames are not in a valid ARN format: {resource}.")


def _entity(call: Call, arn: str) -> User | Group | Role:
    """Find the user, group or role whose policies are simulated."""
    account_id, kind, name = _parts(arn)
    if account_id != call.account_id:
        message = f"caller's account {call.account_id} does not have access to policies in account {account_id}"
        raise AwsError("InvalidInput", f"Invalid Policy Source Arn: {message}")
    found: User | Group | Role = existing(kind.title(), name, account_id)
    return found


def _attached(entity: User | Group | Role) -> tuple[Source, ...]:
    return tuple(Source(name, text) for name, text in identity_texts(entity))


def _boundary(entity: User | Group | Role) -> Source | None:
    arn = boundary_arn(entity)
    found = managed_policy_text(entity.account_id, arn) if arn else None
    return Source(*found) if found else None


def _parts(arn: str) -> tuple[str, str, str]:
    """Read the account, kind and name in the ARN of a user, group or role."""
    matched = _ENTITY_ARN.fullmatch(arn)
    if matched is None:
        raise AwsError("InvalidInput", f"Invalid Entity Arn: {arn} does not clearly define entity type and name.")
    account_id, kind, name = matched.groups()
    return account_id, kind, name


def _simulated_caller(call: Call, arn: str | None) -> tuple[Principal, dict[str, list[str]]]:
    """Tell whose calls are simulated, and the condition keys that this tells; of no matter where nobody is named."""
    if arn is None:
        return call.caller.principal, {}
    account_id, kind, name = _parts(arn)
    known = {"aws:PrincipalArn": [arn], "aws:PrincipalAccount": [account_id]}
    unique_id = ""
    if kind == "user":
        known |= {"aws:username": [name], "aws:PrincipalType": ["User"]}
        if user := user_by_arn(arn):
            unique_id = user.id
            known["aws:userid"] = [unique_id]
    return Principal(arn, account_id, unique_id), known


def _given_policies(parameters: Mapping[str, Any], name: str) -> list[Source]:
    policies = [Source(f"{name}.{number}", text) for number, text in enumerate(parameters.get(name, []), 1)]
    for policy in policies:
        _check_policy(policy.text)
    return policies


def _check_policy(text: str) -> None:
    """Refuse what is no identity policy.

    Raises:
        AwsError: `InvalidInput`.
    """
    try:
        check_identity_policy(text)
    except AwsError as error:
        raise AwsError("InvalidInput", error.message) from None


def _resource_policy(parameters: Mapping[str, Any]) -> Source | None:
    text = parameters.get("ResourcePolicy")
    if text is None:
        return None
    _check_policy(_without_principals(text))
    return Source("ResourcePolicy", text)


def _without_principals(text: str) -> str:
    """Write a resource's policy as it would be on an identity."""

    def hook(found: dict[str, Any]) -> dict[str, Any]:
        is_statement = "Effect" in found
        return {key: value for key, value in found.items() if not (is_statement and key.endswith("Principal"))}

    try:
        return json.dumps(json.loads(text, object_hook=hook))
    except (ValueError, RecursionError):
        return text


def _resource_owner(parameters: Mapping[str, Any]) -> str | None:
    owner = parameters.get("ResourceOwner")
    if owner is None:
        return None
    matched = re.fullmatch(r"(?:arn:aws:iam::)?(\d{12})(?::root)?", owner)
    if matched is None:
        raise AwsError("InvalidInput", f"'{owner}' is not a valid as a Resource Owner.")
    return matched[1]


ANSWERS: Mapping[str, Answer] = {
    "GetContextKeysForCustomPolicy": get_context_keys_for_custom_policy,
    "GetContextKeysForPrincipalPolicy": get_context_keys_for_principal_policy,
    "SimulateCustomPolicy": simulate_custom_policy,
    "SimulatePrincipalPolicy": simulate_principal_policy,
}
