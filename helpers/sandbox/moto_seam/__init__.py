"""The one place where the sandbox touches moto.

moto keeps the resources (users, roles, buckets, jobs) and answers the calls. Who is calling, and whether they may,
is decided before a request gets to it: see `gate.py`. When a new moto moves one of the names that the modules of this
package use, this package alone is to change, and `tests/test_moto_seam.py` says where.
"""

import os

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

from moto.core.model import OperationModel, ServiceModel
from moto.core.parse import RequestParserError
from moto.core.request import Request
from moto.iam.models import AccessKey, Group, ManagedPolicy, Role, User
from moto.moto_server.werkzeug_app import MotoRequestHandler

from helpers.sandbox.moto_seam.accounts import (
    Accounts,
    account_ids,
    copy_accounts,
    iam,
    identity_documents,
    identity_texts,
    looking_at,
    managed_policy_document,
    managed_policy_text,
    parse_json,
    role_by_arn,
    role_by_id,
    user_by_access_key,
    user_by_arn,
)
from helpers.sandbox.moto_seam.additions import (
    MfaDevice,
    boundary_arn,
    ensure_administrator,
    mfa_devices,
    new_temporary_key,
    new_user,
    note_key_use,
    note_role_use,
    random_token,
    seed,
    set_user_boundary,
)
from helpers.sandbox.moto_seam.protocols import (
    Application,
    match_operation,
    parse_parameters,
    protocol_of,
    serialize,
    service_model,
)
from helpers.sandbox.moto_seam.resources import (
    Tagged,
    bucket_owner_and_policy,
    entity_tags,
    resource_tags,
    rewrite_bucket_policies,
    set_entity_tags,
    stored_object,
)

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
    "Tagged",
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
    "set_entity_tags",
    "set_user_boundary",
    "stored_object",
    "user_by_access_key",
    "user_by_arn",
]
