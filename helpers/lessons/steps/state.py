"""What the account and the tutorial's files hold of the steps: read anew each time, for all state lives there."""

from collections.abc import Mapping
from dataclasses import dataclass

from helpers import iam, profiles
from helpers.account import Account
from helpers.clients.read_once import reading_once
from helpers.diagnosis.live_decision import LiveDecision, decide_live
from helpers.display import ToldInOneSentence

ROLE_NAME = "tutorial-role"
USER_NAME = "tutorial-user"
ASSUME_POLICY_NAME = "assume-tutorial-role"
GLUE_POLICY_NAME = "read-glue-jobs"
USER_PROFILE = "tutorial-user"
ROLE_PROFILE = "tutorial-role"


class StepMissing(ToldInOneSentence, LookupError):
    """What an earlier step makes is not there."""


@dataclass(frozen=True)
class State:
    """What the account and the tutorial's files hold, read at one moment.

    Attributes:
        role: the tutorial's role.
        user: the tutorial's user.
        saved_key: the user's access key in the downloaded .csv file.
        key_ids: the ids of the user's access keys that exist.
        inactive_key_ids: those of them that are switched off.
        profiles: the settings of the two profiles, by the profile's name.
        handshake: how IAM decides between user and role; None where one of them is not there.
    """

    role: iam.Role | None
    user: iam.User | None
    saved_key: iam.AccessKey | None
    key_ids: tuple[str, ...]
    inactive_key_ids: tuple[str, ...]
    profiles: Mapping[str, Mapping[str, str]]
    handshake: LiveDecision | None


def read_state(account: Account) -> State:
    """Read what the steps are checked against."""
    client = account.client("iam")
    with reading_once():
        user, role = iam.find_user(client), iam.find_role(client)
        return State(
            role=role,
            user=user,
            saved_key=profiles.load_access_key(account, user_name=user.name) if user else None,
            key_ids=tuple(iam.list_access_key_ids(client, user_name=user.name)) if user else (),
            inactive_key_ids=tuple(iam.list_access_key_ids(client, user_name=user.name, status="Inactive"))
            if user
            else (),
            profiles={name: profiles.read_profile(account, name) for name in (USER_PROFILE, ROLE_PROFILE)},
            handshake=decide_live(account, principal=user.arn, resource=role.arn) if user and role else None,
        )


def role_name(account: Account) -> str:
    """Return the name of the role that step 01 made, or will propose."""
    role = iam.find_role(account.client("iam"))
    return role.name if role else account.named(ROLE_NAME)


def user_name(account: Account) -> str:
    """Return the name of the user that step 02 made, or will propose."""
    user = iam.find_user(account.client("iam"))
    return user.name if user else account.named(USER_NAME)


def the_role(account: Account) -> iam.Role:
    """Return the role that step 01 made.

    Raises:
        StepMissing: it is not there.
    """
    if role := iam.find_role(account.client("iam")):
        return role
    raise StepMissing("This account has no role of this tutorial. Run notebook 01 first.")


def the_user(account: Account) -> iam.User:
    """Return the user that step 02 made.

    Raises:
        StepMissing: it is not there.
    """
    if user := iam.find_user(account.client("iam")):
        return user
    raise StepMissing("This account has no user of this tutorial. Run notebook 02 first.")


def the_access_key(account: Account) -> iam.AccessKey:
    """Return the user's access key, from the file that step 02 downloaded.

    Raises:
        StepMissing: the file is not there.
    """
    key = profiles.load_access_key(account, user_name=the_user(account).name)
    if key is None:
        raise StepMissing("The file with the user's access key is not there. Run notebook 02 first.")
    return key


def role_arn(account: Account) -> str:
    """Return the ARN of the role that step 01 made, or will propose."""
    return f"arn:aws:iam::{account.account_id}:role/{role_name(account)}"


def user_arn(account: Account) -> str:
    """Return the ARN of the user that step 02 made, or will propose."""
    return f"arn:aws:iam::{account.account_id}:user/{user_name(account)}"


def bucket_name(account: Account) -> str:
    """Return the name of the bucket that step 06 makes for a moment: nobody else's in all of AWS."""
    return account.named(f"tutorial-{account.ledger.id}")
