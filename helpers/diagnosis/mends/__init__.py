"""What mends a refusal: changes that were tried in the engine, the narrowest and safest first.

A change is advised only where the request is allowed with it, by the policies as they were read. What changes nothing
in the account comes first: something to pass along with the call. Nothing here makes a policy broader than the refused
request needs, and a guard's condition is met rather than taken out.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, combinations

from helpers.clients.calls import OpenAccount
from helpers.diagnosis.explanation import NextStep
from helpers.diagnosis.live_decision import LiveDecision
from helpers.diagnosis.mends.callers_side import on_the_callers_side
from helpers.diagnosis.mends.case import Case, Mend, all_of, case_of
from helpers.diagnosis.mends.denies import lifting_denies, without_session_policies
from helpers.diagnosis.mends.passing_along import passing_along
from helpers.diagnosis.mends.resource_side import on_the_other_side
from helpers.diagnosis.mends.tagging import tagging
from helpers.evaluation.decisions import Verdict, decide
from helpers.evaluation.needs import Need


def remedy(decided: LiveDecision, account: OpenAccount, besides: Sequence[Need] = ()) -> NextStep:
    """Tell what to do next about a request.

    Args:
        decided: the request, and how it is decided.
        account: the open account, in which the lines are run.
        besides: what the same call needs besides, and is not allowed either.
    """
    decision = decided.decision
    if decision.verdict is Verdict.ALLOWED:
        return _try_it(decided)
    if decided.request.principal.is_root:
        return NextStep("Sign in as a user or a role: the root user is for the few things that nobody else may do.")
    if decided.request.assumes_role and decided.policies.resource is None and not decided.resource.unread:
        return NextStep(
            "Copy the role's ARN again, from the role's page.",
            console="IAM → Roles → the role → ARN",
            cli='aws iam list-roles --query "Roles[].Arn"',
        )
    also = [need.resource for need in besides if need.action == decided.request.action]
    case = case_of(decided, account, also)
    for mend in chain(_alone(case), _together(case)):
        if decide(*mend.change((decided.request, decided.policies))).verdict is Verdict.ALLOWED:
            return mend.step
    return _nothing_mends(case)


def _try_it(decided: LiveDecision) -> NextStep:
    if not decided.request.assumes_role:
        return NextStep("Nothing to mend: make the call.")
    if decided.request.principal.service:
        return NextStep("Nothing to mend: the service assumes the role by itself, once the role was handed to it.")
    arn = decided.request.resource
    return NextStep(
        "Nothing to mend: make the call.", cli=f"aws sts assume-role --role-arn {arn} --role-session-name test"
    )


def _alone(case: Case) -> Iterator[Mend]:
    """Propose single changes: on the side that refused first."""
    yield from passing_along(case)
    yield from tagging(case)
    yield from without_session_policies(case)
    sides = [on_the_callers_side, on_the_other_side]
    if case.decided.decision.refused_by == "resource":
        sides.reverse()
    for mends in sides:
        yield from mends(case)
    yield from lifting_denies(case)


def _together(case: Case) -> Iterator[Mend]:
    """Propose several changes at once, as few as will do."""
    kinds = [without_session_policies, lifting_denies, on_the_other_side, on_the_callers_side, passing_along]
    for count in range(2, len(kinds) + 1):
        for chosen in combinations(kinds, count):
            yield from map(all_of, _in_turn(case, chosen))


def _in_turn(case: Case, kinds: Sequence[Callable[[Case], Iterator[Mend]]]) -> Iterator[list[Mend]]:
    """Propose a mend of each kind, each for what the ones before it have left."""
    if not kinds:
        yield []
        return
    for mend in kinds[0](case):
        for others in _in_turn(case.after(mend), kinds[1:]):
            yield [mend, *others]


def _nothing_mends(case: Case) -> NextStep:
    """Say who can help, where no single change would."""
    if case.is_unreadable and case.request.assumes_role:
        other_account = case.request.principal.account_id
        also = f"And ask whoever administers account {other_account} to allow the call there too."
        for mend in chain(passing_along(case), on_the_other_side(case)):
            if decide(*mend.change((case.request, case.decided.policies))).resource_side is not Verdict.ALLOWED:
                continue
            return replace(mend.step, do=f"{mend.step.do} {also}")
    if case.decided.resource_side is None:
        for mend in on_the_callers_side(case):
            if decide(*mend.change((case.request, case.decided.policies))).identity_side is Verdict.ALLOWED:
                also = f"The policy of {case.request.resource} itself, which was not read, has to allow it too."
                return replace(mend.step, do=f"{mend.step.do} {also}")
    if case.is_protected:
        where = "IAM Identity Center, in the permission set" if "SSO" in case.principal_arn else "the AWS service"
        return NextStep(
            f"Ask whoever administers {where} behind {case.name}, for {case.request.action} on "
            f"{case.request.resource}: nobody else changes that role."
        )
    return NextStep(
        f"Ask whoever administers account {case.owner} for {case.request.action} on {case.request.resource}: "
        "no change of the policies that can be read here mends it."
    )
