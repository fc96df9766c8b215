# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Put entries into a dictionary of a YAML text, and leave every other character of it as it is.

Private: for this collection only. Pure. PyYAML says where each key and value stands; the text is changed there and composed
again. If that is not exactly what was meant, the whole text is written anew, which loses comments and layout.
"""

from __future__ import annotations

import copy
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from yaml.nodes import CollectionNode, MappingNode, ScalarNode, SequenceNode

from ansible_collections.community.turso.plugins.plugin_utils._yaml_places import (
    Change,
    Entries,
    filling,
    insertion,
    is_alias,
    is_plain,
    replacement,
)

MAP, MERGE, NULL, TEXT = (f"tag:yaml.org,2002:{kind}" for kind in ("map", "merge", "null", "str"))

Pair = tuple[Any, Any]  # the nodes of a key and its value


class WrongText(ValueError):
    """Says what is wrong with a text, by the number of its line; quotes nothing of it."""


def composed(text: str) -> Any:
    """Return the nodes of a YAML text, with the places where they stand; none where it holds nothing.

    :raises WrongText: it is not YAML, or more than one document.
    """
    try:
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        problem = f"line {mark.line + 1} is not YAML, or begins a second document" if mark else "it is not YAML"
    except yaml.YAMLError:
        problem = "it holds characters that YAML does not allow"
    except RecursionError:
        problem = "it is nested too deeply"
    # Not within the except block: the errors of PyYAML quote the text, and would stand in the new one's context.
    raise WrongText(problem)


def entries_of(text: str, top: str) -> dict[str, Any]:
    """Return the nodes of the values below a key, by their keys as texts: 2026: is the name '2026'.

    :raises WrongText: the text, or what stands below the key, is not a dictionary.
    """
    found = dict(_pairs_of(_root_of(text))).get(top)
    return {} if found is None or _is_null(found) else dict(_pairs_of(_mapping(found, top)))


def with_entries(text: str, top: str, entries: Mapping[str, str]) -> tuple[str, bool]:
    """Return the text with these entries below a key, and whether everything else in it is as it was.

    An anchor keeps its name, and its aliases get the new value; those below the same key don't.

    :param entries: not empty.
    :raises WrongText: the text, or what stands below the key, is not a dictionary, or comes from a merge key (<<).
    """
    root = _root_of(text)
    changes = _changes(text, root, top, entries)
    wanted = _serialized(root)
    edited = text
    for start, end, new in sorted(changes, reverse=True):
        edited = edited[:start] + new + edited[end:]
    try:
        as_wanted = _serialized(composed(edited)) == wanted
    except WrongText:
        as_wanted = False
    return (edited, True) if as_wanted else (f"---\n{wanted}", False)


def _root_of(text: str) -> Any:
    """Return the node of the dictionary that a text is; an empty one, where it will stand, for a text that holds nothing."""
    root = composed(text)
    if root is None or (_is_null(root) and not root.value):
        return MappingNode(MAP, [], flow_style=False)
    return MappingNode(MAP, [], root.start_mark, root.end_mark, True) if _is_null(root) else _mapping(root, "the text")


def _mapping(node: Any, what: str) -> Any:
    if not isinstance(node, MappingNode):
        raise WrongText(f"{what} is not a dictionary")
    return node


def _is_null(node: Any) -> bool:
    return isinstance(node, ScalarNode) and node.tag == NULL


def _name_of(key: Any) -> str | None:
    return key.value if isinstance(key, ScalarNode) else None


def _pairs_of(mapping: Any, within: tuple[int, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Yield names and values as YAML merges them: of one name the last counts."""
    for key, value in mapping.value:
        if key.tag == MERGE and id(mapping) not in within:
            for source in reversed(value.value if isinstance(value, SequenceNode) else [value]):
                if isinstance(source, MappingNode):
                    yield from _pairs_of(source, (*within, id(mapping)))
    for key, value in mapping.value:
        if isinstance(key, ScalarNode) and key.tag != MERGE:
            yield key.value, value


def _changes(text: str, root: Any, top: str, entries: Mapping[str, str]) -> list[Change]:
    """Return what to change in a text, and change its nodes to what they shall be then."""
    places = [number for number, (key, _value) in enumerate(root.value) if _name_of(key) == top]
    if not places:
        if top in dict(_pairs_of(root)):
            raise WrongText(f"{top} comes from a merge key (<<)")
        return _appended(text, root, {top: entries})
    key, value = root.value[places[-1]]
    if _is_null(value) or (isinstance(value, MappingNode) and not value.value):
        below = _nodes_of({top: entries}, root.flow_style)[0][1]
        root.value[places[-1]] = (key, below)
        return filling(text, key, value, entries, root.flow_style)
    mapping = _mapping(value, top)
    if is_alias(key, value):  # what it stands for belongs to somebody else
        mapping = MappingNode(MAP, [(copy.copy(name), copy.copy(node)) for name, node in value.value], flow_style=False)
        root.value[places[-1]] = (key, mapping)
        _merged(text, mapping, entries)
        return []
    return _merged(text, mapping, entries)


def _merged(text: str, mapping: Any, entries: Mapping[str, str]) -> list[Change]:
    changes = []
    uses = [id(value) for _key, value in mapping.value]
    places = {_name_of(key): number for number, (key, _value) in enumerate(mapping.value)}
    for name, secret in entries.items():
        if name in places:
            key, value = mapping.value[places[name]]
            changes.append(replacement(text, key, value, secret))
            if isinstance(value, ScalarNode) and not is_alias(key, value) and uses.count(id(value)) == 1:
                value.tag, value.value, value.style = TEXT, secret, '"'
            else:
                mapping.value[places[name]] = (
                    key,
                    ScalarNode(TEXT, secret, value.start_mark, value.end_mark, style='"'),
                )
    return changes + _appended(text, mapping, {name: entries[name] for name in entries if name not in places})


def _appended(text: str, mapping: Any, entries: Entries) -> list[Change]:
    """Return the change that puts entries behind those of a dictionary, and put their nodes into it."""
    changes = [insertion(text, mapping, entries)] if entries else []
    mapping.value.extend(_nodes_of(entries, mapping.flow_style))
    return changes


def _nodes_of(entries: Entries, flow: bool) -> list[Pair]:
    nodes = []
    for name, part in entries.items():
        value = ScalarNode(TEXT, part, style='"') if isinstance(part, str) else _nodes_below(part, flow)
        nodes.append((ScalarNode(TEXT, name, style='"' if flow or not is_plain(name) else None), value))
    return nodes


def _nodes_below(entries: Entries, flow: bool) -> CollectionNode:
    return MappingNode(MAP, _nodes_of(entries, flow), flow_style=flow)


def _serialized(root: Any) -> str:
    return yaml.serialize(root, Dumper=yaml.SafeDumper, allow_unicode=True, width=sys.maxsize)
