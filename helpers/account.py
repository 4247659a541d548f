"""Open the account that the notebooks act in: the sandbox that they share, a private one, or the learner's own.

The choice is made here and nowhere else: everything after goes through boto3 and the AWS CLI, always the same way.
"""

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache, cached_property, partial
from pathlib import Path
from typing import Any

import boto3
import botocore.credentials
import botocore.session
from botocore.config import Config

from helpers.clients.calls import CallRecorder, Changes
from helpers.clients.clock import AwsClock, ClockMoved
from helpers.clients.credentials import Credentials, Keys
from helpers.clients.hooks import Hook, attach
from helpers.clients.read_once import ReadOnce
from helpers.clients.whole_answers import refuse_half_answer
from helpers.display import ToldInOneSentence
from helpers.inventory.ledger import Ledger
from helpers.own_account import home_profiles
from helpers.own_account.choice import AWS, FOLDER, SANDBOX, VARIABLES, Choice, read_choice
from helpers.own_account.guard import Guard
from helpers.own_account.home_files import HomeProfileError
from helpers.own_account.home_records import HomeProfile
from helpers.own_account.opening import CLIENT_CONFIG, OwnAccount, open_own_account
from helpers.place import HERE
from helpers.sandbox.outside.background import FOLDER as SANDBOX_FOLDER
from helpers.sandbox.outside.background import SandboxError, is_running, running_sandbox, shared_sandbox
from helpers.sandbox.outside.connection import Administrator, Connection
from helpers.sandbox.outside.reach import OverNetwork, Reach
from helpers.sandbox.outside.session import SandboxStopped
from helpers.secrecy import mask_tracebacks_and_logs
from helpers.sts import RenewingSession

PRIVATE = "private"
_PRIVATE_LEDGER = "0" * 12


class TargetError(ToldInOneSentence, ValueError):
    """The notebooks cannot act there: there is no such place, or no folder to keep its files in."""


