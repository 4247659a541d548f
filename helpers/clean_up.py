"""Take out of an account what the tutorial made in it, and prove by reading that nothing is left.

`make clean-up` does it in a terminal: a dry run, a question, the deletion.

What is the tutorial's, its ledger and its tag say together. What carries the tag and stands in another ledger, or in
none, is listed and left alone, unless it is chosen by hand.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_users_remove.html
"""

import argparse
import os
import sys
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_exponential_jitter
from typing_extensions import override

from helpers import profiles
from helpers.account import Account, list_left_behind, open_account, sandbox_is_off
from helpers.display import BAD, GOOD, Rows, Shown, ToldInOneSentence
from helpers.inventory.ledger import Ledger
from helpers.inventory.ownership import (
    Kind,
    LookAlike,
    entity_named,
    is_choosable,
    is_choosable_bucket,
    look_alike_buckets,
    look_alikes,
    made,
    made_bucket_names,
)
from helpers.inventory.removals import Removal, bucket_removals, entity_removals
from helpers.own_account import home_profiles
from helpers.own_account.choice import IN_OWN_ACCOUNT, VARIABLES, written_accounts
from helpers.own_account.home_files import HomeProfileError
from helpers.own_account.home_records import HomeProfile
from helpers.secrecy import mask_secrets

T = TypeVar("T")
Removals = Callable[[], Iterable[Removal]]

_IAM_KINDS: tuple[Kind, ...] = ("user", "role")  # users first, for a role's trust policy may name them
_OWN_FILES = "your own AWS files"
_BY_HAND = "To delete one that carries the tag all the same: make clean-up ARGS=\"--also 'role …'\""

# AWS may show for a few seconds what it has deleted.
PATIENCE_SECONDS = 15.0


class NotChosenError(ToldInOneSentence, ValueError):
    """What was chosen by hand is not there, or does not carry the tutorial's tag; nothing was deleted."""


@dataclass(frozen=True)
class Thing:
    """Something that a clean-up takes out.

    Attributes:
        name: its kind and name, such as `role tutorial-role`.
        removals: reads what belongs to it, and tells what it takes to delete it.
    """

    name: str
    removals: Removals = field(repr=False, compare=False)


@dataclass(frozen=True, repr=False)
class Plan(Shown):
    """What a clean-up would delete, and what it would not.

    Attributes:
        where: the account, in words.
        things: what the tutorial made and is there.
        parts: each deletion, in words, in the order that AWS wants.
        left_alone: what looks like the tutorial's and is not, with the reason.
        unread: what could not be read, with AWS's reason: nobody can say that it is gone.
    """

    where: str
    things: tuple[Thing, ...]
    parts: tuple[str, ...]
    left_alone: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()

    @property
    def nothing_is_left(self) -> bool:
        """Whether the account was read and has nothing that the tutorial made."""
        return not self.things and not self.unread

    @override
    def title(self) -> str:
        if self.things:
            return f"{self.where}: {_counted(self.things)}, and what belongs to them, would be deleted in these steps"
        if self.unread:
            return f"{self.where}: not all of it could be read"
        return f"{self.where}: nothing is there that the tutorial made"

    @override
    def rows(self) -> Rows:
        numbered = [(str(number), part) for number, part in enumerate(self.parts, start=1)]
        left_alone = [("Left alone", "\n".join(self.left_alone)), ("By hand", _BY_HAND)] if self.left_alone else []
        return [*numbered, *left_alone, *_unread_rows(self.unread)]


@dataclass(frozen=True, repr=False)
class CleanedUp(Shown):
    """What a clean-up did, and what the account holds now.

    Attributes:
        deleted: each deletion, in words, in order.
        failed: what could not be deleted, with AWS's reason.
        left: the account as it was read afterwards.
    """

    deleted: tuple[str, ...]
    failed: tuple[str, ...]
    left: Plan

    @property
    def done(self) -> bool:
        """Whether nothing is left."""
        return self.left.nothing_is_left

    @property
    @override
    def accent(self) -> str:
        return GOOD if self.done else BAD

    @override
    def title(self) -> str:
        if not self.done:
            return f"{self.left.where}: not done. Mend what is named here, and clean up again"
        if not self.deleted:
            return f"{self.left.where}: nothing to delete"
        return f"{self.left.where}: deleted in {len(self.deleted)} steps, and nothing is left"

    @override
    def rows(self) -> Rows:
        numbered = [(str(number), what) for number, what in enumerate(self.deleted, start=1)]
        failed = [("Failed", "\n".join(self.failed))] if self.failed else []
        left = [("Left", "\n".join(thing.name for thing in self.left.things))] if self.left.things else []
        return [*numbered, *failed, *left, *_unread_rows(self.left.unread)]


