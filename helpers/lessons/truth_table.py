"""Who may assume a role: every combination of trust policy, inline policy and account, tried live.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from itertools import product

from typing_extensions import override

from helpers import iam, policies, sts
from helpers.account import Account
from helpers.arns import account_root_arn
from helpers.attempts import attempt
from helpers.clients.polling import until_it_works
from helpers.diagnosis.live_decision import decide_live
from helpers.diagnosis.patience import patience_with_error
from helpers.diagnosis.words import reason
from helpers.display import Rows, Shown
from helpers.evaluation.decisions import Verdict

USER, STRANGER, ROLE = "truth-table-user", "truth-table-stranger", "truth-table-role"
INLINE = "assume-truth-table-role"
MADE_FOR = "truth-table"
TRUSTED = ("the user", "the account", "another user", "a service")
_CELL = "text-align:left;vertical-align:top;padding:4px 16px 4px 0;white-space:normal"


@dataclass(frozen=True)
class Cell:
    """One combination, and how AWS answers it.

    Attributes:
        trusted: whom the trust policy names.
        inline: whether the user has an inline policy for the role.
        same_account: whether user and role are in one account.
        allowed: whether AWS let the user assume the role.
        why: the reason, from the policies.
    """

    trusted: str
    inline: bool
    same_account: bool
    allowed: bool
    why: str

    @property
    def verdict(self) -> str:
        """The answer in a word, with a sign."""
        return "✓ allowed" if self.allowed else "✗ refused"

    @property
    def where(self) -> str:
        """The relation of the two accounts."""
        return "same account" if self.same_account else "another account"


@dataclass(frozen=True, repr=False)
class TruthTable(Shown):
    """All combinations, as AWS answered them.

    Attributes:
        cells: the combinations, in the table's order.
    """

    cells: Sequence[Cell]

    @override
    def title(self) -> str:
        return f"May the user assume the role? {len(self.cells)} combinations, tried one by one"

    @override
    def rows(self) -> Rows:
        return [
            (
                f"trust names {cell.trusted}, {'with' if cell.inline else 'no'} inline policy, {cell.where}",
                f"{cell.verdict}. {cell.why}",
            )
            for cell in self.cells
        ]

    @override
    def _repr_html_(self) -> str:
        wheres = list(dict.fromkeys(cell.where for cell in self.cells))
        heads = ["The trust policy names", "Inline policy", *(where.capitalize() for where in wheres)]
        head = "".join(f'<th scope="col" style="{_CELL}">{text}</th>' for text in heads)
        lines = []
        for trusted, inline in dict.fromkeys((cell.trusted, cell.inline) for cell in self.cells):
            found = [cell for cell in self.cells if (cell.trusted, cell.inline) == (trusted, inline)]
            first = (
                f'<th scope="row" style="{_CELL}">{trusted}</th><td style="{_CELL}">{"yes" if inline else "no"}</td>'
            )
            told = "".join(
                f'<td style="{_CELL}"><strong>{cell.verdict}</strong><br>{escape(cell.why)}</td>' for cell in found
            )
            lines.append(f"<tr>{first}{told}</tr>")
        style = "border-collapse:collapse;max-width:60em"
        table = f'<table style="{style}"><thead><tr>{head}</tr></thead><tbody>{"".join(lines)}</tbody></table>'
        return f"<div><strong>{escape(self.title())}</strong>{table}</div>"


def run(account: Account) -> TruthTable:
    """Try every combination with a user and a role of its own, and delete both afterwards.

    Args:
        account: the open account. The half of the table about another account needs a second one that is yours,
            as the sandbox has; without it, the table has the other half.

    Returns:
        For each combination, AWS's answer and why.

    Raises:
        NameTakenError: the account has a user or role of these names that the tutorial did not make.
        ClientError: AWS refused something else than assuming the role.
    """
    with _stage(account) as key:
        owners = [account, *account.others[:1]]
        return TruthTable(
            [
                _try(account, owner, key, trusted, inline)
                for trusted, inline in product(TRUSTED, (True, False))
                for owner in owners
            ]
        )


@contextmanager
def _stage(account: Account) -> Iterator[iam.AccessKey]:
    """Return two users and, in each account, a role; gone when the table is done, or when it fails."""
    _clear(account)
    try:
        for name in (USER, STRANGER):
            iam.create_user(account.client("iam"), name=account.named(name), made_for=MADE_FOR)
        closed = policies.policy(policies.trust_service("ec2.amazonaws.com"))
        for owner in (account, *account.others[:1]):
            iam.create_role(owner.client("iam"), name=account.named(ROLE), trust_policy=closed, made_for=MADE_FOR)
        key = iam.create_access_key(account.client("iam"), user_name=account.named(USER))
        until_it_works(
            lambda: sts.who_am_i(account.client("sts", key)),
            what="the new access key to work",
            patience=patience_with_error,
        )
        yield key
    finally:
        _clear(account)


def _clear(account: Account) -> None:
    """Delete what this table makes, where it is there."""
    for name in (USER, STRANGER):
        iam.delete_user(account.client("iam"), name=account.named(name))
    for owner in (account, *account.others[:1]):
        iam.delete_role(owner.client("iam"), name=account.named(ROLE))


def _try(account: Account, owner: Account, key: iam.AccessKey, trusted: str, inline: bool) -> Cell:
    """Set one combination up, asks AWS, and explain its answer."""
    user_name, role_name = account.named(USER), account.named(ROLE)
    user_arn = f"arn:aws:iam::{account.account_id}:user/{user_name}"
    role_arn = f"arn:aws:iam::{owner.account_id}:role/{role_name}"
    statement = {
        "the user": policies.trust_principal(user_arn),
        "the account": policies.trust_principal(account_root_arn(account.account_id)),
        "another user": policies.trust_principal(f"arn:aws:iam::{account.account_id}:user/{account.named(STRANGER)}"),
        "a service": policies.trust_service("ec2.amazonaws.com"),
    }[trusted]
    trust = policies.to_json(policies.policy(statement))
    until_it_works(
        lambda: owner.client("iam").update_assume_role_policy(RoleName=role_name, PolicyDocument=trust),
        what=f"{trusted} to be known everywhere",
        patience=patience_with_error,
    )
    _write_inline(account, user_name, role_arn if inline else None)
    told = decide_live(account, principal=user_arn, resource=role_arn)
    answer = attempt(
        "assume the role",
        lambda: sts.assume_role(account.client("sts", key), role_arn=role_arn, session_name="truth-table"),
        expect="allowed" if told.verdict is Verdict.ALLOWED else "refused",
    )
    why = reason(told).replace(f"user {user_name}", "the user")
    return Cell(trusted, inline, owner is account, answer.allowed, why)


def _write_inline(account: Account, user_name: str, role_arn: str | None) -> None:
    """Put the inline policy for one role on the user, or take it away."""
    client = account.client("iam")
    if role_arn:
        document = policies.allow_assume_role(role_arn)
        iam.put_user_policy(client, user_name=user_name, policy_name=INLINE, document=document)
    else:
        iam.delete_user_policy(client, user_name=user_name, policy_name=INLINE)
