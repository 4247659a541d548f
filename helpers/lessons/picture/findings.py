"""What the picture says: what was decided about a user and a role, put in a few words. Pure: nothing here calls AWS.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from collections.abc import Iterable, Iterator, Mapping

from helpers import policies
from helpers.arns import parse_arn
from helpers.diagnosis.live_decision import LiveDecision
from helpers.evaluation.decisions import PolicyReason, Verdict
from helpers.evaluation.statements import StatementReason
from helpers.lessons.picture import svg
from helpers.lessons.picture.entities import BOUNDARY, Entity
from helpers.lessons.picture.svg import Box, Finding, Item, Scene, Section, Service, Sign

MOST_ITEMS = 4
Abilities = Mapping[str, Mapping[str, LiveDecision]]
"""What a role may do: by service and in words, each decided."""

_SIGNS = {
    None: Sign.UNKNOWN,
    Verdict.ALLOWED: Sign.ALLOWED,
    Verdict.IMPLICIT_DENY: Sign.MISSING,
    Verdict.EXPLICIT_DENY: Sign.DENIED,
}
PROBES = {
    "S3": (
        ("list buckets", "s3:ListAllMyBuckets", "arn:aws:s3:::*"),
        ("read any object", "s3:GetObject", "arn:aws:s3:::*/*"),
        ("write any object", "s3:PutObject", "arn:aws:s3:::*/*"),
    ),
    "EC2": (
        ("list instances", "ec2:DescribeInstances", "*"),
        ("start any instance", "ec2:StartInstances", "arn:aws:ec2:{region}:{account}:instance/*"),
    ),
    "Glue": (
        ("list jobs", "glue:GetJobs", "arn:aws:glue:{region}:{account}:job/*"),
        ("run any job", "glue:StartJobRun", "arn:aws:glue:{region}:{account}:job/*"),
    ),
}
_UNREAD = Item("could not be read", Sign.UNKNOWN)


def scene_of(
    user: Entity | None, role: Entity | None, handshake: LiveDecision | None, abilities: Abilities | None
) -> Scene:
    """Lay out what was read and decided, to be drawn.

    Args:
        user: the user, or None where there is none.
        role: the role, or None where there is none.
        handshake: whether the user may assume the role; None where one of the two is not there.
        abilities: what the role may do, by service and in words; None where there is no role.
    """
    if user and role and handshake:
        asks, accepts = _asks(handshake), _accepts(handshake)
        outcome, headline = _outcome(user, role, handshake.verdict, asks.sign, accepts.sign)
    else:
        asks = accepts = outcome = Finding("not there", Sign.MISSING)
        headline = _unfinished(user, role)
    return Scene(
        headline=headline,
        user=_user_box(user, handshake),
        asks=asks,
        accepts=accepts,
        outcome=outcome,
        role=_role_box(role, handshake),
        services=tuple(_service(name, abilities[name] if abilities else None) for name in PROBES),
    )


def _service(name: str, abilities: Mapping[str, LiveDecision] | None) -> Service:
    if abilities is None:
        return Service(name, Finding("no role", Sign.MISSING), ())
    probes = tuple(Finding(words, _SIGNS[decided.verdict]) for words, decided in abilities.items())
    signs = {probe.sign for probe in probes}
    sign = max(signs, key=list(Sign).index)
    if Sign.ALLOWED in signs and len(signs) > 1:
        sign = Sign.PARTLY
    return Service(name, Finding(sign, sign), probes)


# --- the three steps, in words


def _asks(handshake: LiveDecision) -> Finding:
    sign = _SIGNS[handshake.identity_side]
    if sign is Sign.MISSING:
        within = _effect(reason for reason in handshake.decision.reasons if reason.side == "identity") is Sign.ALLOWED
        return Finding("may not ask", sign, "outside its boundary" if within else "no policy allows it")
    return {
        Sign.ALLOWED: Finding("may ask", sign, "a policy allows it"),
        Sign.DENIED: Finding("may not ask", sign, "a policy says Deny"),
        Sign.UNKNOWN: Finding("not known", sign, "not all could be read"),
    }[sign]


def _accepts(handshake: LiveDecision) -> Finding:
    sign = _SIGNS[handshake.resource_side]
    if sign is Sign.ALLOWED:
        by = {"principal": "by the user's ARN", "account": "by its account"}
        return Finding("accepts the user", sign, by.get(handshake.decision.matched_by or "", "as it does everyone"))
    if sign is Sign.DENIED:
        return Finding("denies the user", sign, "a statement says Deny")
    if sign is Sign.UNKNOWN:
        return Finding("not known", sign, "it could not be read")
    unmet = any(_unmet(statement) for statement in _trust_reasons(handshake))
    return Finding("does not accept", sign, "a condition is not met" if unmet else "no statement names it")


def _outcome(user: Entity, role: Entity, verdict: Verdict | None, asks: Sign, accepts: Sign) -> tuple[Finding, Finding]:
    """Return the last of the three steps, and the headline over them all."""
    who, what = svg.shortened(user.name, 26), svg.shortened(role.name, 26)
    sign = _SIGNS[verdict]
    if sign is Sign.UNKNOWN:
        why = "The role's trust policy accepts the user, and not every policy on the user's side could be read."
        headline = Finding(f"It is not known whether {who} may assume {what}", Sign.UNKNOWN, why)
        return Finding("not known", Sign.UNKNOWN, "not all could be read"), headline
    if sign is Sign.ALLOWED:
        both = "The user may ask, and the role's trust policy accepts it."
        one = "The trust policy accepts the user itself. Within one account that is enough: no policy need let it ask."
        headline = Finding(f"{who} may assume {what}", sign, both if asks is Sign.ALLOWED else one)
        return Finding("may assume the role", sign, "and gets temporary keys"), headline
    refusing = [side for side, said in (("the user's side", asks), ("the trust policy", accepts)) if said is sign]
    by = refusing[0] if len(refusing) == 1 else "both sides"
    if sign is Sign.DENIED:
        why = "a policy there says Deny, and a Deny beats every Allow."
    elif by == "both sides":
        why = "no policy lets the user ask, and the role's trust policy does not accept it."
    elif by == "the trust policy":
        why = "it does not accept the user, whatever the user's own policies say."
    else:
        within = " within the user's boundary" if BOUNDARY in user.sources else ""
        why = f"the role accepts, and no policy{within} lets the user ask."
    return Finding("refused", sign, f"by {by}"), Finding(
        f"{who} may not assume {what}", sign, f"Refused by {by}: {why}"
    )


def _unfinished(user: Entity | None, role: Entity | None) -> Finding:
    if role:
        return Finding("The app has a role, and no user", Sign.MISSING, "So the app has no key to ask for it with.")
    if user:
        return Finding("The app has a user, and no role", Sign.MISSING, "So there is nothing that it could assume.")
    return Finding("The app has no user and no role", Sign.MISSING, "What is drawn with dashes is not there.")


# --- the boxes


def _user_box(user: Entity | None, handshake: LiveDecision | None) -> Box:
    if user is None:
        return Box("User")
    keys = (
        [_UNREAD]
        if user.access_keys is None
        else [Item(f"{count} {status}") for status, count in user.access_keys.items()]
    )
    return Box("User", user.name, (Section("Access keys", tuple(keys)), *_sections(user, handshake)))


def _role_box(role: Entity | None, handshake: LiveDecision | None) -> Box:
    if role is None:
        return Box("Role")
    reasons = _trust_reasons(handshake) if handshake else ()
    trusted = [_trust_item(statement, role) for statement in policies.statements(role.trust)]
    if reasons:
        trusted = [_with_verdict(item, reason) for item, reason in zip(trusted, reasons, strict=True)]
    return Box("Role", role.name, (_folded("Trust policy", trusted), *_sections(role, None)))


def _sections(entity: Entity, handshake: LiveDecision | None) -> Iterator[Section]:
    """Tell where the policies come from, each with what it says to the handshake, if that is to be told."""
    for kind, sources in entity.sources.items():
        if sources is None:
            yield Section(kind, (_UNREAD,))
            continue
        items = []
        for source in sources:
            reasons = handshake.decision.reasons if handshake else ()
            sign = _effect(reason for reason in reasons if reason.source in source.policies)
            if handshake and kind == BOUNDARY and sign is None:
                items.append(Item(source.name, Sign.MISSING, "leaves sts:AssumeRole out"))
            else:
                verb = {Sign.ALLOWED: "allows sts:AssumeRole", Sign.DENIED: "denies sts:AssumeRole"}
                items.append(Item(source.name, sign, verb[sign] if sign else ""))
        yield _folded(kind, items)


def _folded(label: str, items: list[Item]) -> Section:
    """Return a section of the items that say something, then the others, up to a few."""
    ranked = sorted(items, key=lambda item: item.sign is None)
    return Section(label, tuple(ranked[:MOST_ITEMS]), max(len(items) - MOST_ITEMS, 0))


def _effect(reasons: Iterable[PolicyReason]) -> Sign | None:
    effects = {statement.effect for reason in reasons for statement in reason.statements if statement.applied}
    return Sign.DENIED if "Deny" in effects else Sign.ALLOWED if "Allow" in effects else None


# --- the trust policy


def _trust_reasons(handshake: LiveDecision) -> tuple[StatementReason, ...]:
    return next((reason.statements for reason in handshake.decision.reasons if reason.side == "resource"), ())


def _unmet(statement: StatementReason) -> bool:
    return bool(statement.matched_by and statement.mismatch and statement.mismatch.element == "Condition")


def _trust_item(statement: policies.Statement, role: Entity) -> Item:
    named = ", ".join(_named(name, role.account_id) for name in policies.principals(statement))
    return Item(f"all but {named}" if "NotPrincipal" in statement else named)


def _named(principal: str, account_id: str) -> str:
    """Tell whom a trust policy means, in a few words."""
    if principal == "*":
        return "everyone"
    if principal.isdigit() or principal.endswith(":root"):
        return f"account {principal.removesuffix(':root').rpartition(':')[2]}"
    if not principal.startswith("arn:"):
        return principal
    arn = parse_arn(principal)
    elsewhere = f" of account {arn.account_id}" if arn.account_id != account_id else ""
    return f"{arn.resource_type} {arn.name}{elsewhere}"


def _with_verdict(item: Item, reason: StatementReason) -> Item:
    if reason.applied:
        denied = reason.effect == "Deny"
        return Item(item.name, Sign.DENIED if denied else Sign.ALLOWED, f"{'denies' if denied else 'accepts'} the user")
    return Item(item.name, Sign.MISSING, "a condition is not met") if _unmet(reason) else item
