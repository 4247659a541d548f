"""The forms of the notebooks: for an ARN or a name, the account to act in, a question to explain, and a profile.

ipywidgets is imported when the first form is made, so that this module loads without it.
"""

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

import botocore.session
from botocore.exceptions import ConfigParseError
from typing_extensions import override

from helpers import iam
from helpers.account import Account, list_left_behind
from helpers.arns import ArnKind, NameKind, arn_problem, name_problem, parse_arn
from helpers.diagnosis.explanation import Explanation
from helpers.diagnosis.live_decision import ASSUME_ROLE
from helpers.display import FOR_REAL, Rows, Shown
from helpers.explain import explain
from helpers.iam import AccessKey
from helpers.inventory.ownership import is_of_the_steps, made, refuse_taken_name
from helpers.own_account.choice import (
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
from helpers.own_account.credentials import OwnAccountError
from helpers.own_account.home_profiles import AddedProfile, add_profile, profile_problem, remove_home_profile
from helpers.own_account.opening import (
    OwnAccount,
    account_number_problem,
    learner_problem,
    open_own_account,
)
from helpers.own_account.permissions import Permissions, missing_permissions
from helpers.place import HERE
from helpers.widgets.fields import Field, FormError, Options, Values, Word, listed
from helpers.widgets.form import ActionForm, Form, action_form


def arn_form(kind: ArnKind, *, value: str = "", account_id: str | None = None, options: Options = ()) -> Form:
    """Make a form for an ARN.

    Args:
        kind: What the ARN should be of.
        value: The ARN that stands in the field at first, so that Run All need not wait for anybody.
        account_id: The account the ARN should be in; any account will do when left out.
        options: The ARNs that there are, or a function that reads them from the account: offered to choose from, and
            any other is none. Without them, any will do.

    Returns:
        The form; show it as a cell's last line, and use its `value` in the next cell.

    See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
    """

    def check(text: str) -> None:
        known = listed(options)
        if known and text not in known:
            names = ", ".join(parse_arn(arn).name for arn in known)
            near = next(filter(None, (_difference(text, arn) for arn in known)), f"It has: {names}.")
            raise FormError(f"This is a {kind}'s ARN, but the account has no such {kind}. {near}")

    field = Field(
        f"{kind.capitalize()} ARN",
        value=value,
        options=options,
        example=f"arn:aws:iam::{account_id or '111122223333'}:{kind}/tutorial-{kind}",
        problem_of=lambda text: arn_problem(text, kind, account_id=account_id),
    )
    right: Word = "Well formed" if options else "Good"
    return Form(field, button="Use this ARN", meaning_of=_arn_in_words, check=check, right=right)


def _difference(given: str, there: str) -> str:
    """Say in which part an ARN differs from one that is there and has the same name; nothing where it is another."""
    one, other = parse_arn(given), parse_arn(there)
    if one.name.lower() != other.name.lower():
        return ""
    parts = {
        "partition": (one.partition, other.partition),
        "account": (one.account_id, other.account_id),
        "path": (one.path, other.path),
        "letter case": (one.name, other.name),
    }
    different = [f"its {part} is {wrong}, not {right}" for part, (wrong, right) in parts.items() if wrong != right]
    return f"It has {there}: of yours, {', and '.join(different)}."


def name_form(
    kind: NameKind,
    *,
    value: str = "",
    prefix: str = "",
    label: str | None = None,
    check: Callable[[str], None] = lambda text: None,
    note_of: Callable[[str], str] = lambda text: "",
) -> Form:
    """Make a form for a name.

    Args:
        kind: What the name is for; `session` is a role session's name.
        value: The name that stands in the field at first.
        prefix: What names begin with in this account, where several people share it.
        label: The visible label; "Role name" and the like when left out.
        check: Looks the name up in the account when the button is pressed; it raises where the name cannot be taken.
        note_of: Says what else there is to know about a name that is used; empty where there is nothing.

    Returns:
        The form; show it as a cell's last line, and use its `value` in the next cell.

    See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    """
    field = Field(
        label or f"{kind.capitalize()} name",
        value=value,
        example=f"{prefix}tutorial-{kind}",
        problem_of=lambda text: name_problem(text, kind) or _prefix_problem(text, prefix),
    )
    named = "the name `{}`".format
    return Form(field, button="Use this name", meaning_of=named, check=check, note_of=note_of)


def new_name_form(account: Account, kind: Literal["role", "user"], *, value: str) -> Form:
    """Make a form for the name of something to be created: with the account's prefix, and not somebody else's.

    Args:
        account: The open account.
        kind: What is to be created.
        value: The name that stands in the field at first.
    """
    client = account.client("iam")

    def note_of(name: str) -> str:
        there = [entity[f"{kind.title()}Name"] for entity in made(client, kind) if is_of_the_steps(entity)]
        notes = [] if name == f"tutorial-{kind}" else [f"Where the texts say `tutorial-{kind}`, read `{name}`."]
        if name in there:
            notes.append(f"That {kind} is there already, and stays as it is.")
        elif there:
            other = f"The {kind} `{there[0]}` is there already"
            notes.append(f"{other}: there will be two, and these notebooks go on with yours.")
        return " ".join(notes)

    return name_form(
        kind,
        value=value,
        prefix=account.prefix,
        check=lambda name: refuse_taken_name(client, kind, name),
        note_of=note_of,
    )


def _prefix_problem(text: str, prefix: str) -> str | None:
    if text.startswith(prefix) and text != prefix:
        return None
    return f"In this account your names begin with `{prefix}`, and go on, so that everybody's things can be told apart."


def _arn_in_words(text: str) -> str:
    arn = parse_arn(text)
    where = "managed by AWS" if arn.account_id == "aws" else f"in account {arn.account_id}"
    return f"{arn.resource_type} {arn.name} {where}"


# --- the account to act in


WHERE = {"sandbox": SANDBOX, "my AWS account": AWS}
_GO_ON = "Saved for all notebooks of this checkout. Open the next notebook, or run this one again from the top."


@dataclass(frozen=True, repr=False)
class SandboxChosen(Shown):
    """The sandbox was chosen.

    Attributes:
        written: the numbers of the own accounts in which the tutorial made something.
    """

    written: tuple[str, ...]

    @override
    def title(self) -> str:
        return "The notebooks act in the sandbox"

    @override
    def rows(self) -> Rows:
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
    @override
    def accent(self) -> str:
        return self.own.accent if self.confirmed else FOR_REAL

    @override
    def title(self) -> str:
        return self.own.title() if self.confirmed else f"Not chosen yet: {self.own.title()}"

    @override
    def rows(self) -> Rows:
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
        FormError: this is a browser, where there is nothing to choose.
    """
    if not HERE.own_account:
        raise FormError("In a browser there is the sandbox alone: there is no other account to choose.")
    now = read_choice(folder)
    fields = {
        "target": Field(
            "Where",
            value=next(label for label, target in WHERE.items() if (target == AWS) == (now.target == AWS)),
            choices=list(WHERE),
        ),
        "profile": Field(
            "Profile", value=now.profile, options=_profiles, example="empty: as the AWS CLI finds it", applies=_is_own
        ),
        "region": Field("Region", value=now.region, example="empty: the profile's", applies=_is_own),
        "learner": Field(
            "Your prefix",
            value=now.learner,
            example="empty: made from your user name",
            problem_of=_unless_empty(learner_problem),
            applies=_is_own,
        ),
        "account_id": Field(
            "Account number",
            value=now.account_id,
            example="empty: it is shown first",
            problem_of=_unless_empty(account_number_problem),
            applies=_is_own,
        ),
    }
    return action_form(fields, button="Open", work=lambda values: _open_or_say_where(values, folder), run_at_once=False)


def _is_own(values: Values) -> bool:
    return values["target"] != next(iter(WHERE))


def _open_or_say_where(values: Values, folder: Path) -> Shown:
    """Open what was chosen; where that fails, say where the notebooks act now.

    Raises:
        FormError: it cannot be opened, or a variable decides otherwise.
    """
    try:
        return _open(values, folder)
    except (OwnAccountError, FormError) as error:
        now = read_choice(folder)
        where = f"your account {now.account_id}" if now.target == AWS and now.account_id else "the sandbox"
        raise FormError(f"{error} Until it is opened, the notebooks act in {where}, as before.") from error


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
    """Say so where a variable decides otherwise than the form.

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
    """List the profiles in your AWS configuration; none where it is broken, which opening it will tell."""
    try:
        profiles: list[str] = botocore.session.Session().available_profiles
    except ConfigParseError:
        return []
    return profiles


def _unless_empty(problem_of: Callable[[str], str | None]) -> Callable[[str], str | None]:
    return lambda text: problem_of(text) if text else None


# --- a question to explain


_ACTIONS = (
    ASSUME_ROLE,
    "s3:ListAllMyBuckets",
    "s3:GetObject",
    "ec2:DescribeInstances",
    "glue:GetJobs",
    "iam:ListUsers",
)
_CALLER = re.compile(r"arn:aws[a-z-]*:(iam::\d{12}:(user|role)/.+|iam::\d{12}:root|sts::\d{12}:assumed-role/.+/.+)")
_SERVICE = re.compile(r"[a-z0-9.-]+\.amazonaws\.com")


def explain_form(account: Account, *, principal: str, resource: str, action: str = ASSUME_ROLE) -> ActionForm:
    """Make a form that explains who may do what, and why; the account's users and roles are offered.

    Args:
        account: the open account.
        principal: the ARN that stands in the first field.
        resource: the ARN that stands in the last field.
        action: the action between them.

    Returns:
        The form; its `result` is the `Explanation`.
    """
    client = account.client("iam")
    fields = {
        "principal": Field(
            "Who asks",
            value=principal,
            options=lambda: [*iam.list_user_arns(client), *iam.list_role_arns(client)],
            problem_of=_caller_problem,
        ),
        "action": Field("What for", value=action, options=_ACTIONS, problem_of=_action_problem),
        "resource": Field(
            "On what",
            value=resource,
            options=lambda: [*iam.list_role_arns(client), "*"],
            problem_of=_resource_problem,
        ),
    }

    def work(values: dict[str, str]) -> Explanation:
        try:
            return explain(account, principal=values["principal"], action=values["action"], resource=values["resource"])
        except LookupError as error:
            raise FormError(str(error)) from None

    return action_form(fields, button="Explain", work=work)


def refusal_form(account: Account, *, text: str = "") -> ActionForm:
    """Make a form that explains a refusal as people have it: pasted from the CLI, the console, Terraform or a log.

    Args:
        account: the open account, which is read.
        text: the text that stands in the field at first.

    Returns:
        The form; its `result` is the `Explanation`.
    """
    field = Field(
        "The error",
        value=text,
        lines=6,
        example="An error occurred (AccessDenied) when calling …",
        problem_of=lambda given: (
            None if given.strip() else "This is empty; paste the whole error, wrapped lines and all."
        ),
    )

    def work(values: Values) -> Explanation:
        try:
            return explain(account, values["text"])
        except LookupError as error:
            raise FormError(str(error)) from None

    return action_form({"text": field}, button="Explain", work=work, run_at_once=bool(text))


def _caller_problem(text: str) -> str | None:
    if _CALLER.fullmatch(text) or _SERVICE.fullmatch(text):
        return None
    wanted = "Roles, sessions and services such as `ec2.amazonaws.com` can ask too."
    return f"{arn_problem(text, 'user') or 'Nobody has this ARN.'} {wanted}"


def _action_problem(text: str) -> str | None:
    if re.fullmatch(r"[a-z0-9-]+:[A-Za-z0-9]+", text):
        return None
    return "Give one action: a service and its call with a colon between them, such as `s3:GetObject`."


def _resource_problem(text: str) -> str | None:
    if text == "*" or re.fullmatch(r"arn:aws[a-z-]*:[a-z0-9-]+:[^:]*:[^:]*:.+", text):
        return None
    return "Give an ARN, or `*` for a call about nothing in particular."


# --- a profile in the learner's own AWS files


_CONSENT = "yes"


def home_profile_form(account: Account, *, role_arn: str, key: AccessKey) -> ActionForm:
    """Make a form that adds a profile for the role to the learner's own AWS files, when they have typed `yes`.

    Nothing is done before the button is pressed, so Run All changes no file. A profile of that name which an earlier
    sandbox left behind is replaced.

    Args:
        account: the open account, whose region and address the profile gets, and in whose ledger it is written down.
        role_arn: the role that the profile assumes.
        key: the key that it assumes the role with.

    Returns:
        The form; its `result` is the `AddedProfile`.

    Raises:
        FormError: this is a browser, where a learner has no such files.
    """
    if not HERE.own_account:
        raise FormError("In a browser there are no AWS files of your own that a profile could be added to.")
    fields = {
        "profile": Field("Profile name", value="iam-tutorial", problem_of=profile_problem),
        "consent": Field("Type yes to change your own AWS files", problem_of=_consent_problem),
    }

    def work(values: dict[str, str]) -> AddedProfile:
        for left in list_left_behind():
            if left.name == values["profile"]:
                remove_home_profile(left)
        return add_profile(
            account.ledger,
            profile=values["profile"],
            role_arn=role_arn,
            key=key,
            region=account.region,
            endpoint_url=account.endpoint_url,
        )

    return action_form(fields, button="Add the profile", work=work, run_at_once=False)


def _consent_problem(text: str) -> str | None:
    if text == _CONSENT:
        return None
    return f"Nothing was changed. Type `{_CONSENT}` to let the button add this profile to your own AWS files."
