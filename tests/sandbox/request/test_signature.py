"""Who signed a request: presigned URLs, requests without a signature, streamed bodies, through clients as they are."""

import hashlib
import hmac
import io
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import boto3
import pytest
from botocore import UNSIGNED
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

from support.sandbox_clients import (
    HERE,
    administrator,
    allow,
    assume,
    clean_environment,
    client,
    deny,
    document,
    iam,
    new_role,
    new_user,
    refusal,
    send,
    trust,
    unique,
)

EVERYONE = {"Principal": "*"}


@pytest.fixture
def bucket(sandbox):
    name = unique("bucket")
    s3 = client(sandbox, "s3", administrator(sandbox))
    s3.create_bucket(Bucket=name)
    s3.delete_public_access_block(Bucket=name)
    s3.put_object(Bucket=name, Key="notes.txt", Body=b"hello")
    return name


def put_policy(sandbox, bucket, *statements):
    client(sandbox, "s3", administrator(sandbox)).put_bucket_policy(Bucket=bucket, Policy=document(*statements))


def fetch(sandbox, url, method="GET", body=b""):
    """Status, S3's or STS's error code with its text, and the body."""
    answer = send(sandbox, method, url.removeprefix(sandbox.endpoint_url), body=body)
    found = re.search(rb"<Code>(.*?)</Code>.*?<Message>(.*?)</Message>", answer.body, re.DOTALL)
    return answer.status, tuple(part.decode() for part in found.groups()) if found else None, answer.body


def presigner(sandbox, key, version="s3v4", service="s3"):
    return boto3.client(
        service,
        endpoint_url=sandbox.endpoint_url,
        region_name=sandbox.region,
        aws_access_key_id=key.access_key_id,
        aws_secret_access_key=key.secret_access_key,
        aws_session_token=key.session_token,
        config=Config(signature_version=version) if version else Config(),
    )


# --- presigned URLs

versions = pytest.mark.parametrize("version", ["s3v4", "s3"])


@versions
def test_a_presigned_url_is_its_signers(sandbox, bucket, version):
    allowed, other = new_user(sandbox, allow("s3:GetObject")), new_user(sandbox, allow("s3:PutObject"))
    wanted = {"Bucket": bucket, "Key": "notes.txt"}
    url = presigner(sandbox, allowed.key, version).generate_presigned_url("get_object", wanted)
    assert fetch(sandbox, url) == (200, None, b"hello")
    status, (code, message), _ = fetch(
        sandbox, presigner(sandbox, other.key, version).generate_presigned_url("get_object", wanted)
    )
    assert (status, code) == (403, "AccessDenied")
    assert message.startswith(f"User: {other.arn} is not authorized to perform: s3:GetObject on resource: ")


@versions
def test_a_presigned_url_of_a_session_carries_its_token(sandbox, bucket, version):
    user = new_user(sandbox)
    role = new_role(sandbox, trust({"AWS": user.arn}))
    iam(sandbox).put_role_policy(
        RoleName=role.rpartition("/")[2], PolicyName="put", PolicyDocument=document(allow("s3:PutObject"))
    )
    session = assume(sandbox, user.key, role)
    url = presigner(sandbox, session, version).generate_presigned_url("put_object", {"Bucket": bucket, "Key": "new"})
    assert fetch(sandbox, url, "PUT", b"from a session")[0] == 200
    got = client(sandbox, "s3", administrator(sandbox)).get_object(Bucket=bucket, Key="new")
    assert got["Body"].read() == b"from a session"
    without = re.sub(r"(?i)x-amz-security-token=[^&]*&", "", url)
    assert without != url
    assert fetch(sandbox, without, "PUT", b"x")[0] == 403


