# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The data plane: SQL over HTTP (Hrana 2 and 3 in JSON), with a real SQLite behind each database.

What a token may do is asked of SQLite's own authorizer, table by table.
"""

from __future__ import annotations

import base64
import itertools
import json
import sqlite3
import threading
from typing import TYPE_CHECKING, Any

from .refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from .sql import Database, Sql

READS = frozenset({sqlite3.SQLITE_READ, sqlite3.SQLITE_SELECT, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE})
FREE = frozenset({sqlite3.SQLITE_TRANSACTION, sqlite3.SQLITE_SAVEPOINT})
WRITES = {
    sqlite3.SQLITE_INSERT: "data_add",
    sqlite3.SQLITE_UPDATE: "data_update",
    sqlite3.SQLITE_DELETE: "data_delete",
    sqlite3.SQLITE_CREATE_TABLE: "schema_add",
    sqlite3.SQLITE_CREATE_INDEX: "schema_add",
    sqlite3.SQLITE_DROP_TABLE: "schema_delete",
    sqlite3.SQLITE_DROP_INDEX: "schema_delete",
    sqlite3.SQLITE_ALTER_TABLE: "schema_update",
}
BLOCKED = "BLOCKED: SQL {what} operations are forbidden"


class DataPlane:
    """What stands behind the hostnames of the databases."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql
        self._files: dict[str, sqlite3.Connection] = {}
        self._is_closed = False
        self._lock = threading.RLock()
        self._batons = itertools.count(1)

    def answer(self, database: Database, secret: str, body: bytes, *, as_cursor: bool = False) -> bytes:
        """Answer a pipeline of requests, or a batch whose rows come one in a line.

        :raises Refusal: who asks is not let in, may not do this, or sends no pipeline.
        """
        claims = self._sql.let_in(secret, database)
        try:
            asked = json.loads(body)
            requests = [{"type": "batch", "batch": asked["batch"]}] if as_cursor else asked["requests"]
        except (KeyError, TypeError, ValueError):
            raise Refusal(400, "invalid pipeline") from None
        with self._lock:
            if self._is_closed:
                raise Refusal(503, "the server stops")
            stream = Stream(self._file(database), database, claims)
            results = [stream.respond(request) for request in requests]
        closed = any(request.get("type") == "close" for request in requests)
        head = {"baton": None if closed else f"baton-{next(self._batons)}", "base_url": None}
        if as_cursor:
            return b"".join(json.dumps(entry).encode() + b"\n" for entry in (head, *_entries(results[0])))
        return json.dumps({**head, "results": results}).encode()

    def close(self) -> None:
        """Forget what the databases hold; a request that is still under way opens none of them again."""
        with self._lock:
            self._is_closed = True
            for connection in self._files.values():
                connection.close()
            self._files.clear()

    def _file(self, database: Database) -> sqlite3.Connection:
        if database.id not in self._files:
            connection = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
            self._files[database.id] = connection
        return self._files[database.id]


