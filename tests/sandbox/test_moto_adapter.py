"""The contract with moto: each of its names that the sandbox uses is there, and takes what it is given.

When a new moto moves one, these tests say which; `helpers/sandbox/moto_adapter/` is the package to change.
"""

import ast
import contextlib
import importlib
import inspect
import pkgutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from support.sandbox_clients import CHECKOUT

HELPERS = CHECKOUT / "helpers"
SEAM = HELPERS / "sandbox" / "moto_adapter"
ACCOUNT = "111122223333"

# First of all, since it sets what moto reads when it is imported; where it fails, the tests say why.
with contextlib.suppress(ImportError):
    importlib.import_module("helpers.sandbox.moto_adapter")


def moto_imports(path):
    """Every name that a module imports from moto: (moto's module, the name)."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "moto":
            yield from ((node.module, alias.name) for alias in node.names)
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names if alias.name.split(".")[0] == "moto")


def found(path):
    """What a dotted name stands for, `moto.module:Class.attribute`; a failure says what moved."""
    try:
        return pkgutil.resolve_name(path.replace(":", "."))
    except (ImportError, AttributeError) as error:
        pytest.fail(f"moto has moved: there is no {path} any more ({error}). Change {SEAM.name}.")


@pytest.mark.exhaustive(but_first=4)
@pytest.mark.parametrize(
    ("module", "name"), sorted({name for path in SEAM.glob("*.py") for name in moto_imports(path)})
)
def test_a_name_that_the_seam_imports(module, name):
    found(f"{module}:{name}")


@pytest.mark.parametrize("path", sorted(HELPERS.rglob("*.py")), ids=lambda path: str(path.relative_to(HELPERS)))
def test_nothing_but_the_seam_imports_moto(path):
    if path.parent != SEAM:
        assert list(moto_imports(path)) == []


CALLS = [
    # moto's name                                       how the sandbox calls it
    ("moto.core.request:determine_request_protocol", ("service_model", "content_type"), {}),
    ("moto.core.routing:get_service_router", ("iam",), {}),
    ("moto.core.serialize:SerializationContext", ("request id",), {}),
    ("moto.core.serialize:get_serializer_class", ("iam", "query"), {}),
    ("moto.core.utils:get_service_model", ("iam",), {}),
    ("moto.core.responses:gen_amzn_requestid_long", ({},), {}),
    ("moto.iam.models:AccessKey", (), {"user_name": None, "prefix": "ASIA", "account_id": ACCOUNT}),
    ("moto.iam.models:IAMBackend.create_user", ("self", "us-east-1", "name"), {}),
    ("moto.iam.models:IAMBackend._tag_verification", ("self", []), {}),
    ("moto.iam.models:IAMBackend.attach_user_policy", ("self", "arn", "name"), {}),
    ("moto.iam.models:IAMBackend.create_access_key", ("self", "name"), {}),
    ("moto.iam.policy_validation:IAMPolicyDocumentValidator", ("document",), {}),
    ("moto.iam.policy_validation:IAMTrustPolicyDocumentValidator", ("document",), {}),
    (
        "moto.iam.utils:generate_access_key_id_from_account_id",
        (ACCOUNT,),
        {"prefix": "AIDA", "total_length": 21},
    ),
    ("moto.s3.models:FakeBucket.get_permission", ("self", "s3:GetObject", "arn"), {}),
    ("moto.moto_api._internal:mock_random.seed", (42,), {}),
    ("moto.moto_api._internal:mock_random.get_random_string", (356,), {}),
    ("moto.moto_server.werkzeug_app:DomainDispatcherApplication", ("create_app",), {}),
    ("moto.moto_server.werkzeug_app:create_backend_app", ("service",), {}),
]


@pytest.mark.parametrize(("path", "arguments", "options"), CALLS, ids=[path for path, _, _ in CALLS])
def test_a_call_that_the_sandbox_makes(path, arguments, options):
    signature = inspect.signature(found(path))
    try:
        signature.bind(*arguments, **options)
    except TypeError as error:
        pytest.fail(f"moto has moved: {path}{signature} is called otherwise ({error}). Change {SEAM.name}.")


def test_users_and_groups_are_made_with_the_account_first():
    """The sandbox gives them AWS's ids as they are made, so it must know the account."""
    tree = ast.parse(Path(inspect.getfile(found("moto.iam.models:User"))).read_text(encoding="utf-8"))
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    for name in ("User", "Group"):
        init = next(node for node in classes[name].body if getattr(node, "name", "") == "__init__")
        assert [argument.arg for argument in init.args.args][:2] == ["self", "account_id"], (
            f"moto has moved: {name}.__init__ takes its account elsewhere. Change {SEAM.name}."
        )


@pytest.mark.parametrize("protocol", ["query", "ec2", "json", "rest-xml", "rest-json"])
def test_a_protocol_can_be_read_and_written(protocol):
    assert protocol in found("moto.core.parse:PROTOCOL_PARSERS")
    assert callable(found("moto.core.serialize:get_serializer_class")("iam", protocol))


# --- what the sandbox reads from moto's objects

IAM_BACKEND = {"users", "roles", "groups", "managed_policies", "instance_profiles"}
ATTRIBUTES = {
    "user": {"name", "id", "arn", "account_id", "access_keys", "policies", "managed_policies", "password"},
    "group": {"name", "id", "arn", "account_id", "users", "policies", "managed_policies"},
    "role": {
        "name",
        "id",
        "arn",
        "account_id",
        "policies",
        "managed_policies",
        "assume_role_policy_document",
        "max_session_duration",
        "permissions_boundary_arn",
        "tags",
    },
    "key": {"access_key_id", "secret_access_key", "status"},
    "policy": {"name", "id", "versions", "tags"},
    "version": {"document", "is_default", "version_id", "create_date"},
    "profile": {"name", "arn", "roles", "tags"},
    "bucket": {"policy", "keys"},
}


