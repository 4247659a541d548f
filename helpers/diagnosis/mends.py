"""What mends a refusal: changes that were tried in the engine, the narrowest and safest first.

A change is advised only where the request is allowed with it, by the policies as they were read. What changes nothing
in the account comes first: something to pass along with the call. Nothing here makes a policy broader than the refused
request needs, and a guard's condition is met rather than taken out.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count, product
from typing import Any

from botocore.exceptions import ClientError

from helpers import policies
from helpers.arns import parse_arn
from helpers.clients.calls import OpenAccount
from helpers.clients.error_codes import REFUSED, code_of
from helpers.diagnosis.call_lines import cli_line, json_argument
from helpers.diagnosis.condition_values import tests_of, values_meeting
from helpers.diagnosis.explanation import NextStep
from helpers.diagnosis.live_decision import LiveDecision
from helpers.diagnosis.live_policies import Place
from helpers.diagnosis.policy_edits import (
    UNIQUE_ID,
    Said,
    State,
    delete,
    edit,
    saveable,
    sparing,
    wanted_by,
    with_policy,
    with_resource,
    with_statement_at,
    without_identity,
    without_policy,
)
from helpers.diagnosis.words import other, statement_name, who
from helpers.evaluation.condition_keys import requested_region
from helpers.evaluation.conditions import context_of, like
from helpers.evaluation.decisions import Policy, Side, Verdict, decide


@dataclass(frozen=True)
class Mend:
    """A change, and how it is made.

    Attributes:
        step: how.
        change: what it makes of a request and its policies.
        parts: the single changes, where it is several.
    """

    step: NextStep
    change: Callable[[State], State]
    parts: tuple["Mend", ...] = ()


def remedy(decided: LiveDecision, account: OpenAccount) -> NextStep:
    """Tell what to do next about a request.

    Args:
        decided: the request, and how it is decided.
        account: the open account, in which the lines are run.
    """
    decision = decided.decision
    if decision.verdict is Verdict.ALLOWED:
        return _try_it(decided)
    if decided.request.principal.is_root:
        return NextStep("Sign in as a user or a role: the root user is for the few things that nobody else may do.")
    if decided.request.assumes_role and decided.policies.resource is None and not decided.resource.unread:
        return NextStep(
            "Copy the role's ARN again, from the role's page.",
            console="IAM → Roles → the role → ARN",
            cli='aws iam list-roles --query "Roles[].Arn"',
        )
    mends = _Mends(decided, account)
    for mend in chain(mends.alone(), mends.together()):
        if decide(*mend.change((decided.request, decided.policies))).verdict is Verdict.ALLOWED:
            return mend.step
    return mends.nothing_mends()


def _try_it(decided: LiveDecision) -> NextStep:
    if not decided.request.assumes_role:
        return NextStep("Nothing to mend: make the call.")
    if decided.request.principal.service:
        return NextStep("Nothing to mend: the service assumes the role by itself, once the role was handed to it.")
    arn = decided.request.resource
    return NextStep(
        "Nothing to mend: make the call.", cli=f"aws sts assume-role --role-arn {arn} --role-session-name test"
    )


class _Mends:
    """The changes that may mend a refusal, from the narrowest and safest on."""

    def __init__(self, decided: LiveDecision, account: OpenAccount) -> None:
        self._decided, self._account = decided, account
        self._request, self._context = decided.request, context_of(decided.request.context)
        self._said = [
            Said(side, policy, reason, place, statement, said)
            for (side, policy), reason in zip(decided.policies.by_side(), decided.decision.reasons, strict=True)
            for place, (statement, said) in enumerate(
                zip(policies.statements(policy.document), reason.statements, strict=True)
            )
        ]

    def alone(self) -> Iterator[Mend]:
        """Propose single changes: on the side that refused first."""
        yield from self._passing_along()
        yield from self._without_session_policies()
        sides = [self._on_the_callers_side, self._on_the_other_side]
        if self._decided.decision.refused_by == "resource":
            sides.reverse()
        for mends in sides:
            yield from mends()
        yield from self._lifting_denies()

    def together(self) -> Iterator[Mend]:
        """Propose several changes at once, as few as will do."""
        kinds = [
            [*self._without_session_policies()],
            [*self._lifting_denies()],
            [*self._on_the_other_side()],
            [*self._on_the_callers_side()],
            [*self._passing_along()],
        ]
        combinations = product(*([None, *mends] for mends in kinds))
        for several in sorted(combinations, key=lambda mends: sum(mend is not None for mend in mends)):
            chosen = [mend for mend in several if mend]
            if len(chosen) > 1:
                yield _all_of(chosen)

    def nothing_mends(self) -> NextStep:
        """Say who can help, where no single change would."""
        if self._place_is_unreadable() and self._request.assumes_role:
            other_account = self._request.principal.account_id
            also = f"And ask whoever administers account {other_account} to allow the call there too."
            for mend in self._on_the_other_side():
                return replace(mend.step, do=f"{mend.step.do} {also}")
        if self._is_protected:
            where = "IAM Identity Center, in the permission set" if "SSO" in self._principal_arn else "the AWS service"
            return NextStep(
                f"Ask whoever administers {where} behind {self._name}, for {self._request.action} on "
                f"{self._request.resource}: nobody else changes that role."
            )
        return NextStep(
            f"Ask whoever administers account {self._owner} for {self._request.action} on {self._request.resource}: "
            "no change of the policies that can be read here mends it."
        )

    @property
    def _owner(self) -> str:
        return self._decided.resource.account_id or self._request.principal.account_id

    # --- something along with the call

    def _passing_along(self) -> Iterator[Mend]:
        """Meet the conditions of an Allow, and step around those of a Deny, by what is passed along."""
        denies = [one for one in self._said if one.said.effect == "Deny" and one.said.applied]
        allows = [one for one in self._said if one.said.effect == "Allow" and self._fails_on_conditions(one)]
        for allow in [*allows, None]:
            values: dict[str, str | None] | None = {}
            for one in [*([allow] if allow else []), *denies]:
                found = self._values_for(one, meet=one is allow)
                values = None if found is None or values is None else {**values, **found}
            if values and (mend := self._with_values(values, allow or denies[0])):
                yield mend

    def _fails_on_conditions(self, one: Said) -> bool:
        return one.said.mismatch is not None and one.said.mismatch.element == "Condition"

    def _values_for(self, one: Said, *, meet: bool) -> dict[str, str | None] | None:
        """Find values with which all tests of a statement hold, or one does not; None where none can be passed."""
        variables = self._context if one.policy.document.get("Version") == policies.VERSION else None
        found: dict[str, str | None] = {}
        for test in tests_of(one.statement):
            if meet and test.holds(self._context, variables):
                continue
            proposed = (
                values
                for values in values_meeting(test, self._context, variables, meet=meet)
                if self._can_be_passed(test.key, values[test.key])
            )
            values = next(proposed, None)
            if values is not None and not meet:
                return dict(values)
            if values is None and meet:
                return None
            found |= values or {}
        return found if meet else None

    def _can_be_passed(self, key: str, value: str | None) -> bool:
        name = key.lower()
        if name in ("aws:multifactorauthpresent", "aws:multifactorauthage"):
            is_user = self._request.principal.role_arn is None and not self._request.principal.service
            return is_user and value in ("true", "0", "1")
        if name == "sts:rolesessionname":
            return value is not None and re.fullmatch(r"[\w+=,.@-]{2,64}", value) is not None
        if name == "sts:durationseconds":
            return value is not None and value.isdigit() and 900 <= int(value) <= 43200
        if name == "sts:externalid":
            return value is None or re.fullmatch(r"[\w+=,.@:/-]{2,1224}", value) is not None
        if name == "aws:requestedregion":
            call = self._decided.call
            return value is not None and call is not None and requested_region(call.service, value) == value
        if name.startswith("aws:requesttag/"):
            return value is not None and self._request.action.startswith("iam:Create")
        return name in _OPTIONS and value is not None

    def _with_values(self, values: Mapping[str, str | None], because: Said) -> Mend | None:
        if self._request.action != "sts:AssumeRole" and any(key.lower().startswith("sts:") for key in values):
            return None
        wanted = ", ".join(f"{key} {'absent' if value is None else value}" for key, value in values.items())
        whose = f"the {statement_name(because.said)} of the {because.policy.source}"
        does = "denies it otherwise" if because.said.effect == "Deny" else "asks for"
        do = f"Pass along with the call what {whose} {does}: {wanted}."
        if set(map(str.lower, values)) == {"sts:externalid"} and None not in values.values():
            external_id = next(iter(values.values()))
            do = f"Pass the external id that the trust policy wants, {external_id}, along with the call."
        if any(key.lower().startswith("aws:multifactor") for key in values):
            does = "denies it without one" if because.said.effect == "Deny" else "wants one"
            do = f"Pass the code of an MFA device along with the call: {whose} {does}."
        cli, python = self._lines_with(values)
        keys = {key: value for key, value in values.items() if value is not None}
        gone = {key.lower() for key, value in values.items() if value is None} | {key.lower() for key in keys}

        def change(state: State) -> State:
            request, read = state
            kept = {key: value for key, value in request.context.items() if key.lower() not in gone}
            return replace(request, context={**kept, **keys}), read

        return Mend(NextStep(do, cli=cli, python=python), change)

    def _lines_with(self, values: Mapping[str, str | None]) -> tuple[str, str]:
        """Write the call again, with these values along."""
        call = self._decided.call
        given: dict[str, Any] = dict(call.parameters) if call else {}
        if self._request.action == "sts:AssumeRole":
            given = {"RoleArn": self._request.resource, "RoleSessionName": "test"} | given
        elif not call:
            return "", ""
        region = ""
        for key, value in values.items():
            name = key.lower()
            if name.startswith("aws:multifactor"):
                given |= {"SerialNumber": self._mfa_device(), "TokenCode": "<six-digits>"}
            elif name == "aws:requestedregion":
                region = f" --region {value}"
            elif name.startswith("aws:requesttag/"):
                tag = key.partition("/")[2]
                others = [one for one in given.get("Tags", []) if one["Key"] != tag]
                given["Tags"] = [*others, {"Key": tag, "Value": value}]
            elif value is None:
                given.pop(_OPTIONS[name], None)
            else:
                given[_OPTIONS[name]] = value
        if "TokenCode" in given and self._request.action != "sts:AssumeRole":
            line = f"aws sts get-session-token --serial-number {given['SerialNumber']} --token-code <six-digits>"
            return line, ""
        service, operation = self._request.action.split(":")
        operation = call.operation if call else operation
        python = ""
        if set(given) <= {"RoleArn", "RoleSessionName", "ExternalId"} and operation == "AssumeRole" and not region:
            external = f', external_id="{given["ExternalId"]}"' if "ExternalId" in given else ""
            python = (
                f'sts.assume_role(account.client("sts", key), role_arn="{given["RoleArn"]}", '
                f'session_name="{given["RoleSessionName"]}"{external})'
            )
        return cli_line(service, operation, given) + region, python

    def _mfa_device(self) -> str:
        """Find the caller's MFA device, where it has one that may be read."""
        principal = self._request.principal
        owner = self._account.of(principal.account_id)
        if owner is None:
            return "<device-arn>"
        try:
            devices = owner.client("iam").list_mfa_devices(UserName=parse_arn(principal.arn).name)["MFADevices"]
        except ClientError as error:
            if code_of(error) not in REFUSED | {"NoSuchEntity"}:
                raise
            return "<device-arn>"
        return str(devices[0]["SerialNumber"]) if devices else "<device-arn>"

    # --- the session

    def _without_session_policies(self) -> Iterator[Mend]:
        principal = self._request.principal
        if self._decided.policies.session is not None:
            name = principal.arn.rpartition("/")[2]
            step = NextStep(
                "Open the session anew, without a session policy or with one that allows this.",
                cli=f"aws sts assume-role --role-arn {principal.role_arn} --role-session-name {name}"
                if principal.role_arn
                else "",
            )
            yield Mend(step, lambda state: (state[0], replace(state[1], session=None)))

    # --- the other side

    def _on_the_other_side(self) -> Iterator[Mend]:
        own, place = self._decided.policies.resource, self._decided.resource.place
        if self._request.assumes_role:
            if own is None or place is None:
                return
            yield from self._naming_again(own, place)
            yield from self._with_action(own, place)
            yield self._trusting(own, place)
        elif place is not None and place.holder == "bucket" and not self._request.within_account:
            yield self._letting_in(own, place)

    def _naming_again(self, own: Policy, place: Place) -> Iterator[Mend]:
        """Put the caller's ARN in the place of the id of somebody who was deleted."""
        for one in self._said:
            mismatch = one.said.mismatch
            gone = UNIQUE_ID.search(mismatch.wanted) if mismatch and mismatch.element == "Principal" else None
            if one.side != "resource" or gone is None or one.said.effect != "Allow":
                continue
            named = {**one.statement, "Principal": {"AWS": self._principal_arn}}
            step = self._trust_step(
                f"{gone[0]} is the id of a user or role that was deleted, and a new one of the same name is a "
                f"stranger: in the {statement_name(one.said)}, put {self._principal_arn} in its place.",
                with_statement_at(own.document, one.place, named),
                place,
            )
            sid = one.statement.get("Sid")
            if sid and set(one.statement) == {"Sid", "Effect", "Principal", "Action"}:
                step = replace(step, python=self._trust_line(place, f', sid="{sid}"'))
            yield Mend(step, with_resource(own, with_statement_at(own.document, one.place, named)))

    def _with_action(self, own: Policy, place: Place) -> Iterator[Mend]:
        for one in self._said:
            mismatch = one.said.mismatch
            if one.side != "resource" or one.said.effect != "Allow" or one.said.matched_by is None:
                continue
            if mismatch and mismatch.element == "Action":
                actions = [*policies.listed(one.statement["Action"]), self._request.action]
                changed = with_statement_at(own.document, one.place, {**one.statement, "Action": actions})
                do = f"Add {self._request.action} to the Action of the {statement_name(one.said)}."
                yield Mend(self._trust_step(do, changed, place), with_resource(own, changed))

    def _trusting(self, own: Policy, place: Place) -> Mend:
        principal = self._request.principal
        sids = [one.get("Sid") for one in policies.statements(own.document)]
        if principal.service:
            statement = policies.trust_service(principal.service)
            do = f'Add policies.trust_service("{principal.service}") to the role\'s trust policy, if the service is to '
            do += "use this role."
        else:
            sid = policies.TRUST_SID if policies.TRUST_SID not in sids else self._own_sid(sids)
            statement = policies.trust_principal(self._principal_arn, sid=sid) | {"Action": self._request.action}
            do = f"Add a statement that names {self._principal_arn} to the role's trust policy."
            if guarded := next((one for one in self._said if self._guards_the_trust(one)), None):
                do = f"The {statement_name(guarded.said)} of the {own.source} lets {who(self._decided)} in under a "
                do += (
                    f"condition that nothing passed along meets: {wanted_by(guarded)}. Ask whoever set it; if it is to "
                )
                do += f"be let in all the same, add a statement of its own for {self._principal_arn}."
        changed = {**own.document, "Statement": [*saveable(own.document), statement]}
        step = self._trust_step(do, changed, place)
        is_plain = not principal.service and self._request.action == "sts:AssumeRole"
        if is_plain and saveable(own.document) == policies.statements(own.document):
            named = "" if statement["Sid"] == policies.TRUST_SID else f', sid="{statement["Sid"]}"'
            step = replace(step, python=self._trust_line(place, named))
        return Mend(step, with_resource(own, changed))

    def _guards_the_trust(self, one: Said) -> bool:
        return one.side == "resource" and one.said.effect == "Allow" and self._fails_on_conditions(one)

    def _own_sid(self, taken: Sequence[str | None]) -> str:
        own = f"Trust{re.sub(r'[^A-Za-z0-9]', '', self._name.title())}"
        return next(sid for sid in chain([own], (f"{own}{number}" for number in count(2))) if sid not in taken)

    def _trust_step(self, do: str, document: Mapping[str, Any], place: Place) -> NextStep:
        document = {**document, "Statement": saveable(document)}
        return replace(edit(place, document), do=do + self._elsewhere(self._decided.resource.account_id))

    def _trust_line(self, place: Place, sid: str) -> str:
        client = self._client(self._decided.resource.account_id or "")
        return f'iam.trust_principal({client}, role_name="{place.name}", arn="{self._principal_arn}"{sid})'

    def _letting_in(self, own: Policy | None, place: Place) -> Mend:
        statement = {
            "Effect": "Allow",
            "Principal": {"AWS": self._principal_arn},
            "Action": self._request.action,
            "Resource": self._request.resource,
        }
        document = own.document if own else policies.policy()
        changed = policies.with_statement(document, statement)
        do = f"Let the owner of {other(self._decided)} allow {self._principal_arn} in its policy."
        return Mend(replace(edit(place, changed), do=do), with_resource(own or Policy(place.source, {}), changed))

    # --- the caller's side

    def _on_the_callers_side(self) -> Iterator[Mend]:
        if self._request.principal.service or self._place_is_unreadable() or self._is_protected:
            return
        yield from self._widening_boundary()
        allowing = self._allowing()
        yield allowing
        for boundary in self._widening_boundary():
            yield _all_of([allowing, boundary])

    @property
    def _is_protected(self) -> bool:
        """Whether the caller is a role that AWS alone changes."""
        arn = self._principal_arn
        return any(part in arn for part in ("/aws-reserved/", "/aws-service-role/", "role/AWSReservedSSO_"))

    def _place_is_unreadable(self) -> bool:
        return self._account.of(self._request.principal.account_id) is None

    def _allowing(self) -> Mend:
        """Put a new inline policy for exactly the request on the caller: those that are there stay as they are."""
        request, holder, name = self._request, self._holder, self._name
        statement = policies.allow(request.action, request.resource)
        is_arn = request.resource.startswith(("arn:", "*"))
        written = request.resource if is_arn else f"<the ARN of {request.resource}>"  # some services repeat a bare name
        near = self._nearest()
        do = f"Put an inline policy on {holder} {name} that allows {request.action} on {request.resource}."
        if near and near.said.mismatch and near.said.mismatch.element in ("Resource", "NotResource"):
            wrong = f"The {statement_name(near.said)} of the {near.policy.source} allows it on "
            do = f"{wrong}{near.said.mismatch.wanted}: correct its Resource, or put a policy of its own on {holder} "
            do += f"{name} for {request.resource}."
        elif near and self._fails_on_conditions(near):
            do = (
                f"The {statement_name(near.said)} of the {near.policy.source} allows it under a condition that nothing "
            )
            do += f"passed along meets: {wanted_by(near)}. Ask whoever set it; if it is to be allowed anyway, put a "
            do += f"policy of its own on {holder} {name}."
        elif holder == "user" and not request.assumes_role:
            asks = f"Is {who(self._decided)} the one who should ask?"
            do = f"{asks} If not, see which credentials the program uses. If so: {do}"
        policy_name = self._free_name()
        document = f'policies.policy(policies.allow("{request.action}", "{written}"))'
        if request.action == "sts:AssumeRole":
            document = f'policies.allow_assume_role("{request.resource}")'
        client = self._client(request.principal.account_id)
        step = NextStep(
            do + self._elsewhere(request.principal.account_id),
            console=f"IAM → {holder.title()}s → {name} → Permissions → Add permissions → Create inline policy → JSON",
            cli=f"aws iam put-{holder}-policy --{holder}-name {name} --policy-name {policy_name} "
            f"--policy-document {json_argument(policies.policy(policies.allow(request.action, written)))}",
            python=f'iam.put_{holder}_policy({client}, {holder}_name="{name}", '
            f'policy_name="{policy_name}", document={document})',
        )
        added = Policy("added", policies.policy(statement))
        return Mend(step, lambda state: (state[0], replace(state[1], identity=(*state[1].identity, added))))

    def _nearest(self) -> Said | None:
        """Find the statement on the caller's side that comes nearest to allowing the request."""
        near = [
            one
            for one in self._said
            if one.side == "identity"
            and one.said.effect == "Allow"
            and one.said.mismatch
            and one.said.mismatch.element not in ("Action", "NotAction")
        ]
        return max(near, key=self._fails_on_conditions, default=None)

    def _free_name(self) -> str:
        """Choose a name for a new inline policy that no policy of the caller has yet."""
        request = self._request
        name = (
            f"assume-{parse_arn(request.resource).name}" if request.assumes_role else request.action.replace(":", "-")
        )
        taken = {place.policy_name for place in self._decided.caller.places.values()}
        return next(free for free in chain([name], (f"{name}-{number}" for number in count(2))) if free not in taken)

    def _widening_boundary(self) -> Iterator[Mend]:
        place, boundary, request = self._place("boundary"), self._decided.policies.boundary, self._request
        if place is None or boundary is None:
            return
        statement = policies.allow(request.action, request.resource)
        changed = policies.with_statement(boundary.document, statement)
        if place.policy_arn.split(":")[4] == "aws":
            step = self._another_boundary(place, changed)
        else:
            step = replace(
                edit(place, changed),
                do=f"Ask whoever set the boundary to add {request.action} on {request.resource} to it.",
                python=f"iam.add_to_managed_policy({self._client(request.principal.account_id)}, "
                f'policy_arn="{place.policy_arn}", statement=policies.allow("{request.action}", "{request.resource}"))',
            )
        wider = replace(boundary, document=changed)
        yield Mend(step, lambda state: (state[0], replace(state[1], boundary=wider)))

    def _another_boundary(self, place: Place, document: Mapping[str, Any]) -> NextStep:
        """Put a policy of the account's own in the place of one that AWS maintains, and nobody else changes."""
        name = f"boundary-of-{self._name}-with-{self._request.action.replace(':', '-')}"
        arn = f"arn:aws:iam::{self._request.principal.account_id}:policy/{name}"
        lines = [
            f"aws iam create-policy --policy-name {name} --policy-document {json_argument(document)}",
            f"aws iam put-{self._holder}-permissions-boundary --{self._holder}-name {self._name} "
            f"--permissions-boundary {arn}",
        ]
        return NextStep(
            f"Ask whoever set the boundary for {self._request.action} on {self._request.resource}. AWS maintains this "
            "one: another policy has to take its place, with what it has and this.",
            cli="\n".join(lines) if len("".join(policies.to_json(document).split())) <= _MANAGED_POLICY_QUOTA else "",
        )

    # --- a Deny

    def _lifting_denies(self) -> Iterator[Mend]:
        """Lift what denies, all of it at once; the least first: out of a group, then out of a statement's reach."""
        applied = [
            one for one in self._said if one.said.effect == "Deny" and one.said.applied and one.side != "session"
        ]
        if not applied:
            return
        steps = [self._lifting(one) for one in applied]
        if all(steps):
            mends = [step for step in steps if step]
            found = mends[0]
            for one in mends[1:]:
                found = found if one.step == found.step else _all_of([found, one])
            yield found

    def _lifting(self, one: Said) -> Mend | None:
        place = self._decided.place(one.policy.source)
        if place is None:
            return None
        mend = f"Ask who wrote the {statement_name(one.said)} of the {one.policy.source}, and why"
        if place.holder == "group":
            step = NextStep(
                f"{mend}; then take {who(self._decided)} out of the group, or narrow the statement.",
                console=f"IAM → User groups → {place.name} → Users → {self._name} → Remove",
                cli=f"aws iam remove-user-from-group --group-name {place.name} --user-name {self._name}",
                python=f"{self._client(self._request.principal.account_id)}.remove_user_from_group("
                f'GroupName="{place.name}", UserName="{self._name}")',
            )
            places = self._decided.caller.places
            of_group = {
                source for source, other_ in places.items() if (other_.holder, other_.name) == ("group", place.name)
            }
            return Mend(step, without_identity(of_group))
        if place.policy_arn and place.policy_arn.split(":")[4] == "aws":
            if place.side == "boundary":
                return None
            do = f"{mend}; AWS maintains it: detach it, if it is not meant for {who(self._decided)}."
            step = replace(delete(place), do=do)
            return Mend(step, without_identity({one.policy.source}))
        narrowed = self._narrowed(one)
        changed = {**one.policy.document, "Statement": narrowed}
        verb = "narrow the statement" if len(narrowed) == len(one.reason.statements) else "take it out"
        if not narrowed:
            return Mend(
                replace(delete(place), do=f"{mend}; then take it out: the policy says nothing else."),
                without_policy(one),
            )
        step = replace(edit(place, changed), do=f"{mend}; then {verb}.")
        return Mend(step, with_policy(one, changed))

    def _narrowed(self, one: Said) -> list[policies.Statement]:
        """Leave the request out of a Deny's reach: its action or resource out of a list, or else the statement out."""
        statements = policies.statements(one.policy.document)
        statement = dict(one.statement)
        for element, value in (("Action", self._request.action), ("Resource", self._request.resource)):
            named = policies.listed(statement.get(element, []))
            kept = [item for item in named if item.lower() != value.lower()]
            if kept and len(kept) < len(named) and not any(like(item.lower(), value.lower(), None) for item in kept):
                statements[one.place] = {**statement, element: kept}
                return statements
        place = self._decided.place(one.policy.source)
        rest = statements[: one.place] + statements[one.place + 1 :]
        if policies.principals(statement) == [self._principal_arn] and len(rest) > 0:
            return rest
        if one.side == "resource" or (place and place.policy_arn):
            statements[one.place] = sparing(statement, self._principal_arn)
            return statements
        if policies.listed(statement.get("Resource", [])) == ["*"] and self._request.resource != "*":
            left = {key: value for key, value in statement.items() if key != "Resource"}
            statements[one.place] = {**left, "NotResource": self._request.resource}
            return statements
        return rest

    # --- names

    def _place(self, side: Side) -> Place | None:
        return next((place for place in self._decided.caller.places.values() if place.side == side), None)

    def _client(self, account_id: str) -> str:
        """Write Python for an IAM client in one of your accounts."""
        owner = "account" if account_id == self._account.account_id else f'account.of("{account_id}")'
        return f'{owner}.client("iam")'

    def _elsewhere(self, account_id: str | None) -> str:
        """Say in which account to act, where it is not the one that is open."""
        if account_id in (None, self._account.account_id):
            return ""
        return f" That is in account {account_id}."

    @property
    def _principal_arn(self) -> str:
        principal = self._request.principal
        return principal.role_arn or principal.arn

    @property
    def _name(self) -> str:
        """The name of the user, or of the role behind the session."""
        return parse_arn(self._principal_arn).name

    @property
    def _holder(self) -> str:
        """What the caller's policies are on."""
        return "role" if self._request.principal.role_arn else "user"


