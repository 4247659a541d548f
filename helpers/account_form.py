"""The start notebook's form: the sandbox, or your own AWS account, which is shown before its number is asked for."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import botocore.session
from botocore.exceptions import ConfigParseError

from helpers.choice import (
    AWS,
    FOLDER,
    IN_OWN_ACCOUNT,
    SANDBOX,
    VARIABLES,
    Choice,
    given_in_environment,
    read_choice,
    save_choice,
    written_accounts,
)
from helpers.display import FOR_REAL, Rows, Shown
from helpers.form_parts import Field, FormError, Values
from helpers.forms import ActionForm, action_form
from helpers.own_account.opening import OwnAccount, account_number_problem, learner_problem, open_own_account
from helpers.own_account.permissions import Permissions, missing_permissions

WHERE = {"sandbox": SANDBOX, "my AWS account": AWS}
_GO_ON = "Saved for all notebooks of this checkout. Open the next notebook, or run this one again from the top."


@dataclass(frozen=True, repr=False)
class SandboxChosen(Shown):
    """The sandbox was chosen.

    Attributes:
        written: the numbers of the own accounts in which the tutorial made something.
    """

    written: tuple[str, ...]

    def title(self) -> str:
        """What was chosen."""
        return "The notebooks act in the sandbox"

    def rows(self) -> Rows:
        """How to go on, and where something may be left."""
        made = f"The tutorial made something there. {IN_OWN_ACCOUNT}"
        return [*((f"Account {number}", made) for number in self.written), ("Next", _GO_ON)]


@dataclass(frozen=True, repr=False)
class OwnAccountShown(Shown):
    """Your own account, and what is left to do before notebooks act in it.

    Attributes:
        own: the account.
        permissions: what IAM's simulator said.
        confirmed: whether its number was typed; the choice is saved then.
    """

    own: OwnAccount
    permissions: Permissions
    confirmed: bool

    @property
    def accent(self) -> str:
        """Green when it is chosen, amber before."""
        return self.own.accent if self.confirmed else FOR_REAL

    def title(self) -> str:
        """Which account, and whether it is chosen."""
        return self.own.title() if self.confirmed else f"Not chosen yet: {self.own.title()}"

    def rows(self) -> Rows:
        """The account's facts, what you may do in it, and how to go on."""
        confirm = "If this is the account you mean, type its number into the field “Account number”, and open it again."
        return [
            *self.own.rows(),
            ("Permissions", self.permissions.title()),
            *self.permissions.rows(),
            ("Next", _GO_ON) if self.confirmed else ("To confirm", confirm),
        ]


def account_form(folder: Path = FOLDER) -> ActionForm:
    """Make the form that chooses the account of all notebooks, filled with what is chosen now; it changes nothing yet.

    Args:
        folder: where the choice is saved.

    Returns:
        The form; show it as a cell's last line.

    Raises:
        ChoiceError: what was saved is damaged.
    """
    now = read_choice(folder)
    fields = {
        "target": Field(
            "Where",
            value=next(label for label, target in WHERE.items() if (target == AWS) == (now.target == AWS)),
            choices=list(WHERE),
        ),
        "profile": Field("Profile", value=now.profile, options=_profiles, example="empty: as the AWS CLI finds it"),
        "region": Field("Region", value=now.region, example="empty: the profile's"),
        "learner": Field(
            "Your prefix",
            value=now.learner,
            example="empty: made from your user name",
            problem_of=_unless_empty(learner_problem),
        ),
        "account_id": Field(
            "Account number",
            value=now.account_id,
            example="empty: it is shown first",
            problem_of=_unless_empty(account_number_problem),
        ),
    }
    return action_form(fields, button="Open", work=lambda values: _open(values, folder), run_at_once=False)


def _open(values: Values, folder: Path) -> Shown:
    choice = Choice(**{**values, "target": WHERE[values["target"]]})
    if choice.target == SANDBOX:
        choice = Choice()
    _refuse_what_the_environment_decides(choice)
    if choice.target == SANDBOX:
        save_choice(choice, folder)
        return SandboxChosen(tuple(written_accounts(folder)))
    own = open_own_account(choice, may_ask=False)
    permissions = missing_permissions(own.quick_client("iam"), caller_arn=own.identity.arn, name=own.name)
    permissions.check()
    if choice.account_id:
        save_choice(replace(choice, region=own.region, learner=own.learner, account_id=own.account_id), folder)
    return OwnAccountShown(own, permissions, confirmed=bool(choice.account_id))


def _refuse_what_the_environment_decides(choice: Choice) -> None:
    """Says so where a variable decides otherwise than the form.

    Raises:
        FormError: one does.
    """
    chosen = asdict(choice)
    for field, value in given_in_environment().items():
        if chosen[field] != value and (choice.target == AWS or field == "target"):
            raise FormError(
                f"The variable {VARIABLES[field]} is set to {value} and decides, whatever is chosen here. To choose "
                "here, stop JupyterLab, take the variable out of its environment, and start it again."
            )


def _profiles() -> list[str]:
    """The names of the profiles in your AWS configuration; none where it is broken, which opening it will tell."""
    try:
        profiles: list[str] = botocore.session.Session().available_profiles
    except ConfigParseError:
        return []
    return profiles


def _unless_empty(problem_of: Callable[[str], str | None]) -> Callable[[str], str | None]:
    return lambda text: problem_of(text) if text else None
