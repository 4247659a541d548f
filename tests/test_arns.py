"""ARNs and names: what is accepted, and what a learner is told about the rest."""

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.arns import (
    Arn,
    ArnKind,
    NameKind,
    account_root_arn,
    arn_problem,
    check_arn,
    check_name,
    name_problem,
    parse_arn,
    policy_arn,
    role_arn,
    user_arn,
)
from helpers.secrecy import looks_like_secret

HERE = "111122223333"
ROLE = f"arn:aws:iam::{HERE}:role/tutorial-role"
KEY_ID = "AKIAIOSFODNN7EXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
TOKEN = "IQoJb3JpZ2luX2VjEXAMPLE/" * 12 + "=="

ACCOUNT_IDS = st.text(string.digits, min_size=12, max_size=12)
NAME_CHARACTERS = string.ascii_letters + string.digits + "_-.@+="
NAMES = st.text(NAME_CHARACTERS, min_size=1, max_size=64).filter(lambda name: not looks_like_secret(name))
PATHS = st.lists(st.text(string.ascii_lowercase + "-", min_size=1, max_size=9), max_size=3).map(
    lambda parts: "".join(f"/{part}" for part in parts) + "/"
)


# Parse and build


@pytest.mark.parametrize(
    ("text", "resource_type", "path", "name"),
    [
        (ROLE, "role", "/", "tutorial-role"),
        (f"arn:aws:iam::{HERE}:user/team/a/ana", "user", "/team/a/", "ana"),
        (
            "arn:aws:iam::aws:policy/service-role/AWSGlueServiceRole",
            "policy",
            "/service-role/",
            "AWSGlueServiceRole",
        ),
        (f"arn:aws:sts::{HERE}:assumed-role/tutorial-role/test", "assumed-role", "/tutorial-role/", "test"),
        (f"arn:aws:iam::{HERE}:root", "", "/", "root"),
        ("arn:aws:s3:::bucket", "", "/", "bucket"),
    ],
)
def test_an_arn_says_type_path_and_name(text: str, resource_type: str, path: str, name: str) -> None:
    arn = parse_arn(text)
    assert (arn.resource_type, arn.path, arn.name) == (resource_type, path, name)


def test_an_arn_has_five_parts() -> None:
    arn = parse_arn("arn:aws-cn:glue:cn-north-1:111122223333:job/nightly")
    assert arn == Arn("aws-cn", "glue", "cn-north-1", HERE, "job/nightly")


PART = st.text(string.ascii_letters + string.digits + "-*", min_size=1)


@given(
    st.builds(Arn, PART, PART, PART | st.just(""), PART | st.just(""), st.text(string.printable.strip(), min_size=1))
)
def test_parsing_what_was_written_gives_the_same_arn(arn: Arn) -> None:
    assert parse_arn(str(arn)) == arn


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tutorial-role",
        "arn:aws:iam",
        f" {ROLE}",
        f"{ROLE}\n",
        "arn:aws::::role/x",
        f"arn:aws:iam::{HERE}:",
    ],
)
def test_what_is_no_arn_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not an ARN, .* such as `arn:aws:iam::111122223333:role/tutorial-role`"):
        parse_arn(text)


def test_a_refusal_quotes_at_most_120_characters() -> None:
    with pytest.raises(ValueError, match=r"^`x{119}…` is not"):
        parse_arn("x" * 5000)


def test_a_refusal_is_one_line() -> None:
    with pytest.raises(ValueError, match=r"^`\?a\?b\?` is not an ARN, [^\n]*$"):
        parse_arn("`a\nb\x00")


def test_arns_are_built() -> None:
    assert role_arn(HERE, "tutorial-role") == ROLE
    assert user_arn(HERE, "ana", path="/team/") == f"arn:aws:iam::{HERE}:user/team/ana"
    assert policy_arn("aws", "AmazonS3FullAccess") == "arn:aws:iam::aws:policy/AmazonS3FullAccess"
    assert account_root_arn(HERE) == f"arn:aws:iam::{HERE}:root"


