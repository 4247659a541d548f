"""Which actions on which resources a call needs: what least-privilege policies are matched against.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from collections.abc import Callable

from helpers.sandbox.resources.call import Call, Demand
from helpers.sandbox.resources.ec2 import ec2_demands
from helpers.sandbox.resources.glue import glue_demands
from helpers.sandbox.resources.iam import iam_demands, sts_demands
from helpers.sandbox.resources.others import other_demands
from helpers.sandbox.resources.s3 import s3_demands

__all__ = ["Call", "Demand", "demands"]

_OF_SERVICE: dict[str, Callable[[Call], list[Demand]]] = {
    "iam": iam_demands,
    "sts": sts_demands,
    "s3": s3_demands,
    "ec2": ec2_demands,
    "glue": glue_demands,
}


def demands(call: Call) -> list[Demand]:
    """The permissions that a call needs, the one it is named after first."""
    return _OF_SERVICE.get(call.service, other_demands)(call)