def plan(account: Account, *, also: Collection[str] = ()) -> Plan:
    """Read what the tutorial made in an account and would be deleted; changes nothing.

    Args:
        account: the open account.
        also: things that carry the tutorial's tag and stand in no ledger of this checkout, chosen by hand: such as
            `role anna-tutorial-role`.

    Raises:
        NotChosenError: something in `also` is not there, or does not carry the tag.
    """
    planned = _what_is_there(account, also)
    there = {thing.name for thing in planned.things}
    for one in also:
        if one not in there and not planned.unread:
            raise NotChosenError(
                f"“{one}” cannot be chosen, and nothing was deleted. What can be chosen are things with your prefix "
                "and the tutorial's tag; a dry run lists them as left alone, by kind and name."
            )
    return planned


def _what_is_there(account: Account, also: Collection[str]) -> Plan:
    """Read what the tutorial made, and what was chosen so far as it is there."""
    unread: list[str] = []
    chosen = _read("what was chosen", partial(_chosen, account, also), unread)
    things = dict.fromkeys([*_made(account, unread), *chosen])
    parts = [removal.what for thing in things for removal in _read(thing.name, thing.removals, unread)]
    look_alikes_unread: list[str] = []
    look_alikes = [one for one in _look_alikes(account, look_alikes_unread) if one.thing not in also]
    unread += [f"{one}; by hand, it can be deleted" for one in look_alikes if one.is_of_a_lost_line]
    left_alone = [str(one) for one in look_alikes if not one.is_of_a_lost_line]
    left_alone += [f"not read: {one}" for one in look_alikes_unread]
    where = f"{account.description}, account {account.account_id}"
    return Plan(where, tuple(things), tuple(parts), tuple(left_alone), tuple(unread))


def clean_up(account: Account, *, also: Collection[str] = ()) -> CleanedUp:
    """Delete what the tutorial made, goes on past what fails, and read the account again.

    It can be called any number of times, at any moment.

    Args:
        account: the open account.
        also: as for `plan`.

    Raises:
        NotChosenError: something in `also` is not there, or does not carry the tag; nothing was deleted.
    """
    deleted, failed = list[str](), list[str]()
    planned = plan(account, also=also)
    with account.guard.taking_for_ours(also) if account.guard else nullcontext():
        for thing in planned.things:
            for removal in _read(thing.name, thing.removals, failed):
                try:
                    removal.carry_out()
                except (ClientError, BotoCoreError, HomeProfileError) as error:
                    failed.append(f"{removal.what}: {_told(error)}")
                else:
                    deleted.append(removal.what)
    return CleanedUp(tuple(deleted), tuple(failed), _what_is_left(account, also, patient=not failed))


def _what_is_left(account: Account, also: Collection[str], *, patient: bool) -> Plan:
    """Read the account, again and again for a while where everything should be gone."""
    readings = Retrying(
        retry=retry_if_result(lambda left: bool(left.things)),
        wait=wait_exponential_jitter(multiplier=0.2, max=2, jitter=0.2),
        stop=stop_after_delay(PATIENCE_SECONDS if patient else 0),
        retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
    )
    return readings(_what_is_there, account, also)


def main() -> int:
    """Clean up in a terminal.

    Returns:
        The exit code: 0 when nothing is left, 1 when something may be, 2 when nothing was done.
    """
    options = _options()
    try:
        if options.left_behind:
            return _take_out_what_is_left_behind(dry_run=options.dry_run)
        if sandbox_is_off():
            print("No sandbox is running, so nothing is left in it.")
            _tell_of_other_ledgers(None)
            return _take_out_what_is_left_behind(dry_run=options.dry_run)
        account = open_account()
        planned = plan(account, also=options.also)
        print(planned)
        if options.dry_run:
            return 0
        done = planned.nothing_is_left
        if not done:
            account.confirm(options.account or _typed_number(account))
            cleaned_up = clean_up(account, also=options.also)
            print(cleaned_up)
            done = cleaned_up.done
    except ToldInOneSentence as error:
        print(error, file=sys.stderr)
        return 2
    except (KeyboardInterrupt, EOFError):
        print("\nStopped. Run it again to go on.", file=sys.stderr)
        return 1
    if done:
        profiles.delete_files(account)
    _tell_of_other_ledgers(account)
    return 0 if done else 1


def _take_out_what_is_left_behind(*, dry_run: bool) -> int:
    for thing in _left_behind():
        for removal in () if dry_run else thing.removals():
            removal.carry_out()
        print(f"{'Would be taken' if dry_run else 'Taken'} out: {thing.name}.")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make clean-up", description="Delete what the tutorial made in an account.")
    parser.add_argument("--dry-run", action="store_true", help="tell what would be deleted, and delete nothing")
    parser.add_argument(
        "--left-behind",
        action="store_true",
        help="only take profiles of sandboxes that are gone out of your own AWS files; asks no account",
    )
    parser.add_argument("--account", default="", help="the number of your own account, in place of being asked for it")
    parser.add_argument(
        "--also",
        action="append",
        default=[],
        metavar="'KIND NAME'",
        help="delete this too, though another checkout made it: a role, user or bucket that the dry run leaves alone",
    )
    return parser.parse_args()


