"""What signs a call.

https://docs.aws.amazon.com/IAM/latest/UserGuide/security-creds-programmatic-access.html
"""

from dataclasses import dataclass, field
from typing import Protocol


class Credentials(Protocol):
    """What signs a call: an access key, or a session's temporary key with its token."""

    @property
    def access_key_id(self) -> str:
        """Whose key it is."""

    @property
    def secret_access_key(self) -> str:
        """What signs."""

    @property
    def session_token(self) -> str | None:
        """What goes with a temporary key; None for a long-lived one."""


@dataclass(frozen=True)
class Keys:
    """The keys of somebody's credentials at one moment."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(repr=False)
