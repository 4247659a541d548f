"""The house rules that every notebook keeps, as far as a program can check them.

Each rule reads a notebook and names what breaks it. Every rule is tried twice: on the notebooks as they are,
and on a copy with the fault put in, which it must report.
"""

import ast
import base64
import copy
import json
import re
import shlex
import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from support.aws_cli import command_problem
from support.sandbox_clients import CHECKOUT

FOLDER = CHECKOUT / "notebooks"
PATHS = sorted(FOLDER.glob("*.ipynb"))

VERBS = frozenset({"Allow", "Clean", "Configure", "Create", "Find", "Fix", "Start", "Test", "Trust"})
NAMES = frozenset({"ARN", "AWS", "CLI", "EC2", "Glue", "IAM", "JSON", "Python", "S3", "STS"})
TABLE = ["You do", "You learn", "You need", "Minutes", "In the cheatsheet"]
MOST_LINES, USUAL_LINES = 10, 6
WIDEST_LINE = 100
MOST_WORDS, USUAL_WORDS = 150, 100

HEADING = re.compile(r"^(#+) +(.+)$", re.MULTILINE)
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")
SVG_IN_IMAGE = re.compile(r"data:image/svg\+xml;base64,([A-Za-z0-9/+=]+)")
UNPRINTABLE = {
    "an access key id": re.compile(r"(?:AKIA|ASIA)[A-Z0-9]{16}"),
    "a secret": re.compile(r"(?<![\w/+=])(?=[A-Za-z/+]*\d)(?=[\d/+A-Z]*[a-z])[A-Za-z0-9/+]{40}(?![\w/+=])"),
    "a session token": re.compile(r"(?<![\w/+=])[A-Za-z0-9/+=]{100,}"),
    "a port": re.compile(r"(?:127\.0\.0\.1|localhost|\[::1\]):\d+"),
    "a machine path": re.compile(r"(?<![\w.])/(?:home|root|Users|tmp|var|private|opt)/|\b[A-Z]:\\"),
}
CLOCK_TIME = re.compile(r"(?<!\d)\d{1,2}:\d{2}(?!\d)")
# \u2713 and \u2717, a check mark and a cross, are signs and not emoji: with a word next to them they may stand.
EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u2712\u2714-\u2716\u2718-\u27bf\u2b50\u2b55\ufe0f]")


@dataclass(frozen=True)
class Cell:
    """A cell: where it is, and what is in it."""

    number: int
    kind: str
    source: str
    json: dict[str, Any]

    @property
    def metadata(self) -> dict[str, Any]:
        return dict(self.json["metadata"])

    @property
    def outputs(self) -> list[dict[str, Any]]:
        return list(self.json.get("outputs", []))

    @property
    def printed(self) -> str:
        """All text of the outputs, an SVG within an image too; pictures in binary formats left out."""
        shown = [output.get("text", "") for output in self.outputs]
        for output in self.outputs:
            shown += [data for kind, data in output.get("data", {}).items() if kind not in ("image/png", "image/jpeg")]
        lines = ["".join(text) if isinstance(text, list) else text for text in shown]
        text = "\n".join(line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in lines)
        return SVG_IN_IMAGE.sub(lambda found: base64.b64decode(found[1]).decode(), text)

    @property
    def tree(self) -> ast.Module:
        """The code, parsed; empty where it is no Python, which is a rule of its own."""
        try:
            return ast.parse(self.source)
        except SyntaxError:
            return ast.Module([], [])

    @property
    def prose(self) -> str:
        """The text without code in fences."""
        return FENCE.sub("", self.source) if self.kind == "markdown" else ""


@dataclass(frozen=True)
class Notebook:
    """A notebook, and its place in the row."""

    path: Path
    json: dict[str, Any]

    @property
    def cells(self) -> list[Cell]:
        return [
            Cell(number, cell["cell_type"], "".join(cell["source"]), cell)
            for number, cell in enumerate(self.json["cells"], start=1)
        ]

    @property
    def code(self) -> list[Cell]:
        return [cell for cell in self.cells if cell.kind == "code"]

    @property
    def headings(self) -> list[tuple[Cell, int, str]]:
        return [(cell, len(marks), text) for cell in self.cells for marks, text in HEADING.findall(cell.prose)]


Rule = Callable[[Notebook], Iterator[str]]


