"""The condition operators, one table each, as the IAM user guide describes them."""

import string
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.evaluation.conditions import context_of, like, unmet

ROLE = "arn:aws:iam::111122223333:role/app"
OCTOBER = "2026-10-31T22:00:00Z"


def holds(operator, wanted, seen, **others):
    """Whether an operator is met, where the request has `seen` as the value of a key, or lacks the key."""
    context = context_of(others | ({} if seen is None else {"test:Key": seen}))
    return unmet({operator: {"test:Key": wanted}}, context, context) is None


def check(operator, wanted, seen, expected):
    assert holds(operator, wanted, seen) is expected


@pytest.mark.parametrize(
    ("operator", "wanted", "seen", "expected"),
    [
        ("StringEquals", "app", "app", True),
        ("StringEquals", "app", "App", False),
        ("StringEquals", "app", "apps", False),
        ("StringEquals", "app", None, False),
        ("StringEquals", "app*", "apple", False),
        ("StringEquals", "app*", "app*", True),
        ("StringEquals", ["dev", "app"], "app", True),
        ("StringEquals", "", "", True),
        ("StringEquals", True, "true", True),
        ("StringNotEquals", "app", "app", False),
        ("StringNotEquals", "app", "other", True),
        ("StringNotEquals", "app", None, True),
        ("StringNotEquals", ["dev", "app"], "app", False),
        ("StringEqualsIgnoreCase", "app", "APP", True),
        ("StringEqualsIgnoreCase", "app", "apps", False),
        ("StringEqualsIgnoreCase", "app", None, False),
        ("StringNotEqualsIgnoreCase", "app", "APP", False),
        ("StringNotEqualsIgnoreCase", "app", "apps", True),
        ("StringNotEqualsIgnoreCase", "app", None, True),
        ("StringLike", "home/*", "home/ana/1", True),
        ("StringLike", "home/?", "home/a", True),
        ("StringLike", "home/?", "home/", False),
        ("StringLike", "home/*", "Home/a", False),
        ("StringLike", "a.c", "abc", False),
        ("StringLike", "[ab]", "a", False),
        ("StringLike", "[ab]", "[ab]", True),
        ("StringLike", "a*", "a\nb", True),
        ("StringLike", "*", None, False),
        ("StringNotLike", "home/*", "home/ana", False),
        ("StringNotLike", "home/*", "tmp", True),
        ("StringNotLike", "home/*", None, True),
    ],
)
def test_string_operators(operator, wanted, seen, expected):
    check(operator, wanted, seen, expected)


@pytest.mark.parametrize(
    ("operator", "wanted", "seen", "expected"),
    [
        ("NumericEquals", "10", "10.0", True),
        ("NumericEquals", 10, "10", True),
        ("NumericEquals", "10", "11", False),
        ("NumericEquals", "9007199254740993", "9007199254740992", False),
        ("NumericNotEquals", "10", "11", True),
        ("NumericNotEquals", "10", "10", False),
        ("NumericNotEquals", "10", None, True),
        ("NumericLessThan", "10", "9.5", True),
        ("NumericLessThan", "10", "10", False),
        ("NumericLessThan", "10", "-100", True),
        ("NumericLessThan", "10", None, False),
        ("NumericLessThanEquals", "10", "10", True),
        ("NumericLessThanEquals", "10", "10.1", False),
        ("NumericGreaterThan", "9", "10", True),
        ("NumericGreaterThan", "10", "10", False),
        ("NumericGreaterThanEquals", "10", "10", True),
        ("NumericGreaterThanEquals", "10", "9", False),
        ("NumericLessThanEquals", ["1", "20"], "10", True),
    ],
)
def test_numeric_operators(operator, wanted, seen, expected):
    check(operator, wanted, seen, expected)


