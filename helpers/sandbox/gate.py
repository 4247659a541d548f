"""The way of a request through the sandbox: who is it, may they, is it well formed, and what is the answer.

`Gate` is a WSGI application that stands before moto's. A request passes it in this order:
read the signature → find the caller → check the signature → find the operation → check the parameters →
authorize → answer.
"""

import json
import threading
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any
from uuid import uuid4
from xml.etree.ElementTree import ParseError

from botocore.exceptions import UnknownServiceError
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.wrappers import Response

from helpers.sandbox import iam_answers, moto_seam, sts_answers
from helpers.sandbox.authorization import authorize
from helpers.sandbox.clock import Clock
from helpers.sandbox.connection import ACCOUNT_IDS
from helpers.sandbox.context import request_context
from helpers.sandbox.errors import AwsError, credential_error, family
from helpers.sandbox.iam_rules import check_call
from helpers.sandbox.identities import Caller, Session, identify
from helpers.sandbox.last_used import note_use
from helpers.sandbox.moto_seam import AccessKey, OperationModel, Request, ServiceModel, User
from helpers.sandbox.principals import in_step
from helpers.sandbox.propagation import Propagation
from helpers.sandbox.resource_documents import check_bucket_policy
from helpers.sandbox.resources import Call
from helpers.sandbox.signature import Signature, check_date, is_signed_with, read_signature
from helpers.sandbox.validation import check_parameters

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

ADMINISTRATOR = "administrator"
HEALTH_PATH = "/sandbox/health"
ADVANCE_PATH = "/sandbox/advance"
MOTO_CONTROL_PATH = "/moto-api"

# Where the name in a signature is not the name that botocore has for the service.
_SIGNING_NAMES = {
    "elasticloadbalancing": "elbv2",
    "email": "ses",
    "monitoring": "cloudwatch",
    "states": "stepfunctions",
}


# What reading a body that is damaged, cut off, or in another language than it says, may raise.
_UNREADABLE = (HTTPException, OSError, ValueError, ParseError, moto_seam.RequestParserError)


