# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a user may ask of the modules, C(no_log) forgotten everywhere: one row, one sentence, one task."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

PREFIX = "community.turso."

# What must be true of the registered result, by a short name; anything else stands for an error's kind.
CLAIMS = {
    "secret": "{r} is changed and {r}.secret | length > 300",
    "secret in a SQL token": "{r} is changed and {r}.secret | length > 280 and {r}.token.kind == 'sql'",
    "changed": "{r} is changed and {r} is not failed",
    "no secret": "{r} is not failed and {r}.secret is none",
    "listed": "{r} is not failed and {r}.changed is false",
    "secrets": "{r} is not failed and {r}.results | map(attribute='secret') | select | length == 2",
    "some failed": "{r} is failed and {r}.results | map(attribute='secret') | select | length == 2",
    "one failed": "{r} is failed and {r}.results[0].failed and {r}.results[1].secret | length > 300",
    "all failed": "{r} is failed and {r}.results | map(attribute='secret') | select | length == 0",
    "issued": "{r} is changed and {r}.secrets.rotated | length > 300",
    "not issued": "{r} is not failed and {r}.secrets == {{}} and ({r}.report | from_json)[0].action == 'failed'",
    "failed": "{r} is failed",
    "failed, with its secret": "{r} is failed and {r}.secret | length > 300",
    "first issued, then not": "{r} is not failed and {r}.secret is none and {r}.attempts == 2",
    "no async": "{r} is failed and 'async' in {r}.msg and 'secret' in {r}.msg",
    "told": "{r} is not failed and {r}.error.kind == 'conflict'",
    "not changed, with its secret": "{r} is not failed and {r} is not changed and {r}.secret | length > 300",
    "skipped": "{r} is skipped",
}


UNEXCUSED = ("secret", "secret in a SQL token", "changed", "no secret", "listed")


@dataclass(frozen=True)
class Case:
    """A task, and what is claimed of its result; C(core) cases run in every mode, the others in one."""

    sentence: str
    module: str
    arguments: dict[str, Any]
    claim: str
    core: bool = False
    world: str = "plain"
    keywords: dict[str, Any] = field(default_factory=dict)

    @property
    def register(self) -> str:
        return "r_" + "".join(letter if letter.isalnum() else "_" for letter in self.sentence)

    def task(self) -> dict[str, Any]:
        arguments = {name: value for name, value in self.arguments.items() if value is not None}
        if self.world != "plain":
            arguments["api_url"] = f"{{{{ urls.{self.world} }}}}"
            arguments["api_token"] = f"{{{{ lookup('env', 'TOKEN_{self.world.upper()}') }}}}"
        return {
            "name": self.sentence,
            PREFIX + self.module: arguments,
            "register": self.register,
            **({} if self.claim in UNEXCUSED else {"ignore_errors": True}),
            **self.keywords,
        }

    def proof(self) -> str:
        claim = CLAIMS.get(self.claim, "{r} is failed and {r}.error.kind == '" + self.claim + "'")
        return claim.format(r=self.register)


def one(
    sentence: str, claim: str, *, world: str = "plain", core: bool = False, keywords: Any = None, **asked: Any
) -> Case:
    return Case(sentence, "turso_token", asked, claim, core, world, keywords or {})


def many(
    sentence: str,
    claim: str,
    *tokens: dict[str, Any],
    core: bool = False,
    world: str = "plain",
    keywords: Any = None,
    **asked: Any,
) -> Case:
    return Case(sentence, "turso_tokens", {"tokens": list(tokens), **asked}, claim, core, world, keywords or {})


def info(sentence: str, claim: str, *, world: str = "plain", **asked: Any) -> Case:
    return Case(sentence, "turso_token_info", asked, claim, False, world)


def rotation(sentence: str, claim: str, *, world: str = "plain", core: bool = False, **asked: Any) -> Case:
    asked = {"step": "issue", "tokens": [{"name": "rotated", "organization": "acme"}], **asked}
    return Case(sentence, "turso_rotation", asked, claim, core, world)


