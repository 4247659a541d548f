"""What several tests assert alike."""

from helpers.diagnosis.explanation import Explanation
from helpers.evaluation.decisions import Verdict


def assert_says(found: Explanation, *words: str) -> None:
    """Assert that a refusal is explained as one, with these words in its reason, its next step or its line."""
    assert found.verdict in (Verdict.IMPLICIT_DENY, Verdict.EXPLICIT_DENY)
    told = f"{found.reason} {found.next_step.do} {found.next_step.cli}"
    assert [word for word in words if word not in told] == [], told