@pytest.fixture(scope="module")
def things():
    """One of each of moto's things, made by moto alone, in an account that no other test uses."""
    account_id = "123456789012"
    iam = found("moto.iam.models:iam_backends")[account_id]["aws"]
    user = iam.create_user("us-east-1", "user")
    role = iam.create_role("role", "{}", "/", None, "", [], 3600)
    statement = '{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}'
    document = f'{{"Version": "2012-10-17", "Statement": {statement}}}'
    policy = iam.create_policy("", "/", document, "policy", [])
    buckets = found("moto.s3.models:s3_backends")[account_id]["aws"]
    return {
        "backend": iam,
        "user": user,
        "group": iam.create_group("group"),
        "role": role,
        "key": iam.create_access_key("user"),
        "policy": policy,
        "version": policy.versions[0],
        "profile": iam.create_instance_profile("profile", "/", [role.name]),
        "bucket": buckets.create_bucket("a-bucket-of-the-seam", "us-east-1"),
    }


@pytest.mark.parametrize(
    "path",
    [
        "moto.core.base_backend:Session",
        "moto.core.responses:os",
        "moto.iam.models:load_iam_aws_managed_policies",
        "moto.moto_server.werkzeug_app:DISABLE_GLOBAL_CORS",
        "moto.settings:ENABLE_AMI_VALIDATION",
        "moto.settings:INITIAL_NO_AUTH_ACTION_COUNT",
        "moto.settings:TEST_SERVER_MODE",
        "moto.settings:os",
    ],
)
def test_a_name_that_the_seam_replaces(path):
    found(path)


@pytest.mark.parametrize("kind", ATTRIBUTES)
def test_an_object_has_what_the_sandbox_reads(things, kind):
    missing = sorted(name for name in ATTRIBUTES[kind] if not hasattr(things[kind], name))
    assert missing == [], f"moto has moved: a {kind} has no {', '.join(missing)}. Change {SEAM.name}."


def test_an_account_has_what_the_sandbox_reads(things):
    missing = sorted(name for name in IAM_BACKEND if not hasattr(things["backend"], name))
    assert missing == [], f"moto has moved: an account's IAM has no {', '.join(missing)}. Change {SEAM.name}."


def test_an_account_keeps_its_things_where_the_sandbox_looks(things):
    backend = things["backend"]
    assert backend.users["user"] is things["user"], "users are kept by name"
    assert backend.roles[things["role"].id] is things["role"], "roles are kept by id"
    assert things["group"] in backend.groups.values()
    assert things["profile"] in backend.instance_profiles.values()
    assert backend.managed_policies[things["policy"].arn] is things["policy"], "policies are kept by ARN"
    assert things["user"].access_keys == [things["key"]]
    assert things["profile"].roles == [things["role"]]


def test_a_buckets_account_can_be_found(things):
    s3 = found("moto.s3.models:s3_backends")
    assert s3.bucket_accounts[things["bucket"].name] == ("aws", "123456789012")
    assert s3["123456789012"]["aws"].buckets[things["bucket"].name] is things["bucket"]


@pytest.mark.exhaustive
def test_tags_are_where_the_sandbox_looks(things):
    account_id, tags = "123456789012", {"team": "blue"}
    s3 = found("moto.s3.models:s3_backends")[account_id]["aws"]
    stored = s3.put_object(things["bucket"].name, "key", b"")
    s3.put_object_tagging(stored, tags)
    assert isinstance(things["bucket"].keys.get("key"), found("moto.s3.models:FakeKey"))
    assert s3.tagger.get_tag_dict_for_resource(stored.arn) == tags
    ec2 = found("moto.ec2.models:ec2_backends")[account_id]["us-east-1"]
    vpc = ec2.create_vpc("10.0.0.0/16")
    vpc.add_tags(tags)
    assert ec2.tags[vpc.id] == tags
    glue = found("moto.glue.models:glue_backends")[account_id]["us-east-1"]
    glue.tag_resource("arn", tags)
    assert glue.tagger.get_tag_dict_for_resource("arn") == tags


# --- what the seam makes of it


def test_awss_own_policies_are_loaded():
    accounts = importlib.import_module("helpers.sandbox.moto_adapter.accounts")
    document = accounts.managed_policy_document(ACCOUNT, "arn:aws:iam::aws:policy/AmazonS3FullAccess")
    assert document["Statement"][0]["Action"] == ["s3:*", "s3-object-lambda:*"]


def test_motos_account_is_chosen_by_a_header():
    """The gate tells moto which account a request is for; moto must go on listening to it."""
    source = Path(inspect.getfile(found("moto.moto_server.werkzeug_app:DomainDispatcherApplication")))
    responses = Path(inspect.getfile(found("moto.core.responses:BaseResponse")))
    text = source.read_text(encoding="utf-8") + responses.read_text(encoding="utf-8")
    assert "x-moto-account-id" in text.lower(), f"moto has moved: no x-moto-account-id. Change {SEAM.name}."


def protocols():
    return importlib.import_module("helpers.sandbox.moto_adapter.protocols")


def test_what_is_known_of_a_service_is_read_once_however_many_ask_at_once():
    asking, read = 8, protocols()._read_once.cache_info().misses
    together = Barrier(asking)

    def ask(_):
        together.wait()
        return protocols().service_model("athena")

    with ThreadPoolExecutor(asking) as pool:
        models = list(pool.map(ask, range(asking)))
    assert protocols()._read_once.cache_info().misses == read + 1
    assert len(set(map(id, models))) == 1
