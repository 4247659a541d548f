"""The tutorial's steps, in order: is a step done in this account, and what does it take to do it?

All state lives in the account: each check reads it anew, and no notebook hands another anything.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from helpers import iam, policies, profiles, sts
from helpers.account import Account
from helpers.decisions import Decision, Policy, Request, Verdict, decide
from helpers.display import BAD, GOOD, Rows, Shown, ToldInOneSentence
from helpers.live_policies import read_caller
from helpers.waiting import until_it_works

ROLE_NAME = "tutorial-role"
USER_NAME = "tutorial-user"
ASSUME_POLICY_NAME = "assume-tutorial-role"
GLUE_POLICY_NAME = "read-glue-jobs"
USER_PROFILE = "tutorial-user"
ROLE_PROFILE = "tutorial-role"
KEYS_AT_MOST = 2

_CLEAN_UP = 7
_MADE_FOR_A_WHILE = {
    4: (("user", "tutorial-user-2"),),
    10: (("user", "truth-table-user"), ("user", "truth-table-stranger"), ("role", "truth-table-role")),
}


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
        profiles: the settings of the two profiles, by the profile's name.
        handshake: how IAM decides between user and role; None where one of them is not there.
    """

    role: iam.Role | None
    user: iam.User | None
    saved_key: iam.AccessKey | None
    key_ids: tuple[str, ...]
    profiles: Mapping[str, Mapping[str, str]]
    handshake: Decision | None


@dataclass(frozen=True)
class Step:
    """One step of the tutorial.

    Attributes:
        number: its notebook's number.
        title: what is done in it.
        notebook: its notebook's file name.
        makes: what the step adds to an account, with ARNs, one line each.
        missing: names what is not there yet; nothing when the step is done.
        build: does the step, leaving alone what is there already.
    """

    number: int
    title: str
    notebook: str
    makes: Callable[[Account], list[str]]
    missing: Callable[["State"], list[str]]
    build: Callable[[Account], None]


@dataclass(frozen=True, repr=False)
class Check(Shown):
    """Whether a step is done.

    Attributes:
        step: which one.
        missing: what is not there yet.
    """

    step: Step
    missing: tuple[str, ...]

    @property
    def done(self) -> bool:
        """Whether nothing is missing."""
        return not self.missing

    @property
    def accent(self) -> str:
        """Green for done, red for not yet."""
        return GOOD if self.done else BAD

    def title(self) -> str:
        """Done, or not yet."""
        return f"{'Done' if self.done else 'Not yet'}: {self.step.title}"

    def rows(self) -> Rows:
        """What is missing."""
        return [("Missing", "\n".join(self.missing))] if self.missing else []


@dataclass(frozen=True, repr=False)
class Card(Shown):
    """Where you are: which account, who you are in it, which steps are done, and which is next.

    Attributes:
        account: the open account.
        identity: who you are.
        checks: the steps up to the last one.
        built: the steps that were done for you just now.
        needed: the steps that this notebook builds on, and that have to be done first.
        plan: what this notebook makes, with ARNs.
    """

    account: Account
    identity: sts.Identity
    checks: tuple[Check, ...]
    built: tuple[Step, ...]
    needed: tuple[Step, ...] = ()
    plan: tuple[str, ...] = ()

    @property
    def next(self) -> tuple[str, str]:
        """What is to be done next, and the file name of its notebook."""
        to_do = next((check.step for check in self.checks if not check.done), None)
        return (f"{to_do.number:02} {to_do.title}", to_do.notebook) if to_do else ("07 Clean up", "07_clean_up.ipynb")

    def title(self) -> str:
        """Which account."""
        return f"{self.account.description}, account {self.account.account_id}"

    def rows(self) -> Rows:
        """Region, identity, steps, what is next, and what was built."""
        listed = [
            f"{'done ' if check.done else 'to do'}  {check.step.number:02} {check.step.title}" for check in self.checks
        ]
        rows = [("Region", self.account.region), ("You are", self.identity.arn)]
        if guard := self.account.guard:
            rows += guard.rows()
        rows += [("Steps", "\n".join(listed)), ("Next", ", in ".join(self.next))]
        if self.plan:
            rows.append(("Makes", "\n".join(self.plan)))
        if self.needed:
            first = ", ".join(f"{step.number:02} {step.title}" for step in self.needed)
            rows.append(
                ("First", f"{first}. This notebook builds on it, and in your own account nothing is done unasked.")
            )
        if self.built:
            done = ", ".join(f"{step.number:02} {step.title}" for step in self.built)
            rows.append(("Done for you", f"{done}. This was missing, and the notebook builds on it."))
        if self.account.news:
            rows.append(("Note", self.account.news))
        return rows

    def _repr_html_(self) -> str:
        _, notebook = self.next
        return super()._repr_html_().replace(notebook, f'<a href="{notebook}">{notebook}</a>')


