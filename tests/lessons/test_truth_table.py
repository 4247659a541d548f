"""Who may assume a role: the table that notebook 10 shows, tried in the real sandbox."""

from dataclasses import replace

import pytest

from helpers import clean_up, iam
from helpers.account import Account, open_account
from helpers.inventory.ownership import NameTakenError
from helpers.lessons import truth_table

YES, NO = True, False
# as AWS documents it: whom the trust policy names, inline policy: same account, another account
TABLE = {
    ("the user", YES): (YES, YES),
    ("the user", NO): (YES, NO),
    ("the account", YES): (YES, YES),
    ("the account", NO): (NO, NO),
    ("another user", YES): (NO, NO),
    ("another user", NO): (NO, NO),
    ("a service", YES): (NO, NO),
    ("a service", NO): (NO, NO),
}
REFUSING = ("No policy of", "Neither side", "The role's trust policy does not")


@pytest.fixture(scope="module")
def account() -> Account:
    return open_account("private")


@pytest.mark.exhaustive
def test_every_combination_is_answered_as_aws_does_and_explained(account: Account) -> None:
    table = truth_table.run(account)
    found = {(cell.trusted, cell.inline, cell.same_account): cell for cell in table.cells}
    assert len(found) == 16
    for (trusted, inline), answers in TABLE.items():
        for same_account, allowed in zip((True, False), answers, strict=True):
            cell = found[trusted, inline, same_account]
            assert cell.allowed is allowed, cell
            assert cell.why.startswith(REFUSING) is not allowed, cell


@pytest.mark.exhaustive
def test_nothing_is_left_and_it_runs_again(account: Account) -> None:
    first, again = truth_table.run(account), truth_table.run(account)
    assert repr(first) == repr(again)
    assert not named(account)
    assert not named(account.others[0])


@pytest.mark.exhaustive
def test_what_a_run_left_behind_that_was_cut_off_is_cleared(account: Account) -> None:
    iam.create_user(account.client("iam"), name=truth_table.USER, made_for=truth_table.MADE_FOR)
    account.client("iam").create_access_key(UserName=truth_table.USER)
    truth_table.run(account)
    assert not named(account)


def test_a_user_of_the_same_name_that_is_not_the_tutorials_stays(account: Account) -> None:
    client = account.client("iam")
    client.create_user(UserName=truth_table.STRANGER)
    try:
        with pytest.raises(NameTakenError, match="left alone"):
            truth_table.run(account)
        assert named(account) == [truth_table.STRANGER]
    finally:
        client.delete_user(UserName=truth_table.STRANGER)


def test_the_steps_do_not_take_its_user_for_theirs_and_the_clean_up_finds_it(account: Account) -> None:
    client = account.client("iam")
    before = iam.find_user(client)
    iam.create_user(client, name=truth_table.USER, made_for=truth_table.MADE_FOR)
    assert iam.find_user(client) == before
    assert "user truth-table-user" in [thing.name for thing in clean_up.plan(account).things]
    assert iam.delete_user(client, name=truth_table.USER).names == ("user truth-table-user",)


def test_one_account_alone_has_half_a_table(account: Account) -> None:
    table = truth_table.run(replace(account, others=()))
    assert {cell.where for cell in table.cells} == {"same account"}
    assert table._repr_html_().count('<th scope="col"') == 3


def named(account: Account) -> list[str]:
    """The users and roles of the table that are there."""
    client = account.client("iam")
    names = [user["UserName"] for user in client.list_users()["Users"]]
    names += [role["RoleName"] for role in client.list_roles()["Roles"]]
    return [name for name in names if name.startswith("truth-table")]
