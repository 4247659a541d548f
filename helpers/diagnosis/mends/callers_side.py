"""What whoever administers the caller may do: a policy more, or a wider permissions boundary."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import chain, count
from typing import Any

from helpers import policies
from helpers.arns import parse_arn
from helpers.diagnosis.call_lines import json_argument
from helpers.diagnosis.condition_values import tests_of
from helpers.diagnosis.explanation import NextStep
from helpers.diagnosis.live_policies import Place
from helpers.diagnosis.mends.case import Case, Mend, all_of, conditions_met, fails_on_conditions
from helpers.diagnosis.policy_edits import Said, edit, wanted_by
from helpers.diagnosis.words import statement_name, who
from helpers.evaluation.conditions import context_of
from helpers.evaluation.decisions import Policy

_MANAGED_POLICY_QUOTA = 6144
"""How many characters a managed policy has at most, white space not counted."""
_MEANT_FOR = {
    "ec2:CreateTags": "ec2:CreateAction",
    "iam:CreateServiceLinkedRole": "iam:AWSServiceName",
    "iam:PassRole": "iam:PassedToService",
}
"""The condition keys that tell what an action is asked for, by the action: it is allowed for that alone."""
_WHAT_IS_ASKED = ("s3:prefix", "s3:delimiter")


def on_the_callers_side(case: Case) -> Iterator[Mend]:
    """Propose to allow the request, within a wider boundary where that is what is missing."""
    if case.request.principal.service or case.is_unreadable or case.is_protected:
        return
    yield from _widening_boundary(case)
    allowing = _allowing(case)
    yield allowing
    for boundary in _widening_boundary(case):
        yield all_of([allowing, boundary])


def _allowing(case: Case) -> Mend:
    """Put a new inline policy for exactly the request on the caller: those that are there stay as they are."""
    request, holder, name = case.request, case.holder, case.name
    near = _nearest(case)
    condition = _condition(case, near)
    statement = policies.allow(request.action, request.resource) | condition
    is_arn = request.resource.startswith(("arn:", "*"))
    written = request.resource if is_arn else f"<the ARN of {request.resource}>"  # some services repeat a bare name
    resources = [written, *case.also] if case.also else written
    on = " and ".join([request.resource, *case.also])
    do = f"Put an inline policy on {holder} {name} that allows {request.action} on {on}."
    if near and near.said.mismatch and near.said.mismatch.element in ("Resource", "NotResource"):
        wrong = f"The {statement_name(near.said)} of the {near.policy.source} allows it on "
        do = f"{wrong}{near.said.mismatch.wanted}: correct its Resource, or put a policy of its own on {holder} "
        do += f"{name} for {on}."
    elif near and fails_on_conditions(near):
        do = f"The {statement_name(near.said)} of the {near.policy.source} allows it under a condition that nothing "
        do += f"passed along meets: {wanted_by(near)}. Ask whoever set it; if it is to be allowed anyway, put a "
        do += f"policy of its own on {holder} {name}."
    elif named := next((one for one in case.said if _lets_in_for_others(one)), None):
        do = f"The {statement_name(named.said)} of the {named.policy.source} lets it do other things there: if this "
        do += f"belongs to them, add {request.action} to its Action. Or put an inline policy on {holder} {name} that "
        do += f"allows {request.action} on {on}."
    elif holder == "user" and not request.assumes_role and not _uses_the_service(case):
        asks = f"Is {who(case.decided)} the one who should ask?"
        do = f"{asks} If not, see which credentials the program uses. If so: {do}"
    elif holder == "role":
        do = f"If the role is to do this: {do}"
    policy_name = _free_name(case)
    under = f" | {json.dumps(condition)}" if condition else ""
    document = f'policies.policy(policies.allow("{request.action}", {json.dumps(resources)}){under})'
    if request.action == "sts:AssumeRole" and not condition:
        document = f'policies.allow_assume_role("{request.resource}")'
    client = case.client(request.principal.account_id)
    step = NextStep(
        do + case.elsewhere(request.principal.account_id),
        console=f"IAM → {holder.title()}s → {name} → Permissions → Add permissions → Create inline policy → JSON",
        cli=f"aws iam put-{holder}-policy --{holder}-name {name} --policy-name {policy_name} "
        f"--policy-document {json_argument(policies.policy(policies.allow(request.action, resources) | condition))}",
        python=f'iam.put_{holder}_policy({client}, {holder}_name="{name}", '
        f'policy_name="{policy_name}", document={document})',
    )
    added = Policy("added", policies.policy(statement))
    return Mend(step, lambda state: (state[0], replace(state[1], identity=(*state[1].identity, added))))


def _lets_in_for_others(one: Said) -> bool:
    """Tell whether a statement of the resource's own policy names the caller, for other actions."""
    mismatch = one.said.mismatch
    is_of_action = mismatch is not None and mismatch.element == "Action"
    return one.side == "resource" and one.said.effect == "Allow" and bool(one.said.matched_by) and is_of_action