def begin(account: Account, number: int) -> Card:
    """Makes sure that what the earlier notebooks build is there and has effect, and shows where you are.

    Args:
        account: the open account.
        number: the number of the notebook that begins.

    Raises:
        NameTakenError: something that the tutorial did not make has the name that an earlier step needs.
        WaitedTooLong: what was built has no effect yet when the limit is over.
    """
    state, built, needed = read_state(account), [], []
    for step in STEPS:
        if step.number >= number or not step.missing(state):
            continue
        if account.practice:
            step.build(account)
            built.append(step)
            state = read_state(account)
        elif number != _CLEAN_UP:
            needed.append(step)
    _wait_for(account, built, state)
    identity = sts.who_am_i(account.client("sts"))
    checks = tuple(Check(step, tuple(step.missing(state))) for step in STEPS)
    return Card(account, identity, checks, tuple(built), tuple(needed), tuple(plan(account, number)))


def plan(account: Account, number: int) -> list[str]:
    """What a notebook is about to make in the account, with ARNs, one line each; nothing is made.

    Args:
        account: the open account.
        number: the notebook's number.
    """
    for_a_while = [f"{kind} {account.named(name)}, deleted again" for kind, name in _MADE_FOR_A_WHILE.get(number, ())]
    return [line for step in STEPS if step.number == number for line in step.makes(account)] + for_a_while


def _wait_for(account: Account, built: Sequence[Step], state: State) -> None:
    """Waits until what was built has effect, once for all of it: who may assume the role has a key that works."""
    numbers = {step.number for step in built}
    if numbers & {1, 2, 3, 4} and state.handshake and state.handshake.verdict is Verdict.ALLOWED:
        wait_until_assumable(account)
    elif 2 in numbers:
        wait_until_key_works(account)


def check(account: Account, number: int) -> Check:
    """Reads the live account and says whether a step is done, or what is missing.

    Args:
        account: the open account.
        number: the step's number, 1 to 6.
    """
    step = next(step for step in STEPS if step.number == number)
    return Check(step, tuple(step.missing(read_state(account))))


def read_state(account: Account) -> State:
    """Reads what the steps are checked against."""
    client = account.client("iam")
    user, role = iam.find_user(client), iam.find_role(client)
    return State(
        role=role,
        user=user,
        saved_key=profiles.load_access_key(account, user_name=user.name) if user else None,
        key_ids=tuple(iam.list_access_key_ids(client, user_name=user.name)) if user else (),
        profiles={name: profiles.read_profile(account, name) for name in (USER_PROFILE, ROLE_PROFILE)},
        handshake=handshake(account, user, role) if user and role else None,
    )


def role_name(account: Account) -> str:
    """The name of the role that step 01 made, or will propose."""
    role = iam.find_role(account.client("iam"))
    return role.name if role else account.named(ROLE_NAME)


def user_name(account: Account) -> str:
    """The name of the user that step 02 made, or will propose."""
    user = iam.find_user(account.client("iam"))
    return user.name if user else account.named(USER_NAME)


def the_role(account: Account) -> iam.Role:
    """The role that step 01 made.

    Raises:
        StepMissing: it is not there.
    """
    role = iam.find_role(account.client("iam"))
    if role is None:
        raise StepMissing("This account has no role of this tutorial. Run notebook 01 first.")
    return role


def the_user(account: Account) -> iam.User:
    """The user that step 02 made.

    Raises:
        StepMissing: it is not there.
    """
    user = iam.find_user(account.client("iam"))
    if user is None:
        raise StepMissing("This account has no user of this tutorial. Run notebook 02 first.")
    return user


def the_access_key(account: Account) -> iam.AccessKey:
    """The user's access key, from the file that step 02 downloaded.

    Raises:
        StepMissing: the file is not there.
    """
    key = profiles.load_access_key(account, user_name=the_user(account).name)
    if key is None:
        raise StepMissing("The file with the user's access key is not there. Run notebook 02 first.")
    return key


def handshake(account: Account, user: iam.User, role: iam.Role) -> Decision:
    """How IAM decides whether the user may assume the role, by the policies that the two have now, groups included."""
    caller = read_caller(account, user.arn)
    request = Request(caller.principal, "sts:AssumeRole", role.arn, context=caller.keys)
    return decide(request, replace(caller.policies, resource=Policy("trust policy", role.trust_policy)))


