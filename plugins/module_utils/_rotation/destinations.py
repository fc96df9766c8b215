# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the destinations of a rotation are asked, and what their verdicts mean for its tokens: pure. Private."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ansible_collections.community.turso.plugins.module_utils._api.claims import SQL
from ansible_collections.community.turso.plugins.module_utils._delivery import verdicts as delivery
from ansible_collections.community.turso.plugins.module_utils._delivery.verdicts import Verdict
from ansible_collections.community.turso.plugins.module_utils._rotation.entries import AnyEntry
from ansible_collections.community.turso.plugins.module_utils._rotation.recipients import UNREADABLE_KINDS, Recipient
from ansible_collections.community.turso.plugins.module_utils._rotation.transaction import Item, Look

CONTROL_NODE = "localhost"  # what turso_deliver calls the host that it runs on

Asked = dict[str, list[delivery.Item]]  # by destination


def to_check(entries: Iterable[AnyEntry], names: Iterable[str]) -> Asked:
    """Return what is asked of the destinations of these tokens before anything is issued."""
    wanted = set(names)
    return _by_destination(
        _asked(entry, recipient)
        for entry in entries
        if entry.name in wanted
        for recipient in entry.recipients
        if recipient.is_destination
    )


def to_fetch(entries: Iterable[AnyEntry], names: Iterable[str]) -> Asked:
    """Return which destinations are asked for the value that they hold, because nothing else has it."""
    found = to_check(entries, names)
    return {
        to: [dataclasses.replace(item, wants_value=True) for item in items]
        for to, items in found.items()
        if to not in UNREADABLE_KINDS
    }


def to_deliver(items: Iterable[Item], secrets: Mapping[str, str]) -> Asked:
    """Return what is delivered where; only what has a new value."""
    return _by_destination(
        dataclasses.replace(
            _asked(item, recipient),
            secret=secrets[item.name],
            sha256=item.sha256,
            is_confirmed_on=_confirmed_on(item, recipient),
        )
        for item in items
        if item.name in secrets
        for recipient in item.recipients
        if recipient.is_destination
    )


def to_read_back(items: Iterable[Item]) -> Asked:
    """Return which destinations are looked at: those that took the value."""
    return _by_destination(
        dataclasses.replace(
            _asked(item, recipient),
            hosts=hosts if recipient.hosts else (),
            sha256=item.sha256,
            stamp=stamp,
            wants_value=item.kind == SQL,  # another value may be a newer one, which only its claims tell
        )
        for item in items
        if item.version is not None
        for index, recipient in enumerate(item.recipients)
        if recipient.is_destination
        for hosts, stamp in _hosts_that_took_it(item, index)
    )


def _hosts_that_took_it(item: Item, recipient: int) -> Iterator[tuple[tuple[str, ...], str | None]]:
    took = [look for look in item.looks if look.recipient == recipient and look.was_taken]
    for stamp in dict.fromkeys(look.stamp for look in took):
        yield tuple(look.host for look in took if look.stamp == stamp), stamp


def _confirmed_on(item: Item, recipient: Recipient) -> tuple[str, ...]:
    hosts = recipient.hosts or (CONTROL_NODE,)
    return tuple(host for host in hosts if recipient.label_on(host) in item.confirmed_before)


def _asked(token: AnyEntry | Item, recipient: Recipient) -> delivery.Item:
    return delivery.Item(
        token.name,
        recipient.to,
        recipient.address or "",
        dict(recipient.options),
        kind=token.kind,
        hosts=recipient.hosts or (),
    )


def _by_destination(items: Iterable[delivery.Item]) -> Asked:
    found: Asked = {}
    for item in items:
        found.setdefault(item.to, []).append(item)
    return found


def refusals(verdicts: Iterable[Verdict]) -> dict[str, str]:
    """Return why tokens must not be issued, by name: what a check of a destination refuses."""
    return _joined((verdict.name, _said(verdict)) for verdict in verdicts if verdict.verdict == delivery.REFUSED)


def refused_later(verdicts: Iterable[Verdict], due: Iterable[str]) -> list[str]:
    """Return a sentence for each destination that would refuse a token which is not due yet."""
    known = set(due)
    return [
        f"{verdict.name}: {_said(verdict)}. Fix this before the token is due; until then no new version would be issued."
        for verdict in verdicts
        if verdict.verdict == delivery.REFUSED and verdict.name not in known
    ]


