"""Whose a role or a user is: the tutorial's own carry its tag, and stand in the ledger of the client's account.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html
"""

from collections.abc import Callable, Mapping
from typing import Any, Literal

from helpers.display import ToldInOneSentence
from helpers.ledger import LEARNER_TAG, ledger_of, tags_of

TAG_KEY, TAG_VALUE = "made-by", "iam-role-tutorial"
Kind = Literal["role", "user"]
Entity = Mapping[str, Any]
IsOurs = Callable[[Entity], bool]


class NameTakenError(ToldInOneSentence, ValueError):
    """The name belongs to something that the tutorial did not make; it was left alone."""


def tags(made_for: str) -> Any:
    """The tags of something new; `made_for` says what for, empty for the tutorial's own steps."""
    return [{"Key": TAG_KEY, "Value": f"{TAG_VALUE}-{made_for}" if made_for else TAG_VALUE}]


def carries_tag(tagged: Entity) -> bool:
    """Whether something carries the tutorial's tag, whoever put it there."""
    made_by = tags_of(tagged).get(TAG_KEY, "")
    return made_by == TAG_VALUE or made_by.startswith(f"{TAG_VALUE}-")


def is_of_the_steps(tagged: Entity) -> bool:
    """Whether something carries the tag of the tutorial's own steps."""
    return tags_of(tagged).get(TAG_KEY) == TAG_VALUE


def is_ours(iam: Any, kind: Kind, entity: Entity) -> bool:
    """Whether the tutorial made this: it carries the tag, and stands in the ledger that the client writes into.

    Args:
        iam: an IAM client; for one without a ledger, the tag alone decides.
        kind: what it is.
        entity: what GetRole or GetUser answers, with its tags.
    """
    ledger = ledger_of(iam)
    name = entity[f"{kind.capitalize()}Name"]
    return carries_tag(entity) and (ledger is None or ledger.holds(kind, name, tags_of(entity)))


def refuse_foreign(iam: Any, kind: Kind, name: str, entity: Entity | None) -> None:
    """Leaves alone what the tutorial did not make.

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
            f"The account has a {kind} named {name} that {who_made(entity)} made; it was left alone. "
            "Choose another name."
        )


def who_made(entity: Entity) -> str:
    """Who made something that is not this checkout's, in words."""
    return "another checkout of this tutorial" if carries_tag(entity) else "somebody else"


def is_choosable(iam: Any, tagged: Entity) -> bool:
    """Whether something that another ledger has may be taken for the learner's own, when they choose it by hand.

    Args:
        iam: a client of the learner's account.
        tagged: what AWS answers about it, with its tags; the name has to begin with the learner's prefix besides.
    """
    ledger = ledger_of(iam)
    return carries_tag(tagged) and ledger is not None and tags_of(tagged).get(LEARNER_TAG, "") == ledger.learner


def look_alike(iam: Any, kind: Kind, entity: Entity) -> str | None:
    """Why something that looks like the tutorial's is somebody else's; None where it is not, or does not look so.

    Args:
        iam: an IAM client.
        kind: what it is.
        entity: what GetRole or GetUser answers, with its tags.
    """
    if is_ours(iam, kind, entity):
        return None
    ledger, name = ledger_of(iam), entity[f"{kind.capitalize()}Name"]
    if is_choosable(iam, entity):
        return f"{kind} {name}: it carries the tag, and another checkout made it"
    if ledger and name in ledger.names(kind):
        return f"{kind} {name}: {who_made(entity)} made it"
    return None
