"""How the picture is drawn: boxes, arrows and words as one SVG, which needs no font, script or network.

The card has a light background of its own, so that it reads the same in every theme. What a line's colour says,
its dashes, a sign on it and words next to it say too.

https://www.w3.org/TR/SVG2/
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from xml.sax.saxutils import escape, quoteattr

from helpers.display import BAD, GOOD


class Sign(StrEnum):
    """What a line or a sign stands for; each has a colour, a dash pattern and a mark of its own."""

    ALLOWED = "allowed"
    PARTLY = "partly allowed"
    MISSING = "not allowed"
    DENIED = "denied"
    UNKNOWN = "not known"


@dataclass(frozen=True)
class Item:
    """One thing in a box: its name, and what it says to the matter at hand, as a sign and in words."""

    name: str
    sign: Sign | None = None
    note: str = ""


@dataclass(frozen=True)
class Section:
    """Things of one kind in a box, and how many more there are that are not drawn."""

    label: str
    items: tuple[Item, ...] = ()
    more: int = 0


@dataclass(frozen=True)
class Box:
    """A user or a role; without a name it is not there."""

    kind: str
    name: str = ""
    sections: tuple[Section, ...] = ()


@dataclass(frozen=True)
class Finding:
    """Something found out: what it is, in a few words, how it stands, and why."""

    words: str
    sign: Sign
    why: str = ""


@dataclass(frozen=True)
class Service:
    """A service, and what the role may do with it, action by action."""

    name: str
    verdict: Finding
    probes: tuple[Finding, ...]


@dataclass(frozen=True)
class Scene:
    """All that is drawn, from the left to the right."""

    headline: Finding
    user: Box
    asks: Finding
    accepts: Finding
    outcome: Finding
    role: Box
    services: tuple[Service, ...]


CARD, INK, QUIET, HALF = "#ffffff", "#1f2937", "#4b5563", "#8a5a00"
_COLOURS = {Sign.ALLOWED: GOOD, Sign.PARTLY: HALF, Sign.MISSING: QUIET, Sign.DENIED: BAD, Sign.UNKNOWN: QUIET}
_DASHES = {Sign.PARTLY: "12 4 3 4", Sign.MISSING: "7 5", Sign.DENIED: "2 3", Sign.UNKNOWN: "1 6"}
_MARKS = {
    Sign.ALLOWED: "M-4 0-1 3 4-3",
    Sign.PARTLY: "M-4 1C-3-3-1-2 0 0S3 3 4-1",
    Sign.MISSING: "M-4 0H4",
    Sign.DENIED: "M-3-3 3 3M-3 3 3-3",
    Sign.UNKNOWN: "M-2-2C-2-5 3-5 2-2 2-1 0-1 0 1M0 3.5V4.5",
}
_LEGEND = {
    Sign.ALLOWED: "allowed",
    Sign.PARTLY: "partly allowed",
    Sign.MISSING: "not allowed: no policy allows it",
    Sign.DENIED: "denied: a policy says Deny",
    Sign.UNKNOWN: "not known: it could not be read",
}
_PAINT = {"User": ("#eef4ff", "#3155a6"), "Role": ("#f0faf3", "#2d6a41"), "Service": ("#fff7e8", "#8a5a00")}

_WIDTH, _TOP = 1000, 84
_USER_X, _ROLE_X, _BOX_WIDTH = 20, 430, 240
_SERVICE_X, _SERVICE_WIDTH = 726, 254
_STEP_HEIGHT, _LINE_HEIGHT = 92, 19
_SANS = "system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif"
_MONO = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def draw(scene: Scene, *, title: str, description: str) -> str:
    """Draw a scene: the same scene, the same SVG, to the letter.

    Args:
        scene: what is drawn.
        title: the picture in a line, for those who do not see it.
        description: the picture in words.
    """
    services = list(_services(scene.services))
    height = max(_box_height(scene.user), _box_height(scene.role), 3 * _STEP_HEIGHT, services[-1][1] - _TOP)
    bottom = _TOP + height + 52
    steps = (
        ("1. The user asks", scene.asks),
        ("2. The role answers", scene.accepts),
        ("3. The outcome", scene.outcome),
    )
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {bottom}" width="{_WIDTH}" '
        f'height="{bottom}" style="max-width:100%;height:auto" role="img" '
        f'aria-labelledby="picture-title picture-description" font-family="{_SANS}" font-size="13">',
        f'<title id="picture-title">{_xml(title)}</title>',
        f'<desc id="picture-description">{_xml(description)}</desc>',
        f'<rect x="1" y="1" width="{_WIDTH - 2}" height="{bottom - 2}" rx="10" fill="{CARD}" stroke="#c9d1dc"/>',
        _sign(34, 31, scene.headline.sign),
        _text(52, 37, scene.headline.words, size=17, bold=True),
        _text(52, 60, scene.headline.why),
        *_box(_USER_X, height, scene.user),
        *_box(_ROLE_X, height, scene.role),
        *(part for place, (label, arrow) in enumerate(steps) for part in _step(place, label, arrow)),
        *(part for part, _ in services),
        *_legend(bottom - 21, scene),
        "</svg>",
    ]
    return "\n".join(parts)


def shortened(name: str, most: int) -> str:
    """Return a name of at most so many characters: the middle of a longer one is left out, for its ends tell more."""
    if len(name) <= most:
        return name
    tail = (most - 1) // 2
    return f"{name[: most - 1 - tail]}…{name[-tail:]}"


# --- boxes


def _box(x: int, height: int, box: Box) -> Iterator[str]:
    fill, stroke = _PAINT[box.kind]
    if not box.name:
        yield _rect(x, _TOP, _BOX_WIDTH, height, CARD, QUIET, dashes="7 5")
        yield _text(x + 16, _TOP + 26, box.kind, fill=QUIET)
        yield _text(x + 16, _TOP + 50, "not there", fill=QUIET, size=15)
        return
    yield _rect(x, _TOP, _BOX_WIDTH, height, fill, stroke)
    yield _text(x + 16, _TOP + 26, box.kind, fill=QUIET)
    yield _name(x + 16, _TOP + 48, box.name, most=25, size=14, bold=True)
    y = _TOP + 56
    for section in box.sections:
        y += 24
        yield _text(x + 16, y, section.label, bold=True, size=12)
        if not section.items:
            y += _LINE_HEIGHT
            yield _text(x + 16, y, "none", fill=QUIET)
        for item in section.items:
            y += _LINE_HEIGHT
            if item.sign:
                yield _sign(x + 24, y - 4, item.sign)
            yield _name(x + (40 if item.sign else 16), y, item.name, most=25 if item.sign else 28)
            if item.note:
                y += _LINE_HEIGHT - 3
                yield _text(x + 40, y, item.note, size=12, fill=_COLOURS[item.sign] if item.sign else INK)
        if section.more:
            y += _LINE_HEIGHT
            yield _text(x + 16, y, f"and {section.more} more", fill=QUIET)


def _box_height(box: Box) -> int:
    height = 74
    for section in box.sections:
        lines = max(len(section.items), 1) + bool(section.more)
        height += 24 + lines * _LINE_HEIGHT + sum(_LINE_HEIGHT - 3 for item in section.items if item.note)
    return height


def _services(services: tuple[Service, ...]) -> Iterator[tuple[str, int]]:
    """Tell what to draw for each service, and where it ends."""
    fill, stroke = _PAINT["Service"]
    y, x = _TOP, _SERVICE_X
    for service in services:
        height = 36 + len(service.probes) * _LINE_HEIGHT
        drawn = [
            _rect(x, y, _SERVICE_WIDTH, height, fill, stroke),
            *_line(_ROLE_X + _BOX_WIDTH, x, y + height // 2, service.verdict.sign),
            _text(x + 14, y + 22, f"{service.name}: {service.verdict.words}", bold=True),
        ]
        for place, probe in enumerate(service.probes, start=1):
            drawn.append(_sign(x + 22, y + 18 + place * _LINE_HEIGHT, probe.sign))
            drawn.append(_text(x + 38, y + 22 + place * _LINE_HEIGHT, f"{probe.words}: {probe.sign}", size=12))
        yield "\n".join(drawn), y + height
        y += height + 12


# --- lines


def _step(place: int, label: str, arrow: Finding) -> Iterator[str]:
    start, end = _USER_X + _BOX_WIDTH, _ROLE_X
    y, middle = _TOP + place * _STEP_HEIGHT + 14, (start + end) // 2
    yield _text(middle, y, label, size=12, fill=QUIET, anchor="middle")
    back, outcome = place == 1, place == 2
    yield from _line(*((end, start) if back else (start, end)), y + 18, arrow.sign, width=4 if outcome else 2)
    yield _text(middle, y + 44, arrow.words, bold=True, fill=_COLOURS[arrow.sign], anchor="middle")
    yield _text(middle, y + 60, arrow.why, size=12, anchor="middle")


def _line(start: int, end: int, y: int, sign: Sign, *, width: int = 2) -> Iterator[str]:
    """Return an arrow between two boxes with its sign in the middle. Where the way is not open, its head is hollow."""
    colour, ahead = _COLOURS[sign], 1 if end > start else -1
    dashes = f' stroke-dasharray="{_DASHES[sign]}"' if sign in _DASHES else ""
    start, end = start + 3 * ahead, end - 3 * ahead
    back = end - 10 * ahead
    head = colour if sign in (Sign.ALLOWED, Sign.PARTLY) else CARD
    yield f'<path d="M{start} {y}H{back}" fill="none" stroke="{colour}" stroke-width="{width}"{dashes}/>'
    yield f'<path d="M{back} {y - 6} {end} {y} {back} {y + 6}z" fill="{head}" stroke="{colour}" stroke-width="1.5"/>'
    yield _sign((start + back) // 2, y, sign)


def _sign(x: int, y: int, sign: Sign) -> str:
    colour = _COLOURS[sign]
    return (
        f'<g transform="translate({x} {y})" fill="none" stroke="{colour}" stroke-width="1.8" stroke-linecap="round">'
        f'<circle r="7.5" fill="{CARD}"/><path d="{_MARKS[sign]}"/></g>'
    )


def _legend(y: int, scene: Scene) -> Iterator[str]:
    steps = (scene.asks, scene.accepts, scene.outcome)
    drawn = {*(step.sign for step in steps), *(service.verdict.sign for service in scene.services)}
    x = _USER_X
    for sign, words in _LEGEND.items():
        if sign is Sign.UNKNOWN and sign not in drawn:
            continue
        yield from _line(x, x + 60, y, sign)
        yield _text(x + 66, y + 4, words, size=12)
        x += 84 + round(len(words) * 5.8)


# --- elements


def _rect(x: int, y: int, width: int, height: int, fill: str, stroke: str, *, dashes: str = "") -> str:
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    place = f'x="{x}" y="{y}" width="{width}" height="{height}"'
    return f'<rect {place} rx="8" fill="{fill}" stroke="{stroke}" stroke-width="1.5"{dashed}/>'


def _name(x: int, y: int, name: str, *, most: int, size: float = 12.5, bold: bool = False) -> str:
    """Return a name in letters of one width, so that what is shortened to fit does fit."""
    short = shortened(name, most)
    full = f"<title>{_xml(name)}</title>" if short != name else ""
    weight = ' font-weight="600"' if bold else ""
    place = f'x="{x}" y="{y}" font-family={quoteattr(_MONO)} font-size="{size}" fill="{INK}"'
    return f"<text {place}{weight}>{full}{_xml(short)}</text>"


def _text(
    x: int, y: int, words: str, *, size: int = 13, bold: bool = False, fill: str = INK, anchor: str = "start"
) -> str:
    weight = ' font-weight="600"' if bold else ""
    return f'<text x="{x}" y="{y}" font-size="{size}" fill="{fill}" text-anchor="{anchor}"{weight}>{_xml(words)}</text>'


def _xml(text: str) -> str:
    return escape(_NOT_IN_XML.sub("\ufffd", text))
