"""A request, the policies that bear on it, and the decision: what can be said about them in words."""

from collections.abc import Iterator
from dataclasses import dataclass

from helpers.arns import parse_arn
from helpers.decisions import (
    Decision,
    Mismatch,
    Policies,
    PolicyReason,
    Principal,
    Request,
    Side,
    StatementReason,
    Verdict,
)
from helpers.live_policies import Caller, Place, Resource

_NEARNESS = ("Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition")
_POLICY_KINDS: dict[Side, str] = {
    "identity": "a policy",
    "boundary": "the permissions boundary",
    "session": "the session policy",
}


@dataclass(frozen=True)
class Case:
    """Everything that is known about one request.

    Attributes:
        request: who asks for what.
        policies: the policies that bear on it.
        decision: how they decide.
        caller: what was read about the caller.
        resource: what was read about the resource.
    """

    request: Request
    policies: Policies
    decision: Decision
    caller: Caller
    resource: Resource

    @property
    def who(self) -> str:
        """The caller in words, such as `user tutorial-user`."""
        return called(self.request.principal)

    @property
    def other(self) -> str:
        """The other side in words: `the role`, `the bucket`, or `the resource`."""
        if self.request.assumes_role:
            return "the role"
        return "the bucket" if self.request.action.startswith("s3:") else "the resource"

    @property
    def other_policy(self) -> str:
        """The other side's policy in words, such as `the role's trust policy`."""
        return f"{self.other}'s {'trust ' if self.request.assumes_role else ''}policy"

    def place(self, source: str) -> Place | None:
        """Where a policy is; None for one that is in no account, such as a session policy."""
        own = self.resource.place
        return own if own and own.source == source else self.caller.places.get(source)

    def deciding(self) -> Iterator[tuple[PolicyReason, StatementReason]]:
        """The statements on which the decision rests; after a refusal that nobody allowed, those that come nearest."""
        match self.decision.verdict:
            case Verdict.ALLOWED:
                yield from self._applied("Allow", self.decision.required)
            case Verdict.EXPLICIT_DENY:
                yield from self._applied("Deny", self._refusing)
            case Verdict.IMPLICIT_DENY:
                yield from self._nearest()

    @property
    def _refusing(self) -> tuple[Side, ...]:
        return (self.decision.refused_by,) if self.decision.refused_by else ()

    def _applied(self, effect: str, sides: tuple[Side, ...]) -> Iterator[tuple[PolicyReason, StatementReason]]:
        for policy, statement in self._statements(sides):
            if statement.applied and statement.effect == effect:
                yield policy, statement

    def _nearest(self) -> Iterator[tuple[PolicyReason, StatementReason]]:
        near = [pair for pair in self._statements(self._refusing) if self._is_near(pair[1])]
        best = max((_nearness(statement) for _, statement in near), default=0)
        yield from (pair for pair in near if _nearness(pair[1]) == best)

    def _is_near(self, statement: StatementReason) -> bool:
        """Whether an Allow fails on its last elements only: on whom it names, if that is somebody like the caller."""
        mismatch = statement.mismatch
        if mismatch is None or statement.effect != "Allow":
            return False
        if mismatch.element == "Principal":
            return _names_alike(mismatch.wanted, self.request.principal)
        return mismatch.element not in ("Action", "NotAction") or statement.matched_by is not None

    def _statements(self, sides: tuple[Side, ...]) -> Iterator[tuple[PolicyReason, StatementReason]]:
        for policy in self.decision.reasons:
            if policy.side in sides:
                yield from ((policy, statement) for statement in policy.statements)

    @property
    def reason(self) -> str:
        """Why the request is answered as it is, in one sentence."""
        decision, side = self.decision, self.decision.refused_by
        if decision.verdict is Verdict.ALLOWED:
            return self._why_allowed()
        if decision.verdict is Verdict.EXPLICIT_DENY:
            policy, statement = next(self.deciding())
            return f"{capital(statement.name)} of the {policy.source} denies it, and a Deny beats every Allow."
        if side == "resource":
            return self._why_not_let_in()
        if self.request.principal.is_root:
            return "AWS lets no root user assume a role."
        if side != "identity":
            kind = _POLICY_KINDS[side or "identity"]
            return f"{capital(kind)} of {self.who} leaves this out, and nothing outside it is allowed."
        if not self.decision.same_account and self.decision.resource_side is not Verdict.ALLOWED:
            return "Neither side allows it, and across accounts both have to."
        return f"No policy of {self.who} allows it{self._why_needed()}."

    def _why_allowed(self) -> str:
        if not self.decision.required:
            return "AWS answers this to every valid key: it needs no permission."
        if self.decision.required == ("resource",):
            by = "everyone" if self.decision.matched_by == "everyone" else f"{self.who} itself"
            return f"{capital(self.other_policy)} names {by}; inside one account that is enough."
        if "resource" not in self.decision.required:
            return f"A policy of {self.who} allows it, and nothing denies it."
        if "identity" not in self.decision.required:
            return f"{capital(self.other_policy)} names the role behind the session; inside one account that is enough."
        return f"Both sides allow it: a policy of {self.who}, and {self.other_policy}."

    def _why_not_let_in(self) -> str:
        if self.policies.resource is None and self.request.assumes_role:
            return "There is no such role. AWS refuses that in the same words, so that nobody can probe for names."
        if self.policies.resource is None:
            return f"It belongs to another account, and {self.other} has no policy that lets {self.who} in."
        near = next(self.deciding(), None)
        mismatch = near[1].mismatch if near else None
        if near and mismatch and mismatch.element == "Condition":
            would = f"{capital(near[1].name)} of the {near[0].source} would let {self.who} in"
            return f"{would}, but its condition is not met."
        return f"{capital(self.other_policy)} does not let {self.who} in."

    def _why_needed(self) -> str:
        if not self.decision.same_account:
            return ", and across accounts both sides have to"
        if self.decision.matched_by == "account":
            return f". {capital(self.other_policy)} names the whole account, which leaves it to the account's policies"
        return ""

    @property
    def relation(self) -> str:
        """Whether caller and resource are in one account, and what follows from it."""
        caller, owner = self.request.principal.account_id, self.resource.account_id
        if not caller or owner is None:
            return ""
        if caller != owner:
            return f"Two: {self.who} is in {caller}, {self.other} in {owner}, so both sides have to allow it."
        if not (self.request.assumes_role or self.policies.resource):
            return ""
        return f"Both sides are in {caller}{self._what_is_enough()}."

    def _what_is_enough(self) -> str:
        """What one account asks for; nothing that matters where somebody denies."""
        if self.decision.verdict is Verdict.EXPLICIT_DENY:
            return ""
        if not self.request.assumes_role:
            return ": a policy of either side is enough"
        if self.decision.matched_by == "account":
            return f": the trust policy names the account, so {self.who} needs a policy that allows it"
        would = "is" if self.decision.verdict is Verdict.ALLOWED else "would be"
        return f": a trust policy that names {self.who} {would} enough by itself"