def sql(
    sentence: str, claim: str, *, world: str = "plain", core: bool = False, keywords: Any = None, **asked: Any
) -> Case:
    return Case(sentence, "turso_sql_token", {**SHOP, **asked}, claim, core, world, keywords or {})


def invalidation(sentence: str, claim: str, *, world: str = "plain", **asked: Any) -> Case:
    return Case(sentence, "turso_sql_invalidation", {**SHOP, "confirm": "shop", **asked}, claim, False, world)


def revocation(sentence: str, claim: str, *, world: str = "plain", core: bool = False, **asked: Any) -> Case:
    return Case(sentence, "turso_revocation", asked, claim, core, world)


ACME: dict[str, Any] = {"organization": "acme"}
SHOP: dict[str, Any] = {"organization": "acme", "database": "shop"}
HELD, DUE, CLOSED, ENDS = (f"{{{{ lookup('env', 'SQL_{name}') }}}}" for name in ("HELD", "DUE", "CLOSED", "ENDS"))

CASES = (
    one("created", "secret", name="new-1", core=True, **ACME),
    one("created and validated", "secret", name="new-2", validate=True, **ACME),
    one("unchanged", "no secret", name="stays", core=True, **ACME),
    one("revoked", "no secret", name="goes-1", state="absent", core=True),
    one("not there anyway", "no secret", name="never-there", state="absent"),
    one("drift", "drift", name="drifted", core=True, **ACME),
    one("a type that is refused", "invalid_request", name="x", scopes=["none-such"], group="default", **ACME),
    one("refused before any request", "invalid_request", name="x", group="default"),
    one("revoking the credential itself", "refused", name="main", state="absent"),
    one("401 that echoes", "unauthorized", name="x", world="opaque"),
    one("403 that echoes", "forbidden", name="forbidden-1", core=True),
    one("409 that echoes", "conflict", name="taken-1"),
    one("400 that echoes", "invalid_request", name="invalid-1"),
    one("429 that echoes", "rate_limited", name="limited-1"),
    one("503 that echoes", "api_error", name="x", world="refusing"),
    one("500 after the effect that echoes the new token", "failed", name="broken-1", core=True),
    one("a page that quotes the new token", "failed", name="page-1"),
    one("bytes that are no HTTP and quote the bearer", "unreachable", name="x", world="garbled"),
    one("unreachable", "unreachable", name="x", world="unreachable"),
    one("lost answer to a create, and created once more", "secret", name="lost-1"),
    one("half an answer to a create, and created once more", "secret", name="half-1"),
    one("outcome unknown", "outcome_unknown", name="x", world="unknown", core=True),
    one(
        "validation fails and the token is withdrawn",
        "unauthorized",
        name="x",
        validate=True,
        world="unproven",
        core=True,
    ),
    one("validation fails and the token is stuck", "failed", name="x", validate=True, world="stuck"),
    one("loop", "secrets", name="{{ item }}", keywords={"loop": ["loop-1", "loop-2", "stays"]}, core=True, **ACME),
    one(
        "loop with labels, one of which fails",
        "some failed",
        name="{{ item.name }}",
        **ACME,
        core=True,
        keywords={
            "loop": [{"name": "label-1"}, {"name": "forbidden-2"}, {"name": "label-2"}],
            "loop_control": {"label": "{{ item.name }}", "extended": True},
        },
    ),
    one(
        "until it is created, after a 429",
        "secret",
        name="later-1",
        keywords={"until": "is_created is success", "retries": 2, "delay": 0, "register": "is_created"},
    ),
    one(
        "until there is no secret",
        "first issued, then not",
        name="until-1",
        keywords={"until": "r_until_there_is_no_secret.secret is none", "retries": 2, "delay": 0},
        core=True,
    ),
    one(
        "failed_when, with a secret", "failed, with its secret", name="fw-1", keywords={"failed_when": True}, core=True
    ),
    one("failed_when false", "told", name="taken-2", keywords={"failed_when": False}),
    one("changed_when false", "not changed, with its secret", name="cw-1", keywords={"changed_when": False}),
    one("delegate_to", "secret", name="delegated-1", keywords={"delegate_to": "other"}),
    one("run_once", "secret", name="once-1", keywords={"run_once": True}),
    one("no_log false does not help", "secret", name="nl-1", keywords={"no_log": False}),
    one("no_log true", "secret", name="nl-2", keywords={"no_log": True}),
    one("skipped", "skipped", name="x", keywords={"when": False}),
    one("async with poll", "no async", name="async-1", keywords={"async": 30, "poll": 1}),
    one("async without poll", "no async", name="async-2", keywords={"async": 30, "poll": 0}),
    many("many created", "secrets", {"name": "m-1", **ACME}, {"name": "m-2"}, {"name": "goes-2", "state": "absent"}),
    many("many unchanged", "listed", {"name": "stays", **ACME}),
    many(
        "some of many failed",
        "some failed",
        {"name": "m-3"},
        {"name": "broken-2"},
        {"name": "taken-3"},
        {"name": "m-4"},
        {"name": "stays", **ACME},
        core=True,
    ),
    many("drift of one of many", "all failed", {"name": "drifted", **ACME}, {"name": "stays", **ACME}),
    many("many with a 401", "all failed", {"name": "x"}, {"name": "y"}, world="opaque"),
    many("many unreachable", "all failed", {"name": "x"}, {"name": "y"}, world="unreachable"),
    many("many unproven", "all failed", {"name": "x"}, {"name": "y"}, validate=True, world="unproven"),
    many("many refused", "invalid_request", {"name": "x"}, {"name": "x"}),
    info("list", "listed"),
    info("one of the list", "listed", name="stays"),
    info("the list of an organization", "listed", organization="acme"),
    info("the credential examined", "listed", validate=True),
    info("an invalid credential examined", "listed", validate=True, world="opaque"),
    info("list with a 401", "unauthorized", world="opaque"),
    info("list with a 503", "api_error", world="refusing"),
    info("list unreachable", "unreachable", world="unreachable"),
    info("list in bytes that are no HTTP", "unreachable", world="garbled"),
    revocation(
        "the credential itself has leaked", "refused", secrets=["{{ lookup('env', 'TOKEN_SPARE') }}"], world="spare"
    ),
    revocation(
        "leaked values that are no values",
        "refused",
        secrets=["{{ lookup('env', 'TOKEN_SPARE') }}", "'{{ lookup('env', 'TOKEN_SPARE') }}'"],
        names=["stays"],
    ),
    revocation("leaked values in a dictionary", "failed", secrets={"leaked": "{{ lookup('env', 'TOKEN_SPARE') }}"}),
    revocation(
        "a leaked value and a 401", "unauthorized", secrets=["{{ lookup('env', 'TOKEN_SPARE') }}"], world="opaque"
    ),
    revocation(
        "a leaked value and garbage", "unreachable", secrets=["{{ lookup('env', 'TOKEN_SPARE') }}"], world="garbled"
    ),
    sql("a SQL token minted", "secret in a SQL token", core=True),
    sql("a SQL token renewed", "secret in a SQL token", current=DUE, core=True),
    sql("a SQL token kept", "no secret", current=HELD, core=True),
    sql("a SQL token kept that nobody can try", "no secret", current=CLOSED, database="closed"),
    sql(
        "a SQL token with permissions",
        "secret in a SQL token",
        permissions=[{"tables": ["*"], "actions": ["data_read"]}],
    ),
    sql("an API token as the current one", "invalid_request", current="{{ lookup('env', 'TOKEN_SPARE') }}"),
    sql("an option of a SQL token that is refused", "invalid_request", current=HELD, expires_in="soon"),
    sql("a mint that echoes", "api_error", database="echo"),
    sql("a mint that is lost", "secret in a SQL token", database="lost"),
    sql("a mint that is lost and never ends", "outcome_unknown", database="lost-again", expires_in="never"),
    sql("a new SQL token that nobody can try", "unreachable", database="closed"),
    sql("a database that echoes the token that it rejects", "unauthorized", world="rejecting", core=True),
    sql("SQL tokens in a loop", "secrets", database="{{ item }}", keywords={"loop": ["shop", "other"]}),
    sql("a SQL token with async", "no async", keywords={"async": 30, "poll": 1}),
    sql("a SQL token and a 401 that echoes", "unauthorized", world="opaque", current=HELD),
    sql("a SQL token and bytes that are no HTTP", "unreachable", world="garbled", current=HELD),
    invalidation("leaked SQL tokens", "changed", leaked=[ENDS], database="ends", confirm="ends"),
    invalidation(
        "a leaked value of another database", "invalid_request", leaked=[DUE], database="other", confirm="other"
    ),
    invalidation(
        "a leaked value that is an API token", "invalid_request", leaked=["{{ lookup('env', 'TOKEN_SPARE') }}"]
    ),
    invalidation("a leaked value and a 401 that echoes", "unauthorized", leaked=[HELD], world="opaque"),
    rotation("a rotation", "issued", core=True),
    rotation("a new version that is not verified", "not issued", world="unproven"),
    rotation("a new version that cannot be withdrawn", "not issued", world="stuck"),
    rotation("rotation with a 401", "unauthorized", world="opaque"),
)

