"""Tell whose a role, a user or a bucket is: the tutorial's own carry its tag, and stand in the client's ledger.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from botocore.exceptions import ClientError

from helpers.clients.error_codes import code_of
from helpers.clients.pages import list_all
from helpers.display import ToldInOneSentence
from helpers.inventory.ledger import LEARNER_TAG, LEDGER_TAG, Ledger, ledger_of, tags_of

if TYPE_CHECKING:
    from types_boto3_iam import IAMClient
    from types_boto3_s3 import S3Client

TAG_KEY, TAG_VALUE = "made-by", "iam-role-tutorial"
Kind = Literal["role", "user"]
Entity = Mapping[str, Any]


class NameTakenError(ToldInOneSentence, ValueError):
    """The name belongs to something that the tutorial did not make; it was left alone."""


def new_tags(made_for: str) -> Any:
    """Return the tags of something new; `made_for` says what for, empty for the tutorial's own steps."""
    return [{"Key": TAG_KEY, "Value": f"{TAG_VALUE}-{made_for}" if made_for else TAG_VALUE}]


def carries_tag(tagged: Entity) -> bool:
    """Tell whether something carries the tutorial's tag, whoever put it there."""
    made_by = tags_of(tagged).get(TAG_KEY, "")
    return made_by == TAG_VALUE or made_by.startswith(f"{TAG_VALUE}-")


def is_of_the_steps(tagged: Entity) -> bool:
    """Tell whether something carries the tag of the tutorial's own steps."""
    return tags_of(tagged).get(TAG_KEY) == TAG_VALUE


def is_ours(iam: Any, kind: Kind, entity: Entity) -> bool:
    """Tell whether the tutorial made this: it carries the tag, and stands in the ledger that the client writes into.

    Args:
        iam: an IAM client; for one without a ledger, the tag alone decides.
        kind: what it is.
        entity: what GetRole or GetUser answers, with its tags.
    """
    ledger = ledger_of(iam)
    name = entity[f"{kind.capitalize()}Name"]
    return carries_tag(entity) and (ledger is None or ledger.holds(kind, name, tags_of(entity)))


def refuse_foreign(iam: Any, kind: Kind, name: str, entity: Entity | None) -> None:
    """Leave alone what the tutorial did not make.

    Args:
        iam: the IAM client that is about to change it.
        kind: what it is.
        name: the name that was asked for.
        entity: what the account has under that name, with its tags; None where the name differs in its capitals.

    Raises:
        NameTakenError: it is not the tutorial's.
    """
    if entity is None:
        message = f"The account has a {kind} whose name differs from {name} in its capitals alone, and AWS allows"
        raise NameTakenError(f"{message} one of the two. Choose another name.")
    if not is_ours(iam, kind, entity):
        raise NameTakenError(
            f"The account has a {kind} named {name} that {who_made(iam, entity)} made; it was left alone. "
            "Choose another name."
        )


def who_made(client: Any, entity: Entity) -> str:
    """Tell who made something that is not in this checkout's ledger, in words."""
    if is_of_a_lost_line(client, entity):
        return "this checkout, whose ledger has lost its line,"
    return "another checkout of this tutorial" if carries_tag(entity) else "somebody else"


def is_of_a_lost_line(client: Any, tagged: Entity) -> bool:
    """Tell whether the tutorial's tag and the id of the client's own ledger are on what does not stand in it."""
    ledger = ledger_of(client)
    return carries_tag(tagged) and ledger is not None and tags_of(tagged).get(LEDGER_TAG) == ledger.id


def is_choosable(iam: Any, tagged: Entity) -> bool:
    """Tell whether something that another ledger has may be taken for the learner's own, when they choose it by hand.

    Args:
        iam: a client of the learner's account.
        tagged: what AWS answers about it, with its tags; the name has to begin with the learner's prefix besides.
    """
    ledger = ledger_of(iam)
    return carries_tag(tagged) and ledger is not None and tags_of(tagged).get(LEARNER_TAG, "") == ledger.learner


@dataclass(frozen=True)
class LookAlike:
    """Something that looks like the tutorial's, and does not stand in its ledger.

    Attributes:
        thing: its kind and name.
        why: why it is left alone.
        is_of_a_lost_line: whether the ledger made it all the same, and has lost its line.
    """

    thing: str
    why: str
    is_of_a_lost_line: bool

    def __str__(self) -> str:
        """Return it in one line."""
        return f"{self.thing}: {self.why}"


