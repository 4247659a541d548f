"""The repair workshop: broken set-ups to investigate and mend, each told as a colleague's bug report."""

from helpers.lessons.workshop.tasks import WorkshopError, app, ask, break_it, check, clean_up, hint
