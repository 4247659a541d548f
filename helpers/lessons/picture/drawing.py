"""The live picture: a user, a role and the handshake between them, drawn from the account as it is now.

Everything is read with ordinary IAM calls and decided in `helpers.diagnosis`. What may not be read is drawn as not
known where it could turn the answer. Conditions on what only a call tells (MFA, an external id) count as not met.
"""

import base64
from dataclasses import dataclass
from html import escape

from typing_extensions import override

from helpers import iam
from helpers.clients.calls import OpenAccount
from helpers.clients.read_once import reading_once
from helpers.diagnosis.live_decision import decide_live
from helpers.display import Rows, Shown
from helpers.lessons.picture import svg
from helpers.lessons.picture.entities import Entity, read_entity
from helpers.lessons.picture.findings import PROBES, Abilities, scene_of
from helpers.lessons.picture.svg import Box, Finding, Scene, Service


@dataclass(frozen=True, repr=False)
class Picture(Shown):
    """The handshake as it stands, as one SVG and in the same words.

    JupyterLab draws SVG outputs as images without alternative text, and in a notebook that was not run here not at
    all. So the HTML form carries the same SVG as an image, with the words as its alternative text.

    Attributes:
        scene: what is drawn.
    """

    scene: Scene

    @override
    def title(self) -> str:
        return f"{self.scene.headline.words}. {self.scene.headline.why}"

    @override
    def rows(self) -> Rows:
        scene = self.scene
        return [
            ("User", _box_in_words(scene.user)),
            ("1. The user asks", _arrow_in_words(scene.asks)),
            ("2. The role answers", _arrow_in_words(scene.accepts)),
            ("3. The outcome", _arrow_in_words(scene.outcome)),
            ("Role", _box_in_words(scene.role)),
            *((f"Role to {service.name}", _service_in_words(service)) for service in scene.services),
        ]

    def _repr_svg_(self) -> str:
        return svg.draw(self.scene, title=self.title(), description=self._words())

    @override
    def _repr_html_(self) -> str:
        image = base64.b64encode(self._repr_svg_().encode()).decode()
        words = escape(f"{self.title()} {self._words()}")
        return f'<img alt="{words}" width="700" src="data:image/svg+xml;base64,{image}">'

    def _words(self) -> str:
        return " ".join(f"{label}: {'; '.join(text.splitlines())}." for label, text in self.rows())


def draw(account: OpenAccount, *, user_name: str | None = None, role_name: str | None = None) -> Picture:
    """Read a user and a role, decides whether the one may assume the other, and draw it.

    Args:
        account: the open account.
        user_name: the user; when left out, the one that the tutorial made, if it is there.
        role_name: the role; when left out, the one that the tutorial made, if it is there.

    Raises:
        ClientError: `NoSuchEntity` where there is no user or role of the name given, or a refusal to look for them.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
    """
    client = account.client("iam")
    with reading_once():
        if user_name is None and (made_user := iam.find_user(client)):
            user_name = made_user.name
        if role_name is None and (made_role := iam.find_role(client)):
            role_name = made_role.name
        user = read_entity(account, "user", user_name) if user_name else None
        role = read_entity(account, "role", role_name) if role_name else None
        handshake = decide_live(account, principal=user.arn, resource=role.arn) if user and role else None
        return Picture(scene_of(user, role, handshake, _abilities(account, role) if role else None))


def _abilities(account: OpenAccount, role: Entity) -> Abilities:
    """Decide what the role may do with each service that is drawn."""
    return {
        service: {
            words: decide_live(
                account,
                principal=role.arn,
                action=action,
                resource=on.format(region=account.region, account=role.account_id),
            )
            for words, action, on in probes
        }
        for service, probes in PROBES.items()
    }


# --- the same, in words


def _box_in_words(box: Box) -> str:
    if not box.name:
        return "not there"
    lines = [box.name]
    for section in box.sections:
        listed = [f"{item.name} ({item.note})" if item.note else item.name for item in section.items]
        listed += [f"and {section.more} more"] if section.more else []
        lines.append(f"{section.label}: {', '.join(listed) or 'none'}")
    return "\n".join(lines)


def _arrow_in_words(arrow: Finding) -> str:
    return f"{arrow.words}, {arrow.why}" if arrow.why else arrow.words


def _service_in_words(service: Service) -> str:
    return "\n".join([service.verdict.words, *(f"{probe.words}: {probe.sign}" for probe in service.probes)])
