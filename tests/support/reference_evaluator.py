"""A second, naive evaluator of IAM policies, written from the IAM user guide alone, to compare `decide` with.

It shares no code with `helpers`: it only reads the fields of the request and the policies that it is given. It is
as plain as can be: no caches, no regular expressions, every rule spelled out where the guide spells it out.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
"""

import binascii
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from fractions import Fraction
from typing import Any

from helpers.evaluation.decisions import Policies
from helpers.evaluation.statements import Principal, Request

ALLOWED, IMPLICIT_DENY, EXPLICIT_DENY = "allowed", "implicitDeny", "explicitDeny"


def evaluate(request: Request, policies: Policies) -> str:
    """The verdict on a request, in the words of AWS's policy simulator."""
    if request.action.lower() in ("sts:getcalleridentity", "sts:getsessiontoken"):
        return ALLOWED
    caller = request.principal
    identity = statements_of(policies.identity)
    boundary = None if policies.boundary is None else statements_of([policies.boundary])
    session = None if policies.session is None else statements_of(policies.session)
    resource = None if policies.resource is None else statements_of([policies.resource])
    bounded = boundary is not None

    def applies(found: Mapping[str, Any], effect: str) -> bool:
        return found["Effect"] == effect and asks_for(found, request)

    def means(found: Mapping[str, Any]) -> bool:
        if "NotPrincipal" in found:
            return not is_exempt(found["NotPrincipal"], caller, found["Effect"], bounded)
        return any(is_named(name, kind, caller) for kind, name in named_in(found.get("Principal", {})))

    for found in identity + (boundary or []) + (session or []):
        if applies(found, "Deny"):
            return EXPLICIT_DENY
    for found in resource or []:
        if applies(found, "Deny") and means(found):
            return EXPLICIT_DENY

    is_root = caller.service is None and caller.arn.endswith(":root")
    identity_allows = is_root or any(applies(found, "Allow") for found in identity)
    boundary_allows = boundary is None or any(applies(found, "Allow") for found in boundary)
    session_allows = session is None or any(applies(found, "Allow") for found in session)
    own_side = identity_allows and boundary_allows and session_allows
    grants = [found for found in resource or [] if applies(found, "Allow") and means(found)]

    if caller.service is not None:
        return ALLOWED if grants else IMPLICIT_DENY

    on_role = request.action.lower().startswith("sts:") and ":role/" in request.resource
    owner = request.resource_account
    if owner is None:
        owner = request.resource.split(":")[4] if on_role else caller.account_id
    if on_role and is_root:
        return IMPLICIT_DENY
    if owner != caller.account_id:
        return ALLOWED if grants and own_side else IMPLICIT_DENY

    # "If a resource-based policy grants permission directly to the IAM user or the session principal that is
    # making the request, then an implicit deny [elsewhere] does not impact the final decision."
    if any("directly" in reach(found, caller) for found in grants):
        return ALLOWED
    # "Resource-based policies that grant permissions to an IAM role ARN are limited by an implicit deny in a
    # permissions boundary or session policy."
    if any("role" in reach(found, caller) for found in grants) and boundary_allows and session_allows:
        return ALLOWED
    # A role's trust policy has to agree in any case.
    if on_role and not grants:
        return IMPLICIT_DENY
    return ALLOWED if own_side else IMPLICIT_DENY


def statements_of(policies: Any) -> list[dict[str, Any]]:
    found = []
    for policy in policies:
        written = policy.document["Statement"]
        for statement in written if isinstance(written, list) else [written]:
            found.append({"Version": policy.document.get("Version", "2008-10-17"), **statement})
    return found


# --- Who is meant ---


def named_in(element: Any) -> list[tuple[str, str]]:
    if element == "*":
        return [("*", "*")]
    return [(kind, name) for kind, names in element.items() for name in values_of(names)]


def is_named(name: str, kind: str, caller: Principal) -> bool:
    if kind == "*":
        return True
    if caller.service is not None:
        return kind == "Service" and name == caller.service
    if kind != "AWS":
        return False
    if name in ("*", caller.arn, caller.account_id, caller.role_arn):
        return True
    if name == account_arn(caller):
        return True
    return caller.unique_id != "" and name == caller.unique_id


def account_arn(caller: Principal) -> str:
    return "arn:" + caller.arn.split(":")[1] + ":iam::" + caller.account_id + ":root"


def is_exempt(element: Any, caller: Principal, effect: str, bounded: bool) -> bool:
    """Whether `NotPrincipal` spares a caller.

    With a Deny the account is looked at first, then the role, then the user or the session: each has to be
    listed. It "will always deny any IAM principal that has a permissions boundary policy attached".
    """
    listed = [name for kind, name in named_in(element) if is_named(name, kind, caller)]
    if effect == "Allow":
        return listed != []
    if bounded:
        return False
    if "*" in listed:
        return True
    if caller.service is not None:
        return listed != []
    account = caller.account_id in listed or account_arn(caller) in listed
    if ":assumed-role/" in caller.arn:
        return account and caller.arn in listed and (caller.role_arn in listed or caller.unique_id in listed)
    if caller.arn.endswith(":root"):
        return account
    return account and (caller.arn in listed or caller.unique_id in listed)