def not_asked(asked: Asked, verdicts: Iterable[Verdict]) -> dict[str, str]:
    """Return which destinations were asked and said nothing, by the name of the token: whatever is not known refuses."""
    answered = {(verdict.name, verdict.to, verdict.address, verdict.host) for verdict in verdicts}
    return _joined(
        (item.name, f"{to} {item.address}: its check did not run")
        for to, items in asked.items()
        for item in items
        for host in item.hosts or (CONTROL_NODE,)
        if (item.name, to, item.address, host) not in answered
    )


def not_known(verdicts: Iterable[Verdict]) -> list[str]:
    """Return a sentence for each destination of which only the write itself will tell."""
    return [
        f"{verdict.name}: only the delivery itself shows whether {_place(verdict)} accepts the value."
        for verdict in verdicts
        if verdict.verdict == delivery.NOT_KNOWN
    ]


def _joined(said: Iterable[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for name, text in said:
        found.setdefault(name, []).append(text)
    return {name: "; ".join(texts) for name, texts in found.items()}


def _place(verdict: Verdict) -> str:
    on = "" if verdict.host == CONTROL_NODE else f" on {verdict.host}"
    return f"{verdict.to} {verdict.address}{on}"


def _said(verdict: Verdict) -> str:
    return f"{_place(verdict)}: {verdict.msg.rstrip('.') or verdict.verdict}"


def look_at(item: Item, verdicts: Sequence[Verdict], issuing_host: str) -> None:
    """Record with an item what its destinations said; what they said later counts.

    What a delivery could not finish stands, whatever is read afterwards: the value may be there, and not in use.
    """
    looks = {(look.recipient, look.host): look for look in item.looks}
    for verdict in verdicts:
        for index, recipient in enumerate(item.recipients):
            if _speaks_for(verdict, recipient):
                host = verdict.host if recipient.hosts else issuing_host
                stamp = verdict.stamp or (looks[index, host].stamp if (index, host) in looks else None)
                looks[index, host] = Look(index, host, verdict.verdict, verdict.by, verdict.msg, stamp)
    item.looks = list(looks.values())


def _speaks_for(verdict: Verdict, recipient: Recipient) -> bool:
    """Tell whether a verdict is on a recipient: two may name the same path, on other hosts."""
    is_there = verdict.host in (recipient.hosts or (CONTROL_NODE,))
    return is_there and (recipient.to, recipient.address) == (verdict.to, verdict.address)


def doubt(item: Item, asked: Iterable[str]) -> None:
    """Let what destinations said before count no more: they are asked again, and who says nothing then confirms nothing.

    :param asked: the names of the destinations that were asked what they hold.
    """
    known = set(asked)
    item.looks = [
        dataclasses.replace(look, verdict=delivery.UNREADABLE, by=None, msg="it could not be read back")
        if look.was_taken and item.recipients[look.recipient].to in known
        else look
        for look in item.looks
    ]


def nobody_took(item: Item) -> bool:
    """Tell whether every write of a new version was refused or never sent, and nobody else could have its value."""
    if item.action == "resume" or not all(recipient.is_destination for recipient in item.recipients):
        return False
    asked = [(index, host) for index, recipient in enumerate(item.recipients) for host in recipient.hosts or ("",)]
    return len(item.looks) == len(asked) and all(look.verdict == delivery.NOT_TAKEN for look in item.looks)


def why_nobody_took(item: Item) -> str:
    """Return what the destinations said, for a version that nobody took."""
    said = [f"{item.recipients[look.recipient].label_on(look.host)}: {look.msg.rstrip('.')}" for look in item.looks]
    return f"no destination took the new value ({'; '.join(said)})"


def trouble(item: Item) -> list[str]:
    """Return a sentence for each destination that did not take the value, or that does not hold it."""
    return [
        f"{item.name}: {item.recipients[look.recipient].label_on(look.host)}: {look.msg.rstrip('.') or look.verdict}."
        for look in item.looks
        if look.verdict not in (delivery.DELIVERED, delivery.CONFIRMED)
    ]
