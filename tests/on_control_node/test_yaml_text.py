# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A YAML text of the user's in which entries are put: every character that is not theirs stays."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.community.turso.plugins.plugin_utils._yaml_text import WrongText, entries_of, with_entries

TOP = "turso_secrets"
ENTRIES = {"ci": "NEW", "2026": "N2"}
NEW = '  ci: "NEW"\n  "2026": "N2"\n'

EDITED = [  # what is there, what is there then
    ("nothing", "", f"turso_secrets:\n{NEW}"),
    ("the beginning of a document", "---\n", f"---\nturso_secrets:\n{NEW}"),
    ("a comment", "# ours", f"# ours\nturso_secrets:\n{NEW}"),
    ("others", "a: 1  # one\n# end\n", f"a: 1  # one\nturso_secrets:\n{NEW}# end\n"),
    ("others without a line break", "a: 1", f"a: 1\nturso_secrets:\n{NEW}"),
    ("no secret yet", "turso_secrets:  # none\nb: 1\n", f"turso_secrets:  # none\n{NEW}b: 1\n"),
    ("no secret yet, in braces", "turso_secrets: {}  # none\nb: 1\n", f"turso_secrets:  # none\n{NEW}b: 1\n"),
    (
        "comments everywhere",
        "# head\nturso_secrets:  # ours\n  # of CI\n  ci: old  # rotated\n\n  # of x\n  x: 'y'\n# tail\nz: 1\n",
        '# head\nturso_secrets:  # ours\n  # of CI\n  ci: "NEW"  # rotated\n\n  # of x\n  x: \'y\'\n  "2026": "N2"\n# tail\nz: 1\n',
    ),
    (
        "blocks",
        "key: |\n  -----BEGIN\n\n  -----END\nturso_secrets:\n    ci: |-  # ours\n      old\n      lines\n\n    x: >\n      y\n",
        'key: |\n  -----BEGIN\n\n  -----END\nturso_secrets:\n    ci: "NEW"  # ours\n\n    x: >\n      y\n    "2026": "N2"\n',
    ),
    (
        "a block that keeps its end",
        "turso_secrets:\n  b: |+\n    x\n\nz: 1\n",
        f"turso_secrets:\n  b: |+\n    x\n\n{NEW}z: 1\n",
    ),
    (
        "an anchor whose alias follows",
        "turso_secrets:\n  ci: &ci old\nother: *ci\n",
        'turso_secrets:\n  ci: &ci "NEW"\n  "2026": "N2"\nother: *ci\n',
    ),
    (
        "an anchor of all whose alias follows",
        "turso_secrets: &all\n  ci: old\nother: *all\n",
        f"turso_secrets: &all\n{NEW}other: *all\n",
    ),
    (
        "a merge key",
        "base: &a {x: v}\nturso_secrets:\n  <<: *a\n  k: v\n",
        f"base: &a {{x: v}}\nturso_secrets:\n  <<: *a\n  k: v\n{NEW}",
    ),
    (
        "values of ansible-vault",
        "turso_secrets:\n  ci: !vault |\n    $ANSIBLE_VAULT\n    12\n  b: !vault |\n    $ANSIBLE_VAULT\n    34\nz: !unsafe '{{'\n",
        'turso_secrets:\n  ci: "NEW"\n  b: !vault |\n    $ANSIBLE_VAULT\n    34\n  "2026": "N2"\nz: !unsafe \'{{\'\n',
    ),
    ("a number for a name", "turso_secrets:\n  2026: old\n", 'turso_secrets:\n  2026: "N2"\n  ci: "NEW"\n'),
    (
        "line breaks of Windows",
        "turso_secrets:\r\n  ci: old\r\nb: 1\r\n",
        'turso_secrets:\r\n  ci: "NEW"\r\n  "2026": "N2"\r\nb: 1\r\n',
    ),
    ("names twice", "turso_secrets:\n  ci: a\n  ci: b\n", 'turso_secrets:\n  ci: a\n  ci: "NEW"\n  "2026": "N2"\n'),
    (
        "the key twice",
        "turso_secrets:\n  ci: a\nturso_secrets:\n  ci: b\n",
        f"turso_secrets:\n  ci: a\nturso_secrets:\n{NEW}",
    ),
    (
        "no value, and a dictionary at the end",
        "turso_secrets:\n  ci:\n  b:\n    c: 1\n# of d\nd: 1\n",
        'turso_secrets:\n  ci: "NEW"\n  b:\n    c: 1\n  "2026": "N2"\n# of d\nd: 1\n',
    ),
    ("the end of a document", "turso_secrets:\n  ci: x\n...\n", f"turso_secrets:\n{NEW}...\n"),
    (
        "lines that begin further right",
        "  turso_secrets:\n    ci: x\n  b: 1\n",
        '  turso_secrets:\n    ci: "NEW"\n    "2026": "N2"\n  b: 1\n',
    ),
    (
        "an alias in a list at the end",
        "a: &a x\nturso_secrets:\n  b:\n  - 1\n  # last\n  - *a  # a\n",
        f"a: &a x\nturso_secrets:\n  b:\n  - 1\n  # last\n  - *a  # a\n{NEW}",
    ),
    (
        "a list for a name",
        "turso_secrets:\n  ? [a]\n  : b\n  ci: x\n",
        'turso_secrets:\n  ? [a]\n  : b\n  ci: "NEW"\n  "2026": "N2"\n',
    ),
]


