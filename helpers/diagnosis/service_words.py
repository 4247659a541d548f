"""Refusals that their words alone tell: of services with rules of their own, and of programs that found no key.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
"""

import re

from helpers.diagnosis.explanation import Decider, Told
from helpers.diagnosis.refusals import Refusal
from helpers.diagnosis.sayings import (
    compute,
    data,
    delivery,
    identity_providers,
    programs,
    roles,
    storage,
    web,
)

_TABLES = (compute, data, delivery, web, storage, identity_providers, roles, programs)
_SAID = [(re.compile(words), told) for table in _TABLES for words, told in table.SAYINGS.items()]


def explain_by_words(refusal: Refusal) -> tuple[Decider, Told] | None:
    """Find what decided and why, in a refusal whose words alone tell; None in any other.

    Where AWS names the kind of policy that decided, that counts, and not the words of the program around it.
    """
    if refusal.kind:
        return None
    for words, (decided_by, reason, next_step) in _SAID:
        if words.search(refusal.message):
            return decided_by, (reason, next_step)
    return None
