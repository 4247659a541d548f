"""What a secret looks like: one definition for what is masked on screen, refused in a form, and kept out of commits.

A secret access key has 40 characters and a session token hundreds, in capitals, small letters and more. Commit ids and
other hashes in hexadecimal have no capitals. What a hyphen, a dot or an ARN's account leads to is a part of a name, and
pictures begin in ways of their own.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html
"""

import html
import re
from urllib.parse import unquote

_PICTURE = "iVBORw0KGgo|/9j/|R0lGOD|PHN2Zy|PD94bWw|UklGR"  # how PNG, JPEG, GIF, SVG, XML and WebP begin in base64

SECRET = re.compile(
    r"(?P<access_key_id>(?:AKIA|ASIA)[A-Z0-9]{16})"
    r"|(?:(?<![\w/+.@-])(?<![\d:]:)|(?<=\\[nrt]))(?<!base64,)"
    r"(?=[A-Za-z0-9/+]*[a-z])(?=[A-Za-z0-9/+]*[A-Z])(?=[A-Za-z0-9/+]*[0-9/+])"
    rf"(?:(?P<secret_access_key>[A-Za-z0-9/+]{{40}})|(?!{_PICTURE})(?P<session_token>[A-Za-z0-9/+]{{100,}}={{0,2}}))"
    r"(?![\w/+=@-])"
)
_ESCAPED = re.compile(r"\\+(?:u([0-9a-fA-F]{4})|([abfnrtv])|(.))")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def looks_like_secret(text: str) -> bool:
    """Says whether a text holds what looks like an access key id, a secret access key or a session token."""
    return SECRET.search(text) is not None


def without_escapes(text: str) -> str:
    r"""A text without JSON's escapes (`\n`, `\u002b`), a URL's (`%2B`), HTML's (`&#43;`) and a terminal's colours."""
    plain = _ESCAPED.sub(lambda found: chr(int(found[1], 16)) if found[1] else " " if found[2] else found[3], text)
    return html.unescape(unquote(_COLOUR.sub("", plain)))