@pytest.mark.parametrize(("before", "after"), [row[1:] for row in EDITED], ids=[row[0] for row in EDITED])
def test_entries_are_put_into_a_text_that_holds(before: str, after: str) -> None:
    assert with_entries(before, TOP, ENTRIES) == (after, True)
    assert {name: entries_of(after, TOP)[name].value for name in ENTRIES} == ENTRIES


ANEW = [  # what is there, what is there then
    (
        "an alias of one of ours below the same key, which keeps its value",
        "turso_secrets:\n  ci: &ci old  # gone\n  b: *ci\nother: *ci\n",
        '---\nturso_secrets:\n  ci: "NEW"\n  b: &id001 old\n  "2026": "N2"\nother: *id001\n',
    ),
    (
        "a block at the end without a line break, which would get one",
        "# gone\nturso_secrets:\n  x: >\n    y",
        '---\nturso_secrets:\n  x: >-\n    y\n  ci: "NEW"\n  "2026": "N2"\n',
    ),
    (
        "an alias of somebody else's, who keeps the value",
        "a: &a x\nturso_secrets:\n  ci: *a  # gone\n",
        '---\na: x\nturso_secrets:\n  ci: "NEW"\n  "2026": "N2"\n',
    ),
    (
        "an alias at the end",
        "a: &a x\nturso_secrets:\n  b: *a  # gone\n",
        '---\na: &id001 x\nturso_secrets:\n  b: *id001\n  ci: "NEW"\n  "2026": "N2"\n',
    ),
    (
        "a dictionary in the place of a text",
        "turso_secrets:\n  ci:\n    # gone\n    a: 1\n",
        '---\nturso_secrets:\n  ci: "NEW"\n  "2026": "N2"\n',
    ),
    ("JSON and a comment", '{"a": [1]} # gone', '---\n{"a": [1], turso_secrets: {ci: "NEW", "2026": "N2"}}\n'),
]

UNTOLD = [  # what is there, without comments and anchors, and what is there then
    ("{}\n", '---\n{turso_secrets: {ci: "NEW", "2026": "N2"}}\n'),
    ("--- ~\n", '---\nturso_secrets:\n  ci: "NEW"\n  "2026": "N2"\n'),
    ("---\n...\n", '---\nturso_secrets:\n  ci: "NEW"\n  "2026": "N2"\n'),
    ("{turso_secrets: }", '---\n{turso_secrets: {ci: "NEW", "2026": "N2"}}\n'),
    ("turso_secrets: {ci: old, b: c}\n", '---\nturso_secrets: {ci: "NEW", b: c, "2026": "N2"}\n'),
    (
        '{\n"turso_secrets": {"b": "c"}, "d": [1]\n}\n',
        '---\n{"turso_secrets": {"b": "c", ci: "NEW", "2026": "N2"}, "d": [1]}\n',
    ),
]


@pytest.mark.parametrize(("before", "after"), UNTOLD)
def test_nothing_is_told_where_a_text_that_is_written_anew_loses_nothing(before: str, after: str) -> None:
    assert with_entries(before, TOP, ENTRIES) == (after, True)
    assert {name: entries_of(after, TOP)[name].value for name in ENTRIES} == ENTRIES


@pytest.mark.parametrize(("before", "after"), [row[1:] for row in ANEW], ids=[row[0] for row in ANEW])
def test_a_text_is_written_anew_and_that_is_told_that_holds(before: str, after: str) -> None:
    assert with_entries(before, TOP, ENTRIES) == (after, False)
    assert {name: entries_of(after, TOP)[name].value for name in ENTRIES} == ENTRIES


