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
    """Temporary credentials and whom they stand for: a role that was assumed, a user, or whom a user federated.

    `owner_arn` is the ARN of the user or role whose policies count: the session ends with it.
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

    `entity` has the caller's policies; None for an anonymous caller, who has no credentials at all.
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


_EVERYTHING = Policy("nothing on the caller's side", {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})


def anonymous_caller(service: ServiceModel) -> Caller:
    """Who sends a request without a signature: S3 lets in whom a bucket policy lets in, nobody else does.

    Raises:
        AwsError: the service is another one.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-bucket-policies.html
    """
    if service.service_name != "s3":
        raise credential_error("no credentials", service)
    return Caller(Principal(arn="arn:aws:iam:::anonymous", account_id="", unique_id="anonymous"), "", None)


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
    principal = session.principal
    entity: User | Role | None
    if principal.role_arn:
        entity = moto_seam.role_by_id(principal.account_id, principal.unique_id)
    else:
        entity = moto_seam.user_by_arn(session.owner_arn)
    if entity is None or entity.id != session.principal.unique_id:
        raise credential_error("wrong token", service)
    return Caller(session.principal, session.secret_access_key, entity, session)


def policies_of(caller: Caller) -> Policies:
    """All policies on the caller's own side: identity policies, boundary, session policies."""
    entity, session = caller.entity, caller.session
    if entity is None:
        return Policies(identity=(_EVERYTHING,))
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