def role_arn(account: Account) -> str:
    """The ARN of the role that step 01 made, or will propose."""
    return f"arn:aws:iam::{account.account_id}:role/{role_name(account)}"


def user_arn(account: Account) -> str:
    """The ARN of the user that step 02 made, or will propose."""
    return f"arn:aws:iam::{account.account_id}:user/{user_name(account)}"


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
    return []


def _build_user(account: Account) -> None:
    client = account.client("iam")
    user = iam.find_user(client) or iam.create_user(client, name=account.named(USER_NAME))
    download_access_key(account, user_name=user.name)


def download_access_key(account: Account, *, user_name: str) -> iam.AccessKey:
    """Makes an access key and saves its .csv file; keeps a key that was saved before.

    It takes a few seconds until the key works: see `wait_until_key_works`. Where AWS's answer is lost and the call is
    made again, AWS has made two keys, and nobody knows the first one's secret: that one is deleted.

    Raises:
        ValueError: the user has two keys already, and the secret of neither is in the tutorial's file.
    """
    client = account.client("iam")
    saved = profiles.load_access_key(account, user_name=user_name)
    there = iam.list_access_key_ids(client, user_name=user_name)
    if saved and saved.access_key_id in there:
        return saved
    if len(there) >= KEYS_AT_MOST:
        message = f"User {user_name} has two access keys, and no secret of theirs is in the tutorial's .csv file."
        raise ValueError(f"{message} Delete one: iam.delete_access_key, as in notebook 02's exercise.")
    try:
        key = iam.create_access_key(client, user_name=user_name)
        profiles.save_access_key(account, key)
        there.append(key.access_key_id)
        return key
    finally:
        for access_key_id in set(iam.list_access_key_ids(client, user_name=user_name)) - set(there):
            iam.delete_access_key(client, user_name=user_name, access_key_id=access_key_id)


def wait_until_key_works(account: Account) -> sts.Identity:
    """Asks with the user's key who that is, again and again until the new key has reached all of AWS.

    Raises:
        LookupError: there is no key in the tutorial's file.
        ClientError: AWS refuses the key for good: it was deleted, or switched off.
        WaitedTooLong: AWS still refuses it when the limit is over.
    """
    client = account.client("sts", the_access_key(account))
    return until_it_works(lambda: sts.who_am_i(client), what="the new access key to work")


# --- 03 the user may assume the role


def _permission_plan(account: Account) -> list[str]:
    return [f"inline policy {ASSUME_POLICY_NAME} on {user_arn(account)}"]


def _permission_missing(state: State) -> list[str]:
    if state.handshake is None:
        return ["the user and the role"]
    if state.handshake.identity_side is Verdict.ALLOWED:
        return []
    return ["an inline policy on the user that allows sts:AssumeRole on the role's ARN"]


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


def _build_trust(account: Account) -> None:
    role, user = the_role(account), the_user(account)
    iam.trust_principal(account.client("iam"), role_name=role.name, arn=user.arn)


def wait_until_assumable(account: Account) -> sts.RoleSession:
    """Assumes the role as the user, again and again until the new trust policy has reached all of AWS.

    Raises:
        LookupError: the role, the user, or its key is not there.
        ClientError: AWS refuses for good: the policies do not allow it, or the key is no good.
        WaitedTooLong: AWS still refuses when the limit is over.
    """
    client = account.client("sts", the_access_key(account))
    role_arn = the_role(account).arn
    return until_it_works(
        lambda: sts.assume_role(client, role_arn=role_arn, session_name="ready"), what="the role to be assumable"
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


def bucket_name(account: Account) -> str:
    """The name of the bucket that step 06 makes for a moment: nobody else's in all of AWS."""
    return account.named(f"tutorial-{account.ledger.id}")


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
    Step(1, "Create the role", "01_create_role.ipynb", _role_plan, _role_missing, _build_role),
    Step(2, "Create the user and its access key", "02_create_user.ipynb", _user_plan, _user_missing, _build_user),
    Step(
        3,
        "Allow the user to assume the role",
        "03_allow_user_to_assume_role.ipynb",
        _permission_plan,
        _permission_missing,
        _build_permission,
    ),
    Step(4, "Trust the user in the role", "04_trust_user_in_role.ipynb", _trust_plan, _trust_missing, _build_trust),
    Step(5, "Configure the CLI", "05_configure_cli.ipynb", _profiles_plan, _profiles_missing, _build_profiles),
    Step(
        6,
        "Test the role, and give it more permissions",
        "06_test_assume_role.ipynb",
        _permissions_plan,
        _permissions_missing,
        _build_permissions,
    ),
)
