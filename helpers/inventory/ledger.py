"""The ledger: what the tutorial makes in an account, written down before it is made.

Whatever happens between a call and its answer, the ledger knows what to look for afterwards. Each has an id, which is
put on everything as a tag: something is the tutorial's only if it stands in the ledger *and* carries that tag, so that
a thing of the same name which somebody else made stays theirs. Lines are only ever added; what is still there, the
account itself tells.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from secrets import token_hex
from typing import Any, BinaryIO, Literal, get_args
from weakref import WeakKeyDictionary

from helpers.display import ToldInOneSentence
from helpers.place import HERE

LEDGER_TAG, LEARNER_TAG = "ledger", "learner"
Kind = Literal["role", "user", "access key", "bucket", "profile"]

# The calls that make something of its own; what belongs to a role or a user goes with it. Each is known by the
# parameter that names it.
_CREATIONS: Mapping[tuple[str, str], tuple[Kind, str]] = {
    ("iam", "CreateRole"): ("role", "RoleName"),
    ("iam", "CreateUser"): ("user", "UserName"),
    ("iam", "CreateAccessKey"): ("access key", "UserName"),
    ("s3", "CreateBucket"): ("bucket", "Bucket"),
}
_TAGGED_WHEN_MADE = {"CreateRole", "CreateUser"}
_BETWEEN_LINES = "\n"  # written before a line, not after it: it ends a line that was cut off


class LedgerError(ToldInOneSentence, RuntimeError):
    """The ledger cannot be read or written; nothing was made. The message says what to do."""


@dataclass(frozen=True)
class Entry:
    """Something that the tutorial was about to make.

    Attributes:
        kind: what it is.
        name: its name; an access key goes by its user's.
    """

    kind: Kind
    name: str


class Ledger:
    """What the tutorial made in one account, or was about to make.

    Args:
        path: its file, which is made with the first entry; the folder must exist.
        learner: whose it is: the prefix of the names; empty where nobody shares the account.
        new_id: the id of a ledger that is not there yet.
    """

    def __init__(self, path: Path, learner: str = "", new_id: str = "") -> None:
        self.path = path
        self.learner = learner
        self._new_id = new_id

    @cached_property
    def id(self) -> str:
        """What tells this ledger from all others; made, and written, when it is first asked for.

        Raises:
            LedgerError: the file cannot be read or written.
        """
        try:
            return self._read()[0]
        except FileNotFoundError:
            self._begin()
            return self._read()[0]

    @property
    def tags(self) -> dict[str, str]:
        """The tags that everything in this ledger carries."""
        return {LEDGER_TAG: self.id} | ({LEARNER_TAG: self.learner} if self.learner else {})

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What was written, each once, what was written last first.

        Raises:
            LedgerError: the file cannot be read.
        """
        try:
            _, entries = self._read()
        except FileNotFoundError:
            return ()
        return tuple(dict.fromkeys(reversed(entries)))

    def names(self, kind: Kind) -> list[str]:
        """Return the names of one kind, what was written last first."""
        return [entry.name for entry in self.entries if entry.kind == kind]

    def holds(self, kind: Kind, name: str, tags: Mapping[str, str]) -> bool:
        """Tell whether something that an account has is in this ledger: by its name, and by the ledger's tag.

        Args:
            kind: what it is.
            name: its name.
            tags: the tags that it carries.
        """
        return Entry(kind, name) in self.entries and tags.get(LEDGER_TAG) == self.id

    def write(self, entry: Entry) -> None:
        """Write down what is about to be made; on disk when this returns.

        Raises:
            LedgerError: the file cannot be written: do not make it.
        """
        _ = self.id
        try:
            with open(os.open(self.path, os.O_WRONLY | os.O_APPEND), "ab") as file:
                _put(file, _BETWEEN_LINES + json.dumps(asdict(entry)))
        except OSError as error:
            raise self._unusable(error.strerror) from error

    def claim(self, client: Any) -> None:
        """Be the ledger that `ledger_of` finds for a client.

        Args:
            client: a boto3 client, with which `note_creation` rides along.
        """
        _LEDGERS[client] = self

    def note_creation(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        """Write down what a call is about to make, and tag it: a hook of `before-parameter-build`.

        Raises:
            LedgerError: the file cannot be written: nothing is made then.
        """
        creation = _CREATIONS.get((model.service_model.service_name, model.name))
        if creation is None or not isinstance(params.get(creation[1]), str):
            return
        kind, named = creation
        self.write(Entry(kind, params[named]))
        if model.name in _TAGGED_WHEN_MADE:
            given = {tag["Key"]: tag["Value"] for tag in params.get("Tags", [])}
            params["Tags"] = [{"Key": key, "Value": value} for key, value in (given | self.tags).items()]

    def _begin(self) -> None:
        """Write the first line, whole or not at all; of two processes that begin at once, the first one's counts."""
        first = {"ledger": "iam-role-tutorial", "id": self._new_id or token_hex(6), "learner": self.learner}
        try:
            descriptor, temporary = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}-")
            try:
                with open(descriptor, "wb") as file:
                    _put(file, json.dumps(first))
                if HERE.hard_links:
                    os.link(temporary, self.path)
                elif not self.path.exists():
                    shutil.copyfile(temporary, self.path)
            except FileExistsError:
                pass
            finally:
                os.unlink(temporary)
        except OSError as error:
            raise self._unusable(error.strerror) from error

    def _read(self) -> tuple[str, list[Entry]]:
        """Read the id, and what was written, in order. A line that was cut off says nothing: it was not made."""
        try:
            first, *lines = self.path.read_text(encoding="utf-8").split(_BETWEEN_LINES)
            whole = [line for line in lines if not _was_cut_off(line)]
            return str(json.loads(first)["id"]), [Entry(**json.loads(line)) for line in whole]
        except FileNotFoundError:
            raise
        except OSError as error:
            raise self._unusable(error.strerror) from error
        except (ValueError, TypeError, LookupError) as error:
            raise self._unusable("it is damaged") from error

    def _unusable(self, why: str | None) -> LedgerError:
        return LedgerError(
            f"The ledger {self.path} cannot be used: {why}. Without it, nothing is made, for nothing could be found "
            "again for sure. Make the file and its folder writable; a damaged one, move away and keep: it lists what "
            "to look for in the account."
        )


def _was_cut_off(line: str) -> bool:
    """Tell whether a line is the beginning of an entry, as a write that failed leaves it; any other is damaged."""
    beginnings = [json.dumps(asdict(Entry(kind, "")))[:-2] for kind in get_args(Kind)]
    return "}" not in line and any(line.startswith(one) or one.startswith(line) for one in beginnings)


_LEDGERS: WeakKeyDictionary[Any, Ledger] = WeakKeyDictionary()


def ledger_of(client: Any) -> Ledger | None:
    """Return the ledger that a client writes into; None for a client that `open_account` did not give."""
    return _LEDGERS.get(client)


def tags_of(tagged: Mapping[str, Any]) -> dict[str, str]:
    """Return the tags in an answer of AWS's, by their keys."""
    tags: Iterable[Mapping[str, str]] = tagged.get("Tags") or tagged.get("TagSet") or ()
    return {tag["Key"]: tag["Value"] for tag in tags}


def _put(file: BinaryIO, text: str) -> None:
    """Write a text, whole and to the disk."""
    file.write(text.encode())
    file.flush()
    os.fsync(file.fileno())