@pytest.mark.parametrize(
    ("operator", "wanted", "seen", "expected"),
    [
        ("DateEquals", "2026-10-31T22:00:00Z", OCTOBER, True),
        ("DateEquals", "2026-11-01T00:00:00+02:00", OCTOBER, True),
        ("DateEquals", "2026-10-31t22:00:00z", OCTOBER, True),
        ("DateEquals", "1793484000", OCTOBER, True),
        ("DateEquals", OCTOBER, "1793484000", True),
        ("DateNotEquals", "1793484000", OCTOBER, False),
        ("DateNotEquals", "2026-10-31", OCTOBER, True),
        ("DateNotEquals", "2026-10-31", None, True),
        ("DateLessThan", "2026-11", OCTOBER, True),
        ("DateLessThan", "2026", OCTOBER, False),
        ("DateLessThan", OCTOBER, OCTOBER, False),
        ("DateLessThan", "2027", None, False),
        ("DateLessThanEquals", OCTOBER, OCTOBER, True),
        ("DateGreaterThan", "2026-10-31T21:59Z", OCTOBER, True),
        ("DateGreaterThan", "2026-10-31T22:00:00.5Z", OCTOBER, False),
        ("DateGreaterThanEquals", "2026-10-31T22:00Z", OCTOBER, True),
        ("DateGreaterThanEquals", "20261031T220001Z", OCTOBER, False),
    ],
)
def test_date_operators(operator, wanted, seen, expected):
    check(operator, wanted, seen, expected)


@pytest.mark.parametrize(
    ("operator", "wanted", "seen", "expected"),
    [
        ("Bool", "true", "true", True),
        ("Bool", True, "true", True),
        ("Bool", "True", "true", True),
        ("Bool", "false", "true", False),
        ("Bool", "yes", "false", False),
        ("Bool", "true", None, False),
        ("BoolIfExists", "true", None, True),
        ("BinaryEquals", "QmluYXJ5", "QmluYXJ5", True),
        ("BinaryEquals", "QmluYXJ5", "QmluYXJ6", False),
        ("BinaryEquals", "QmluYXJ5", None, False),
    ],
)
def test_bool_and_binary_operators(operator, wanted, seen, expected):
    check(operator, wanted, seen, expected)


@pytest.mark.parametrize(
    ("operator", "wanted", "seen", "expected"),
    [
        ("IpAddress", "203.0.113.0/24", "203.0.113.9", True),
        ("IpAddress", "203.0.113.9", "203.0.113.9", True),
        ("IpAddress", "203.0.113.7/24", "203.0.113.9", True),
        ("IpAddress", "203.0.113.0/24", "203.0.114.9", False),
        ("IpAddress", "203.0.113.0/24", None, False),
        ("IpAddress", "2001:DB8:1234:5678::/64", "2001:db8:1234:5678::1", True),
        ("IpAddress", "0.0.0.0/0", "2001:db8::1", False),
        ("IpAddress", ["203.0.113.0/24", "2001:db8::/32"], "2001:db8::1", True),
        ("NotIpAddress", "203.0.113.0/24", "203.0.113.9", False),
        ("NotIpAddress", "203.0.113.0/24", "198.51.100.1", True),
        ("NotIpAddress", ["203.0.113.0/24", "198.51.100.0/24"], "198.51.100.1", False),
        ("NotIpAddress", "203.0.113.0/24", None, True),
    ],
)
def test_ip_address_operators(operator, wanted, seen, expected):
    check(operator, wanted, seen, expected)


@pytest.mark.parametrize("name", ["Arn{}Equals", "Arn{}Like"])
@pytest.mark.parametrize(
    ("wanted", "fits"),
    [
        (ROLE, True),
        ("arn:aws:iam::111122223333:role/*", True),
        ("arn:*:iam::*:role/a?p", True),
        ("arn:aws:iam::111122223333:role/App", False),
        ("arn:aws:iam::*/app", False),
        ("arn:aws:*:role/app", False),
        ("*", False),
        (["arn:aws:iam::444455556666:role/app", ROLE], True),
    ],
)
def test_arn_operators(name, wanted, fits):
    check(name.format(""), wanted, ROLE, fits)
    check(name.format("Not"), wanted, ROLE, not fits)
    check(name.format(""), wanted, None, False)
    check(name.format("Not"), wanted, None, True)