@versions
def test_a_presigned_url_may_say_what_kind_of_content_comes(sandbox, bucket, version):
    wanted = {"Bucket": bucket, "Key": "page.html", "ContentType": "text/html"}
    url = presigner(sandbox, administrator(sandbox), version).generate_presigned_url("put_object", wanted)
    path, sent = url.removeprefix(sandbox.endpoint_url), {"headers": {"Content-Type": "text/html"}, "body": b"<p>"}
    assert send(sandbox, "PUT", path, **sent).status == 200
    got = client(sandbox, "s3", administrator(sandbox)).get_object(Bucket=bucket, Key="page.html")
    assert (got["ContentType"], got["Body"].read()) == ("text/html", b"<p>")
    other = send(sandbox, "PUT", path, headers={"Content-Type": "image/png"}, body=b"<p>")
    assert b"<Code>SignatureDoesNotMatch</Code>" in other.body


@versions
@pytest.mark.parametrize("part", ["method", "key", "signature"])
def test_a_presigned_url_that_was_changed(sandbox, bucket, version, part):
    url = presigner(sandbox, new_user(sandbox, allow("s3:*")).key, version).generate_presigned_url(
        "get_object", {"Bucket": bucket, "Key": "notes.txt"}
    )
    method = "PUT" if part == "method" else "GET"
    if part == "key":
        url = url.replace("notes.txt", "other.txt")
    if part == "signature":
        url = re.sub(r"Signature=[\w%]", "Signature=_", url)
    status, (code, _), _ = fetch(sandbox, url, method, b"x" if method == "PUT" else b"")
    assert (status, code) == (403, "SignatureDoesNotMatch")


def signed_at(sandbox, key, when, *, expires, service="s3", path="/", query="", method="GET"):
    """A presigned URL of another time: written out here, for clients sign for now alone."""
    date = f"{when:%Y%m%dT%H%M%SZ}"
    scope = f"{date[:8]}/{sandbox.region}/{service}/aws4_request"
    parts = {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": f"{key.access_key_id}/{scope}",
        "X-Amz-Date": date,
        "X-Amz-Expires": str(expires),
        "X-Amz-SignedHeaders": "host",
    }
    query = "&".join(sorted(filter(None, [query, *(f"{name}={quote(text, safe='')}" for name, text in parts.items())])))
    host = sandbox.endpoint_url.removeprefix("http://")
    payload = "UNSIGNED-PAYLOAD" if service == "s3" else hashlib.sha256(b"").hexdigest()
    canonical = f"{method}\n{path}\n{query}\nhost:{host}\n\nhost\n{payload}"
    secret = f"AWS4{key.secret_access_key}".encode()
    for step in scope.split("/"):
        secret = hmac.new(secret, step.encode(), hashlib.sha256).digest()
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{digest}"
    signature = hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()
    return f"{sandbox.endpoint_url}{path}?{query}&X-Amz-Signature={signature}"


@pytest.mark.parametrize(
    ("minutes", "expires", "expected"),
    [
        (-59, 3600, None),
        (-60 * 24 * 6, 7 * 24 * 3600, None),
        (-61, 3600, ("AccessDenied", "Request has expired")),
        (20, 3600, ("AccessDenied", "Request is not valid yet")),
        (
            0,
            604801,
            (
                "AuthorizationQueryParametersError",
                "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less "
                "than 604800 seconds",
            ),
        ),
    ],
)
def test_a_presigned_url_has_its_time(sandbox, bucket, minutes, expires, expected):
    when = datetime.now(UTC) + timedelta(minutes=minutes)
    user = new_user(sandbox, allow("s3:GetObject"))
    status, error, _ = fetch(sandbox, signed_at(sandbox, user.key, when, expires=expires, path=f"/{bucket}/notes.txt"))
    assert error == expected
    assert (status == 200) == (expected is None)


def test_a_presigned_url_of_version_2_has_its_time(sandbox, bucket):
    wanted = {"Bucket": bucket, "Key": "notes.txt"}
    signer = presigner(sandbox, new_user(sandbox, allow("s3:*")).key, "s3")
    expired = signer.generate_presigned_url("get_object", wanted, ExpiresIn=-1)
    assert fetch(sandbox, expired)[:2] == (403, ("AccessDenied", "Request has expired"))