@pytest.mark.parametrize(
    ("account_id", "name", "path", "reason"),
    [
        ("123", "x", "/", "has 3 digits"),
        ("aws", "x", "/", "Only policies"),
        (HERE, "a b", "/", "white space"),
        (HERE, "x", "team", "slash at both ends"),
        (HERE, "x", "//", "two slashes"),
        (HERE, "x", "/" + "a" * 511 + "/", "512 characters"),
        (HERE, "x", "/björn/", "without accents"),
    ],
)
def test_nothing_wrong_is_built(account_id: str, name: str, path: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        role_arn(account_id, name, path)


def test_no_root_arn_without_an_account() -> None:
    with pytest.raises(ValueError, match="account is empty"):
        account_root_arn("")


@given(ACCOUNT_IDS, NAMES, PATHS)
def test_what_is_built_has_no_problem(account_id: str, name: str, path: str) -> None:
    assert arn_problem(role_arn(account_id, name, path), "role", account_id=account_id) is None
    assert arn_problem(user_arn(account_id, name, path), "user", account_id=account_id) is None
    assert arn_problem(policy_arn(account_id, name, path), "policy", account_id=account_id) is None
    assert parse_arn(role_arn(account_id, name, path)).name == name


# What a learner is told


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (ROLE, "role"),
        (f"arn:aws:iam::{HERE}:role/team/a/{'x' * 64}", "role"),
        (f"arn:aws:iam::{HERE}:role/my_role+=,.@-1", "role"),
        (f"arn:aws-us-gov:iam::{HERE}:role/tutorial-role", "role"),
        (f"arn:aws-cn:iam::{HERE}:user/tutorial-user", "user"),
        (f"arn:aws:iam::{HERE}:policy/{'x' * 128}", "policy"),
        ("arn:aws:iam::aws:policy/AmazonS3FullAccess", "policy"),
        (
            f"arn:aws:iam::{HERE}:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForAmazonElasticFileSystem",
            "role",
        ),
    ],
)
def test_right_arns(text: str, kind: ArnKind) -> None:
    assert arn_problem(text, kind, account_id=HERE) is None
    assert check_arn(text, kind) == text


