"""Which profiles the tutorial has put into the learner's own AWS files, as records and the files themselves tell.

A record is written before a file is touched, and deleted when the profile's removal is proven. It is kept where no end
of a sandbox reaches it. Where it is gone all the same, the comment lines around the profile say what it said.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from helpers.own_account.choice import FOLDER
from helpers.own_account.home_files import HomeFile, rebuilt
from helpers.own_account.home_sections import Marks, marks_in, setting_of
from helpers.secrecy import write_private

RECORDS = FOLDER / "home-profiles"


@dataclass(frozen=True)
class HomeProfile:
    """A profile that is, or may be, in the learner's own files: its removal was not yet proven.

    Attributes:
        name: its name.
        ledger_id: the ledger of the account that it leads to.
        endpoint_url: where its calls go; None for AWS itself.
        files: the files that it is in, `config` first.
    """

    name: str
    ledger_id: str
    endpoint_url: str | None
    files: tuple[HomeFile, ...] = field(repr=False)

    @property
    def record(self) -> Path:
        """Where it is written down."""
        return RECORDS / f"{self.ledger_id}-{self.name}.json"

    @property
    def marks(self) -> tuple[Marks, ...]:
        """The comment lines around it, in each of the files."""
        return tuple(Marks(self.name, self.ledger_id, file.was) for file in self.files)

    def write_down(self) -> None:
        """Write its record, whole and on disk when this returns.

        Raises:
            OSError: it cannot be written.
        """
        fields = {
            "name": self.name,
            "ledger_id": self.ledger_id,
            "endpoint_url": self.endpoint_url,
            "files": [file.to_json() for file in self.files],
        }
        RECORDS.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(self.record, json.dumps(fields))


def files_by_environment() -> tuple[Path, Path]:
    """Return the two files, as AWS's tools find them.

    https://docs.aws.amazon.com/sdkref/latest/guide/file-location.html
    """
    config, credentials = (
        Path(os.path.expanduser(os.path.expandvars(os.environ.get(variable) or usual))).absolute()
        for variable, usual in (
            ("AWS_CONFIG_FILE", "~/.aws/config"),
            ("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"),
        )
    )
    return config, credentials


def list_home_profiles() -> list[HomeProfile]:
    """Find the profiles that the tutorial added, of whichever account, the last one first.

    Raises:
        OSError: a record or one of the learner's files cannot be read.
    """
    written = sorted(_written(), key=lambda profile: profile.record.stat().st_mtime_ns, reverse=True)
    known = {(profile.name, profile.ledger_id) for profile in written}
    return [*written, *(profile for profile in _marked() if (profile.name, profile.ledger_id) not in known)]


def _written() -> Iterator[HomeProfile]:
    for record in RECORDS.glob("*.json"):
        fields = json.loads(record.read_text(encoding="utf-8"))
        files = tuple(HomeFile.from_json(file) for file in fields.pop("files"))
        yield HomeProfile(**fields, files=files)


def _marked() -> Iterator[HomeProfile]:
    """Find those that are told by the comment lines in the files alone."""
    found: dict[tuple[str, str], list[tuple[Path, Marks, bytes]]] = {}
    for path in files_by_environment():
        content = path.read_bytes() if path.is_file() else b""
        for marks in marks_in(content):
            found.setdefault((marks.profile, marks.ledger_id), []).append((path, marks, content))
    for (name, ledger_id), places in found.items():
        endpoint = next(
            (url for _, marks, content in places if (url := setting_of(content, marks, "endpoint_url"))), None
        )
        yield HomeProfile(name, ledger_id, endpoint, tuple(rebuilt(path, marks) for path, marks, _ in places))
