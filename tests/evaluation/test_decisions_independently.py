"""`decide` against a second evaluator, written from AWS's guide alone, on thousands of random policies."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.evaluation.decisions import Policies, Policy, decide
from helpers.evaluation.statements import Principal, Request
from support.reference_evaluator import evaluate

HERE, THERE = "111122223333", "444455556666"
USER = f"arn:aws:iam::{HERE}:user/ana"
ROLE, ROLE_THERE = f"arn:aws:iam::{HERE}:role/team/app", f"arn:aws:iam::{THERE}:role/app"
SESSION = f"arn:aws:sts::{HERE}:assumed-role/app/ana"
ROOT = f"arn:aws:iam::{HERE}:root"
BUCKET = "arn:aws:s3:::b"

CALLERS = [
    Principal(USER, HERE, unique_id="AIDAANA"),
    Principal(SESSION, HERE, unique_id="AROAAPP", role_arn=ROLE),
    Principal(ROOT, HERE),
    Principal("", HERE, service="ec2.amazonaws.com"),
]
VERSIONS = st.sampled_from(["2012-10-17", "2012-10-17", "2012-10-17", "2008-10-17", None])


def one_or_more(values, most=3):
    """What a policy may write as one value or as a list of them, which may be empty."""
    listed = st.sampled_from(values)
    return listed | st.lists(listed, max_size=most)


def document(statements, version="2012-10-17"):
    return {"Statement": statements} | ({"Version": version} if version else {})


def agree(request, policies):
    assert decide(request, policies).verdict == evaluate(request, policies), (request, policies)


# --- Conditions ---

KINDS = {
    "String": [
        *("", "ana", "Ana", "a*", "a?a", "*", "a\\*", "b[ana]", "${aws:username}", "${AWS:UserName}*", "${k:none}"),
        *("${k:none, 'ana'}", "a${*}", "ana${?}", "${$}", "${k:many}", "${unclosed"),
    ],
    "Arn": [
        *(USER, ROLE, f"arn:aws:iam::{HERE}:*", "arn:*:iam::*:user/a?a", "arn:aws:iam::*/ana", "arn:aws:*:user/ana"),
        *("*", "ana", "arn:aws", "", f"arn:aws:iam::{HERE}:user/${{aws:username}}", "${k:none}"),
    ],
    "Numeric": ["1", "1.0", "-2", "10", "2.50", "+1", 1, 2.5, "ten", "1e1", ""],
    "Date": [
        *("2026", "2026-10", "2026-10-31", "2026-10-31T22:00Z", "2026-10-31T22:00:00Z", "2026-10-31T22:00:00.5Z"),
        *("2026-11-01T00:00:00+02:00", "1793484000", "0", "tomorrow", ""),
    ],
    "Bool": ["true", "false", "True", "FALSE", True, False, "yes", ""],
    "Binary": ["QmluYXJ5", "QmluYXJ6", "QmluYXJ5!", ""],
    "Ip": [
        *("203.0.113.9", "203.0.113.0/24", "203.0.113.7/24", "0.0.0.0/0", "2001:db8::1", "2001:DB8::/32", "::/0"),
        *("2001:db8:0:0:0:0:0:1/128", "203.0.113.0/99", "here", ""),
    ],
}
ORDERS = ["Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"]
OPERATORS = {
    "String": [
        *("StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"),
        *("StringLike", "StringNotLike"),
    ],
    "Arn": ["ArnEquals", "ArnNotEquals", "ArnLike", "ArnNotLike"],
    "Numeric": [f"Numeric{order}" for order in ORDERS],
    "Date": [f"Date{order}" for order in ORDERS],
    "Bool": ["Bool"],
    "Binary": ["BinaryEquals"],
    "Ip": ["IpAddress", "NotIpAddress"],
}
QUANTIFIERS, SUFFIXES = ["", "ForAllValues:", "ForAnyValue:"], ["", "IfExists"]
FORMS = {kind: list(map("".join, product(QUANTIFIERS, names, SUFFIXES))) for kind, names in OPERATORS.items()}
ODD_FORMS = ["Null", "Null", "null", "NullIfExists", "StringIs", "FORALLVALUES:STRINGLIKEIFEXISTS", "stringnotequals"]
OTHER_KEYS = {"AWS:username": "ana", "k:many": ["a", "b"]}


def agree_on(condition, context, version="2012-10-17"):
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition}
    request = Request(CALLERS[0], "s3:GetObject", context=context)
    agree(request, Policies((Policy("identity", document(statement, version)),)))


@pytest.mark.exhaustive(but_first=2)
@pytest.mark.parametrize("kind", KINDS)
def test_each_operator_compares_each_value_as_the_reference_does(kind):
    for name, wanted, seen in product(OPERATORS[kind], KINDS[kind], KINDS[kind]):
        agree_on({name: {"k:key": wanted}}, OTHER_KEYS | {"k:key": str(seen)})


@pytest.mark.parametrize("version", ["2012-10-17", "2008-10-17", None])
def test_variables_stand_for_what_they_do_in_the_reference(version):
    patterns = [text for text in KINDS["String"] if "${" in text]
    for pattern, seen, element in product(patterns, [*patterns, "a", "ana", "a*", "$"], ["Resource", "NotResource"]):
        agree_on({"StringLike": {"k:key": pattern}}, OTHER_KEYS | {"k:key": seen}, version)
        statement = {"Effect": "Allow", "Action": "*", element: f"{BUCKET}/{pattern}"}
        request = Request(CALLERS[0], "s3:GetObject", f"{BUCKET}/{seen}", context=OTHER_KEYS)
        agree(request, Policies((Policy("identity", document(statement, version)),)))


@st.composite
def conditions_and_values(draw):
    """Some conditions on one key, and some values that a request may have for it, from a few that often meet."""
    kind = draw(st.sampled_from(list(KINDS)))
    values = draw(st.lists(st.sampled_from(KINDS[kind]), min_size=2, max_size=4))
    tests = st.fixed_dictionaries({"k:Key": one_or_more([*values, "true", "false"], most=2)})
    conditions = st.dictionaries(st.sampled_from(FORMS[kind] + ODD_FORMS), tests, min_size=1, max_size=2)
    seen = st.none() | one_or_more([str(value) for value in values], most=3)
    return draw(st.lists(conditions, min_size=4, max_size=8)), draw(st.lists(seen, min_size=3, max_size=6))


@pytest.mark.exhaustive
@settings(max_examples=200, deadline=None)
@given(conditions_and_values(), VERSIONS)
def test_conditions_hold_when_the_reference_says_so(drawn, version):
    for condition, seen in product(*drawn):
        agree_on(condition, OTHER_KEYS | ({} if seen is None else {"K:KEY": seen}), version)


# --- Who is meant, and which sides have to allow ---

NAMES = ["*", USER, SESSION, ROLE, ROOT, HERE, THERE, "AIDAANA", "AROAAPP", "AIDAOTHER", USER[:-1], f"{USER[:-1]}*"]
principals = st.one_of(
    st.just("*"),
    st.fixed_dictionaries({"AWS": one_or_more(NAMES, most=4)}),
    st.sampled_from([{"AWS": [USER, ROOT]}, {"AWS": ["AIDAANA", HERE]}, {"AWS": [SESSION, "AROAAPP", HERE]}]),
    st.sampled_from([{"AWS": [SESSION, ROLE, ROOT]}, {"AWS": [ROLE, ROOT]}, {"AWS": [ROLE, HERE, "*"]}]),
    st.fixed_dictionaries({"Service": one_or_more(["ec2.amazonaws.com", "glue.amazonaws.com", "*"])}),
    st.fixed_dictionaries({"AWS": st.sampled_from(NAMES), "Service": st.just("ec2.amazonaws.com")}),
    st.sampled_from([{"Federated": USER}, {"CanonicalUser": HERE}, {"AWS": []}]),
)
grants = st.builds(
    lambda effect, element, named: {"Effect": effect, element: named, "Action": "*", "Resource": "*"},
    st.sampled_from(["Allow", "Allow", "Deny"]),
    st.sampled_from(["Principal", "Principal", "NotPrincipal"]),
    principals,
)
ALL = Policy("all", document({"Effect": "Allow", "Action": "*", "Resource": "*"}))
NONE = Policy("none", document({"Effect": "Allow", "Action": "glue:*", "Resource": "*"}))


@pytest.mark.exhaustive
@settings(max_examples=150, deadline=None)
@given(
    st.lists(grants, min_size=1, max_size=2),
    st.sampled_from(CALLERS),
    st.sampled_from([("s3:GetObject", BUCKET), ("sts:AssumeRole", ROLE), ("sts:AssumeRole", ROLE_THERE)]),
)
def test_the_same_sides_decide_as_in_the_reference(statements, caller, asked):
    resource = Policy("resource", document(statements))
    for owner in (None, HERE, THERE):
        for own, around, passed in product([ALL, NONE], [None, ALL, NONE], [None, (ALL,), (NONE, ALL), (NONE,), ()]):
            agree(Request(caller, *asked, owner), Policies((own,), around, passed, resource))


# --- Whole decisions ---

ACTIONS = ["s3:GetObject", "s3:PutObject", "sts:AssumeRole", "sts:TagSession", "sts:GetCallerIdentity"]
TARGETS = ["*", BUCKET, f"{BUCKET}/ana", f"{BUCKET}/*", ROLE, ROLE_THERE]
ACTION_PATTERNS = ["*", "s3:*", "S3:get*", "s3:?etObject", "s3:PutObject", "sts:*", "sts:AssumeRole", "*:Get*", "iam:*"]
TARGET_PATTERNS = [
    *("*", BUCKET, f"{BUCKET}/*", f"{BUCKET}/A*", f"{BUCKET}/a?a", "arn:aws:s3:::*", "arn:aws:iam::*:role/*", ROLE),
    *(f"{BUCKET}/{name}" for name in KINDS["String"] if "${" in name),
]
CONDITIONS = [
    {},
    {"StringEquals": {"aws:username": "${k:name}"}, "Null": {"k:none": "true"}},
    {"StringNotEquals": {"AWS:UserName": ["bob", "${k:none}"]}},
    {"ForAllValues:StringLike": {"k:many": ["a*", "b"]}, "NumericLessThan": {"k:number": 10}},
    {"BoolIfExists": {"k:flag": True}},
]
contexts = st.fixed_dictionaries(
    {"aws:username": st.sampled_from(["ana", "bob", "*"])},
    optional={
        "k:name": st.just("ana"),
        "k:many": one_or_more("abc"),
        "k:number": st.just("9"),
        "k:flag": st.just("false"),
    },
)


@st.composite
def statements(draw, on_resource=False):
    statement = {"Effect": draw(st.sampled_from(["Allow", "Allow", "Allow", "Deny"]))}
    statement[draw(st.sampled_from(["Action", "Action", "NotAction"]))] = draw(one_or_more(ACTION_PATTERNS))
    if element := draw(st.sampled_from(["Resource", "Resource", "NotResource", None])):
        statement[element] = draw(st.just("*") | one_or_more(TARGET_PATTERNS))
    statement["Condition"] = draw(st.just({}) | st.sampled_from(CONDITIONS))
    if on_resource:
        statement[draw(st.sampled_from(["Principal", "Principal", "NotPrincipal"]))] = draw(principals)
    return statement


def policies_of(one):
    """A policy of one statement, which may be written without brackets, or of a few."""
    return st.builds(Policy, st.just("a policy"), st.builds(document, one | st.lists(one, max_size=3), VERSIONS))


@pytest.mark.exhaustive
@settings(max_examples=80, deadline=None)
@given(
    identity=st.lists(policies_of(statements()), max_size=2).map(tuple),
    boundary=policies_of(statements()),
    session=st.lists(policies_of(statements()), max_size=2).map(tuple),
    resource=policies_of(statements(on_resource=True)),
    asked=st.lists(st.tuples(st.sampled_from(ACTIONS), st.sampled_from(TARGETS), contexts), min_size=1, max_size=3),
)
def test_decisions_are_those_of_the_reference(identity, boundary, session, resource, asked):
    limits = [Policies(identity, *more) for more in product([None, boundary], [None, session], [None, resource])]
    for caller, (action, target, context), policies in product(CALLERS, asked, limits):
        agree(Request(caller, action, target, context=context), policies)
