"""moto's own types, for whoever says in a signature what it takes or gives."""

from moto.core.model import OperationModel, ServiceModel
from moto.core.parse import RequestParserError
from moto.core.request import Request
from moto.iam.models import AccessKey, Group, ManagedPolicy, Role, User
from moto.moto_server.werkzeug_app import MotoRequestHandler

__all__ = [
    "AccessKey",
    "Group",
    "ManagedPolicy",
    "MotoRequestHandler",
    "OperationModel",
    "Request",
    "RequestParserError",
    "Role",
    "ServiceModel",
    "User",
]
