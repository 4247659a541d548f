"""Damaged requests: each gets an error that its client can read, and leaves the sandbox well.

Nothing here goes through boto3, which would not send such requests: they are signed with botocore where they have to
be, and go over the wire byte for byte.
"""

import json
import re
import socket
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from http.client import HTTPException, HTTPResponse
from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials
from botocore.parsers import create_parser
from botocore.session import get_session
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers.evaluation.decisions import Policies, Policy, decide
from helpers.evaluation.statements import Principal
from helpers.evaluation.statements import Request as DecisionRequest
from helpers.sandbox.checks.identity_policies import check_identity_policy
from helpers.sandbox.checks.resource_policies import check_trust_policy
from helpers.sandbox.errors import AwsError
from support.sandbox_clients import HERE, Answer, administrator, client, unique

SECONDS = 20


@dataclass(frozen=True)
class Request:
    """A request as it goes over the wire."""

    service: str
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def but(self, **changes):
        """The same with a part of it changed; headers are added to those that are there, or taken away by None."""
        headers = self.headers | changes.pop("headers", {})
        return replace(self, headers={name: value for name, value in headers.items() if value is not None}, **changes)

    def signed(self, sandbox, auth=None):
        """The same with the administrator's signature."""
        request = AWSRequest(self.method, sandbox.endpoint_url + self.path, dict(self.headers), data=self.body)
        admin = administrator(sandbox)
        auth = auth or (S3SigV4Auth if self.service == "s3" else SigV4Auth)
        auth(Credentials(admin.access_key_id, admin.secret_access_key), self.service, sandbox.region).add_auth(request)
        host, path = request.url.removeprefix("http://").split("/", 1)
        return self.but(path=f"/{path}", headers={"Host": host, **request.headers})

    def on_the_wire(self):
        headers = {"Content-Length": len(self.body)} | self.headers
        lines = [f"{self.method} {self.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + self.body


FORM = {"Content-Type": "application/x-www-form-urlencoded"}
GLUE = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "AWSGlue.GetDatabase"}
USUAL = {
    "iam": Request("iam", "POST", "/", FORM, b"Action=GetRole&Version=2010-05-08&RoleName=nobody"),
    "sts": Request(
        "sts", "POST", "/", FORM, b"Action=GetAccessKeyInfo&Version=2011-06-15&AccessKeyId=AKIAIOSFODNN7EXAMPLE"
    ),
    "ec2": Request("ec2", "POST", "/", FORM, b"Action=DescribeVpcs&Version=2016-11-15&VpcId.1=vpc-12345678"),
    "glue": Request("glue", "POST", "/", GLUE, b'{"Name": "nobody"}'),
    "s3": Request("s3", "GET", "/no-such-bucket-here?location", {}, b""),
}
services = pytest.mark.parametrize("service", USUAL)


@pytest.fixture(autouse=True)
def stays_well(sandbox):
    """After every test the sandbox answers the administrator as ever."""
    yield
    identity = client(sandbox, "sts", administrator(sandbox)).get_caller_identity()
    assert identity["Arn"] == f"arn:aws:iam::{HERE}:user/administrator"


@contextmanager
def connected(sandbox):
    address = urlsplit(sandbox.endpoint_url)
    with socket.create_connection((address.hostname, address.port), timeout=SECONDS) as wire:
        yield wire


def send(sandbox, data, *, method="GET", ends=False):
    """Sends bytes, and says that no more will come if it `ends`; the answer has to come in time."""
    with connected(sandbox) as wire:
        try:
            wire.sendall(data)
            if ends:
                wire.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the sandbox may refuse before it has read to the end
        return read(wire, method)


def read(wire, method="GET"):
    answer = HTTPResponse(wire, method=method)
    try:
        answer.begin()
        return Answer(answer.status, dict(answer.getheaders()), answer.read())
    except (HTTPException, OSError) as error:
        pytest.fail(f"no answer in HTTP: {error!r}")


def answer_to(sandbox, request):
    return send(sandbox, request.on_the_wire(), method=request.method)


def error_in(answer, service, method="GET"):
    """The code of an error, which has to be one that botocore's clients of the service can read."""
    assert 400 <= answer.status < 500 or answer.status in (501, 503, 505), answer
    assert "html" not in answer.headers.get("Content-Type", ""), answer
    if method == "HEAD":
        assert answer.body == b""
        return ""
    assert answer.body
    model = service_model(service)
    received = {"status_code": answer.status, "headers": HTTPHeaders.from_dict(answer.headers), "body": answer.body}
    error = create_parser(model.protocol).parse(received, model.shape_for(model.shape_names[0]))["Error"]
    assert re.fullmatch(r"[A-Z][\w.]+", error["Code"]), answer
    assert error["Message"], answer
    return error["Code"]


