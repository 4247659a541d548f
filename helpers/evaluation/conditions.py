"""How IAM compares: wildcards, policy variables and the condition operators.

A value that cannot be read, because it is no number, date or address, or because the request lacks the
variable in it, is equal to nothing: a positive operator never fits it, and a negated one always does.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

import base64
import fnmatch
import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache, partial
from ipaddress import ip_address, ip_network
from typing import Any, TypeVar

Context = Mapping[str, tuple[str, ...]]
"""What is known about a request: condition keys in lower case, each with its values."""

Comparison = Callable[[str, str, Context | None], bool]
"""Compares a policy's value with a request's value, given the policy variables."""

Seen = TypeVar("Seen")
Wanted = TypeVar("Wanted")

_VARIABLE = re.compile(r"\$\{(?:([*?$])|([^{}',]+?)\s*(?:,\s*'([^']*)')?)\}")


@dataclass(frozen=True)
class Unmet:
    """A condition that a request does not meet: what the policy wanted and what the request had."""

    wanted: str
    seen: str


# --- Values ---


def texts(value: Any) -> tuple[str, ...]:
    """Read a policy's value, which may be one or a list, text or a JSON number or boolean, as texts."""
    if isinstance(value, str):
        return (value,)
    values = value if isinstance(value, Sequence) else [value]
    return tuple([one if isinstance(one, str) else str(one).lower() for one in values])


def context_of(keys: Mapping[str, str | Sequence[str]]) -> Context:
    """Put condition keys in lower case, for AWS ignores their case, a tag's key in them included."""
    return {key.lower(): texts(value) for key, value in keys.items()}


def met(outcomes: Iterable[bool], *, negated: bool) -> bool:
    """Tell whether any of a policy's values fits or, negated, whether none does."""
    return any(outcomes) is not negated


# --- Wildcards and policy variables ---


def like(pattern: str, text: str, variables: Context | None) -> bool:
    """Compare a text with a policy's pattern, in which `*` is any text and `?` any one character.

    Args:
        pattern: What the policy says. Every character but `*` and `?` stands for itself.
        text: What the request has, compared case by case.
        variables: Where `${aws:username}` and its like take their value from; `None` leaves them as they are
            written, which is the rule for policies of another version than 2012-10-17.

    Returns:
        Whether it fits. A pattern with a variable that is not there and has no default fits nothing.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
    """
    filled = _filled(pattern, variables, written=_keep_wildcards, value=_quote)
    return filled is not None and _matches(filled, text)


def _filled(
    text: str, variables: Context | None, *, written: Callable[[str], str], value: Callable[[str], str]
) -> str | None:
    """Put values in place of policy variables; one function treats what was written, one what is put in.

    Returns `None` if a variable has no value.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
    """
    if variables is None or "${" not in text:
        return written(text)
    parts, end = [], 0
    for variable in _VARIABLE.finditer(text):
        found = _value(variable, variables)
        if found is None:
            return None
        parts += [written(text[end : variable.start()]), value(found)]
        end = variable.end()
    return "".join(parts) + written(text[end:])


def _value(variable: re.Match[str], variables: Context) -> str | None:
    escaped, key, default = variable.groups()
    if escaped:
        return str(escaped)
    values = variables.get(key.lower(), ())
    return values[0] if len(values) == 1 else default


def variables_in(text: str) -> list[str]:
    """Find the policy variables in a text, such as `aws:username`, in the order in which they stand there."""
    return [variable[2] for variable in _VARIABLE.finditer(text) if variable[2]]


def _keep_wildcards(text: str) -> str:
    """Write a policy's text for `fnmatch`, to which `[` is special too."""
    return text.replace("[", "[[]")


def _quote(text: str) -> str:
    """Write a value for `fnmatch` so that it stands for itself alone."""
    return re.sub(r"[*?[]", r"[\g<0>]", text)


def _matches(pattern: str, text: str) -> bool:
    return _compiled(pattern).match(text) is not None


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(fnmatch.translate(pattern))


# --- Comparisons ---


def _equals(wanted: str, seen: str, variables: Context | None) -> bool:
    return _filled(wanted, variables, written=str, value=str) == seen


def _equals_ignoring_case(wanted: str, seen: str, variables: Context | None) -> bool:
    filled = _filled(wanted, variables, written=str, value=str)
    return filled is not None and filled.lower() == seen.lower()


def _arn_like(wanted: str, seen: str, variables: Context | None) -> bool:
    """Compare the six parts of ARNs one by one, so that a wildcard never reaches across a colon between them."""
    filled = _filled(wanted, variables, written=_keep_wildcards, value=_quote)
    patterns, parts = (filled or "").split(":", 5), seen.split(":", 5)
    return len(patterns) == len(parts) == 6 and all(map(_matches, patterns, parts))


def _read_as(
    seen_as: Callable[[str], Seen],
    wanted_as: Callable[[str], Wanted],
    compare: Callable[[Seen, Wanted], bool],
) -> Comparison:
    """Build a comparison of what the two texts mean; these operators know no policy variables."""

    def comparison(wanted: str, seen: str, _: Context | None) -> bool:
        try:
            return compare(seen_as(seen), wanted_as(wanted))
        except ValueError:
            return False

    return comparison


