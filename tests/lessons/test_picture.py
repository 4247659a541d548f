"""The live picture: it says what AWS answers, in words as well as in lines, and everybody can read it."""

import base64
import json
import re
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from itertools import product
from typing import Any
from xml.etree import ElementTree

import pytest
from botocore.exceptions import ClientError
from hypothesis import example, given, settings
from hypothesis import strategies as st

from helpers import iam, policies, sts
from helpers.account import Account
from helpers.lessons import picture, steps
from helpers.lessons.picture import Picture, svg
from helpers.lessons.picture.svg import Box, Finding, Item, Scene, Section, Service, Sign
from support.sandbox_clients import allow, deny, document, trust, unique

SVG = "{http://www.w3.org/2000/svg}"
YES, PARTLY, NO, DENIED, UNKNOWN = Sign.ALLOWED, Sign.PARTLY, Sign.MISSING, Sign.DENIED, Sign.UNKNOWN
MAY_ASK = allow("sts:AssumeRole")


@dataclass(frozen=True)
class Pair:
    """A user and a role that a test made."""

    account: Account
    user: str
    role: str

    @property
    def client(self) -> Any:
        return self.account.client("iam")

    @property
    def user_arn(self) -> str:
        return f"arn:aws:iam::{self.account.account_id}:user/{self.user}"

    @property
    def role_arn(self) -> str:
        return f"arn:aws:iam::{self.account.account_id}:role/{self.role}"

    def draw(self) -> Picture:
        return picture.draw(self.account, user_name=self.user, role_name=self.role)

    def trust(self, *statements: Any) -> None:
        self.client.update_assume_role_policy(RoleName=self.role, PolicyDocument=document(*statements))

    def put_on_user(self, *statements: Any, name: str = "inline") -> None:
        self.client.put_user_policy(UserName=self.user, PolicyName=name, PolicyDocument=document(*statements))

    def managed(self, *statements: Any) -> str:
        created = self.client.create_policy(PolicyName=unique("policy"), PolicyDocument=document(*statements))
        return str(created["Policy"]["Arn"])

    def attach(self, *statements: Any) -> None:
        self.client.attach_user_policy(UserName=self.user, PolicyArn=self.managed(*statements))

    def bound_by(self, *statements: Any) -> None:
        self.client.put_user_permissions_boundary(UserName=self.user, PermissionsBoundary=self.managed(*statements))

    def join_group(self, *statements: Any) -> str:
        name = unique("group")
        self.client.create_group(GroupName=name)
        self.client.put_group_policy(GroupName=name, PolicyName="inline", PolicyDocument=document(*statements))
        self.client.add_user_to_group(GroupName=name, UserName=self.user)
        return name

    def key(self) -> iam.AccessKey:
        return iam.create_access_key(self.client, user_name=self.user)


def new_pair(account: Account, *, user: str | None = None, role: str | None = None) -> Pair:
    pair = Pair(account, user or unique("user"), role or unique("role"))
    nobody = policies.policy(policies.trust_service("ec2.amazonaws.com"))
    iam.create_user(pair.client, name=pair.user, made_for="picture")
    iam.create_role(pair.client, name=pair.role, trust_policy=nobody, made_for="picture")
    return pair


@pytest.fixture
def pair(account: Account) -> Pair:
    return new_pair(account)


def drawn(shown: Picture) -> ElementTree.Element:
    return ElementTree.fromstring(shown._repr_svg_())


def seen_in(text: ElementTree.Element) -> str:
    """The words that are seen: a text's own `<title>` is a tooltip, and comes before them."""
    return (text[-1].tail if len(text) else text.text) or ""


def words_in(root: ElementTree.Element) -> list[str]:
    return [seen_in(text) for text in root.iter(f"{SVG}text")]


def section(box: Box, label: str) -> Section:
    return next(section for section in box.sections if section.label == label)


# --- it grows with the notebooks