@cache
def service_model(service):
    return get_session().get_service_model(service)


# --- who signed it, and when


DAMAGED_AUTHORIZATIONS = {
    "none": lambda text: None,
    "empty": lambda text: "",
    "a word": lambda text: "AWS4-HMAC-SHA256",
    "basic": lambda text: "Basic YWxhZGRpbjpvcGVuc2VzYW1l",
    "signature version 2": lambda text: "AWS AKIAIOSFODNN7EXAMPLE:frJIUN8DYpKDtOLCwo//yllqDzg=",
    "another algorithm": lambda text: text.replace("SHA256", "SHA1"),
    "no credential": lambda text: re.sub("Credential=[^,]*, ", "", text),
    "no signed headers": lambda text: re.sub("SignedHeaders=[^,]*, ", "", text),
    "no signature": lambda text: re.sub(", Signature=.*", "", text),
    "empty credential": lambda text: re.sub("Credential=[^,]*", "Credential=", text),
    "half a credential": lambda text: re.sub("/aws4_request", "", text),
    "another term": lambda text: text.replace("aws4_request", "aws5_request"),
    "an unknown key": lambda text: re.sub("Credential=[^/]*", "Credential=AKIAIOSFODNN7EXAMPLE", text),
    "no key": lambda text: re.sub("Credential=[^/]*", "Credential=", text),
    "a signature too short": lambda text: text[:-1],
    "a signature of other letters": lambda text: re.sub("Signature=.*", "Signature=ÿÿÿÿ", text),
    "headers that are not there": lambda text: text.replace("SignedHeaders=", "SignedHeaders=x-none;"),
    "twice": lambda text: f"{text}, {text[:-5]}00000",
}


@pytest.mark.exhaustive(but_first=12)
@services
@pytest.mark.parametrize("damage", DAMAGED_AUTHORIZATIONS)
def test_a_damaged_authorization_is_refused(sandbox, service, damage):
    request = USUAL[service].signed(sandbox)
    authorization = DAMAGED_AUTHORIZATIONS[damage](request.headers["Authorization"])
    error_in(answer_to(sandbox, request.but(headers={"Authorization": authorization})), service)


@services
@pytest.mark.parametrize("date", [None, "", "yesterday", "20261031", "99999999T999999Z", "20261031T220000+0000"])
def test_a_damaged_date_is_refused(sandbox, service, date):
    request = USUAL[service].signed(sandbox).but(headers={"X-Amz-Date": date})
    error_in(answer_to(sandbox, request), service)


@services
@pytest.mark.parametrize("hours", [-1, 1, -24 * 365, 24 * 365])
def test_a_signature_of_another_time_is_refused(sandbox, service, hours, monkeypatch):
    moment = datetime.now(UTC) + timedelta(hours=hours)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: moment)
    error_in(answer_to(sandbox, USUAL[service].signed(sandbox)), service)


def test_an_address_that_is_signed_and_then_changed_is_refused(sandbox):
    request = USUAL["s3"].signed(sandbox, lambda *of: S3SigV4QueryAuth(*of, expires=60))
    assert "X-Amz-Signature=" in request.path
    for damaged in (request.path[:-1], request.path.replace("X-Amz-", "X-Amazing-"), f"{request.path}&X-Amz-Date=0"):
        error_in(answer_to(sandbox, request.but(path=damaged)), "s3")


texts = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=20)


@pytest.mark.exhaustive
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(list(USUAL)),
    st.sampled_from(["Authorization", "X-Amz-Date", "Host", "Content-Type", "X-Amz-Target", "X-Amz-Security-Token"]),
    st.floats(0, 1),
    texts,
)
def test_any_damage_to_a_header_is_answered_with_an_error(sandbox, service, name, where, text):
    request = USUAL[service].signed(sandbox)
    old = request.headers.get(name, "")
    place = int(where * len(old))
    answer = answer_to(sandbox, request.but(headers={name: old[:place] + text + old[place + len(text) :]}))
    assert 400 <= answer.status < 500 or answer.status == 501, answer
    assert b"<html" not in answer.body.lower()


