"""How each set-up of the workshop is prepared, and how it is broken."""

from botocore.exceptions import ClientError

from helpers import iam, policies
from helpers.iam import AccessKey
from helpers.lessons.workshop.audit import Grant
from helpers.lessons.workshop.colleagues_app import VARIABLES
from helpers.lessons.workshop.scene import (
    ASSUME_POLICY,
    Scene,
    allow_assuming,
    allow_reading,
    make_key,
    make_policy,
    make_user,
    open_session,
    write_trust,
)


def trusted_by_name(scene: Scene) -> Grant:
    """Return the trust in the user by name: narrower than the trust in the account, so a mend may use it."""
    return Grant(f"trust policy of role {scene.role}", "Allow", "sts:AssumeRole", scene.user_arn)


def trusted_ec2(scene: Scene) -> Grant:
    """Return the trust in EC2, which is there for somebody else."""
    return Grant(f"trust policy of role {scene.role}", "Allow", "sts:AssumeRole", "ec2.amazonaws.com")


def archive_reading(scene: Scene) -> frozenset[Grant]:
    """Return what the role may read in the archive, and the app never needed."""
    archive, holder = f"arn:aws:s3:::{scene.name('archive')}", f"role {scene.role}"
    targets = {"s3:ListBucket": archive, "s3:GetObject": f"{archive}/*"}
    return frozenset(Grant(holder, "Allow", action, target) for action, target in targets.items())


# --- the app's own side


def deactivate_key(scene: Scene) -> None:
    """Deactivate the app's access key."""
    key = scene.app.user_key
    scene.iam.update_access_key(UserName=scene.user, AccessKeyId=key.access_key_id, Status="Inactive")


def damage_secret(scene: Scene) -> None:
    """Lose the last character of the app's secret."""
    key = scene.app.user_key
    scene.app.set_key(AccessKey(scene.user, key.access_key_id, key.secret_access_key[:-1]))


def ask_for_too_long(scene: Scene) -> None:
    """Let the app ask for twelve hours."""
    scene.app.set("duration_seconds", 43200)


def let_session_expire(scene: Scene) -> None:
    """Give the app a session of 15 minutes, and let 15 minutes pass."""
    scene.app.set_session(open_session(scene, seconds=900))
    scene.account.advance_clock(901)


def leave_token_out(scene: Scene) -> None:
    """Give the app a session without its token."""
    scene.app.set_session(open_session(scene, seconds=3600))
    scene.app.unset("AWS_SESSION_TOKEN")


def export_other_key(scene: Scene) -> None:
    """Put another user's key into the app's environment."""
    key = make_key(scene, scene.name("laptop-user"))
    scene.app.set_environment(dict(zip(VARIABLES, (key.access_key_id, key.secret_access_key), strict=False)))


# --- the handshake


def delete_inline_policy(scene: Scene) -> None:
    """Take the user's inline policy away."""
    scene.iam.delete_user_policy(UserName=scene.user, PolicyName=ASSUME_POLICY)


def trust_test_user(scene: Scene) -> None:
    """Let the role trust the test user instead."""
    write_trust(scene, policies.trust_principal(scene.arn("user", "test-user")))


def allow_old_role(scene: Scene) -> None:
    """Let the user's inline policy name a role that is no more."""
    allow_assuming(scene, scene.user, scene.arn("role", "role-v1"))


def put_trust_on_user(scene: Scene) -> ClientError | None:
    """Let the role trust EC2 alone, and try to save its trust policy as the user's; returns AWS's error."""
    write_trust(scene, policies.trust_service("ec2.amazonaws.com"))
    document = policies.to_json(policies.policy(policies.trust_principal(scene.user_arn)))
    try:
        scene.iam.put_user_policy(UserName=scene.user, PolicyName="trust", PolicyDocument=document)
    except scene.iam.exceptions.MalformedPolicyDocumentException as error:
        return error
    return None


def want_external_id(scene: Scene) -> None:
    """Let the trust policy ask for an external id, which the app knows."""
    condition = {"StringEquals": {"sts:ExternalId": "reports-2291"}}
    write_trust(scene, policies.trust_principal(scene.user_arn) | {"Condition": condition})
    scene.app.set("external_id", "reports-2291")


def forget_external_id(scene: Scene) -> None:
    """Take the external id out of the app."""
    scene.app.unset("external_id")


def recreate_user(scene: Scene) -> None:
    """Delete the user, and make one of the same name with the same policy."""
    iam.delete_user(scene.iam, name=scene.user)
    make_user(scene, scene.user)
    allow_assuming(scene, scene.user, scene.role_arn)
    scene.app.set_key(make_key(scene, scene.user))


# --- what else can be in the way


def read_archive_only(scene: Scene) -> None:
    """Let the role read another bucket instead."""
    allow_reading(scene, scene.name("archive"))


def make_contractors(scene: Scene) -> None:
    """Make a group with a Deny, and put the other user into it."""
    group = scene.name("contractors")
    scene.iam.create_group(GroupName=group)
    document = policies.to_json(policies.policy(policies.deny("sts:AssumeRole")))
    scene.iam.put_group_policy(GroupName=group, PolicyName="no-roles", PolicyDocument=document)
    scene.iam.add_user_to_group(GroupName=group, UserName=scene.other_user)
    allow_assuming(scene, scene.other_user, scene.role_arn)


def join_contractors(scene: Scene) -> None:
    """Put the app's user into that group."""
    scene.iam.add_user_to_group(GroupName=scene.name("contractors"), UserName=scene.user)


def set_boundary(scene: Scene) -> None:
    """Set a permissions boundary within which the app works."""
    reading = policies.allow("s3:*", [f"arn:aws:s3:::{scene.bucket}", f"arn:aws:s3:::{scene.bucket}/*"])
    assuming = policies.allow("sts:AssumeRole", scene.role_arn)
    boundary = make_policy(scene, "boundary", policies.policy(reading, assuming))
    scene.iam.put_user_permissions_boundary(UserName=scene.user, PermissionsBoundary=boundary)


def narrow_boundary(scene: Scene) -> None:
    """Take sts:AssumeRole out of the boundary."""
    arn = scene.arn("policy", "boundary")
    reading = policies.allow("s3:*", [f"arn:aws:s3:::{scene.bucket}", f"arn:aws:s3:::{scene.bucket}/*"])
    document = policies.to_json(policies.policy(reading))
    scene.iam.create_policy_version(PolicyArn=arn, PolicyDocument=document, SetAsDefault=True)
    scene.iam.delete_policy_version(PolicyArn=arn, VersionId="v1")


def make_laptop_user(scene: Scene) -> None:
    """Make a user without any permission."""
    make_user(scene, scene.name("laptop-user"))


def make_test_user(scene: Scene) -> None:
    """Make a user without any permission."""
    make_user(scene, scene.name("test-user"))
