"""May this caller do this, as the account is now, and why? The one place where that is answered.

The policies are read from the live account (`live_policies`) and decided as IAM does (`helpers.evaluation`). What could
not be read is a part of the answer: the verdict is None where it could turn it.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import product

from helpers import policies as documents
from helpers.clients.calls import Call, OpenAccount
from helpers.clients.clock import answered_at
from helpers.clients.read_once import reading_once
from helpers.diagnosis.live_policies import Caller, Keys, Place, Unread, read_caller
from helpers.diagnosis.live_resources import Resource, read_resource
from helpers.diagnosis.needed import keys_needed
from helpers.evaluation.condition_keys import keys_of_call, requested_region
from helpers.evaluation.decisions import Decision, Policies, Policy, PolicyReason, Side, Verdict, decide
from helpers.evaluation.statements import Request, StatementReason

ASSUME_ROLE = "sts:AssumeRole"

Deciding = tuple[PolicyReason, StatementReason]
"""A statement on which a decision rests, with its policy."""


@dataclass(frozen=True)
class LiveDecision:
    """How IAM decides a request by what the live account says.

    Attributes:
        request: who asks for what.
        caller: what was read about the caller.
        resource: what was read about the resource.
        policies: the policies that bear on the request, so far as they could be read.
        decision: how these decide.
        possible: how they decide with all that the unread ones might say; `decision` is the first.
        call: the call that asked, if one did.
    """

    request: Request
    caller: Caller
    resource: Resource
    policies: Policies = field(repr=False)
    decision: Decision = field(repr=False)
    possible: tuple[Decision, ...] = field(repr=False)
    call: Call | None = field(default=None, repr=False)

    @property
    def unread(self) -> tuple[Unread, ...]:
        """What could not be read, and may have a say."""
        return (*self.caller.unread, *self.resource.unread)

    @property
    def verdict(self) -> Verdict | None:
        """The answer; None where it depends on what could not be read."""
        return _certain(decision.verdict for decision in self.possible)

    @property
    def refused_by(self) -> Side | None:
        """The side that refused; None where none did, or where it cannot be told."""
        side = self.decision.refused_by if self.verdict else None
        if side == "identity" and self.identity_side is None and self.resource_side is not Verdict.ALLOWED:
            return "resource"  # it is certain of this side alone
        return side

    @property
    def identity_side(self) -> Verdict | None:
        """What the caller's policies say, within boundary and session policies; None where that cannot be told."""
        return _certain(decision.identity_side for decision in self.possible)

    @property
    def resource_side(self) -> Verdict | None:
        """What the resource's own policy says, a missing one nothing; None where that cannot be told."""
        return _certain(decision.resource_side or Verdict.IMPLICIT_DENY for decision in self.possible)

    def place(self, source: str) -> Place | None:
        """Find where a policy is; None for one that is in no account, such as a session policy."""
        own = self.resource.place
        return own if own and own.source == source else self.caller.places.get(source)

    @property
    def absent_keys(self) -> list[str]:
        """The condition keys that are asked for, and for which the request has no value."""
        known = {key.lower() for key in self.request.context}
        return sorted(key for lower, key in self.keys_asked.items() if lower not in known)

    @property
    def keys_asked(self) -> dict[str, str]:
        """The condition keys of statements that fit in everything else, as they are written, by their small letters."""
        return {
            key.lower(): key
            for (_, policy), reason in zip(self.policies.by_side(), self.decision.reasons, strict=True)
            for statement, said in zip(documents.statements(policy.document), reason.statements, strict=True)
            if said.applied or (said.mismatch and said.mismatch.element == "Condition")
            for tests in statement.get("Condition", {}).values()
            for key in tests
        }


