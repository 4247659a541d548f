"""The one place where the sandbox touches moto.

moto keeps the resources (users, roles, buckets, jobs) and answers the calls. Who is calling, and whether they may,
is decided before a request gets to it: see `gate.py`. When a new moto moves one of the names below, this is
the only module to change, and `tests/test_moto_seam.py` says which.
"""

import json
import os
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from string import ascii_uppercase, digits
from typing import Any, cast

# A process that imports this is the sandbox's: moto, which asks boto3 for its regions, must see nothing of the
# learner's own AWS configuration. moto reads its own settings once, when it is imported.
for _name in [name for name in os.environ if name.startswith(("AWS_", "MOTO_"))]:
    del os.environ[_name]
for _name in ("INITIAL_NO_AUTH_ACTION_COUNT", "TEST_SERVER_MODE"):
    os.environ.pop(_name, None)
os.environ |= {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",
    "MOTO_DISABLE_GLOBAL_CORS": "true",
}

from moto.core import responses as moto_responses
from moto.core.model import OperationModel, ServiceModel
from moto.core.parse import PROTOCOL_PARSERS, RequestParserError
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.serialize import SERIALIZERS, SerializationContext, get_serializer_class
from moto.core.utils import get_service_model
from moto.iam import models as iam_models
from moto.iam.models import (
    AccessKey,
    AccessKeyLastUsed,
    AWSManagedPolicy,
    Group,
    IAMBackend,
    ManagedPolicy,
    Role,
    User,
    VirtualMfaDevice,
    iam_backends,
)
from moto.iam.utils import generate_access_key_id_from_account_id
from moto.moto_api._internal import mock_random
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.wrappers import Response

__all__ = [
    "AccessKey",
    "Accounts",
    "Application",
    "Group",
    "ManagedPolicy",
    "MfaDevice",
    "MotoRequestHandler",
    "OperationModel",
    "Request",
    "RequestParserError",
    "Role",
    "ServiceModel",
    "User",
    "account_ids",
    "boundary_arn",
    "bucket_owner_and_policy",
    "copy_accounts",
    "ensure_administrator",
    "entity_tags",
    "iam",
    "identity_documents",
    "identity_texts",
    "looking_at",
    "managed_policy_document",
    "managed_policy_text",
    "match_operation",
    "mfa_devices",
    "new_temporary_key",
    "new_user",
    "note_key_use",
    "note_role_use",
    "parse_json",
    "parse_parameters",
    "protocol_of",
    "random_token",
    "resource_tags",
    "rewrite_bucket_policies",
    "role_by_arn",
    "role_by_id",
    "seed",
    "serialize",
    "service_model",
    "set_user_boundary",
    "stored_object",
    "user_by_access_key",
    "user_by_arn",
]

# AwsError's codes are IAM's own; moto would warn of each that a service's model does not list.
warnings.filterwarnings("ignore", message=r".*does not match an error shape.*", module=r"moto\.core\.serialize")

Document = Mapping[str, Any]
NamedDocuments = list[tuple[str, Document]]


class Application:
    """The WSGI application of moto: all its services, told apart by the request's signature.

    moto looks for a request's service by walking through its folders, each time anew; here, the services that a
    signature alone tells apart are found once.
    """

    _TOLD_BY_SIGNATURE = frozenset({"ec2", "glue", "iam", "sts"})

    def __init__(self) -> None:
        self._dispatcher = DomainDispatcherApplication(_create_service_app)
        self._found: dict[str, Any] = {}

    def answer(self, environ: dict[str, Any], service: str) -> Response:
        """Lets moto answer a request, signed for this service.

        Raises:
            NotImplementedError: moto has no such call, fails on it, or lacks a package that the service needs.
        """
        app = self._found.get(service)
        if app is None:
            try:
                app = self._dispatcher.get_application(environ)
            except ModuleNotFoundError as error:
                raise NotImplementedError(f"moto's {service} needs the package {error.name}") from error
            if service in self._TOLD_BY_SIGNATURE:
                self._found[service] = app
        response = Response.from_app(app, environ, buffered=True)
        is_page = response.mimetype == "text/html" and environ["REQUEST_METHOD"] != "HEAD"
        if response.status_code >= 500 or (response.status_code >= 400 and is_page):
            raise NotImplementedError("moto has no such call, or fails on it")
        return response


