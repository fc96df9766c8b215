# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What speaks against revoking: nothing is revoked without evidence."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.community.turso.plugins.module_utils._rotation.confirm import BY_VALUE, BY_WORD, Confirmation
from ansible_collections.community.turso.plugins.module_utils._rotation.evidence import (
    BY_ENTRY_POINT,
    BY_HANDLER,
    BY_ROLE,
    Facts,
    Verdict,
    confirmed_labels,
    evidence,
    is_for_the_role,
    missing_confirmations,
    reasons_against,
    verdict,
)
from ansible_collections.community.turso.plugins.module_utils._rotation.recipients import THE_PLAY, Recipient
from ansible_collections.community.turso.plugins.module_utils._rotation.transaction import Item
from tests.unit.module_utils.rotation.world import MINE, NEW, VAULT_FILE, item

ON_APPS = Recipient("play", ("app1", "app2"))
BY_FILE = Recipient("tasks", tasks="d.yml")
HELD: dict[str, Any] = {"has_vault_file": True, "stored_sha256": "5" * 64}
LOST = "the vault file does not hold the new value any more: something else changed it"


def says(
    host: str, recipient: int = 0, by: str = BY_WORD, refusal: str | None = None, version: str | None = None
) -> Confirmation:
    return Confirmation(version or MINE.id or "", recipient, host, by, refusal)


def facts(
    *recipients: Recipient, confirmed: Any = (), version: Any = MINE, error: str | None = None, **known: Any
) -> Facts:
    of = item(version, recipients=recipients, error=error)
    return Facts(of, "localhost", confirmations=tuple(confirmed), **known)


AGAINST: list[tuple[str, Facts, list[str]]] = [
    ("nothing where the host that issued confirmed", facts(THE_PLAY, confirmed=[says("localhost")]), []),
    ("nothing where each host confirmed", facts(ON_APPS, confirmed=[says("app1"), says("app2")]), []),
    ("nothing where the vault file holds it", facts(VAULT_FILE, **HELD), []),
    ("nobody confirmed", facts(THE_PLAY), ["not confirmed by localhost"]),
    ("one of two did not confirm", facts(ON_APPS, confirmed=[says("app1")]), ["not confirmed by app2"]),
    (
        "somebody confirmed whom nobody named",
        facts(ON_APPS, confirmed=[says("app1"), says("app3")]),
        ["not confirmed by app2"],
    ),
    (
        "another version was confirmed",
        facts(THE_PLAY, confirmed=[says("localhost", version=NEW.id)]),
        ["not confirmed by localhost"],
    ),
    (
        "another recipient confirmed",
        facts(THE_PLAY, BY_FILE, confirmed=[says("localhost", 1)]),
        ["not confirmed by localhost"],
    ),
    ("a tasks file confirmed nothing", facts(BY_FILE), ["not confirmed by tasks d.yml on localhost"]),
    (
        "a host's handlers did not run",
        facts(ON_APPS, confirmed=[says("app1")], unsealed=[says("app2")]),
        ["not confirmed by app2 (it confirmed, but its handlers did not run to their end)"],
    ),
    (
        "a host has another value",
        facts(THE_PLAY, unsealed=[says("localhost", refusal="no")]),
        ["no", "not confirmed by localhost"],
    ),
    (
        "a refusal that stands among what counts",
        facts(THE_PLAY, confirmed=[says("localhost", refusal="no")]),
        ["no", "not confirmed by localhost"],
    ),
    (
        "the host that issued failed",
        facts(THE_PLAY, confirmed=[says("localhost")], has_failed=True),
        ["something failed on localhost after the token was issued, so the delivery is not certain"],
    ),
    ("the vault file holds nothing", facts(VAULT_FILE, has_vault_file=True), [LOST]),
    ("the vault file holds another value", facts(VAULT_FILE, has_vault_file=True, stored_sha256="6" * 64), [LOST]),
    (
        "the vault file cannot be read",
        facts(VAULT_FILE, has_vault_file=True, vault_problem="It is plain."),
        ["It is plain"],
    ),
    (
        "the store lost it, though the play confirmed",
        facts(THE_PLAY, confirmed=[says("localhost")], has_vault_file=True),
        [LOST],
    ),
    (
        "it is not known what the value is",
        dataclasses.replace(facts(VAULT_FILE, has_vault_file=True), item=item(sha256=None, recipients=(VAULT_FILE,))),
        [LOST],
    ),
]


