"""Runs the notebooks' cells as a user with given permissions, and prints what that user was allowed to do.

A program of its own, for it needs a sandbox inside its process: the pairs of action and resource are read where the
sandbox decides. The user's policy is read from standard input; the notebooks are the arguments.
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

import boto3

from helpers import account as account_module
from helpers.attempts import Attempt
from helpers.aws_clock import ClockMoved
from helpers.profiles import Command
from helpers.sandbox import gate
from helpers.sandbox.connection import Administrator
from helpers.sandbox.resources import Call, demands

USER = "ana"
# Command lines that somebody else signs: they take half a second each, and tell nothing about this user.
OTHERS_COMMAND = re.compile(r"profiles\.run\((.|\n)*(--profile|AWS_PROFILE|credentials=)")


def main() -> None:
    account = account_module.open_account("private")
    owner = account.administrator
    admin = boto3.client(
        "iam",
        region_name=account.region,
        endpoint_url=account.endpoint_url,
        aws_access_key_id=owner.access_key_id,
        aws_secret_access_key=owner.secret_access_key,
    )  # not one of the account's, whose ledger would have this user
    admin.create_user(UserName=USER)
    admin.create_group(GroupName=USER)  # whose inline policies may be longer than a user's
    admin.add_user_to_group(GroupName=USER, UserName=USER)
    admin.put_group_policy(GroupName=USER, PolicyName="inline", PolicyDocument=sys.stdin.read())
    key = admin.create_access_key(UserName=USER)["AccessKey"]
    signer = Administrator(account.account_id, key["AccessKeyId"], key["SecretAccessKey"])
    restricted = replace(account, _administrator=signer, others=())

    allowed: set[tuple[str, str]] = set()
    authorize = gate.authorize

    def note(call: Call, *rest: Any) -> None:
        authorize(call, *rest)
        if call.caller.principal.arn.endswith(f":user/{USER}"):
            allowed.update((demand.action, demand.resource) for demand in demands(call))

    with (
        mock.patch.object(gate, "authorize", note),
        mock.patch.object(account_module, "open_account", return_value=restricted),
        mock.patch.object(account_module.Account, "advance_clock", return_value=ClockMoved(None)),  # as in AWS
    ):
        for path in sys.argv[1:]:
            os.chdir(Path(path).parent)
            run_cells(json.loads(Path(path).read_text(encoding="utf-8")))
    print(json.dumps(sorted(allowed)))


def run_cells(notebook: dict[str, Any]) -> None:
    """Runs the code cells; what a cell ends on must be as its lesson expects it."""
    names: dict[str, Any] = {}
    for cell in (cell for cell in notebook["cells"] if cell["cell_type"] == "code"):
        source = "".join(cell["source"])
        body = ast.parse(source).body
        last = body.pop() if body and isinstance(body[-1], ast.Expr) else None
        exec(compile(ast.Module(body, []), "cell", "exec"), names)
        if last and not OTHERS_COMMAND.search(ast.unparse(last)):
            shown = eval(compile(ast.Expression(last.value), "cell", "eval"), names)
            if isinstance(shown, Attempt):
                assert "Note" not in dict(shown.rows()), shown
            if isinstance(shown, Command):
                assert "AccessDenied" not in shown.error or "AccessDenied" in str(cell["outputs"]), shown


if __name__ == "__main__":
    main()
