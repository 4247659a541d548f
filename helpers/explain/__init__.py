"""Why a request is refused, from the live account: `explain`."""

from helpers.explain.explanation import Explanation
from helpers.explain.why import explain

__all__ = ["Explanation", "explain"]
