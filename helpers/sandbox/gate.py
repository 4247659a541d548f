"""The way of a request through the sandbox: read → authenticate → authorize → check → answer.

What AWS has and the sandbox does not model:

- organizations: there are no service control policies and no resource control policies, and no condition key says which
  organization somebody belongs to;
- policies on other resources than roles and buckets: those of keys (KMS), queues, topics, functions or VPC endpoints
  are kept, but nothing is decided by them;
- S3's access control lists and access points: kept too, and nothing is decided by them. Block of public access is a
  bucket's own: there is none for a whole account;
- identities from elsewhere (SAML, OpenID Connect, Identity Center): AssumeRoleWithSAML and AssumeRoleWithWebIdentity
  are refused. There is no root user either, and no AWS service comes to assume the role that trusts it;
- calls that a service makes on behalf of its caller, and most of the condition keys that one service alone has;
- requests of more than 21 MB, and more than 256 connections at once;
- the running of things: an EC2 instance is listed, but hands out no role's credentials;
- consistency beyond one delay: a change of IAM's has effect at once, or so many seconds later, for everybody at the
  same moment. No other service is ever behind, and nobody is throttled.

`Gate` is a WSGI application that stands before moto's, which keeps the resources and answers most calls.
"""

import json
import logging
import threading
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from wsgiref.types import StartResponse, WSGIEnvironment

from werkzeug.wrappers import Response

from helpers.sandbox import authorization
from helpers.sandbox.answers import iam, s3, sts
from helpers.sandbox.answers.responses import error_response, forward, forward_request
from helpers.sandbox.checks import ec2_rules, iam_rules, s3_rules
from helpers.sandbox.checks.existing import Check
from helpers.sandbox.checks.parameters import check_parameters
from helpers.sandbox.clock import Clock, Propagation
from helpers.sandbox.errors import AwsError
from helpers.sandbox.moto_adapter.accounts import looking_at
from helpers.sandbox.moto_adapter.additions import ensure_administrator
from helpers.sandbox.moto_adapter.protocols import Application
from helpers.sandbox.moto_adapter.types import AccessKey, Request, ServiceModel, User
from helpers.sandbox.outside.connection import ACCOUNT_IDS
from helpers.sandbox.request.call import Call, read_call
from helpers.sandbox.request.identities import Caller, Session, authenticate, note_use
from helpers.sandbox.request.mfa_codes import check_code
from helpers.sandbox.request.services import guess_service, read_body, services_signed_as
from helpers.sandbox.request.signature import UNSIGNED, Signature, read_signature

ADMINISTRATOR = "administrator"
HEALTH_PATH = "/sandbox/health"
ADVANCE_PATH = "/sandbox/advance"
MOTO_CONTROL_PATH = "/moto-api"

# By botocore's name of the service: what AWS refuses to a caller who may, and who answers, where it is not moto alone.
_CHECKS: dict[str, Check] = {"ec2": ec2_rules.check_call, "iam": iam_rules.check_call, "s3": s3_rules.check_call}
_ANSWERS: dict[str, Callable[[Call, Application], Response]] = {"iam": iam.answer, "s3": s3.answer, "sts": sts.answer}

# What is left of the body would be taken for the next request.
_BODY_IS_UNREAD = {"EntityTooLarge", "IncompleteBody"}

log = logging.getLogger(__name__)


class Gate:
    """Authenticate, authorize and answer every request that reaches the sandbox.

    Args:
        moto: Keeps the resources, and answers whatever is let through.
        instance: What `GET /sandbox/health` answers, so that a client knows which sandbox it has reached.
        propagation_delay: Seconds until a change of IAM's has effect.
    """

    def __init__(self, moto: Application, instance: str, propagation_delay: float = 0) -> None:
        self._moto = moto
        self.instance = instance
        self._clock = Clock()
        self._propagation = Propagation(self._clock, propagation_delay)
        self._sessions: dict[str, Session] = {}
        self.administrators: dict[str, AccessKey] = {}
        # moto's dictionaries must not change while another request walks through them.
        self._one_at_a_time = threading.RLock()
        self.last_request = time.monotonic()

    def start(self) -> None:
        """Put an administrator into each account; after a reset, with the key that it had before."""
        self.administrators = {
            account_id: ensure_administrator(account_id, ADMINISTRATOR, self.administrators.get(account_id))
            for account_id in ACCOUNT_IDS
        }
        self._propagation.start()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        return self._respond(Request(environ.copy()))(environ, start_response)

    def now(self) -> datetime:
        """Return the time in the sandbox."""
        return self._clock.now()

    def _respond(self, request: Request) -> Response:
        service, call = guess_service(request), None
        try:
            read_body(request)
            if request.path == HEALTH_PATH:
                return _json({"instance": self.instance})
            self.last_request = time.monotonic()
            signature = read_signature(request)
            services = services_signed_as(signature.service) if signature else [service]
            service = services[0]
            with self._one_at_a_time:
                caller = self._authenticate(request, signature, service)
                if request.path.startswith((MOTO_CONTROL_PATH, ADVANCE_PATH)):
                    return self._control(request, caller)
                now, effective = self._clock.now(), self._propagation.effective()
                call = read_call(request, signature, services, caller, now, self._sessions, effective)
                check_parameters(call)
                authorization.check_session(call)
                check_code(call)
                permitted = authorization.authorize(call)
                if check := _CHECKS.get(call.service):
                    check(permitted)
                return self._answer(permitted)
        except AwsError as error:
            response = error_response(request, service, call, error)
            if error.code in _BODY_IS_UNREAD:
                response.headers["Connection"] = "close"
            return response
        except Exception:
            # The one place for the sandbox's own mistakes: the client learns of them in its protocol, as AWS tells
            # of its own, and the server's log says where they are.
            log.exception("The sandbox failed to answer %s %s", request.method, request.path)
            failure = AwsError("InternalFailure", "The sandbox failed; its log says where.", 500)
            return error_response(request, service, call, failure)

    def _authenticate(self, request: Request, signature: Signature | None, service: ServiceModel) -> Caller:
        now = self._clock.now()
        with looking_at(self._propagation.effective()):
            caller = authenticate(request, signature, service, self._sessions, now, self._clock.since)
        if signature:
            note_use(caller, signature, now)
        return caller

    def _answer(self, call: Call) -> Response:
        response = _ANSWERS.get(call.service, forward)(call, self._moto)
        if call.service == "iam":
            self._propagation.called(call.operation)
        return response

    def _control(self, request: Request, caller: Caller) -> Response:
        """Let an administrator, and nobody else, move the clock or use the switches of moto itself (reset, seed, …)."""
        if caller.session or not (isinstance(caller.entity, User) and caller.entity.name == ADMINISTRATOR):
            raise AwsError("AccessDenied", f"{request.path} is for the sandbox's administrators alone.", 403)
        if request.path == ADVANCE_PATH:
            return self._advance(request)
        response = forward_request(request, caller.principal.account_id, UNSIGNED, self._moto, request.path)
        self.start()
        return response

    def _advance(self, request: Request) -> Response:
        try:
            self._clock.advance(float(request.get_data()))
        except ValueError as error:
            raise AwsError("ValidationError", str(error)) from None
        return _json({"now": self._clock.now().isoformat()})


def _json(told: dict[str, str]) -> Response:
    return Response(json.dumps(told), mimetype="application/json")
