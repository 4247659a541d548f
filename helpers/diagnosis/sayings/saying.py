"""What one of these tables holds: words that tell a refusal by themselves, who decided, why, and what to do.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
"""

from collections.abc import Mapping

from helpers.diagnosis.explanation import Decider, NextStep

Sayings = Mapping[str, tuple[Decider, str, NextStep]]
"""By a pattern of the words: what decided, why, and the next step. The first pattern that fits counts."""