@pytest.mark.exhaustive
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(list(USUAL)), st.floats(0, 1), st.binary(max_size=20), st.integers(0, 20))
def test_any_damage_to_a_body_is_answered_with_an_error(sandbox, service, where, put_in, left_out):
    usual = USUAL[service]
    place = int(where * len(usual.body))
    body = usual.body[:place] + put_in + usual.body[place + left_out :]
    answer = answer_to(sandbox, usual.but(body=body).signed(sandbox))
    if answer.status != 200:  # what is damaged may happen to mean something
        assert 400 <= answer.status < 500 or answer.status == 501, answer
        assert b"<html" not in answer.body.lower()


# --- what is asked


def form(text, service="iam"):
    return USUAL[service].but(body=text if isinstance(text, bytes) else text.encode())


def glue(body, **headers):
    return USUAL["glue"].but(body=body, headers={name.replace("_", "-"): value for name, value in headers.items()})


def s3(method, path, body=b""):
    return USUAL["s3"].but(method=method, path=path, body=body)


CREATE = "Action=CreateUser&Version=2010-05-08&UserName"
CREATE_POLICY = "Action=CreatePolicy&Version=2010-05-08&PolicyName=x&PolicyDocument"
DEEP = 100_000
BOMB = b"".join(
    [
        b'<?xml version="1.0"?><!DOCTYPE b [<!ENTITY e0 "boom">',
        *(b'<!ENTITY e%d "%s">' % (level, b"&e%d;" % (level - 1) * 10) for level in range(1, 10)),
        b"]><CreateBucketConfiguration><LocationConstraint>&e9;</LocationConstraint></CreateBucketConfiguration>",
    ]
)
THIEF = (
    b'<?xml version="1.0"?><!DOCTYPE b [<!ENTITY file SYSTEM "file:///etc/passwd">]>'
    b"<CreateBucketConfiguration><LocationConstraint>&file;</LocationConstraint></CreateBucketConfiguration>"
)
NEW_BUCKET = "/fuzzed-bucket"

DAMAGED_CALLS = [
    # what, request, code
    ("no action", form(""), None),
    ("an unknown action", form("Action=MakeTea&Version=2010-05-08"), "InvalidAction"),
    ("an action of another service", form("Action=AssumeRole&Version=2010-05-08"), "InvalidAction"),
    ("an action that is no text", form(b"Action=\xff\xfe\x00&Version=2010-05-08"), "InvalidAction"),
    ("a form that says that it is none", form("Action=ListUsers").but(headers={"Content-Type": "text/plain"}), None),
    (
        "JSON where a form belongs",
        form('{"Action": "ListUsers"}').but(headers={"Content-Type": "application/json"}),
        None,
    ),
    ("a parameter that is no text", form(f"{CREATE}=".encode() + b"\xff\xfe"), None),
    ("a null byte", form(f"{CREATE}=%00x"), "ValidationError"),
    ("no number where one belongs", form("Action=ListUsers&Version=2010-05-08&MaxItems=many"), None),
    ("a number without end", form(f"Action=ListUsers&Version=2010-05-08&MaxItems={'9' * 10_000}"), None),
    ("a list with holes", form(f"{CREATE}=no/name&Tags.member.x.Key=1&Tags.member.99999999999.Key=2"), None),
    ("a list that is a text", form(f"{CREATE}=no/name&Tags.member=1&Tags=2"), None),
    ("10 MB of form", form(f"{CREATE}={'A' * 10_000_000}"), "ValidationError"),
    ("10 MB of nothing", form("&" * 10_000_000), None),
    ("50,000 parameters", form("&".join(f"P{number}=1" for number in range(50_000))), None),
    (
        "a policy of brackets",
        form(f"Action=CreatePolicy&Version=2010-05-08&PolicyName=x&PolicyDocument={'[' * DEEP}"),
        None,
    ),
    ("a policy of nothing", form("Action=CreatePolicy&Version=2010-05-08&PolicyName=x&PolicyDocument=null"), None),
    ("an unknown action of EC2", form("Action=MakeTea&Version=2016-11-15", "ec2"), "InvalidAction"),
    ("no number for EC2", form("Action=RunInstances&Version=2016-11-15&MaxCount=many", "ec2"), None),
    ("no target", glue(b"{}", X_Amz_Target=None), "UnknownOperationException"),
    ("an unknown target", glue(b"{}", X_Amz_Target="AWSGlue.MakeTea"), "UnknownOperationException"),
    ("another service's target", glue(b"{}", X_Amz_Target="DynamoDB_20120810.ListTables"), "UnknownOperationException"),
    ("no JSON", glue(b"{"), "SerializationException"),
    ("JSON that is no text", glue(b'{"Name": "\xff"}'), "SerializationException"),
    ("JSON that is a list", glue(b'["Name"]'), "SerializationException"),
    ("JSON that is null", glue(b"null"), "SerializationException"),
    ("deep JSON", glue(b'{"Name":' * DEEP), "SerializationException"),
    ("deep brackets", glue(b"[" * DEEP), "SerializationException"),
    (
        "a number too great",
        glue(b'{"MaxResults": 1e400}', X_Amz_Target="AWSGlue.GetCrawlers"),
        "SerializationException",
    ),
    ("10 MB of JSON", glue(b'{"Name": "%s"}' % (b"A" * 10_000_000)), None),
    ("no XML", s3("PUT", NEW_BUCKET, b"<a><b>"), "MalformedXML"),
    ("deep XML", s3("PUT", NEW_BUCKET, b"<a>" * DEEP), "MalformedXML"),
    ("an XML bomb", s3("PUT", NEW_BUCKET, BOMB), "MalformedXML"),
    ("XML that reads a file", s3("PUT", NEW_BUCKET, THIEF), "MalformedXML"),
    ("another method", s3("PATCH", NEW_BUCKET), "MethodNotAllowed"),
    ("nothing to delete", s3("POST", "/no-such-bucket-here?delete", b"<Delete/>"), "MalformedXML"),
    ("a deletion without a body", s3("POST", "/no-such-bucket-here?delete"), "MissingRequestBodyError"),
    ("a setting without a body", s3("PUT", "/no-such-bucket-here?publicAccessBlock"), "MissingRequestBodyError"),
    ("a bucket that is no text", s3("GET", "/%ff%fe%00"), None),
]