# In a copy of the collection that has bugs.
BUGS = (
    one("a bug met by one token", "failed", name="bug-inside-1"),
    one("a bug after all", "failed", name="bug-after-1"),
    one("a bug after all, with a loop", "failed", name="{{ item }}", keywords={"loop": ["bug-after-2", "ok-1"]}),
    one("an output cut short by a crash", "failed", name="bug-output-1"),
    many("a bug met by one of many", "one failed", {"name": "bug-inside-2"}, {"name": "ok-2"}),
    sql("a bug met by a SQL token", "failed", database="bug-inside"),
    sql("a bug after a SQL token was minted", "failed", database="bug-after"),
    sql("an output of a SQL token that is cut short by a crash", "failed", database="bug-output"),
    rotation("a bug met by a rotation", "not issued", tokens=[{"name": "bug-inside-3"}]),
)

# On a connection that loses the end of every output.
CUT = (
    one("an output that was cut", "failed", name="cut-1"),
    one("an output that was cut, in a loop", "failed", name="{{ item }}", keywords={"loop": ["cut-2", "cut-3"]}),
    sql("an output of a SQL token that was cut", "failed"),
    many("an output of many that was cut", "failed", {"name": "cut-4"}, {"name": "cut-5"}),
)


def named(*sentences: str) -> tuple[Case, ...]:
    found = tuple(case for case in (*CASES, *BUGS) if case.sentence in sentences)
    assert len(found) == len(sentences)
    return found


def play(hosts: str, cases: tuple[Case, ...], **keywords: Any) -> dict[str, Any]:
    """Return a play with a task for every case, and one that checks what was registered."""
    proofs = [case.proof() for case in cases if "register" not in case.keywords]
    return {
        "name": f"Ask for tokens on {hosts}",
        "hosts": hosts,
        "gather_facts": False,
        "module_defaults": {"group/community.turso.turso": {"api_token": "{{ lookup('env', 'TOKEN_PLAIN') }}"}},
        **keywords,
        "tasks": [
            *(case.task() for case in cases),
            {
                "name": "Check what was registered",
                "ansible.builtin.assert": {"that": proofs, "quiet": True},
                "when": "not ansible_check_mode",
            },
            {"name": "Cache a fact", "ansible.builtin.set_fact": {"was_here": True, "cacheable": True}},
        ],
    }