@dataclass(frozen=True)
class Account:
    """An open account: where it is, who you are in it, and clients for its services.

    Attributes:
        description: what it is, in a few words.
        account_id: the account's 12 digits.
        region: the region of all clients.
        folder: where the tutorial keeps its files for this account: the CLI's configuration, the downloaded key, and
            the ledger.
        news: a sentence about what opening it did; empty when there is nothing to tell.
        practice: whether it is a sandbox, in which the tutorial may build, break, and move the clock unasked.
        learner: whose things are whose where several people share the account: what all names begin with.
        others: the other accounts that are yours too: the sandbox has a second one.
        changes: when something was changed in it, so far as its own clients know.
    """

    description: str
    account_id: str
    region: str
    folder: Path = field(repr=False)
    news: str = field(repr=False)
    practice: bool = field(repr=False)
    learner: str = field(default="", repr=False)
    others: tuple["Account", ...] = field(default=(), repr=False)
    changes: Changes = field(default_factory=Changes, init=False, repr=False, compare=False)
    _open_session: Callable[[], botocore.session.Session] = field(kw_only=True, repr=False)
    _session: boto3.Session = field(kw_only=True, repr=False)
    _clock: AwsClock = field(kw_only=True, repr=False)
    _config: Config = field(kw_only=True, repr=False)
    _reach: Reach | None = field(default=None, kw_only=True, repr=False)
    _own_endpoint_url: str | None = field(default=None, kw_only=True, repr=False)
    _administrator: Credentials | None = field(default=None, repr=False)
    _ledger_id: str = field(default="", repr=False)
    _confirmed: bool = field(default=True, repr=False)
    _clients: dict[tuple[str, Credentials | None], Any] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @cached_property
    def endpoint_url(self) -> str | None:
        """Where a program of its own reaches it; None for AWS's addresses, and those in your configuration."""
        return self._reach.address() if self._reach else self._own_endpoint_url

    @property
    def prefix(self) -> str:
        """What the names of roles, users and buckets begin with in this account; empty in a sandbox."""
        return f"{self.learner}-" if self.learner else ""

    def named(self, name: str) -> str:
        """Return a name as it is in this account: `tutorial-role`, or `anna-tutorial-role` where others work too."""
        return self.prefix + name

    @cached_property
    def ledger(self) -> Ledger:
        """What the tutorial made in this account, or was about to make."""
        return Ledger(self.folder / "ledger.jsonl", self.learner, self._ledger_id)

    @cached_property
    def guard(self) -> Guard | None:
        """What checks each call in your own account before it is sent; None in a sandbox."""
        return None if self.practice else Guard(self, confirmed=self._confirmed)

    @property
    def administrator(self) -> Credentials:
        """Who signs when nobody else is named: you, with the keys that are good at this moment."""
        return self._administrator or _frozen(self._session)

    def of(self, account_id: str) -> "Account | None":
        """Return the account with these 12 digits, if it is one of yours: this one, or one of the others."""
        return next((account for account in (self, *self.others) if account.account_id == account_id), None)

    def confirm(self, account_id: str) -> None:
        """Open your own account for changes, by its number; a sandbox is always open.

        Args:
            account_id: the number, typed; spaces and hyphens do not count.

        Raises:
            GuardError: it is another account's number.
        """
        if self.guard:
            self.guard.confirm(account_id)

    def client(self, service: str, credentials: Credentials | None = None) -> Any:
        """Return a boto3 client in this account.

        Args:
            service: its name in boto3, such as "iam".
            credentials: who signs the calls; the account's administrator when left out. A renewing session
                renews itself when a call finds it about to end.
        """
        signer = credentials or self._administrator
        if (service, signer) not in self._clients:
            self._clients[service, signer] = self._new_client(service, signer)
        return self._clients[service, signer]

    def now(self) -> datetime:
        """Return the time by AWS's own clock, as its last answer told it."""
        return self._clock.now()

    def advance_clock(self, seconds: float) -> ClockMoved:
        """Move the sandbox's clock forward, so that a session's end need not be waited for.

        Args:
            seconds: how far; the clock never goes back.

        Returns:
            Whether it was moved, in words: the clock of AWS itself cannot be.

        Raises:
            ValueError: the seconds are negative.
            SandboxError: the sandbox does not answer any more.
        """
        if self._reach is None:
            return ClockMoved(None)
        key = self.administrator
        credentials = botocore.credentials.Credentials(key.access_key_id, key.secret_access_key)
        self._clock.set(datetime.fromisoformat(self._reach.advance(credentials, seconds)))
        return ClockMoved(seconds)

    def reached_from_here(self) -> AbstractContextManager[None]:
        """Within it, any session of botocore's that is made in this process reaches the account at its endpoint."""
        return self._reach.from_here() if self._reach else nullcontext()

    def check_alive(self) -> None:
        """Do nothing where AWS answers.

        Raises:
            SandboxStopped: this is a sandbox; it is asked when a call had no answer.
        """
        if self.practice:
            raise SandboxStopped

    def _new_client(self, service: str, credentials: Credentials | None) -> Any:
        session, keys = self._session, dict[str, Any]()
        if isinstance(credentials, RenewingSession):
            own = self._open_session()
            own.register_component("credential_provider", credentials)
            session = boto3.Session(botocore_session=own)
        elif credentials:
            keys = {
                "aws_access_key_id": credentials.access_key_id,
                "aws_secret_access_key": credentials.secret_access_key,
                "aws_session_token": credentials.session_token,
            }
        client: Any = session.client(
            service,  # type: ignore[call-overload]
            region_name=self.region,
            endpoint_url=self._reach.connection.endpoint_url if self._reach else None,
            config=self._config,
            **keys,
        )
        attach(client, self._hooks(credentials))
        self.ledger.claim(client)
        return client

    def _hooks(self, signer: Credentials | None) -> Iterable[Hook]:
        """List what rides along with each client; a call is guarded before it is noted, and noted before it is sent."""
        recorder, memory = CallRecorder(self, signer, self.region), ReadOnce(signer or self.account_id)
        if self.guard:
            yield Hook("before-parameter-build", self.guard.check_call, is_first=True)
        yield Hook("before-parameter-build", recorder.note)
        yield Hook("before-parameter-build", self.ledger.note_creation)
        yield Hook("before-call", memory.recall)
        yield Hook("before-parse", refuse_half_answer)
        yield Hook("response-received", memory.remember)
        yield Hook("after-call", self._clock.hear)
        yield Hook("after-call", recorder.keep)


