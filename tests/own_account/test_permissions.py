"""What the tutorial needs to be allowed: the list is right, and what is missing is found beforehand."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config

from helpers.arns import parse_arn
from helpers.lessons import steps, truth_table
from helpers.own_account.permissions import ROLES, USERS, MissingPermissions, Need, missing_permissions, needs
from helpers.sandbox.outside.connection import Connection
from support.sandbox_clients import (
    CHECKOUT,
    HERE,
    NewUser,
    Statement,
    administrator,
    allow,
    assume,
    clean_environment,
    client,
    deny,
    document,
    iam,
    new_role,
    new_user,
    trust,
    unique,
)

ACCOUNT = parse_arn(f"arn:aws:iam::{HERE}:root")
NOTEBOOKS = [path for path in sorted((CHECKOUT / "notebooks").glob("*.ipynb")) if not path.name.startswith("11_")]
NOTEBOOKS.sort(
    key=lambda path: path.name.startswith("07_")
)  # what notebook 10 needs, it does not make in one's own account
# What may be asked for besides, to know beforehand and for notebook 10's question to the simulator.
ASKING = allow("iam:SimulatePrincipalPolicy")


def ana(name: str) -> str:
    """A thing's name in an account that several people share."""
    return f"ana-{name}"


NEEDS = needs(ACCOUNT, ana)
ACTIONS = [action for need in NEEDS for action in need.actions]


def statements(wanted: Sequence[Need], without: str = "") -> list[Statement]:
    """The policy that allows the needs and no more."""
    kept = [(need, [action for action in need.actions if action != without]) for need in wanted]
    return [allow(actions, list(need.resources)) for need, actions in kept if actions]


def asked(connection: Connection, user: NewUser) -> Any:
    return missing_permissions(client(connection, "iam", user.key), caller_arn=user.arn, name=ana)


@pytest.fixture(scope="module")
def someone(sandbox: Connection) -> NewUser:
    """A user in a group of the same name, whose one policy each test writes for itself."""
    user = new_user(sandbox, name=unique("ana"))
    iam(sandbox).create_group(GroupName=user.name)
    iam(sandbox).add_user_to_group(GroupName=user.name, UserName=user.name)
    return user


def permit(connection: Connection, user: NewUser, *allowed: Statement) -> None:
    policy = document(*allowed, ASKING)  # longer than a user's inline policies may be
    iam(connection).put_group_policy(GroupName=user.name, PolicyName="inline", PolicyDocument=policy)