@pytest.mark.parametrize(
    ("operator", "wanted", "seen", "expected"),
    [
        ("Null", "true", None, True),
        ("Null", "true", "x", False),
        ("Null", "false", "x", True),
        ("Null", False, "x", True),
        ("Null", "false", None, False),
        ("StringEqualsIfExists", "a", None, True),
        ("StringEqualsIfExists", "a", "a", True),
        ("StringEqualsIfExists", "a", "b", False),
        ("StringNotEqualsIfExists", "a", "a", False),
        ("StringNotEqualsIfExists", "a", None, True),
    ],
)
def test_null_and_if_exists(operator, wanted, seen, expected):
    check(operator, wanted, seen, expected)


@pytest.mark.parametrize(
    ("operator", "wanted", "seen", "expected"),
    [
        ("ForAllValues:StringEquals", ["a", "b"], ["a", "b"], True),
        ("ForAllValues:StringEquals", ["a", "b"], ["a", "c"], False),
        ("ForAllValues:StringEquals", ["a"], None, True),
        ("ForAllValues:StringEquals", ["a"], "", True),
        ("ForAllValues:StringNotEquals", ["a", "b"], ["c", "d"], True),
        ("ForAllValues:StringNotEquals", ["a", "b"], ["a", "c"], False),
        ("ForAnyValue:StringLike", ["a*"], ["x", "abc"], True),
        ("ForAnyValue:StringLike", ["a*"], ["x", "y"], False),
        ("ForAnyValue:StringEquals", ["a"], None, False),
        ("ForAnyValue:StringEquals", ["", "a"], "", False),
        ("ForAnyValue:StringNotEquals", ["a"], ["a", "b"], True),
        ("ForAnyValue:StringNotEquals", ["a"], ["a", "a"], False),
        ("ForAnyValue:StringNotEquals", ["a"], None, False),
        ("ForAnyValue:StringEqualsIfExists", ["a"], None, True),
        ("StringEquals", ["a"], ["a", "b"], True),
        ("StringNotEquals", ["a"], ["a", "b"], False),
    ],
)
def test_several_values_in_the_request(operator, wanted, seen, expected):
    check(operator, wanted, seen, expected)


@pytest.mark.parametrize(
    ("positive", "negated", "wanted", "seen"),
    [
        ("NumericEquals", "NumericNotEquals", "ten", "10"),
        ("NumericEquals", "NumericNotEquals", "10", "nan"),
        ("DateEquals", "DateNotEquals", "tomorrow", OCTOBER),
        ("IpAddress", "NotIpAddress", "203.0.113.0/24", "an address"),
        ("IpAddress", "NotIpAddress", ["203.0.113.0/99", "10.0.0.0/8"], "192.0.2.1"),
        ("StringEquals", "StringNotEquals", "${aws:nobody}", "x"),
        ("ArnLike", "ArnNotLike", "arn:aws:iam::1:${aws:nobody}", ROLE),
    ],
)
def test_what_cannot_be_read_is_equal_to_nothing(positive, negated, wanted, seen):
    assert not holds(positive, wanted, seen)
    assert holds(negated, wanted, seen)


@pytest.mark.parametrize(
    ("operator", "wanted", "seen"), [("Bool", "yes", "true"), ("BinaryEquals", "QmluYXJ5", "QmluYXJ5!")]
)
def test_what_is_no_truth_and_no_base64_fits_nothing(operator, wanted, seen):
    assert not holds(operator, wanted, seen)


@pytest.mark.parametrize("name", ["StringIs", "NullIfExists", "ForSomeValues:StringEquals", "StringLessThan"])
@pytest.mark.parametrize("seen", ["a", None])
def test_an_unknown_operator_is_never_met_and_says_so(name, seen):
    assert not holds(name, "a", seen)
    assert unmet({name: {"k": "a"}}, {}, None).seen == "no such operator"


