"""Tags on users, roles, managed policies and instance profiles.

On users and roles, keys that differ in capitals only are one key; on everything else they are two.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html
"""

from collections.abc import Callable, Iterable
from typing import cast

from helpers.sandbox import moto_seam
from helpers.sandbox.errors import AwsError
from helpers.sandbox.iam_call import IamCall, Result, page
from helpers.sandbox.iam_lookup import existing, existing_instance_profile, existing_policy
from helpers.sandbox.moto_seam import Tagged

QUOTA = 50

_IGNORING_CASE = ("User", "Role")
_KINDS = (*_IGNORING_CASE, "Policy", "InstanceProfile")

Answer = Callable[[IamCall], Result]


def check_tags(operation: str, keys: list[str]) -> None:
    """Refuses tags of which one is given twice.

    Raises:
        AwsError: `InvalidInput`.
    """
    ignoring_case = operation.endswith(_IGNORING_CASE)
    if len({_folded(key, ignoring_case) for key in keys}) < len(keys):
        hint = " Please note that Tag keys are case insensitive." if ignoring_case else ""
        raise AwsError("InvalidInput", f"Duplicate tag keys found.{hint}")


def _folded(key: str, ignoring_case: bool) -> str:
    return key.lower() if ignoring_case else key


def _tag(kind: str) -> Answer:
    def answer(call: IamCall) -> Result:
        entity = _entity(kind, call)
        given = {tag["Key"]: tag["Value"] for tag in call.parameters["Tags"]}
        tags = _without(given, entity, kind) | given
        if len(tags) > QUOTA:
            raise AwsError("LimitExceeded", "The number of tags has reached the maximum limit.", 409)
        moto_seam.set_entity_tags(entity, tags)
        return {}

    return answer


def _untag(kind: str) -> Answer:
    def answer(call: IamCall) -> Result:
        entity = _entity(kind, call)
        moto_seam.set_entity_tags(entity, _without(call.parameters["TagKeys"], entity, kind))
        return {}

    return answer


def _list(kind: str) -> Answer:
    def answer(call: IamCall) -> Result:
        tags = sorted(moto_seam.entity_tags(_entity(kind, call)).items())
        return page("Tags", [{"Key": key, "Value": value} for key, value in tags], call.parameters)

    return answer


def _entity(kind: str, call: IamCall) -> Tagged:
    named = call.parameters["PolicyArn" if kind == "Policy" else f"{kind}Name"]
    match kind:
        case "Policy":
            return existing_policy(named, call.account_id)
        case "InstanceProfile":
            return cast(Tagged, existing_instance_profile(named, call.account_id))
        case _:
            return cast(Tagged, existing(kind, named, call.account_id))


def _without(keys: Iterable[str], entity: Tagged, kind: str) -> dict[str, str]:
    ignoring_case = kind in _IGNORING_CASE
    gone = {_folded(key, ignoring_case) for key in keys}
    tags = moto_seam.entity_tags(entity)
    return {key: value for key, value in tags.items() if _folded(key, ignoring_case) not in gone}


ANSWERS: dict[str, Answer] = {}
for _kind in _KINDS:
    ANSWERS |= {f"Tag{_kind}": _tag(_kind), f"Untag{_kind}": _untag(_kind), f"List{_kind}Tags": _list(_kind)}
