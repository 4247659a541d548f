"""An explanation as it is shown: the answer, both sides next to each other, and the next thing to do."""

from dataclasses import asdict, dataclass
from html import escape
from typing import Any, Literal

from typing_extensions import override

from helpers.display import BAD, BOX_STYLE, GOOD, Rows, Shown, code_html
from helpers.evaluation.decisions import Side, Verdict

Saying = Literal["allows", "denies", "does not match"]
Decider = Side | Literal["credentials", "request"]

_SIGNS: dict[Saying, str] = {"allows": "✓", "denies": "✗", "does not match": "·"}
_CELL = "text-align:left;vertical-align:top;padding:4px 16px 4px 0;white-space:normal;overflow-wrap:anywhere"
_LIST = "list-style:none;margin:2px 0 6px;padding-left:8px"
_CODE = "display:block;white-space:pre-wrap;overflow-wrap:anywhere"


def statement_label(name: str, place: int) -> str:
    """Return which statement of a policy it is, in words: `1st statement (no Sid)`, or `2nd, Statement1`."""
    ending = "th" if place % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(place % 10, "th")
    return f"{place}{ending} statement (no Sid)" if name == f"statement {place}" else f"{place}{ending}, {name}"


@dataclass(frozen=True)
class StatementSaid:
    """What one statement says to the request.

    Attributes:
        name: the statement's Sid, or its place.
        saying: what it does.
        why: the element that does not match, with what it wants and what the request has.
        decides: whether the answer rests on it; one that does not match is the one that comes nearest.
        place: which statement of its policy it is, from 1.
    """

    name: str
    saying: Saying
    why: str = ""
    decides: bool = False
    place: int = 0

    def __str__(self) -> str:
        """Return the statement in one line."""
        why = f": {self.why}" if self.why else ""
        rests = " (this comes nearest)" if self.saying == "does not match" else " (this decides)"
        label = statement_label(self.name, self.place)
        return f"{_SIGNS[self.saying]} {label} {self.saying}{why}{rests if self.decides else ''}"


@dataclass(frozen=True)
class PolicySaid:
    """What one policy says: where it is, and its statements that matter."""

    source: str
    statements: tuple[StatementSaid, ...]


@dataclass(frozen=True)
class Column:
    """One side of the matter.

    Attributes:
        heading: whose side, and what it says.
        policies: its policies that matter.
        rest: a sentence about the others; empty when there are none.
    """

    heading: str
    policies: tuple[PolicySaid, ...] = ()
    rest: str = ""

    def lines(self) -> list[str]:
        """Return the column as lines of text."""
        lines = []
        for policy in self.policies:
            lines += [policy.source, *(f"  {statement}" for statement in policy.statements)]
        return lines + ([self.rest] if self.rest else [])

    def html(self) -> str:
        """Return the column as a list in HTML."""
        items = ""
        for policy in self.policies:
            said = "".join(f"<li>{_statement_html(statement)}</li>" for statement in policy.statements)
            items += f'<div>{escape(policy.source)}<ul style="{_LIST}">{said}</ul></div>'
        return items + (f"<div>{escape(self.rest)}</div>" if self.rest else "")


@dataclass(frozen=True)
class NextStep:
    """The next thing to do.

    Attributes:
        do: what, in one sentence.
        console: where to click; empty where the console has no part in it.
        cli: the command line; empty where there is none.
        python: the line of Python that does it; empty where there is none.
    """

    do: str
    console: str = ""
    cli: str = ""
    python: str = ""

    def ways(self) -> Rows:
        """Return the ways of doing it, each with its label."""
        ways = [("In the console", self.console), ("With the CLI", self.cli), ("With Python", self.python)]
        return [(label, text) for label, text in ways if text]


Told = tuple[str, NextStep]
"""Why, in a sentence or two, and what to do."""


def before_policies(reason: str) -> str:
    """Return the reason of a refusal that comes before the policies, and says so."""
    return f"{reason} No policy was asked."


def beside_policies(reason: str) -> str:
    """Return the reason of a refusal of which AWS does not say whether the policies were asked before."""
    return f"{reason} No policy change mends this."


