"""How a Deny is lifted, the least of it first, and a session opened anew without its session policy."""

from collections.abc import Iterator
from dataclasses import replace

from helpers import policies
from helpers.diagnosis.explanation import NextStep
from helpers.diagnosis.mends.case import Case, Mend, all_of
from helpers.diagnosis.policy_edits import (
    Said,
    delete,
    edit,
    sparing,
    with_policy,
    with_statement_at,
    without_identity,
    without_policy,
)
from helpers.diagnosis.words import OF_COGNITO, OPENED_BY_COGNITO, statement_name, who
from helpers.evaluation.conditions import context_of, like

_WHO_IS_SPARED = ("aws:username", "aws:userid", "aws:principalarn")


def without_session_policies(case: Case) -> Iterator[Mend]:
    """Propose to open the session anew."""
    principal = case.request.principal
    if case.decided.policies.session is not None:
        name = principal.arn.rpartition("/")[2]
        step = NextStep(
            "Open the session anew, without a session policy or with one that allows this.",
            cli=f"aws sts assume-role --role-arn {principal.role_arn} --role-session-name {name}"
            if principal.role_arn
            else "",
        )
        if name == OF_COGNITO:
            step = NextStep(OPENED_BY_COGNITO)
        yield Mend(step, lambda state: (state[0], replace(state[1], session=None)))


def lifting_denies(case: Case) -> Iterator[Mend]:
    """Lift what denies, all of it at once; the least first: out of a group, then out of a statement's reach."""
    applied = [one for one in case.said if one.said.effect == "Deny" and one.said.applied and one.side != "session"]
    if not applied:
        return
    steps = [_lifting(case, one) for one in applied]
    if all(steps):
        mends = [step for step in steps if step]
        found = mends[0]
        for one in mends[1:]:
            found = found if one.step == found.step else all_of([found, one])
        yield found


def _lifting(case: Case, one: Said) -> Mend | None:
    place = case.decided.place(one.policy.source)
    if place is None:
        return None
    mend = f"Ask who wrote the {statement_name(one.said)} of the {one.policy.source}, and why"
    if spared := _spared_by_condition(case, one):
        key, value, changed_statement = spared
        document = with_statement_at(one.policy.document, one.place, changed_statement)
        do = f"{mend}; if {who(case.decided)} is one of those whom it spares, add {value} to its {key}."
        return Mend(replace(edit(place, document), do=do), with_policy(one, document))
    if place.holder == "group":
        step = NextStep(
            f"{mend}; then take {who(case.decided)} out of the group, or narrow the statement.",
            console=f"IAM → User groups → {place.name} → Users → {case.name} → Remove",
            cli=f"aws iam remove-user-from-group --group-name {place.name} --user-name {case.name}",
            python=f"{case.client(case.request.principal.account_id)}.remove_user_from_group("
            f'GroupName="{place.name}", UserName="{case.name}")',
        )
        places = case.decided.caller.places
        of_group = {
            source for source, other_ in places.items() if (other_.holder, other_.name) == ("group", place.name)
        }
        return Mend(step, without_identity(of_group))
    if place.policy_arn and place.policy_arn.split(":")[4] == "aws":
        if place.side == "boundary":
            return None
        do = f"{mend}; AWS maintains it: detach it, if it is not meant for {who(case.decided)}."
        step = replace(delete(place), do=do)
        return Mend(step, without_identity({one.policy.source}))
    if _is_on_no_resource(case, one):
        do = f"{mend}. {case.request.action} is asked on no resource of its own, so that no NotResource leaves it out: "
        do += "the statement has to list the actions that it is to deny, and leave this one out."
        return Mend(NextStep(do), with_policy(one, {**one.policy.document, "Statement": _without(one)}))
    narrowed = _narrowed(case, one)
    changed = {**one.policy.document, "Statement": narrowed}
    if place.holder == "bucket" and _denies_mending(one, f"arn:aws:s3:::{place.name}"):
        mend += ". It denies changing this policy too, so the account's root user may have to do it"
    verb = "narrow the statement" if len(narrowed) == len(one.reason.statements) else "take it out"
    if not narrowed:
        return Mend(
            replace(delete(place), do=f"{mend}; then take it out: the policy says nothing else."),
            without_policy(one),
        )
    step = replace(edit(place, changed), do=f"{mend}; then {verb}.")
    return Mend(step, with_policy(one, changed))


