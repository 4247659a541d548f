"""The way of a request through the sandbox: who is it, may they, is it well formed, and what is the answer.

`Gate` is a WSGI application that stands before moto's. A request passes it in this order:
read the signature → find the caller → check the signature → find the operation → check the parameters →
authorize → answer.
"""

import json
import logging
import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from werkzeug.wrappers import Response

from helpers.sandbox import iam_answers, moto_seam, s3_rules, sts_answers
from helpers.sandbox.authorization import authorize
from helpers.sandbox.clock import Clock
from helpers.sandbox.connection import ACCOUNT_IDS
from helpers.sandbox.context import request_context
from helpers.sandbox.errors import AwsError, credential_error
from helpers.sandbox.iam_call import own_name
from helpers.sandbox.iam_rules import check_call
from helpers.sandbox.identities import Caller, Session, anonymous_caller, identify
from helpers.sandbox.last_used import note_use
from helpers.sandbox.moto_seam import AccessKey, OperationModel, Request, ServiceModel, User
from helpers.sandbox.principals import in_step
from helpers.sandbox.propagation import Propagation
from helpers.sandbox.resources import Call
from helpers.sandbox.s3_deletion import smaller_request, split_deletion, with_refused
from helpers.sandbox.services import (
    action_prefix,
    guess_service,
    operation_of,
    read_body,
    services_signed_as,
    with_parameters,
)
from helpers.sandbox.signature import (
    UNSIGNED,
    Signature,
    check_date,
    check_payload,
    is_signed_with,
    read_signature,
    without_signature,
)
from helpers.sandbox.validation import check_parameters

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

ADMINISTRATOR = "administrator"
HEALTH_PATH = "/sandbox/health"
ADVANCE_PATH = "/sandbox/advance"
MOTO_CONTROL_PATH = "/moto-api"

NO_PROVIDERS = "it trusts no provider of identities"
_NEED_NO_SIGNATURE = ("AssumeRoleWithSAML", "AssumeRoleWithWebIdentity")

# What a service looks at before it asks who may do it.
_FIRST_CHECKS: dict[str, Callable[[OperationModel, dict[str, Any]], None]] = {
    "iam": check_parameters,
    "sts": sts_answers.check_parameters,
    "s3": s3_rules.check_bucket_name,
}

