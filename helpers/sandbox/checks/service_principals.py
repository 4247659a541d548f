"""Which AWS services there are to be named as a principal, such as `ec2.amazonaws.com`.

AWS publishes no list. A name is taken for a service's when botocore has a client, an endpoint or a signature of that
name, when one of AWS's managed policies names it, or when it is among the few that neither has. In doubt it is taken:
a name in front of a service's own (`build.apprunner`), a region behind it (`states.us-east-1`).

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-services
"""

import re
import zlib
from functools import cache
from pathlib import Path

import botocore

from helpers.sandbox.moto_adapter.additions import services_in_managed_policies

_PRINCIPAL = re.compile(r"(?P<name>[a-z0-9-]+(\.[a-z0-9-]+)*?)(\.[a-z]{2}(-[a-z]+)+-\d+)?\.amazonaws\.com(\.cn)?")

# What neither botocore nor a managed policy names, and IAM takes.
_OTHERS = frozenset(
    [
        *("airflow-env", "automation", "billingconsole", "cloudwatch-crossaccount", "codestar", "costalerts"),
        *("datazonecontrol", "deeplens", "diode", "ec", "edgelambda", "eks-fargate", "eks-fargate-pods"),
        *("eks-nodegroup", "finspace", "freertos", "honeycode", "iotanalytics", "iotevents", "iotroborunner"),
        *("managedservices", "mediaimport", "mobileanalytics", "mobilehub", "opsworks", "opsworks-cm"),
        *("purchaseorders", "rds-preview", "tagpolicies.tag", "tts", "vpc-flow-logs", "wam", "worklink"),
    ]
)

# Endpoints that are no principals: IAM was seen to refuse them.
# https://github.com/hashicorp/terraform/issues/35086
_NO_PRINCIPALS = frozenset({"bedrock-agent", "s3files", "tagging"})

_MODELS = Path(botocore.__file__).parent / "data"
_HEAD_COMPRESSED, _HEAD = 2048, 2000
_NAME_IN_MODEL = re.compile(r'"(?:endpointPrefix|signingName)":\s*"([^"]+)"')


def is_service_principal(named: str) -> bool:
    """Tell whether AWS has the service that a policy names as a principal."""
    principal = _PRINCIPAL.fullmatch(named)
    return principal is not None and principal["name"] not in _NO_PRINCIPALS and _is_service(principal["name"])


def _is_service(name: str) -> bool:
    labels = name.split(".")
    ends = {".".join(labels[start:]) for start in range(len(labels))}
    return any(ends & names() for names in (_clients, _in_managed_policies, _in_models)) or bool(ends & _OTHERS)


# Each is read once, when a policy names what those before it lack: few ever do but misspelled names.


@cache
def _clients() -> frozenset[str]:
    """Name botocore's clients: 1 ms."""
    return frozenset(path.name for path in _MODELS.iterdir() if "." not in path.name)


@cache
def _in_managed_policies() -> frozenset[str]:
    """Name the services in AWS's managed policies: 10 ms."""
    return frozenset(services_in_managed_policies())


@cache
def _in_models() -> frozenset[str]:
    """Name services as their endpoints and signatures do, at the start of botocore's models: 30 ms."""
    found: set[str] = set()
    for model in _MODELS.glob("*/*/service-2.json.gz"):
        with model.open("rb") as compressed:
            head = zlib.decompressobj(wbits=31).decompress(compressed.read(_HEAD_COMPRESSED), _HEAD)
        found.update(_NAME_IN_MODEL.findall(head.decode(errors="replace")))
    return frozenset(found)
