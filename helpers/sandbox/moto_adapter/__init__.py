"""The one place where the sandbox touches moto.

moto keeps the resources (users, roles, buckets, jobs) and answers the calls. Who is calling, and whether they may,
is decided before a request gets to it: see `gate.py`. When a new moto moves one of the names that the modules of this
package use, this package alone is to change, and `tests/sandbox/test_moto_adapter.py` says where.
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
    "MOTO_ENABLE_AMI_VALIDATION": "true",
}