@pytest.mark.parametrize(
    ("text", "seen", "mend"),
    [
        # nothing, or a placeholder
        ("", "This is empty", ROLE),
        ("   ", "This is empty", ROLE),
        ("<role-arn>", "`<role-arn>` is a placeholder", "without brackets"),
        ("ROLE_ARN", "`ROLE_ARN` is a placeholder", ROLE),
        ("your-role-arn", "`your-role-arn` is a placeholder", ROLE),
        ("${ROLE_ARN}", "`${ROLE_ARN}` is a placeholder", "real value"),
        ("arn:aws:iam::<account>:role/x", "`<account>` is a placeholder", "real value"),
        ("arn:aws:iam::{account_id}:role/x", "`{account_id}` is a placeholder", "real value"),
        # what came along when it was pasted
        (f" {ROLE}", "white space before or after", "remove"),
        (f"{ROLE}\n", "white space before or after", "remove"),
        (f"{ROLE}\u200b", "white space before or after", "remove"),
        (f"arn:aws:iam::{HERE}: role/x", f"white space inside this, after `arn:aws:iam::{HERE}:`", "remove"),
        (f'"{ROLE}"', "quotation marks", "remove"),
        (f"“{ROLE}”", "quotation marks", "remove"),
        (f"`{ROLE}`", "quotation marks", "remove"),
        (f"<{ROLE}>", "brackets", "remove"),
        (f'["{ROLE}"]', "brackets", "remove"),
        (f"{ROLE},", "`,` at the end", "remove"),
        (f"{ROLE};", "`;` at the end", "remove"),
        # something else than an ARN
        ("my-role", "only a name", f"arn:aws:iam::{HERE}:role/my-role"),
        (HERE, "account's id", ROLE),
        ("AROAIOSFODNN7EXAMPLE", "unique id", ROLE),
        ("role/tutorial-role", "not an ARN", ROLE),
        ("https://console.aws.amazon.com/iam", "not an ARN", ROLE),
        # an ARN of something else
        (f"arn:aws:sts::{HERE}:assumed-role/tutorial-role/test", "a session's ARN", "`:role/`"),
        ("arn:aws:s3:::bucket", "ARN of `s3`", "`:role/`"),
        (
            f"arn:aws:iam::{HERE}:user/tutorial-user",
            "a user's ARN",
            "a role's ARN has `:role/` in it. Copy it",
        ),
        (f"arn:aws:iam::{HERE}:policy/x", "a policy's ARN", "`:role/`"),
        (f"arn:aws:iam::{HERE}:group/x", "a group's ARN", "`:role/`"),
        (f"arn:aws:iam::{HERE}:instance-profile/x", "an instance profile's ARN", "`:role/`"),
        (f"arn:aws:iam::{HERE}:root", "the whole account", "`:role/`"),
        # the account
        ("arn:aws:iam::999988887777:role/x", "in account 999988887777", f"you work in account {HERE}"),
        ("arn:aws:iam::11112222333:role/x", "has 11 digits", "an account has 12"),
        ("arn:aws:iam::1111222233334:role/x", "has 13 digits", "an account has 12"),
        ("arn:aws:iam::1111-2222-3333:role/x", "`1111-2222-3333`", "12 digits"),
        ("arn:aws:iam::ACCOUNT_ID:role/x", "`ACCOUNT_ID`", "12 digits"),
        ("arn:aws:iam:::role/x", "account is empty", "12 digits"),
        (f"arn:aws:iam:::{HERE}:role/x", "account is empty", "exactly two colons"),
        ("arn:aws:iam::aws:role/x", "Only policies", "12 digits"),
        # the other parts
        (f"arn:aws:iam:us-east-1:{HERE}:role/x", "`us-east-1` stands where the region goes", "leave nothing"),
        (f"arn:amazon:iam::{HERE}:role/x", "`arn:amazon:`", "`arn:aws:`"),
        (ROLE.upper(), "`ARN:AWS:IAM`", "`arn:aws:iam`, in small letters"),
        (f"arn:aws:iam::{HERE}:Role/x", "`Role` stands where `role` belongs", "`:role/`"),
        (f"arn:aws:iam::{HERE}:tutorial-role", "`role/` is missing", "`:role/`"),
        (f"arn:aws:iam::{HERE}:role/", "name is missing", "`:role/tutorial-role`"),
        (f"arn:aws:iam::{HERE}:role//x", "two slashes", "write one"),
        (f"arn:aws:iam::{HERE}:role/team//x", "two slashes", "write one"),
        (f"arn:aws:iam::{HERE}:role/björn", "`ö`", "letters a to z"),
        (f"arn:aws:iam::{HERE}:role/{'x' * 65}", "65 characters", "1 to 64"),
        # the separators
        (ROLE.replace(":", ";"), "0 colons", ROLE),
        (ROLE.replace(":", "/"), "0 colons", ROLE),
        (ROLE.replace("::", ":"), "4 colons", "two together after `iam`"),
        (f"arn:aws:iam::{HERE}/role/x", "4 colons", ROLE),
        (f"arn:aws:iam::{HERE}:role:x", "a colon after `role`", "write a slash"),
        ("arn", "0 colons", ROLE),
        ("arn:", "1 colon;", ROLE),
    ],
)
def test_what_is_wrong_with_a_role_arn(text: str, seen: str, mend: str) -> None:
    problem = arn_problem(text, "role", account_id=HERE)
    assert problem is not None
    assert seen in problem
    assert mend in problem
    with pytest.raises(ValueError, match=re.escape(problem)):
        check_arn(text, "role", account_id=HERE)


def test_a_role_where_a_user_belongs() -> None:
    expected = "This is a role's ARN; a user's ARN has `:user/` in it. Copy it from the user's page."
    assert arn_problem(ROLE, "user") == expected


def test_any_account_will_do_when_none_is_asked_for() -> None:
    assert arn_problem("arn:aws:iam::999988887777:role/x", "role") is None


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("x", "role"),
        ("x" * 64, "user"),
        ("x" * 128, "policy"),
        ("ab", "session"),
        ("ana@example.com", "session"),
        ("my_role+=,.@-1", "role"),
    ],
)
def test_right_names(text: str, kind: NameKind) -> None:
    assert name_problem(text, kind) is None
    assert check_name(text, kind) == text


