"""The steps themselves: what each adds to an account, what of it is missing, and what it takes to do it."""

from collections.abc import Callable
from dataclasses import dataclass

from helpers import iam, policies, profiles, sts
from helpers.account import Account
from helpers.clients.polling import until_it_works
from helpers.diagnosis.patience import patience_with_error
from helpers.diagnosis.words import in_the_way
from helpers.display import ToldInOneSentence
from helpers.evaluation.decisions import Verdict
from helpers.lessons.steps.state import (
    ASSUME_POLICY_NAME,
    GLUE_POLICY_NAME,
    ROLE_NAME,
    ROLE_PROFILE,
    USER_NAME,
    USER_PROFILE,
    State,
    bucket_name,
    role_arn,
    the_access_key,
    the_role,
    the_user,
    user_arn,
)

KEYS_AT_MOST = 2


class TooManyKeys(ToldInOneSentence, ValueError):
    """The user has no room for another access key."""


@dataclass(frozen=True)
class Step:
    """One step of the tutorial.

    Attributes:
        number: its notebook's number.
        title: what is done in it.
        notebook: its notebook's file name.
        makes: what the step adds to an account, with ARNs, one line each.
        missing: names what is not there yet; nothing when the step is done.
        wrong: names what is there in its place, and does not do.
        build: does the step, leaving alone what is there already.
    """

    number: int
    title: str
    notebook: str
    makes: Callable[[Account], list[str]]
    missing: Callable[["State"], list[str]]
    build: Callable[[Account], None]
    wrong: Callable[["State"], list[str]] = lambda state: []


# --- 01 the role


def _role_plan(account: Account) -> list[str]:
    return [f"role {role_arn(account)}", f"its policy {iam.AMAZON_S3_FULL_ACCESS}, attached"]


def _role_missing(state: State) -> list[str]:
    role = state.role
    if role is None:
        return ["the role"]
    missing = []
    if iam.AMAZON_S3_FULL_ACCESS not in role.attached_policies:
        missing.append("the managed policy AmazonS3FullAccess on the role")
    if policies.trust_service("ec2.amazonaws.com") not in policies.statements(role.trust_policy):
        missing.append("the trust statement for the EC2 service")
    return missing


def _role_wrong(state: State) -> list[str]:
    if state.role is None:
        return []
    wrong = []
    others = [arn.rpartition("/")[2] for arn in state.role.attached_policies]
    if iam.AMAZON_S3_FULL_ACCESS not in state.role.attached_policies and others:
        wrong.append(f"attached are: {', '.join(others)}")
    named = [
        name for statement in policies.statements(state.role.trust_policy) for name in policies.principals(statement)
    ]
    if policies.trust_service("ec2.amazonaws.com") not in policies.statements(state.role.trust_policy) and named:
        wrong.append(f"the trust policy names: {', '.join(named)}")
    return wrong


def _build_role(account: Account) -> None:
    client = account.client("iam")
    role = iam.find_role(client)
    ec2 = policies.trust_service("ec2.amazonaws.com")
    if role is None:
        role = iam.create_role(client, name=account.named(ROLE_NAME), trust_policy=policies.policy(ec2))
    elif ec2 not in policies.statements(role.trust_policy):
        trust = policies.with_statement(role.trust_policy, ec2)
        client.update_assume_role_policy(RoleName=role.name, PolicyDocument=policies.to_json(trust))
    iam.attach_role_policy(client, role_name=role.name, policy_arn=iam.AMAZON_S3_FULL_ACCESS)


# --- 02 the user


def _user_plan(account: Account) -> list[str]:
    return [f"user {user_arn(account)}", "an access key of the user, and its .csv file on this machine"]


def _user_missing(state: State) -> list[str]:
    if state.user is None:
        return ["the user"]
    if state.saved_key is None:
        return ["the .csv file with the user's access key"]
    if state.saved_key.access_key_id not in state.key_ids:
        return ["an access key of the user: the one in the .csv file does not exist any more"]
    if state.saved_key.access_key_id in state.inactive_key_ids:
        return ["an active access key of the user: the one in the .csv file is inactive"]
    return []