_MANAGED_POLICY_QUOTA = 6144
"""How many characters a managed policy has at most, white space not counted."""

_OPTIONS = {
    "sts:externalid": "ExternalId",
    "sts:rolesessionname": "RoleSessionName",
    "sts:sourceidentity": "SourceIdentity",
    "sts:durationseconds": "DurationSeconds",
    "iam:permissionsboundary": "PermissionsBoundary",
    "s3:prefix": "Prefix",
    "s3:x-amz-acl": "ACL",
    "s3:x-amz-server-side-encryption": "ServerSideEncryption",
    "s3:x-amz-server-side-encryption-aws-kms-key-id": "SSEKMSKeyId",
    "s3:x-amz-storage-class": "StorageClass",
}
"""The parameters that make a condition key, by the key."""


# --- changes


def _all_of(mends: Sequence[Mend]) -> Mend:
    """Return several changes as one, made one after the other."""
    parts = tuple(part for mend in mends for part in (mend.parts or (mend,)))
    do = " ".join(f"{number}) {part.step.do}" for number, part in enumerate(parts, start=1))
    python = _lines([part.step.python for part in parts], between=",")

    def change(state: State) -> State:
        for part in parts:
            state = part.change(state)
        return state

    step = NextStep(
        f"{len(parts)} changes are needed. {do}",
        console=_lines([part.step.console for part in parts]),
        cli=_lines([part.step.cli for part in parts]),
        python=f"({python})" if python else "",
    )
    return Mend(step, change, parts)


def _lines(lines: Sequence[str], between: str = "") -> str:
    """Join lines; nothing where one of them is missing."""
    return f"{between}\n".join(lines) if all(lines) else ""
