"""What would meet a condition: a value for a key, so far as one can be chosen. Pure: nothing here calls AWS.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from helpers.evaluation.conditions import Context, texts, unmet

_VARIABLE = re.compile(r"\$\{([^{}',]+?)\s*(?:,\s*'([^']*)')?\}")
_OTHER, _ANY = "another-value", "some-value"
WORDS: Mapping[str, tuple[str, ...]] = {
    "aws:multifactorauthage": ("0",),
    "s3:x-amz-acl": (
        *("private", "bucket-owner-full-control", "bucket-owner-read", "aws-exec-read"),
        *("authenticated-read", "public-read", "public-read-write"),
    ),
    "s3:x-amz-server-side-encryption": ("AES256", "aws:kms", "aws:kms:dsse"),
    "s3:x-amz-storage-class": ("STANDARD", "STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER"),
}
"""The condition keys that have a few words for values, the plainest first; MFA that is done now is 0 seconds old."""
Values = Mapping[str, str | None]
"""A value for each key; None for a key that is to be absent."""


@dataclass(frozen=True)
class Test:
    """One test of a `Condition` element: an operator, a key, and what the policy wants.

    Attributes:
        operator: as it is written, such as `ForAnyValue:StringLikeIfExists`.
        key: the condition key, as it is written.
        wanted: the values.
    """

    operator: str
    key: str
    wanted: tuple[str, ...]

    def holds(self, context: Context, variables: Context | None) -> bool:
        """Tell whether a request meets this test."""
        return unmet({self.operator: {self.key: list(self.wanted)}}, context, variables) is None

    @property
    def takes_wildcards(self) -> bool:
        """Whether `*` and `?` in a value stand for other text."""
        return "like" in self.name or self.name.startswith("arn")

    @property
    def name(self) -> str:
        """The operator in small letters, without quantifier and `IfExists`."""
        return self.operator.lower().rpartition(":")[2].removesuffix("ifexists")


def tests_of(statement: Mapping[str, Any]) -> Iterator[Test]:
    """Go through the tests of a statement's `Condition`."""
    for operator, tests in statement.get("Condition", {}).items():
        for key, wanted in tests.items():
            yield Test(operator, key, texts(wanted))


def values_meeting(test: Test, context: Context, variables: Context | None, *, meet: bool = True) -> Iterator[Values]:
    """Propose values for a test's key with which the test holds, or does not.

    Args:
        test: the test.
        context: the request's condition keys, from `context_of`.
        variables: the same for policy variables; None in a policy whose version has none.
        meet: whether the test is to hold.
    """
    for value in dict.fromkeys(_candidates(test, variables)):
        changed = dict(context) | {test.key.lower(): (value,) if value is not None else ()}
        if test.holds(changed, variables) is meet:
            yield {test.key: value}


def _candidates(test: Test, variables: Context | None) -> Iterable[str | None]:
    for wanted in test.wanted:
        filled = _filled(wanted, variables)
        if filled is None:
            continue
        if test.name.startswith("numeric"):
            yield from _numbers(filled)
        elif test.name == "bool":
            yield "true"
            yield "false"
        elif test.name == "null":
            yield from WORDS.get(test.key.lower(), (_ANY,))
        else:
            if not (test.takes_wildcards and re.search(r"[*?]", filled)):
                yield filled
            yield filled.replace("*", "").replace("?", "x")
            yield filled.replace("*", "x").replace("?", "x")
    yield from WORDS.get(test.key.lower(), (_OTHER,))
    yield None


def _numbers(text: str) -> Iterator[str]:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return
    for other in (number, number - 1, number + 1):
        yield f"{other:f}"


def _filled(text: str, variables: Context | None) -> str | None:
    """Put values in place of policy variables; None where one has no value."""
    if variables is None:
        return text
    filled = text
    for variable in _VARIABLE.finditer(text):
        values = variables.get(variable[1].lower(), ())
        value = values[0] if len(values) == 1 else variable[2]
        if value is None:
            return None
        filled = filled.replace(variable[0], value)
    return re.sub(r"\$\{([*?$])\}", r"\1", filled)