def _create_service_app(service: Any) -> Any:
    if service is None:
        raise NotImplementedError("moto has no such service")
    app = create_backend_app(service)
    app.debug = False  # a call that moto fails on is a 500 to answer, not an exception to raise
    app.logger.disabled = True
    return app


def seed(number: int) -> None:
    """Makes the ids and keys that moto hands out from now on repeatable."""
    mock_random.seed(number)


# --- requests and answers in the protocols of the AWS services


service_model = cache(get_service_model)


def match_operation(service: str, request: Request) -> tuple[OperationModel, dict[str, Any]]:
    """The operation that a request asks for, and the parameters in its path.

    Raises:
        werkzeug.exceptions.NotFound: the service has no such operation.
        NotImplementedError: the content type is none that the service speaks.
    """
    return get_service_router(service).match(request)


def parse_parameters(operation: OperationModel, request: Request, path_parameters: Mapping[str, Any]) -> dict[str, Any]:
    """A request's parameters, as boto3 names them."""
    protocol = determine_request_protocol(operation.service_model, request.content_type)
    if protocol == "json" and request.data:
        json.loads(request.data)  # the parser takes damaged JSON for an empty request
    parser = PROTOCOL_PARSERS[protocol](operation)
    parsed: dict[str, Any] = parser.parse(
        {
            "method": request.method,
            "values": request.values,
            "headers": request.headers,
            "body": request.data,
            "url_path": request.path,
            "url_params": dict(path_parameters),
        }
    )
    return parsed


def protocol_of(service: ServiceModel, content_type: str | None) -> str:
    """The protocol to answer in: the one that was asked in, or the first of the service's own that can be written."""
    with suppress(NotImplementedError):
        asked_in: str = determine_request_protocol(service, content_type)
        if asked_in in SERIALIZERS:
            return asked_in
    spoken = service.metadata.get("protocols", [str(service.protocol)])
    return next(str(protocol) for protocol in spoken if protocol in SERIALIZERS)


def serialize(
    service: ServiceModel, operation: OperationModel | None, result: object, protocol: str, request_id: str
) -> tuple[bytes, dict[str, str]]:
    """A result, or an exception with `code` and `message`, as the protocol writes it: body, headers."""
    operation = operation or OperationModel({}, service)
    serializer_class = get_serializer_class(service.service_name, protocol)
    serializer = serializer_class(operation, context=SerializationContext(request_id))
    answer = serializer.serialize(result)
    body = answer["body"]
    return body.encode() if isinstance(body, str) else body, dict(answer["headers"])


# --- what an account holds


@lru_cache(maxsize=4096)
def parse_json(text: str) -> Any:
    """A policy's text, parsed once: policies are read at every request and change seldom."""
    return json.loads(text)


def account_ids() -> list[str]:
    """The accounts that exist so far."""
    return list(iam_backends.keys() if _looked_at is None else _looked_at.keys())


def iam(account_id: str) -> IAMBackend:
    """The IAM part of an account."""
    return iam_backends[account_id]["aws"]


@dataclass(frozen=True)
class IamCopy:
    """An account's users, roles, groups and managed policies, as they were at one moment."""

    users: dict[str, User]
    roles: dict[str, Role]
    groups: dict[str, Group]
    managed_policies: dict[str, ManagedPolicy]


Accounts = Mapping[str, IamCopy]
_looked_at: Accounts | None = None


@contextmanager
def looking_at(accounts: Accounts | None) -> Iterator[None]:
    """Lets the look-ups below see these copies of the accounts; None for the accounts as they are."""
    global _looked_at
    _looked_at = accounts
    try:
        yield
    finally:
        _looked_at = None


def copy_accounts() -> Accounts:
    """The accounts as they are now, safe from later changes."""
    return {account_id: _copy_account(iam(account_id)) for account_id in account_ids()}


