"""A named profile in the learner's own AWS files, with their consent, and its removal without a trace."""

from helpers.home_profiles.adding import (
    AddedProfile,
    RemovedProfile,
    add_profile,
    list_added,
    profile_problem,
    remove_profile,
)
from helpers.home_profiles.file import HomeProfileError
from helpers.home_profiles.form import home_profile_form

__all__ = [
    "AddedProfile",
    "HomeProfileError",
    "RemovedProfile",
    "add_profile",
    "home_profile_form",
    "list_added",
    "profile_problem",
    "remove_profile",
]