def decide_live(
    account: OpenAccount,
    *,
    principal: str,
    action: str = ASSUME_ROLE,
    resource: str = "*",
    call: Call | None = None,
    context: Keys | None = None,
    session: Sequence[Policy] | None = None,
    was_refused: bool = False,
) -> LiveDecision:
    """Read what bears on a request from the live account, and decide it as IAM does.

    Args:
        account: the open account. Callers and resources in the learner's other accounts are read too.
        principal: who asks: the ARN of a user, role, session or root user, or a service's name.
        action: what for, such as `s3:GetObject`.
        resource: the ARN of what it is asked on; `*` for no resource in particular.
        call: the call that asked, if one did: its parameters, region and time count.
        context: condition keys of the request, beside those that follow from who asks, on what, and when.
        session: the policies that a session was opened with, which nobody can read back.
        was_refused: whether AWS refused it, to somebody who was there then.

    Raises:
        ValueError: the principal cannot call anything.
        LookupError: the account has no such user or role, and nobody was refused.
        ClientError: AWS refused otherwise than for want of permission to read.
    """
    if action.startswith("s3:") and resource == "*":
        resource = "arn:aws:s3:::*"
    with reading_once():
        caller = read_caller(account, principal, may_be_gone=was_refused)
        owned = read_resource(account, resource, caller.principal.account_id)
        surroundings = _surroundings(account, action, call)
    if ":role/" in resource and not action.lower().startswith("sts:"):
        # A trust policy speaks of assuming its role alone.
        owned = replace(owned, policy=None, place=None, unread=())
    keys = {
        **surroundings,
        **caller.keys,
        **({"aws:ResourceAccount": owned.account_id} if owned.account_id else {}),
        **owned.keys,
        **_keys_of_key(caller, call),
        **(
            keys_of_call(call.service, call.parameters) | keys_needed(call, principal, action, resource) if call else {}
        ),
        **(context or {}),
    }
    request = Request(caller.principal, action, resource, owned.account_id, keys)
    policies = replace(caller.policies, session=None if session is None else tuple(session), resource=owned.policy)
    unread = (*caller.unread, *owned.unread)
    possible = [decide(request, each) for each in _possibilities(policies, unread, caller.principal.account_id)]
    return LiveDecision(request, caller, owned, policies, possible[0], tuple(possible), call)


def _certain(verdicts: Iterable[Verdict]) -> Verdict | None:
    """Return the first verdict, unless another one allows what it denies, or the other way round."""
    first, *others = verdicts
    allowed = first is Verdict.ALLOWED
    return None if any((other is Verdict.ALLOWED) != allowed for other in others) else first


def _possibilities(policies: Policies, unread: Sequence[Unread], account_id: str) -> Iterator[Policies]:
    """Complete the policies with everything that the unread ones might say; first, as if they said nothing."""
    sides = {one.side for one in unread}
    allow, deny, allow_account = (
        Policy("unread", {"Statement": {"Effect": effect, "Action": "*", "Principal": {"AWS": principal}}})
        for effect, principal in (("Allow", "*"), ("Deny", "*"), ("Allow", account_id))
    )
    identity = [(), (allow,), (deny,)] if "identity" in sides else [()]
    boundary = [policies.boundary, allow, deny] if "boundary" in sides else [policies.boundary]
    resource = [policies.resource, allow, deny, allow_account] if "resource" in sides else [policies.resource]
    for more, around, own in product(identity, boundary, resource):
        yield replace(policies, identity=(*policies.identity, *more), boundary=around, resource=own)


def _keys_of_key(caller: Caller, call: Call | None) -> dict[str, str]:
    """Name the condition keys that follow from the kind of key: a user's session says whether MFA was done.

    Nobody can read whether it was: it is taken not to have been, as for most sessions.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-multifactorauthpresent
    """
    is_users_session = call is not None and call.is_by_temporary_key and caller.principal.role_arn is None
    return {"aws:MultiFactorAuthPresent": "false"} if is_users_session else {}


def _surroundings(account: OpenAccount, action: str, call: Call | None) -> dict[str, str]:
    """Name the condition keys that do not depend on who asks for what: AWS's own time, and how calls get there."""
    sts = account.client("sts")
    now = call.answered_at if call and call.answered_at else answered_at(sts.get_caller_identity())
    address = str(sts.meta.endpoint_url)
    keys = {
        "aws:CurrentTime": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "aws:EpochTime": str(int(now.timestamp())),
        "aws:RequestedRegion": requested_region(action.partition(":")[0], call.region if call else account.region),
        "aws:SecureTransport": str(address.startswith("https")).lower(),
        "aws:ViaAWSService": "false",
    }
    return keys | ({"aws:SourceIp": "127.0.0.1"} if "//127.0.0.1" in address else {})