def reach(found: Mapping[str, Any], caller: Principal) -> set[str]:
    """How a statement that means the caller does so: directly, by its role, or by its account."""
    if "NotPrincipal" in found:
        return {"directly"}
    reached = set()
    for kind, name in named_in(found["Principal"]):
        if not is_named(name, kind, caller):
            continue
        if name in (caller.account_id, account_arn(caller)):
            reached.add("account")
        elif caller.role_arn is not None and name in (caller.role_arn, caller.unique_id):
            reached.add("role")
        else:
            reached.add("directly")
    return reached


# --- What is asked for ---


def asks_for(found: Mapping[str, Any], request: Request) -> bool:
    context: dict[str, list[str]] = {}
    for key, value in request.context.items():
        context[key.lower()] = values_of(value)
    variables = context if found["Version"] == "2012-10-17" else None
    action = request.action.lower()
    if "Action" in found and not any(glob(written(one.lower()), action) for one in values_of(found["Action"])):
        return False
    if "NotAction" in found and any(glob(written(one.lower()), action) for one in values_of(found["NotAction"])):
        return False
    if "Resource" in found and not any(fits(one, request.resource, variables) for one in values_of(found["Resource"])):
        return False
    if "NotResource" in found and any(
        fits(one, request.resource, variables) for one in values_of(found["NotResource"])
    ):
        return False
    for operator, tests in found.get("Condition", {}).items():
        for key, wanted in tests.items():
            if not condition_holds(operator, values_of(wanted), context.get(key.lower()), variables):
                return False
    return True


def values_of(value: Any) -> list[str]:
    listed = list(value) if isinstance(value, (list, tuple)) else [value]
    return [str(one).lower() if isinstance(one, bool) else str(one) for one in listed]


# --- Wildcards and variables: a pattern is a list of characters, of which ANY and ONE are wildcards ---

ANY, ONE = object(), object()
Pattern = list[Any]


def written(text: str) -> Pattern:
    return [ANY if one == "*" else ONE if one == "?" else one for one in text]


def glob(pattern: Pattern, text: str) -> bool:
    if not pattern:
        return text == ""
    if pattern[0] is ANY:
        return glob(pattern[1:], text) or (text != "" and glob(pattern, text[1:]))
    return text != "" and (pattern[0] is ONE or pattern[0] == text[0]) and glob(pattern[1:], text[1:])


def fits(one: str, text: str, variables: dict[str, list[str]] | None) -> bool:
    pattern = filled(one, variables)
    return pattern is not None and glob(pattern, text)


def filled(text: str, variables: dict[str, list[str]] | None) -> Pattern | None:
    """Puts values in place of variables; None where one has no value: then it is like nothing."""
    if variables is None or "${" not in text:
        return written(text)
    before, _, rest = text.partition("${")
    inside, closed, after = rest.partition("}")
    if not closed:
        return written(text)
    tail = filled(after, variables)
    if inside in ("*", "?", "$"):
        value = inside
    else:
        name, has_default, default = inside.partition(",")
        values = variables.get(name.strip().lower(), [])
        if len(values) == 1:
            value = values[0]
        elif has_default:
            value = default.strip()[1:-1]
        else:
            return None
    return None if tail is None else written(before) + list(value) + tail


def literal(pattern: Pattern | None) -> str | None:
    if pattern is None:
        return None
    return "".join("*" if one is ANY else "?" if one is ONE else one for one in pattern)


# --- Conditions ---


def condition_holds(
    operator: str, wanted: list[str], seen: list[str] | None, variables: dict[str, list[str]] | None
) -> bool:
    name = operator.lower()
    if name == "null":
        missing = seen is None or all(one == "" for one in seen)
        return ("true" if missing else "false") in [one.lower() for one in wanted]
    quantifier = ""
    for prefix in ("forallvalues:", "foranyvalue:"):
        if name.startswith(prefix):
            quantifier, name = prefix, name[len(prefix) :]
    if_exists = name.endswith("ifexists")
    if if_exists:
        name = name[: -len("ifexists")]
    negated = name in NEGATED
    positive = NEGATED.get(name, name)
    if positive not in OPERATORS:
        return False

    if not seen:
        if if_exists or quantifier == "forallvalues:":
            return True
        return negated and quantifier == ""
    if quantifier and all(one == "" for one in seen):
        return quantifier == "forallvalues:"

    def matches_one_of_the_policys(one: str) -> bool:
        return any(compare(positive, value, one, variables) for value in wanted)

    if quantifier == "forallvalues:" and negated:
        return not any(matches_one_of_the_policys(one) for one in seen)
    if quantifier == "forallvalues:":
        return all(matches_one_of_the_policys(one) for one in seen)
    if quantifier == "foranyvalue:" and negated:
        return not all(matches_one_of_the_policys(one) for one in seen)
    if negated:
        return not any(matches_one_of_the_policys(one) for one in seen)
    return any(matches_one_of_the_policys(one) for one in seen)


