"""Refusals read from text as people have it: of the CLI, boto3, the console, Terraform, a log or CloudTrail.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
"""

import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

from helpers.clients.error_codes import (
    EXPIRED,
    FORBIDDEN,
    MALFORMED_KEY,
    UNKNOWN_KEY,
    UNSIGNED,
    WRONG_SECRET,
    WRONG_TOKEN,
)
from helpers.diagnosis.refusals import Refusal, is_of_console, read_message
from helpers.diagnosis.service_words import explain_by_words

_EXPLAINED_CODES = (FORBIDDEN | UNKNOWN_KEY | WRONG_TOKEN | MALFORMED_KEY | WRONG_SECRET | EXPIRED | UNSIGNED) | {
    "AuthorizationHeaderMalformed",
    "BucketRegionError",
    "IllegalLocationConstraintException",
    "InvalidIdentityToken",
    "MalformedPolicy",
    "MalformedPolicyDocument",
    "MalformedPolicyDocumentException",
    "OptInRequired",
    "PermanentRedirect",
    "RegionDisabledException",
    "RequestTimeTooSkewed",
    "ValidationError",
}
_OPERATION = re.compile(
    r"when calling the (?P<operation>\w+) operation|operation error [\w ]+: (?P<go>\w+)"
    r"|Error executing \"(?P<php>\w+)\""
)
_CODE_AND_OPERATION = re.compile(r"\((?:\w+\.)?(?P<code>\w+)\) when calling the \w+ operation")
_HAS_NO_TEXT = re.compile(r"^\W*(?:\w+\W+){0,6}Forbidden\W*(?:Forbidden)?\W*$|403 Forbidden;")
_CODES = (
    re.compile(r"(?:An error occurred|A client error) \((?:\w+\.)?(?P<code>\w+)\)"),
    re.compile(r"api error (?P<code>\w+):"),
    re.compile(r"<Code>(?P<code>\w+)</Code>"),
    re.compile(r"Error ?[Cc]ode: \"?(?P<code>403|[A-Z]\w+)"),
    re.compile(rf"\b(?P<code>{'|'.join(sorted(_EXPLAINED_CODES, key=len, reverse=True))})\b(?!\.[A-Z])"),
    re.compile(r"\b(?P<code>[A-Z]\w+(?:Exception|TokenId|Token|Match|Exceeded|Failure|InUse|NotFound|State)):"),
)
_CODE_KEYS = ("errorCode", "code", "Code", "__type", "name")
_MESSAGE_KEYS = ("errorMessage", "message", "Message")
_PLACEHOLDER = re.compile(r"<[a-z]+(?: [a-z]+){1,3}>", re.IGNORECASE)
"""What somebody put in the place of a number or a name, such as `<target account>`."""

_MOST_BREAKS = 9
_MARGIN = re.compile(r"^[\s│|>#,]*")
# What begins a line of its own: no rest of a word does.
_NO_REST = re.compile(
    r"[^\w+=,.@/:*-]|\d{4}-\d\d|(?:at|and|because|with|on(?= resource)|File|Caused|Error|Traceback)\b", re.IGNORECASE
)
_ENDS = re.compile(r"[\"'`)\]}.,;\\]*(?:$|\n| (?:because|with an?|\())")


def parse_refusal(text: str) -> Refusal:
    """Read a refusal from text: of the CLI, boto3, the console, Terraform, a log or CloudTrail, wrapped lines and all.

    Args:
        text: the text, as it was pasted.

    Returns:
        What it says, as far as it says it: the message is the text, or the part of it that tells most.
    """
    return max((_parsed(reading) for reading in _readings(text)), key=_told)


def _parsed(text: str) -> Refusal:
    refused = next((found for found in _CODE_AND_OPERATION.finditer(text) if found["code"] in _EXPLAINED_CODES), None)
    code = next((found["code"] for pattern in _CODES if (found := pattern.search(text))), "")
    code = refused["code"] if refused else code
    refusal = read_message(code, text)
    if refusal.is_forbidden and not code:
        refusal = replace(refusal, code="403" if _HAS_NO_TEXT.search(text) else "AccessDenied")
    operation = _OPERATION.search(text, refused.start() if refused else 0)
    return replace(refusal, operation=next(filter(None, operation.groups())) if operation else "")


def _told(refusal: Refusal) -> tuple[int, bool, int]:
    """Rank a reading: by how much of it is told or known, then by whether the sentence goes on where names end."""
    told = (
        refusal.code,
        refusal.operation,
        refusal.caller,
        refusal.action,
        refusal.resource != "*",
        refusal.kind,
        refusal.credential_fault,
    )
    after = refusal.message.partition(refusal.resource)[2]
    known = 2 if explain_by_words(refusal) else 0
    return sum(map(bool, told)) + known, bool(_ENDS.match(after)), -len(refusal.resource)


