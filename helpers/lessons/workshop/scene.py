"""The working set-up that every fault of the workshop begins as: built in the sandbox.

A user may assume a role, the role may read a bucket, and the app does both. Another user and another role are
there to show what a mend must not open. All names begin with the fault's number, as in `workshop-03-user`.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from helpers import iam, policies, profiles, sts
from helpers.account import Account
from helpers.clients.polling import until_it_works
from helpers.diagnosis.patience import patience_with_error
from helpers.lessons.workshop.colleagues_app import PROFILE, REPORT_KEY, USER_PROFILE, App

if TYPE_CHECKING:
    from types_boto3_iam import IAMClient

ASSUME_POLICY = "assume-role"
MADE_FOR = "workshop"
Trust = Literal["the user", "the account"]


@dataclass(frozen=True)
class Scene:
    """A fault's place in an account: the names in it, and its app.

    Attributes:
        account: the open account.
        number: the fault's number.
    """

    account: Account
    number: int

    def name(self, part: str) -> str:
        """Return a name with the fault's number: `workshop-03-user`."""
        return f"workshop-{self.number:02}-{part}"

    def arn(self, kind: str, part: str) -> str:
        """Return an ARN of IAM's with the fault's number: `arn:aws:iam::…:role/workshop-03-role`."""
        return f"arn:aws:iam::{self.account.account_id}:{kind}/{self.name(part)}"

    @property
    def iam(self) -> "IAMClient":
        """The administrator's IAM client."""
        client: IAMClient = self.account.client("iam")
        return client

    @property
    def user(self) -> str:
        """The name of the app's user."""
        return self.name("user")

    @property
    def user_arn(self) -> str:
        """Its ARN."""
        return self.arn("user", "user")

    @property
    def role(self) -> str:
        """The name of the role that the app assumes."""
        return self.name("role")

    @property
    def role_arn(self) -> str:
        """Its ARN."""
        return self.arn("role", "role")

    @property
    def other_user(self) -> str:
        """A user that may not assume the role."""
        return self.name("other-user")

    @property
    def other_role_arn(self) -> str:
        """A role that the app's user may not assume, though its trust policy leaves that to the account."""
        return self.arn("role", "other-role")

    @property
    def bucket(self) -> str:
        """The bucket with the app's report."""
        return self.name("reports")

    @property
    def app(self) -> App:
        """The app."""
        return App(self.account, self.number, self.bucket)


# --- building


def build(scene: Scene, trust: Trust) -> None:
    """Build the working set-up.

    Args:
        scene: where.
        trust: whom the role's trust policy names. Where it is the user, the other user has an inline policy for
            the role, so that a trust in the whole account would let it in.
    """
    whole_account = f"arn:aws:iam::{scene.account.account_id}:root"
    make_user(scene, scene.user)
    make_user(scene, scene.other_user)
    by_account = policies.policy(policies.trust_principal(whole_account))
    for name in (scene.role, scene.name("other-role")):
        iam.create_role(scene.iam, name=name, trust_policy=by_account, made_for=MADE_FOR)
    allow_assuming(scene, scene.user, scene.role_arn)
    if trust == "the user":
        write_trust(scene, policies.trust_principal(scene.user_arn))
        allow_assuming(scene, scene.other_user, scene.role_arn)
    allow_reading(scene, scene.bucket)
    s3 = scene.account.client("s3")
    s3.create_bucket(Bucket=scene.bucket)
    s3.put_object(Bucket=scene.bucket, Key=REPORT_KEY, Body=b"month,orders\nMay,12\n")
    _configure_app(scene)


def make_user(scene: Scene, name: str) -> None:
    """Create a user without any permission, tagged so that the tutorial's steps do not take it for theirs."""
    iam.create_user(scene.iam, name=name, made_for=MADE_FOR)


def make_key(scene: Scene, user_name: str) -> iam.AccessKey:
    """Make an access key."""
    return iam.create_access_key(scene.iam, user_name=user_name)


def make_policy(scene: Scene, part: str, document: policies.Document) -> str:
    """Create a managed policy, and return its ARN."""
    text = policies.to_json(document)
    return scene.iam.create_policy(PolicyName=scene.name(part), PolicyDocument=text)["Policy"]["Arn"]


def allow_assuming(scene: Scene, user_name: str, role_arn: str) -> None:
    """Write the inline policy that lets a user ask for one role."""
    document = policies.allow_assume_role(role_arn)
    iam.put_user_policy(scene.iam, user_name=user_name, policy_name=ASSUME_POLICY, document=document)


def allow_reading(scene: Scene, bucket: str) -> None:
    """Write the inline policy that lets the role list a bucket and read what is in it."""
    arn = f"arn:aws:s3:::{bucket}"
    document = policies.policy(policies.allow(["s3:ListBucket", "s3:GetObject"], [arn, f"{arn}/*"]))
    iam.put_role_policy(scene.iam, role_name=scene.role, policy_name="read-report", document=document)


def write_trust(scene: Scene, statement: policies.Statement) -> None:
    """Make one statement the whole trust policy of the role."""
    document = policies.to_json(policies.policy(statement))
    scene.iam.update_assume_role_policy(RoleName=scene.role, PolicyDocument=document)


def open_session(scene: Scene, *, seconds: int) -> sts.RoleSession:
    """Return a session of the role, opened with the app's key."""
    client = scene.account.client("sts", scene.app.user_key)
    return until_it_works(
        lambda: sts.assume_role(client, role_arn=scene.role_arn, session_name="app", duration_seconds=seconds),
        what="the app's user to be let into its role",
        patience=patience_with_error,
    )


def _configure_app(scene: Scene) -> None:
    home = scene.app.home
    home.folder.mkdir(mode=0o700, parents=True)
    address = {"region": home.region, "endpoint_url": home.endpoint_url}
    profiles.edit_profile(home, profile=USER_PROFILE, settings=address)
    role = {"role_arn": scene.role_arn, "source_profile": USER_PROFILE}
    profiles.edit_profile(home, profile=PROFILE, settings=role | address)
    scene.app.set_key(make_key(scene, scene.user))
