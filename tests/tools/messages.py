# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Collect every error message from the sources, for docs/messages.md; `make reference` writes the page.

A message is a text in a `raise`, a text that an error is made of, any other sentence of a plugin that is not only looked up or
compared, or `msg` and `fail_msg` of a task that fails or waits. Nothing is run: what is only known in a run is an ellipsis.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.tools.checkout import ROOT

PAGE = ROOT / "docs" / "messages.md"
UNKNOWN = "…"
ERRORS = Path("plugins", "module_utils", "_errors.py")

# Files whose texts are no messages: parts that end a "Could not …", and the help of metrics.
QUIET = ("_api/audit_log.py", "_api/sql_tokens.py", "_api/tokens.py", "_api/grants.py", "metrics.py")
# What is only a part of a message, and tells a reader nothing alone.
PARTS = (
    *("an error without a text", "one of the scopes", " (and … more, see results)", ", current by the state file)"),
    *("SQL tokens (kind: sql)", "API tokens (kind: api)", "an entry with kind: sql"),
)
PATTERN = re.compile(r"\\[a-zA-Z*.()\[]|\w\|\w")  # a regular expression says nothing to a reader
# What a task that fails says, by its module.
FAILURES = (
    ("ansible.builtin.fail", "msg"),
    ("ansible.builtin.wait_for", "msg"),
    ("ansible.builtin.assert", "fail_msg"),
)
# Takes what was promised, and makes a message of it that stands where it is made.
PART = "unexpected"

# What a reader was doing, and the sources that speak then: the first that fits.
AREAS = (
    (
        "The credential and the connection",
        "Every module has these. `Could not …` names what the module tried to do.",
        ("module_utils/_api/", "module_utils/_module", "module_utils/_written", "module_utils/_lifetime"),
    ),
    (
        "Destinations",
        "`deliver` of a rotation file. The name of the token and the destination come first. The old token keeps working.",
        ("_delivery/", "_destination", "turso_deliver"),
    ),
    (
        "Confirmation and commit",
        "The role `turso_rotate`, after it issued a new token. Old and new values work.",
        (
            "_step_check",
            "_step_confirm",
            "_step_commit",
            "_step_fresh",
            "_rotation/confirm",
            "_rotation/commit",
            "_rotation/settlement",
            "_rotation/transaction",
            "turso_rotate/tasks/confirm",
            "turso_rotate/tasks/revoke",
        ),
    ),
    (
        "Files of a rotation",
        "The vault file, the state file, and the locks beside them.",
        ("_vault_", "_yaml_", "_rotation/state", "module_utils/_files", "module_utils/_locks", "lookup/"),
    ),
    (
        "Entries and plan",
        'The role `turso_rotate`. A message about an entry begins with its name, and ends with "Nothing was issued."',
        (
            "_rotation/",
            "_step_i",
            "_issue_",
            "plugin_utils/_play",
            "turso_rotation",
            "turso_rotate/",
            "filter/rotation_plan",
        ),
    ),
    (
        "The emergency",
        "`turso_revocation`, and the playbook `community.turso.revoke`.",
        ("revocation", "_emergency/", "playbooks/revoke", "_revoke_variables", "_step_invalidate"),
    ),
    ("The audit", "The role `turso_audit`.", ("_audit", "turso_audit")),
    (
        "Tokens",
        "`turso_token`, `turso_tokens` and `turso_token_info`.",
        ("_token/", "modules/turso_token", "_hidden_result", "_kept_value"),
    ),
    ("Others", "Playbooks, filters, and what belongs nowhere else.", ("",)),
)

HEAD = """\
# Messages

Search this page for a message that you got. It has every error message of the modules, roles, lookups and filters, and what the roles
say about destinations and tokens. {unknown} stands for what only a run knows: a name, a path, an answer of the API.

A message says what happened, what it means for your tokens, and what to do next, in this order. Some of these texts are only a part:
the message that you see is made of several. [Troubleshooting](troubleshooting.md) explains the kinds, and what to do about each.

`make reference` makes this page from the sources; do not edit it. A test fails if a message is missing.
"""


@dataclass(frozen=True)
class Message:
    """A text, the kind of error that it comes with (nothing where Ansible's own error carries it), and where it stands."""

    text: str
    kind: str
    source: str

    @property
    def area(self) -> str:
        return next(name for name, _, parts in AREAS if any(part in self.source for part in parts))


def main() -> None:
    page = written(collected(ROOT))
    if "--write" in sys.argv[1:]:
        PAGE.write_text(page)
        print(PAGE)
    else:
        print(page, end="")


def collected(root: Path) -> list[Message]:
    """Return the messages of all sources below a directory, each text once for each kind, in the order of the sources."""
    errors = (root / ERRORS).read_text()
    kinds, forms = kinds_in(errors), forms_in(errors)
    found = [
        Message(text, kind, str(path.relative_to(root)))
        for path in sorted((root / "plugins").rglob("*.py"))
        for text, kind in messages_in(path.read_text(), kinds, forms)
    ]
    for path in sorted((root / "plugins").rglob("*.py")):
        if not str(path).endswith(QUIET):
            known = {message.text for message in found} | set(PARTS)
            found += [
                Message(text, "", str(path.relative_to(root)))
                for text in words_in(path.read_text())
                if not any(text in told for told in known)
            ]
    for path in sorted([*(root / "roles").glob("*/*/*.yml"), *(root / "playbooks").glob("*.yml")]):
        found += [
            Message(text, "", str(path.relative_to(root))) for text in failures_in(yaml.safe_load(path.read_text()))
        ]
    unique = {(message.text, message.kind, message.area): message for message in reversed(found)}
    return list(reversed(unique.values()))