def read(path: Path) -> Notebook:
    return Notebook(path, json.loads(path.read_text(encoding="utf-8")))


# --- headings and prose


def one_title(notebook: Notebook) -> Iterator[str]:
    titles = [(cell, text) for cell, level, text in notebook.headings if level == 1]
    if [cell.number for cell, _ in titles] != [1]:
        yield f"has {len(titles)} headings of level 1; it should have one, in its first cell"
    for cell, title in titles:
        if title.split()[0] not in VERBS:
            yield f"cell {cell.number}: the title `{title}` begins with no verb of {sorted(VERBS)}"


def opening_table(notebook: Notebook) -> Iterator[str]:
    labels = re.findall(r"^\| \*\*(.+?)\*\* \| \S.* \|$", notebook.cells[0].source, re.MULTILINE)
    if labels != TABLE:
        yield f"cell 1: its table has the rows {labels}; it should have {TABLE}"


def headings_in_order(notebook: Notebook) -> Iterator[str]:
    above = 0
    for cell, level, text in notebook.headings:
        if level > above + 1:
            yield f"cell {cell.number}: `{text}` has level {level} below level {above}"
        above = level


def sentence_case(notebook: Notebook) -> Iterator[str]:
    for cell, _, text in notebook.headings:
        words = re.findall(r"[^\W_][\w-]*", re.sub(r"`[^`]*`", "", text))
        begins = [words[0], *re.findall(r"[:.] (\w+)", text)]
        wrong = [word for word in words if word != word.lower() and word not in NAMES and word not in begins]
        if wrong or not words[0][0].isupper():
            yield f"cell {cell.number}: the heading `{text}` is not in sentence case"


def ending(notebook: Notebook) -> Iterator[str]:
    headings = [text for _, level, text in notebook.headings if level == 2]
    if headings[-2:] != ["On your own", "In this notebook we"]:
        yield "does not end with the headings `On your own` and `In this notebook we`"


def solutions(notebook: Notebook) -> Iterator[str]:
    exercise = next((cell.number for cell, _, text in notebook.headings if text == "On your own"), 0)
    tagged = [cell for cell in notebook.code if "solution" in cell.metadata.get("tags", [])]
    if not any(cell.number > exercise for cell in tagged):
        yield "has no code cell tagged `solution` after `On your own`"
    for cell in tagged:
        if not cell.metadata.get("jupyter", {}).get("source_hidden"):
            yield f"cell {cell.number}: the solution is not folded (metadata.jupyter.source_hidden)"


def short_prose(notebook: Notebook) -> Iterator[str]:
    lengths = {cell.number: len(cell.prose.split()) for cell in notebook.cells if cell.kind == "markdown"}
    for number, length in lengths.items():
        if length > MOST_WORDS:
            yield f"cell {number}: {length} words; {MOST_WORDS} is the most"
    if statistics.median(lengths.values()) > USUAL_WORDS:
        yield f"its text cells usually have over {USUAL_WORDS} words"


def no_emoji(notebook: Notebook) -> Iterator[str]:
    for cell in notebook.cells:
        if found := EMOJI.search(cell.source + cell.printed):
            yield f"cell {cell.number}: has the emoji {found[0]}"


# --- links and pictures


def links_exist(notebook: Notebook) -> Iterator[str]:
    for cell in notebook.cells:
        for _, _, target in LINK.findall(cell.prose):
            if not re.match(r"https?://|#|attachment:", target) and not (FOLDER / target.partition("#")[0]).exists():
                yield f"cell {cell.number}: links to {target}, which does not exist"


def neighbours(notebook: Notebook) -> Iterator[str]:
    place = PATHS.index(notebook.path)
    wanted = [("Previous", path) for path in PATHS[:place][-1:]] + [("Next", path) for path in PATHS[place + 1 :][:1]]
    source = notebook.cells[-1].source
    found = re.findall(r"(Previous|Next): \[([^\]]*)\]\(([^)]*)\)", source)
    for label, path in wanted:
        if (label, title_of(path), path.name) not in found:
            yield f"its last cell has no link `{label}: [{title_of(path)}]({path.name})`"
    if len(found) > len(wanted):
        yield "its last cell has a link to a neighbour too many"


def title_of(path: Path) -> str:
    return next((text for _, level, text in read(path).headings if level == 1), "")


