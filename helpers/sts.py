"""Who am I, assuming a role, and a session that renews itself: the STS steps of the tutorial, with boto3."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.credentials import RefreshableCredentials
from typing_extensions import override

from helpers.arns import check_arn, check_name
from helpers.clients.clock import answered_at
from helpers.display import Rows, Shown
from helpers.secrecy import mask

if TYPE_CHECKING:
    from types_boto3_sts import STSClient


@dataclass(frozen=True, repr=False)
class Identity(Shown):
    """Whose credentials sign the calls.

    Attributes:
        account_id: the account's 12 digits.
        arn: the user's ARN, or the role session's.
        user_id: the unique id: `AIDA…` of a user, `AROA…:session` of a role session.
    """

    account_id: str
    arn: str
    user_id: str

    @override
    def title(self) -> str:
        return f"You are {self.arn}"

    @override
    def rows(self) -> Rows:
        return [("Account", self.account_id), ("Unique id", self.user_id)]


@dataclass(frozen=True, repr=False)
class RoleSession(Shown):
    """A role that was assumed: temporary credentials, and whom they stand for.

    Attributes:
        arn: `arn:aws:sts::…:assumed-role/role/session`.
        access_key_id: the temporary key's id (`ASIA…`), shown masked.
        secret_access_key: never shown.
        session_token: never shown; without it, the key is worth nothing.
        expires: when the credentials end.
        given: when AWS gave them, by its own clock.
    """

    arn: str
    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(repr=False)
    expires: datetime
    given: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def minutes_left(self) -> int:
        """How long the credentials were good for when they were given, in minutes, rounded."""
        return round((self.expires - self.given).total_seconds() / 60)

    @override
    def title(self) -> str:
        return f"Session {self.arn}"

    @override
    def rows(self) -> Rows:
        return [
            ("Access key ID", mask(self.access_key_id)),
            ("Secret access key", "*" * 20),
            ("Session token", "*" * 20),
            ("Expires", f"in {self.minutes_left} minutes"),
        ]


def who_am_i(sts: "STSClient") -> Identity:
    """Ask AWS whose credentials sign the calls of this client. Always allowed, to everyone.

    Raises:
        ClientError: `InvalidClientTokenId`, `SignatureDoesNotMatch` or `ExpiredToken`: the credentials are no good.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
    """
    answer = sts.get_caller_identity()
    return Identity(answer["Account"], answer["Arn"], answer["UserId"])


def assume_role(
    sts: "STSClient",
    *,
    role_arn: str,
    session_name: str,
    duration_seconds: int = 3600,
    external_id: str | None = None,
) -> RoleSession:
    """Assume a role: trades the client's credentials for temporary ones of the role.

    Args:
        sts: an STS client, signed by whoever wants to assume the role.
        role_arn: the role.
        session_name: 2 to 64 characters that will name the session in the role's logs.
        duration_seconds: 900 up to the role's own maximum (3600 unless it was raised).
        external_id: the word that the role's trust policy asks for, if it does.

    Raises:
        ValueError: the ARN is no role's, or the session's name cannot be one.
        ClientError: `AccessDenied`: the role does not trust the caller, or the caller may not ask.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
    """
    check_arn(role_arn, "role")
    check_name(session_name, "session")
    optional: Any = {"ExternalId": external_id} if external_id is not None else {}
    answer = sts.assume_role(
        RoleArn=role_arn, RoleSessionName=session_name, DurationSeconds=duration_seconds, **optional
    )
    credentials = answer["Credentials"]
    return RoleSession(
        arn=answer["AssumedRoleUser"]["Arn"],
        access_key_id=credentials["AccessKeyId"],
        secret_access_key=credentials["SecretAccessKey"],
        session_token=credentials["SessionToken"],
        expires=credentials["Expiration"],
        given=answered_at(answer),
    )


class RenewingSession(Shown):
    """A role that is assumed anew whenever the last session is about to end.

    Clients of `account.client(service, session)` sign with the credentials of the moment. botocore renews them when a
    call is made in their last 15 minutes; should AWS refuse then, the call goes on with the old ones. In the last 10
    minutes, and after the end, it is AWS's refusal that the call raises.

    Attributes:
        renewals: how often it was renewed so far.
    """

    def __init__(self, assume: Callable[[], RoleSession], now: Callable[[], datetime]) -> None:
        self.renewals = 0
        self._assume, self._now, self._latest = assume, now, assume()
        self._credentials = RefreshableCredentials(
            access_key=self._latest.access_key_id,
            secret_key=self._latest.secret_access_key,
            token=self._latest.session_token,
            expiry_time=self._latest.expires,
            refresh_using=self._renew,
            method="assume-role",
            time_fetcher=now,
        )

    @property
    def arn(self) -> str:
        """The session's ARN, which renewing does not change."""
        return self._latest.arn

    @property
    def expires(self) -> datetime:
        """When the credentials of the moment end."""
        return self._latest.expires

    @property
    def access_key_id(self) -> str:
        """The temporary key's id, of a new key where that is due."""
        return self._due().access_key_id

    @property
    def secret_access_key(self) -> str:
        """What signs, of a new key where that is due."""
        return self._due().secret_access_key

    @property
    def session_token(self) -> str:
        """What goes with the temporary key, a new one where that is due."""
        return self._due().session_token

    def load_credentials(self) -> RefreshableCredentials:
        """Give a botocore session, of which this is the component `credential_provider`, what signs its calls."""
        return self._credentials

    @override
    def title(self) -> str:
        return f"Renewing session {self.arn}"

    @override
    def rows(self) -> Rows:
        left = round((self.expires - self._now()).total_seconds() / 60)
        return [
            ("Access key ID", mask(self._latest.access_key_id)),
            ("Expires", f"in {left} minutes" if left > 0 else "it has ended; the next call renews it"),
            ("Renewed", {0: "not yet", 1: "once"}.get(self.renewals, f"{self.renewals} times")),
        ]

    def _due(self) -> RoleSession:
        self._credentials.get_frozen_credentials()
        return self._latest

    def _renew(self) -> dict[str, str]:
        self._latest = self._assume()
        self.renewals += 1
        return {
            "access_key": self._latest.access_key_id,
            "secret_key": self._latest.secret_access_key,
            "token": self._latest.session_token,
            "expiry_time": self._latest.expires.isoformat(),
        }


def renewing_session(
    sts: "STSClient",
    *,
    role_arn: str,
    session_name: str,
    now: Callable[[], datetime],
    duration_seconds: int = 3600,
) -> RenewingSession:
    """Assume a role, and again before each session ends, for as long as the role trusts the caller.

    Args:
        sts: an STS client, signed by whoever wants to assume the role.
        role_arn: the role.
        session_name: 2 to 64 characters that will name the sessions in the role's logs.
        now: tells AWS's time: `account.now`.
        duration_seconds: how long each session lasts: 900 up to the role's own maximum. One of 900 is always in its
            last 15 minutes, and renewed at every call.

    Raises:
        ValueError: the ARN is no role's, or the session's name cannot be one.
        ClientError: `AccessDenied`: the role does not trust the caller, or the caller may not ask. A client of the
            session raises it too, when it is refused at renewing.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
    https://docs.aws.amazon.com/boto3/latest/guide/credentials.html
    """

    def assume() -> RoleSession:
        return assume_role(sts, role_arn=role_arn, session_name=session_name, duration_seconds=duration_seconds)

    return RenewingSession(assume, now)
