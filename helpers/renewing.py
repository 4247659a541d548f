"""A role session for code that runs longer than a session lasts: it renews itself before it ends."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from botocore.credentials import RefreshableCredentials

from helpers.display import Rows, Shown, mask
from helpers.sts import RoleSession, assume_role

if TYPE_CHECKING:
    from types_boto3_sts import STSClient


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
        """Gives a botocore session, of which this is the component `credential_provider`, what signs its calls."""
        return self._credentials

    def title(self) -> str:
        """The session's ARN."""
        return f"Renewing session {self.arn}"

    def rows(self) -> Rows:
        """The key of the moment, masked, its end, and how often it was renewed."""
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
    """Assumes a role, and again before each session ends, for as long as the role trusts the caller.

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
