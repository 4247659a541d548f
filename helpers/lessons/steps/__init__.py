"""The tutorial's steps, in order: is a step done in this account, and what does it take to do it?

All state lives in the account: each check reads it anew, and no notebook hands another anything.
"""

from helpers.lessons.steps.card import Card, Check, begin, check, plan
from helpers.lessons.steps.state import (
    ASSUME_POLICY_NAME,
    GLUE_POLICY_NAME,
    ROLE_NAME,
    ROLE_PROFILE,
    USER_NAME,
    USER_PROFILE,
    State,
    StepMissing,
    bucket_name,
    read_state,
    role_name,
    the_access_key,
    the_role,
    the_user,
    user_name,
)
from helpers.lessons.steps.tutorial import STEPS, Step, download_access_key, wait_until_assumable, wait_until_key_works
