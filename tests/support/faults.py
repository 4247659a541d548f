"""Puts faults into the learner's path and into the clean-up, run after run, and looks at what is left in the account.

`make faults` tries every fault at every call: run as a program, for three quarters of an hour, it ends with one line.
"""

import argparse
import os
import random
import signal
import sys
import tempfile
import traceback
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import groupby, product
from multiprocessing import get_context
from operator import attrgetter
from pathlib import Path
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from helpers import account as opening
from helpers import clean_up
from helpers.display import ToldInOneSentence
from helpers.own_account import opening as own_account_opening
from helpers.own_account.choice import read_choice
from support.fault_proxy import (
    BREAKING,
    Call,
    Fault,
    FaultProxy,
    Plan,
    at_random,
    fault_proxy,
    from_then_on,
    no_fault,
    once,
)
from support.own_account_path import learn
from support.sandbox_clients import clean_environment
from support.strangers import Stranger, differences, plain_moto, plant_foreign, snapshot, strange_sandbox

LEARNER = "anna"
SERVERS = {"plain moto": plain_moto, "the sandbox": strange_sandbox}
LEARNING, CLEANING = "learning", "cleaning up"
ONCE, FROM_THEN_ON, AT_RANDOM = "once", "from then on", "at random"
PARTS = (LEARNING, CLEANING)
# What lasts ends the part, whatever the client tries. What comes once, the client tries again: of interest where the
# server had acted already, or where nobody is left to try again.
LASTING = tuple(fault for fault in BREAKING if fault is not Fault.HALF_AN_ANSWER)
ONE_TIME = tuple(fault for fault in Fault if fault.acts or fault not in LASTING)
PROBABILITY = 0.1
MOST_CLEAN_UPS = 2
# What the learner's clients wait for, so that a run takes seconds: how long for an answer, how often they ask.
CLIENTS = Config(read_timeout=1, retries={"mode": "standard", "total_max_attempts": 2})
# How a process ends; 1 is Python's own, with a traceback that no learner understands.
LEARNED, TOLD, CLEAN, NOT_CLEAN, NOT_BEGUN = 0, 2, 10, 11, 12
IN_WORDS = {LEARNED, TOLD, CLEAN, NOT_CLEAN, NOT_BEGUN, -signal.SIGKILL}

_FORKS = get_context("forkserver")  # a fork of this process itself would take the proxy's threads' locks along
_FORKS.set_forkserver_preload(["pytest", "helpers.clean_up", "helpers.own_account.opening", "helpers.lessons.steps"])


@dataclass(frozen=True)
class Case:
    """What breaks in a run.

    Attributes:
        server: whose account it is, one of `SERVERS`.
        during: `LEARNING` or `CLEANING`.
        how: `ONCE`, `FROM_THEN_ON` or `AT_RANDOM`.
        position: the number of the call at which it begins; at random, the seed.
        fault: what happens; at random, None.
    """

    server: str
    during: str
    how: str
    position: int
    fault: Fault | None = None

    @property
    def plan(self) -> Plan:
        """What the proxy does."""
        if self.fault is None:
            return at_random(self.position, PROBABILITY)
        return (once if self.how == ONCE else from_then_on)(self.position, self.fault)

    def __str__(self) -> str:
        broken = f"call {self.position}: {self.fault.value}" if self.fault else f"seed {self.position}"
        return f"{self.server}, {self.during}, {self.how}, {broken}"


@dataclass(frozen=True)
class Outcome:
    """What a run left behind.

    Attributes:
        case: what broke.
        differences: what is left in the account, gone or changed, by its name.
        secrets: how many of the secrets that the server gave were printed, or are in a file that stayed.
        problem: an error that is not told in words, or what the clean-up says is left; empty when all is well.
    """

    case: Case
    differences: dict[str, str]
    secrets: int
    problem: str

    @property
    def good(self) -> bool:
        """Whether all is well."""
        return not (self.differences or self.secrets or self.problem)


class Run:
    """A learner's time in an account: in processes of their own, which may be killed, with one folder of files."""

    def __init__(self, account: Stranger, proxy: FaultProxy, folder: Path, learner: str) -> None:
        self.files, self.printed = folder / "files", folder / "printed"
        self.files.mkdir()
        self.secrets: set[str] = set()
        self._proxy = proxy
        self._environment = clean_environment(
            **account.environment
            | {
                "AWS_ENDPOINT_URL": proxy.endpoint_url,
                "AWS_CONFIG_FILE": os.devnull,
                "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
                "AWS_EC2_METADATA_DISABLED": "true",
                "HOME": str(folder),
                "IAM_TUTORIAL_ACCOUNT": account.account_id,
                "IAM_TUTORIAL_CI": "yes",
                "IAM_TUTORIAL_LEARNER": learner,
                "IAM_TUTORIAL_TARGET": "aws",
                "IAM_TUTORIAL_WAIT_SECONDS": "10",
            }
        )

    def act(self, what: str, plan: Plan = no_fault) -> int:
        """Learns or cleans up while calls break; returns how the process ended."""
        self._proxy.set(plan)
        process = _FORKS.Process(target=_act, args=(what, self._environment, self.files, self.printed))
        process.start()
        self._proxy.victim = process.pid
        process.join()
        self.secrets |= self._proxy.secrets
        assert process.exitcode is not None
        return process.exitcode

    def leaks(self) -> int:
        """How many of the secrets were printed, or are in a file that stayed."""
        texts = [path.read_text() for path in (self.printed, *self.files.rglob("*")) if path.is_file()]
        return sum(any(secret in text for text in texts) for secret in self.secrets)


