"""Who am I, and assuming a role: the STS steps of the tutorial, with boto3."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from helpers.arns import check_arn, check_name
from helpers.display import Rows, Shown, mask

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

    def title(self) -> str:
        """The ARN."""
        return f"You are {self.arn}"

    def rows(self) -> Rows:
        """The account and the unique id."""
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

    def title(self) -> str:
        """The session's ARN."""
        return f"Session {self.arn}"

    def rows(self) -> Rows:
        """The credentials, masked, and their end."""
        return [
            ("Access key ID", mask(self.access_key_id)),
            ("Secret access key", "*" * 20),
            ("Session token", "*" * 20),
            ("Expires", f"in {self.minutes_left} minutes"),
        ]


def who_am_i(sts: "STSClient") -> Identity:
    """Asks AWS whose credentials sign the calls of this client. Always allowed, to everyone.

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
    """Assumes a role: trades the client's credentials for temporary ones of the role.

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


def answered_at(answer: Mapping[str, Any]) -> datetime:
    """When AWS gave an answer, by its own clock: its `Date`.

    Args:
        answer: what a boto3 call returned.
    """
    return parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
