"""Prove a mend: run the colleague's app, try what must still be refused, and compare what is granted.

It is the real app with its real credentials, and the other calls are really made, as the user, as the role, and as
somebody else.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from helpers import iam, profiles, sts
from helpers.attempts import attempt
from helpers.clients.credentials import Credentials
from helpers.lessons.workshop.audit import Reading, compare, read
from helpers.lessons.workshop.colleagues_app import PROFILE, USER_PROFILE, Run
from helpers.lessons.workshop.scene import Scene

if TYPE_CHECKING:
    from types_boto3_sts import STSClient


PROVED = (
    "The app assumed its role and read its report.\n"
    "Still refused, each tried: the user on another role, and on the bucket without the role; the role on other "
    "buckets, and on writing; another user on the role. Who else is to have access still has it."
)


def problems_of(scene: Scene, before: Reading) -> list[str]:
    """Say what is still wrong; nothing when the mend is a good one.

    Args:
        scene: where it was mended.
        before: what there was, with all that a mend may grant.
    """
    now, run = read(scene), scene.app.run()
    problems = _app_problems(scene, run)
    if run.worked and not problems:
        problems = _profile_problems(scene)
    if run.session and not problems and f"user {scene.other_user}" in now.ids:
        problems += _opened(scene, run.session)
    return problems + compare(before, now)


def _app_problems(scene: Scene, run: Run) -> list[str]:
    """Say where the app stops, or whose credentials it uses that are not its own."""
    if run.refusal:
        code, message = run.refusal
        return [f"The app still stops at: {run.step}. {code}: {message}"]
    problems = []
    if key_problem := _key_problem(scene):
        problems.append(key_problem)
    assert run.session is not None, "an app that worked has a session"
    arn = sts.who_am_i(scene.account.client("sts", run.session)).arn
    if f":assumed-role/{scene.role}/" not in arn:
        problems.append(f"The app works as {arn}. It should use a session of the role {scene.role}.")
    return problems


def _profile_problems(scene: Scene) -> list[str]:
    """Say why the app works for a while only: with a session that somebody put into its environment."""
    alone = scene.app.run(profile_alone=True)
    if alone.refusal:
        code, message = alone.refusal
        by_itself = f"from its profile alone it still stops at: {alone.step}. {code}: {message}"
        return [f"The app works with the session in its environment, and only until that ends; {by_itself}"]
    if scene.app.exports_credentials:
        return [
            "The app works, and stops again when the session in its environment ends: take the variables out, and let "
            "its profile assume the role."
        ]
    return []


def _key_problem(scene: Scene) -> str | None:
    try:
        arn = sts.who_am_i(scene.account.client("sts", scene.app.user_key)).arn
    except ClientError as error:
        return f"The key in the app's profile {USER_PROFILE} does not work: {error.response['Error']['Code']}."
    if arn != scene.user_arn:
        return f"The key in the app's profile {USER_PROFILE} belongs to {arn}. It should be one of {scene.user_arn}."
    return None


def _opened(scene: Scene, session: Credentials) -> Iterator[str]:
    """Try what must still be refused, and name what is not."""
    account, role_arn = scene.account, scene.role_arn
    user, user_key = account.client("sts", scene.app.user_key), scene.app.user_key
    s3 = account.client("s3", session)
    calls: dict[str, Callable[[], Any]] = {
        f"User {scene.user} may assume another role": lambda: _assume(user, scene.other_role_arn),
        f"User {scene.user} may use the bucket without the role": lambda: account.client(
            "s3", user_key
        ).list_objects_v2(Bucket=scene.bucket),
        "The role may list all buckets": s3.list_buckets,
        "The role may write into the bucket": lambda: s3.put_object(Bucket=scene.bucket, Key="probe", Body=b""),
    }
    if "external_id" in profiles.read_profile(scene.app.home, PROFILE):
        calls["The role may be assumed without the external id"] = lambda: _assume(user, role_arn)
    with _key_of(scene, scene.other_user) as key:
        other = account.client("sts", key)
        calls[f"User {scene.other_user} may assume the role"] = lambda: _assume(other, role_arn)
        for what, call in calls.items():
            if attempt(what, call, expect="refused").allowed:
                yield f"{what} now, and should not."


def _assume(client: "STSClient", role_arn: str) -> None:
    sts.assume_role(client, role_arn=role_arn, session_name="probe", duration_seconds=900)


@contextmanager
def _key_of(scene: Scene, user_name: str) -> Iterator[iam.AccessKey]:
    """Return an access key for as long as it is needed."""
    key = iam.create_access_key(scene.iam, user_name=user_name)
    try:
        yield key
    finally:
        iam.delete_access_key(scene.iam, user_name=user_name, access_key_id=key.access_key_id)