def _build_user(account: Account) -> None:
    client = account.client("iam")
    user = iam.find_user(client) or iam.create_user(client, name=account.named(USER_NAME))
    download_access_key(account, user_name=user.name)


def download_access_key(account: Account, *, user_name: str) -> iam.AccessKey:
    """Make an access key and save its .csv file; keeps a key that was saved before.

    It takes a few seconds until the key works: see `wait_until_key_works`. Where AWS's answer is lost and the call is
    made again, AWS has made two keys, and nobody knows the first one's secret: that one is deleted.

    Raises:
        TooManyKeys: the user has two keys already, and the secret of neither is in the tutorial's file.
    """
    client = account.client("iam")
    saved = profiles.load_access_key(account, user_name=user_name)
    there = iam.list_access_key_ids(client, user_name=user_name)
    if saved and saved.access_key_id in there:
        return saved
    if len(there) >= KEYS_AT_MOST:
        message = f"User {user_name} has two access keys, and no secret of theirs is in the tutorial's .csv file."
        raise TooManyKeys(f"{message} Delete one: iam.delete_access_key, as in notebook 02's exercise.")
    try:
        key = iam.create_access_key(client, user_name=user_name)
        profiles.save_access_key(account, key)
        there.append(key.access_key_id)
        return key
    finally:
        for access_key_id in set(iam.list_access_key_ids(client, user_name=user_name)) - set(there):
            iam.delete_access_key(client, user_name=user_name, access_key_id=access_key_id)


def wait_until_key_works(account: Account) -> sts.Identity:
    """Ask with the user's key who that is, again and again until the new key has reached all of AWS.

    Raises:
        LookupError: there is no key in the tutorial's file.
        ClientError: AWS refuses the key for good: it was deleted, or switched off.
        WaitedTooLong: AWS still refuses it when the limit is over.
    """
    client = account.client("sts", the_access_key(account))
    return until_it_works(lambda: sts.who_am_i(client), what="the new access key to work", patience=patience_with_error)


# --- 03 the user may assume the role


def _permission_plan(account: Account) -> list[str]:
    return [f"inline policy {ASSUME_POLICY_NAME} on {user_arn(account)}"]


def _permission_missing(state: State) -> list[str]:
    if state.handshake is None:
        return ["the user and the role"]
    if state.handshake.identity_side is Verdict.ALLOWED:
        return []
    return ["an inline policy on the user that allows sts:AssumeRole on the role's ARN"]


def _permission_wrong(state: State) -> list[str]:
    decided = state.handshake
    if decided is None or decided.identity_side is Verdict.ALLOWED:
        return []
    return list(in_the_way(decided, ("identity", "boundary")))


def _build_permission(account: Account) -> None:
    role, user = the_role(account), the_user(account)
    document = policies.allow_assume_role(role.arn)
    client = account.client("iam")
    iam.put_user_policy(client, user_name=user.name, policy_name=ASSUME_POLICY_NAME, document=document)


# --- 04 the role trusts the user


def _trust_plan(account: Account) -> list[str]:
    return [f"a statement in the trust policy of {role_arn(account)}"]


def _trust_missing(state: State) -> list[str]:
    if state.handshake is None:
        return ["the user and the role"]
    if state.handshake.resource_side is Verdict.ALLOWED:
        return []
    return ["a statement in the role's trust policy that names the user's ARN"]


def _trust_wrong(state: State) -> list[str]:
    decided = state.handshake
    if decided is None or decided.resource_side is Verdict.ALLOWED:
        return []
    return list(in_the_way(decided, ("resource",)))


def _build_trust(account: Account) -> None:
    role, user = the_role(account), the_user(account)
    iam.trust_principal(account.client("iam"), role_name=role.name, arn=user.arn)


def wait_until_assumable(account: Account) -> sts.RoleSession:
    """Assume the role as the user, again and again until the new trust policy has reached all of AWS.

    Raises:
        LookupError: the role, the user, or its key is not there.
        ClientError: AWS refuses for good: the policies do not allow it, or the key is no good.
        WaitedTooLong: AWS still refuses when the limit is over.
    """
    client = account.client("sts", the_access_key(account))
    role_arn = the_role(account).arn
    return until_it_works(
        lambda: sts.assume_role(client, role_arn=role_arn, session_name="ready"),
        what="the role to be assumable",
        patience=patience_with_error,
    )