@pytest.mark.exhaustive(but_first=2)
@pytest.mark.parametrize(
    ("number", "headline", "handshake", "services"),
    [
        (1, "The app has no user and no role", (NO, NO, NO), (NO, NO, NO)),
        (2, "The app has a role, and no user", (NO, NO, NO), (YES, NO, NO)),
        (3, "tutorial-user may not assume tutorial-role", (NO, NO, NO), (YES, NO, NO)),
        (4, "tutorial-user may not assume tutorial-role", (YES, NO, NO), (YES, NO, NO)),
        (5, "tutorial-user may assume tutorial-role", (YES, YES, YES), (YES, NO, NO)),
        (7, "tutorial-user may assume tutorial-role", (YES, YES, YES), (YES, PARTLY, PARTLY)),
    ],
)
def test_each_step_is_seen(
    account: Account, number: int, headline: str, handshake: tuple[Sign, ...], services: tuple[Sign, ...]
) -> None:
    steps.begin(account, number)
    shown = picture.draw(account)
    scene = shown.scene
    assert scene.headline.words == headline
    assert (scene.asks.sign, scene.accepts.sign, scene.outcome.sign) == handshake
    assert tuple(service.verdict.sign for service in scene.services) == services
    seen = words_in(drawn(shown))
    assert {headline, scene.headline.why, scene.asks.words, scene.accepts.words, scene.outcome.words} <= set(seen)


@pytest.mark.exhaustive
def test_what_is_not_there_is_dashed_and_said(account: Account) -> None:
    shown = picture.draw(account)
    dashed = [box for box in drawn(shown).iter(f"{SVG}rect") if box.get("stroke-dasharray")]
    assert len(dashed) == 2
    assert words_in(drawn(shown)).count("not there") == 5
    assert "  User: not there\n" in repr(shown)
    steps.begin(account, 3)
    assert not [box for box in drawn(picture.draw(account)).iter(f"{SVG}rect") if box.get("stroke-dasharray")]


@pytest.mark.exhaustive
def test_a_user_without_a_role(account: Account) -> None:
    iam.create_user(account.client("iam"), name="app")
    scene = picture.draw(account).scene
    assert (scene.user.name, scene.role.name) == ("app", "")
    assert scene.headline.words == "The app has a user, and no role"
    assert {service.verdict.words for service in scene.services} == {"no role"}


@pytest.mark.exhaustive
def test_the_words_are_the_same_in_every_form(account: Account) -> None:
    steps.begin(account, 5)
    assert repr(picture.draw(account)) == (
        "tutorial-user may assume tutorial-role. The user may ask, and the role's trust policy accepts it.\n"
        "  User:\n"
        "    tutorial-user\n"
        "    Access keys: 1 active\n"
        "    Inline policies: assume-tutorial-role (allows sts:AssumeRole)\n"
        "    Managed policies: none\n"
        "    Groups: none\n"
        "  1. The user asks: may ask, a policy allows it\n"
        "  2. The role answers: accepts the user, by the user's ARN\n"
        "  3. The outcome: may assume the role, and gets temporary keys\n"
        "  Role:\n"
        "    tutorial-role\n"
        "    Trust policy: user tutorial-user (accepts the user), ec2.amazonaws.com\n"
        "    Inline policies: none\n"
        "    Managed policies: AmazonS3FullAccess\n"
        "  Role to S3:\n"
        "    allowed\n"
        "    list buckets: allowed\n"
        "    read any object: allowed\n"
        "    write any object: allowed\n"
        "  Role to EC2:\n"
        "    not allowed\n"
        "    list instances: not allowed\n"
        "    start any instance: not allowed\n"
        "  Role to Glue:\n"
        "    not allowed\n"
        "    list jobs: not allowed\n"
        "    run any job: not allowed"
    )


# --- it says what AWS answers


