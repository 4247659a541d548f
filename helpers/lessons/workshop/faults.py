"""The faults of the repair workshop: what the colleague tells, and the hints.

Every fault begins as the same working set-up (`scene`): a user that assumes a role that reads a
report from a bucket. `prepare` adds what the fault needs while it still works, and `spoil` breaks it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from botocore.exceptions import ClientError

from helpers.lessons.workshop import spoiling
from helpers.lessons.workshop.audit import Grant
from helpers.lessons.workshop.scene import Scene, Trust

Guess = Literal["credentials", "request", "caller", "resource"]
GUESSES: dict[Guess, str] = {
    "credentials": "the credentials: which ones the app uses, and whether AWS takes them",
    "request": "the request: what the app asks for, or a document that AWS does not save",
    "caller": "the caller's side: the policies, groups and boundary of whoever signs",
    "resource": "the side of what is asked for: the role's trust policy",
}


def _nothing(scene: Scene) -> None:
    """Return most set-ups need nothing more before they are spoilt."""


@dataclass(frozen=True)
class Fault:
    """One broken set-up.

    Attributes:
        title: what the colleague sees, without the cause.
        story: the colleague's words.
        hints: where to look, what to see there, what to do.
        trust: whom the role trusts in the working set-up.
        spoil: breaks it; returns AWS's error where the report is about a call of the colleague's own.
        prepare: adds to the working set-up.
        side: where the cause is, for a guess: see `GUESSES`.
        accepts: a grant that the mend may use, beside those of the working set-up.
        keeps: a grant of somebody else's on the app's role, which the mend has to leave there.
        drops: grants that the mend has to take away, for the app never needed them.
    """

    title: str
    story: str
    hints: tuple[str, str, str]
    trust: Trust
    side: Guess
    spoil: Callable[[Scene], ClientError | None]
    prepare: Callable[[Scene], None] = _nothing
    accepts: Callable[[Scene], Grant] | None = None
    keeps: Callable[[Scene], Grant] | None = None
    drops: Callable[[Scene], frozenset[Grant]] | None = None


# In the order of the workshop, from easy to hard.
FAULTS = (
    Fault(
        title="It worked yesterday",
        story="The app read its report yesterday, and nobody has touched it since. In the account, all that "
        "happened is that somebody tidied up access keys that looked unused.",
        hints=(
            "Look at the error code. It is about the key that signs, and policies do not come into it. Whose "
            "key is it, and what do you know about that user's keys?",
            "List the user's keys with `aws iam list-access-keys --user-name workshop-01-user`, and read their status.",
            'Make the key active again with `update_access_key(…, Status="Active")`; or make a new key for '
            "the same user and put it into the app with `app.set_key(key)`.",
        ),
        trust="the user",
        side="credentials",
        spoil=spoiling.deactivate_key,
    ),
    Fault(
        title="A new laptop",
        story="I moved the app to a new laptop and copied its access key over from the old one, which I "
        "have given back by now. The key is active, I looked. It cannot be the policies, they are as before.",
        hints=(
            "AWS knows the key's id, and the user. Read the message: what else is in a key?",
            "The signature is made with the secret access key, so the copied secret is not the one that AWS "
            "has. AWS shows a secret once, when the key is made, and nobody can read it again.",
            "Make a new access key for the same user and put it into the app with `app.set_key(key)`; then "
            "switch the old one off (`client.update_access_key`), and delete it some days later.",
        ),
        trust="the user",
        side="credentials",
        spoil=spoiling.damage_secret,
    ),
    Fault(
        title="Settings from the big project",
        story="I took the AWS config over from our big project. The report itself takes ten minutes.",
        hints=(
            "The message names two things: what the app asked for, and what the role has. Where is each one written?",
            "Look at the app's settings (`workshop.app(account, 3)`), and at `MaxSessionDuration` in "
            "`aws iam get-role --role-name workshop-03-role`.",
            "The app needs ten minutes and the role allows an hour, so mend the app: "
            '`app.set("duration_seconds", 3600)`, or take the setting out with `app.unset`.',
        ),
        trust="the user",
        side="request",
        spoil=spoiling.ask_for_too_long,
    ),
    Fault(
        title="It works for a while",
        story="I assumed the role by hand and exported what I got. That worked at once, but a quarter of an "
        "hour later the app stopped. I did it all again, and it stopped again.",
        hints=(
            "Read the message: it is about the credentials, and not about what they may do. Which ones does "
            "the app use?",
            "`workshop.app(account, 4).credentials` shows where they are from: a session in the environment "
            "variables, opened for 15 minutes. Environment variables win over the profile, which would assume "
            "the role by itself, whenever it has to.",
            "Take the three variables out with `app.unset(…)`, and the profile takes over for good. Another "
            "session would end like this one.",
        ),
        trust="the user",
        side="credentials",
        spoil=spoiling.let_session_expire,
    ),
    Fault(
        title="AWS does not know my key",
        story="I assumed the role by hand and exported the key that I got: the access key id and the secret, with "
        "no typing mistake in either. AWS says that there is no such key, a minute after it gave it to me.",
        hints=(
            "Does the message mean that the key is wrong? Look at which credentials the app uses, and how "
            "many parts they have.",
            "`workshop.app(account, 5).credentials` shows a key without a session token. The key of a role's "
            "session has three parts, and without the third AWS does not find it.",
            "Take the variables out with `app.unset(…)`, and let the profile assume the role. All three parts of "
            "another session, put in by hand, would work for an hour and then end, as in fault 4.",
        ),
        trust="the user",
        side="credentials",
        spoil=spoiling.leave_token_out,
    ),
    Fault(
        title="The role trusts us, so what?",
        story="I made the role in the console and chose *AWS account*, this account. So the role trusts "
        "everybody here. And still the app is kept out.",
        hints=(
            "Read both halves of the handshake: the trust policy of the role, and the policies of the user.",
            "The trust policy names the account (`…:root`), which leaves it to the account's own policies "
            "who may. The user has none.",
            "Give the user an inline policy that allows `sts:AssumeRole` on this one role's ARN: "
            "`policies.allow_assume_role` and `iam.put_user_policy`.",
        ),
        trust="the account",
        side="caller",
        spoil=spoiling.delete_inline_policy,
        accepts=spoiling.trusted_by_name,
    ),
    Fault(
        title="From testing to production",
        story="It all worked with my test user, which is not needed any more. For production there is a user of its "
        "own, with the same inline policy, letter by letter.",
        hints=(
            "Two halves make the handshake, and one of them was copied. Read the other one.",
            "Compare the user in the error with the user in the role's trust policy.",
            "Let the role trust the app's user: `iam.trust_principal`. Name the user, not the whole account.",
        ),
        trust="the user",
        side="resource",
        prepare=spoiling.make_test_user,
        spoil=spoiling.trust_test_user,
    ),
    Fault(
        title="The policy is there",
        story="The role trusts the account, and the user has an inline policy that allows sts:AssumeRole. I "
        "checked both twice after we made the role anew, under a better name.",
        hints=(
            "The policy is there, but does it say what the app asks for? Compare it with the error, to the "
            "last letter.",
            "The error's `resource` ends in `workshop-08-role`. Look at the `Resource` of the user's inline policy.",
            "Write the inline policy anew with the right ARN: `policies.allow_assume_role` and "
            "`iam.put_user_policy`, under the same policy name.",
        ),
        trust="the account",
        side="caller",
        spoil=spoiling.allow_old_role,
        accepts=spoiling.trusted_by_name,
    ),
    Fault(
        title="AWS does not take my policy",
        story="The role should trust the app's user, so I pasted this into a new inline policy of the user: "
        "Effect Allow, Principal the user's ARN, Action sts:AssumeRole. AWS refuses to save it. The app does "
        "not get in either.",
        hints=(
            "The JSON is a good policy. Is it on the right side of the handshake?",
            "A `Principal` says *who*, which a user's own policy never says: there, the who is the user. "
            "The role's trust policy says who, and at the moment it names EC2 alone.",
            "Add the user to the role's trust policy: `iam.trust_principal`.",
        ),
        trust="the user",
        side="request",
        spoil=spoiling.put_trust_on_user,
        keeps=spoiling.trusted_ec2,
    ),
    Fault(
        title="Inside, but no report",
        story="The app assumes the role without trouble. We made the role after the pattern of the one for "
        "the archive, and I do not see the difference.",
        hints=(
            "The handshake is done, and the `User` in the error is the role's session. So whose policy decides now?",
            "The role's own permissions. Compare the bucket in its inline policy with the bucket in the error.",
            "Let the role list `workshop-10-reports` and read its objects, and nothing more, in the policy that names "
            "the archive now: `s3:ListBucket` is about the bucket, so it wants the bucket's ARN; `s3:GetObject` is "
            "about objects, so it wants the ARN with `/*`.",
        ),
        trust="the user",
        side="caller",
        spoil=spoiling.read_archive_only,
        drops=spoiling.archive_reading,
    ),
    Fault(
        title="Both halves are right",
        story="The role trusts the user, the user has its inline policy, and both ARNs are right. Security "
        "added something to the role last week, but they say that it has nothing to do with policies.",
        hints=(
            "A statement counts only when all of it matches, and a statement has more than principal and "
            "action. Read the trust policy to its end.",
            "The trust policy has a `Condition`: the caller has to say an external id. Does the app?",
            'Leave the condition where it is, and tell the app: `app.set("external_id", …)` with the value '
            "from the trust policy.",
        ),
        trust="the user",
        side="resource",
        prepare=spoiling.want_external_id,
        spoil=spoiling.forget_external_id,
    ),
    Fault(
        title="The same user as before",
        story="Somebody deleted the app's user by mistake. I made it again at once: the same name, the same "
        "policy, a new key in the app. Nothing else was touched.",
        hints=(
            "The name is the same. Look at the role's trust policy: whom does it name now?",
            "AWS keeps a user's unique id behind the ARN. The trust policy shows the deleted user's id "
            "(`AIDA…`), and the new user has another one (`aws iam get-user`).",
            "Write the user's ARN into the trust policy once more, and AWS looks up the new id: `iam.trust_principal`.",
        ),
        trust="the user",
        side="resource",
        spoil=spoiling.recreate_user,
    ),
    Fault(
        title="The wrong one is at the door",
        story="The profile is right: `aws --profile app` gets in from my terminal. The app has the very same "
        "config file, and it is refused. Funny, the error does not even name the role.",
        hints=(
            "Who is the `User` in the error? It is neither the role's session nor the app's user. Where does "
            "that user's key come from?",
            "`workshop.app(account, 13).credentials` says it: the environment has an access key, and "
            "environment variables win over the profile. So the app never assumes the role.",
            'Take both variables out: `app.unset("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")`.',
        ),
        trust="the user",
        side="credentials",
        prepare=spoiling.make_laptop_user,
        spoil=spoiling.export_other_key,
    ),
    Fault(
        title="Everything says allow",
        story="The role trusts the account, and the user's inline policy allows it, with the right ARN. We "
        "have a set-up just like it that works. Ana, who made this one, put the user where her own team's "
        "users are, the contractors; the app has nothing to do with them.",
        hints=(
            "An Allow is there on both sides. What is stronger than an Allow, and where can it hide?",
            "A user has its groups' policies too: `aws iam list-groups-for-user`, then "
            "`aws iam get-group-policy`. One of them denies, and a Deny wins over every Allow.",
            "The Deny is meant for contractors, so leave it there. Take the app's user out of the group: "
            "`remove_user_from_group`.",
        ),
        trust="the account",
        side="caller",
        prepare=spoiling.make_contractors,
        spoil=spoiling.join_contractors,
    ),
    Fault(
        title="Allowed, and not denied",
        story="The role trusts the account, the user's inline policy allows it, there is no group and no "
        "Deny anywhere. Security only made sure that our users can never do more than they should. I asked "
        "them: the app may assume its role, and you may mend what they made.",
        hints=(
            "The policies of the user are not all. `aws iam get-user` shows one more thing that a user can have.",
            "The user has a permissions boundary: it may do only what its policies *and* the boundary allow. "
            "Read the default version of that policy: what is missing in it?",
            "Security agreed, so mend what they made, and no more. Add `sts:AssumeRole` on the role's ARN to the "
            "boundary's policy, as a new default version (`create_policy_version`), and leave the boundary on the "
            "user.",
        ),
        trust="the account",
        side="caller",
        prepare=spoiling.set_boundary,
        spoil=spoiling.narrow_boundary,
    ),
)
