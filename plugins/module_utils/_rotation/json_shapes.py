# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Take JSON apart that people and git may have changed: each function returns a part of the shape it names, or says where not.

Private: for this collection only. Pure. Each raises WrongShape with the path of the key, and quotes no value.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._time import moment_of

Json = Mapping[str, Any]


class WrongShape(ValueError):
    """Says which key is not what it must be; quotes names of managed tokens, and no values."""


def object_at(value: Any, where: str) -> Json:
    if not isinstance(value, dict):
        raise WrongShape(f"{where} is not an object")
    return value


def objects_at(part: Json, key: str, where: str) -> list[Json]:
    """Return a list of objects; an empty one where the key is missing or null."""
    value = [] if part.get(key) is None else part[key]
    if not isinstance(value, list):
        raise WrongShape(f"{where}.{key} is not a list")
    return [object_at(item, f"{where}.{key}[{number}]") for number, item in enumerate(value)]


def text_at(part: Json, key: str, where: str) -> str:
    value = part.get(key)
    if not isinstance(value, str) or not value:
        raise WrongShape(f"{where}.{key} is not a text")
    return value


def moment_at(part: Json, key: str, where: str) -> str:
    """Return a time as it stands there."""
    value = part.get(key)
    if not isinstance(value, str) or moment_of(value) is None:
        raise WrongShape(f"{where}.{key} is not a time in ISO 8601")
    return value


def moments_at(part: Json, key: str, where: str) -> dict[str, str | None]:
    """Return times, or none, by key; nothing where the key is missing or null."""
    times = object_at({} if part.get(key) is None else part[key], f"{where}.{key}")
    return {name: maybe_moment_at(times, name, f"{where}.{key}") for name in times}


def maybe_moment_at(part: Json, key: str, where: str) -> str | None:
    return None if part.get(key) is None else moment_at(part, key, where)


def maybe_text_at(part: Json, key: str, where: str) -> str | None:
    return None if part.get(key) is None else text_at(part, key, where)


def maybe_number_at(part: Json, key: str, where: str) -> int | None:
    value = part.get(key)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise WrongShape(f"{where}.{key} is not a whole number")
    return value


def extra_of(part: Json, kind: Any, *more: str) -> dict[str, Any]:
    """Return the keys of an object that are neither fields of a dataclass nor among more."""
    known = {field.name for field in dataclasses.fields(kind)} | set(more)
    return {key: value for key, value in part.items() if key not in known}


def as_object(part: Any) -> dict[str, Any]:
    """Return the fields of a dataclass as an object, with the unknown keys that its field extra keeps."""
    fields = {field.name: getattr(part, field.name) for field in dataclasses.fields(part)}
    return {**fields.pop("extra", {}), **fields}