def set_up(pair: Pair, what: str) -> None:
    """Puts policies on both sides: words, in any order, that each name one."""
    account_id = pair.account.account_id
    trusted = {
        "trusts-user": trust({"AWS": pair.user_arn}),
        "trusts-account": trust({"AWS": account_id}),
        "trusts-all": trust({"AWS": "*"}),
        "trusts-with-id": trust({"AWS": pair.user_arn}, Condition={"StringEquals": {"sts:ExternalId": "x"}}),
        "trust-denies": trust({"AWS": pair.user_arn}, "Deny"),
    }
    on_user = {
        "inline": lambda: pair.put_on_user(MAY_ASK),
        "own-name": lambda: pair.put_on_user(
            allow("sts:AssumeRole", Condition={"StringLike": {"aws:username": pair.user}})
        ),
        "managed": lambda: pair.attach(MAY_ASK),
        "group": lambda: pair.join_group(MAY_ASK),
        "group-denies": lambda: pair.join_group(deny("sts:*")),
        "bounded": lambda: pair.bound_by(MAY_ASK),
        "bounded-elsewhere": lambda: pair.bound_by(allow("s3:*")),
    }
    wanted = what.split()
    statements = [trusted[word] for word in wanted if word in trusted]
    if statements:
        pair.trust(*statements)
    for word in wanted:
        if word not in trusted:
            on_user[word]()


@pytest.mark.exhaustive(but_first=1)
@pytest.mark.parametrize(
    ("what", "asks", "accepts", "outcome", "why"),
    [
        ("", NO, NO, NO, "by both sides"),
        ("inline", YES, NO, NO, "by the trust policy"),
        ("trusts-user", NO, YES, YES, "and gets temporary keys"),
        ("trusts-account", NO, YES, NO, "by the user's side"),
        ("trusts-all", NO, YES, YES, "and gets temporary keys"),
        ("trusts-account inline", YES, YES, YES, "and gets temporary keys"),
        ("trusts-account own-name", YES, YES, YES, "and gets temporary keys"),
        ("trusts-account managed", YES, YES, YES, "and gets temporary keys"),
        ("trusts-account group", YES, YES, YES, "and gets temporary keys"),
        ("trusts-account inline bounded", YES, YES, YES, "and gets temporary keys"),
        ("trusts-account inline bounded-elsewhere", NO, YES, NO, "by the user's side"),
        ("trusts-user inline group-denies", DENIED, YES, DENIED, "by the user's side"),
        ("trusts-with-id inline", YES, NO, NO, "by the trust policy"),
        ("trusts-account trust-denies inline", YES, DENIED, DENIED, "by the trust policy"),
        ("trust-denies group-denies", DENIED, DENIED, DENIED, "by both sides"),
    ],
)
def test_the_outcome_is_what_the_call_answers(
    pair: Pair, what: str, asks: Sign, accepts: Sign, outcome: Sign, why: str
) -> None:
    set_up(pair, what)
    scene = pair.draw().scene
    assert (scene.asks.sign, scene.accepts.sign, scene.outcome.sign) == (asks, accepts, outcome)
    assert scene.outcome.why == why
    assert scene.headline.sign is outcome
    as_user = pair.account.client("sts", pair.key())
    if outcome is YES:
        sts.assume_role(as_user, role_arn=pair.role_arn, session_name="app")
    else:
        with pytest.raises(ClientError, match="AccessDenied"):
            sts.assume_role(as_user, role_arn=pair.role_arn, session_name="app")


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("statements", "signs"),
    [
        ((), (NO, NO, NO)),
        ((allow("*"),), (YES, YES, YES)),
        ((allow("*"), deny(["s3:ListAllMyBuckets", "ec2:Describe*"])), (PARTLY, PARTLY, YES)),
        ((deny(["s3:*", "glue:*"]), allow("ec2:DescribeInstances")), (DENIED, PARTLY, DENIED)),
    ],
)
def test_a_service_is_as_open_as_the_role_finds_it(pair: Pair, statements: Any, signs: tuple[Sign, ...]) -> None:
    pair.trust(trust({"AWS": pair.user_arn}))
    if statements:
        pair.client.put_role_policy(RoleName=pair.role, PolicyName="p", PolicyDocument=document(*statements))
    services = pair.draw().scene.services
    assert tuple(service.verdict.sign for service in services) == signs

    as_user = pair.account.client("sts", pair.key())
    session = sts.assume_role(as_user, role_arn=pair.role_arn, session_name="app")
    calls = [("s3", "list_buckets"), ("ec2", "describe_instances"), ("glue", "get_jobs")]
    for service, (name, call) in zip(services, calls, strict=True):
        try:
            getattr(pair.account.client(name, session), call)()
            answered = True
        except ClientError:
            answered = False
        assert (service.probes[0].sign is YES) is answered, call


