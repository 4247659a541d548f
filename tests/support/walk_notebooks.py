"""Runs the notebooks' cells in somebody's own account, as a user with given permissions, and prints what that took.

A program of its own, for it needs a sandbox inside its process: the pairs of action and resource are read where the
sandbox decides. It plays AWS, reached through AWS_ENDPOINT_URL. The user's policy is read from standard input;
the folder for the tutorial's files and the notebooks are the arguments.
"""

import ast
import json
import os
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

from helpers import account as account_module
from helpers import clean_up
from helpers.attempts import Attempt
from helpers.cli import Command
from helpers.inventory.ledger import Entry
from helpers.lessons import steps
from helpers.sandbox import authorization
from helpers.sandbox.demands import demands
from helpers.sandbox.in_process import private_sandbox
from helpers.sandbox.outside.connection import Connection
from helpers.sandbox.request.call import Call
from support.sandbox_clients import HERE, administrator, client

USER = "ana"
# Command lines that somebody else signs: they take half a second each, and tell nothing about this user.
OTHERS_COMMAND = re.compile(r"profiles\.run\((.|\n)*(--profile|AWS_PROFILE|credentials=)")


def main() -> None:
    folder, *notebooks = sys.argv[1:]
    private = private_sandbox()
    sandbox = replace(private.connection, endpoint_url=private.address())
    os.environ |= learner_in(sandbox, sys.stdin.read())
    allowed: set[tuple[str, str]] = set()
    authorize = authorization.authorize

    def note(call: Call) -> Call:
        permitted = authorize(call)
        if call.caller.principal.arn.endswith(f":user/{USER}"):
            allowed.update((demand.action, demand.resource) for demand in demands(permitted))
        return permitted

    with mock.patch.object(authorization, "authorize", note), mock.patch.object(account_module, "FOLDER", Path(folder)):
        for path in notebooks:
            os.chdir(Path(path).parent)
            run_cells(json.loads(Path(path).read_text(encoding="utf-8")))
        clean_up_a_bucket(sandbox)
    print(json.dumps(sorted(allowed)))


def learner_in(sandbox: Connection, policy: str) -> dict[str, str]:
    """Makes the user, and returns the environment that opens the account as that user."""
    iam = client(sandbox, "iam", administrator(sandbox))
    iam.create_user(UserName=USER)
    iam.create_group(GroupName=USER)
    iam.add_user_to_group(GroupName=USER, UserName=USER)
    iam.put_group_policy(GroupName=USER, PolicyName="inline", PolicyDocument=policy)  # too long for a user's own
    key = iam.create_access_key(UserName=USER)["AccessKey"]
    return {
        "AWS_ENDPOINT_URL": sandbox.endpoint_url,
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
        "IAM_TUTORIAL_TARGET": "aws",
        "IAM_TUTORIAL_LEARNER": USER,
        "IAM_TUTORIAL_ACCOUNT": HERE,
        "IAM_TUTORIAL_CI": "yes",
    }


def run_cells(notebook: dict[str, Any]) -> None:
    """Runs the code cells; what a cell ends on must be as its lesson expects it."""
    names: dict[str, Any] = {}
    for cell in (cell for cell in notebook["cells"] if cell["cell_type"] == "code"):
        source = "".join(cell["source"])
        body = ast.parse(source).body
        last = body.pop() if body and isinstance(body[-1], ast.Expr) else None
        exec(compile(ast.Module(body, []), "cell", "exec"), names)
        if last and not OTHERS_COMMAND.search(source):
            shown = eval(compile(ast.Expression(last.value), "cell", "eval"), names)
            if isinstance(shown, Attempt):
                assert "Note" not in dict(shown.rows()), shown
            if isinstance(shown, Command):
                assert "AccessDenied" not in shown.error or "AccessDenied" in str(cell["outputs"]), shown


def clean_up_a_bucket(sandbox: Connection) -> None:
    """Cleans up a bucket as notebook 06 leaves it when it is stopped half-way."""
    account = account_module.open_account()
    name = steps.bucket_name(account)
    account.ledger.write(Entry("bucket", name))
    s3 = client(sandbox, "s3", administrator(sandbox))
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="report.csv", Body=b"x")
    cleaned = clean_up.clean_up(account)
    assert not cleaned.failed, cleaned


if __name__ == "__main__":
    main()
