"""What the resource's owner may do: change a role's trust policy, or a bucket's policy."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, count
from typing import Any

from helpers import policies
from helpers.diagnosis.explanation import NextStep
from helpers.diagnosis.live_policies import Place
from helpers.diagnosis.mends.case import Case, Mend, conditions_met, fails_on_conditions
from helpers.diagnosis.policy_edits import (
    UNIQUE_ID,
    Said,
    edit,
    saveable,
    wanted_by,
    with_resource,
    with_statement_at,
)
from helpers.diagnosis.words import other, statement_name, who
from helpers.evaluation.decisions import Policy


def on_the_other_side(case: Case) -> Iterator[Mend]:
    """Propose to let the caller in, the smallest change of the policy first."""
    own, place = case.decided.policies.resource, case.decided.resource.place
    if case.request.assumes_role:
        if own is None or place is None:
            return
        yield from _naming_again(case, own, place)
        yield from _with_action(case, own, place)
        yield _trusting(case, own, place)
    elif place is not None and place.holder == "bucket" and not case.request.within_account:
        yield _letting_in(case, own, place)


def _naming_again(case: Case, own: Policy, place: Place) -> Iterator[Mend]:
    """Put the caller's ARN in the place of the id of somebody who was deleted."""
    for one in case.said:
        mismatch = one.said.mismatch
        gone = UNIQUE_ID.search(mismatch.wanted) if mismatch and mismatch.element == "Principal" else None
        if one.side != "resource" or gone is None or one.said.effect != "Allow":
            continue
        named = {**one.statement, "Principal": {"AWS": case.principal_arn}}
        step = _trust_step(
            case,
            f"{gone[0]} is the id of a user or role that was deleted, and a new one of the same name is a "
            f"stranger: in the {statement_name(one.said)}, put {case.principal_arn} in its place.",
            with_statement_at(own.document, one.place, named),
            place,
        )
        sid = one.statement.get("Sid")
        if sid and set(one.statement) == {"Sid", "Effect", "Principal", "Action"}:
            step = replace(step, python=_trust_line(case, place, f', sid="{sid}"'))
        yield Mend(step, with_resource(own, with_statement_at(own.document, one.place, named)))


def _with_action(case: Case, own: Policy, place: Place) -> Iterator[Mend]:
    for one in case.said:
        mismatch = one.said.mismatch
        if one.side != "resource" or one.said.effect != "Allow" or one.said.matched_by is None:
            continue
        if mismatch and mismatch.element == "Action":
            actions = [*policies.listed(one.statement["Action"]), case.request.action]
            changed = with_statement_at(own.document, one.place, {**one.statement, "Action": actions})
            do = f"Add {case.request.action} to the Action of the {statement_name(one.said)}."
            yield Mend(_trust_step(case, do, changed, place), with_resource(own, changed))


def _trusting(case: Case, own: Policy, place: Place) -> Mend:
    principal = case.request.principal
    sids = [one.get("Sid") for one in policies.statements(own.document)]
    if principal.service:
        statement = policies.trust_service(principal.service)
        do = f'Add policies.trust_service("{principal.service}") to the role\'s trust policy, if the service is to '
        do += "use this role."
    else:
        sid = policies.TRUST_SID if policies.TRUST_SID not in sids else _own_sid(case, sids)
        statement = policies.trust_principal(case.principal_arn, sid=sid) | {"Action": case.request.action}
        do = f"If the role is to let it in, add a statement that names {case.principal_arn} to the role's trust policy."
        if guarded := next((one for one in case.said if _guards_the_trust(case, one)), None):
            do = f"The {statement_name(guarded.said)} of the {own.source} lets {who(case.decided)} in under a "
            do += f"condition that nothing passed along meets: {wanted_by(guarded)}. Ask whoever set it; if it is to "
            do += f"be let in all the same, add a statement of its own for {case.principal_arn}."
            statement = statement | conditions_met(case, guarded)
    changed = {**own.document, "Statement": [*saveable(own.document), statement]}
    step = _trust_step(case, do, changed, place)
    is_plain = not principal.service and case.request.action == "sts:AssumeRole"
    if is_plain and saveable(own.document) == policies.statements(own.document):
        named = "" if statement["Sid"] == policies.TRUST_SID else f', sid="{statement["Sid"]}"'
        step = replace(step, python=_trust_line(case, place, named))
    return Mend(step, with_resource(own, changed))


def _guards_the_trust(case: Case, one: Said) -> bool:
    return one.side == "resource" and one.said.effect == "Allow" and fails_on_conditions(one)


def _own_sid(case: Case, taken: Sequence[str | None]) -> str:
    own = f"Trust{re.sub(r'[^A-Za-z0-9]', '', case.name.title())}"
    return next(sid for sid in chain([own], (f"{own}{number}" for number in count(2))) if sid not in taken)


def _trust_step(case: Case, do: str, document: Mapping[str, Any], place: Place) -> NextStep:
    document = {**document, "Statement": saveable(document)}
    return replace(edit(place, document), do=do + case.elsewhere(case.decided.resource.account_id))


def _trust_line(case: Case, place: Place, sid: str) -> str:
    client = case.client(case.decided.resource.account_id or "")
    return f'iam.trust_principal({client}, role_name="{place.name}", arn="{case.principal_arn}"{sid})'


def _letting_in(case: Case, own: Policy | None, place: Place) -> Mend:
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": case.principal_arn},
        "Action": case.request.action,
        "Resource": case.request.resource,
    }
    document = own.document if own else policies.policy()
    changed = policies.with_statement(document, statement)
    do = f"Let the owner of {other(case.decided)} allow {case.principal_arn} in its policy."
    return Mend(replace(edit(place, changed), do=do), with_resource(own or Policy(place.source, {}), changed))