WRONG = [  # what is there, what is said
    ("- 1\n", "the text is not a dictionary"),
    ("hunter2", "the text is not a dictionary"),
    ("turso_secrets: [hunter2]\n", "turso_secrets is not a dictionary"),
    ("turso_secrets: hunter2\n", "turso_secrets is not a dictionary"),
    ("a: b\nc: 'hunter2\n", "line 3 is not YAML, or begins a second document"),
    ("a: b\n---\nc: hunter2\n", "line 2 is not YAML, or begins a second document"),
    ("a: hunter2\x00\n", "it holds characters that YAML does not allow"),
    ("[" * 10_000, "it is nested too deeply"),
]


@pytest.mark.parametrize(("text", "says"), WRONG)
def test_a_text_is_refused_without_a_quotation(text: str, says: str) -> None:
    for action in (lambda: entries_of(text, TOP), lambda: with_entries(text, TOP, ENTRIES)):
        with pytest.raises(WrongText) as wrong:
            action()
        assert str(wrong.value) == says
        assert wrong.value.__context__ is None


ELSEWHERE = [
    ("base: &a {turso_secrets: {ci: x}}\n<<: *a\n", "turso_secrets comes from a merge key"),
    ("base: &a {ci: x}\nturso_secrets: *a\n", "turso_secrets is an alias"),
]


@pytest.mark.parametrize(("text", "says"), ELSEWHERE)
def test_secrets_that_stand_elsewhere_are_read_and_not_written(text: str, says: str) -> None:
    assert entries_of(text, TOP)["ci"].value == "x"
    with pytest.raises(WrongText, match=says):
        with_entries(text, TOP, ENTRIES)


READ = [
    ("", {}),
    ("turso_secrets:\n", {}),
    ("other: 1\n", {}),
    (
        "turso_secrets: {2026: x, 'no': y, off: z, 1.0: n, ? [a] : b}\n",
        {"2026": "x", "no": "y", "off": "z", "1.0": "n"},
    ),
    ("turso_secrets: {a: x, a: y}\n", {"a": "y"}),
    ("b: &b {a: 1, b: 2}\nc: &c {a: 3, c: 4}\nturso_secrets: {<<: [*b, *c], b: 5}\n", {"a": "1", "c": "4", "b": "5"}),
    ("turso_secrets: &s\n  <<: *s\n  a: x\n", {"a": "x"}),
    ("turso_secrets: {<<: 1, a: x}\n", {"a": "x"}),
    ("a: &a {a: x, b: y}\nturso_secrets: {<<: *a, <<: {c: z}, b: 1}\n", {"a": "x", "b": "1", "c": "z"}),
]


@pytest.mark.parametrize(("text", "names"), READ)
def test_names_are_texts_and_count_as_yaml_counts_them(text: str, names: dict[str, str]) -> None:
    assert {name: node.value for name, node in entries_of(text, TOP).items()} == names


def test_values_are_written_so_that_they_are_read_again() -> None:
    odd = {
        "a": "x: #y",
        "b": "{{ x }}",
        "c": 'quo"te\\',
        "d": "two\nlines\n",
        "e": "\x7f\u2028ü😀",
        "yes": "null",
        "ü b": " x ",
    }
    for before in ("", "{}", "turso_secrets: {yes: 1}\n", "turso_secrets:\n  a: 1\n"):
        text, _kept = with_entries(before, TOP, odd)
        assert {name: entries_of(text, TOP)[name].value for name in odd} == odd


TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)
VALUES = st.recursive(
    TEXTS | st.integers() | st.none() | st.booleans(),
    lambda part: st.lists(part) | st.dictionaries(TEXTS, part),
    max_leaves=5,
)
STYLES = st.fixed_dictionaries(
    {
        "default_flow_style": st.sampled_from([None, True, False]),
        "default_style": st.sampled_from([None, '"', "'", "|"]),
    }
)


@settings(max_examples=60)
@given(
    content=st.dictionaries(TEXTS, VALUES, max_size=3),
    secrets=st.none() | st.dictionaries(TEXTS, VALUES, max_size=3),
    new=st.dictionaries(st.sampled_from(["ci", "2026"]) | TEXTS, TEXTS, min_size=1, max_size=3),
    style=STYLES,
)
def test_whatever_a_text_holds_it_holds_the_same_afterwards(
    content: dict[str, Any], secrets: dict[str, Any] | None, new: dict[str, str], style: dict[str, Any]
) -> None:
    text = yaml.safe_dump({**content, TOP: secrets}, allow_unicode=True, sort_keys=False, **style)
    edited, _kept = with_entries(text, TOP, new)
    before = yaml.safe_load(text)
    assert yaml.safe_load(edited) == {**before, TOP: {**(before[TOP] or {}), **new}}
