"""One of the learner's own two AWS files: how it was, a profile's section put in, and taken out again."""

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from typing import Any

from botocore.configloader import load_config
from botocore.exceptions import ConfigParseError

from helpers.display import ToldInOneSentence
from helpers.own_account.home_sections import Marks, has_section, with_section, without_profile
from helpers.secrecy import write_private


class HomeProfileError(ToldInOneSentence, RuntimeError):
    """A profile cannot be added to the learner's own files, or taken out; the message says what to do."""


@dataclass(frozen=True)
class HomeFile:
    """A file as it was before.

    Attributes:
        path: the file, as AWS's tools find it.
        target: the file itself, where `path` is a symbolic link.
        backup: where its content is kept; None where there was no such file.
        mode: its permissions.
        folder_made: whether its folder has to be made.
    """

    path: Path
    target: Path
    backup: Path | None
    mode: int
    folder_made: bool

    @property
    def was(self) -> str:
        """What the file was, in words for the comment line before the profile: `rebuilt` reads them."""
        if self.backup is None:
            return f"not there{', nor its folder' if self.folder_made else ''}"
        return f"{self.mode:o}, kept in {self.backup.name.removeprefix(self.path.name)}"

    def to_json(self) -> dict[str, Any]:
        """Return the fields as JSON has them."""
        return {name: str(value) if isinstance(value, Path) else value for name, value in asdict(self).items()}

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> "HomeFile":
        """Read what `to_json` gave."""
        paths = {name: Path(fields[name]) for name in ("path", "target", "backup") if fields[name]}
        return cls(**{**fields, **paths})


def look_at(path: Path, profile: str) -> HomeFile:
    """Tell how a file is now, before a profile is added.

    Raises:
        HomeProfileError: the profile is in it already, or cannot be added to it.
        OSError: it cannot be read.
    """
    target = Path(os.path.realpath(path))
    if not os.path.lexists(target):
        return HomeFile(path, target, None, 0o600, not target.parent.exists())
    if not target.is_file():
        raise HomeProfileError(f"{path} is no file, so no profile can be added to it. Nothing was changed.")
    if not os.access(target, os.R_OK | os.W_OK):
        raise HomeProfileError(f"{path} is write-protected, so no profile was added. Nothing was changed.")
    if has_section(target.read_bytes(), profile):
        raise HomeProfileError(f"{path} has a section for {profile} already: choose another name. Nothing was changed.")
    _refuse_unreadable(path)
    names = (f"{path.name}.before-{profile}{'' if number == 1 else f'-{number}'}" for number in count(1))
    backup = next(path.with_name(name) for name in names if not os.path.lexists(path.with_name(name)))
    return HomeFile(path, target, backup, target.stat().st_mode & 0o777, False)


def rebuilt(path: Path, marks: Marks) -> HomeFile:
    """Tell how a file was before, by the comment line in it that says so."""
    target = Path(os.path.realpath(path))
    mode, _, ending = marks.was.partition(", kept in ")
    if ending and mode.isdecimal():
        return HomeFile(path, target, path.with_name(path.name + ending), int(mode, 8), False)
    return HomeFile(path, target, None, 0o600, marks.was.endswith("nor its folder"))


def _refuse_unreadable(path: Path) -> None:
    """Leave a file alone that AWS's tools cannot read: a profile in it would be of no use, and harder to find.

    Raises:
        HomeProfileError: it is no AWS configuration.
    """
    try:
        load_config(str(path))
    except (ConfigParseError, ValueError) as error:
        raise HomeProfileError(
            f"{path} is no AWS configuration that can be read, so no profile was added, and nothing was changed. Mend "
            "it: settings stand below a line such as [profile work], each such line once, in plain UTF-8 text."
        ) from error


def put_in(file: HomeFile, header: str, settings: Mapping[str, str], marks: Marks) -> None:
    """Add a profile's section to a file, and keep a backup of what it was.

    Raises:
        OSError: it cannot be written.
    """
    if file.folder_made:
        file.target.parent.mkdir(mode=0o700, exist_ok=True)
    content = file.target.read_bytes() if file.target.exists() else b""
    if file.backup:
        write_private(file.backup, content, prefix=marks.prefix)
    write_private(file.target, with_section(content, header, settings, marks), prefix=marks.prefix)


def take_out(file: HomeFile, marks: Marks) -> None:
    """Bring a file back, from wherever `put_in`, or this, broke off, reads it to prove it, and delete the backup.

    Raises:
        HomeProfileError: it was changed at the same moment.
        OSError: it cannot be written.
    """
    before = file.backup.read_bytes() if file.backup and file.backup.exists() else None
    # A program that knows no links may have put a file in the link's place since.
    targets = {Path(os.path.realpath(file.path)), file.target}
    for folder in {file.path.parent, *(target.parent for target in targets)}:
        for unfinished in folder.glob(f"{marks.prefix}*"):
            unfinished.unlink()
    for target in targets:
        if target.exists():
            _take_out_of(target, before, file, marks)
    if file.folder_made:
        _remove_empty(file.target.parent)
    if file.backup:
        file.backup.unlink(missing_ok=True)


def _take_out_of(target: Path, before: bytes | None, file: HomeFile, marks: Marks) -> None:
    content = target.read_bytes()
    rest = without_profile(content, marks)
    if rest == content:
        return
    if before is not None and rest in (before + b"\n", before + b"\r\n"):
        rest = before  # the file ended without a line end, and was given one
    if not rest and file.backup is None:
        target.unlink()
        return
    write_private(target, rest, mode=file.mode, prefix=marks.prefix)
    if marks.are_in(target.read_bytes()):
        raise HomeProfileError(f"{target} was changed at the same moment: `make clean-up` takes the profile out.")


def _remove_empty(folder: Path) -> None:
    """Remove a folder in which there are no files: AWS's CLI makes folders for what it caches."""
    inside = sorted(folder.rglob("*"), reverse=True)
    if folder.exists() and all(path.is_dir() and not path.is_symlink() for path in inside):
        for path in (*inside, folder):
            path.rmdir()