def _copy_account(account: IAMBackend) -> IamCopy:
    policies = {
        arn: policy if isinstance(policy, AWSManagedPolicy) else _copy_with(policy, versions=map(copy, policy.versions))
        for arn, policy in account.managed_policies.items()
    }

    def copied(entity: Any, **lists: Any) -> Any:
        attached = {arn: policies[arn] for arn in entity.managed_policies}
        return _copy_with(entity, policies=dict(entity.policies), managed_policies=attached, **lists)

    users = {name: copied(user, access_keys=map(copy, user.access_keys)) for name, user in list(account.users.items())}
    return IamCopy(
        users=users,
        roles={role_id: copied(role) for role_id, role in list(account.roles.items())},
        groups={
            name: copied(group, users=[users[user.name] for user in group.users])
            for name, group in list(account.groups.items())
        },
        managed_policies=policies,
    )


def _copy_with(original: Any, **attributes: Any) -> Any:
    copied = copy(original)
    for name, value in attributes.items():
        setattr(copied, name, value if isinstance(value, dict) else list(value))
    return copied


def _visible(account_id: str) -> IAMBackend | IamCopy:
    return _looked_at[account_id] if _looked_at is not None else iam(account_id)


_key_owners: dict[str, tuple[str, str]] = {}


def user_by_access_key(access_key_id: str) -> tuple[User, AccessKey] | None:
    """The user whose long-term key this is, wherever the user lives.

    Found keys are remembered, so that the look-up takes the same time however many users there are.
    """
    known = _key_owners.get(access_key_id)
    if known:
        user = _visible(known[0]).users.get(known[1])
        found = user and _key_of(user, access_key_id)
        if user and found:
            return user, found
    for account_id in account_ids():
        for user in list(_visible(account_id).users.values()):
            if key := _key_of(user, access_key_id):
                _key_owners[access_key_id] = (account_id, user.name)
                return user, key
    return None


def _key_of(user: User, access_key_id: str) -> AccessKey | None:
    return next((key for key in user.access_keys if key.access_key_id == access_key_id), None)


def role_by_arn(role_arn: str) -> Role | None:
    """The role with this ARN, in whichever account it is."""
    account_id = role_arn.split(":")[4]
    if account_id not in account_ids():
        return None
    return next((role for role in list(_visible(account_id).roles.values()) if role.arn == role_arn), None)


def role_by_id(account_id: str, role_id: str) -> Role | None:
    """The role with this unique id (`AROA…`)."""
    return _visible(account_id).roles.get(role_id)


def user_by_arn(user_arn: str) -> User | None:
    """The user with this ARN, in whichever account it is."""
    account_id = user_arn.split(":")[4]
    if account_id not in account_ids():
        return None
    user = _visible(account_id).users.get(user_arn.rpartition("/")[2])
    return user if user and user.arn == user_arn else None


def entity_tags(entity: User | Role) -> dict[str, str]:
    """The tags of a user or role."""
    if isinstance(entity, User):
        tags: Any = iam(entity.account_id).tagger.list_tags_for_resource(entity.arn)["Tags"]
    else:
        stored: Any = entity.tags or []
        tags = stored.values() if isinstance(stored, dict) else stored
    return {tag["Key"]: tag["Value"] for tag in tags}


def resource_tags(arn: str) -> dict[str, str]:
    """The tags of an IAM entity, an EC2 or Glue resource, or an S3 object; none where there is no such thing."""
    _, _, service, region, account_id, name = [*arn.split(":", 5), *[""] * 5][:6]
    match service:
        case "iam":
            return _iam_tags(account_id, arn)
        case "s3":
            bucket, _, key = name.partition("/")
            found = stored_object(bucket, key)
            return found[0].tagger.get_tag_dict_for_resource(found[1].arn) if found else {}
        case "ec2" if account_id and "moto.ec2.models" in sys.modules:
            from moto.ec2.models import ec2_backends

            return dict(ec2_backends[account_id][region].tags.get(name.partition("/")[2], {}))
        case "glue" if "moto.glue.models" in sys.modules:
            from moto.glue.models import glue_backends

            return dict(glue_backends[account_id][region].tagger.get_tag_dict_for_resource(arn))
        case _:
            return {}


def _iam_tags(account_id: str, arn: str) -> dict[str, str]:
    if account_id not in account_ids():
        return {}
    if entity := user_by_arn(arn) or role_by_arn(arn):
        return entity_tags(entity)
    policy = iam(account_id).managed_policies.get(arn)
    return {tag["Key"]: tag["Value"] for tag in policy.tags.values()} if policy else {}


