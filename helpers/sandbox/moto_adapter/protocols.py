"""moto's answers, and the protocols of the AWS services."""

import json
import warnings
from collections.abc import Mapping
from contextlib import suppress
from functools import cache, lru_cache
from threading import Lock
from typing import Any
from uuid import uuid4

from moto.core import responses as moto_responses
from moto.core.model import OperationModel, ServiceModel
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.serialize import (
    SERIALIZERS,
    SerializationContext,
    get_serializer_class,
)
from moto.core.utils import get_service_model
from moto.moto_server import werkzeug_app
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.wrappers import Response

from helpers.sandbox.moto_adapter.buckets import prepare_s3
from helpers.sandbox.moto_adapter.ec2 import prepare_ec2
from helpers.sandbox.moto_adapter.environment import without_configuration
from helpers.sandbox.moto_adapter.shown import AsAwsShows

# AwsError's codes are IAM's own; moto would warn of each that a service's model does not list.
warnings.filterwarnings("ignore", message=r".*does not match an error shape.*", module=r"moto\.core\.serialize")

# moto prints which services it lacks: on standard output the sandbox says how to reach it, and nothing else.
werkzeug_app.print = lambda *_: None  # type: ignore[attr-defined]
werkzeug_app.DISABLE_GLOBAL_CORS = True  # type: ignore[attr-defined]


class Application:
    """The WSGI application of moto: all its services, told apart by the request's signature."""

    def __init__(self) -> None:
        dispatcher = DomainDispatcherApplication(_create_service_app)
        # moto looks for a host's service by walking through its folders, each time anew.
        dispatcher.get_backend_for_host = lru_cache(maxsize=64)(  # type: ignore[method-assign]
            dispatcher.get_backend_for_host
        )
        self._dispatcher = dispatcher

    def answer(self, environ: dict[str, Any], service: str) -> Response:
        """Let moto answer a request, signed for this service.

        Raises:
            NotImplementedError: Moto has no such call, fails on it, or lacks a package that the service needs.
        """
        try:
            app = self._dispatcher.get_application(environ)
        except ModuleNotFoundError as error:
            raise NotImplementedError(f"moto's {service} needs the package {error.name}") from error
        response = Response.from_app(app, environ, buffered=True)
        is_page = response.mimetype == "text/html" and environ["REQUEST_METHOD"] != "HEAD"
        if response.status_code >= 500 or (response.status_code >= 400 and is_page):
            raise NotImplementedError("moto has no such call, or fails on it")
        return response


def _create_service_app(service: Any) -> Any:
    if service is None:
        raise NotImplementedError("moto has no such service")
    if prepare := {"ec2": prepare_ec2, "s3": prepare_s3}.get(service):
        with without_configuration():
            prepare()
    with without_configuration():
        app = create_backend_app(service)
    app.debug = False  # a call that moto fails on is a 500 to answer, not an exception to raise
    app.logger.disabled = True
    return app


_read_once = cache(get_service_model)
_reading = Lock()


def service_model(service: str) -> ServiceModel:
    """Return what botocore knows of a service: read at its first use, and once however many ask at that moment."""
    with _reading:
        return _read_once(service)


def match_operation(service: str, request: Request) -> tuple[OperationModel, dict[str, Any]]:
    """Find the operation that a request asks for, and the parameters in its path.

    Raises:
        werkzeug.exceptions.NotFound: The service has no such operation.
        NotImplementedError: The content type is none that the service speaks.
    """
    return get_service_router(service).match(request)


def parse_parameters(operation: OperationModel, request: Request, path_parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Read a request's parameters, as boto3 names them."""
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
    """Choose the protocol to answer in: the one that was asked in, or the service's first one that can be written."""
    with suppress(NotImplementedError):
        asked_in: str = determine_request_protocol(service, content_type)
        if asked_in in SERIALIZERS:
            return asked_in
    spoken = service.metadata.get("protocols", [str(service.protocol)])
    return next(str(protocol) for protocol in spoken if protocol in SERIALIZERS)


def serialize(
    service: ServiceModel, operation: OperationModel | None, result: object, protocol: str, request_id: str
) -> tuple[bytes, dict[str, str]]:
    """Write a result, or an exception with `code` and `message`, as the protocol does: body, headers.

    Parts of a result may be moto's own objects.
    """
    operation = operation or OperationModel({}, service)
    serializer_class = get_serializer_class(service.service_name, protocol)
    context = SerializationContext(request_id)
    serializer = serializer_class(operation, context=context, value_picker=AsAwsShows())
    answer = serializer.serialize(result)
    body = answer["body"]
    return body.encode() if isinstance(body, str) else body, dict(answer["headers"])


# --- ids of requests: moto draws them where it draws ids and keys, so that a mere read would change those to come


def _new_request_id(headers: dict[str, Any]) -> str:
    headers["x-amzn-requestid"] = request_id = str(uuid4())
    return request_id


moto_responses.gen_amzn_requestid_long = _new_request_id  # type: ignore[attr-defined, assignment]


# --- which calls a service has: moto looks through the members of a class at each request


moto_responses.method_names_from_class = cache(moto_responses.method_names_from_class)  # type: ignore[attr-defined]
