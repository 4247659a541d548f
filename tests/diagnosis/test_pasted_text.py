"""The errors that people paste: what is read in them, however they are wrapped and wherever they are from."""

import json
import textwrap

import pytest

from helpers.diagnosis.pasted_text import parse_refusal

USER = "arn:aws:iam::111122223333:user/ana"
ROLE = "arn:aws:iam::111122223333:role/reader"
SESSION = "arn:aws:sts::111122223333:assumed-role/reader/app"
ASSUME = f"User: {USER} is not authorized to perform: sts:AssumeRole on resource: {ROLE}"
GET_OBJECT = f"User: {USER} is not authorized to perform: s3:GetObject on resource: "
NO_IDENTITY = "because no identity-based policy allows the {} action"
BOX = "│ "


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"An error occurred (AccessDenied) when calling the AssumeRole operation: {ASSUME}", (USER, ROLE, None)),
        (
            f"ClientError: An error occurred (AccessDenied) when calling the X operation: {ASSUME}",
            (USER, ROLE, None),
        ),
        (f"Error: configuring Terraform AWS Provider: api error AccessDenied: {ASSUME}", (USER, ROLE, None)),
        (f"2026-01-02T03:04:05Z ERROR worker-7 refused: {ASSUME} (request 4f)", (USER, ROLE, None)),
        (
            f"<Error><Code>AccessDenied</Code><Message>{GET_OBJECT}&quot;arn:aws:s3:::b/k&quot; "
            f"{NO_IDENTITY.format('s3:GetObject')}</Message></Error>",
            (USER, "arn:aws:s3:::b/k", "identity-based policy"),
        ),
        (
            json.dumps(
                {
                    "errorCode": "AccessDenied",
                    "errorMessage": f'{GET_OBJECT}"arn:aws:s3:::b/k" with an explicit deny in a service control policy',
                }
            ),
            (USER, "arn:aws:s3:::b/k", "service control policy"),
        ),
        (
            f"Access denied to iam:ListRoles\nYou don't have permission to iam:ListRoles.\nUser: {USER}\n"
            f"Action: iam:ListRoles\nOn resource(s): {ROLE}\nContext: no identity-based policy allows the action",
            (USER, ROLE, "identity-based policy"),
        ),
        (
            f"User: {SESSION} is not authorized to perform: iam:GetRole on resource: role reader "
            + NO_IDENTITY.format("iam:GetRole"),
            (SESSION, ROLE, "identity-based policy"),
        ),
    ],
)
def test_who_on_what_and_which_policy(text: str, told: tuple[str, str, str | None]) -> None:
    read = parse_refusal(text)
    assert (read.caller, read.resource, read.kind) == told
    assert read.is_forbidden


@pytest.mark.parametrize("width", [37, 50, 64, 79, 80, 100, 119, 120])
def test_lines_that_a_terminal_broke_anywhere(width: int) -> None:
    """A terminal breaks inside a word and keeps no blank there."""
    whole = f"An error occurred (AccessDenied) when calling the AssumeRole operation: {ASSUME}"
    broken = "\n".join(whole[start : start + width] for start in range(0, len(whole), width))
    assert parse_refusal(broken) == parse_refusal(whole)


@pytest.mark.parametrize("width", [60, 72, 80, 100])
def test_lines_that_terraform_puts_in_a_box(width: int) -> None:
    whole = f"Error: reading S3 Object: operation error S3: GetObject, api error AccessDenied: {GET_OBJECT}"
    whole += f'"arn:aws:s3:::b/k" {NO_IDENTITY.format("s3:GetObject")}'
    boxed = textwrap.indent(textwrap.fill(whole, width, break_long_words=False, break_on_hyphens=False), BOX)
    read = parse_refusal(boxed)
    assert (read.caller, read.action, read.resource) == (USER, "s3:GetObject", "arn:aws:s3:::b/k")


@pytest.mark.parametrize("sign", ["", ","])
def test_words_that_are_broken_in_a_column_of_a_table(sign: str) -> None:
    """The names go on below each other, and blanks fill the column up."""
    cell = textwrap.wrap(
        f"API: iam:CreateRole User: {USER} is not authorized to perform: sts:AssumeRole on resource: {ROLE}", 22
    )
    rows = [
        f"{sign if number % 2 else ''}{'' if number else 'CREATE_FAILED'.ljust(76)}{line.ljust(23)}".rjust(99)
        if number == 0
        else f"{sign if number % 2 else ''}{' ' * 76}{line.ljust(23)}"
        for number, line in enumerate(cell)
    ]
    read = parse_refusal("\n".join(["Waiting for the stack", "-" * 99, *rows, "-" * 99, "Error: it failed"]))
    assert (read.caller, read.action, read.resource) == (USER, "sts:AssumeRole", ROLE)