@pytest.mark.parametrize(("request_", "code"), [pytest.param(*row, id=what) for what, *row in DAMAGED_CALLS])
def test_what_cannot_be_understood_is_refused(sandbox, request_, code):
    found = error_in(answer_to(sandbox, request_.signed(sandbox)), request_.service)
    assert code in (None, found)


def test_an_unknown_service_is_refused_in_words(sandbox):
    for request in (USUAL["iam"], USUAL["glue"]):
        answer = answer_to(sandbox, replace(request, service="teapot").signed(sandbox))
        error_in(answer, request.service)
        assert b"teapot" in answer.body


def test_of_two_parameters_of_one_name_the_first_counts(sandbox):
    twice = form("Action=GetRole&Version=2010-05-08&RoleName=first&RoleName=second&Action=DeleteRole")
    answer = answer_to(sandbox, twice.signed(sandbox))
    assert error_in(answer, "iam") == "NoSuchEntity"
    assert b"first" in answer.body


BAD_BUCKET_POLICIES = [
    b"no JSON",
    b"",
    b"[]",
    b"null",
    b'{"Statement": "all"}',
    b'{"Statement": [{"Effect": "Allow", "Principal": ["*"], "Action": "s3:*", "Resource": "*"}]}',
    b'{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*", "Condition": "never"}]}',
    b'{"Statement":' + b"[" * DEEP,
]


@pytest.mark.parametrize("policy", BAD_BUCKET_POLICIES, ids=range(len(BAD_BUCKET_POLICIES)))
def test_what_is_no_bucket_policy_is_refused_and_the_bucket_stays_usable(sandbox, policy):
    name = unique("bucket")
    owner = client(sandbox, "s3", administrator(sandbox))
    owner.create_bucket(Bucket=name)
    assert error_in(answer_to(sandbox, s3("PUT", f"/{name}?policy", policy).signed(sandbox)), "s3") == "MalformedPolicy"
    assert owner.list_objects_v2(Bucket=name)["KeyCount"] == 0


ODD_PATHS = ["/", "//", "/..", "/a/../../b", "/%00", "/%ff%fe", "/moto-api", "/moto-api/data.json", "//moto-api/reset"]
ODD_PATHS += ["/static/app.js", "/favicon.ico", "/sandbox", "/sandbox/advance", "/?Action=ListUsers", "/a?&&==&;", "/*"]


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "BREW"])
def test_odd_paths_get_readable_errors_by_any_method(sandbox, method):
    for path in ODD_PATHS:
        request = s3(method, path).but(headers={"Host": "localhost"})
        error_in(answer_to(sandbox, request), "sts" if "Action" in path else "s3", method)