# --- 05 the CLI's profiles


def _profiles_plan(account: Account) -> list[str]:
    return [f"profiles {USER_PROFILE} and {ROLE_PROFILE}, in the tutorial's own files on this machine"]


def _profiles_missing(state: State) -> list[str]:
    if state.saved_key is None or state.role is None:
        return ["the user and the role"]
    missing = []
    if state.profiles[USER_PROFILE].get("aws_access_key_id") != state.saved_key.access_key_id:
        missing.append(f"the profile {USER_PROFILE}, with the user's access key")
    role_profile = state.profiles[ROLE_PROFILE]
    if (role_profile.get("role_arn"), role_profile.get("source_profile")) != (state.role.arn, USER_PROFILE):
        missing.append(f"the profile {ROLE_PROFILE}, with the role's ARN and {USER_PROFILE} as its source")
    return missing


def _profiles_wrong(state: State) -> list[str]:
    given = state.profiles[ROLE_PROFILE]
    wanted = {"role_arn": state.role.arn if state.role else "", "source_profile": USER_PROFILE}
    return [
        f"the profile {ROLE_PROFILE} has {name} = {given[name]}, not {value}"
        for name, value in wanted.items()
        if value and given.get(name, value) != value
    ]


def _build_profiles(account: Account) -> None:
    profiles.configure(account, profile=USER_PROFILE, key=the_access_key(account))
    role_arn = the_role(account).arn
    profiles.add_role_profile(account, profile=ROLE_PROFILE, role_arn=role_arn, source_profile=USER_PROFILE)


# --- 06 what the role may do


def _permissions_plan(account: Account) -> list[str]:
    return [
        f"policy {iam.AMAZON_EC2_READ_ONLY_ACCESS}, attached to {role_arn(account)}",
        f"inline policy {GLUE_POLICY_NAME} on the same role",
        f"bucket arn:aws:s3:::{bucket_name(account)}, deleted again at once",
    ]


def _permissions_missing(state: State) -> list[str]:
    role = state.role
    if role is None:
        return ["the role"]
    missing = []
    if iam.AMAZON_EC2_READ_ONLY_ACCESS not in role.attached_policies:
        missing.append("the managed policy AmazonEC2ReadOnlyAccess on the role")
    if GLUE_POLICY_NAME not in role.inline_policies:
        missing.append(f"the inline policy {GLUE_POLICY_NAME} on the role")
    return missing


def _build_permissions(account: Account) -> None:
    client, role = account.client("iam"), the_role(account)
    iam.attach_role_policy(client, role_name=role.name, policy_arn=iam.AMAZON_EC2_READ_ONLY_ACCESS)
    document = policies.policy(policies.allow("glue:GetJobs"))
    iam.put_role_policy(client, role_name=role.name, policy_name=GLUE_POLICY_NAME, document=document)


STEPS = (
    Step(1, "Create the role", "01_create_role.ipynb", _role_plan, _role_missing, _build_role, _role_wrong),
    Step(2, "Create the user and its access key", "02_create_user.ipynb", _user_plan, _user_missing, _build_user),
    Step(
        3,
        "Allow the user to assume the role",
        "03_allow_user_to_assume_role.ipynb",
        _permission_plan,
        _permission_missing,
        _build_permission,
        _permission_wrong,
    ),
    Step(
        4,
        "Trust the user in the role",
        "04_trust_user_in_role.ipynb",
        _trust_plan,
        _trust_missing,
        _build_trust,
        _trust_wrong,
    ),
    Step(
        5,
        "Configure the CLI",
        "05_configure_cli.ipynb",
        _profiles_plan,
        _profiles_missing,
        _build_profiles,
        _profiles_wrong,
    ),
    Step(
        6,
        "Test the role, and give it more permissions",
        "06_test_assume_role.ipynb",
        _permissions_plan,
        _permissions_missing,
        _build_permissions,
    ),
)
