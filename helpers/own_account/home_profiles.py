"""A named profile in the learner's own AWS files, with their consent, and its removal without a trace.

These are `~/.aws/config` and `~/.aws/credentials`, or the files that AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE
name. What is about to be done is written down before it is done, in a record (see `home_records`), so that it can be
undone whatever happens in between, in another environment too, and when the sandbox that it leads to is gone.

https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-files.html
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from filelock import FileLock
from typing_extensions import override

from helpers.arns import check_arn
from helpers.display import Rows, Shown
from helpers.iam import AccessKey
from helpers.inventory.ledger import Entry, Ledger
from helpers.own_account import home_records
from helpers.own_account.home_files import HomeFile, HomeProfileError, look_at, put_in, take_out
from helpers.own_account.home_records import HomeProfile, files_by_environment, list_home_profiles
from helpers.secrecy import mask


@dataclass(frozen=True, repr=False)
class AddedProfile(Shown):
    """A profile that was added to the learner's own AWS files.

    Attributes:
        profile: its name.
        role_arn: the role that it assumes.
        access_key_id: the key that it assumes the role with, shown masked.
        files: the two files, `config` first.
        backups: what those files were before; empty for files that were not there.
    """

    profile: str
    role_arn: str
    access_key_id: str
    files: tuple[Path, ...]
    backups: tuple[Path, ...]

    @override
    def title(self) -> str:
        return f"Profile {self.profile} added to your own AWS files"

    @override
    def rows(self) -> Rows:
        return [
            ("Role", self.role_arn),
            ("Access key ID", mask(self.access_key_id)),
            ("Files", _named(self.files)),
            ("Backups", _named(self.backups) or "none, for the files are new"),
            ("Try it", f"aws sts get-caller-identity --profile {self.profile}"),
        ]


@dataclass(frozen=True, repr=False)
class RemovedProfile(Shown):
    """A profile that was taken out of the learner's own AWS files.

    Attributes:
        profile: its name.
        files: the two files, `config` first.
    """

    profile: str
    files: tuple[Path, ...]

    @override
    def title(self) -> str:
        return f"Profile {self.profile} removed from your own AWS files"

    @override
    def rows(self) -> Rows:
        return [("Files", _named(self.files))]


def profile_problem(profile: str) -> str | None:
    """Say what is wrong with a name for the profile; None when nothing is."""
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}", profile):
        return "Give a name of up to 64 letters, digits, `-`, `_` and `.`, such as `iam-tutorial`."
    if profile.lower() == "default":
        return "The profile `default` is yours alone, and used by every command that names none: choose another name."
    return None


def add_profile(
    ledger: Ledger,
    *,
    profile: str,
    role_arn: str,
    key: AccessKey,
    region: str,
    endpoint_url: str | None = None,
) -> AddedProfile:
    """Add a profile that assumes a role to the learner's own AWS files. Ask them first.

    The profile is its own source: it holds the key and the role, and botocore lets a profile name itself as its
    `source_profile` where it has static credentials (`_validate_source_profile` in botocore's `credentials.py`). AWS's
    CLI is built on botocore and does the same.

    Args:
        ledger: where it is written down first.
        profile: the new profile's name; never `default`, and never one that is there.
        role_arn: the role that it assumes.
        key: the key that it assumes the role with.
        region: its region.
        endpoint_url: where its calls go; None for AWS itself.

    Raises:
        ValueError: the name cannot be one, or the ARN is no role's.
        HomeProfileError: there is a profile of that name, or a file cannot be changed; both are as they were then.
        LedgerError: the ledger cannot be written; nothing was changed.

    https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-role.html
    """
    if problem := profile_problem(profile):
        raise ValueError(problem)
    settings = {
        "role_arn": check_arn(role_arn, "role"),
        "source_profile": profile,
        "role_session_name": _session_name(ledger.id),
        "region": region,
        "output": "json",
    }
    settings |= {"endpoint_url": endpoint_url} if endpoint_url else {}
    secrets = {"aws_access_key_id": key.access_key_id, "aws_secret_access_key": key.secret_access_key}
    with _alone():
        files = _look_at_files(ledger, profile)
        ledger.write(Entry("profile", profile))
        added = HomeProfile(profile, ledger.id, endpoint_url, files)
        added.write_down()
        headers = (f"profile {profile}", profile)
        try:
            for file, header, section, marks in zip(files, headers, (settings, secrets), added.marks, strict=True):
                put_in(file, header, section, marks)
        except BaseException:
            _undo(added)
            raise
    backups = tuple(file.backup for file in files if file.backup)
    return AddedProfile(profile, role_arn, key.access_key_id, tuple(file.path for file in files), backups)


def list_added(ledger: Ledger) -> tuple[str, ...]:
    """Return the profiles of this account that are, or may be, in the learner's own files, the last one first.

    Raises:
        HomeProfileError: what there is cannot be read.
    """
    if not ledger.path.exists():
        return ()
    return tuple(profile.name for profile in _all_of_them() if profile.ledger_id == ledger.id)


def list_left_behind(is_running: Callable[[str], bool]) -> list[HomeProfile]:
    """Return the profiles in the learner's own files that lead to a sandbox which is gone, the last one first.

    Args:
        is_running: tells whether there is a sandbox at an address on this machine.

    Raises:
        HomeProfileError: what there is cannot be read.
    """
    return [
        profile
        for profile in _all_of_them()
        if profile.endpoint_url
        and urlsplit(profile.endpoint_url).hostname in ("127.0.0.1", "localhost")
        and not is_running(profile.endpoint_url)
    ]


def remove_profile(ledger: Ledger, profile: str) -> RemovedProfile | None:
    """Take a profile that the tutorial added out of the learner's own files, and read them to prove it.

    What was not changed since comes back byte for byte. Where the learner has changed something else, that stays, and
    only the profile's section goes. A section without the tutorial's comment lines is left alone. The backups go too,
    for they hold keys of the learner's.

    Args:
        ledger: the one that was given to `add_profile`.
        profile: the profile's name.

    Returns:
        What was removed; None where the tutorial added no such profile, or has removed it already.

    Raises:
        HomeProfileError: a file cannot be changed; once it can be, try again.
    """
    added = next((one for one in _all_of_them() if (one.name, one.ledger_id) == (profile, ledger.id)), None)
    return remove_home_profile(added) if added else None


def remove_home_profile(profile: HomeProfile) -> RemovedProfile:
    """Take a profile out, as `remove_profile` does, whatever has become of its account.

    Raises:
        HomeProfileError: a file cannot be changed; once it can be, try again.
    """
    with _alone():
        return _undo(profile)


def _all_of_them() -> list[HomeProfile]:
    with _told_in_words():
        return list_home_profiles()


def _look_at_files(ledger: Ledger, profile: str) -> tuple[HomeFile, HomeFile]:
    """Tell how the two files are now.

    Raises:
        HomeProfileError: the profile must not or cannot be added to them.
    """
    if any((one.name, one.ledger_id) == (profile, ledger.id) for one in list_home_profiles()):
        raise HomeProfileError(
            f"The tutorial added a profile {profile} already: it is there to be used, until a clean-up takes it out."
        )
    config, credentials = (look_at(path, profile) for path in files_by_environment())
    if config.target == credentials.target:
        raise HomeProfileError(f"{config.path} is both your config and your credentials file: keep them apart first.")
    return config, credentials


def _undo(profile: HomeProfile) -> RemovedProfile:
    """Bring the files back, from wherever `add_profile`, or this, broke off."""
    _forget_sessions(profile.ledger_id)
    for file, marks in reversed([*zip(profile.files, profile.marks, strict=True)]):
        take_out(file, marks)
    profile.record.unlink(missing_ok=True)
    return RemovedProfile(profile.name, tuple(file.path for file in profile.files))


def _forget_sessions(ledger_id: str) -> None:
    """Delete the sessions of such profiles that AWS's CLI has cached: they would work until they expire.

    https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-role.html#cli-configure-role-cache
    """
    for cached in (Path.home() / ".aws" / "cli" / "cache").glob("*.json"):
        if f'/{_session_name(ledger_id)}"'.encode() in cached.read_bytes():
            cached.unlink()


def _session_name(ledger_id: str) -> str:
    return f"iam-tutorial-{ledger_id}"


@contextmanager
def _alone() -> Iterator[None]:
    """Keep other notebooks out meanwhile, and say in one sentence when a file cannot be read or written."""
    with _told_in_words():
        home_records.RECORDS.mkdir(mode=0o700, parents=True, exist_ok=True)
        with FileLock(home_records.RECORDS / "lock"):
            yield


@contextmanager
def _told_in_words() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        named = error.filename2 or error.filename
        what = f"{named}: {error.strerror}" if named else error.strerror
        raise HomeProfileError(
            f"Your own AWS files cannot be read or changed ({what}). They are as they were; where that could not be "
            "seen to, `make clean-up` takes the profile out."
        ) from error


def _named(paths: tuple[Path, ...]) -> str:
    home = Path.home()
    return "\n".join(f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path) for path in paths)