@dataclass(frozen=True, repr=False)
class Explanation(Shown):
    """Why AWS answers a request as it does, and what to do about it.

    Attributes:
        question: who asks for what, in words.
        verdict: AWS's answer; None where it depends on what could not be read, or where AWS refused nothing.
        decided_by: what refused: a side's policies, the credentials, or the request itself; None otherwise.
        reason: why, in one sentence.
        columns: what the caller's side and the other side say; empty where no policy was asked.
        relation: whether both belong to one account, and what follows from it.
        notes: what could not be read, and what was taken to be so.
        next_step: what to do.
    """

    question: str
    verdict: Verdict | None
    decided_by: Decider | None
    reason: str
    columns: tuple[Column, ...] = ()
    relation: str = ""
    notes: tuple[str, ...] = ()
    next_step: NextStep = NextStep("")

    def as_json(self) -> dict[str, Any]:
        """Return the explanation as JSON has it, for programs."""
        return {
            "question": self.question,
            "verdict": self.verdict,
            "decided_by": self.decided_by,
            "reason": self.reason,
            "sides": [asdict(column) for column in self.columns],
            "accounts": self.relation,
            "notes": list(self.notes),
            "next_step": asdict(self.next_step),
        }

    @property
    def deciding(self) -> tuple[tuple[str, StatementSaid], ...]:
        """The statements on which the answer rests, each with its policy's source."""
        policies = (policy for column in self.columns for policy in column.policies)
        return tuple((policy.source, said) for policy in policies for said in policy.statements if said.decides)

    @property
    @override
    def accent(self) -> str:
        if self.verdict is None:
            return "#666"
        return GOOD if self.verdict is Verdict.ALLOWED else BAD

    @override
    def title(self) -> str:
        unknown = "No refusal" if self.decided_by == "request" else "Cannot be told"
        words = {Verdict.ALLOWED: "Allowed", None: unknown}
        return f"{words.get(self.verdict, 'Refused')}: {self.question}"

    def reasons(self) -> Rows:
        """Return why, as rows: all but the next step."""
        rows = [("Why", self.reason)]
        rows += [(column.heading, "\n".join(column.lines())) for column in self.columns]
        rows += [("Accounts", self.relation)] if self.relation else []
        return [*rows, *(("Note", note) for note in self.notes)]

    @override
    def rows(self) -> Rows:
        return [*self.reasons(), ("Next", self.next_step.do), *self.next_step.ways()]

    @override
    def _repr_html_(self) -> str:
        head = f"<strong>{escape(self.title())}</strong>{self.reasons_html()}"
        return f'<div style="{BOX_STYLE} {self.accent}">{head}{self._next_html()}</div>'

    def reasons_html(self) -> str:
        """Return why, in HTML, both sides next to each other: all but the next step."""
        told = [("Accounts", self.relation)] if self.relation else []
        told += [("Note", note) for note in self.notes]
        lines = "".join(f"<div><strong>{label}:</strong> {escape(text)}</div>" for label, text in told)
        return f"<div>{escape(self.reason)}</div>{self._columns_html()}{lines}"

    def _columns_html(self) -> str:
        if not self.columns:
            return ""
        heads = "".join(f'<th scope="col" style="{_CELL}">{escape(column.heading)}</th>' for column in self.columns)
        cells = "".join(f'<td style="{_CELL}">{column.html()}</td>' for column in self.columns)
        style = "border-collapse:collapse;table-layout:fixed;width:100%;max-width:60em;margin:6px 0"
        return (
            f'<table style="{style}"><thead><tr>{heads}</tr></thead>'
            f'<tbody><tr style="background:none">{cells}</tr></tbody></table>'
        )

    def _next_html(self) -> str:
        lines = f"<div><strong>Next:</strong> {escape(self.next_step.do)}</div>"
        for label, text in self.next_step.ways():
            shown = escape(text) if label == "In the console" else f'<code style="{_CODE}">{code_html(text)}</code>'
            lines += f"<div><em>{label}:</em> {shown}</div>"
        return lines


def _statement_html(statement: StatementSaid) -> str:
    text = escape(str(statement))
    return f"<strong>{text}</strong>" if statement.decides else text