@pytest.mark.parametrize(
    ("text", "kind", "seen", "mend"),
    [
        ("", "role", "This is empty", "`tutorial-role`"),
        ("<user-name>", "user", "`<user-name>` is a placeholder", "real value"),
        ("tutorial role", "role", "white space inside this, after `tutorial`", "remove"),
        ("tutorial-role ", "role", "white space before or after", "remove"),
        ("\u2018tutorial-role\u2019", "role", "quotation marks", "remove"),
        (ROLE, "role", "This is an ARN", "the name alone"),
        ("team/ana", "user", "`/`", "letters a to z"),
        ("josé", "user", "`é`", "letters a to z"),
        ("x" * 65, "user", "65 characters", "1 to 64"),
        ("x" * 129, "policy", "129 characters", "1 to 128"),
        ("x", "session", "1 character;", "2 to 64"),
        ("x" * 65, "session", "65 characters", "2 to 64"),
    ],
)
def test_what_is_wrong_with_a_name(text: str, kind: NameKind, seen: str, mend: str) -> None:
    problem = name_problem(text, kind)
    assert problem is not None
    assert seen in problem
    assert mend in problem
    with pytest.raises(ValueError, match=re.escape(problem)):
        check_name(text, kind)


# Any text at all: one line, and no exception

NEARLY_ARNS = st.lists(
    st.sampled_from(["arn", "ARN", "aws", "iam", "sts", ":", "::", ";", "/", "//", "role", "user", "root", HERE, "x"])
    | st.characters(),
    max_size=12,
).map("".join)


@given(st.text() | NEARLY_ARNS, st.sampled_from(["role", "user", "policy"]), st.sampled_from([None, HERE]))
def test_any_text_gets_one_line_or_is_an_arn(text: str, kind: ArnKind, account_id: str | None) -> None:
    problem = arn_problem(text, kind, account_id=account_id)
    if problem is None:
        assert parse_arn(text).resource_type == kind
    else:
        assert problem.isprintable()
        assert problem.endswith(".")
        assert len(problem) < 400


@given(st.text() | NAMES, st.sampled_from(["role", "user", "policy", "session"]))
def test_any_text_gets_one_line_or_is_a_name(text: str, kind: NameKind) -> None:
    problem = name_problem(text, kind)
    if problem is None:
        assert set(text) <= set(NAME_CHARACTERS + ",")
    else:
        assert problem.isprintable()
        assert problem.endswith(".")


# Secrets


@pytest.mark.parametrize(
    "text",
    [
        KEY_ID,
        "ASIAIOSFODNN7EXAMPLE",
        SECRET,
        TOKEN,
        f"aws_secret_access_key = {SECRET}",
        f"AWS_SECRET_ACCESS_KEY={SECRET}",
        f"{KEY_ID},{SECRET}",
        f'"SecretAccessKey": "{SECRET}"',
        f"{ROLE}{KEY_ID}",
    ],
)
def test_a_pasted_key_is_noticed_and_never_repeated(text: str) -> None:
    assert looks_like_secret(text)
    for sentence in (arn_problem(text, "role"), name_problem(text, "role")):
        assert sentence is not None
        assert "looks like an access key" in sentence
        assert not any(secret in sentence for secret in (KEY_ID[4:], SECRET[:12], TOKEN[:12]))


@pytest.mark.parametrize("secret", [KEY_ID, SECRET, TOKEN])
def test_a_key_never_enters_an_exception(secret: str) -> None:
    with pytest.raises(ValueError, match="hidden, it looks like an access key") as refused:
        parse_arn(f"key {secret}")
    assert secret not in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        ROLE,
        "AWSServiceRoleForAmazonElasticFileSystem",
        f"arn:aws:iam::{HERE}:role/AWSServiceRoleForAmazonElasticFileSystem",
        f"arn:aws:iam::{HERE}:role/MyRoleWithAVeryLongNameOf1234567890abcd",
        "AIDAIOSFODNN7EXAMPLE",
        "0123456789abcdef0123456789abcdef01234567",
        "x" * 200,
    ],
)
def test_names_arns_and_ids_are_no_secrets(text: str) -> None:
    assert not looks_like_secret(text)