def _typed_number(account: Account) -> str:
    """Return the account's number as somebody types it now; without a terminal, as it was given in the environment."""
    if account.guard and sys.stdin.isatty():
        return input(f"Type the number of your account, {account.account_id}, to delete this: ")
    return os.environ.get(VARIABLES["account_id"], "")


def _tell_of_other_ledgers(account: Account | None) -> None:
    """Say which own accounts this checkout made things in that were not looked at now."""
    for number in written_accounts():
        if account is None or account.practice or number != account.account_id:
            print(f"Not looked at: your own account {number}. {IN_OWN_ACCOUNT}")


def _made(account: Account, unread: list[str]) -> Iterator[Thing]:
    """Tell what carries the tag and stands in the ledger."""
    client, s3 = account.client("iam"), account.client("s3")
    for kind in _IAM_KINDS:
        for name in account.ledger.names(kind):
            for _ in _read(f"{kind} {name}", partial(made, client, kind, [name]), unread):
                yield _entity(client, kind, name)
    for name in _read("the buckets in the ledger", partial(made_bucket_names, s3, account.ledger), unread):
        yield _bucket(s3, name)
    for profile in _read(_OWN_FILES, partial(home_profiles.list_added, account.ledger), unread):
        what = f"profile {profile} in your own AWS files"
        yield Thing(what, partial(_profile_removals, account.ledger, profile, what))
    yield from _read(_OWN_FILES, _left_behind, unread)


def _left_behind() -> Iterator[Thing]:
    """Tell which profiles of sandboxes that are gone are still in the learner's own files."""
    for profile in list_left_behind():
        what = f"profile {profile.name} in your own AWS files, which an earlier sandbox left behind"
        yield Thing(what, partial(_left_behind_removals, profile, what))


def _left_behind_removals(profile: HomeProfile, what: str) -> Iterator[Removal]:
    yield Removal(what, partial(home_profiles.remove_home_profile, profile))


def _chosen(account: Account, also: Collection[str]) -> Iterator[Thing]:
    """Tell what was chosen by hand, so far as it is there and the learner's own."""
    client, s3 = account.client("iam"), account.client("s3")
    for one in also:
        kind, _, name = one.partition(" ")
        if not name or not name.startswith(account.prefix):
            continue
        for iam_kind in _IAM_KINDS:
            if kind == iam_kind and is_choosable(client, entity_named(client, iam_kind, name) or {}):
                yield _entity(client, iam_kind, name)
        if kind == "bucket" and is_choosable_bucket(s3, name):
            yield _bucket(s3, name)


def _profile_removals(ledger: Ledger, profile: str, what: str) -> Iterator[Removal]:
    yield Removal(what, partial(home_profiles.remove_profile, ledger, profile))


def _bucket(s3: Any, name: str) -> Thing:
    return Thing(f"bucket {name}", partial(bucket_removals, s3, name))


def _entity(client: Any, kind: Kind, name: str) -> Thing:
    return Thing(f"{kind} {name}", partial(entity_removals, client, kind, name))


def _look_alikes(account: Account, unread: list[str]) -> Iterator[LookAlike]:
    """Tell what is named and tagged as the tutorial's things are, or stands in the ledger, and is somebody else's."""
    client, s3, prefix = account.client("iam"), account.client("s3"), account.prefix
    for kind in _IAM_KINDS:
        yield from _read(f"other {kind}s", partial(look_alikes, client, kind, prefix), unread)
    yield from _read("other buckets", partial(look_alike_buckets, s3, account.ledger, prefix), unread)


def _read(what: str, read: Callable[[], Iterable[T]], unread: list[str]) -> Iterator[T]:
    """Tell what reading gives, up to where AWS, or a file, refuses; that is noted."""
    try:
        yield from read()
    except (ClientError, BotoCoreError, HomeProfileError) as error:
        unread.append(f"{what}: {_told(error)}")


def _told(error: ClientError | BotoCoreError | HomeProfileError) -> str:
    return mask_secrets(str(error))


def _counted(things: Collection[object]) -> str:
    return f"{len(things)} thing{'s' if len(things) != 1 else ''}"


def _unread_rows(unread: Collection[str]) -> Rows:
    return [("Could not be read", "\n".join(unread))] if unread else []


if __name__ == "__main__":
    sys.exit(main())
