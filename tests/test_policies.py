"""Policy documents: built as the cheatsheet writes them, and read with care."""

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from helpers import policies

ROLE = "arn:aws:iam::111122223333:role/tutorial-role"
USER = "arn:aws:iam::111122223333:user/tutorial-user"
EC2 = policies.trust_service("ec2.amazonaws.com")

values = st.text(max_size=12) | st.lists(st.text(max_size=12), max_size=3)
statements = st.fixed_dictionaries(
    {"Effect": st.sampled_from(["Allow", "Deny"]), "Action": values},
    optional={"Sid": st.sampled_from(["Statement1", "Second", "Third"]), "Resource": values},
)
documents = st.builds(
    lambda version, found: {"Version": version, "Statement": found},
    st.sampled_from(["2012-10-17", "2008-10-17"]),
    st.lists(statements, max_size=4) | statements,
)


def test_the_users_half_is_the_cheatsheets() -> None:
    assert policies.allow_assume_role(ROLE) == {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": [ROLE]}],
    }


def test_the_roles_half_is_the_cheatsheets() -> None:
    assert policies.trust_principal(USER) == {
        "Sid": "Statement1",
        "Effect": "Allow",
        "Principal": {"AWS": USER},
        "Action": "sts:AssumeRole",
    }
    assert policies.trust_principal(USER, sid="Second")["Sid"] == "Second"


def test_a_service_is_trusted_as_the_console_does_it() -> None:
    assert EC2 == {
        "Effect": "Allow",
        "Principal": {"Service": "ec2.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }


def test_an_allowing_statement_takes_one_or_several() -> None:
    assert policies.allow("glue:GetJobs") == {"Effect": "Allow", "Action": "glue:GetJobs", "Resource": "*"}
    assert policies.allow(("s3:GetObject", "s3:PutObject"), ("a", "b")) == {
        "Effect": "Allow",
        "Action": ["s3:GetObject", "s3:PutObject"],
        "Resource": ["a", "b"],
    }


def test_the_users_statement_goes_next_to_the_services() -> None:
    trust = policies.with_statement(policies.policy(EC2), policies.trust_principal(USER))
    assert policies.statements(trust) == [EC2, policies.trust_principal(USER)]


@settings(deadline=None)
@given(documents, statements)
def test_a_statement_is_added_once_and_the_others_stay(document: Any, statement: Any) -> None:
    before = json.dumps(document)
    once = policies.with_statement(document, statement)
    assert policies.with_statement(once, statement) == once
    assert json.dumps(document) == before
    assert once["Version"] == document["Version"]
    *others, last = policies.statements(once)
    assert last == statement
    sid = statement.get("Sid")
    assert others == [
        old for old in policies.statements(document) if old != statement and (sid is None or old.get("Sid") != sid)
    ]


@settings(deadline=None)
@given(documents)
def test_a_document_survives_writing_and_reading(document: Any) -> None:
    assert policies.parse_policy(policies.to_json(document)) == document


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["Statement", "x"]), inner),
    max_leaves=8,
)


@settings(deadline=None)
@given(st.text() | json_values.map(json.dumps) | documents.map(lambda d: json.dumps(d)[:-2]))
@example('{"Statement": "Allow"}')
@example('{"Statement": [1]}')
@example("9" * 5000)
def test_any_text_is_a_policy_or_a_value_error(text: str) -> None:
    try:
        document = policies.parse_policy(text)
    except ValueError:
        return
    assert all(isinstance(statement, dict) for statement in policies.statements(document))


@pytest.mark.parametrize("text", ["[" * 100_000, '{"Statement": ' * 100_000])
def test_text_that_is_nested_too_deep_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match="nested"):
        policies.parse_policy(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "This is no JSON: Expecting value at line 1, column 1"),
        ('{"Statement": []\n "Version": "2012-10-17"}', "delimiter at line 2, column 2.*missing comma"),
        ("[]", 'JSON object with a "Statement"; this is a list'),
        (json.dumps(EC2), 'Wrap the statement in {"Version": "2012-10-17", "Statement": '),
        ('{"Statement": ["Allow"]}', "Each statement of a policy is a JSON object"),
    ],
)
def test_what_is_no_policy_is_told_how_to_mend_it(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        policies.parse_policy(text)
