"""The repair workshop: broken set-ups to investigate and mend, each told as a colleague's bug report.

`break_it` builds one in the sandbox, `hint` helps in three steps, and `check` proves a mend: it runs the
colleague's app, which assumes its role and reads its report, and sees to it that nothing more was opened.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from helpers import iam, profiles, sts
from helpers.account import Account, Credentials
from helpers.attempts import attempt
from helpers.display import BAD, GOOD, Rows, Shown, ToldInOneSentence
from helpers.files import write_private
from helpers.workshop_app import PROFILE, REPORT_KEY, USER_PROFILE, App, Run
from helpers.workshop_audit import Reading, compare, read
from helpers.workshop_cleanup import clear
from helpers.workshop_faults import FAULTS, Fault
from helpers.workshop_scene import Scene, build

if TYPE_CHECKING:
    from types_boto3_sts import STSClient

TARGETS = ("sandbox", "private")
AS_BROKEN = "as-broken.json"


class WorkshopError(ToldInOneSentence, ValueError):
    """The workshop cannot do what was asked; the message says what to do instead."""


@dataclass(frozen=True, repr=False)
class Report(Shown):
    """A colleague's bug report.

    Attributes:
        fault: what is told.
        scene: the fault's number, and the names involved.
        error: the error that the colleague saw; for `explain` to look into.
    """

    fault: Fault = field(repr=False)
    scene: Scene = field(repr=False)
    error: ClientError | BotoCoreError

    def title(self) -> str:
        """The number, and what the colleague calls it."""
        return f"Fault {self.scene.number}: {self.fault.title}"

    def rows(self) -> Rows:
        """The story, the error in AWS's words, and the names involved."""
        code, message = Run("", error=self.error).refusal or ("", "")
        return [
            ("Your colleague says", self.fault.story),
            ("The app", f"reads s3://{self.scene.bucket}/{REPORT_KEY} as a session of its role"),
            ("Error code", code),
            ("Message", message),
            ("User", self.scene.user_arn),
            ("Role", self.scene.role_arn),
        ]


@dataclass(frozen=True, repr=False)
class Hint(Shown):
    """One of a fault's three hints.

    Attributes:
        step: 1, where to look; 2, what to see there; 3, what to do.
        text: the hint.
    """

    step: int
    text: str

    def title(self) -> str:
        """Which of the three it is."""
        return f"Hint {self.step} of 3: {('where to look', 'what to see there', 'what to do')[self.step - 1]}"

    def rows(self) -> Rows:
        """The hint."""
        return [("", self.text)]


@dataclass(frozen=True, repr=False)
class Checked(Shown):
    """Whether a fault is mended, and well.

    Attributes:
        number: the fault's number.
        problems: what is still wrong.
    """

    number: int
    problems: tuple[str, ...]

    @property
    def done(self) -> bool:
        """Whether nothing is wrong any more."""
        return not self.problems

    @property
    def accent(self) -> str:
        """Green for done, red for not yet."""
        return GOOD if self.done else BAD

    def title(self) -> str:
        """Done, or not yet."""
        return f"{'Done' if self.done else 'Not yet'}: fault {self.number}, {FAULTS[self.number - 1].title}"

    def rows(self) -> Rows:
        """What is still wrong, or what was proved."""
        proved = "The app assumed its role and read its report. What should be refused is still refused."
        return [("Still wrong", "\n".join(self.problems))] if self.problems else [("Proved", proved)]


@dataclass(frozen=True, repr=False)
class CleanedUp(Shown):
    """What was cleared away after the workshop.

    Attributes:
        deleted: how many things of each kind.
    """

    deleted: Mapping[str, int]

    def title(self) -> str:
        """How many things were deleted."""
        number = sum(self.deleted.values())
        return f"Deleted all {number} things that the workshop made" if number else "Nothing to delete"

    def rows(self) -> Rows:
        """How many of each kind."""
        return [(kind.capitalize(), str(number)) for kind, number in self.deleted.items()]


def break_it(account: Account, number: int | None = None) -> Report:
    """Builds a broken set-up in the sandbox, from scratch each time, and reports it as a colleague would.

    Args:
        account: an open sandbox.
        number: the fault, 1 to 15.

    Returns:
        The report, with the error that the app (or the colleague) really met.

    Raises:
        WorkshopError: there is no such fault, or the account is no sandbox.
    """
    scene = _scene(account, number)
    fault = _fault(scene.number)
    build(scene, fault.trust)
    fault.prepare(scene)
    working = _read(scene)
    met = fault.spoil(scene)
    broken = _read(scene)
    accepted = frozenset([fault.accepts(scene)] if fault.accepts else [])
    as_broken = replace(broken, grants=working.grants | broken.grants | accepted)
    write_private(scene.app.home.folder / AS_BROKEN, as_broken.to_json())
    error = met or scene.app.run().error
    assert error is not None, f"fault {number} breaks nothing"
    return Report(fault, scene, error)


def hint(number: int, step: int = 1) -> Hint:
    """One of a fault's hints: 1 says where to look, 2 what to see there, 3 what to do.

    Raises:
        WorkshopError: there is no such fault or step.
    """
    if step not in (1, 2, 3):
        raise WorkshopError(f"There is no hint {step}: each fault has the hints 1, 2 and 3.")
    return Hint(step, _fault(number).hints[step - 1])


