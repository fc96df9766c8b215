# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets of GitHub Actions. Private to this collection.

GitHub shows nobody the value of a secret, only when it was last written: the receipt is that time. The module
community.general.github_secrets is not used: it takes an organization's secret away from all of its selected repositories, because
GitHub clears a list that a write does not repeat (https://github.com/external-secrets/external-secrets/issues/6514).
"""

from __future__ import annotations

import datetime
import time
from collections.abc import Iterator, Sequence
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._delivery import expiry, github
from ansible_collections.community.turso.plugins.module_utils._delivery.verdicts import (
    BY_RECEIPT,
    CONFIRMED,
    DELIVERED,
    NOT_KNOWN,
    NOT_TAKEN,
    OTHER,
    REFUSED,
    UNREADABLE,
    Item,
    Verdict,
)
from ansible_collections.community.turso.plugins.module_utils._errors import Refused
from ansible_collections.community.turso.plugins.plugin_utils._destinations._github import GitHub
from ansible_collections.community.turso.plugins.plugin_utils._destinations._github_shadows import unseen_after_looking
from ansible_collections.community.turso.plugins.plugin_utils._destinations._run import Run, each, lost
from ansible_collections.community.turso.plugins.plugin_utils._destinations._sealed_box import need_pynacl, sealed

LOOK_AGAIN_SECONDS = (1, 2, 4)  # for a copy of GitHub's data that lags behind


def check(items: Sequence[Item], run: Run) -> list[Verdict]:
    need_pynacl()
    return each(items, run, REFUSED, lambda item: _checked(item, run))


def deliver(items: Sequence[Item], run: Run) -> list[Verdict]:
    need_pynacl()
    return each(items, run, NOT_TAKEN, lambda item: _delivered(item, run))


def read_back(items: Sequence[Item], run: Run) -> list[Verdict]:
    return each(items, run, UNREADABLE, lambda item: _read(item, run))


def _checked(item: Item, run: Run) -> Verdict:
    hub = GitHub.of(item, run)
    key = hub.public_key()
    end = expiry.end_in(key.header("GitHub-Authentication-Token-Expiration"))
    run.warn(
        expiry.warning_about(
            f"GitHub: the credential of {hub.whose}", end, datetime.datetime.now(datetime.timezone.utc)
        )
    )
    secret = hub.secret()
    if secret is None and item.options.get("organization"):
        raise Refused(github.not_there(hub.place, item.options["organization"]))
    unseen = unseen_after_looking(hub, secret or {})
    return Verdict.of(item, run.host, NOT_KNOWN, f"only the write itself shows whether GitHub accepts it{unseen}")


def _delivered(item: Item, run: Run) -> Verdict:
    hub = GitHub.of(item, run)
    key = hub.public_key().body
    body = {"encrypted_value": sealed(str(item.secret), key["key"]), "key_id": key["key_id"], **_kept(hub)}
    answer = hub.ask("PUT", hub.place.secret, body)
    if answer.is_lost:
        return lost(item, run, "GitHub", answer)
    if not answer.is_ok:
        raise Refused(hub.meaning(answer))
    stamp = next((stamp for stamp in _stamps(hub) if github.is_fresh(stamp, answer.header("Date"))), None)
    msg = "" if stamp else "GitHub stored the value but does not show when, so nothing proves that it is still there"
    return Verdict.of(item, run.host, DELIVERED, msg, changed=True, stamp=stamp)


def _kept(hub: GitHub) -> dict[str, Any]:
    """Return what a write has to repeat, or GitHub changes it: who may read the secret of an organization.

    :raises Refused: that can't be repeated whole.
    """
    organization = hub.item.options.get("organization")
    if not organization:
        return {}
    secret = hub.secret()
    if secret is None:
        raise Refused(github.not_there(hub.place, organization))
    if secret["visibility"] != "selected":
        return {"visibility": secret["visibility"]}
    ids = [repository["id"] for repository in hub.selected_repositories()]
    return {"visibility": "selected", "selected_repository_ids": ids}


def _stamps(hub: GitHub) -> Iterator[str]:
    """Yield when GitHub says that the secret was written, looking again after a while; an empty text where it does not say."""
    for seconds in (0, *LOOK_AGAIN_SECONDS):
        time.sleep(seconds)
        answer = hub.ask("GET", hub.place.secret)
        yield str(answer.body["updated_at"]) if answer.has("updated_at") else ""


def _read(item: Item, run: Run) -> Verdict:
    hub = GitHub.of(item, run)
    secret = hub.secret()
    if secret is None:
        msg = f"{hub.place.words} has no secret {hub.place.name} any more, or the credential may not see it"
        return Verdict.of(item, run.host, OTHER, msg)
    if item.stamp is None:
        raise Refused("GitHub never shows a value, and it is not known when this one was written")
    problem = github.receipt_problem(item.stamp, str(secret["updated_at"]))
    if problem is not None:
        return Verdict.of(item, run.host, OTHER, problem)
    return Verdict.of(item, run.host, CONFIRMED, by=BY_RECEIPT, stamp=item.stamp)