def test_half_of_a_presigned_url(sandbox):
    status, (code, message), _ = fetch(sandbox, f"{sandbox.endpoint_url}/some-bucket?X-Amz-Algorithm=AWS4-HMAC-SHA256")
    assert (status, code) == (400, "AuthorizationQueryParametersError")
    assert message.startswith("Query-string authentication version 4 requires the X-Amz-Algorithm, ")


@pytest.mark.parametrize(
    "change",
    [
        ("X-Amz-Expires=3600", "X-Amz-Expires=" + "9" * 5000),
        ("X-Amz-Expires=3600", "X-Amz-Expires=-1"),
        (r"X-Amz-Date=\w+", "X-Amz-Date=99991231T235959Z"),
        (r"X-Amz-Date=\w+", "X-Amz-Date=tomorrow"),
        ("X-Amz-Credential=[^&]+", "X-Amz-Credential=a/b"),
        ("X-Amz-SignedHeaders=host", "X-Amz-SignedHeaders=%00;host"),
    ],
    ids=lambda change: change[1][:40],
)
def test_a_damaged_presigned_url(sandbox, bucket, change):
    user = new_user(sandbox, allow("s3:*"))
    url = presigner(sandbox, user.key).generate_presigned_url("get_object", {"Bucket": bucket, "Key": "notes.txt"})
    damaged = re.sub(*change, url)
    assert damaged != url
    status, error, _ = fetch(sandbox, damaged)
    assert status in (400, 403)
    assert error


def test_a_date_at_the_end_of_time(sandbox, bucket):
    user, end = new_user(sandbox, allow("s3:*")), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    url = signed_at(sandbox, user.key, end, expires=604800, path=f"/{bucket}/notes.txt")
    assert fetch(sandbox, url)[:2] == (403, ("AccessDenied", "Request is not valid yet"))


def test_who_am_i_as_a_url(sandbox):
    """As Kubernetes clusters and Vault ask it: the URL is handed on, and whoever gets it learns who made it."""
    user = new_user(sandbox, deny("*"))
    url = presigner(sandbox, user.key, None, "sts").generate_presigned_url("get_caller_identity", HttpMethod="GET")
    status, _, body = fetch(sandbox, url)
    assert status == 200
    assert user.arn in body.decode()
    query = "Action=GetCallerIdentity&Version=2011-06-15"
    past = datetime.now(UTC) - timedelta(minutes=16)
    status, (code, message), _ = fetch(
        sandbox, signed_at(sandbox, user.key, past, expires=3600, service="sts", query=query)
    )
    assert (status, code) == (403, "SignatureDoesNotMatch")
    assert message.startswith("Signature expired: ")


def test_a_policy_sees_how_a_request_was_signed(sandbox, bucket):
    no_urls = deny("s3:*", Condition={"StringEquals": {"s3:authType": "REST-QUERY-STRING"}})
    user = new_user(sandbox, allow("s3:*"), no_urls)
    wanted = {"Bucket": bucket, "Key": "notes.txt"}
    assert client(sandbox, "s3", user.key).get_object(**wanted)
    assert fetch(sandbox, presigner(sandbox, user.key).generate_presigned_url("get_object", wanted))[0] == 403


@pytest.mark.exhaustive
def test_the_cli_presigns(sandbox, bucket):
    admin = administrator(sandbox)
    environment = clean_environment(
        AWS_ENDPOINT_URL=sandbox.endpoint_url,
        AWS_ACCESS_KEY_ID=admin.access_key_id,
        AWS_SECRET_ACCESS_KEY=admin.secret_access_key,
        AWS_DEFAULT_REGION=sandbox.region,
        AWS_CONFIG_FILE=os.devnull,
        AWS_SHARED_CREDENTIALS_FILE=os.devnull,
    )
    command = [str(Path(sys.executable).with_name("aws")), "s3", "presign", f"s3://{bucket}/notes.txt"]
    url = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.strip()
    assert fetch(sandbox, url) == (200, None, b"hello")


# --- no signature at all