# --- the ways in which a text can be meant


def _readings(text: str) -> Iterator[str]:
    record = _record_in(text)
    if record is None:
        yield from _unwrapped(text)
        return
    for told in _told_in(record):
        yield from _unwrapped(told)
    yield _on_one_line(text)


def _record_in(text: str) -> Any:
    """Return the record that a text is, or ends with, in JSON; None for any other text."""
    for start in (0, text.find("{")):
        try:
            return json.loads(text[max(start, 0) :])
        except ValueError:
            continue
    return None


def _told_in(record: Any) -> Iterator[str]:
    """Find the texts in a record of JSON: an error's code with its message first, as CloudTrail has them."""
    if isinstance(record, Mapping):
        code = next((record[key] for key in _CODE_KEYS if record.get(key)), None)
        message = next((record[key] for key in _MESSAGE_KEYS if record.get(key)), "")
        if isinstance(code, str):
            yield f"An error occurred ({re.split('[.#]', code)[-1]}): {message}"
    if isinstance(record, Mapping | list):
        for value in record.values() if isinstance(record, Mapping) else record:
            yield from _told_in(value)
    elif isinstance(record, str):
        yield record


def _plain(text: str) -> str:
    plain = html.unescape(text.replace("\\n", "\n").replace('\\"', '"'))
    plain = _PLACEHOLDER.sub(lambda found: found[0].replace(" ", "-"), plain)
    return re.sub(r"`([^`'\s]+)'", r"\1", plain)  # quoted as mail servers do


def _on_one_line(text: str) -> str:
    return " ".join(_plain(text).split())


def _unwrapped(text: str) -> Iterator[str]:
    """Undo the wrapping of lines in every way that may be meant: at a space, or in the middle of a word."""
    if is_of_console(text):
        yield _plain(text)
        return
    raw = _plain(text).splitlines() or [""]
    padded = [line.rstrip() for line in raw if line != line.rstrip()]
    is_table = len(padded) > len(raw) / 2  # blanks fill its last column up
    raw = [line.rstrip() for line in raw] if is_table else raw
    breaks = [_may_break_a_word(raw, place) for place in range(1, len(raw))]
    if sum(breaks) > _MOST_BREAKS and (start := _line_of_the_caller(raw)) is not None:
        breaks = [may and start <= place < start + _MOST_BREAKS for place, may in enumerate(breaks)]
    if is_table or sum(breaks) > _MOST_BREAKS:
        full = _full_lines(padded if is_table else raw)
        ways: Iterable[Iterable[str]] = [
            ["" if may and line in full else " " for may, line in zip(breaks, raw, strict=False)],
            " " * len(breaks),
        ]
    else:
        ways = product(*[(" ", "") if may else (" ",) for may in breaks])
    lines = [_words(line).rstrip() for line in raw]
    for gaps in ways:
        yield "".join(line + gap for line, gap in zip(lines, (*gaps, ""), strict=True))


def _full_lines(lines: Sequence[str]) -> set[str]:
    """Find the lines that go to the end of the page, or of their column: only there a word is broken."""
    page, columns = max(map(len, lines)), dict[int, int]()
    for line in lines:
        columns[_depth(line)] = max(columns.get(_depth(line), 0), len(_words(line)))
    return {
        line for line in lines if len(line) == page or (_depth(line) > 0 and len(_words(line)) == columns[_depth(line)])
    }


def _depth(line: str) -> int:
    """Count the blanks in a line's margin, not its signs: some lines of a log have one, and others none."""
    return sum(map(str.isspace, line[: len(line) - len(_words(line))]))


def _words(line: str) -> str:
    """Return a line without its margin."""
    return _MARGIN.sub("", line)


def _line_of_the_caller(lines: Sequence[str]) -> int | None:
    return next((place for place, line in enumerate(lines) if re.search(r"\bUser:? ", line)), None)


def _may_break_a_word(lines: Sequence[str], place: int) -> bool:
    """Tell whether a word may go on over a line's end: right below it, no deeper, and not with words of its own."""
    before, after = lines[place - 1 : place + 1]
    rest, is_deeper = _words(after), _depth(after) > _depth(before)
    ends_in_a_word = bool(before.strip()) and not before[-1].isspace()
    return ends_in_a_word and bool(rest) and not is_deeper and not _NO_REST.match(rest)
