"""The one place where the sandbox touches moto.

moto keeps the resources (users, roles, buckets, jobs) and answers the calls. Who is calling, and whether they may,
is decided before a request gets to it: see `gate.py`. When a new moto moves one of the names that the modules of this
package use, this package alone is to change, and `tests/sandbox/test_moto_adapter.py` says where.
"""

from moto import settings
from moto.core import base_backend, responses

from helpers.sandbox.moto_adapter.environment import OsWithoutSettings, session_without_configuration

# What moto reads in environment variables, when it is imported and with each call: they are the caller's own.
settings.os = responses.os = OsWithoutSettings()  # type: ignore[attr-defined,assignment]
settings.ENABLE_AMI_VALIDATION = True
settings.INITIAL_NO_AUTH_ACTION_COUNT = float("inf")
settings.TEST_SERVER_MODE = False
base_backend.Session = session_without_configuration  # type: ignore[attr-defined,assignment]
