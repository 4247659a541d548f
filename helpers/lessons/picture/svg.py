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

# Narrow enough that the words can be read in half a screen's width.
_WIDTH, _TOP, _MARGIN = 700, 84, 16
_BOX_WIDTH = 240
_USER_X, _ROLE_X = _MARGIN, _WIDTH - _MARGIN - _BOX_WIDTH
_SERVICE_X, _SERVICE_HEIGHT, _SERVICE_STEP, _ABOVE_SERVICES = 66, 50, 58, 40
_WAY, _LETTER = 12, 5.9
_LEGEND_HEIGHT = 24
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
    height = max(_box_height(scene.user), _box_height(scene.role), 3 * _STEP_HEIGHT)
    below = _TOP + height + _ABOVE_SERVICES
    legend = list(_legend(below + len(scene.services) * _SERVICE_STEP + 22, scene))
    bottom = legend[-1][1] + 21
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
        *(part for place, one in enumerate(scene.services) for part in _service(place, below, one)),
        *(part for part, _ in legend),
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


def _service(place: int, top: int, service: Service) -> Iterator[str]:
    """Tell what to draw for a service: its box below the others, and the way to it from the role."""
    x, y, (fill, stroke) = _SERVICE_X, top + place * _SERVICE_STEP, _PAINT["Service"]
    yield _rect(x, y, _WIDTH - _MARGIN - x, _SERVICE_HEIGHT, fill, stroke)
    yield from _way_to(place, top, y + _SERVICE_HEIGHT // 2, service.verdict.sign)
    yield _text(x + 12, y + 20, f"{service.name}: {service.verdict.words}", bold=True)
    x += 20
    for probe in service.probes:
        words = f"{probe.words}: {probe.sign}"
        yield _sign(x, y + 36, probe.sign)
        yield _text(x + 13, y + 40, words, size=12)
        x += 34 + round(len(words) * _LETTER)


def _way_to(place: int, top: int, y: int, sign: Sign) -> Iterator[str]:
    """Return an arrow from the role's lower edge, around the boxes above, to a service: none crosses another."""
    start = _ROLE_X + _BOX_WIDTH // 2 - place * _WAY
    turn, left = top - 8 - place * (_WAY - 4), _SERVICE_X - 22 - place * _WAY
    yield from _arrow(f"M{start} {top - _ABOVE_SERVICES + 3}V{turn}H{left}V{y}", left, _SERVICE_X, y, sign)


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
    """Return an arrow between two boxes with its sign in the middle."""
    ahead = 1 if end > start else -1
    start, end = start + 3 * ahead, end - 3 * ahead
    yield from _arrow(f"M{start} {y}", start, end, y, sign, width=width)
    yield _sign((start + end - 10 * ahead) // 2, y, sign)


def _arrow(way: str, start: int, end: int, y: int, sign: Sign, *, width: int = 2) -> Iterator[str]:
    """Return a way that ends in an arrow from `start` to `end`. Where it is not open, the head is hollow."""
    colour, back = _COLOURS[sign], end - (10 if end > start else -10)
    dashes = f' stroke-dasharray="{_DASHES[sign]}"' if sign in _DASHES else ""
    head = colour if sign in (Sign.ALLOWED, Sign.PARTLY) else CARD
    yield f'<path d="{way}H{back}" fill="none" stroke="{colour}" stroke-width="{width}"{dashes}/>'
    yield f'<path d="M{back} {y - 6} {end} {y} {back} {y + 6}z" fill="{head}" stroke="{colour}" stroke-width="1.5"/>'


def _sign(x: int, y: int, sign: Sign) -> str:
    colour = _COLOURS[sign]
    return (
        f'<g transform="translate({x} {y})" fill="none" stroke="{colour}" stroke-width="1.8" stroke-linecap="round">'
        f'<circle r="7.5" fill="{CARD}"/><path d="{_MARKS[sign]}"/></g>'
    )


def _legend(y: int, scene: Scene) -> Iterator[tuple[str, int]]:
    """Tell what to draw for each sign that there is, in as many lines as it takes, and on which height."""
    steps = (scene.asks, scene.accepts, scene.outcome)
    drawn = {*(step.sign for step in steps), *(service.verdict.sign for service in scene.services)}
    x = _MARGIN
    for sign, words in _LEGEND.items():
        if sign is Sign.UNKNOWN and sign not in drawn:
            continue
        width = 84 + round(len(words) * _LETTER)
        if x + width > _WIDTH:
            x, y = _MARGIN, y + _LEGEND_HEIGHT
        yield "\n".join([*_line(x, x + 60, y, sign), _text(x + 66, y + 4, words, size=12)]), y
        x += width


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