def managed_policy_document(account_id: str, policy_arn: str) -> Document | None:
    """The default version of a managed policy."""
    policy = _visible(account_id).managed_policies.get(policy_arn)
    return _default_version(policy) if policy else None


def _default_version(policy: ManagedPolicy) -> Document:
    default = next(version for version in policy.versions if version.is_default)
    return cast(Document, parse_json(default.document))


def identity_documents(entity: User | Role) -> NamedDocuments:
    """Every policy of a user (with the groups') or of a role: where it comes from, and its document."""
    kind = "user" if isinstance(entity, User) else "role"
    documents = _own_documents(entity, kind)
    if isinstance(entity, User):
        for group in list(_visible(entity.account_id).groups.values()):
            if entity in group.users:
                documents += _own_documents(group, "group")
    return documents


def _own_documents(entity: User | Role | Group, kind: str) -> NamedDocuments:
    inline = [
        (f'inline policy "{name}" of {kind} "{entity.name}"', parse_json(text))
        for name, text in list(entity.policies.items())
    ]
    attached = [
        (f'managed policy "{policy.name}" of {kind} "{entity.name}"', _default_version(policy))
        for policy in list(entity.managed_policies.values())
    ]
    return inline + attached


def identity_texts(entity: User | Role | Group) -> list[tuple[str, str]]:
    """Every policy of a user (with the groups'), role or group: what AWS's simulator calls it, and its text."""
    kind = {User: "user", Role: "role"}.get(type(entity), "group")
    texts = [(f"{kind}_{entity.name}_{name}", text) for name, text in entity.policies.items()]
    texts += [(policy.name, _default_text(policy)) for policy in entity.managed_policies.values()]
    if isinstance(entity, User):
        for group in iam(entity.account_id).groups.values():
            if entity in group.users:
                texts += identity_texts(group)
    return texts


def managed_policy_text(account_id: str, policy_arn: str) -> tuple[str, str] | None:
    """The name of a managed policy, and the text of its default version."""
    policy = iam(account_id).managed_policies.get(policy_arn)
    return (policy.name, _default_text(policy)) if policy else None


def _default_text(policy: ManagedPolicy) -> str:
    return str(next(version for version in policy.versions if version.is_default).document)


def bucket_owner_and_policy(bucket_name: str) -> tuple[str, Document | None] | None:
    """A bucket's account, and its policy if it has one; None where there is no such bucket."""
    from moto.s3.models import s3_backends  # takes a while, and not every sandbox is asked for S3

    owner = s3_backends.bucket_accounts.get(bucket_name)
    if owner is None:
        return None
    partition, account_id = owner
    bucket = s3_backends[account_id][partition].buckets.get(bucket_name)
    policy = bucket.policy if bucket else None
    return account_id, parse_json(policy.decode() if isinstance(policy, bytes) else policy) if policy else None


def stored_object(bucket_name: str, key: str) -> tuple[Any, Any] | None:
    """An S3 object with the part of moto that it is in; None where there is none, or its delete marker alone."""
    from moto.s3.models import FakeKey, s3_backends

    owner = s3_backends.bucket_accounts.get(bucket_name)
    backend = s3_backends[owner[1]][owner[0]] if owner else None
    bucket = backend.buckets.get(bucket_name) if backend else None
    found = bucket.keys.get(key) if bucket else None
    return (backend, found) if isinstance(found, FakeKey) else None


def rewrite_bucket_policies(old: str, new: str) -> None:
    """Replaces a text in every bucket policy."""
    if "moto.s3.models" not in sys.modules:
        return
    from moto.s3.models import s3_backends

    for account_id in account_ids():
        for bucket in s3_backends[account_id]["aws"].buckets.values():
            if bucket.policy:
                bucket.policy = bucket.policy.replace(old.encode(), new.encode())


def new_temporary_key(account_id: str) -> AccessKey:
    """A fresh temporary key pair (`ASIA…`)."""
    return AccessKey(user_name=None, prefix="ASIA", account_id=account_id)  # type: ignore[abstract]


def random_token(length: int) -> str:
    """Random text for a session token; repeatable after `seed`."""
    return mock_random.get_random_string(length)


# --- permissions boundaries: moto gives them to roles alone