class Stream:
    """The requests of one pipeline."""

    def __init__(self, connection: sqlite3.Connection, database: Database, claims: Mapping[str, Any]) -> None:
        self._connection = connection
        self._database = database
        self._claims = claims
        self._stored: dict[int, str] = {}
        self._refused: str | None = None
        connection.set_authorizer(self._authorize)

    def respond(self, request: Mapping[str, Any]) -> dict[str, Any]:
        kind = str(request.get("type"))
        action: Callable[[Mapping[str, Any]], dict[str, Any]] | None = getattr(self, f"_do_{kind}", None)
        if action is None:
            raise Refusal(400, f"unknown request {kind}")
        try:
            return {"type": "ok", "response": {"type": kind, **action(request)}}
        except (sqlite3.Error, sqlite3.Warning) as error:
            return {"type": "error", "error": self._told(error)}

    def _do_close(self, _request: Mapping[str, Any]) -> dict[str, Any]:
        return {}

    def _do_store_sql(self, request: Mapping[str, Any]) -> dict[str, Any]:
        self._stored[request["sql_id"]] = request["sql"]
        return {}

    def _do_close_sql(self, request: Mapping[str, Any]) -> dict[str, Any]:
        self._stored.pop(request["sql_id"], None)
        return {}

    def _do_get_autocommit(self, _request: Mapping[str, Any]) -> dict[str, Any]:
        return {"is_autocommit": not self._connection.in_transaction}

    def _do_execute(self, request: Mapping[str, Any]) -> dict[str, Any]:
        return {"result": self._execute(request["stmt"])}

    def _do_sequence(self, request: Mapping[str, Any]) -> dict[str, Any]:
        for statement in filter(str.strip, self._text(request).split(";")):
            self._execute({"sql": statement})
        return {}

    def _do_describe(self, request: Mapping[str, Any]) -> dict[str, Any]:
        text = self._text(request)
        is_explain = text.lstrip().lower().startswith("explain")
        is_readonly = text.lstrip().lower().startswith(("select", "explain", "pragma", "values"))
        columns = self._execute({"sql": text})["cols"] if is_readonly and "?" not in text else []
        result = {"params": [], "cols": columns, "is_explain": is_explain, "is_readonly": is_readonly}
        return {"result": result}

    def _do_batch(self, request: Mapping[str, Any]) -> dict[str, Any]:
        results: list[Any] = []
        errors: list[Any] = []
        for step in request["batch"]["steps"]:
            result = error = None
            if _holds(step.get("condition"), results, errors, self._connection):
                try:
                    result = self._execute(step["stmt"])
                except (sqlite3.Error, sqlite3.Warning) as exc:
                    error = self._told(exc)
            results.append(result)
            errors.append(error)
        return {"result": {"step_results": results, "step_errors": errors}}

    def _execute(self, statement: Mapping[str, Any]) -> dict[str, Any]:
        named = {each["name"].lstrip(":@$"): _plain(each["value"]) for each in statement.get("named_args") or ()}
        arguments: Any = named or [_plain(value) for value in statement.get("args") or ()]
        self._refused = None
        try:
            cursor = self._connection.execute(self._text(statement), arguments)
        except sqlite3.DatabaseError:
            if self._refused is not None:
                raise Refusal(403, BLOCKED.format(what=self._refused)) from None
            raise
        rows = cursor.fetchall()
        return {
            "cols": [{"name": column[0], "decltype": None} for column in cursor.description or ()],
            "rows": [[_value(value) for value in row] for row in rows],
            "affected_row_count": max(cursor.rowcount, 0),
            "last_insert_rowid": str(cursor.lastrowid) if cursor.lastrowid else None,
            "replication_index": None,
            "rows_read": len(rows),
            "rows_written": max(cursor.rowcount, 0),
            "query_duration_ms": 0.0,
        }

    def _text(self, statement: Mapping[str, Any]) -> str:
        text = statement.get("sql")
        return str(self._stored[statement["sql_id"]] if text is None else text)

    def _authorize(self, action: int, first: str | None, second: str | None, *_: Any) -> int:
        """Say whether the token, and the database, allow what a statement is about to do."""
        if action in FREE:
            return sqlite3.SQLITE_OK
        writes = WRITES.get(action)
        if action in READS:
            return self._judged("read", self._database.blocks_reads, "data_read", first)
        table = second if action == sqlite3.SQLITE_ALTER_TABLE else first
        if writes is None or (table or "").startswith("sqlite_"):
            return sqlite3.SQLITE_OK  # what SQLite does by itself on the way
        is_blocked = self._database.blocks_writes or self._claims.get("a") != "rw"
        return self._judged("write", is_blocked, writes, table)

    def _judged(self, what: str, is_blocked: bool, action: str, table: str | None) -> int:
        if is_blocked or not _permits(self._claims.get("perm"), action, table):
            self._refused = what
            return sqlite3.SQLITE_DENY
        return sqlite3.SQLITE_OK

    def _told(self, error: Exception) -> dict[str, Any]:
        return {"message": f"SQLite error: {error}", "code": "SQLITE_ERROR"}


def _entries(done: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the result of a batch as a cursor tells it."""
    result = done["response"]["result"]
    for step, (rows, error) in enumerate(zip(result["step_results"], result["step_errors"])):
        if rows is not None:
            yield {"type": "step_begin", "step": step, "cols": rows["cols"]}
            yield from ({"type": "row", "row": row} for row in rows["rows"])
            ended = {key: rows[key] for key in ("affected_row_count", "last_insert_rowid")}
            yield {"type": "step_end", **ended}
        if error is not None:
            yield {"type": "step_error", "step": step, "error": error}


def _permits(grants: Any, action: str, table: str | None) -> bool:
    """Tell whether fine-grained permissions allow something; a token without them may do what its `a` says."""
    if not grants or not table or table.startswith("sqlite_"):
        return True
    return any(action in grant["a"] and (grant["t"] is None or table in grant["t"]) for grant in grants)


def _holds(condition: Any, results: list[Any], errors: list[Any], connection: sqlite3.Connection) -> bool:
    """Tell whether a step of a batch is to be done."""
    if condition is None:
        return True
    kind = condition["type"]
    if kind == "not":
        return not _holds(condition["cond"], results, errors, connection)
    if kind in ("and", "or"):
        judged = [_holds(each, results, errors, connection) for each in condition["conds"]]
        return all(judged) if kind == "and" else any(judged)
    if kind == "is_autocommit":
        return not connection.in_transaction
    return (results if kind == "ok" else errors)[condition["step"]] is not None


def _plain(value: Mapping[str, Any]) -> Any:
    """Return a value of Hrana as SQLite takes it."""
    kind = value["type"]
    if kind == "null":
        return None
    if kind == "integer":
        return int(value["value"])
    if kind == "blob":
        text = value["base64"]
        return base64.b64decode(text + "=" * (-len(text) % 4))
    return value["value"]


def _value(value: Any) -> dict[str, Any]:
    """Return a value of SQLite as Hrana tells it."""
    if value is None:
        return {"type": "null"}
    if isinstance(value, bytes):
        return {"type": "blob", "base64": base64.b64encode(value).decode()}
    if isinstance(value, int):
        return {"type": "integer", "value": str(value)}
    return {"type": "float" if isinstance(value, float) else "text", "value": value}
