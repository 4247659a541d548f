"""How to reach a sandbox: its address, each account's administrator, and the state file that says so."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from helpers.secrecy import write_private

ACCOUNT_IDS = ("111122223333", "444455556666")
REGION = "us-east-1"


@dataclass(frozen=True)
class Administrator:
    """The identity that stands for the person in the console of an account."""

    account_id: str
    access_key_id: str = field(repr=False)
    secret_access_key: str = field(repr=False)

    @property
    def session_token(self) -> None:
        """Long-lived keys have none."""
        return None


@dataclass(frozen=True)
class Connection:
    """A sandbox's address and administrators, the tutorial's account first."""

    endpoint_url: str
    region: str
    accounts: tuple[Administrator, ...]
    instance: str = field(repr=False)

    def to_json(self) -> str:
        """Write one line of JSON, secrets included: for the state file, and for whoever started the sandbox."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Connection":
        """Read what `to_json` wrote.

        Raises:
            ValueError: The text is something else.
        """
        try:
            read = json.loads(text)
            accounts = tuple(Administrator(**account) for account in read.pop("accounts"))
            return cls(accounts=accounts, **read)
        except (TypeError, KeyError, AttributeError) as error:
            raise ValueError("This is no description of a sandbox.") from error


@dataclass(frozen=True)
class State:
    """What the state file says: which process the sandbox is, and how to reach it."""

    pid: int
    connection: Connection

    def write(self, path: Path) -> None:
        """Write the state file, for its owner alone."""
        state = {"pid": self.pid, "connection": json.loads(self.connection.to_json())}
        write_private(path, json.dumps(state))

    @classmethod
    def read(cls, path: Path) -> "State":
        """Read the state file.

        Raises:
            FileNotFoundError: There is none.
            ValueError: It is damaged.
        """
        try:
            read = json.loads(path.read_text(encoding="utf-8"))
            return cls(int(read["pid"]), Connection.from_json(json.dumps(read["connection"])))
        except (KeyError, TypeError) as error:
            raise ValueError(f"{path.name} is damaged.") from error
