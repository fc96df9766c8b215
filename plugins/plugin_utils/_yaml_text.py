# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Put entries into a dictionary of a YAML text, and leave every other character of it as it is.

Private: for this collection only. Pure. PyYAML says where each key and value stands; the text is changed there and composed
again. If that is not exactly what was meant, the whole text is written anew, which loses comments and layout.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from yaml.nodes import MappingNode, ScalarNode, SequenceNode

from ansible_collections.community.turso.plugins.plugin_utils._yaml_places import (
    Change,
    Entries,
    filling,
    insertion,
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


def entries_of(text: str, top: str | None = None) -> dict[str, Any]:
    """Return the nodes of the values below a key, by their keys as texts: 2026: is the name '2026'.

    :param top: none for those of the text itself.
    :raises WrongText: the text, or what stands below the key, is not a dictionary.
    """
    root = dict(_pairs_of(_root_of(text)))
    if top is None:
        return root
    found = root.get(top)
    return {} if found is None or _is_null(found) else dict(_pairs_of(_mapping(found, top)))


def with_entries(text: str, top: str | None, entries: Mapping[str, str]) -> tuple[str, bool]:
    """Return the text with these entries below a key, and whether its comments and anchors are kept.

    Without a key they are entries of the text itself.

    An anchor's aliases get the new value too; those below the same key don't.

    :param entries: not empty.
    :raises WrongText: the text, or what stands below the key, is not a dictionary, or is an alias or comes from a merge key (<<).
    """
    root = _root_of(text)
    changes = _merged(text, root, entries) if top is None else _changes(text, root, top, entries)
    wanted = _serialized(root)
    edited = text
    for start, end, new in sorted(changes, reverse=True):
        edited = edited[:start] + new + edited[end:]
    try:
        as_wanted = _serialized(composed(edited)) == wanted
    except WrongText:
        as_wanted = False
    return (edited, True) if as_wanted else (f"---\n{wanted}", not {"#", "&"} & set(text))


def _root_of(text: str) -> Any:
    """Return the node of the dictionary that a text is; an empty one for a text that holds nothing."""
    root = composed(text)
    return MappingNode(MAP, [], flow_style=False) if root is None or _is_null(root) else _mapping(root, "the text")


def _mapping(node: Any, what: str) -> Any:
    if not isinstance(node, MappingNode):
        raise WrongText(f"{what} is not a dictionary")
    return node


def _is_null(node: Any) -> bool:
    return bool(node.tag == NULL)


def _is_alias(key: Any, value: Any) -> bool:
    """Tell whether a value is an alias: it then stands where its anchor is, before the key."""
    return bool(value.start_mark.index < key.start_mark.index)


def _pairs_of(mapping: Any, within: tuple[int, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Yield names and values as YAML merges them: of one name the last counts."""
    for source in _merged_into(mapping):
        if id(source) not in within:
            yield from _pairs_of(source, (*within, id(source)))
    for key, value in mapping.value:
        if isinstance(key, ScalarNode) and key.tag != MERGE:
            yield key.value, value


def _merged_into(mapping: Any) -> list[Any]:
    """Return the dictionaries that merge keys (<<) name, the one that counts most last."""
    named = [value for key, value in mapping.value if key.tag == MERGE]
    sources = [source for value in named for source in (value.value if isinstance(value, SequenceNode) else [value])]
    return [source for source in reversed(sources) if isinstance(source, MappingNode)]


def _changes(text: str, root: Any, top: str, entries: Mapping[str, str]) -> list[Change]:
    """Return what to change in a text, and change its nodes to what they shall be then."""
    place = _places_of(root).get(top)
    if place is None:
        if top in dict(_pairs_of(root)):
            raise WrongText(f"{top} comes from a merge key (<<)")
        return _appended(text, root, {top: entries})
    key, value = root.value[place]
    if _is_alias(key, value):
        raise WrongText(f"{top} is an alias")
    if _is_null(value) or not value.value:
        root.value[place] = (key, MappingNode(MAP, _nodes_of(entries), flow_style=False))
        return filling(text, key, value, entries)
    return _merged(text, _mapping(value, top), entries)


def _merged(text: str, mapping: Any, entries: Mapping[str, str]) -> list[Change]:
    """Return what to change for entries below a key that has some.

    An alias, an anchor that has aliases here, and what is no text get no change, so that the text is written anew.
    """
    changes = []
    places = _places_of(mapping)
    uses = Counter(id(value) for _key, value in mapping.value)
    for name in entries.keys() & places.keys():
        key, value = mapping.value[places[name]]
        if isinstance(value, ScalarNode) and uses[id(value)] == 1 and not _is_alias(key, value):
            changes.append(replacement(text, value, entries[name]))
            value.tag, value.value, value.style = TEXT, entries[name], '"'
        else:
            new = ScalarNode(TEXT, entries[name], value.start_mark, value.end_mark, style='"')
            mapping.value[places[name]] = (key, new)
    return changes + _appended(text, mapping, {name: entries[name] for name in entries if name not in places})


def _places_of(mapping: Any) -> dict[str, int]:
    """Return where in a dictionary a name stands; of one name the last place counts."""
    return {key.value: place for place, (key, _value) in enumerate(mapping.value) if isinstance(key, ScalarNode)}


def _appended(text: str, mapping: Any, entries: Entries) -> list[Change]:
    """Return the change that puts entries behind those of a dictionary, and put their nodes into it."""
    changes = [insertion(text, mapping, entries)] if entries else []
    mapping.value.extend(_nodes_of(entries))
    return changes


def _nodes_of(entries: Entries) -> list[Pair]:
    nodes: list[Pair] = []
    for name, part in entries.items():
        key = ScalarNode(TEXT, name, style=None if is_plain(name) else '"')
        if isinstance(part, str):
            nodes.append((key, ScalarNode(TEXT, part, style='"')))
        else:
            nodes.append((key, MappingNode(MAP, _nodes_of(part), flow_style=False)))
    return nodes


def _serialized(root: Any) -> str:
    return yaml.serialize(root, Dumper=yaml.SafeDumper, allow_unicode=True, width=sys.maxsize)