def _frozen(session: boto3.Session) -> Credentials:
    """Return the keys of a session's credentials as they are now, renewed where they have to be."""
    credentials: Any = session.get_credentials()
    keys = credentials.get_frozen_credentials()
    return Keys(keys.access_key, keys.secret_key, keys.token)


def open_account(target: str | None = None) -> Account:
    """Open the account that the tutorial acts in.

    A sandbox neither uses nor changes your own AWS configuration. Your own account is opened with the credentials
    that boto3 finds; nothing in it is changed before you have typed its number.

    Args:
        target: "sandbox", shared by all notebooks of this checkout and started when first needed; "private", inside
            this process, with ids that are the same every time, gone when it ends; or "aws", your own account. When
            left out, the environment variable IAM_TUTORIAL_TARGET decides, then what notebook 00's form saved, and
            without either, "sandbox".

    Raises:
        TargetError: there is no such target.
        SandboxError: the sandbox cannot be started; the message says what to do.
        OwnAccountError: your own account cannot be opened; the message says why, and what to do.
    """
    mask_tracebacks_and_logs()
    choice = read_choice() if target in (None, AWS) else Choice(str(target))
    target = target or choice.target
    if target not in (SANDBOX, PRIVATE, AWS):
        wanted = f'choose "{SANDBOX}", "{PRIVATE}" or "{AWS}", in open_account() or {VARIABLES["target"]}'
        raise TargetError(f'There is no target "{target}": {wanted}.')
    if target == AWS:
        if not HERE.own_account:
            raise TargetError("In a browser there is the sandbox alone: your own AWS account is out of reach.")
        return _own_account(choice)
    if target == PRIVATE or not HERE.processes:
        from helpers.sandbox.in_process import private_sandbox  # start-up time: 0.6 s, moto's

        return sandbox_account(private_sandbox(), _private_folder(), "", ledger_id=_PRIVATE_LEDGER)
    shared = shared_sandbox()
    return sandbox_account(shared.connection, shared.folder, _with_what_is_left_behind(shared.news))


def _with_what_is_left_behind(news: str) -> str:
    """Add to the news of a new sandbox what an earlier one left in the learner's own files."""
    try:
        left = [profile.name for profile in list_left_behind()] if news else []
    except HomeProfileError as error:
        return f"{news} {error}"
    if not left:
        return news
    profiles = f"the profile{'s' if len(left) > 1 else ''} {' and '.join(left)}"
    return (
        f"{news} An earlier one left {profiles} in your own AWS files: `make clean-up` or notebook 07 takes that out."
    )


def open_sandbox() -> Account:
    """Open a sandbox, whatever account was chosen: for lessons that break things on purpose.

    Raises:
        SandboxError: the sandbox cannot be started; the message says what to do.
    """
    if read_choice().target != AWS:
        return open_account()
    account = open_account(SANDBOX)
    news = f"This notebook works in the sandbox, whatever account you chose. {account.news}"
    return replace(account, news=news.strip())


def sandbox_is_off() -> bool:
    """Tell whether the chosen account is the shared sandbox, and it is not running: so it has nothing. Starts none."""
    try:
        return read_choice().target == SANDBOX and not running_sandbox(SANDBOX_FOLDER)
    except SandboxError:
        return True


