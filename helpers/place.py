"""What can be done in the place where this runs, on a machine or in the tab of a browser; nothing else asks for it."""

import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """What a program can do in a place.

    Attributes:
        processes: whether it can start other programs.
        threads: whether its work can go on beside other work.
        sockets: whether it can listen, so that others call it.
        hard_links: whether a file can have two names.
        own_account: whether AWS itself and the learner's own configuration of it are in reach.
    """

    processes: bool
    threads: bool
    sockets: bool
    hard_links: bool
    own_account: bool


MACHINE = Place(processes=True, threads=True, sockets=True, hard_links=True, own_account=True)
BROWSER = Place(processes=False, threads=False, sockets=False, hard_links=False, own_account=False)

HERE = BROWSER if sys.platform == "emscripten" else MACHINE