@contextmanager
def begun(account: Stranger, proxy: FaultProxy, learner: str = LEARNER) -> Iterator[Run]:
    """A learner who has not done anything yet."""
    with tempfile.TemporaryDirectory(prefix="iam-tutorial-faults-") as folder:
        yield Run(account, proxy, Path(folder), learner)


def _act(what: str, environment: dict[str, str], files: Path, printed: Path) -> None:
    """What a notebook's kernel does, or `python -m helpers.clean_up`."""
    with printed.open("a") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    sys.stdout, sys.stderr = (os.fdopen(number, "w", buffering=1, closefd=False) for number in (1, 2))
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = [what]
    opening.FOLDER, opening.read_choice = files, partial(read_choice, files)
    opening.CLIENT_CONFIG = own_account_opening.CLIENT_CONFIG = own_account_opening.CLIENT_CONFIG.merge(CLIENTS)
    if what == CLEANING:
        sys.exit(CLEAN + clean_up.main())
    try:
        learn(opening.open_account(), _show)
    except (ToldInOneSentence, ClientError, BotoCoreError):
        traceback.print_exc()
        sys.exit(TOLD)


def _show(shown: Any) -> None:
    print(shown, shown._repr_html_(), sep="\n")


def try_out(case: Case, account: Stranger, proxy: FaultProxy) -> Outcome:
    """Breaks what the case says, mends it, cleans up, and compares the account with what it was before."""
    before = snapshot(account)
    with begun(account, proxy) as run:
        ended = [run.act(LEARNING, case.plan if case.during == LEARNING else no_fault)]
        if case.during == CLEANING:
            ended.append(run.act(CLEANING, case.plan))
        is_clean = any(run.act(CLEANING) == CLEAN for _ in range(MOST_CLEAN_UPS))
        problem = "" if is_clean and IN_WORDS.issuperset(ended) else run.printed.read_text()
        return Outcome(case, differences(before, snapshot(account)), run.leaks(), problem)


def count_calls(account: Stranger, proxy: FaultProxy) -> dict[str, list[Call]]:
    """What is called when nothing breaks, while learning and while cleaning up."""
    called = {}
    with begun(account, proxy) as run:
        for what, ended in ((LEARNING, LEARNED), (CLEANING, CLEAN)):
            assert run.act(what) == ended, run.printed.read_text()
            called[what] = proxy.calls
    return called


@contextmanager
def bench(server: str) -> Iterator[tuple[Stranger, FaultProxy]]:
    """Somebody's account, with things in it that look like the tutorial's, and a proxy in front of it."""
    with SERVERS[server]() as account, fault_proxy(account.endpoint_url) as proxy:
        plant_foreign(account, LEARNER)
        load_services(account)
        yield account, proxy


def load_services(account: Stranger) -> None:
    """Lets a server load what answers for EC2, which takes longer than the learner's clients wait."""
    account.client("ec2").describe_instances()


# --- every fault at every call


def all_cases(seeds: Iterable[int]) -> list[Case]:
    """Every fault at every call in the sandbox, in both parts; and in both servers random ones."""
    cases = [Case(server, during, AT_RANDOM, seed) for server, during, seed in product(SERVERS, PARTS, seeds)]
    with bench("the sandbox") as (account, proxy):
        calls = count_calls(account, proxy)
    for during, (how, fault) in product(PARTS, [*product([ONCE], ONE_TIME), *product([FROM_THEN_ON], LASTING)]):
        cases += [Case("the sandbox", during, how, call.number, fault) for call in calls[during]]
    return cases


def try_out_each(cases: Sequence[Case]) -> list[Outcome]:
    """Tries cases one after the other; where one goes wrong, tells it at once, and goes on in a new account."""
    outcomes = []
    for server, of_server in groupby(sorted(cases, key=attrgetter("server")), key=attrgetter("server")):
        waiting = deque(of_server)
        while waiting:
            with bench(server) as (account, proxy):
                is_good = True
                while waiting and is_good:
                    outcome = try_out(waiting.popleft(), account, proxy)
                    outcomes.append(outcome)
                    print(".", end="", flush=True)
                    if not (is_good := outcome.good):
                        print(f"\n{outcome.case}: {outcome.differences}, {outcome.secrets} secrets\n{outcome.problem}")
    return outcomes


def main() -> int:
    """Tries all cases in parallel, and prints one line in the end; returns 1 where something is wrong."""
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="of the random faults")
    parser.add_argument("--random", type=int, default=50, metavar="RUNS", help="random ones for each server and part")
    parser.add_argument("--runs", type=int, help="so many of all, drawn by the seed")
    parser.add_argument("--workers", type=int, default=2 * (os.cpu_count() or 1), help="half of a run is waiting")
    options = parser.parse_args()
    cases = all_cases(range(options.seed, options.seed + options.random))
    random.Random(options.seed).shuffle(cases)
    cases = cases[: options.runs]
    print(f"{len(cases)} runs, seed {options.seed}", flush=True)
    shares = [cases[number :: options.workers] for number in range(options.workers)]
    with ProcessPoolExecutor(options.workers, mp_context=get_context("spawn")) as workers:
        outcomes = [outcome for share in workers.map(try_out_each, shares) for outcome in share]
    found = Counter(how for outcome in outcomes for how in outcome.differences.values())
    failed = sum(not outcome.good for outcome in outcomes)
    print(
        f"\n{len(outcomes)} runs: {found['left']} resources left, {found['gone'] + found['changed']} foreign resources "
        f"changed, {sum(outcome.secrets for outcome in outcomes)} secrets found; {failed} runs went wrong"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