def anonymous(sandbox):
    config = Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1}, parameter_validation=False)
    return boto3.client("s3", endpoint_url=sandbox.endpoint_url, region_name=sandbox.region, config=config)


def test_nobody_gets_in_without_a_bucket_policy(sandbox, bucket):
    denied = (403, "AccessDenied", "Access Denied")
    stranger = anonymous(sandbox)
    assert refusal(stranger.get_object, Bucket=bucket, Key="notes.txt") == denied
    assert refusal(stranger.list_objects_v2, Bucket=bucket) == denied
    assert refusal(stranger.list_buckets) == denied
    assert refusal(stranger.create_bucket, Bucket=unique("bucket")) == denied
    assert refusal(stranger.put_object, Bucket=bucket, Key="new", Body=b"x") == denied


OBJECTS = {"Effect": "Allow", "Action": "s3:GetObject", "Principal": "*", "Resource": "/*"}


@pytest.mark.parametrize(
    ("change", "allowed"),
    [
        ({}, True),
        ({"Principal": {"AWS": "*"}}, True),
        ({"Principal": {"AWS": HERE}}, False),
        ({"Resource": "/other*"}, False),
        ({"Condition": {"Bool": {"aws:SecureTransport": "true"}}}, False),
        ({"Condition": {"StringEquals": {"aws:PrincipalAccount": HERE}}}, False),
        ({"Condition": {"StringEquals": {"aws:PrincipalType": "Anonymous"}}}, True),
        ({"Condition": {"Null": {"s3:authType": "true"}}}, True),
    ],
)
def test_a_bucket_policy_for_everyone(sandbox, bucket, change, allowed):
    statement = OBJECTS | change
    put_policy(sandbox, bucket, {**statement, "Resource": f"arn:aws:s3:::{bucket}{statement['Resource']}"})
    get = anonymous(sandbox).get_object
    if allowed:
        assert get(Bucket=bucket, Key="notes.txt")["Body"].read() == b"hello"
    else:
        assert refusal(get, Bucket=bucket, Key="notes.txt").code == "AccessDenied"


def test_a_deny_for_everyone_means_strangers_too(sandbox, bucket):
    objects = f"arn:aws:s3:::{bucket}/*"
    secret = {**deny("s3:*", f"arn:aws:s3:::{bucket}/secret*"), **EVERYONE}
    put_policy(sandbox, bucket, {**allow(["s3:GetObject", "s3:PutObject"], objects), **EVERYONE}, secret)
    stranger = anonymous(sandbox)
    assert stranger.put_object(Bucket=bucket, Key="open", Body=b"x")
    assert refusal(stranger.put_object, Bucket=bucket, Key="secret", Body=b"x").code == "AccessDenied"


@pytest.mark.parametrize("action", ["AssumeRoleWithWebIdentity", "AssumeRoleWithSAML", "GetCallerIdentity"])
def test_sts_wants_a_signature(sandbox, action):
    status, (code, _), _ = fetch(sandbox, f"{sandbox.endpoint_url}/?Action={action}&Version=2011-06-15")
    expected = (403, "MissingAuthenticationToken") if action == "GetCallerIdentity" else (501, "NotImplemented")
    assert (status, code) == expected


# --- bodies


@pytest.mark.exhaustive
def test_a_large_file_goes_up_in_parts_and_as_a_stream(sandbox, bucket, tmp_path):
    user = new_user(sandbox, allow("s3:PutObject", f"arn:aws:s3:::{bucket}/*"))
    s3, reader = client(sandbox, "s3", user.key), client(sandbox, "s3", administrator(sandbox))
    data = os.urandom(20 * 2**20)
    file = tmp_path / "large"
    file.write_bytes(data)
    s3.upload_file(str(file), bucket, "in-parts")
    s3.upload_fileobj(io.BytesIO(data), bucket, "as-a-stream")
    s3.put_object(Bucket=bucket, Key="at-once", Body=data, ChecksumAlgorithm="SHA256")
    for key in ("in-parts", "as-a-stream", "at-once"):
        assert reader.get_object(Bucket=bucket, Key=key)["Body"].read() == data
    other = client(sandbox, "s3", new_user(sandbox, allow("s3:GetObject")).key)
    assert refusal(other.create_multipart_upload, Bucket=bucket, Key="x").code == "AccessDenied"