def alt_text(notebook: Notebook) -> Iterator[str]:
    for cell in notebook.cells:
        alts = [alt for image, alt, _ in LINK.findall(cell.prose) if image]
        alts += [
            (re.search(r'\balt="([^"]*)"', tag) or ["", ""])[1]
            for tag in re.findall(r"<img\b[^>]*>", cell.prose + cell.printed)
        ]
        if not all(len(alt.split()) > 1 for alt in alts):
            yield f"cell {cell.number}: has a picture without alt text"
        drawn = re.findall(r"<svg\b.*?</svg>", cell.printed, re.DOTALL)
        if any("<title>" not in svg and "aria-label" not in svg for svg in drawn):
            yield f"cell {cell.number}: draws a picture without a title"
        if any(kind in ("image/png", "image/jpeg") for output in cell.outputs for kind in output.get("data", {})):
            yield f"cell {cell.number}: shows a picture of a kind that cannot have alt text"


# --- code


def plain_python(notebook: Notebook) -> Iterator[str]:
    for cell in notebook.code:
        try:
            ast.parse(cell.source)
        except SyntaxError as error:
            yield f"cell {cell.number}, line {error.lineno}: is no Python: {error.msg}"


def short_code(notebook: Notebook) -> Iterator[str]:
    lengths = {cell.number: len(counted_lines(cell)) for cell in notebook.code}
    for number, length in lengths.items():
        if length > MOST_LINES:
            yield f"cell {number}: {length} lines of code; {MOST_LINES} is the most"
    if statistics.median(lengths.values()) > USUAL_LINES:
        yield f"its code cells usually have over {USUAL_LINES} lines"


