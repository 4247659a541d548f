"""The tutorial's steps: what is missing, what it takes, and what is left as it is."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from helpers import clean_up, iam, policies, profiles, sts
from helpers.account import Account, sandbox_account
from helpers.diagnosis.live_decision import decide_live
from helpers.evaluation.decisions import Verdict
from helpers.inventory.ownership import NameTakenError
from helpers.lessons import steps
from support.sandbox_clients import CHECKOUT, running_sandbox

EC2 = policies.trust_service("ec2.amazonaws.com")
GLUE = policies.trust_service("glue.amazonaws.com")
NUMBERS = range(1, 7)
NOTEBOOKS = CHECKOUT / "notebooks"


def done(account: Account) -> list[int]:
    return [number for number in NUMBERS if steps.check(account, number).done]


def everything(account: Account) -> dict[str, Any]:
    """All that a step could touch: users and roles, keys, and files."""
    client = account.client("iam")
    details = client.get_account_authorization_details(Filter=["User", "Role"])
    keys = [client.list_access_keys(UserName=user["UserName"]) for user in details["UserDetailList"]]
    return {
        "users": details["UserDetailList"],
        "roles": details["RoleDetailList"],
        "keys": [key["AccessKeyMetadata"] for key in keys],
        "files": {path: path.read_bytes() for path in account.folder.rglob("*") if path.is_file()},
    }


# --- missing, and built


def test_on_a_new_account_each_step_is_missing(account: Account) -> None:
    before = everything(account)
    assert done(account) == []
    card = steps.begin(account, 0)
    assert card.built == ()
    assert everything(account) == before


@pytest.mark.exhaustive(but_first=2)
@pytest.mark.parametrize("number", [1, 3, 5])
def test_beginning_builds_exactly_the_earlier_steps(account: Account, number: int) -> None:
    card = steps.begin(account, number)
    assert [step.number for step in card.built] == list(range(1, number))
    assert [check.step.number for check in card.checks if check.done] == list(range(1, number))
    assert done(account) == list(range(1, number))
    before = everything(account)
    assert steps.begin(account, number).built == ()
    assert everything(account) == before


def test_a_name_that_was_chosen_is_told_where_the_texts_have_another(account: Account) -> None:
    steps.begin(account, 2)
    iam.create_user(account.client("iam"), name="chosen-user")
    told = dict(steps.begin(account, 2).rows())["Named"]
    assert told.startswith("user chosen-user, where the texts say tutorial-user")
    assert "tutorial-role" not in told


@pytest.mark.exhaustive
def test_the_last_notebook_has_everything_before_it(account: Account) -> None:
    assert [step.number for step in steps.begin(account, 7).built] == list(NUMBERS)
    assert done(account) == list(NUMBERS)
    role = steps.the_role(account)
    assert set(role.attached_policies) == {iam.AMAZON_S3_FULL_ACCESS, iam.AMAZON_EC2_READ_ONLY_ACCESS}
    assert role.inline_policies == {"read-glue-jobs": policies.policy(policies.allow("glue:GetJobs"))}
    key = steps.the_access_key(account)
    user_profile = profiles.read_profile(account, "tutorial-user")
    assert user_profile["aws_access_key_id"] == key.access_key_id
    role_profile = profiles.read_profile(account, "tutorial-role")
    assert (role_profile["role_arn"], role_profile["source_profile"]) == (role.arn, "tutorial-user")
    before = everything(account)
    assert steps.begin(account, 7).built == ()
    assert everything(account) == before


@pytest.mark.exhaustive
def test_what_is_there_is_completed_and_stays(account: Account) -> None:
    client = account.client("iam")
    iam.create_role(client, name="my-role", trust_policy=policies.policy(GLUE))
    iam.create_user(client, name="my-user")
    other = policies.policy(policies.allow("s3:ListAllMyBuckets"))
    iam.put_user_policy(client, user_name="my-user", policy_name="other", document=other)
    key = steps.download_access_key(account, user_name="my-user")

    assert [step.number for step in steps.begin(account, 5).built] == [1, 3, 4]

    role, user = steps.the_role(account), steps.the_user(account)
    assert [thing.name for thing in clean_up.plan(account).things] == ["user my-user", "role my-role"]
    assert policies.statements(role.trust_policy) == [GLUE, EC2, policies.trust_principal(user.arn)]
    assert user.inline_policies["other"] == other
    assert steps.the_access_key(account) == key
    assert iam.list_access_key_ids(client, user_name="my-user") == [key.access_key_id]


def test_a_name_that_an_earlier_step_needs_may_be_taken(account: Account) -> None:
    client = account.client("iam")
    client.create_user(UserName=steps.USER_NAME)
    try:
        with pytest.raises(NameTakenError, match="Choose another name"):
            steps.begin(account, 3)
    finally:
        client.delete_user(UserName=steps.USER_NAME)


# --- each check names what is missing


def test_the_roles_check_names_each_missing_part(account: Account) -> None:
    client = account.client("iam")
    assert steps.check(account, 1).missing == ("the role",)
    iam.create_role(client, name=steps.ROLE_NAME, trust_policy=policies.policy(GLUE))
    assert steps.check(account, 1).missing == (
        "the managed policy AmazonS3FullAccess on the role",
        "the trust statement for the EC2 service",
    )


def test_the_users_check_names_each_missing_part(account: Account) -> None:
    client = account.client("iam")
    assert steps.check(account, 2).missing == ("the user",)
    iam.create_user(client, name=steps.USER_NAME)
    assert steps.check(account, 2).missing == ("the .csv file with the user's access key",)
    key = steps.download_access_key(account, user_name=steps.USER_NAME)
    assert steps.check(account, 2).done
    iam.delete_access_key(client, user_name=steps.USER_NAME, access_key_id=key.access_key_id)
    assert steps.check(account, 2).missing == (
        "an access key of the user: the one in the .csv file does not exist any more",
    )


@pytest.mark.parametrize("number", [3, 4, 5])
def test_the_later_checks_want_the_user_and_the_role(account: Account, number: int) -> None:
    assert steps.check(account, number).missing == ("the user and the role",)


def test_the_checks_of_the_handshake_name_the_side_that_is_missing(account: Account) -> None:
    steps.begin(account, 3)
    assert steps.check(account, 3).missing == (
        "an inline policy on the user that allows sts:AssumeRole on the role's ARN",
    )
    assert steps.check(account, 4).missing == ("a statement in the role's trust policy that names the user's ARN",)


def test_a_check_says_what_is_wrong_with_what_is_there(account: Account) -> None:
    steps.begin(account, 6)
    client, user, role = account.client("iam"), steps.the_user(account), steps.the_role(account)
    company = role.arn.replace("tutorial-role", "company-role")
    iam.put_user_policy(
        client,
        user_name=user.name,
        policy_name=steps.ASSUME_POLICY_NAME,
        document=policies.allow_assume_role(company),
    )
    assert f"its Resource is {company}, not {role.arn}" in repr(steps.check(account, 3))
    stranger = iam.create_user(client, name=account.named("stranger"), made_for="test")
    iam.trust_principal(client, role_name=role.name, arn=stranger.arn)
    assert f"its Principal is {stranger.arn}, not {user.arn}" in repr(steps.check(account, 4))
    key = steps.the_access_key(account)
    client.update_access_key(UserName=user.name, AccessKeyId=key.access_key_id, Status="Inactive")
    assert "the one in the .csv file is inactive" in repr(steps.check(account, 2))
    profiles.add_role_profile(account, profile="tutorial-role", role_arn=company, source_profile="tutorial-user")
    assert f"has role_arn = {company}, not {role.arn}" in repr(steps.check(account, 5))
    client.detach_role_policy(RoleName=role.name, PolicyArn=iam.AMAZON_S3_FULL_ACCESS)
    iam.attach_role_policy(client, role_name=role.name, policy_arn=iam.AMAZON_EC2_READ_ONLY_ACCESS)
    assert "attached are: AmazonEC2ReadOnlyAccess" in repr(steps.check(account, 1))
    client.update_access_key(UserName=user.name, AccessKeyId=key.access_key_id, Status="Active")


@pytest.mark.exhaustive
def test_the_last_checks_name_the_profiles_and_the_permissions(account: Account) -> None:
    steps.begin(account, 3)
    assert steps.check(account, 5).missing == (
        "the profile tutorial-user, with the user's access key",
        "the profile tutorial-role, with the role's ARN and tutorial-user as its source",
    )
    assert steps.check(account, 6).missing == (
        "the managed policy AmazonEC2ReadOnlyAccess on the role",
        "the inline policy read-glue-jobs on the role",
    )


def test_a_check_says_done_or_not_yet_in_words(account: Account) -> None:
    assert repr(steps.check(account, 1)) == "Not yet: Create the role\n  Missing: the role"
    steps.begin(account, 2)
    assert repr(steps.check(account, 1)) == "Done: Create the role"


@pytest.mark.parametrize(
    ("read", "notebook"), [(steps.the_role, "01"), (steps.the_user, "02"), (steps.the_access_key, "02")]
)
def test_what_is_not_there_names_the_notebook_that_makes_it(account: Account, read: Any, notebook: str) -> None:
    with pytest.raises(LookupError, match=f"Run notebook {notebook} first"):
        read(account)


@pytest.mark.exhaustive
def test_an_access_key_without_its_file_names_the_notebook(account: Account) -> None:
    steps.begin(account, 3)
    profiles.delete_files(account)
    with pytest.raises(LookupError, match="Run notebook 02 first"):
        steps.the_access_key(account)


# --- the access key's file


def test_a_downloaded_key_works_and_is_kept(account: Account) -> None:
    iam.create_user(account.client("iam"), name=steps.USER_NAME)
    key = steps.download_access_key(account, user_name=steps.USER_NAME)
    assert steps.wait_until_key_works(account).arn.endswith(f":user/{steps.USER_NAME}")
    assert steps.download_access_key(account, user_name=steps.USER_NAME) == key


@pytest.mark.exhaustive
def test_a_lost_key_is_replaced_and_the_old_one_stays(account: Account) -> None:
    steps.begin(account, 3)
    lost = steps.the_access_key(account)
    profiles.delete_files(account)
    steps.begin(account, 3)
    new = steps.the_access_key(account)
    ids = iam.list_access_key_ids(account.client("iam"), user_name=steps.USER_NAME)
    assert ids == [lost.access_key_id, new.access_key_id]


def loses_answers(client: Any, times: int) -> None:
    """Loses the first answers to CreateAccessKey on their way: the server acted, and the client asks again."""
    left = [times]

    def ask_again(**_: Any) -> int | None:
        left[0] -= 1
        return 0 if left[0] >= 0 else None

    client.meta.events.register_first("needs-retry.iam.CreateAccessKey", ask_again)


def test_a_key_whose_answer_was_lost_is_deleted(account: Account) -> None:
    client = account.client("iam")
    iam.create_user(client, name=steps.USER_NAME)
    loses_answers(client, 1)
    key = steps.download_access_key(account, user_name=steps.USER_NAME)
    assert iam.list_access_key_ids(client, user_name=steps.USER_NAME) == [key.access_key_id]
    assert steps.wait_until_key_works(account).arn.endswith(f":user/{steps.USER_NAME}")


@pytest.mark.exhaustive
def test_a_key_that_was_there_before_outlives_one_whose_answer_was_lost(account: Account) -> None:
    client = account.client("iam")
    iam.create_user(client, name=steps.USER_NAME)
    own = iam.create_access_key(client, user_name=steps.USER_NAME)
    loses_answers(client, 1)
    with pytest.raises(ClientError, match="LimitExceeded"):
        steps.download_access_key(account, user_name=steps.USER_NAME)
    assert iam.list_access_key_ids(client, user_name=steps.USER_NAME) == [own.access_key_id]
    key = steps.download_access_key(account, user_name=steps.USER_NAME)
    ids = iam.list_access_key_ids(client, user_name=steps.USER_NAME)
    assert ids == [own.access_key_id, key.access_key_id]


def test_a_key_whose_answer_was_not_waited_for_is_deleted(account: Account) -> None:
    client = account.client("iam")
    iam.create_user(client, name=steps.USER_NAME)

    def interrupt(**_: Any) -> None:
        raise KeyboardInterrupt

    client.meta.events.register("after-call.iam.CreateAccessKey", interrupt)
    with pytest.raises(KeyboardInterrupt):
        steps.download_access_key(account, user_name=steps.USER_NAME)
    assert iam.list_access_key_ids(client, user_name=steps.USER_NAME) == []


@pytest.mark.exhaustive
def test_two_keys_without_their_secrets_are_left_alone(account: Account) -> None:
    client = account.client("iam")
    iam.create_user(client, name=steps.USER_NAME)
    ids = [iam.create_access_key(client, user_name=steps.USER_NAME).access_key_id for _ in range(2)]
    with pytest.raises(ValueError, match="has two access keys"):
        steps.download_access_key(account, user_name=steps.USER_NAME)
    assert iam.list_access_key_ids(client, user_name=steps.USER_NAME) == ids


# --- waiting


@pytest.mark.exhaustive
def test_all_steps_take_hardly_longer_than_a_change_needs_to_have_effect(account: Account, tmp_path: Path) -> None:
    delay = 3
    began = time.monotonic()
    steps.begin(account, 7)
    at_once = time.monotonic() - began
    with running_sandbox("--propagation-delay", str(delay)) as connection:
        late = sandbox_account(connection, tmp_path / "late")
        late.folder.mkdir()
        sts.who_am_i(late.client("sts"))
        began = time.monotonic()
        steps.begin(late, 7)
        took = time.monotonic() - began
        key = steps.the_access_key(late)
        role_arn = steps.the_role(late).arn
        assert sts.assume_role(late.client("sts", key), role_arn=role_arn, session_name="test")
    assert took <= at_once + delay + 3


@pytest.mark.exhaustive
def test_a_notebook_waits_for_the_key_that_it_builds_on(tmp_path: Path) -> None:
    with running_sandbox("--propagation-delay", "1") as connection:
        late = sandbox_account(connection, tmp_path)
        steps.begin(late, 3)
        key = steps.the_access_key(late)
        assert sts.who_am_i(late.client("sts", key)).arn == steps.the_user(late).arn


@pytest.mark.exhaustive
def test_a_role_that_does_not_trust_the_user_is_not_waited_for(account: Account) -> None:
    steps.begin(account, 4)
    began = time.monotonic()
    with pytest.raises(ClientError, match="AccessDenied"):
        steps.wait_until_assumable(account)
    assert time.monotonic() - began < 5


@pytest.mark.exhaustive
def test_a_key_that_was_deleted_is_not_waited_for(account: Account) -> None:
    steps.begin(account, 3)
    key = steps.the_access_key(account)
    iam.delete_access_key(account.client("iam"), user_name=key.user_name, access_key_id=key.access_key_id)
    began = time.monotonic()
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        steps.wait_until_key_works(account)
    assert time.monotonic() - began < 5


@pytest.mark.exhaustive
def test_a_damaged_key_file_is_said_and_made_anew_once_it_is_deleted(account: Account) -> None:
    steps.begin(account, 3)
    path = account.folder / f"{steps.USER_NAME}_accessKeys.csv"
    path.write_text("damaged")
    with pytest.raises(ValueError, match="Delete the file"):
        steps.begin(account, 2)
    path.unlink()
    steps.download_access_key(account, user_name=steps.USER_NAME)
    assert steps.check(account, 2).done


# --- the card


def test_the_card_says_where_you_are_and_what_is_done(account: Account) -> None:
    assert repr(steps.begin(account, 2)) == (
        "Sandbox: a pretend AWS on this machine, account 111122223333\n"
        "  Region: us-east-1\n"
        "  You are: arn:aws:iam::111122223333:user/administrator\n"
        "  Steps:\n"
        "    done   01 Create the role\n"
        "    to do  02 Create the user and its access key\n"
        "    to do  03 Allow the user to assume the role\n"
        "    to do  04 Trust the user in the role\n"
        "    to do  05 Configure the CLI\n"
        "    to do  06 Test the role, and give it more permissions\n"
        "  Next: 02 Create the user and its access key, in 02_create_user.ipynb\n"
        "  Makes:\n"
        "    user arn:aws:iam::111122223333:user/tutorial-user\n"
        "    an access key of the user, and its .csv file on this machine\n"
        "  Done for you: 01 Create the role. This was missing, and the notebook builds on it."
    )
    assert "Done for you" not in repr(steps.begin(account, 2))


@pytest.mark.exhaustive(but_first=2)
@pytest.mark.parametrize("number", range(1, 8))
def test_the_card_leads_to_the_notebook_of_the_next_step(account: Account, number: int) -> None:
    card = steps.begin(account, number)
    title, notebook = card.next
    assert title.startswith(f"{number:02} ")
    assert (NOTEBOOKS / notebook).exists()
    assert notebook.startswith(f"{number:02}_")
    assert f"  Next: {title}, in {notebook}" in repr(card).split("\n")
    assert f'{title}, in <a href="{notebook}">{notebook}</a>' in card._repr_html_()


def test_the_card_of_the_tenth_notebook_leads_to_the_workshop(account: Account) -> None:
    assert steps.begin(account, 10).next == ("11 Fix broken access", "11_fix_broken_access.ipynb")


def test_the_workshops_card_has_no_steps_and_nothing_is_built_for_it(account: Account) -> None:
    assert "Steps" not in repr(steps.begin(account, 11))
    assert steps.begin(account, 0).checks[0].missing


def test_the_card_tells_the_news_and_no_address(account: Account) -> None:
    card = steps.begin(replace(account, news="The sandbox was started anew."), 0)
    for shown in (repr(card), card._repr_html_()):
        assert "The sandbox was started anew." in shown
        assert "127.0.0.1" not in shown
        assert str(account.folder) not in shown


# --- the handshake


@pytest.mark.exhaustive(but_first=1)
@pytest.mark.parametrize("inline", [True, False])
@pytest.mark.parametrize("trusted", ["user", "root", None])
def test_the_handshake_is_decided_as_aws_answers(account: Account, trusted: str | None, inline: bool) -> None:
    steps.begin(account, 4 if inline else 3)
    user, role = steps.the_user(account), steps.the_role(account)
    if trusted:
        arn = user.arn if trusted == "user" else f"arn:aws:iam::{account.account_id}:root"
        iam.trust_principal(account.client("iam"), role_name=role.name, arn=arn)
        role = steps.the_role(account)

    decision = decide_live(account, principal=user.arn, resource=role.arn)

    assert (decision.identity_side is Verdict.ALLOWED) is inline
    assert (decision.resource_side is Verdict.ALLOWED) is (trusted is not None)
    allowed = trusted == "user" or (trusted == "root" and inline)
    assert (decision.verdict is Verdict.ALLOWED) is allowed
    client = account.client("sts", steps.the_access_key(account))
    if allowed:
        sts.assume_role(client, role_arn=role.arn, session_name="app")
    else:
        with pytest.raises(ClientError, match="AccessDenied"):
            sts.assume_role(client, role_arn=role.arn, session_name="app")


def test_the_handshake_of_two_accounts_needs_both_halves(account: Account) -> None:
    client, other = account.client("iam"), account.others[0].client("iam")
    user = iam.create_user(client, name="ana", made_for="test")
    trust = policies.policy(policies.trust_principal(user.arn))
    role = iam.create_role(other, name="elsewhere", trust_policy=trust, made_for="test")
    assert decide_live(account, principal=user.arn, resource=role.arn).verdict is Verdict.IMPLICIT_DENY
    document = policies.allow_assume_role(role.arn)
    iam.put_user_policy(client, user_name=user.name, policy_name="ask", document=document)
    assert decide_live(account, principal=user.arn, resource=role.arn).verdict is Verdict.ALLOWED
    iam.delete_user(client, name=user.name)
    iam.delete_role(other, name=role.name)


@pytest.mark.exhaustive
def test_a_groups_policy_lets_the_user_ask_too(account: Account) -> None:
    steps.begin(account, 3)
    client, user, role = account.client("iam"), steps.the_user(account), steps.the_role(account)
    assert not steps.check(account, 3).done
    client.create_group(GroupName="askers")
    client.add_user_to_group(GroupName="askers", UserName=user.name)
    text = policies.to_json(policies.allow_assume_role(role.arn))
    client.put_group_policy(GroupName="askers", PolicyName="ask", PolicyDocument=text)
    assert steps.check(account, 3).done
    client.delete_group_policy(GroupName="askers", PolicyName="ask")
    client.remove_user_from_group(GroupName="askers", UserName=user.name)
    client.delete_group(GroupName="askers")
