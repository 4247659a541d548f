"""Who is calling: access keys and sessions, and the policies that bear on whoever they belong to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from helpers.decisions import Policies, Policy, Principal
from helpers.sandbox import moto_seam
from helpers.sandbox.errors import credential_error
from helpers.sandbox.moto_seam import Role, ServiceModel, User
from helpers.sandbox.signature import Signature


@dataclass(frozen=True)
class Session:
    """Temporary credentials and whom they stand for: a role that was assumed, or a user's own session token."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(repr=False)
    expires: datetime
    principal: Principal
    name: str = ""
    policies: tuple[Policy, ...] | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    transitive_tag_keys: tuple[str, ...] = ()
    source_identity: str | None = None
    mfa_at: datetime | None = None


@dataclass(frozen=True)
class Caller:
    """Who made a request, with the secret that its signature must have been made with."""

    principal: Principal
    secret_access_key: str = field(repr=False)
    entity: User | Role
    session: Session | None = None

    @property
    def user_id(self) -> str:
        """The unique id as GetCallerIdentity shows it: `AIDA…`, or `AROA…:session`."""
        is_role_session = self.session is not None and self.principal.role_arn is not None
        return (
            f"{self.principal.unique_id}:{self.session.name}"
            if self.session and is_role_session
            else self.principal.unique_id
        )


def user_principal(user: User) -> Principal:
    """A user as policies see it."""
    return Principal(arn=user.arn, account_id=user.account_id, unique_id=user.id)


def role_session_principal(role: Role, session_name: str) -> Principal:
    """A session of a role as policies see it."""
    return Principal(
        arn=f"arn:aws:sts::{role.account_id}:assumed-role/{role.name}/{session_name}",
        account_id=role.account_id,
        unique_id=role.id,
        role_arn=role.arn,
    )


def identify(signature: Signature, sessions: Mapping[str, Session], service: ServiceModel, now: datetime) -> Caller:
    """Finds whose access key a request was signed with. The signature itself is checked afterwards.

    Raises:
        AwsError: no such key, an inactive one, a session's key without its token, or an expired session.
    """
    session = sessions.get(signature.access_key_id)
    if session:
        return _identify_session(session, signature, service, now)
    found = moto_seam.user_by_access_key(signature.access_key_id)
    if not found or found[1].status != "Active":
        raise credential_error("unknown key", service)
    if signature.session_token:
        raise credential_error("wrong token", service)
    user, key = found
    return Caller(user_principal(user), key.secret_access_key, user)


def _identify_session(session: Session, signature: Signature, service: ServiceModel, now: datetime) -> Caller:
    if not signature.session_token:
        raise credential_error("unknown key", service)
    if signature.session_token != session.session_token:
        raise credential_error("wrong token", service)
    if now >= session.expires:
        raise credential_error("expired", service)
    if service.service_name == "iam" and not session.principal.role_arn and not session.mfa_at:
        raise credential_error("wrong token", service)  # IAM takes a user's session only where MFA was done
    entity = _entity_of(session)
    if entity is None or entity.id != session.principal.unique_id:
        raise credential_error("wrong token", service)
    return Caller(session.principal, session.secret_access_key, entity, session)


def _entity_of(session: Session) -> User | Role | None:
    principal = session.principal
    if principal.role_arn:
        return moto_seam.role_by_arn(principal.role_arn)
    return moto_seam.user_by_arn(principal.arn)


def policies_of(entity: User | Role, session: Session | None) -> Policies:
    """All policies on the caller's own side: identity policies, boundary, session policies."""
    identity = tuple(Policy(source, document) for source, document in moto_seam.identity_documents(entity))
    return Policies(
        identity=identity,
        boundary=_boundary_of(entity),
        session=session.policies if session else None,
    )


def _boundary_of(entity: User | Role) -> Policy | None:
    arn = moto_seam.boundary_arn(entity)
    if not arn:
        return None
    document = moto_seam.managed_policy_document(entity.account_id, arn)
    return Policy(f'permissions boundary "{arn}"', document or {"Statement": []})
