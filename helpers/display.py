"""How results look in a notebook: a small table in HTML, and the same words as plain text.

Everything that a helper returns is a `Shown`: it names its title and rows, and both forms follow from them.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, ClassVar

from typing_extensions import override

Rows = Sequence[tuple[str, str]]

GOOD, BAD, FOR_REAL = "#2d6a41", "#b3261e", "#8a5a00"
BOX_STYLE = "padding-left:8px;border-left:4px solid"
_TABLE_STYLE = "border-collapse:collapse;text-align:left"
_CELL_STYLE = "text-align:left;vertical-align:top;padding:2px 12px 2px 0;white-space:pre"
_WORD = "display:inline-block;max-width:100%;overflow-wrap:anywhere"
_TEXT_STYLE = "text-align:left;vertical-align:top;padding:2px 12px 2px 0;white-space:pre-wrap;overflow-wrap:anywhere"


class Shown:
    """Shows itself in a notebook as a titled table, and anywhere else as the same lines of text.

    Attributes:
        font: the CSS font family of the texts: "monospace" for what a terminal or an editor would show.
    """

    font: ClassVar[str] = "inherit"

    @property
    def accent(self) -> str:
        """The CSS colour of the bar at the left; what it means, the title says in words too."""
        return "transparent"

    def title(self) -> str:
        """Return one line that says what this is."""
        raise NotImplementedError

    def rows(self) -> Rows:
        """Pairs of a label and a text."""
        return ()

    def __repr__(self) -> str:
        """Return the title, and a line for each row."""
        lines = [self.title()]
        for label, text in self.rows():
            if label and "\n" not in text:
                lines.append(f"  {label}: {text}")
                continue
            lines += [f"  {label}:"] if label else []
            lines += [f"    {line}" for line in text.split("\n")]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        title = code_html(self.title()) if self.font == "monospace" else escape(self.title())
        cells = "".join(
            f'<tr>{_label_cell(label)}<td style="{_TEXT_STYLE};font-family:{self.font}">{escape(text)}</td></tr>'
            for label, text in self.rows()
        )
        table = f'<table style="{_TABLE_STYLE}"><tbody>{cells}</tbody></table>' if cells else ""
        return f'<div style="{BOX_STYLE} {self.accent}"><strong>{title}</strong>{table}</div>'


def code_html(line: str) -> str:
    """Return a line to type in HTML: it breaks at its spaces, and inside a word only where the word alone has no room.

    Browsers break a line after each hyphen, which a reader would take for a space.
    """
    return "".join(
        f'<span style="{_WORD}">{escape(part)}</span>' if re.search("[-/?]", part) else escape(part)
        for part in re.split(r"(\s+)", line)
    )


def _label_cell(label: str) -> str:
    return f'<th scope="row" style="{_CELL_STYLE}">{escape(label)}</th>' if label else "<td></td>"


class ToldInOneSentence(Exception):
    """An error whose message is all that a learner needs: a notebook shows it without the traceback."""

    def _render_traceback_(self) -> list[str]:
        return [f"{type(self).__name__}: {self}"]


@dataclass(frozen=True, repr=False)
class JsonDocument(Shown):
    """A policy document, indented as the console shows it.

    Attributes:
        name: what the document is.
        document: the document itself.
    """

    name: str
    document: Mapping[str, Any]

    @override
    def title(self) -> str:
        return self.name

    @override
    def __repr__(self) -> str:
        return f"{self.name}\n{json.dumps(self.document, indent=4)}"

    @override
    def _repr_html_(self) -> str:
        text = escape(json.dumps(self.document, indent=4), quote=False)
        return f'<div style="{BOX_STYLE} {self.accent}"><strong>{escape(self.name)}</strong><pre>{text}</pre></div>'