def compare(positive: str, wanted: str, seen: str, variables: dict[str, list[str]] | None) -> bool:
    if positive.startswith("string") or positive.startswith("arn"):
        pattern = filled(wanted, variables)
        if pattern is None:
            return False
        if positive == "stringequals":
            return literal(pattern) == seen
        if positive == "stringequalsignorecase":
            return (literal(pattern) or "").lower() == seen.lower()
        if positive == "stringlike":
            return glob(pattern, seen)
        return arn_like(pattern, seen)
    if positive == "ipaddress":
        one, network = None if "/" in seen else address(seen), address(wanted)
        if one is None or network is None or one[0] != network[0]:
            return False
        return one[1] >> network[2] == network[1] >> network[2]
    read = {"n": number, "d": date, "bo": truth, "bi": binary}[positive[: 2 if positive[0] == "b" else 1]]
    left: Any = read(seen)
    right: Any = read(wanted)
    if left is None or right is None:
        return False
    if left == right:
        return positive == "bool" or positive.endswith("equals")
    return ("less" in positive and left < right) or ("greater" in positive and left > right)


def arn_like(pattern: Pattern, seen: str) -> bool:
    parts: list[Pattern] = [[]]
    for one in pattern:
        if one == ":" and len(parts) < 6:
            parts.append([])
        else:
            parts[-1].append(one)
    texts = seen.split(":", 5)
    return (
        len(parts) == 6 and len(texts) == 6 and all(glob(part, text) for part, text in zip(parts, texts, strict=True))
    )


def number(text: str) -> Fraction | None:
    digits = text[1:] if text[:1] in ("+", "-") else text
    whole, dot, rest = digits.partition(".")
    if not all(part.isascii() and part.isdigit() for part in ([whole, rest] if dot else [whole])):
        return None
    return Fraction(text)


def date(text: str) -> float | None:
    """A W3C date and time, or seconds since 1970."""
    is_year = len(text) == 4 and "." not in text
    seconds = number(text) if text[:1].isdigit() and not is_year else None
    if seconds is not None:
        return float(seconds)
    zone = timedelta(0)
    if text.endswith("Z"):
        text = text[:-1]
    elif len(text) > 16 and text[-6] in "+-":
        try:
            turned = datetime.strptime(text[-5:], "%H:%M")
        except ValueError:
            return None
        zone = timedelta(hours=turned.hour, minutes=turned.minute) * (-1 if text[-6] == "-" else 1)
        text = text[:-6]
    for form in ("%Y", "%Y-%m", "%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f"):
        try:
            return datetime.strptime(text, form).replace(tzinfo=timezone(zone)).timestamp()
        except ValueError:
            continue
    return None


def truth(text: str) -> int | None:
    return {"true": 1, "false": 0}.get(text.lower())


def binary(text: str) -> bytes | None:
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        return None


def address(text: str) -> tuple[int, int, int] | None:
    """The family of an address, its bits as a number, and how many of the last of them are free."""
    host, _, prefix = text.partition("/")
    if ":" in host:
        family, bits, parsed = 6, 128, ipv6(host)
    else:
        family, bits, parsed = 4, 32, ipv4(host)
    if parsed is None or (prefix and not (prefix.isdigit() and int(prefix) <= bits)):
        return None
    return family, parsed, bits - int(prefix) if prefix else 0


def ipv4(text: str) -> int | None:
    parts = text.split(".")
    if len(parts) != 4 or not all(part.isdigit() and int(part) < 256 for part in parts):
        return None
    return sum(int(part) << shift for part, shift in zip(parts, (24, 16, 8, 0), strict=True))


def ipv6(text: str) -> int | None:
    left, gap, right = text.partition("::")
    first = left.split(":") if left else []
    last = right.split(":") if right else []
    middle = ["0"] * (8 - len(first) - len(last)) if gap else []
    try:
        groups = [int(group, 16) for group in [*first, *middle, *last]]
    except ValueError:
        return None
    if len(groups) != 8 or not all(0 <= group < 1 << 16 for group in groups):
        return None
    return sum(group << 16 * (7 - place) for place, group in enumerate(groups))


NEGATED = {
    "stringnotequals": "stringequals",
    "stringnotequalsignorecase": "stringequalsignorecase",
    "stringnotlike": "stringlike",
    "numericnotequals": "numericequals",
    "datenotequals": "dateequals",
    "notipaddress": "ipaddress",
    "arnnotequals": "arnequals",
    "arnnotlike": "arnlike",
}
ORDERS = ("equals", "lessthan", "lessthanequals", "greaterthan", "greaterthanequals")
OPERATORS = {"bool", "binaryequals", *NEGATED.values(), *(kind + one for kind in ("numeric", "date") for one in ORDERS)}