def counted_lines(cell: Cell) -> list[int]:
    """The numbers of the lines that count: not blank, no comment, no import."""
    imports = [node for node in ast.walk(cell.tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    imported = {line for node in imports for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)}
    lines = enumerate(map(str.strip, cell.source.splitlines()), start=1)
    return [number for number, line in lines if line and line[0] != "#" and number not in imported]


def narrow_code(notebook: Notebook) -> Iterator[str]:
    for cell in notebook.code:
        widest = max(map(len, cell.source.splitlines()), default=0)
        if widest > WIDEST_LINE:
            yield f"cell {cell.number}: a line of {widest} characters; {WIDEST_LINE} is the most"


def careful_code(notebook: Notebook) -> Iterator[str]:
    for cell in notebook.code:
        for node in ast.walk(cell.tree):
            if isinstance(node, ast.ExceptHandler) and (
                node.type is None or caught(node) & {"Exception", "BaseException"}
            ):
                yield f"cell {cell.number}: catches every exception"


def caught(handler: ast.ExceptHandler) -> set[str]:
    return {name.id for name in ast.walk(handler.type or handler) if isinstance(name, ast.Name)}


def of_the_layout(notebook: Notebook) -> Iterator[str]:
    """A file of `helpers/` is what a notebook imports, or something of `helpers.lessons`; the rest is machinery."""
    for cell in notebook.code:
        for node in ast.walk(cell.tree):
            if isinstance(node, ast.Import):
                imported = [(alias.name, "") for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                imported = [(str(node.module), alias.name) for alias in node.names]
            else:
                continue
            for module, name in imported:
                whole = f"{module}.{name}" if module == "helpers" and name else module
                if whole.split(".")[0] == "helpers" and not may_be_imported(whole):
                    yield f"cell {cell.number}: imports {whole}, no file of helpers/ and nothing of lessons"


def may_be_imported(module: str) -> bool:
    _, *path = module.split(".")
    return path == ["lessons"] or (len(path) == 1 and (CHECKOUT / "helpers" / f"{path[0]}.py").is_file())


def executed_in_order(notebook: Notebook) -> Iterator[str]:
    counts = [cell.json["execution_count"] for cell in notebook.code]
    if counts != list(range(1, len(counts) + 1)):
        yield f"was not run once from top to bottom: its cells have the numbers {counts}; run `make outputs`"
    for cell in notebook.code:
        if any(output["output_type"] == "error" for output in cell.outputs):
            yield f"cell {cell.number}: ended with an error"


def known_commands(notebook: Notebook) -> Iterator[str]:
    for cell in notebook.cells:
        for language, text in FENCE.findall(cell.source):
            lines = text.replace("\\\n", " ").splitlines() if language == "bash" else []
            for line in lines:
                words = shlex.split(line, comments=True)
                if words[:1] == ["aws"] and (problem := command_problem(words[1:])):
                    yield f"cell {cell.number}: `{line}`: {problem}"


# --- what is stored


def portable_kernel(notebook: Notebook) -> Iterator[str]:
    kernel = notebook.json["metadata"].get("kernelspec", {}).get("name")
    if kernel != "python3":
        yield f"wants the kernel {kernel}; python3 is everywhere"


def clean_metadata(notebook: Notebook) -> Iterator[str]:
    metadata = notebook.json["metadata"]
    if "widgets" in metadata:
        yield "keeps the widgets' state (metadata.widgets), which breaks viewers; run `make outputs`"
    if "version" in metadata.get("language_info", {}):
        yield "names a version of Python (metadata.language_info.version); run `make outputs`"
    for cell in notebook.cells:
        if "execution" in cell.metadata:
            yield f"cell {cell.number}: keeps when it ran (metadata.execution); run `make outputs`"


def ids_of_their_own(notebook: Notebook) -> Iterator[str]:
    seen: set[str] = set()
    for cell in notebook.cells:
        identity = cell.json.get("id", "")
        if not identity or identity in seen:
            yield f"cell {cell.number}: its id `{identity}` is missing or another cell's"
        seen.add(identity)


def nothing_of_this_machine(notebook: Notebook) -> Iterator[str]:
    for cell in notebook.cells:
        for what, pattern in UNPRINTABLE.items():
            if pattern.search(cell.source) or pattern.search(cell.printed):
                yield f"cell {cell.number}: shows {what}"
        if found := CLOCK_TIME.search(cell.printed):
            yield f"cell {cell.number}: its output shows the time {found[0]}"


# --- the notebooks keep the rules


RULES: list[Rule] = [
    one_title,
    opening_table,
    headings_in_order,
    sentence_case,
    ending,
    solutions,
    short_prose,
    no_emoji,
    links_exist,
    neighbours,
    alt_text,
    plain_python,
    short_code,
    narrow_code,
    careful_code,
    of_the_layout,
    executed_in_order,
    known_commands,
    portable_kernel,
    clean_metadata,
    ids_of_their_own,
    nothing_of_this_machine,
]


def name_of(thing: Any) -> str:
    return str(getattr(thing, "stem", getattr(thing, "__name__", "")))


@pytest.mark.parametrize("path", PATHS, ids=name_of)
@pytest.mark.parametrize("rule", RULES, ids=name_of)
def test_notebook_keeps_the_rule(rule: Rule, path: Path) -> None:
    problems = [f"{path.name} {problem}" for problem in rule(read(path))]
    assert not problems, "\n".join(problems)


# --- and the rules see the faults


Fault = Callable[[dict[str, Any]], object]


def shown(text: str, kind: str = "text/plain") -> Fault:
    """Puts an output into the first code cell."""
    output = {"output_type": "display_data", "metadata": {}, "data": {kind: text}}
    return lambda good: good["cells"][1]["outputs"].append(output)


def said(number: int, text: str) -> Fault:
    """Adds to the text of a cell."""
    return lambda good: good["cells"][number].update(source=good["cells"][number]["source"] + "\n\n" + text)


def put(number: int, text: str) -> Fault:
    """Puts another text into a cell."""
    return lambda good: good["cells"][number].update(source=text)


def without(number: int, text: str) -> Fault:
    """Takes something out of the text of a cell."""
    return lambda good: good["cells"][number].update(source=good["cells"][number]["source"].replace(text, ""))


def in_bash(line: str) -> Fault:
    return said(2, f"```bash\n{line}\n```")


def in_image(svg: str) -> Fault:
    """Puts an SVG, as an image with words, into the output of the first code cell."""
    encoded = base64.b64encode(svg.encode()).decode()
    return shown(f'<img alt="some words" src="data:image/svg+xml;base64,{encoded}">', "text/html")


SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
FAULTS: list[tuple[Rule, str, Fault]] = [
    (one_title, "a second title", said(2, "# Create another")),
    (one_title, "a title below the first cell", lambda good: good["cells"].reverse()),
    (one_title, "a title without a verb", lambda good: put(0, "# The role")(good)),
    (opening_table, "a row missing", without(0, "| **Minutes** | 5 |\n")),
    (opening_table, "an empty row", without(0, "5")),
    (headings_in_order, "a level skipped", said(2, "#### Deeper")),
    (sentence_case, "capitals in a heading", said(2, "## Look At It")),
    (sentence_case, "a heading that begins small", said(2, "## look at it")),
    (ending, "no summary", without(5, "## In this notebook we")),
    (ending, "no exercise", without(3, "## On your own")),
    (ending, "another end", said(5, "## And then")),
    (solutions, "no solution", lambda good: good["cells"][4]["metadata"].pop("tags")),
    (solutions, "an open solution", lambda good: good["cells"][4]["metadata"].pop("jupyter")),
    (short_prose, "a long cell", said(2, "word " * 151)),
    (short_prose, "long cells", lambda good: [said(n, "word " * 110)(good) for n in (0, 2, 3, 5)]),
    (no_emoji, "an emoji in the text", said(2, "Done \u2705")),
    (no_emoji, "an emoji in an output", shown("\U0001f389")),
    (links_exist, "a dead link", said(2, "[there](nowhere.ipynb)")),
    (links_exist, "a dead picture", said(2, "![A fine picture](nowhere.svg)")),
    (neighbours, "no way on", without(6, "Next")),
    (neighbours, "no way back", without(6, "Previous")),
    (neighbours, "another title", without(6, "user")),
    (neighbours, "a neighbour too many", said(6, "Next: [Clean up](07_clean_up.ipynb)")),
    (alt_text, "a picture without words", said(2, "![](images/handshake.svg)")),
    (alt_text, "an image without words", shown("<img src='x'>", "text/html")),
    (alt_text, "a drawing without a title", shown("<svg><path/></svg>", "image/svg+xml")),
    (alt_text, "a bitmap", shown("iVBORw0KGgo=", "image/png")),
    (plain_python, "a magic", put(1, "%matplotlib inline")),
    (plain_python, "a string cut in two", put(1, "x = 'a\nb'")),
    (short_code, "a long cell", put(1, "x = 1\n" * 11)),
    (short_code, "long cells", lambda good: [put(n, "x = 1\n" * 7)(good) for n in (1, 4)]),
    (narrow_code, "a wide line", put(1, f"x = '{'y' * 100}'")),
    (careful_code, "a net for everything", put(1, "try:\n    x\nexcept Exception:\n    pass")),
    (careful_code, "a net for anything", put(1, "try:\n    x\nexcept:\n    pass")),
    (careful_code, "a net among others", put(1, "try:\n    x\nexcept (KeyError, Exception):\n    pass")),
    (of_the_layout, "a folder of machinery", put(1, "from helpers.own_account import guard")),
    (of_the_layout, "a file of the machinery", put(1, "from helpers.clients.polling import poll")),
    (of_the_layout, "a folder from the top", put(1, "from helpers import sandbox")),
    (of_the_layout, "a lesson by its file", put(1, "from helpers.lessons.steps import begin")),
    (of_the_layout, "a plain import", put(1, "import helpers.diagnosis.words")),
    (executed_in_order, "a cell not run", lambda good: good["cells"][1].update(execution_count=None)),
    (executed_in_order, "a cell run again", lambda good: good["cells"][1].update(execution_count=7)),
    (
        executed_in_order,
        "an error",
        lambda good: good["cells"][1]["outputs"].append({"output_type": "error"}),
    ),
    (known_commands, "an unknown service", in_bash("aws ima list-users")),
    (known_commands, "an unknown operation", in_bash("aws iam list-user")),
    (known_commands, "an unknown option", in_bash("aws iam get-user --name x")),
    (known_commands, "an option missing", in_bash("aws iam create-user \\\n    --profile x")),
    (known_commands, "an unknown command of configure", in_bash("aws configure put region x")),
    (known_commands, "an unknown option of version 2", in_bash("aws login --for-ever")),
    (known_commands, "an unknown command of version 2", in_bash("aws configure sso now")),
    (
        portable_kernel,
        "a kernel of one's own",
        lambda good: good["metadata"]["kernelspec"].update(name="conda_x"),
    ),
    (clean_metadata, "widget state", lambda good: good["metadata"].update(widgets={})),
    (clean_metadata, "a version", lambda good: good["metadata"]["language_info"].update(version="3.11.7")),
    (clean_metadata, "times", lambda good: good["cells"][1]["metadata"].update(execution={})),
    (ids_of_their_own, "an id twice", lambda good: good["cells"][1].update(id=good["cells"][0]["id"])),
    (ids_of_their_own, "no id", lambda good: good["cells"][1].pop("id")),
    (nothing_of_this_machine, "a key id in the text", said(2, "AKIAIOSFODNN7EXAMPLE")),
    (nothing_of_this_machine, "a key id", shown("id: ASIAIOSFODNN7EXAMPLE")),
    (nothing_of_this_machine, "a secret", shown(f"<td>{SECRET}</td>", "text/html")),
    (nothing_of_this_machine, "a token", shown(json.dumps({"SessionToken": "FwoGZXIvYXdzEJr" * 9}))),
    (nothing_of_this_machine, "a port", shown("http://127.0.0.1:41234/")),
    (nothing_of_this_machine, "a port by name", shown("localhost:8888")),
    (nothing_of_this_machine, "a path", shown("'/home/ana/tutorial'")),
    (nothing_of_this_machine, "a path of Windows", shown("C:\\Users\\ana")),
    (
        nothing_of_this_machine,
        "a path in a stream",
        lambda good: good["cells"][1]["outputs"].append(
            {"output_type": "stream", "name": "stderr", "text": ["/tmp/x.py:1: Warning"]}
        ),
    ),
    (nothing_of_this_machine, "a time", shown("2026-01-01T12:34:56Z")),
    (nothing_of_this_machine, "a key id in a picture", in_image("<text>ASIAIOSFODNN7EXAMPLE</text>")),
]


@pytest.fixture
def good() -> dict[str, Any]:
    """A small notebook that keeps every rule."""
    table = "\n".join(f"| **{label}** | 5 |" for label in TABLE)
    back, onward = ("00_start_here.ipynb", "02_create_user.ipynb")
    links = f"Previous: [{title_of(FOLDER / back)}]({back}) · Next: [{title_of(FOLDER / onward)}]({onward})"
    hidden = {"jupyter": {"source_hidden": True}, "tags": ["solution"]}
    texts: list[tuple[str, str, dict[str, Any]]] = [
        ("markdown", f"# Create the role\n\n| | |\n|---|---|\n{table}\n", {}),
        ("code", "import os\n\n# where\nos.sep", {}),
        (
            "markdown",
            "## Look\n\n```bash\n# a comment\naws iam get-role --role-name x --profile y\naws login --profile y\n```",
            {},
        ),
        ("markdown", "## On your own", {}),
        ("code", "2", hidden),
        (
            "markdown",
            "## In this notebook we\n\n- looked.\n\n![A very fine picture](images/handshake.svg)",
            {},
        ),
        ("markdown", links, {}),
    ]
    cells: list[dict[str, Any]] = [
        {"cell_type": kind, "id": f"cell-{number}", "metadata": metadata, "source": source}
        for number, (kind, source, metadata) in enumerate(texts)
    ]
    for count, cell in enumerate((cells[1], cells[4]), start=1):
        cell |= {"execution_count": count, "outputs": []}
    metadata = {"kernelspec": {"name": "python3"}, "language_info": {"name": "python"}}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


@pytest.mark.parametrize("rule", RULES, ids=name_of)
def test_a_good_notebook_is_not_reported(rule: Rule, good: dict[str, Any]) -> None:
    assert list(rule(Notebook(FOLDER / "01_create_role.ipynb", good))) == []


@pytest.mark.parametrize(
    ("rule", "fault"),
    [pytest.param(rule, fault, id=f"{rule.__name__}: {what}") for rule, what, fault in FAULTS],
)
def test_a_fault_is_reported(rule: Rule, fault: Fault, good: dict[str, Any]) -> None:
    fault(faulty := copy.deepcopy(good))
    assert list(rule(Notebook(FOLDER / "01_create_role.ipynb", faulty)))


def test_every_rule_has_a_fault_that_it_sees() -> None:
    assert {rule.__name__ for rule, _, _ in FAULTS} == {rule.__name__ for rule in RULES}


def test_there_are_notebooks() -> None:
    assert [path.name[:3] for path in PATHS[:8]] == ["00_", "01_", "02_", "03_", "04_", "05_", "06_", "07_"]
