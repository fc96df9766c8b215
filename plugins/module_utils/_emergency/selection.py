# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Select the tokens to revoke in an emergency: pure, so that what is shown beforehand is what is done afterwards.

A dry run shows a selection and its code, which holds for exactly these tokens. Who gives the code confirms them; if others
match by then, the code does not fit any more, and nothing is revoked.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._audit.findings import holder_of, plain_data
from ansible_collections.community.turso.plugins.module_utils._errors import InvalidRequest
from ansible_collections.community.turso.plugins.module_utils._rotation.versions import parse_version_name

CODE_DIGITS = 6


@dataclasses.dataclass(frozen=True)
class _Selector:
    kind: str
    word: str

    @property
    def label(self) -> str:
        return f"{self.kind} {self.word!r}"

    def matches(self, token: Mapping[str, Any]) -> bool:
        if self.kind == "id":
            return bool(token.get("id") == self.word)
        if self.kind == "pattern":
            return fnmatchcase(token["name"], self.word)
        return _is_named(token, self.word)


def select(
    tokens: Sequence[Mapping[str, Any]],
    *,
    organization: str | None = None,
    name: Any = None,
    id: Any = None,  # noqa: A002  the filter's option
    pattern: Any = None,
    owner: Any = None,
    secret_ids: Iterable[str | None] = (),
    exceptions: Any = None,
    confirm: Any = None,
) -> dict[str, Any]:
    """Return which tokens are meant, and whether they are confirmed.

    :param tokens: token objects, of one organization or, without C(organization), of the caller.
    :param name: names, one or many. A logical name means its generations too.
    :param pattern: shell patterns for whole names, one or many.
    :param owner: narrows names, ids and patterns down to the tokens of these users; alone, it means all of theirs.
    :param secret_ids: the ids that given secrets claim; none where one claims none. Their tokens are always meant.
    :param exceptions: names, ids, or patterns that are not meant.
    :param confirm: the code of the selection, or the number of its tokens; none for a dry run.
    :returns: C(selected), C(lines) to show, C(unmatched), C(by_secret_only), C(items) for
        M(community.turso.turso_tokens), C(code), C(confirmed), and C(refusal), the reason not to go on, or none.
    :raises InvalidRequest: nothing is asked for, or something empty is.
    """
    names, ids, patterns = _words("name", name), _words("id", id), _words("pattern", pattern)
    owners, spared = _words("owner", owner), _words("except", exceptions)
    claimed = {one for one in secret_ids if one}
    if owners and organization is None:
        raise InvalidRequest("owner needs organization: only an organization's list tells owners.")
    selectors = [
        *(_Selector("name", word) for word in names),
        *(_Selector("id", word) for word in ids),
        *(_Selector("pattern", word) for word in patterns),
    ]
    by_secret_only = not selectors and not owners
    if by_secret_only and not claimed:
        raise InvalidRequest(
            "Nothing says which tokens to revoke. Give a name, an id, a pattern, an owner, or a secret "
            "that tells its id."
        )

    def is_meant(token: Mapping[str, Any]) -> bool:
        if _is_one_of(token, spared):
            return False
        if token.get("id") in claimed:
            return True
        if owners and holder_of(token) not in owners:
            return False
        return any(selector.matches(token) for selector in selectors) or (bool(owners) and not selectors)

    by_id = {token.get("id"): plain_data(token) for token in tokens if is_meant(token)}
    selected = sorted(by_id.values(), key=lambda token: (token["name"], str(token.get("id"))))
    unmatched = [selector.label for selector in selectors if not any(selector.matches(token) for token in selected)]
    unmatched += [f"owner {word!r}" for word in owners if all(holder_of(token) != word for token in selected)]
    unmatched += [f"secret with the id {word!r}" for word in sorted(claimed - set(by_id))]
    unmatched += [f"exception {word!r}" for word in spared if not any(_is_one_of(token, [word]) for token in tokens)]
    code = _code(selected)
    asked = "" if confirm is None else str(confirm).strip()
    # A number says how many, not which: it does not do where something is missing.
    confirmed = bool(selected) and (asked == code or (asked == str(len(selected)) and not unmatched))
    return {
        "selected": selected,
        "lines": [_line(token) for token in selected],
        "unmatched": unmatched,
        "by_secret_only": by_secret_only,
        "items": [_item(token, organization) for token in selected],
        "code": code,
        "confirmed": confirmed,
        "refusal": _refusal(asked, code, len(selected)) if asked and selected and not confirmed else None,
    }


def _words(option: str, given: Any) -> list[str]:
    """Return one word or many as a list. A word is never split: names may hold commas."""
    if given is None:
        return []
    words = [str(word) for word in (given if isinstance(given, (list, tuple)) else [given])]
    if not words or not all(word.strip() for word in words):
        raise InvalidRequest(f"{option} is empty. Leave it out if it is not meant; an empty variable must not decide.")
    return words


def _is_named(token: Mapping[str, Any], word: str) -> bool:
    parsed = parse_version_name(token["name"])
    return token["name"] == word or (parsed is not None and parsed[0] == word)


def _is_one_of(token: Mapping[str, Any], words: Iterable[str]) -> bool:
    return any(_Selector(kind, word).matches(token) for word in words for kind in ("name", "id", "pattern"))


def _code(selected: Sequence[Mapping[str, Any]]) -> str:
    ids = "\n".join(sorted(f"{token['name']} {token.get('id')}" for token in selected))
    digest = hashlib.sha256(ids.encode("utf-8", "backslashreplace")).hexdigest()
    return f"{len(selected)}-{digest[:CODE_DIGITS]}"


def _item(token: Mapping[str, Any], organization: str | None) -> dict[str, Any]:
    """Return what tells M(community.turso.turso_tokens) to revoke it: ids work in an organization, names for one's own."""
    if organization is None:
        return {"name": token["name"], "state": "absent"}
    return {"id": token["id"], "organization": organization, "state": "absent"}


def _line(token: Mapping[str, Any]) -> str:
    owner, age = holder_of(token), token.get("age_days")
    reach = [str(token[part]) for part in ("organization", "group") if token.get(part)]
    told = [
        f"id {token.get('id')}",
        *([f"of {owner}"] if owner is not None else []),
        "of unknown age" if age is None else f"{age} days old",
        "/".join(reach) or "unrestricted",
        *([str(token["permissions"])] if token.get("permissions") else []),
    ]
    return f"{token['name']!r}: {', '.join(told)}"


def _refusal(asked: str, code: str, count: int) -> str:
    return (
        f"The confirmation {asked!r} does not fit the {count} tokens that match now. Nothing was revoked. "
        f"Look at them, and confirm these with turso_revoke_confirm={code}."
    )