log = logging.getLogger(__name__)


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
        return self._respond(Request(environ.copy()))(environ, start_response)

    def now(self) -> datetime:
        """The time in the sandbox."""
        return self._clock.now()

    def _respond(self, request: Request) -> Response:
        service = guess_service(request)
        operation = None
        try:
            read_body(request)
            if request.path == HEALTH_PATH:
                return Response(json.dumps({"instance": self._instance}), mimetype="application/json")
            self.last_request = time.monotonic()
            signature = read_signature(request)
            services = services_signed_as(signature.service) if signature else [service]
            service = services[0]
            with self._one_at_a_time:
                with moto_seam.looking_at(self._propagation.effective()):
                    caller = self._authenticate(request, signature, service)
                if signature:
                    note_use(caller, signature, self._clock.now())
                if request.path.startswith((MOTO_CONTROL_PATH, ADVANCE_PATH)):
                    return self._control(request, caller)
                if signature and signature.is_presigned:
                    request = without_signature(request)
                operation, parameters = operation_of(request, services)
                service = operation.service_model
                return self._answer(request, signature or UNSIGNED, caller, operation, parameters)
        except AwsError as error:
            return _error_response(request, service, operation, error)
        except Exception:
            # The one place for the sandbox's own mistakes: the client learns of them in its protocol, as AWS tells
            # of its own, and the server's log says where they are.
            log.exception("The sandbox failed to answer %s %s", request.method, request.path)
            failure = AwsError("InternalFailure", "The sandbox failed; its log says where.", 500)
            return _error_response(request, service, operation, failure)

    def _authenticate(self, request: Request, signature: Signature | None, service: ServiceModel) -> Caller:
        if signature is None:
            action = request.values.get("Action") if service.service_name == "sts" else None
            if action in _NEED_NO_SIGNATURE:
                raise _not_implemented(f"sts:{action}", NO_PROVIDERS)
            return anonymous_caller(service)
        caller = identify(signature, self._sessions, service, self._clock.now())
        if not is_signed_with(request, signature, caller.secret_access_key):
            raise credential_error("wrong signature", service)
        check_payload(request)
        check_date(signature, datetime.now(UTC))
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
        if check := _FIRST_CHECKS.get(service.service_name):
            check(operation, parameters)
        if service.service_name == "iam" and (added := own_name(operation, parameters, caller)):
            request, parameters = with_parameters(request, added), parameters | added
        call = Call(
            service=action_prefix(signature.service),
            operation=operation.name,
            parameters=parameters,
            account_id=caller.principal.account_id,
            region=signature.region,
            caller=caller,
        )
        context = request_context(request, signature, call, self._clock.now())

        def permit(asked: Call) -> None:
            with moto_seam.looking_at(self._propagation.effective()):
                authorize(asked, context, service)

        if service.service_name == "s3" and operation.name == "DeleteObjects":
            return self._delete_objects(request, signature, operation, call, permit)
        permit(call)
        match service.service_name:
            case "sts":
                return self._answer_sts(request, operation, call)
            case "iam":
                return self._answer_iam(request, signature, operation, call)
            case "s3":
                s3_rules.check_call(operation.name, parameters)
        return self._forward(request, call.account_id, signature, operation)

    def _answer_sts(self, request: Request, operation: OperationModel, call: Call) -> Response:
        answer = sts_answers.ANSWERS.get(operation.name)
        if answer is None:
            reason = NO_PROVIDERS if operation.name in _NEED_NO_SIGNATURE else "it has no such call"
            raise _not_implemented(f"sts:{operation.name}", reason)
        result = answer(sts_answers.StsCall(call.caller, call.parameters, self._sessions, self._clock.now()))
        return _result_response(request, operation, result)

    def _answer_iam(self, request: Request, signature: Signature, operation: OperationModel, call: Call) -> Response:
        account_id, parameters = call.account_id, call.parameters
        check_call(operation.name, account_id, parameters)
        if answer := iam_answers.ANSWERS.get(operation.name):
            asked = iam_answers.IamCall(call.caller, parameters, account_id, self._clock.now(), self._sessions)
            response = _result_response(request, operation, answer(asked))
        else:
            with in_step(operation.name, parameters, account_id):
                response = self._forward(request, account_id, signature, operation)
        self._propagation.called(operation.name)
        return response

    def _delete_objects(
        self,
        request: Request,
        signature: Signature,
        operation: OperationModel,
        call: Call,
        permit: Callable[[Call], None],
    ) -> Response:
        s3_rules.check_call(operation.name, call.parameters)
        allowed, refused = split_deletion(call, permit)
        if not refused:
            return self._forward(request, call.account_id, signature, operation)
        if not allowed["Delete"]["Objects"]:
            return _result_response(request, operation, {"Errors": refused})
        smaller = smaller_request(request, operation, allowed)
        response = self._forward(smaller, call.account_id, signature, operation)
        if response.status_code >= 400:
            return response
        return _result_response(request, operation, with_refused(response, operation, refused))

    def _forward(
        self, request: Request, account_id: str, signature: Signature, operation: OperationModel | None
    ) -> Response:
        environ = request.environ.copy()
        body = request.get_data()
        environ |= {
            "wsgi.input": BytesIO(body),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_X_MOTO_ACCOUNT_ID": account_id,
            "HTTP_AUTHORIZATION": signature.as_header(),
        }
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        environ.pop("werkzeug.request", None)
        try:
            return self._moto.answer(environ, signature.service)
        except NotImplementedError as error:
            asked = f"{signature.service}:{operation.name}" if operation else request.path
            raise _not_implemented(asked, str(error)) from error

    def _control(self, request: Request, caller: Caller) -> Response:
        """The clock, and the switches of moto itself (reset, seed, …), for an administrator alone."""
        if not (isinstance(caller.entity, User) and caller.entity.name == ADMINISTRATOR):
            raise AwsError("AccessDenied", f"{request.path} is for the sandbox's administrators alone.", 403)
        if request.path == ADVANCE_PATH:
            return self._advance(request)
        response = self._forward(request, caller.principal.account_id, UNSIGNED, None)
        self.start()
        return response

    def _advance(self, request: Request) -> Response:
        try:
            self._clock.advance(float(request.get_data()))
        except ValueError as error:
            raise AwsError("ValidationError", str(error)) from None
        return Response(json.dumps({"now": self._clock.now().isoformat()}), mimetype="application/json")


def _not_implemented(asked: str, reason: str) -> AwsError:
    return AwsError("NotImplemented", f"The sandbox does not answer {asked}: {reason}.", 501)


def _result_response(request: Request, operation: OperationModel, result: dict[str, Any]) -> Response:
    """What a call answers, in the protocol that it was made in."""
    return _response(request, operation.service_model, operation, result, 200)


def _error_response(
    request: Request, service: ServiceModel, operation: OperationModel | None, error: AwsError
) -> Response:
    """A refusal, in the protocol that the call was made in."""
    return _response(request, service, operation, error, error.status)


def _response(
    request: Request, service: ServiceModel, operation: OperationModel | None, result: object, status: int
) -> Response:
    request_id = str(uuid4())
    protocol = moto_seam.protocol_of(service, request.content_type)
    body, headers = moto_seam.serialize(service, operation, result, protocol, request_id)
    return Response(body, status=status, headers={**headers, "x-amzn-RequestId": request_id})