CHUNKED = b"5;chunk-signature=%s\r\nhello\r\n0;chunk-signature=%s\r\n\r\n" % (b"0" * 64, b"0" * 64)
TRAILING = b"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n"


@pytest.mark.parametrize(
    ("kind", "body", "more"),
    [
        ("STREAMING-AWS4-HMAC-SHA256-PAYLOAD", CHUNKED, {}),
        ("STREAMING-UNSIGNED-PAYLOAD-TRAILER", TRAILING, {"X-Amz-Trailer": "x-amz-checksum-crc32"}),
        ("UNSIGNED-PAYLOAD", b"hello", {}),
    ],
)
def test_a_body_in_chunks_is_stored_whole(sandbox, bucket, kind, body, more):
    class Auth(S3SigV4Auth):
        def payload(self, request):
            return kind

    headers = {"X-Amz-Decoded-Content-Length": "5", "Content-Encoding": "aws-chunked", **more}
    if kind == "UNSIGNED-PAYLOAD":
        headers = {}
    request = AWSRequest("PUT", f"{sandbox.endpoint_url}/{bucket}/chunked", headers, data=body)
    admin = administrator(sandbox)
    Auth(Credentials(admin.access_key_id, admin.secret_access_key), "s3", sandbox.region).add_auth(request)
    answer = send(sandbox, "PUT", f"/{bucket}/chunked", headers=dict(request.headers.items()), body=body)
    assert answer.status == 200, answer.body
    got = client(sandbox, "s3", admin).get_object(Bucket=bucket, Key="chunked")
    assert got["Body"].read() == b"hello"


def test_a_body_that_was_changed_on_the_way(sandbox, bucket):
    request = AWSRequest("PUT", f"{sandbox.endpoint_url}/{bucket}/changed", data=b"signed")
    admin = administrator(sandbox)
    S3SigV4Auth(Credentials(admin.access_key_id, admin.secret_access_key), "s3", sandbox.region).add_auth(request)
    answer = send(sandbox, "PUT", f"/{bucket}/changed", headers=dict(request.headers.items()), body=b"other!")
    assert answer.status == 400
    assert b"<Code>XAmzContentSHA256Mismatch</Code>" in answer.body


@pytest.mark.parametrize(
    ("header", "value", "refused"),
    [
        ("x-amz-copy-source", "/{bucket}/notes.txt", "not signed"),
        ("x-amz-security-token", "another", "not signed|provided token"),
        ("x-amz-meta-team", "blue", "not signed"),
        ("x-amz-content-sha256", "UNSIGNED-PAYLOAD", ""),
        ("x-amzn-trace-id", "Root=1", ""),
    ],
)
@pytest.mark.parametrize("in_url", [True, False])
def test_s3_obeys_no_header_that_nobody_signed(sandbox, bucket, header, value, refused, in_url):
    admin, path = administrator(sandbox), f"/{bucket}/{unique('key')}"
    kind = S3SigV4QueryAuth if in_url else S3SigV4Auth
    request = AWSRequest("PUT", f"{sandbox.endpoint_url}{path}", data=b"" if in_url else b"hello")
    kind(Credentials(admin.access_key_id, admin.secret_access_key), "s3", sandbox.region).add_auth(request)
    headers = dict(request.headers.items())
    if header not in {name.lower() for name in headers}:
        headers[header] = value.format(bucket=bucket)
    answer = send(sandbox, "PUT", request.url.removeprefix(sandbox.endpoint_url), headers=headers, body=b"hello")
    assert (answer.status == 200) == (not refused), answer.body
    assert re.search(refused.encode(), answer.body)
    if refused == "not signed":
        assert f"<HeadersNotSigned>{header}</HeadersNotSigned>".encode() in answer.body