def kinds_in(source: str) -> dict[str, str]:
    """Return the kind of each class of error: its own, or that of the class before it that it is made of."""
    kinds: dict[str, str] = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef):
            inherited = [kinds[base.id] for base in node.bases if isinstance(base, ast.Name) and base.id in kinds]
            own = [
                str(ast.literal_eval(statement.value))
                for statement in node.body
                if isinstance(statement, ast.Assign) and getattr(statement.targets[0], "id", "") == "kind"
            ]
            for kind in (*inherited, *own):
                kinds[node.name] = kind
    return kinds


def forms_in(source: str) -> dict[str, str]:
    """Return the message of each class of error that makes it of several texts."""
    return {
        node.name: text_of(call.args[0]) or UNKNOWN
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ClassDef)
        for call in ast.walk(node)
        if isinstance(call, ast.Call) and call.args and isinstance(call.args[0], ast.JoinedStr)
    }


def messages_in(source: str, kinds: dict[str, str], forms: dict[str, str] | None = None) -> Iterator[tuple[str, str]]:
    """Return what a Python file can fail with: texts, and the kinds of the errors that they are given to."""
    forms = forms or {}
    seen: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        call = node.exc if isinstance(node, ast.Raise) else node
        if not isinstance(call, ast.Call) or id(call) in seen:
            continue
        seen.add(id(call))
        name = ast.unparse(call.func).rpartition(".")[2]
        given = {ast.unparse(argument).rpartition(".")[2] for argument in call.args}
        named = next((error for error in (name, *sorted(given)) if error in kinds), None)
        kind = kinds[named] if named else ""
        texts = [text for text in texts_of(call) if is_sentence(text)]
        if name in forms:
            parts = [text_of(argument) or UNKNOWN for argument in call.args]
            if is_sentence(" ".join(parts), words=1):
                yield forms[name].replace(UNKNOWN, "{}").format(*parts), kind
        elif name in kinds or name.startswith("Ansible"):
            yield from ((text, kind) for text in texts)
        elif isinstance(node, ast.Raise) and texts and name[0].islower() and name != PART:
            yield (
                ". ".join(text.rstrip(".") for text in texts) + ".",
                kind,
            )  # a helper puts a problem and a remedy together


def words_in(source: str) -> Iterator[str]:
    """Return every text of a Python file that is a sentence and no documentation."""
    tree = ast.parse(source)
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)} - {
        id(node) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)
    }
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    compared = {id(part) for node in ast.walk(tree) for operand in _compared(node) for part in ast.walk(operand)}
    for node in ast.walk(tree):
        if isinstance(node, (ast.Constant, ast.JoinedStr)) and id(node) not in inside | documentation | compared:
            text = text_of(node)
            if text and "\n" not in text and is_sentence(text, words=4) and not PATTERN.search(text):
                yield text


def _compared(node: ast.AST) -> list[ast.expr]:
    """Return what is only held against what others say: keys that are looked up, sides of a comparison, beginnings."""
    if isinstance(node, ast.Dict):
        return [key for key in node.keys if key is not None]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "startswith":
        return node.args
    return [node.left, *node.comparators] if isinstance(node, ast.Compare) else []


def texts_of(call: ast.Call) -> Iterator[str]:
    for argument in [*call.args, *(keyword.value for keyword in call.keywords)]:
        parts = argument.elts if isinstance(argument, (ast.List, ast.Tuple)) else [argument]
        for part in parts:
            text = text_of(part)
            if text is not None:
                yield text


def text_of(node: ast.expr) -> str | None:
    """Return a text that stands in the source, None where there is none."""
    if isinstance(node, ast.Constant):
        return re.sub(r"{\w+}", UNKNOWN, node.value) if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        return "".join(text_of(part) or UNKNOWN for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return f"{text_of(node.left) or UNKNOWN}{text_of(node.right) or UNKNOWN}"
    return None


def is_sentence(text: str, words: int = 3) -> bool:
    return len(re.findall(r"(?:^|[\s…])[(]?[A-Za-z]{2,}", text)) >= words


def failures_in(node: Any) -> Iterator[str]:
    """Return the texts of tasks that fail, wherever in a tasks file or a playbook they stand."""
    if isinstance(node, list):
        for item in node:
            yield from failures_in(item)
    elif isinstance(node, dict):
        for module, key in FAILURES:
            if isinstance(node.get(module), dict) and key in node[module]:
                text = re.sub(r"{{.*?}}", UNKNOWN, " ".join(str(node[module][key]).split()))
                if is_sentence(text):
                    yield text
        for value in node.values():
            yield from failures_in(value)


def written(messages: list[Message]) -> str:
    """Return the page."""
    parts = [HEAD.format(unknown=UNKNOWN)]
    for name, says, _ in AREAS:
        here = [message for message in messages if message.area == name]
        if here:
            rows = "\n".join(
                f"| {_cell(message.text)} | {f'`{message.kind}`' if message.kind else ''} |" for message in here
            )
            parts.append(f"## {name}\n\n{says}\n\n| message | `error.kind` |\n|---|---|\n{rows}\n")
    return "\n".join(parts)


def _cell(text: str) -> str:
    plain = " ".join(re.sub(rf"{UNKNOWN}(?:\s*{UNKNOWN})+", UNKNOWN, text).split())
    return re.sub(r"([|<>*\[\]])", r"\\\1", plain)


if __name__ == "__main__":
    main()
