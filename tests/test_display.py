"""Cards and tables: the same words as text and as HTML, and nothing in them is ever markup."""

import json
from dataclasses import dataclass
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.display import JsonDocument, Rows, Shown, code_html
from helpers.secrecy import mask

texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30)


@dataclass(frozen=True, repr=False)
class Card(Shown):
    """A card with whatever it is given."""

    headline: str
    lines: Rows = ()

    def title(self) -> str:
        return self.headline

    def rows(self) -> Rows:
        return self.lines


class Reader(HTMLParser):
    """Reads HTML as a browser does: which elements there are, and their text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.elements.append(tag)

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_a_card_without_rows_is_its_title() -> None:
    assert repr(Card("Nothing to delete")) == "Nothing to delete"
    html = Card("Nothing to delete")._repr_html_()
    assert "<strong>Nothing to delete</strong>" in html
    assert "<table" not in html


def test_rows_are_lines() -> None:
    card = Card("Role", [("ARN", "arn:aws:…"), ("Trusts", "one\nother"), ("", "alone")])
    assert repr(card).split("\n") == [
        "Role",
        "  ARN: arn:aws:…",
        "  Trusts:",
        "    one",
        "    other",
        "    alone",
    ]


def test_a_label_is_a_row_header() -> None:
    assert '<th scope="row"' in Card("Role", [("ARN", "x")])._repr_html_()
    assert "<th" not in Card("Role", [("", "x")])._repr_html_(), "a header without words says nothing"


@settings(deadline=None)
@given(texts, st.lists(st.tuples(texts, texts)))
def test_html_says_what_was_given_and_is_never_markup(headline: str, rows: list[tuple[str, str]]) -> None:
    read = Reader(Card(headline, rows)._repr_html_())
    assert "".join(read.words) == headline + "".join(label + text for label, text in rows)
    cells = [tag for label, _ in rows for tag in ("tr", "th" if label else "td", "td")]
    table = ["table", "tbody", *cells] if rows else []
    assert read.elements == ["div", "strong", *table]


@settings(deadline=None)
@given(texts, st.dictionaries(texts, texts | st.integers() | st.lists(texts)))
def test_a_document_is_shown_as_json(name: str, document: dict[str, object]) -> None:
    shown = JsonDocument(name, document)
    assert json.loads(repr(shown).removeprefix(f"{name}\n")) == document
    read = Reader(shown._repr_html_())
    assert read.elements == ["div", "strong", "pre"]
    assert "".join(read.words) == name + json.dumps(document, indent=4)


@pytest.mark.parametrize("secret", ["AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"])
def test_a_mask_tells_the_last_four_characters_and_no_length(secret: str) -> None:
    assert mask(secret) == "*" * 16 + secret[-4:]


@given(texts)
def test_a_line_to_type_keeps_its_words_and_breaks_at_its_spaces_alone(line: str) -> None:
    read = Reader(code_html(line))
    assert "".join(read.words) == line
    assert set(read.elements) <= {"span"}


def test_a_word_with_hyphens_is_kept_together() -> None:
    html = code_html("aws iam put-role-policy --role-name x")
    assert html.count("inline-block") == 2
    assert ">put-role-policy</span> <span" in html
