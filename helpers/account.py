"""Opens the account that the notebooks act in: the sandbox that they share, or a private one.

The choice is made here and nowhere else: everything after goes through boto3 and the AWS CLI, always the same way.
"""

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import boto3
import botocore.credentials
import botocore.loaders
import botocore.session
from botocore.config import Config
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES, ConstantProvider
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError

from helpers.asked import remember_calls
from helpers.display import ToldInOneSentence
from helpers.sandbox.connection import Administrator, Connection
from helpers.tracebacks import mask_tracebacks_and_logs

TARGET_VARIABLE = "IAM_TUTORIAL_TARGET"
TARGETS = ("sandbox", "private")


class Credentials(Protocol):
    """What signs a call: an access key, or a role session's temporary key with its token."""

    @property
    def access_key_id(self) -> str:
        """Whose key it is."""

    @property
    def secret_access_key(self) -> str:
        """What signs."""

    @property
    def session_token(self) -> str | None:
        """What goes with a temporary key; None for a long-lived one."""


class SandboxStopped(ToldInOneSentence, ConnectionError):
    """The sandbox does not answer any more; the message says how to go on."""

    def __init__(self) -> None:
        super().__init__(
            "The sandbox has stopped, and what was in it is gone. "
            "Run this notebook again from its first cell: that starts a new one."
        )


@dataclass(frozen=True)
class Account:
    """An open account: where it is, who you are in it, and clients for its services.

    Attributes:
        target: "sandbox" or "private".
        account_id: the account's 12 digits.
        region: the region of all clients.
        endpoint_url: where the calls go.
        folder: where the tutorial keeps its files for this account: the CLI's configuration, the downloaded key.
        news: a sentence about what opening it did; empty when there is nothing to tell.
        administrator: who signs when nobody else is named: you.
        others: the other accounts that are yours too: the sandbox has a second one.
    """

    target: str
    account_id: str
    region: str
    endpoint_url: str = field(repr=False)
    folder: Path = field(repr=False)
    news: str = field(repr=False)
    administrator: Administrator = field(repr=False)
    _session: boto3.Session = field(repr=False)
    others: tuple["Account", ...] = field(default=(), repr=False)
    _clients: dict[tuple[str | None, ...], Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def of(self, account_id: str) -> "Account | None":
        """The account with these 12 digits, if it is one of yours: this one, or one of the others."""
        return next((account for account in (self, *self.others) if account.account_id == account_id), None)

    def client(self, service: str, credentials: Credentials | None = None) -> Any:
        """A boto3 client in this account.

        Args:
            service: its name in boto3, such as "iam".
            credentials: who signs the calls; the account's administrator when left out.
        """
        signer = credentials or self.administrator
        made_for = (service, signer.access_key_id, signer.secret_access_key, signer.session_token)
        if made_for not in self._clients:
            self._clients[made_for] = self._new_client(service, signer)
        return self._clients[made_for]

    def advance_clock(self, seconds: float) -> None:
        """Moves the sandbox's clock forward, so that a session's end need not be waited for.

        Args:
            seconds: how far; the clock never goes back.

        Raises:
            ValueError: the seconds are negative.
            SandboxError: the sandbox does not answer any more.
        """
        from helpers.sandbox.control import advance_clock

        key = self.administrator
        credentials = botocore.credentials.Credentials(key.access_key_id, key.secret_access_key)
        advance_clock(self.endpoint_url, credentials, seconds)

    def _new_client(self, service: str, credentials: Credentials) -> Any:
        client = self._session.client(
            service,  # type: ignore[call-overload]
            region_name=self.region,
            endpoint_url=self.endpoint_url,
            config=Config(retries={"mode": "standard"}, proxies={}),
            aws_access_key_id=credentials.access_key_id,
            aws_secret_access_key=credentials.secret_access_key,
            aws_session_token=credentials.session_token,
        )
        remember_calls(client, access_key_id=credentials.access_key_id)
        return client


def open_account(target: str | None = None) -> Account:
    """Opens the account that the tutorial acts in. Your own AWS configuration is neither read nor touched.

    Args:
        target: "sandbox", shared by all notebooks of this checkout and started when first needed; or "private",
            inside this process, with ids that are the same every time, gone when it ends. When left out, the
            environment variable IAM_TUTORIAL_TARGET decides, and without it, "sandbox".

    Raises:
        ValueError: there is no such target.
        SandboxError: the sandbox cannot be started; the message says what to do.
    """
    mask_tracebacks_and_logs()
    target = target or os.environ.get(TARGET_VARIABLE) or TARGETS[0]
    if target not in TARGETS:
        known = " or ".join(f'"{name}"' for name in TARGETS)
        raise ValueError(f'There is no target "{target}": choose {known}, in open_account() or {TARGET_VARIABLE}.')
    if target == "private":
        from helpers.sandbox.server import private_sandbox

        return _account(target, private_sandbox(), _private_folder()[0], "")
    from helpers.sandbox.background import shared_sandbox

    shared = shared_sandbox()
    return _account(target, shared.connection, shared.folder, shared.news)


def _account(target: str, connection: Connection, folder: Path, news: str) -> Account:
    session = boto3.Session(botocore_session=_session_of_its_own())

    def opened(administrator: Administrator, others: tuple[Account, ...] = ()) -> Account:
        return Account(
            target=target,
            account_id=administrator.account_id,
            region=connection.region,
            endpoint_url=connection.endpoint_url,
            folder=folder,
            news=news,
            administrator=administrator,
            others=others,
            _session=session,
        )

    first, *others = connection.accounts
    return opened(first, tuple(map(opened, others)))


def _session_of_its_own() -> botocore.session.Session:
    """A botocore session that reads no AWS_… variable and no file under ~/.aws, broken or not."""
    session = botocore.session.Session()
    session.register_component("data_loader", _models())
    files = {"config_file": os.devnull, "credentials_file": os.devnull}
    settings = session.get_component("config_store")
    for name, (_, _, default, _) in BOTOCORE_DEFAUT_SESSION_VARIABLES.items():
        settings.set_config_provider(name, ConstantProvider(files.get(name, default)))
    session.register("needs-retry", _tell_that_the_sandbox_stopped)
    return session


@cache
def _models() -> botocore.loaders.Loader:
    """The service models, read once for all sessions: IAM's alone takes a tenth of a second."""
    return botocore.loaders.create_loader()


def _tell_that_the_sandbox_stopped(caught_exception: BaseException | None = None, **_: Any) -> None:
    if isinstance(caught_exception, (EndpointConnectionError, ConnectionClosedError)):
        raise SandboxStopped from None


@cache
def _private_folder() -> tuple[Path, subprocess.Popen[bytes]]:
    """A folder that goes when this process goes, even when it is killed, as Jupyter kills its kernels.

    Another process waits for that: its standard input ends with this process.
    """
    folder = tempfile.mkdtemp(prefix="iam-tutorial-")
    remove = "import shutil, sys; sys.stdin.read(); shutil.rmtree(sys.argv[1])"
    waiting = subprocess.Popen([sys.executable, "-ISc", remove, folder], stdin=subprocess.PIPE, start_new_session=True)
    return Path(folder), waiting
