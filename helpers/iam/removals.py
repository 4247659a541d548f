"""Taking things out of an account, one call at a time: what is gone already is quiet."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from botocore.exceptions import ClientError

from helpers.iam.shown import Deleted

GONE = frozenset({"NoSuchEntity", "NoSuchBucket", "NoSuchKey", "404"})


@dataclass(frozen=True)
class Removal:
    """One thing that can be taken out of an account.

    Attributes:
        what: the thing, in words.
        remove: the call that takes it out.
    """

    what: str
    remove: Callable[[], object] = field(repr=False)

    def carry_out(self) -> None:
        """Takes the thing out; quiet where it is gone already.

        Raises:
            ClientError: AWS refused.
        """
        try:
            self.remove()
        except ClientError as error:
            if error.response["Error"]["Code"] not in GONE:
                raise


def carry_out(removals: Iterable[Removal]) -> Deleted:
    """Carries removals out in their order, up to the first that fails.

    Raises:
        ClientError: AWS refused.
    """
    gone = []
    for removal in removals:
        removal.carry_out()
        gone.append(removal.what)
    return Deleted(tuple(gone))