def look_alike(iam: Any, kind: Kind, entity: Entity) -> LookAlike | None:
    """Tell why something that looks like the tutorial's is left alone; None where it is not, or does not look so.

    Args:
        iam: an IAM client.
        kind: what it is.
        entity: what GetRole or GetUser answers, with its tags.
    """
    if is_ours(iam, kind, entity):
        return None
    ledger, name = ledger_of(iam), entity[f"{kind.capitalize()}Name"]
    if is_choosable(iam, entity):
        why = f"it carries the tag, and {who_made(iam, entity)} made it"
    elif ledger and name in ledger.names(kind):
        why = f"{who_made(iam, entity)} made it"
    else:
        return None
    return LookAlike(f"{kind} {name}", why, is_of_a_lost_line(iam, entity))


def entity_named(iam: "IAMClient", kind: Kind, name: str) -> Any:
    """Tell what GetRole or GetUser answers; None where there is none of exactly this name."""
    try:
        return iam.get_role(RoleName=name)["Role"] if kind == "role" else iam.get_user(UserName=name)["User"]
    except iam.exceptions.NoSuchEntityException:
        return None


def refuse_taken_name(iam: "IAMClient", kind: Kind, name: str) -> None:
    """Say so where a name belongs to something that is not this checkout's.

    Raises:
        NameTakenError: it does.
    """
    if entity := entity_named(iam, kind, name):
        refuse_foreign(iam, kind, name, entity)


def made(iam: "IAMClient", kind: Kind, names: Iterable[str] | None = None) -> Iterator[Entity]:
    """Return this tutorial's roles or users that are there, as GetRole or GetUser answers them, the newest first.

    Args:
        iam: an IAM client.
        kind: which of the two.
        names: which to look at; when left out, those in the client's ledger, and without one, all.
    """
    if names is None:
        ledger = ledger_of(iam)
        names = ledger.names(kind) if ledger else _all_names(iam, kind)
    for name in names:
        entity = entity_named(iam, kind, name)
        if entity and is_ours(iam, kind, entity):
            yield entity


def look_alikes(iam: "IAMClient", kind: Kind, prefix: str) -> Iterator[LookAlike]:
    """Return the roles or users whose names begin so and that look like the tutorial's, each with why they are not."""
    for name in _all_names(iam, kind):
        entity = entity_named(iam, kind, name) if name.startswith(prefix) else None
        if entity and (found := look_alike(iam, kind, entity)):
            yield found


def _all_names(iam: "IAMClient", kind: Kind) -> list[str]:
    """List the names of all roles or users in the account, the newest first."""
    entities = list_all(iam, f"list_{kind}s", f"{kind.capitalize()}s")
    entities.sort(key=lambda entity: entity["CreateDate"], reverse=True)
    return [entity[f"{kind.capitalize()}Name"] for entity in entities]


def made_bucket_names(s3: "S3Client", ledger: Ledger) -> list[str]:
    """Return the tutorial's buckets that are there."""
    written = [name for name in ledger.names("bucket") if ledger.id in name]
    return [bucket["Name"] for bucket in s3.list_buckets()["Buckets"] if bucket["Name"] in written] if written else []


def look_alike_buckets(s3: "S3Client", ledger: Ledger, prefix: str) -> Iterator[LookAlike]:
    """List the buckets whose names begin so, that carry the tutorial's tag, and that this ledger does not have."""
    written = ledger.names("bucket")
    for bucket in s3.list_buckets()["Buckets"]:
        name, is_own = bucket["Name"], ledger.id in bucket["Name"]
        if name in written and is_own:
            continue
        if name.startswith(f"{prefix}tutorial-") and is_choosable_bucket(s3, name):
            who = "this checkout, whose ledger has lost its line," if is_own else "another checkout of this tutorial"
            yield LookAlike(f"bucket {name}", f"it carries the tag, and {who} made it", is_own)


def is_choosable_bucket(s3: "S3Client", name: str) -> bool:
    """Tell whether a bucket is there that may be taken for the learner's own, when they choose it by hand."""
    try:
        return is_choosable(s3, s3.get_bucket_tagging(Bucket=name))
    except ClientError as error:
        if code_of(error) not in {"NoSuchTagSet", "NoSuchBucket"}:
            raise
        return False