def test_operator_and_key_ignore_case():
    context = context_of({"AWS:principaltag/TEAM": "blue"})
    assert unmet({"foranyvalue:STRINGequals": {"aws:PrincipalTag/Team": "blue"}}, context, context) is None


def test_all_operators_and_all_keys_have_to_be_met():
    conditions = {"StringEquals": {"k:One": "1", "k:Two": "2"}, "Bool": {"k:Three": "true"}}
    full = {"k:one": "1", "k:two": "2", "k:three": "true"}
    assert unmet(conditions, context_of(full), None) is None
    for key in full:
        assert unmet(conditions, context_of(full | {key: "other"}), None) is not None


def test_an_unmet_condition_says_what_was_wanted_and_seen():
    failed = unmet({"StringEquals": {"sts:ExternalId": ["a", "b"]}}, context_of({"sts:externalid": "c"}), None)
    assert (failed.wanted, failed.seen) == ("StringEquals sts:ExternalId: a, b", "c")
    assert unmet({"StringEquals": {"sts:ExternalId": "a"}}, {}, None).seen == "absent"


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("home/${aws:username}/*", "home/ana/x", True),
        ("home/${AWS:UserName}/*", "home/ana/x", True),
        ("home/${aws:username}/*", "home/bob/x", False),
        ("${aws:PrincipalTag/cost center}", "42", True),
        ("${aws:nobody, 'guest'}-1", "guest-1", True),
        ("${aws:username, 'guest'}", "ana", True),
        ("${aws:nobody}", "", False),
        ("${aws:tagkeys}", "a", False),
        ("a${*}c", "a*c", True),
        ("a${*}c", "abc", False),
        ("a${?}", "ab", False),
        ("${$}{aws:username}", "${aws:username}", True),
        ("${star}", "*", True),
        ("${star}", "anything", False),
        ("[${star}]", "[*]", True),
        ("${unclosed", "${unclosed", True),
    ],
)
def test_policy_variables(pattern, text, expected):
    known = {
        "aws:username": "ana",
        "star": "*",
        "aws:PrincipalTag/Cost Center": "42",
        "aws:TagKeys": ["a", "b"],
    }
    assert like(pattern, text, context_of(known)) is expected


def test_a_variable_is_plain_text_where_the_version_has_none():
    assert like("${aws:username}", "${aws:username}", None) is True
    assert like("${aws:username}", "ana", None) is False


def test_variables_in_string_and_arn_operators_alone():
    assert holds("StringEquals", "${aws:username}", "ana", **{"aws:username": "ana"})
    assert holds("ArnEquals", "${aws:PrincipalArn}", ROLE, **{"aws:PrincipalArn": ROLE})
    assert not holds("NumericEquals", "${n}", "1", n="1")


def naive(pattern, text):
    """Match wildcards the slow way, trying every split."""

    @cache
    def match(at, start):
        if at == len(pattern):
            return start == len(text)
        if pattern[at] == "*":
            return any(match(at + 1, rest) for rest in range(start, len(text) + 1))
        return start < len(text) and pattern[at] in ("?", text[start]) and match(at + 1, start + 1)

    return match(0, 0)


@given(st.text("ab*?[]!.\\$^", max_size=8), st.text("ab[]!.\\$^*\n", max_size=8))
def test_wildcards_match_as_a_naive_matcher_does(pattern, text):
    assert like(pattern, text, None) is naive(pattern, text)


@given(st.text(string.printable))
def test_a_variables_value_is_literal_text(value):
    context = context_of({"aws:username": value})
    assert like("${aws:username}", value, context) is True
    assert like("${aws:username}", value + "x", context) is False


def test_many_wildcards_do_not_take_for_ever():
    assert like("*a" * 40 + "b", "a" * 5000, None) is False
