"""`decide` against a second evaluator, written from AWS's guide alone, on thousands of random policies."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_evaluator import evaluate

from helpers.decisions import Policies, Policy, Principal, Request, decide

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
ACTIONS = ["s3:GetObject", "s3:PutObject", "sts:AssumeRole", "sts:TagSession", "sts:GetCallerIdentity"]
RESOURCES = ["*", BUCKET, f"{BUCKET}/ana", f"{BUCKET}/*", ROLE, ROLE_THERE]


def one_or_more(values, most=3):
    """What a policy may write as one value or as a list of them, which may be empty."""
    listed = st.sampled_from(values)
    return listed | st.lists(listed, max_size=most)


# --- Conditions: each key has values of one kind, and is mostly compared by operators of that kind ---

KINDS = {
    "String": [
        "",
        "ana",
        "Ana",
        "a*",
        "a?a",
        "*",
        "${aws:username}",
        "${AWS:UserName}*",
        "${k:none}",
        "${k:none, 'ana'}",
    ]
    + ["a${*}", "${k:many}", "b[ana]", "${$}", "ana${?}", "${unclosed", "a\\*"],
    "Arn": [USER, ROLE, f"arn:aws:iam::{HERE}:*", "arn:*:iam::*:user/a?a", "*", "arn:aws:*:user/ana", "ana", "arn:aws"]
    + ["arn:aws:iam::*/ana", "arn:aws:iam::111122223333:user/${aws:username}", "${k:arn}", ""],
    "Numeric": ["1", "1.0", "-2", "10", "2.50", "+1", "ten", "", "1e1", 1, 2.5],
    "Date": ["2026", "2026-10", "2026-10-31", "2026-10-31T22:00Z", "2026-10-31T22:00:00Z", "2026-11-01T00:00:00+02:00"]
    + ["2026-10-31T22:00:00.5Z", "1793484000", "0", "tomorrow", ""],
    "Bool": ["true", "false", "True", "FALSE", "yes", "", True, False],
    "Binary": ["QmluYXJ5", "QmluYXJ6", "QmluYXJ5!", ""],
    "Ip": ["203.0.113.9", "203.0.113.0/24", "203.0.113.7/24", "0.0.0.0/0", "2001:db8::1", "2001:DB8::/32", "::/0"]
    + ["203.0.113.0/99", "here", "", "2001:db8:0:0:0:0:0:1/128"],
}
KEYS = {"k:text": "String", "aws:username": "String", "k:many": "String", "k:arn": "Arn", "k:number": "Numeric"}
KEYS |= {"k:date": "Date", "k:flag": "Bool", "k:bytes": "Binary", "k:ip": "Ip"}
OPERATORS = {
    "String": ["Equals", "NotEquals", "EqualsIgnoreCase", "NotEqualsIgnoreCase", "Like", "NotLike"],
    "Arn": ["Equals", "NotEquals", "Like", "NotLike"],
    "Numeric": ["Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"],
    "Date": ["Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"],
    "Bool": [""],
    "Binary": ["Equals"],
    "Ip": ["IpAddress", "NotIpAddress"],
}


def operators_of(kind):
    """Every operator of a kind in all its forms, some of them in another case, and one that IAM does not have."""
    names = [name if kind == "Ip" else kind + name for name in OPERATORS[kind]]
    forms = [
        f"{quantifier}{name}{suffix}"
        for name in names
        for quantifier in ("", "ForAllValues:", "ForAnyValue:")
        for suffix in ("", "IfExists")
    ]
    return [*forms, "Null", forms[0].lower(), forms[-1].upper(), f"{kind}Is", "NullIfExists"]


def conditions_on(key):
    kind = KEYS[key]
    wanted = one_or_more(KINDS[kind])
    usual = st.dictionaries(st.sampled_from(operators_of(kind)), st.fixed_dictionaries({key: wanted}), max_size=2)
    absence = st.fixed_dictionaries(
        {"Null": st.fixed_dictionaries({key: st.sampled_from(["true", "false", False, "True"])})}
    )
    odd = st.sampled_from([one for other in KINDS if other != kind for one in operators_of(other)])
    return usual | absence | st.dictionaries(odd, st.fixed_dictionaries({key.upper(): wanted}), max_size=1)


conditions = st.sampled_from(list(KEYS)).flatmap(conditions_on)
contexts = st.fixed_dictionaries(
    {}, optional={key: one_or_more([str(value) for value in KINDS[kind]]) for key, kind in KEYS.items()}
)
versions = st.sampled_from(["2012-10-17", "2012-10-17", "2012-10-17", "2008-10-17", None])


def document(statements, version):
    return {"Statement": statements} | ({"Version": version} if version else {})


@settings(max_examples=400)
@given(st.lists(conditions, min_size=4, max_size=8), st.lists(contexts, min_size=3, max_size=6), versions)
def test_conditions_hold_when_the_reference_says_so(all_conditions, all_contexts, version):
    for condition, context in product(all_conditions, all_contexts):
        statement = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition}
        policies = Policies((Policy("identity", document(statement, version)),))
        request = Request(CALLERS[0], "s3:GetObject", context=context)
        assert decide(request, policies).verdict == evaluate(request, policies), (condition, context)


# --- Whole decisions ---

actions = one_or_more(
    ["*", "s3:*", "S3:get*", "s3:?etObject", "s3:PutObject", "sts:*", "sts:AssumeRole", "*:Get*", "iam:*"]
)
resources = one_or_more(
    [
        "*",
        BUCKET,
        f"{BUCKET}/*",
        f"{BUCKET}/${{aws:username}}",
        f"{BUCKET}/${{k:none}}",
        f"{BUCKET}/${{*}}",
        f"{BUCKET}/a?a",
    ]
    + [f"{BUCKET}/${{k:none, 'ana'}}", "arn:aws:s3:::*", "arn:aws:iam::*:role/*", ROLE, ROLE_THERE, f"{BUCKET}/A*"]
)
names = ["*", USER, SESSION, ROLE, ROOT, HERE, THERE, "AIDAANA", "AROAAPP", "AIDAOTHER", USER[:-1], f"{USER[:-1]}*"]
principals = st.one_of(
    st.just("*"),
    st.fixed_dictionaries({"AWS": one_or_more(names, most=4)}),
    st.fixed_dictionaries({"Service": one_or_more(["ec2.amazonaws.com", "glue.amazonaws.com", "*"])}),
    st.fixed_dictionaries({"AWS": st.sampled_from(names), "Service": st.just("ec2.amazonaws.com")}),
    st.sampled_from([{"Federated": USER}, {"CanonicalUser": HERE}, {"AWS": []}]),
    st.sampled_from([{"AWS": [USER, ROOT]}, {"AWS": [SESSION, ROLE, HERE]}, {"AWS": [ROLE, ROOT]}]),
)


@st.composite
def statements(draw, on_resource=False):
    statement = {"Effect": draw(st.sampled_from(["Allow", "Allow", "Allow", "Deny"]))}
    statement[draw(st.sampled_from(["Action", "Action", "Action", "NotAction"]))] = draw(actions)
    element = draw(st.sampled_from(["Resource", "Resource", "Resource", "NotResource", None]))
    if element:
        statement[element] = draw(st.just("*") | resources)
    if draw(st.integers(0, 3)) == 0:
        statement["Condition"] = draw(conditions)
    if on_resource:
        statement[draw(st.sampled_from(["Principal", "Principal", "Principal", "NotPrincipal"]))] = draw(principals)
    return statement


def policies_of(one):
    """A policy of one statement, which may be written without brackets, or of a few."""
    return st.builds(Policy, st.just("a policy"), st.builds(document, one | st.lists(one, max_size=3), versions))


@settings(max_examples=250)
@given(
    identity=st.lists(policies_of(statements()), max_size=2).map(tuple),
    boundary=policies_of(statements()),
    session=st.lists(policies_of(statements()), max_size=2).map(tuple),
    resource=policies_of(statements(on_resource=True)),
    action=st.sampled_from(ACTIONS),
    target=st.sampled_from(RESOURCES),
    context=contexts,
)
def test_decisions_are_those_of_the_reference(identity, boundary, session, resource, action, target, context):
    limits = product([None, boundary], [None, session], [None, resource], [None, HERE, THERE])
    for caller, (around, passed, attached, owner) in product(CALLERS, limits):
        request = Request(caller, action, target, owner, context)
        policies = Policies(identity, around, passed, attached)
        assert decide(request, policies).verdict == evaluate(request, policies), (request, policies)