@pytest.mark.exhaustive
def test_the_list_is_what_the_notebooks_call(tmp_path: Path) -> None:
    process = subprocess.run(
        [sys.executable, "-m", "support.walk_notebooks", tmp_path, *NOTEBOOKS],
        input=document(*statements(NEEDS), ASKING),
        env=clean_environment(AWS_EC2_METADATA_DISABLED="true", PYTHONPATH=os.pathsep.join(sys.path)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr[-3000:]
    called = [tuple(pair) for pair in json.loads(process.stdout.splitlines()[-1])]
    for need in NEEDS:
        for action in need.actions:
            assert any(
                done == action and any(fnmatchcase(arn, planned) for planned in need.resources) for done, arn in called
            ), f"{action} is in the list, and no notebook needs it"


def test_the_planned_names_are_those_of_the_steps() -> None:
    assert ROLES == (steps.ROLE_NAME, truth_table.ROLE)
    assert {steps.USER_NAME, truth_table.USER, truth_table.STRANGER} < set(USERS)


def test_nothing_is_missing_to_who_has_exactly_what_is_needed(sandbox: Connection, someone: NewUser) -> None:
    permit(sandbox, someone, *statements(NEEDS))
    found = asked(sandbox, someone)
    assert (found.missing, found.undecided, found.not_asked) == ({}, {}, "")
    found.check()


@pytest.mark.exhaustive(but_first=3)
@pytest.mark.parametrize("action", ACTIONS)
def test_each_action_that_is_missing_is_found(sandbox: Connection, someone: NewUser, action: str) -> None:
    permit(sandbox, someone, *statements(NEEDS, without=action))
    found = asked(sandbox, someone)
    assert list(found.missing) == [action]
    with pytest.raises(MissingPermissions, match=rf"Missing: {action}\. Ask whoever"):
        found.check()


def test_another_prefix_than_ones_own_is_found(sandbox: Connection, someone: NewUser) -> None:
    permit(sandbox, someone, *statements(needs(ACCOUNT, lambda name: f"ben-{name}")))
    missing = asked(sandbox, someone).missing
    assert missing["iam:CreateRole"] == (
        f"arn:aws:iam::{HERE}:role/ana-tutorial-role",
        f"arn:aws:iam::{HERE}:role/ana-truth-table-role",
    )
    assert "iam:ListRoles" not in missing


def test_a_denial_is_found(sandbox: Connection, someone: NewUser) -> None:
    permit(sandbox, someone, allow("*"), deny("iam:CreateAccessKey", f"arn:aws:iam::{HERE}:user/ana-truth-table-user"))
    assert asked(sandbox, someone).missing == {
        "iam:CreateAccessKey": (f"arn:aws:iam::{HERE}:user/ana-truth-table-user",)
    }


def test_what_depends_on_conditions_is_not_said_to_be_missing(sandbox: Connection, someone: NewUser) -> None:
    with_mfa: Mapping[str, Any] = {"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}
    but_tagging = [action for action in ACTIONS if action != "iam:TagRole"]
    permit(sandbox, someone, allow(but_tagging), allow("iam:TagRole", **with_mfa))
    found = asked(sandbox, someone)
    assert (list(found.missing), list(found.undecided)) == ([], ["iam:TagRole"])
    assert "Depends on conditions: iam:TagRole" in repr(found)
    found.check()


def test_a_session_is_asked_about_by_its_roles_whole_arn(sandbox: Connection) -> None:
    user = new_user(sandbox, allow("sts:AssumeRole"))
    role = new_role(sandbox, trust({"AWS": user.arn}), Path="/team/berlin/")
    name = role.rpartition("/")[2]
    own = allow("iam:GetRole", role)
    policy = document(*statements(NEEDS, without="iam:PutRolePolicy"), own, ASKING)
    iam(sandbox).put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=policy)
    session = client(sandbox, "iam", assume(sandbox, user.key, role))
    caller = f"arn:aws:sts::{HERE}:assumed-role/{name}/test"
    sources = set()
    session.meta.events.register(
        "provide-client-params.iam.SimulatePrincipalPolicy", lambda params, **_: sources.add(params["PolicySourceArn"])
    )
    found = missing_permissions(session, caller_arn=caller, name=ana)
    assert list(found.missing) == ["iam:PutRolePolicy"]
    assert sources == {role}, "the sandbox goes by the name alone, AWS by the path too"


def test_who_may_not_ask_is_not_told_that_nothing_is_missing(sandbox: Connection) -> None:
    user = new_user(sandbox, allow("s3:*"))
    found = asked(sandbox, user)
    assert (found.missing, found.undecided) == ({}, {})
    assert "not authorized to perform: iam:SimulatePrincipalPolicy" in found.not_asked
    assert found.title() == "Whether you may do all that the tutorial does could not be asked"
    found.check()


@pytest.mark.exhaustive
def test_a_server_that_cannot_simulate_is_told_apart(sandbox: Connection) -> None:
    """Plain moto answers with an error page of its own, in HTML."""
    moto = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-p", "0", "-H", "127.0.0.1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert moto.stdout is not None
        address = next(line.split()[-1] for line in moto.stdout if "Running on http" in line)
        plain = boto3.client(
            "iam",
            endpoint_url=address,
            region_name="us-east-1",
            aws_access_key_id="any",
            aws_secret_access_key="any",
            config=Config(retries={"mode": "standard", "total_max_attempts": 2}),
        )
        user = plain.create_user(UserName="ana")["User"]
        found = missing_permissions(plain, caller_arn=user["Arn"], name=ana)
        assert found.not_asked == "the server that answers for AWS does not simulate policies"
        assert found.missing == {}
    finally:
        moto.kill()
        moto.communicate()


def test_actions_that_aws_does_not_simulate_together_are_asked_apart(sandbox: Connection) -> None:
    """AWS: "[…] and […] require different authorization information"; the sandbox takes all together."""
    signer = administrator(sandbox)
    apart = boto3.client(
        "iam",
        endpoint_url=sandbox.endpoint_url,
        region_name="us-east-1",
        aws_access_key_id=signer.access_key_id,
        aws_secret_access_key=signer.secret_access_key,
    )
    refusal = {"Error": {"Code": "InvalidInput", "Message": "[…] require different authorization information."}}

    def refuse_creation_among_others(params: Mapping[str, Any], **_: Any) -> Any:
        names = [value for key, value in params["body"].items() if key.startswith("ActionNames.")]
        if "iam:CreateRole" in names and len(names) > 1:
            return AWSResponse("", 400, {}, None), refusal | {"ResponseMetadata": {"HTTPStatusCode": 400}}
        return None

    apart.meta.events.register("before-call.iam.SimulatePrincipalPolicy", refuse_creation_among_others)
    user = new_user(sandbox, *statements(NEEDS, without="iam:CreateRole"))
    found = missing_permissions(apart, caller_arn=user.arn, name=ana)
    assert list(found.missing) == ["iam:CreateRole"]