@pytest.mark.promise(1)
@pytest.mark.parametrize(("known", "reasons"), [row[1:] for row in AGAINST], ids=[row[0] for row in AGAINST])
def test_against_revoking_speaks(known: Facts, reasons: list[str]) -> None:
    assert reasons_against(known) == reasons


CONFIRMED = [says("localhost")]
VERDICTS: list[tuple[str, Facts, dict[str, Verdict]]] = [
    (
        "only the role delivers",
        facts(VAULT_FILE, **HELD),
        {BY_ROLE: Verdict.REVOKE, BY_HANDLER: Verdict.REVOKE, BY_ENTRY_POINT: Verdict.REVOKE},
    ),
    (
        "the vault file lost it",
        facts(VAULT_FILE, has_vault_file=True),
        {BY_ROLE: Verdict.REFUSE, BY_HANDLER: Verdict.REFUSE, BY_ENTRY_POINT: Verdict.REFUSE},
    ),
    (
        "the play has confirmed",
        facts(THE_PLAY, confirmed=CONFIRMED),
        {BY_ROLE: Verdict.WAIT, BY_HANDLER: Verdict.REVOKE, BY_ENTRY_POINT: Verdict.REVOKE},
    ),
    (
        "the play has not confirmed",
        facts(THE_PLAY),
        {BY_ROLE: Verdict.WAIT, BY_HANDLER: Verdict.WAIT, BY_ENTRY_POINT: Verdict.REFUSE},
    ),
    (
        "the play has failed since",
        facts(THE_PLAY, confirmed=CONFIRMED, has_failed=True),
        {BY_ROLE: Verdict.WAIT, BY_HANDLER: Verdict.REFUSE, BY_ENTRY_POINT: Verdict.REFUSE},
    ),
    (
        "it only sweeps",
        facts(version=None),
        {BY_ROLE: Verdict.REVOKE, BY_HANDLER: Verdict.REVOKE, BY_ENTRY_POINT: Verdict.REVOKE},
    ),
    (
        "it was not issued",
        facts(THE_PLAY, version=None, error="402"),
        {BY_ROLE: Verdict.TELL, BY_HANDLER: Verdict.TELL, BY_ENTRY_POINT: Verdict.TELL},
    ),
]


@pytest.mark.promise(1)
@pytest.mark.parametrize("by", [BY_ROLE, BY_HANDLER, BY_ENTRY_POINT])
@pytest.mark.parametrize(("known", "whats"), [row[1:] for row in VERDICTS], ids=[row[0] for row in VERDICTS])
def test_a_commit_decides(known: Facts, whats: dict[str, Verdict], by: str) -> None:
    what, reasons = verdict(known, by)
    assert what is whats[by]
    assert bool(reasons) is (what in (Verdict.REFUSE, Verdict.TELL))


# Whether the role's own last task sees to it: where nobody else waits for the play, and where somebody does.
FOR_THE_ROLE: list[tuple[str, Item, bool, bool]] = [
    ("the play has to confirm it", item(), False, False),
    ("only the role delivers it", item(recipients=(VAULT_FILE,)), True, True),
    ("it only sweeps", item(None), True, True),
    ("it was not issued", item(None, error="402"), True, False),
    ("it is the running credential", item(recipients=(VAULT_FILE,), is_running_credential=True), True, False),
    ("it only sweeps the running credential's", item(None, is_running_credential=True), True, False),
]


@pytest.mark.promise(1)
@pytest.mark.parametrize(
    ("given", "alone", "while_others_wait"), [row[1:] for row in FOR_THE_ROLE], ids=[row[0] for row in FOR_THE_ROLE]
)
def test_the_roles_last_task_leaves_to_a_later_commit_what_others_wait_for(
    given: Item, alone: bool, while_others_wait: bool
) -> None:
    known = Facts(given, "localhost", **HELD)
    for others_wait, is_for_it in ((False, alone), (True, while_others_wait)):
        assert is_for_the_role(given, others_wait=others_wait) is is_for_it
        what, _reasons = verdict(known, BY_ROLE, others_wait=others_wait)
        assert (what is Verdict.WAIT) is not is_for_it


