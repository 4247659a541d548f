"""AWS's configuration files as bytes: one profile put in and taken out again, and every other byte left alone.

A file is never parsed and written anew, for that would lose comments, odd spacing and whatever AWS's own tools do not
know. A profile is put at the end, between two comment lines of its own.

https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_MARK = re.compile(
    rb"# (?:Begin|End) of (?P<profile>\S+), added by the IAM role tutorial "
    rb"\(ledger (?P<ledger>[0-9a-f]+)(?:, file was (?P<was>[^)]*))?\)"
)


@dataclass(frozen=True)
class Marks:
    """The two comment lines around a profile. AWS's CLI would take a line with a colon or `=` for a setting.

    Attributes:
        profile: the profile's name.
        ledger_id: the ledger in which it stands.
        was: what the file was before, in words of `HomeFile.was`: to find back without a record.
    """

    profile: str
    ledger_id: str
    was: str = ""

    @property
    def lines(self) -> tuple[str, str]:
        """The line before, and the line after."""
        about = f"{self.profile}, added by the IAM role tutorial (ledger {self.ledger_id}"
        return f"# Begin of {about}, file was {self.was})", f"# End of {about})"

    @property
    def prefix(self) -> str:
        """What the names of unfinished files begin with, and nobody else's."""
        return f".iam-role-tutorial-{self.ledger_id}-"

    def are_in(self, content: bytes) -> bool:
        """Tell whether one of them is in a file."""
        return any(self.include(line) for line in content.splitlines())

    def include(self, line: bytes) -> bool:
        """Tell whether a line of a file is one of them."""
        found = _MARK.fullmatch(line.strip())
        return found is not None and (found["profile"], found["ledger"]) == (
            self.profile.encode(),
            self.ledger_id.encode(),
        )


def marks_in(content: bytes) -> Iterator[Marks]:
    """Find the marks in a file, each profile's once."""
    found: dict[tuple[str, str], str] = {}
    for line in content.splitlines():
        if mark := _MARK.fullmatch(line.strip()):
            of = mark["profile"].decode(), mark["ledger"].decode()
            found[of] = found.get(of) or (mark["was"] or b"").decode()
    for (profile, ledger_id), was in found.items():
        yield Marks(profile, ledger_id, was)


def setting_of(content: bytes, marks: Marks, name: str) -> str | None:
    """Return a setting of the section between the marks; None where it has none."""
    inside = False
    for line in content.splitlines():
        inside = inside != marks.include(line)
        key, _, value = line.partition(b"=")
        if inside and key.strip() == name.encode():
            return value.strip().decode()
    return None


def has_section(content: bytes, profile: str) -> bool:
    """Tell whether any section of a file goes by this name, of whatever kind and however it is spelled."""
    return any(profile in (_header(line) or ()) for line in content.splitlines())


def with_section(content: bytes, header: str, settings: Mapping[str, str], marks: Marks) -> bytes:
    """Return a file with one more section at its end, in the line ends that the file has.

    Args:
        content: the file; empty for a new one.
        header: what stands in the section's brackets.
        settings: its settings, by name.
        marks: the comment lines around it.
    """
    begin, end = marks.lines
    lines = [begin, f"[{header}]", *(f"{name} = {value}" for name, value in settings.items()), end]
    newline = b"\r\n" if re.match(rb"[^\n]*\r\n", content) else b"\n"
    gap = newline if content and not content.endswith(b"\n") else b""
    return content + gap + b"".join(line.encode() + newline for line in lines)


def without_profile(content: bytes, marks: Marks) -> bytes:
    """Return a file without the profile's section, whatever was added to it, and without the comment lines around it.

    A file without these lines is left as it is, for what has the profile's name there is somebody else's. A comment
    below the section's last setting stays: it may well be about what follows.
    """
    if not marks.are_in(content):
        return content
    kept: list[bytes] = []
    ours = False
    below: list[bytes] = []
    for line in content.splitlines(keepends=True):
        if marks.include(line):
            continue
        header = _header(line)
        if header is not None:
            ours = header in ([marks.profile], ["profile", marks.profile])
            kept += below
            below = []
        if not ours:
            kept.append(line)
        elif line.strip() and not line.strip().startswith((b"#", b";")):
            below = []
        else:
            below.append(line)
    return b"".join(kept + below)


def _header(line: bytes) -> list[str] | None:
    """Return the words in a section's brackets, without the quotes around them; None for any other line."""
    text = line.decode("utf-8", "surrogateescape").removeprefix("\ufeff").strip()
    if not text.startswith("["):
        return None
    return re.sub(r"[\"'\\]", "", text[1:].partition("]")[0]).split()