def _uses_the_service(case: Case) -> bool:
    """Tell whether the caller's policies allow other actions of the service by name: then it is meant to use it."""
    prefix = case.request.action.partition(":")[0] + ":"
    return any(
        action.startswith(prefix)
        for one in case.said
        if one.side == "identity" and one.said.effect == "Allow"
        for action in policies.listed(one.statement.get("Action", []))
    )


def _condition(case: Case, near: Said | None) -> dict[str, Any]:
    """Write the `Condition` of a new Allow: what the nearest one asks for and the request meets, and for what it is."""
    context = context_of(case.request.context)
    found: dict[str, dict[str, Any]] = {}
    if near and fails_on_conditions(near):
        found = conditions_met(case, near).get("Condition", {})
        for test in tests_of(near.statement):
            is_met = test.key in found.get(test.operator, {})
            if not is_met and test.key.lower() in _WHAT_IS_ASKED and (seen := context.get(test.key.lower())):
                found.setdefault("StringEquals", {})[test.key] = seen[0]
    key = _MEANT_FOR.get(case.request.action, "")
    if seen := context.get(key.lower()):
        found.setdefault("StringEquals", {})[key] = seen[0]
    return {"Condition": found} if found else {}


def _nearest(case: Case) -> Said | None:
    """Find the statement on the caller's side that comes nearest to allowing the request."""
    near = [
        one
        for one in case.said
        if one.side == "identity"
        and one.said.effect == "Allow"
        and one.said.mismatch
        and one.said.mismatch.element not in ("Action", "NotAction")
    ]
    return max(near, key=fails_on_conditions, default=None)


def _free_name(case: Case) -> str:
    """Choose a name for a new inline policy that no policy of the caller has yet."""
    request = case.request
    name = f"assume-{parse_arn(request.resource).name}" if request.assumes_role else request.action.replace(":", "-")
    taken = {place.policy_name for place in case.decided.caller.places.values()}
    return next(free for free in chain([name], (f"{name}-{number}" for number in count(2))) if free not in taken)


def _widening_boundary(case: Case) -> Iterator[Mend]:
    place, boundary, request = case.place("boundary"), case.decided.policies.boundary, case.request
    if place is None or boundary is None:
        return
    statement = policies.allow(request.action, request.resource)
    changed = policies.with_statement(boundary.document, statement)
    if place.policy_arn.split(":")[4] == "aws":
        step = _another_boundary(case, place, changed)
    else:
        step = replace(
            edit(place, changed),
            do=f"Ask whoever set the boundary to add {request.action} on {request.resource} to it.",
            python=f"iam.add_to_managed_policy({case.client(request.principal.account_id)}, "
            f'policy_arn="{place.policy_arn}", statement=policies.allow("{request.action}", "{request.resource}"))',
        )
    wider = replace(boundary, document=changed)
    yield Mend(step, lambda state: (state[0], replace(state[1], boundary=wider)))


def _another_boundary(case: Case, place: Place, document: Mapping[str, Any]) -> NextStep:
    """Put a policy of the account's own in the place of one that AWS maintains, and nobody else changes."""
    name = f"boundary-of-{case.name}-with-{case.request.action.replace(':', '-')}"
    arn = f"arn:aws:iam::{case.request.principal.account_id}:policy/{name}"
    lines = [
        f"aws iam create-policy --policy-name {name} --policy-document {json_argument(document)}",
        f"aws iam put-{case.holder}-permissions-boundary --{case.holder}-name {case.name} --permissions-boundary {arn}",
    ]
    return NextStep(
        f"Ask whoever set the boundary for {case.request.action} on {case.request.resource}. AWS maintains this "
        "one: another policy has to take its place, with what it has and this.",
        cli="\n".join(lines) if len("".join(policies.to_json(document).split())) <= _MANAGED_POLICY_QUOTA else "",
    )