iam_models.User.permissions_boundary_arn = None  # type: ignore[attr-defined]
iam_models.User.permissions_boundary = iam_models.Role.permissions_boundary  # type: ignore[attr-defined]


def new_user(account_id: str, name: str, path: str, tags: list[dict[str, str]]) -> User:
    """Makes a user."""
    return iam(account_id).create_user("us-east-1", name, path, tags)


def boundary_arn(entity: User | Role | Group) -> str | None:
    """The managed policy around a user or role, if there is one; a group has none."""
    return cast(str | None, getattr(entity, "permissions_boundary_arn", None))


def set_user_boundary(user: User, policy_arn: str | None) -> None:
    """Puts a permissions boundary around a user, or takes it away."""
    user.permissions_boundary_arn = policy_arn  # type: ignore[attr-defined]


# --- MFA devices: moto checks no codes


class MfaDevice(VirtualMfaDevice):
    """A virtual MFA device, and what there is to know for checking its codes.

    Attributes:
        steps_ahead: how far the clock of the device's app is from the sandbox's, in steps of 30 seconds.
        last_step: the step of the last code that was taken: a code is good for one time.
    """

    steps_ahead = 0
    last_step = 0

    def __init__(self, account_id: str, name: str) -> None:
        super().__init__(account_id, "us-east-1", name)


def mfa_devices(account_id: str) -> dict[str, MfaDevice]:
    """An account's virtual MFA devices, by their serial numbers."""
    return cast(dict[str, MfaDevice], iam(account_id).virtual_mfa_devices)


# --- when a key or role was last used: moto does not see the calls that it does not answer, nor the sandbox's clock


iam_models.mark_account_as_visited = lambda **_: None


def note_key_use(access_key_id: str, now: datetime, service: str, region: str) -> None:
    """Keeps when, and for what, a long-term access key was last used."""
    if found := user_by_access_key(access_key_id):
        found[1].last_used = AccessKeyLastUsed(now, service, region)


def note_role_use(role_arn: str, now: datetime, region: str) -> None:
    """Keeps when, and where, a session of a role last called."""
    if role := role_by_arn(role_arn):
        role.last_used = now
        role.last_used_region = region  # type: ignore[assignment]


# --- ids as AWS makes them: moto gives users and groups ids without AWS's prefixes


def _use_aws_unique_ids(kind: Any, prefix: str) -> None:
    init = kind.__init__

    def new(self: Any, account_id: str, *args: Any, **kwargs: Any) -> None:
        init(self, account_id, *args, **kwargs)
        self.id = generate_access_key_id_from_account_id(account_id, prefix=prefix, total_length=21)

    kind.__init__ = new


_use_aws_unique_ids(iam_models.User, "AIDA")
_use_aws_unique_ids(iam_models.Group, "AGPA")
_use_aws_unique_ids(iam_models.InstanceProfile, "AIPA")
iam_models.random_policy_id = lambda: "ANPA" + "".join(mock_random.choices(ascii_uppercase + digits, k=17))  # type: ignore[attr-defined]


# --- which calls a service has: moto looks through the members of a class at each request


moto_responses.method_names_from_class = cache(moto_responses.method_names_from_class)  # type: ignore[attr-defined]


# --- AWS's managed policies: moto reads its 1,500 anew for each account


def _share_aws_managed_policies() -> None:
    read = iam_models.IAMBackend._init_aws_policies
    first: list[ManagedPolicy] = []

    def copied(self: IAMBackend) -> list[ManagedPolicy]:
        if not first:
            first.extend(read(self))
        return [copy(policy) for policy in first]

    iam_models.IAMBackend._init_aws_policies = copied  # type: ignore[method-assign]


_share_aws_managed_policies()


def ensure_administrator(account_id: str, user_name: str, key: AccessKey | None) -> AccessKey:
    """The account's administrator: a user who may do everything, and the key pair it signs with.

    A key that it had before a reset is its key again.
    """
    account = iam(account_id)
    if user_name in account.users:
        return account.users[user_name].access_keys[0]
    user = account.create_user("us-east-1", user_name)
    account.attach_user_policy("arn:aws:iam::aws:policy/AdministratorAccess", user_name)
    if key is None:
        return account.create_access_key(user_name)
    user.access_keys.append(key)
    account.access_keys[key.access_key_id] = key
    return key