# --- HTTP itself

BAD_HTTP = {
    "no HTTP": b"hello\r\n\r\n",
    "another protocol": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "a later HTTP": b"GET / HTTP/9.9\r\n\r\n",
    "a line without end": b"GET /%s HTTP/1.1\r\n\r\n" % (b"a" * 100_000),
    "a header without end": b"GET / HTTP/1.1\r\nX-Long: %s\r\n\r\n" % (b"a" * 100_000),
    "many headers": b"GET / HTTP/1.1\r\n%s\r\n" % b"".join(b"X-%d: 1\r\n" % number for number in range(1000)),
    "a header that is none": b"GET / HTTP/1.1\r\nno header\r\n\r\n",
    "a null byte": b"GET /\x00 HTTP/1.1\r\nAuthorization: \x00\r\n\r\n",
    "a negative length": b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    "a length that is none": b"POST / HTTP/1.1\r\nContent-Length: long\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "less than it said": b"POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\nabc",
    "a chunk of no size": b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n",
    "a chunk cut off": b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
    "chunks cut off": b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    "an encoding that is none": b"POST / HTTP/1.1\r\nTransfer-Encoding: rot13\r\n\r\nabc",
}


@pytest.mark.parametrize("data", BAD_HTTP.values(), ids=BAD_HTTP)
def test_bad_http_gets_a_readable_error(sandbox, data):
    error_in(send(sandbox, data, ends=True), "s3")


def test_clients_that_never_finish_keep_nobody_else_waiting(sandbox):
    unfinished = [
        b"",
        b"POST / HTT",
        b"POST / HTTP/1.1\r\nHost: loc",
        b"POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\nabc",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        USUAL["iam"].signed(sandbox).but(headers={"Content-Length": "100000000"}).on_the_wire(),
    ]
    with ExitStack() as open_ones:
        for start in unfinished * 3:
            open_ones.enter_context(connected(sandbox)).sendall(start)
        assert error_in(answer_to(sandbox, USUAL["iam"].signed(sandbox)), "iam") == "NoSuchEntity"


def test_a_body_in_chunks_is_as_good_as_one_with_a_length(sandbox):
    usual = USUAL["iam"]
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (usual.body[:7], usual.body[7:], b""))
    request = usual.signed(sandbox).but(headers={"Transfer-Encoding": "chunked"})
    head = request.on_the_wire().partition(b"\r\n\r\n")[0].replace(b"Content-Length", b"X-Length")
    assert error_in(send(sandbox, head + b"\r\n\r\n" + chunks), "iam") == "NoSuchEntity"


def test_what_follows_a_refused_request_on_its_connection_is_not_taken_for_another_ones(sandbox):
    refused = USUAL["iam"].signed(sandbox).but(headers={"Authorization": "nonsense"})
    with connected(sandbox) as wire:
        wire.sendall(refused.on_the_wire() + USUAL["iam"].signed(sandbox).on_the_wire())
        assert error_in(read(wire), "iam") == "IncompleteSignature"


# --- policies: whatever the sandbox takes, it can decide by

ANYONE_ON_ANYTHING = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
POLICIES = {
    "an identity policy": (check_identity_policy, ANYONE_ON_ANYTHING),
    "a trust policy": (check_trust_policy, {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": "*"}),
}
ELEMENTS = ["Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Principal", "NotPrincipal", "Condition"]
junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.sampled_from(["*", "s3:*", "x", ""]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["AWS", "Service", "StringEquals", "Null", "k"]), inner, max_size=2)
    ),
    max_leaves=5,
)


@pytest.mark.exhaustive
@pytest.mark.parametrize(("check", "usual"), POLICIES.values(), ids=POLICIES)
@settings(max_examples=150, deadline=None)
@given(junk=st.dictionaries(st.sampled_from(ELEMENTS), junk, max_size=3), statement=st.none() | junk)
def test_by_any_policy_that_is_taken_it_can_be_decided(check, usual, junk, statement):
    document = {"Version": "2012-10-17", "Statement": usual | junk if statement is None else statement}
    try:
        check(json.dumps(document))
    except AwsError:
        return
    taken = Policy("a policy", document)
    caller = Principal(f"arn:aws:iam::{HERE}:user/ana", HERE)
    for action in ("s3:GetObject", "sts:AssumeRole"):
        decide(DecisionRequest(caller, action, context={"k": "1"}), Policies((taken,), resource=taken))
