"""Why a request is refused, from the live account: `explain`."""

from helpers.explain.explanation import Explanation
from helpers.explain.form import explain_form
from helpers.explain.why import explain

__all__ = ["Explanation", "explain", "explain_form"]
