"""The tag by which the tutorial knows what it made.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html
"""

from collections.abc import Mapping
from typing import Any

from helpers.display import ToldInOneSentence

TAG_KEY, TAG_VALUE = "made-by", "iam-role-tutorial"


class NameTakenError(ToldInOneSentence, ValueError):
    """The name belongs to something that the tutorial did not make; it was left alone."""


def tags(made_for: str) -> Any:
    """The tags of something new; `made_for` says what for, empty for the tutorial's own steps."""
    return [{"Key": TAG_KEY, "Value": f"{TAG_VALUE}-{made_for}" if made_for else TAG_VALUE}]


def _made_by(tagged: Mapping[str, Any]) -> str:
    return next((tag["Value"] for tag in tagged.get("Tags", []) if tag["Key"] == TAG_KEY), "")


def is_ours(tagged: Mapping[str, Any]) -> bool:
    """Whether the tutorial made this, for its steps or for something else."""
    return _made_by(tagged) == TAG_VALUE or _made_by(tagged).startswith(f"{TAG_VALUE}-")


def is_of_the_steps(tagged: Mapping[str, Any]) -> bool:
    """Whether the tutorial's own steps made this."""
    return _made_by(tagged) == TAG_VALUE


def refuse_foreign(kind: str, name: str, entity: Any) -> None:
    """Leaves alone what the tutorial did not make.

    Args:
        kind: "role" or "user".
        name: the name that was asked for.
        entity: what the account has under that name, with its tags; None where the name differs in its capitals.

    Raises:
        NameTakenError: it is not the tutorial's.
    """
    if entity is None:
        message = f"The account has a {kind} whose name differs from {name} in its capitals alone, and AWS allows"
        raise NameTakenError(f"{message} one of the two. Choose another name.")
    if not is_ours(entity):
        message = f"The account has a {kind} named {name} that this tutorial did not make; it was left alone."
        raise NameTakenError(f"{message} Choose another name.")
