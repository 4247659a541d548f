"""A learner with a home folder and an AWS configuration of their own, and a sandbox that plays their AWS account."""

import os
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest

from helpers.account import Account, open_account
from helpers.sandbox.outside.connection import Connection
from support.sandbox_clients import HERE, Signer, administrator


@dataclass(frozen=True)
class Learner:
    """Whose account is opened.

    Attributes:
        home: the home folder; its `.aws` holds the configuration.
        patch: sets environment variables, until the test ends.
    """

    home: Path
    patch: pytest.MonkeyPatch

    def export(self, **variables: str) -> None:
        """Sets environment variables, as `export` does."""
        for name, value in variables.items():
            self.patch.setenv(name, value)

    def export_key(self, signer: Signer) -> None:
        """Sets the environment variables that hold a key, and its token if it has one."""
        self.export(AWS_ACCESS_KEY_ID=signer.access_key_id, AWS_SECRET_ACCESS_KEY=signer.secret_access_key)
        if token := getattr(signer, "session_token", None):
            self.export(AWS_SESSION_TOKEN=token)

    def write(self, path: str, text: str) -> None:
        """Writes a file below the home folder."""
        file = self.home / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text), encoding="utf-8")


def learner_at(home: Path, patch: pytest.MonkeyPatch, connection: Connection | None = None) -> Learner:
    """A learner without any configuration, whose calls go to a sandbox, or to a port where nobody answers."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "IAM_TUTORIAL_")) or name == "CI"]:
        patch.delenv(name)
    learner = Learner(home, patch)
    address = connection.endpoint_url if connection else "http://127.0.0.1:9"
    learner.export(HOME=str(home), AWS_EC2_METADATA_DISABLED="true", AWS_ENDPOINT_URL=address)
    return learner


def open_own_account(learner: Learner, connection: Connection, *, prefix: str, number: str = HERE) -> Account:
    """Opens a sandbox as the learner's own account, as its administrator; the tutorial's files are in the home folder.

    Args:
        learner: whose account it is.
        connection: how to reach the sandbox.
        prefix: what the learner's names begin with.
        number: the account number that was typed; empty when none was.
    """
    learner.export_key(administrator(connection))
    learner.export(IAM_TUTORIAL_TARGET="aws", IAM_TUTORIAL_LEARNER=prefix, IAM_TUTORIAL_ACCOUNT=number)
    learner.export(IAM_TUTORIAL_FOLDER=str(learner.home / "accounts"))
    learner.patch.setattr("helpers.account.FOLDER", learner.home / "accounts")
    return open_account()