RECIPIENTS = st.lists(st.sampled_from([THE_PLAY, VAULT_FILE, ON_APPS, BY_FILE]), min_size=1, max_size=3, unique=True)
SAID = st.builds(
    Confirmation,
    st.sampled_from([MINE.id, MINE.id, NEW.id]),
    st.integers(0, 3),
    st.sampled_from(["localhost", "app1", "app2", "app3"]),
    st.sampled_from([BY_VALUE, BY_WORD]),
    st.sampled_from([None, None, None, "no"]),
)


@pytest.mark.promise(1)
@given(
    RECIPIENTS,
    st.lists(SAID, max_size=8),
    st.lists(SAID, max_size=2),
    st.booleans(),
    st.sampled_from([None, "5" * 64, "6" * 64]),
    st.booleans(),
    st.sampled_from([BY_ROLE, BY_HANDLER, BY_ENTRY_POINT]),
)
def test_nothing_is_revoked_unless_everybody_named_has_confirmed(
    recipients: list[Recipient],
    confirmed: list[Confirmation],
    unsealed: list[Confirmation],
    has_vault_file: bool,
    stored: str | None,
    has_failed: bool,
    by: str,
) -> None:
    known = facts(
        *recipients,
        confirmed=confirmed,
        unsealed=unsealed,
        has_vault_file=has_vault_file or VAULT_FILE in recipients,
        stored_sha256=stored,
        has_failed=has_failed,
    )
    what, _reasons = verdict(known, by)
    have = {found.key for found in confirmed}
    need = {
        (MINE.id, number, host)
        for number, recipient in enumerate(recipients)
        if not recipient.is_built_in
        for host in recipient.hosts or ("localhost",)
    }
    if what is Verdict.REVOKE:
        assert need <= have
        assert not has_failed
        assert not known.has_vault_file or stored == known.item.sha256
        assert not [found for found in (*confirmed, *unsealed) if found.refusal and found.id == MINE.id]
    elif need <= have and not has_failed and not [found for found in (*confirmed, *unsealed) if found.refusal]:
        assert by == BY_ROLE or not (known.is_stored or not known.has_vault_file)


EVIDENCE: list[tuple[str, Facts, list[tuple[str, str, str]]]] = [
    ("none", facts(THE_PLAY), []),
    ("a word", facts(THE_PLAY, confirmed=CONFIRMED), [("play", "localhost", "word")]),
    (
        "a value of each host",
        facts(ON_APPS, confirmed=[says("app2", by=BY_VALUE), says("app1", by=BY_VALUE)]),
        [("play", "app1", "read back"), ("play", "app2", "read back")],
    ),
    (
        "a tasks file's",
        facts(BY_FILE, confirmed=[says("localhost", by=BY_VALUE)]),
        [("tasks", "localhost", "read back")],
    ),
    ("the vault file's", facts(VAULT_FILE, **HELD), [("vault_file", "localhost", "read back")]),
    ("none of a vault file that lost it", facts(VAULT_FILE, has_vault_file=True), []),
    ("none of what was not issued", facts(VAULT_FILE, version=None, error="402", has_vault_file=True), []),
    ("none of a refusal", facts(THE_PLAY, unsealed=[says("localhost", refusal="no")]), []),
]


@pytest.mark.parametrize(("known", "told"), [row[1:] for row in EVIDENCE], ids=[row[0] for row in EVIDENCE])
def test_the_report_says_who_confirmed_and_how(known: Facts, told: list[tuple[str, str, str]]) -> None:
    assert evidence(known) == [{"to": to, "host": host, "by": by} for to, host, by in told]
    assert len(confirmed_labels(known)) == len(told)


def test_a_destination_of_the_role_is_not_asked_to_confirm() -> None:
    assert missing_confirmations(facts(VAULT_FILE)) == []


def test_the_state_file_learns_who_confirmed() -> None:
    known = facts(ON_APPS, VAULT_FILE, confirmed=[says("app2")], **HELD)
    assert confirmed_labels(known) == ["play on app2", "vault file"]
