"""AWS's policy simulator: what policies say to actions that nobody takes, in the form in which IAM answers it.

It looks at the policies that it is given, and at nothing else: a role's trust policy or a bucket's policy has no say.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_testing-policies.html
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from helpers.evaluation.conditions import variables_in
from helpers.evaluation.decisions import Decision, Policies, Policy, PolicyReason, Verdict, decide
from helpers.evaluation.statements import Principal, Request
from helpers.policies import statements

EVERYTHING = "*"

_IDENTITY, _BOUNDARY, _RESOURCE = "IAM Policy", "Permissions Boundary Policy", "Resource Policy"
_TYPES = {"identity": _IDENTITY, "boundary": _BOUNDARY, "resource": _RESOURCE}
_BEFORE_STATEMENT = re.compile(r"[\s,]*(?={)")


@dataclass(frozen=True)
class Source:
    """A policy to simulate: what the answer calls it, and its text."""

    name: str
    text: str

    @property
    def policy(self) -> Policy:
        """The policy, to decide by."""
        return Policy(self.name, json.loads(self.text))

    def context_keys(self) -> Iterator[str]:
        """Go through the condition keys that the policy depends on, in conditions and as policy variables."""
        for statement in statements(self.policy.document):
            for tests in statement.get("Condition", {}).values():
                yield from tests
        yield from variables_in(self.text)


@dataclass(frozen=True)
class Simulation:
    """Who is simulated, with which policies.

    Attributes:
        caller: Whose calls these would be.
        identity: The policies of the caller.
        boundary: The permissions boundary around the caller, if any.
        resource: The policy that every resource is to have, if any.
        resource_owner: The account that owns those resources whose ARN does not tell.
        context: The condition keys of the calls, with their values.
    """

    caller: Principal
    identity: tuple[Source, ...]
    boundary: Source | None
    resource: Source | None
    resource_owner: str | None
    context: Mapping[str, Sequence[str]]

    @property
    def sources(self) -> list[Source]:
        """All the policies."""
        return [*self.identity, *(source for source in (self.boundary, self.resource) if source)]

    @property
    def policies(self) -> Policies:
        """All the policies, to decide by."""
        return Policies(
            identity=tuple(source.policy for source in self.identity),
            boundary=self.boundary.policy if self.boundary else None,
            resource=self.resource.policy if self.resource else None,
        )


def simulate(simulation: Simulation, actions: Sequence[str], resources: Sequence[str]) -> list[dict[str, Any]]:
    """Try each action on each resource.

    Args:
        simulation: Who does it, with which policies.
        actions: Such as `s3:GetObject`.
        resources: ARNs, or `*` for no resource in particular.

    Returns:
        For each action, IAM's `EvaluationResult`: the sternest decision of all resources, and the one for each.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_EvaluationResult.html
    """
    policies = simulation.policies
    missing = _missing_keys(simulation)
    return [
        _action_result(action, [_outcome(simulation, policies, action, resource) for resource in resources], missing)
        for action in actions
    ]


@dataclass(frozen=True)
class _Outcome:
    """How a simulated call ends, and the statements that make it so."""

    resource: str
    verdict: Verdict
    statements: list[dict[str, Any]]
    details: dict[str, Any]


def _outcome(simulation: Simulation, policies: Policies, action: str, resource: str) -> _Outcome:
    account = resource.split(":")[4] if resource != EVERYTHING else ""
    owner = account or simulation.resource_owner
    decision = decide(Request(simulation.caller, action, resource, owner, simulation.context), policies)
    verdict = decision.verdict if simulation.resource else decision.identity_side
    decisive = list(_decisive(decision, verdict, simulation.sources))
    return _Outcome(resource, verdict, decisive, _details(decision))


def _decisive(decision: Decision, verdict: Verdict, sources: Iterable[Source]) -> Iterator[dict[str, Any]]:
    """Find the statements that a verdict rests on; a refusal for want of an allow rests on none."""
    effect = {Verdict.ALLOWED: "Allow", Verdict.EXPLICIT_DENY: "Deny"}.get(verdict)
    for reason, source in zip(decision.reasons, sources, strict=True):
        if effect == "Allow" and reason.side == "boundary":
            continue
        for place, statement in enumerate(reason.statements):
            if statement.applied and statement.effect == effect:
                named = {"SourcePolicyId": source.name, "SourcePolicyType": _TYPES[reason.side]}
                yield named | _positions(source.text, place)


def _details(decision: Decision) -> dict[str, Any]:
    """Say what the answer tells about each kind of policy: the boundary, and the two sides across accounts."""
    details: dict[str, Any] = {}
    for reason in decision.reasons:
        if reason.side == "boundary":
            details["PermissionsBoundaryDecisionDetail"] = {"AllowedByPermissionsBoundary": _allows(reason)}
    if decision.resource_side and not decision.same_account:
        details["EvalDecisionDetails"] = {_IDENTITY: decision.identity_side, _RESOURCE: decision.resource_side}
    return details


def _allows(reason: PolicyReason) -> bool:
    return {statement.effect for statement in reason.statements if statement.applied} == {"Allow"}


def _action_result(action: str, outcomes: list[_Outcome], missing: list[str]) -> dict[str, Any]:
    sternest = max(outcomes, key=lambda outcome: list(Verdict).index(outcome.verdict))
    decisive = [outcome for outcome in outcomes if outcome.verdict is sternest.verdict]
    result: dict[str, Any] = {
        "EvalActionName": action,
        "EvalResourceName": outcomes[0].resource if len(outcomes) == 1 else EVERYTHING,
        "EvalDecision": sternest.verdict,
        "MatchedStatements": _union(outcome.statements for outcome in decisive),
        "MissingContextValues": missing,
        **sternest.details,
    }
    if [outcome.resource for outcome in outcomes] != [EVERYTHING]:
        result.setdefault("EvalDecisionDetails", {})
        result["ResourceSpecificResults"] = [
            {
                "EvalResourceName": outcome.resource,
                "EvalResourceDecision": outcome.verdict,
                "MatchedStatements": outcome.statements,
                "MissingContextValues": missing,
                **outcome.details,
            }
            for outcome in outcomes
        ]
    return result


def _union(lists: Iterable[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for listed in lists:
        found += [statement for statement in listed if statement not in found]
    return found


# --- where a statement stands in its policy's text


def _positions(text: str, place: int) -> dict[str, Any]:
    """Say from where to where a statement goes: from the end of what comes before it to its own end."""
    spans = _spans(text)
    if place >= len(spans):
        return {}
    start, end = spans[place]
    return {"StartPosition": _position(text, start), "EndPosition": _position(text, end)}


def _spans(text: str) -> list[tuple[int, int]]:
    opening = re.search(r'"Statement"\s*:\s*[\[{]', text)
    if opening is None:
        return []
    decoder = json.JSONDecoder()
    end = opening.end()
    if text[end - 1] == "{":
        return [(end, decoder.raw_decode(text, end - 1)[1])]
    spans = []
    while following := _BEFORE_STATEMENT.match(text, end):
        spans.append((end, decoder.raw_decode(text, following.end())[1]))
        end = spans[-1][1]
    return spans


def _position(text: str, index: int) -> dict[str, int]:
    return {"Line": text.count("\n", 0, index) + 1, "Column": index - text.rfind("\n", 0, index)}


# --- what the policies ask for


def _missing_keys(simulation: Simulation) -> list[str]:
    """List the condition keys that the policies use, in conditions or as variables, and nobody gave a value."""
    given = {key.lower() for key, values in simulation.context.items() if values}
    used = {key.lower(): key for source in simulation.sources for key in source.context_keys()}
    return [key for lower, key in used.items() if lower not in given]