def list_left_behind() -> list[HomeProfile]:
    """Find the profiles in your own AWS files that lead to a sandbox which is gone, the last one first.

    Raises:
        HomeProfileError: a file cannot be read.
    """
    return home_profiles.list_left_behind(is_running)


def open_for_reading(profile: str = "", region: str = "") -> Account:
    """Open your own account to look into it, with boto3's own chain of credentials; no change goes through.

    Args:
        profile: a profile of your AWS configuration; boto3's choice when left out.
        region: a region; the profile's when left out.

    Raises:
        OwnAccountError: it cannot be opened; the message says why, and what to do.
    """
    mask_tracebacks_and_logs()
    choice = Choice(AWS, profile=profile, region=region, learner="reader")
    return _own_account_in(open_own_account(choice, reads_only=True), choice)


def _own_account(choice: Choice) -> Account:
    own = open_own_account(choice)
    folder = FOLDER / own.account_id
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        message = f"The tutorial's files for account {own.account_id} cannot be kept in {FOLDER} ({error.strerror})."
        raise TargetError(f"{message} Make that folder writable, or set IAM_TUTORIAL_FOLDER to another.") from error
    return _own_account_in(own, choice)


def _own_account_in(own: OwnAccount, choice: Choice) -> Account:
    return Account(
        description=", ".join(filter(None, ("Your own AWS", own.alias))),
        account_id=own.account_id,
        region=own.region,
        folder=FOLDER / own.account_id,
        news="",
        practice=False,
        learner=own.learner,
        _own_endpoint_url=own.endpoint_url,
        _open_session=partial(botocore.session.Session, profile=choice.profile or None),
        _session=own.session,
        _clock=AwsClock(),
        _config=CLIENT_CONFIG,
        _confirmed=bool(choice.account_id),
    )


def sandbox_account(sandbox: Connection | Reach, folder: Path, news: str = "", *, ledger_id: str = "") -> Account:
    """Return the tutorial's account in a sandbox.

    Args:
        sandbox: how to reach the sandbox.
        folder: where the tutorial keeps its files for it.
        news: a sentence about what opening it did.
        ledger_id: the id of a ledger that is not there yet; one of its own when left out.
    """
    reach = sandbox if isinstance(sandbox, Reach) else OverNetwork(sandbox)
    clock, session = AwsClock(), boto3.Session(botocore_session=reach.open_session())

    def opened(administrator: Administrator, others: tuple[Account, ...] = ()) -> Account:
        return Account(
            description="Sandbox: a pretend AWS on this machine",
            account_id=administrator.account_id,
            region=reach.connection.region,
            folder=folder,
            news=news,
            practice=True,
            others=others,
            _open_session=reach.open_session,
            _session=session,
            _config=Config(retries={"mode": "standard"}, proxies={}),
            _reach=reach,
            _administrator=administrator,
            _ledger_id=ledger_id,
            _clock=clock,
        )

    first, *others = reach.connection.accounts
    return opened(first, tuple(map(opened, others)))


@cache
def _private_folder() -> Path:
    """Return a folder that goes when this process goes."""
    folder = tempfile.mkdtemp(prefix="iam-tutorial-")
    if HERE.processes:
        _remove_at_the_end_of_this_process(folder)
    return Path(folder)


@cache  # which keeps it, and so its standard input open
def _remove_at_the_end_of_this_process(folder: str) -> subprocess.Popen[bytes]:
    """Have another process wait for the end of this one, which may be killed, as Jupyter kills its kernels.

    The other's standard input ends with this process.
    """
    remove = "import shutil, sys; sys.stdin.read(); shutil.rmtree(sys.argv[1])"
    return subprocess.Popen([sys.executable, "-ISc", remove, folder], stdin=subprocess.PIPE, start_new_session=True)