def app(account: Account, number: int | None = None) -> App:
    """The colleague's app, as it is set up now.

    Raises:
        WorkshopError: the fault was not built yet, or the account is no sandbox.
    """
    scene = _scene(account, number)
    if not (scene.app.home.folder / AS_BROKEN).exists():
        raise WorkshopError(f"Fault {number} is not there yet: run workshop.break_it(account, {number}) first.")
    return scene.app


def check(account: Account, number: int | None = None) -> Checked:
    """Proves a mend: runs the app, and tries what must still be refused.

    Raises:
        WorkshopError: the fault was not built yet, or the account is no sandbox.
    """
    scene = _scene(account, app(account, number).number)
    before = Reading.from_json((scene.app.home.folder / AS_BROKEN).read_text(encoding="utf-8"))
    now = _read(scene)
    run = scene.app.run()
    problems = _app_problems(scene, run)
    if run.session and not problems and f"user {scene.other_user}" in now.ids:
        problems += _opened(scene, run.session)
    return Checked(scene.number, (*problems, *compare(before, now)))


def clean_up(account: Account) -> CleanedUp:
    """Deletes everything that the workshop made in the account, and the apps' files.

    Raises:
        WorkshopError: the account is no sandbox.
    """
    _refuse_other_targets(account)
    return CleanedUp(clear(account))


def _scene(account: Account, number: int | None) -> Scene:
    _refuse_other_targets(account)
    if not isinstance(number, int):
        raise WorkshopError(f"Say which fault by its number, 1 to {len(FAULTS)}, as in workshop.break_it(account, 3).")
    _fault(number)
    return Scene(account, number)


def _fault(number: int) -> Fault:
    if number not in range(1, len(FAULTS) + 1):
        raise WorkshopError(f"There is no fault {number}: choose a number from 1 to {len(FAULTS)}.")
    return FAULTS[number - 1]


def _refuse_other_targets(account: Account) -> None:
    if not isinstance(account, Account):
        raise WorkshopError("Give the open account first, as in workshop.break_it(account, 3).")
    if account.target not in TARGETS:
        raise WorkshopError("The workshop breaks things on purpose, so it works in the sandbox only: open_account().")


def _read(scene: Scene) -> Reading:
    return read(scene.account, scene.name(""), role=scene.role, bucket=scene.bucket)


# --- proving a mend


def _app_problems(scene: Scene, run: Run) -> list[str]:
    """Says where the app stops, or whose credentials it uses that are not its own."""
    if run.refusal:
        code, message = run.refusal
        return [f"The app still stops at: {run.step}. {code}: {message}"]
    problems = []
    if key_problem := _key_problem(scene):
        problems.append(key_problem)
    assert run.session is not None, "an app that worked has a session"
    arn = sts.who_am_i(scene.account.client("sts", run.session)).arn
    if f":assumed-role/{scene.role}/" not in arn:
        problems.append(f"The app works as {arn}. It should use a session of the role {scene.role}.")
    return problems


def _key_problem(scene: Scene) -> str | None:
    try:
        arn = sts.who_am_i(scene.account.client("sts", scene.app.user_key)).arn
    except ClientError as error:
        return f"The key in the app's profile {USER_PROFILE} does not work: {error.response['Error']['Code']}."
    if arn != scene.user_arn:
        return f"The key in the app's profile {USER_PROFILE} belongs to {arn}. It should be one of {scene.user_arn}."
    return None


def _opened(scene: Scene, session: Credentials) -> Iterator[str]:
    """Tries what must still be refused, and names what is not."""
    account, role_arn = scene.account, scene.role_arn
    user, user_key = account.client("sts", scene.app.user_key), scene.app.user_key
    s3 = account.client("s3", session)
    calls: dict[str, Callable[[], Any]] = {
        f"User {scene.user} may assume another role": lambda: _assume(user, scene.other_role_arn),
        f"User {scene.user} may use the bucket without the role": lambda: account.client(
            "s3", user_key
        ).list_objects_v2(Bucket=scene.bucket),
        "The role may list all buckets": s3.list_buckets,
        "The role may write into the bucket": lambda: s3.put_object(Bucket=scene.bucket, Key="probe", Body=b""),
    }
    if "external_id" in profiles.read_profile(scene.app.home, PROFILE):
        calls["The role may be assumed without the external id"] = lambda: _assume(user, role_arn)
    with _key_of(scene, scene.other_user) as key:
        other = account.client("sts", key)
        calls[f"User {scene.other_user} may assume the role"] = lambda: _assume(other, role_arn)
        for what, call in calls.items():
            if attempt(what, call, expect="refused").allowed:
                yield f"{what} now, and should not."


def _assume(client: "STSClient", role_arn: str) -> None:
    sts.assume_role(client, role_arn=role_arn, session_name="probe", duration_seconds=900)


@contextmanager
def _key_of(scene: Scene, user_name: str) -> Iterator[iam.AccessKey]:
    """An access key for as long as it is needed."""
    key = iam.create_access_key(scene.iam, user_name=user_name)
    try:
        yield key
    finally:
        iam.delete_access_key(scene.iam, user_name=user_name, access_key_id=key.access_key_id)