def _spared_by_condition(case: Case, one: Said) -> tuple[str, str, policies.Statement] | None:
    """Find the list of users or roles that a Deny spares by a condition, and write the caller into it."""
    context = context_of(case.request.context)
    condition = one.statement.get("Condition", {})
    for operator, tests in condition.items():
        for key, wanted in tests.items():
            value = context.get(key.lower(), ())
            if key.lower() in _WHO_IS_SPARED and operator.startswith(("StringNot", "ArnNot")) and len(value) == 1:
                more = {**tests, key: [*policies.listed(wanted), value[0]]}
                return key, value[0], {**one.statement, "Condition": {**condition, operator: more}}
    return None


def _is_on_no_resource(case: Case, one: Said) -> bool:
    """Tell whether a NotResource would have to leave out all there is to let the request through."""
    is_listed = "NotResource" in one.statement and "NotAction" not in one.statement
    return is_listed and "*" in case.request.resource and one.side != "resource"


def _without(one: Said) -> list[policies.Statement]:
    statements = policies.statements(one.policy.document)
    return statements[: one.place] + statements[one.place + 1 :]


def _denies_mending(one: Said, bucket: str) -> bool:
    """Tell whether a bucket's Deny keeps administrators from changing the policy that it is in."""
    actions = policies.listed(one.statement.get("Action", []))
    is_of_policy = any(like(action.lower(), "s3:putbucketpolicy", None) for action in actions)
    return is_of_policy and any(like(arn, bucket, None) for arn in policies.listed(one.statement.get("Resource", [])))


def _sparing_for_one_action(case: Case, statement: policies.Statement) -> list[policies.Statement]:
    """Leave the caller out of a Deny for the one action that was asked for: the others stay denied to it."""
    named, asked = policies.listed(statement.get("Action", [])), case.request.action.lower()
    others = [action for action in named if not like(asked, action.lower(), None)]
    fitting = [action for action in named if action not in others]
    if not others:
        return [sparing(statement, case.principal_arn)]
    nameless = {key: value for key, value in statement.items() if key != "Sid"}
    return [{**statement, "Action": others}, sparing({**nameless, "Action": fitting}, case.principal_arn)]


def _narrowed(case: Case, one: Said) -> list[policies.Statement]:
    """Leave the request out of a Deny's reach: its caller, its action or resource, or else take the statement out."""
    statements = policies.statements(one.policy.document)
    statement = dict(one.statement)
    place = case.decided.place(one.policy.source)
    is_for_others = one.side == "resource" or (place is not None and bool(place.policy_arn))
    if is_for_others and ("NotPrincipal" in statement or policies.principals(statement) != [case.principal_arn]):
        statements[one.place : one.place + 1] = _sparing_for_one_action(case, statement)
        return statements
    for element, value in (("Action", case.request.action), ("Resource", case.request.resource)):
        named = policies.listed(statement.get(element, []))
        kept = [item for item in named if item.lower() != value.lower()]
        if kept and len(kept) < len(named) and not any(like(item.lower(), value.lower(), None) for item in kept):
            statements[one.place] = {**statement, element: kept}
            return statements
    rest = _without(one)
    if is_for_others:
        return rest or [sparing(statement, case.principal_arn)]
    if "NotAction" in statement:
        left_out = [*policies.listed(statement["NotAction"]), case.request.action]
        statements[one.place] = {**statement, "NotAction": left_out}
        return statements
    if "NotResource" in statement and case.request.resource != "*":
        left_out = [*policies.listed(statement["NotResource"]), case.request.resource]
        statements[one.place] = {**statement, "NotResource": left_out}
        return statements
    if policies.listed(statement.get("Resource", [])) == ["*"] and case.request.resource != "*":
        left = {key: value for key, value in statement.items() if key != "Resource"}
        statements[one.place] = {**left, "NotResource": case.request.resource}
        return statements
    return rest