def capital(sentence: str) -> str:
    """The sentence with a capital letter at its beginning."""
    return sentence[0].upper() + sentence[1:]


def called(principal: Principal) -> str:
    """A caller in words, such as `user tutorial-user`, or `session tutorial-role/app`."""
    if principal.service:
        return f"service {principal.service}"
    if principal.is_root:
        return f"the root user of {principal.account_id}"
    arn = parse_arn(principal.arn)
    if principal.is_session:
        return f"session {arn.resource.partition('/')[2]}"
    return f"{arn.resource_type} {arn.name}"


def why_not(mismatch: Mismatch) -> str:
    """What about a statement does not match, in words."""
    wanted, seen = mismatch.wanted or "nobody", mismatch.seen
    if mismatch.element == "Condition":
        return f"its Condition wants {wanted}; in the request it is {seen}"
    if mismatch.element.startswith("Not"):
        return f"its {mismatch.element} {wanted} leaves out {seen}"
    return f"its {mismatch.element} is {wanted}, not {seen}"


def _nearness(statement: StatementReason) -> int:
    return 1 + _NEARNESS.index(statement.mismatch.element) if statement.mismatch else 0


def _names_alike(wanted: str, principal: Principal) -> bool:
    """Whether a principal that does not match is at least of the caller's kind."""
    if principal.service:
        return ".amazonaws.com" in wanted
    kinds = (":role/", ":assumed-role/", "AROA") if principal.role_arn else (":user/", "AIDA")
    return any(kind in wanted for kind in (*kinds, ":root"))
