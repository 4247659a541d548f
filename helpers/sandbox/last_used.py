"""When access keys and roles were last used.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html#Using_access-keys-last-used
"""

from datetime import datetime

from helpers.sandbox import moto_seam
from helpers.sandbox.iam_call import IamCall, Result
from helpers.sandbox.iam_lookup import no_such_entity
from helpers.sandbox.identities import Caller
from helpers.sandbox.signature import Signature


def note_use(caller: Caller, signature: Signature, now: datetime) -> None:
    """Keeps that a user's key, or a role, made a call: it counts even when the call is refused."""
    if caller.session is None:
        moto_seam.note_key_use(signature.access_key_id, now, signature.service, signature.region)
    elif caller.principal.role_arn:
        moto_seam.note_role_use(caller.principal.role_arn, now, signature.region)


def get_access_key_last_used(call: IamCall) -> Result:
    """When, where and for which service a key of this account was last used.

    Raises:
        AwsError: `NoSuchEntity`.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccessKeyLastUsed.html
    """
    access_key_id = call.parameters["AccessKeyId"]
    found = moto_seam.user_by_access_key(access_key_id)
    if found is None or found[0].account_id != call.account_id:
        raise no_such_entity(f"The Access Key with id {access_key_id} cannot be found.")
    user, key = found
    used: Result = {"ServiceName": "N/A", "Region": "N/A"}
    if key.last_used:
        last = key.last_used
        used = {"LastUsedDate": last.timestamp, "ServiceName": last.service, "Region": last.region}
    return {"UserName": user.name, "AccessKeyLastUsed": used}