def _number(text: str) -> Decimal:
    if not re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?", text):
        raise ValueError(f"{text!r} is no number")
    return Decimal(text)


def _moment(text: str) -> float:
    """Read an ISO 8601 date, down to a year alone, or seconds since 1970. Without a time zone it is UTC."""
    if re.fullmatch(r"[0-9]{4}(-[0-9]{2})?", text):
        text += "-01" * (2 - text.count("-"))
    elif re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        return float(text)
    moment = datetime.fromisoformat(text.upper())
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(f"{text!r} is neither true nor false")
    return text.lower() == "true"


_binary = partial(base64.b64decode, validate=True)
_address = lru_cache(maxsize=1024)(ip_address)
_address_range = lru_cache(maxsize=1024)(partial(ip_network, strict=False))

_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "equals": operator.eq,
    "lessthan": operator.lt,
    "lessthanequals": operator.le,
    "greaterthan": operator.gt,
    "greaterthanequals": operator.ge,
}

_COMPARISONS: dict[str, Comparison] = {
    "stringequals": _equals,
    "stringequalsignorecase": _equals_ignoring_case,
    "stringlike": like,
    "arnequals": _arn_like,
    "arnlike": _arn_like,
    "bool": _read_as(_boolean, _boolean, operator.eq),
    "binaryequals": _read_as(_binary, _binary, operator.eq),
    "ipaddress": _read_as(_address, _address_range, lambda address, addresses: address in addresses),
    **{f"numeric{name}": _read_as(_number, _number, compare) for name, compare in _ORDER.items()},
    **{f"date{name}": _read_as(_moment, _moment, compare) for name, compare in _ORDER.items()},
}

_NEGATED = {
    "stringnotequals": "stringequals",
    "stringnotequalsignorecase": "stringequalsignorecase",
    "stringnotlike": "stringlike",
    "arnnotequals": "arnequals",
    "arnnotlike": "arnlike",
    "notipaddress": "ipaddress",
    "numericnotequals": "numericequals",
    "datenotequals": "dateequals",
}


# --- Conditions ---


@dataclass(frozen=True)
class _Operator:
    compare: Comparison
    negated: bool
    if_exists: bool
    quantifier: str

    def holds(self, wanted: tuple[str, ...], seen: tuple[str, ...], variables: Context | None) -> bool:
        if not seen:
            return self.if_exists or self.quantifier == "forallvalues" or (not self.quantifier and self.negated)
        if self.quantifier and _is_null(seen):
            return self.quantifier == "forallvalues"
        fits = (met((self.compare(value, one, variables) for value in wanted), negated=self.negated) for one in seen)
        every = self.quantifier == "forallvalues" or (not self.quantifier and self.negated)
        return all(fits) if every else any(fits)


def _is_null(seen: tuple[str, ...]) -> bool:
    """Tell whether a key is not there or has no value: AWS calls an empty text a null value."""
    return not any(seen)


@lru_cache(maxsize=256)
def _operator(written: str) -> _Operator | None:
    """Read an operator's name, such as `ForAnyValue:StringLikeIfExists`; `None` if IAM does not have it."""
    quantifier, _, name = written.lower().rpartition(":")
    if_exists = name.endswith("ifexists")
    name = name.removesuffix("ifexists")
    compare = _COMPARISONS.get(_NEGATED.get(name, name))
    if compare is None or quantifier not in ("", "forallvalues", "foranyvalue"):
        return None
    return _Operator(compare, name in _NEGATED, if_exists, quantifier)


def is_operator(name: str) -> bool:
    """Tell whether IAM has a condition operator of this name, such as `ForAnyValue:StringLikeIfExists` or `Null`."""
    return name.lower() == "null" or _operator(name) is not None


def unmet(conditions: Mapping[str, Mapping[str, Any]], context: Context, variables: Context | None) -> Unmet | None:
    """Find the first condition of a statement that a request does not meet.

    All operators and all their keys have to be met; of one key's values, any. A key that the request lacks
    meets only negated, `…IfExists` and `ForAllValues:` operators, and `Null` with `true`. Where the request
    has several values of a key and the operator no quantifier, one has to fit or, if negated, none may.

    Args:
        conditions: A statement's `Condition` element.
        context: What is known about the request, from `context_of`.
        variables: The same for the policy variables, or `None` in a policy whose version has none.

    Returns:
        What was wanted and seen, or `None` if all are met. An operator that IAM does not have never is.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_multi-value-conditions.html
    """
    for name, tests in conditions.items():
        for key, value in tests.items():
            wanted, seen = texts(value), context.get(key.lower(), ())
            if not _met(name, wanted, seen, variables):
                found = (", ".join(seen) or "absent") if is_operator(name) else "no such operator"
                return Unmet(f"{name} {key}: {', '.join(wanted)}", found)
    return None


def _met(name: str, wanted: tuple[str, ...], seen: tuple[str, ...], variables: Context | None) -> bool:
    if name.lower() == "null":
        return ("true" if _is_null(seen) else "false") in map(str.lower, wanted)
    found = _operator(name)
    return found is not None and found.holds(wanted, seen, variables)
