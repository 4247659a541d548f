"""Who is calling: whose access key or session signed a request, and whether the signature is theirs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from helpers.evaluation.decisions import Policy
from helpers.evaluation.statements import Principal
from helpers.sandbox.errors import CredentialProblem, credential_error, not_implemented
from helpers.sandbox.moto_adapter.accounts import role_by_id, user_by_access_key, user_by_arn
from helpers.sandbox.moto_adapter.additions import note_key_use, note_role_use
from helpers.sandbox.moto_adapter.types import Request, Role, ServiceModel, User
from helpers.sandbox.request.signature import Signature, check_date, check_headers, check_payload, is_signed_with

NEED_NO_SIGNATURE = ("AssumeRoleWithSAML", "AssumeRoleWithWebIdentity")
NO_PROVIDERS = "it trusts no provider of identities"


@dataclass(frozen=True)
class Session:
    """Temporary credentials and whom they stand for: a role that was assumed, a user, or whom a user federated.

    Attributes:
        owner_arn: The ARN of the user or role whose policies count: the session ends with it.
    """

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(repr=False)
    issued: datetime
    expires: datetime
    principal: Principal
    owner_arn: str
    name: str = ""
    policies: tuple[Policy, ...] | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    transitive_tag_keys: tuple[str, ...] = ()
    source_identity: str | None = None
    mfa_at: datetime | None = None

    @property
    def transitive_tags(self) -> dict[str, str]:
        """The tags that go on to the sessions of roles that this session assumes."""
        return {key: value for key, value in self.tags.items() if key in self.transitive_tag_keys}


@dataclass(frozen=True)
class Caller:
    """Who made a request, with the secret that its signature must have been made with.

    Attributes:
        entity: Who has the caller's policies; None for an anonymous caller, who has no credentials at all.
    """

    principal: Principal
    secret_access_key: str = field(repr=False)
    entity: User | Role | None
    session: Session | None = None

    @property
    def user_id(self) -> str:
        """The unique id as GetCallerIdentity shows it: `AIDA…`, `AROA…:session`, or `account:federated user`."""
        if self.is_federated:
            return f"{self.principal.account_id}:{self.principal.arn.rpartition('/')[2]}"
        if self.session and self.is_role:
            return f"{self.principal.unique_id}:{self.session.name}"
        return self.principal.unique_id

    @property
    def is_role(self) -> bool:
        """Whether this is a session of a role."""
        return self.principal.role_arn is not None

    @property
    def is_federated(self) -> bool:
        """Whether this is a federated user, from GetFederationToken."""
        return ":federated-user/" in self.principal.arn


def user_principal(user: User) -> Principal:
    """Describe a user as policies see it."""
    return Principal(arn=user.arn, account_id=user.account_id, unique_id=user.id)


def role_session_principal(role: Role, session_name: str) -> Principal:
    """Describe a session of a role as policies see it."""
    return Principal(
        arn=f"arn:aws:sts::{role.account_id}:assumed-role/{role.name}/{session_name}",
        account_id=role.account_id,
        unique_id=role.id,
        role_arn=role.arn,
    )


def authenticate(
    request: Request,
    signature: Signature | None,
    service: ServiceModel,
    sessions: Mapping[str, Session],
    now: datetime,
    age: Callable[[datetime], timedelta],
) -> Caller:
    """Find who signed a request, and refuse it unless it was signed with their secret, lately, as it is.

    Raises:
        AwsError: There is no signature and the service wants one, the credentials are not good, or the signature is
            wrong or too old.
    """
    if signature is None:
        return _anonymous_caller(request, service)
    caller = _identify(signature, sessions, service, now)
    if not is_signed_with(request, signature, caller.secret_access_key):
        raise credential_error("wrong signature", service)
    check_headers(request, signature)
    check_payload(request)
    check_date(signature, datetime.now(UTC), age)
    return caller


def note_use(caller: Caller, signature: Signature, now: datetime) -> None:
    """Keep that a user's key, or a role, made a call: it counts even when the call is refused.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html#Using_access-keys-last-used
    """
    if caller.session is None:
        note_key_use(signature.access_key_id, now, signature.service, signature.region)
    elif caller.principal.role_arn:
        note_role_use(caller.principal.role_arn, now, signature.region)


def _anonymous_caller(request: Request, service: ServiceModel) -> Caller:
    """Tell who sends a request without a signature: S3 lets in whom a bucket policy lets in, nobody else does.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-bucket-policies.html
    """
    action = request.values.get("Action") if service.service_name == "sts" else None
    if action in NEED_NO_SIGNATURE:
        raise not_implemented(f"sts:{action}", NO_PROVIDERS)
    if service.service_name != "s3":
        raise credential_error("no credentials", service)
    return Caller(Principal(arn="arn:aws:iam:::anonymous", account_id="", unique_id="anonymous"), "", None)


def _identify(signature: Signature, sessions: Mapping[str, Session], service: ServiceModel, now: datetime) -> Caller:
    """Find whose access key a request was signed with. The signature itself is checked afterwards."""
    session = sessions.get(signature.access_key_id)
    if session:
        return _identify_session(session, signature, service, sessions, now)
    found = user_by_access_key(signature.access_key_id)
    if not found or found[1].status != "Active":
        raise credential_error("unknown key", service)
    if signature.session_token:
        raise credential_error(_fault_of_token(signature.session_token, sessions, now), service)
    user, key = found
    return Caller(user_principal(user), key.secret_access_key, user)


def _fault_of_token(token: str, sessions: Mapping[str, Session], now: datetime) -> CredentialProblem:
    """Tell what is wrong with a token that does not go with its key: AWS sees first whether it has expired.

    A token that was left over from a session beside a long-term key, as in a profile, becomes one that has expired.
    """
    owner = next((session for session in sessions.values() if session.session_token == token), None)
    return "expired" if owner and now >= owner.expires else "wrong token"


def _identify_session(
    session: Session, signature: Signature, service: ServiceModel, sessions: Mapping[str, Session], now: datetime
) -> Caller:
    if not signature.session_token:
        raise credential_error("unknown key", service)
    if signature.session_token != session.session_token:
        raise credential_error(_fault_of_token(signature.session_token, sessions, now), service)
    if now >= session.expires:
        raise credential_error("expired", service)
    if service.service_name == "iam" and not session.principal.role_arn and not session.mfa_at:
        raise credential_error("session without MFA", service)
    principal = session.principal
    entity: User | Role | None
    if principal.role_arn:
        entity = role_by_id(principal.account_id, principal.unique_id)
    else:
        entity = user_by_arn(session.owner_arn)
    if entity is None or entity.id != session.principal.unique_id:
        raise credential_error("wrong token", service)
    return Caller(session.principal, session.secret_access_key, entity, session)