class Gate:
    """Authenticates, authorizes and answers every request that reaches the sandbox.

    Args:
        moto: keeps the resources, and answers whatever is let through.
        instance: what `GET /sandbox/health` answers, so that a client knows which sandbox it has reached.
        propagation_delay: seconds until a change of IAM's has effect.
    """

    def __init__(self, moto: moto_seam.Application, instance: str, propagation_delay: float = 0) -> None:
        self._moto = moto
        self._instance = instance
        self._clock = Clock()
        self._propagation = Propagation(self._clock, propagation_delay)
        self._sessions: dict[str, Session] = {}
        self.administrators: dict[str, AccessKey] = {}
        # moto's dictionaries must not change while another request walks through them.
        self._one_at_a_time = threading.RLock()
        self.last_request = time.monotonic()

    def start(self) -> None:
        """Puts an administrator into each account; after a reset, with the key that it had before."""
        self.administrators = {
            account_id: moto_seam.ensure_administrator(account_id, ADMINISTRATOR, self.administrators.get(account_id))
            for account_id in ACCOUNT_IDS
        }
        self._propagation.start()

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answers one request."""
        request = Request(environ.copy())
        try:
            request.get_data(cache=True)
        except _UNREADABLE:
            error = AwsError("IncompleteBody", "The body of the request cannot be read to its end.")
            return _error_response(_guess_service(request), None, error)(environ, start_response)
        response = self._health() if request.path == HEALTH_PATH else self._respond(request)
        return response(environ, start_response)

    def _health(self) -> Response:
        return Response(json.dumps({"instance": self._instance}), mimetype="application/json")

    def _respond(self, request: Request) -> Response:
        self.last_request = time.monotonic()
        service = _guess_service(request)
        operation = None
        try:
            signature = read_signature(request)
            if signature is None:
                raise credential_error("no credentials", service)
            service = _service_of(signature)
            with self._one_at_a_time:
                with moto_seam.looking_at(self._propagation.effective()):
                    caller = self._authenticate(request, signature, service)
                note_use(caller, signature, self._clock.now())
                if request.path.startswith((MOTO_CONTROL_PATH, ADVANCE_PATH)):
                    return self._control(request, caller)
                operation, parameters = _operation_of(request, service)
                return self._answer(request, signature, caller, operation, parameters)
        except AwsError as error:
            return _error_response(service, operation, error)

    def _authenticate(self, request: Request, signature: Signature, service: ServiceModel) -> Caller:
        caller = identify(signature, self._sessions, service, self._clock.now())
        if not is_signed_with(request, signature, caller.secret_access_key):
            raise credential_error("wrong signature", service)
        check_date(request, datetime.now(UTC))
        return caller

    def _answer(
        self,
        request: Request,
        signature: Signature,
        caller: Caller,
        operation: OperationModel,
        parameters: dict[str, Any],
    ) -> Response:
        service = operation.service_model
        now = self._clock.now()
        account_id = caller.principal.account_id
        if service.service_name in ("iam", "sts"):
            if operation.name == "AssumeRole":
                sts_answers.check_role_arn(parameters)
            check_parameters(operation, parameters)
        call = Call(
            service=signature.service,
            operation=operation.name,
            parameters=parameters,
            account_id=account_id,
            region=signature.region,
            caller_name=caller.entity.name,
        )
        context = request_context(request, caller, parameters, service=call.service, region=call.region, now=now)
        with moto_seam.looking_at(self._propagation.effective()):
            authorize(call, caller, context, service)
        if service.service_name == "sts":
            answer = sts_answers.ANSWERS.get(operation.name)
            if answer is None:
                raise _not_implemented(f"sts:{operation.name}", "it has no such call")
            result = answer(sts_answers.StsCall(caller, parameters, self._sessions, now))
            return _result_response(operation, result)
        if service.service_name == "iam":
            check_call(operation.name, account_id, parameters)
            if iam_answer := iam_answers.ANSWERS.get(operation.name):
                result = iam_answer(iam_answers.IamCall(caller, parameters, account_id, now, self._sessions))
                self._propagation.called(operation.name)
                return _result_response(operation, result)
            with in_step(operation.name, parameters, account_id):
                response = self._forward(request, account_id, signature.service, operation)
            self._propagation.called(operation.name)
            return response
        if operation.name == "PutBucketPolicy":
            check_bucket_policy(parameters.get("Policy", ""), parameters["Bucket"])
        return self._forward(request, account_id, signature.service, operation)

    def _forward(self, request: Request, account_id: str, service: str, operation: OperationModel | None) -> Response:
        environ = request.environ.copy()
        body = request.get_data()
        environ |= {
            "wsgi.input": BytesIO(body),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_X_MOTO_ACCOUNT_ID": account_id,
        }
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        environ.pop("werkzeug.request", None)
        try:
            return self._moto.answer(environ, service)
        except NotImplementedError as error:
            asked = f"{service}:{operation.name}" if operation else request.path
            raise _not_implemented(asked, str(error)) from error

    def _control(self, request: Request, caller: Caller) -> Response:
        """The clock, and the switches of moto itself (reset, seed, …), for an administrator alone."""
        if not (isinstance(caller.entity, User) and caller.entity.name == ADMINISTRATOR):
            raise AwsError("AccessDenied", f"{request.path} is for the sandbox's administrators alone.", 403)
        if request.path == ADVANCE_PATH:
            return self._advance(request)
        response = self._forward(request, caller.principal.account_id, "moto-api", None)
        self.start()
        return response

    def _advance(self, request: Request) -> Response:
        try:
            self._clock.advance(float(request.get_data()))
        except ValueError as error:
            raise AwsError("ValidationError", str(error)) from None
        return Response(json.dumps({"now": self._clock.now().isoformat()}), mimetype="application/json")


def _service_of(signature: Signature) -> ServiceModel:
    name = _SIGNING_NAMES.get(signature.service, signature.service)
    try:
        return moto_seam.service_model(name)
    except UnknownServiceError:
        message = f"The sandbox does not know the service {name}."
        raise AwsError("UnknownService", message, 404) from None


def _guess_service(request: Request) -> ServiceModel:
    """The service whose protocol fits best, for a request that does not say which one it wants."""
    content_type = request.headers.get("Content-Type", "")
    if "X-Amz-Target" in request.headers or "json" in content_type:
        return moto_seam.service_model("glue")
    is_query = content_type.startswith("application/x-www-form-urlencoded") or "Action" in request.args
    return moto_seam.service_model("sts" if is_query else "s3")


def _operation_of(request: Request, service: ServiceModel) -> tuple[OperationModel, dict[str, Any]]:
    """The operation that a request asks for, and its parameters.

    Raises:
        AwsError: there is no such operation, or its body cannot be read.
    """
    try:
        operation, path_parameters = moto_seam.match_operation(service.service_name, request)
        parameters = moto_seam.parse_parameters(operation, request, path_parameters)
        if not isinstance(parameters, dict):
            raise ValueError("the body is no object")
        return operation, parameters
    except (NotFound, NotImplementedError):
        asked = request.values.get("Action") or request.headers.get("X-Amz-Target") or request.path
        code = {"query": "InvalidAction", "ec2": "InvalidAction", "json": "UnknownOperationException"}
        message = f"Could not find operation {asked} for version {service.api_version}"
        raise AwsError(code.get(family(service), "MethodNotAllowed"), message, 400) from None
    except (*_UNREADABLE, AttributeError, KeyError, TypeError, RecursionError):
        code_of = {"s3": "MalformedXML", "json": "SerializationException"}
        raise AwsError(code_of.get(family(service), "MalformedInput"), "The body cannot be read.", 400) from None


def _not_implemented(asked: str, reason: str) -> AwsError:
    return AwsError("NotImplemented", f"The sandbox does not answer {asked}: {reason}.", 501)


def _result_response(operation: OperationModel, result: dict[str, Any]) -> Response:
    request_id = str(uuid4())
    body, headers = moto_seam.serialize(operation.service_model, operation, result, request_id)
    return _response(body, headers, 200, request_id)


def _error_response(service: ServiceModel, operation: OperationModel | None, error: AwsError) -> Response:
    request_id = str(uuid4())
    body, headers = moto_seam.serialize(service, operation, error, request_id)
    return _response(body, headers, error.status, request_id)


def _response(body: bytes, headers: dict[str, str], status: int, request_id: str) -> Response:
    return Response(body, status=status, headers={**headers, "x-amzn-RequestId": request_id})