@pytest.mark.parametrize(
    ("text", "code", "operation"),
    [
        ("An error occurred (403) when calling the HeadObject operation: Forbidden", "403", "HeadObject"),
        ("An error occurred (ExpiredToken) when calling the X operation: The token expired", "ExpiredToken", "X"),
        (
            "An error occurred (InvalidClientTokenId) when calling the GetCallerIdentity operation: The security "
            "token included in the request is invalid.",
            "InvalidClientTokenId",
            "GetCallerIdentity",
        ),
        (
            "AmazonS3Exception: Access Denied (Service: Amazon S3; Status Code: 403; Error Code: AccessDenied)",
            "AccessDenied",
            "",
        ),
        ("<Error><Code>SignatureDoesNotMatch</Code><Message>…</Message></Error>", "SignatureDoesNotMatch", ""),
    ],
)
def test_code_and_operation_where_nobody_is_named(text: str, code: str, operation: str) -> None:
    read = parse_refusal(text)
    assert (read.code, read.operation, read.caller) == (code, operation, None)


def test_the_encoded_message_behind_the_words() -> None:
    text = (
        "An error occurred (UnauthorizedOperation) when calling the RunInstances operation: You are not authorized to "
        f"perform this operation. Encoded authorization failure message: {'Ab3-_' * 20}"
    )
    assert parse_refusal(text).encoded == "Ab3-_" * 20


def test_the_words_after_an_arn_at_the_end_of_a_line_are_not_its_own() -> None:
    told = f"User: {USER} is not authorized\nto perform: iam:ListRoles on resource: arn:aws:iam::111122223333:role/*\n"
    read = parse_refusal(
        f"{told}with an explicit deny in a service control policy: arn:aws:organizations::1:policy/o/p."
    )
    assert (read.resource, read.denies) == ("arn:aws:iam::111122223333:role/*", "service control policy")
    assert read.policy_arn == "arn:aws:organizations::1:policy/o/p"
    read = parse_refusal(f"{told}because no identity-based policy allows the iam:ListRoles action")
    assert (read.resource, read.allows) == ("arn:aws:iam::111122223333:role/*", "identity-based policy")


@pytest.mark.parametrize("code", ["UnauthorizedAccess", "Amazon.SecretsManager.AmazonSecretsManagerException"])
def test_what_is_not_authorized_is_a_refusal_under_any_code(code: str) -> None:
    assert parse_refusal(f"An error occurred ({code}) when calling the X operation: {ASSUME}").is_forbidden


@pytest.mark.parametrize(
    "after",
    [
        "\n    at deserialize (index.js:1:2)",
        "\nat deserialize (index.js:1:2)",
        "\n\nDone",
        "\n[Container] 2026/01/02 Phase complete: BUILD",
        "\n2026-01-02T03:04:05Z next line of the log",
        "\nand the pipeline stopped here",
        '"}\n',
        " because no identity-based policy allows the sts:AssumeRole action",
        "\nbecause no identity-based policy allows the sts:AssumeRole action",
    ],
)
def test_an_arn_ends_where_the_line_does(after: str) -> None:
    read = parse_refusal(f"An error occurred (AccessDenied) when calling the AssumeRole operation: {ASSUME}{after}")
    assert (read.caller, read.resource) == (USER, ROLE)


@pytest.mark.parametrize("place", range(75, 210, 5))
def test_a_line_that_is_broken_once_anywhere(place: int) -> None:
    whole = f"An error occurred (AccessDenied) when calling the AssumeRole operation: {ASSUME}"
    read = parse_refusal(f"{whole[:place]}\n{whole[place:]}")
    assert (read.caller, read.action, read.resource) == (USER, "sts:AssumeRole", ROLE)


@pytest.mark.parametrize(
    "record",
    [
        {"level": "ERROR", "message": "failed launching", "error": f"operation error X, api error Y: {ASSUME}"},
        {"msg": "failed", "err": {"name": "AccessDenied", "message": ASSUME, "$metadata": {"attempts": 1}}},
        {"Records": [{"errorCode": "AccessDenied", "errorMessage": ASSUME}]},
        [{"log": f"x\n{ASSUME}"}],
    ],
)
@pytest.mark.parametrize("before", ["", "2026-01-02 ERROR "])
def test_the_refusal_in_a_record_wherever_it_stands(record: object, before: str) -> None:
    read = parse_refusal(before + json.dumps(record))
    assert (read.caller, read.resource) == (USER, ROLE)
    assert read.is_forbidden


def test_an_account_number_that_the_service_masks_is_the_callers() -> None:
    text = f"User: {SESSION} is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:x:"
    assert parse_refusal(f"{text}********3333:api/prod").resource == "arn:aws:execute-api:x:111122223333:api/prod"
    assert parse_refusal(f"{text}********7777:api/prod").resource == "arn:aws:execute-api:x:********7777:api/prod"


def test_the_action_that_no_policy_allows_is_the_missing_one():
    read = parse_refusal(
        "An error occurred (UnauthorizedOperation) when calling the CreateVpcEndpoint operation: You are not "
        "authorized to perform this operation. User: arn:aws:iam::111122223333:user/ana is not authorized to perform: "
        "ec2:CreateVpcEndpoint on resource: arn:aws:ec2:eu-west-2:111122223333:vpc-endpoint/* because no "
        "identity-based policy allows the vpce:AllowMultiRegion action"
    )
    assert (read.action, read.allows) == ("vpce:AllowMultiRegion", "identity-based policy")