@pytest.mark.exhaustive
def test_the_policy_that_decides_is_marked_in_words(pair: Pair) -> None:
    set_up(pair, "trusts-user inline bounded-elsewhere")
    group = pair.join_group(deny("sts:AssumeRole"))
    user, role = pair.draw().scene.user, pair.draw().scene.role
    assert section(user, "Inline policies").items == (Item("inline", YES, "allows sts:AssumeRole"),)
    assert section(user, "Groups").items == (Item(group, DENIED, "denies sts:AssumeRole"),)
    assert [item.note for item in section(user, "Permissions boundary").items] == ["leaves sts:AssumeRole out"]
    assert section(role, "Trust policy").items == (Item(f"user {pair.user}", YES, "accepts the user"),)


def test_the_trust_policy_is_told_in_short(pair: Pair) -> None:
    pair.trust(
        trust({"Service": "glue.amazonaws.com"}),
        trust({"AWS": "arn:aws:iam::444455556666:root"}),
        trust({"AWS": "*"}),
        trust({"AWS": pair.user_arn}, Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
    )
    items = section(pair.draw().scene.role, "Trust policy").items
    assert items == (
        Item("everyone", YES, "accepts the user"),
        Item(f"user {pair.user}", NO, "a condition is not met"),
        Item("glue.amazonaws.com"),
        Item("account 444455556666"),
    )


def test_keys_are_counted_by_status_and_never_shown(pair: Pair) -> None:
    first, second = pair.key(), pair.key()
    pair.client.update_access_key(UserName=pair.user, AccessKeyId=first.access_key_id, Status="Inactive")
    shown = pair.draw()
    assert section(shown.scene.user, "Access keys").items == (Item("1 active"), Item("1 inactive"))
    for text in (repr(shown), shown._repr_svg_()):
        assert first.access_key_id not in text
        assert second.access_key_id not in text


# --- what may not be read


def as_reader(pair: Pair, *actions: str) -> Account:
    """The account opened by somebody who may read only so much of IAM."""
    reader = new_pair(pair.account)
    reader.put_on_user(allow(list(actions)))
    return replace(pair.account, _administrator=reader.key())


def test_what_may_not_be_read_is_said_and_not_guessed(pair: Pair) -> None:
    set_up(pair, "trusts-account inline")
    reader = as_reader(pair, "iam:GetUser", "iam:GetRole", "iam:ListUserPolicies", "iam:GetUserPolicy")
    shown = picture.draw(reader, user_name=pair.user, role_name=pair.role)
    scene = shown.scene
    assert scene.headline.words == f"It is not known whether {pair.user} may assume {pair.role}"
    assert (scene.asks.sign, scene.accepts.sign, scene.outcome.sign) == (UNKNOWN, YES, UNKNOWN)
    assert {service.verdict.sign for service in scene.services} == {UNKNOWN}
    unread = {part.label for part in scene.user.sections if part.items == (Item("could not be read", UNKNOWN),)}
    assert unread == {"Access keys", "Managed policies", "Groups"}
    assert "not known: it could not be read" in words_in(drawn(shown))
    assert "not known: it could not be read" not in words_in(drawn(pair.draw()))


@pytest.mark.exhaustive
def test_a_deny_that_was_read_stands(pair: Pair) -> None:
    set_up(pair, "trusts-user")
    pair.put_on_user(deny("sts:*"))
    reader = as_reader(pair, "iam:GetUser", "iam:GetRole", "iam:ListUserPolicies", "iam:GetUserPolicy")
    scene = picture.draw(reader, user_name=pair.user, role_name=pair.role).scene
    assert (scene.asks.sign, scene.outcome.sign) == (DENIED, DENIED)


def test_nobody_of_that_name_is_an_error(account: Account) -> None:
    with pytest.raises(ClientError, match="NoSuchEntity"):
        picture.draw(account, user_name=unique("nobody"))


# --- names, many and long


@pytest.mark.exhaustive
def test_many_policies_are_folded_and_the_telling_one_is_kept(pair: Pair) -> None:
    for number in range(11):
        pair.put_on_user(allow("s3:GetObject"), name=f"policy-{number:02}")
    pair.put_on_user(MAY_ASK, name="zzz-asks")
    shown = pair.draw()
    folded = section(shown.scene.user, "Inline policies")
    assert folded.items[0] == Item("zzz-asks", YES, "allows sts:AssumeRole")
    assert (len(folded.items), folded.more) == (4, 8)
    assert "and 8 more" in words_in(drawn(shown))
    assert "and 8 more" in repr(shown)


@pytest.mark.exhaustive
def test_a_long_name_is_shortened_and_told_in_full(account: Account) -> None:
    name = unique("W" * 20).ljust(64, "W")
    shown = new_pair(account, user=name, role=name).draw()
    full = [title.text for title in drawn(shown).iter(f"{SVG}title") if title.get("id") is None]
    assert full == [name, name]
    assert not any(name in words for words in words_in(drawn(shown)))
    assert sum("…" in words for words in words_in(drawn(shown))) == 3
    assert f"    {name}\n" in repr(shown)


def test_names_fit_into_their_boxes(pair: Pair) -> None:
    long = "W" * 64
    pair.put_on_user(MAY_ASK, name=long)
    pair.put_on_user(allow("s3:*"), name="V" * 64)
    widest = 0.61  # of its size, is a letter of the fonts whose letters have one width
    root = drawn(pair.draw())
    edges = [int(box.get("x") or 0) + int(box.get("width") or 0) for box in root.iter(f"{SVG}rect")]
    names = [text for text in root.iter(f"{SVG}text") if "monospace" in text.get("font-family", "")]
    assert len(names) > 4
    for name in names:
        words = seen_in(name)
        x = float(name.get("x") or 0)
        edge = min(edge for edge in edges if edge > x)
        assert x + len(words) * float(name.get("font-size") or 0) * widest <= edge - 4, words


@pytest.mark.parametrize(("most", "short"), [(5, "ab…fg"), (6, "abc…fg"), (7, "abcdefg"), (8, "abcdefg")])
def test_the_middle_of_a_long_name_is_left_out(most: int, short: str) -> None:
    assert svg.shortened("abcdefg", most) == short


# --- everybody can read it


def scene_with(text: str, sign: Sign = YES) -> Scene:
    finding = Finding(text, sign, text)
    parts = (Section("Inline policies", (Item(text, sign, text),), more=3),)
    service = Service(text, finding, (finding,))
    return Scene(finding, Box("User", text, parts), finding, finding, finding, Box("Role", text, parts), (service,))


class Images(HTMLParser):
    """The images in HTML, with all other elements named."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[dict[str, str | None]] = []
        self.others: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self.found.append(dict(attrs))
        else:
            self.others.append(tag)


@pytest.mark.exhaustive
@settings(deadline=None)
@given(st.text(min_size=1, max_size=40))
@example("</text><script>")
@example("\" onload='alert()' x=\"&amp;")
@example("]]>")
@example("\0")
def test_no_name_is_ever_markup(text: str) -> None:
    shown = Picture(scene_with(text))
    elements = {element.tag.removeprefix(SVG) for element in drawn(shown).iter()}
    assert elements == {"svg", "title", "desc", "rect", "g", "circle", "path", "text"}
    images = Images(shown._repr_html_())
    assert ([set(image) for image in images.found], images.others) == ([{"alt", "width", "src"}], [])


def test_hostile_characters_come_out_as_they_are() -> None:
    hostile = "</text><script>&\"'"
    assert hostile in words_in(drawn(Picture(scene_with(hostile))))


def test_title_and_description_tell_the_whole_picture(account: Account) -> None:
    steps.begin(account, 5)
    shown = picture.draw(account)
    root = drawn(shown)
    assert root.get("role") == "img"
    named = {element.get("id"): element.text or "" for element in root if element.get("id")}
    told = " ".join(named[identity] for identity in (root.get("aria-labelledby") or "").split())
    for _, text in shown.rows():
        assert all(line in told for line in text.split("\n")), text
    assert shown.title() in told


@pytest.mark.exhaustive
def test_the_html_form_is_the_same_svg_with_words_in_its_place(account: Account) -> None:
    steps.begin(account, 5)
    shown = picture.draw(account)
    (image,) = Images(shown._repr_html_()).found
    kind, _, data = (image["src"] or "").partition(";base64,")
    assert kind == "data:image/svg+xml"
    assert base64.b64decode(data).decode() == shown._repr_svg_()
    for _, text in shown.rows():
        assert all(line in (image["alt"] or "") for line in text.split("\n")), text


def test_a_state_is_told_by_colour_dashes_and_a_mark() -> None:
    looks = set()
    for sign in Sign:
        root = drawn(Picture(scene_with("x", sign)))
        line = next(path for path in root.iter(f"{SVG}path") if path.get("stroke-width") == "4")
        mark = next(group[1].get("d") for group in root.iter(f"{SVG}g"))
        looks.add((line.get("stroke-dasharray"), mark))
    assert len({dashes for dashes, _ in looks}) == len({mark for _, mark in looks}) == len(Sign)


def test_every_colour_of_text_is_readable_on_every_ground() -> None:
    texts, grounds = set(), set()
    for sign in Sign:
        root = drawn(Picture(scene_with("x", sign)))
        texts |= {text.get("fill") for text in root.iter(f"{SVG}text")}
        grounds |= {box.get("fill") for box in root.iter(f"{SVG}rect")}
    assert len(texts) > 3
    assert len(grounds) > 3
    for text, ground in product(texts, grounds):
        assert text, "a text without a colour of its own takes the page's"
        assert contrast(text, str(ground)) >= 4.5, (text, ground)


def contrast(one: str, other: str) -> float:
    """https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio"""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_the_card_brings_its_own_ground(account: Account) -> None:
    root = drawn(picture.draw(account))
    ground = next(root.iter(f"{SVG}rect"))
    _, _, width, height = map(int, (root.get("viewBox") or "").split())
    assert (int(ground.get("width") or 0), int(ground.get("height") or 0)) == (width - 2, height - 2)
    assert ground.get("fill") == svg.CARD
    assert (root.get("width"), root.get("height")) == (str(width), str(height))


# --- one picture, wherever and whenever


@pytest.mark.exhaustive
def test_the_same_account_is_drawn_the_same_and_tells_nothing_of_this_machine(account: Account) -> None:
    steps.begin(account, 7)
    user, role = steps.the_user(account), steps.the_role(account)
    first, again = picture.draw(account), picture.draw(account, user_name=user.name, role_name=role.name)
    assert first._repr_svg_() == again._repr_svg_()
    details = json.dumps(account.client("iam").get_account_authorization_details(Filter=["User", "Role"]), default=str)
    hidden = {
        *re.findall(r"A(?:IDA|ROA|KIA)[A-Z0-9]{16}", details),
        str(account.folder),
        "127.0.0.1",
        account.account_id,
    }
    assert len(hidden) > 3
    assert not [secret for secret in hidden if secret in first._repr_svg_()]


def test_it_needs_nothing_from_elsewhere(account: Account) -> None:
    text = picture.draw(account)._repr_svg_().replace('xmlns="http://www.w3.org/2000/svg"', "", 1)
    assert not re.findall(r"https?:|href|url\(|@import|<script|<style|\bon\w+=", text)
