# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Deliver into a KV engine of HashiCorp Vault or OpenBao, with the modules of community.hashi_vault. Private to this collection.

Their vault_kv2_write replaces the whole secret, so the secret is read, one key of it is replaced, and the write names the
version that was read: whoever wrote meanwhile loses nothing.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._delivery import vault_kv
from ansible_collections.community.turso.plugins.module_utils._delivery.vault_kv import Stored
from ansible_collections.community.turso.plugins.module_utils._delivery.verdicts import (
    DELIVERED,
    LOST,
    NOT_TAKEN,
    PROVEN,
    REFUSED,
    UNREADABLE,
    Item,
    Verdict,
)
from ansible_collections.community.turso.plugins.module_utils._errors import Refused
from ansible_collections.community.turso.plugins.plugin_utils._destinations._found import holds, verdict_on
from ansible_collections.community.turso.plugins.plugin_utils._destinations._needs import (
    lacking_library,
    require_collection,
)
from ansible_collections.community.turso.plugins.plugin_utils._destinations._run import Run, each, failure_in, is_safe

COLLECTION, FLOOR = "community.hashi_vault", "4.2.0"  # the first with vault_kv2_write
TOKEN, ROLE, SECRET = "VAULT_TOKEN", "VAULT_ROLE_ID", "VAULT_SECRET_ID"
_OPTIONS = {"VAULT_ADDR": "url", "VAULT_NAMESPACE": "namespace", "VAULT_CACERT": "ca_cert"}
_WRITES = 2  # the first one, and one more where somebody else wrote in between


def check(items: Sequence[Item], run: Run) -> list[Verdict]:
    return _with_vault(items, run, REFUSED, Vault.check)


def deliver(items: Sequence[Item], run: Run) -> list[Verdict]:
    return _with_vault(items, run, NOT_TAKEN, Vault.deliver)


def read_back(items: Sequence[Item], run: Run) -> list[Verdict]:
    return _with_vault(items, run, UNREADABLE, Vault.read_back)


def _with_vault(
    items: Sequence[Item], run: Run, otherwise: str, carry_out: Callable[[Vault, Item], Verdict]
) -> list[Verdict]:
    require_collection(COLLECTION, FLOOR, "to: vault_kv")
    logins: dict[str | None, Vault] = {}

    def of_one(item: Item) -> Verdict:
        name = item.options.get("credential")
        if name not in logins:
            paths = [_path_of(other) for other in items if other.options.get("credential") == name]
            logins[name] = Vault(run, *_log_in(item, run), sorted(set(paths)))
        return carry_out(logins[name], item)

    return each(items, run, otherwise, of_one)


def _log_in(item: Item, run: Run) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return what the modules are told to reach Vault with, and what of it is secret.

    An AppRole is used once, for all items that share it: its secret id may be good for one use.

    :raises Refused: for a credential that is not there or not accepted, and for an address that is not https.
    """
    found = run.credential(item, TOKEN, ROLE, SECRET)
    address = run.settings(item, *_OPTIONS)
    if "VAULT_ADDR" not in address:
        raise Refused(
            "VAULT_ADDR is not set. Set it to the address of Vault, for example https://vault.example.com:8200"
        )
    if not is_safe(address["VAULT_ADDR"]):
        raise Refused(
            f"VAULT_ADDR is {address['VAULT_ADDR']}, which is not https, so nothing was sent. Use an https address"
        )
    options = {_OPTIONS[variable]: value for variable, value in address.items()}
    if TOKEN in found:
        return {**options, "auth_method": "token", "token": found[TOKEN]}, (found[TOKEN],)
    if len(found) < 2:
        raise Refused(f"an AppRole needs both {ROLE} and {SECRET}; only {next(iter(found))} is set. Set both")
    login = {"auth_method": "approle", "role_id": found[ROLE], "secret_id": found[SECRET], "token_validate": False}
    result = run.module(f"{COLLECTION}.vault_login", {**options, **login})
    if result.get("failed"):
        raise Refused(f"Vault does not accept the AppRole: {_told(run, result, (found[SECRET],))}")
    token = str(result["login"]["auth"]["client_token"])
    return {**options, "auth_method": "token", "token": token}, (token, found[SECRET])


@dataclasses.dataclass(frozen=True)
class Vault:
    """Vault, as one credential sees it.

    `options` go to each module; `secrets` are not to be shown. `paths` are all that this credential is used for. `mounts` keeps
    what is wrong with an engine, by its mount point.
    """

    run: Run
    options: Mapping[str, Any] = dataclasses.field(repr=False)
    secrets: tuple[str, ...] = dataclasses.field(repr=False)
    paths: Sequence[str]
    mounts: dict[str, str | None] = dataclasses.field(default_factory=dict)

    @functools.cached_property
    def capabilities(self) -> dict[str, Any]:
        """Return the answer of Vault to what this credential may do, asked once for all paths."""
        return self._ask("vault_write", path="sys/capabilities-self", data={"paths": list(self.paths)})

    def check(self, item: Item) -> Verdict:
        """Prove that the item could be written, by the capabilities that Vault computes for this token.

        :raises Refused: with what is missing.
        """
        path = _path_of(item)
        if self.capabilities.get("failed"):
            raise Refused(f"Vault does not show what this credential may do: {self._told(self.capabilities)}")
        granted = self.capabilities["data"]["data"].get(path) or []
        if "root" not in granted and "read" not in granted:
            raise Refused(_lacks(path, vault_kv.missing_capabilities(granted, Stored(1))))
        missing = vault_kv.missing_capabilities(granted, self.stored(item))
        if missing:
            raise Refused(_lacks(path, missing))
        return Verdict.of(item, self.run.host, PROVEN)

    def deliver(self, item: Item) -> Verdict:
        """Write the item, and once more where somebody else wrote the secret in between."""
        stored, failed = self.stored(item), None
        for _try in range(_WRITES):
            if holds(item, stored.value(item.options["key"])):
                return Verdict.of(item, self.run.host, DELIVERED)
            failed = self._write(item, stored)
            if failed is None:
                return Verdict.of(item, self.run.host, DELIVERED, _remark(item, stored), changed=True)
            if not vault_kv.may_be_a_conflict(failed):
                break
            before, stored = stored, self.stored(item)
            if stored.version == before.version:
                break
        else:
            return Verdict.of(item, self.run.host, NOT_TAKEN, _twice(item))
        return self._unwritten(item, stored, failed)

    def _unwritten(self, item: Item, stored: Stored, failed: str) -> Verdict:
        """Return the verdict on a write that failed, and not because somebody else wrote."""
        path, said = _path_of(item), self.run.shown(failed, self.secrets)
        if not vault_kv.is_certainly_unwritten(failed):
            return Verdict.of(item, self.run.host, LOST, f"it is not known whether {path} was written: {said}")
        hint = "" if stored.version else _deleted_hint(item)
        return Verdict.of(item, self.run.host, NOT_TAKEN, f"{path} was not written: {said}{hint}")

    def read_back(self, item: Item) -> Verdict:
        """Compare what stands under the key of an item now."""
        return verdict_on(item, self.run.host, self.stored(item).value(item.options["key"]))

    def stored(self, item: Item) -> Stored:
        """Return what stands at the path of an item.

        :raises Refused: nobody could look.
        """
        mount, path = item.options["mount"], item.options["path"]
        read = self._ask("vault_kv2_get", engine_mount_point=mount, path=path)
        if not read.get("failed"):
            return vault_kv.stored_in(read, _path_of(item))
        if not vault_kv.is_absent(failure_in(read)):
            raise Refused(f"{_path_of(item)} cannot be read: {self._told(read)}")
        self._require_version_2(mount)
        metadata = self._ask("vault_read", path=f"{mount}/metadata/{path}")
        # Without the right to look at the metadata a deleted version looks like none; Vault then refuses the write.
        return Stored() if metadata.get("failed") else Stored(vault_kv.version_in(metadata["data"]))

    def _require_version_2(self, mount: str) -> None:
        """See that a path that is not there lies in an engine of version 2: a write to any other would store something else."""
        if mount not in self.mounts:
            self.mounts[mount] = self._problem_of(mount)
        problem = self.mounts[mount]
        if problem is not None:
            raise Refused(problem)

    def _problem_of(self, mount: str) -> str | None:
        about = self._ask("vault_read", path=f"sys/internal/ui/mounts/{mount}")
        if about.get("failed"):
            return f"Vault has no engine at {mount}, or this credential may not use it: {self._told(about)}"
        if not vault_kv.is_engine_of_version_2(about["data"].get("data") or {}):
            return f"{mount} is not a KV engine of version 2. Nothing was written. Set mount to one"
        return None

    def _write(self, item: Item, stored: Stored) -> str | None:
        """Write the whole secret, if it still is what was read; return what the module says where it failed."""
        written = self._ask(
            "vault_kv2_write",
            engine_mount_point=item.options["mount"],
            path=item.options["path"],
            data=stored.with_value(item.options["key"], str(item.secret)),
            cas=stored.version,
        )
        return failure_in(written) if written.get("failed") else None

    def _ask(self, module: str, **args: Any) -> dict[str, Any]:
        return self.run.module(f"{COLLECTION}.{module}", {**self.options, **args})

    def _told(self, result: Mapping[str, Any]) -> str:
        return _told(self.run, result, self.secrets)


def _told(run: Run, result: Mapping[str, Any], secrets: Sequence[str]) -> str:
    said = run.said(result, secrets)
    return lacking_library(str(result.get("msg", ""))) or said


def _path_of(item: Item) -> str:
    return f"{item.options['mount']}/data/{item.options['path']}"


def _lacks(path: str, missing: Sequence[str]) -> str:
    return (
        f"this credential may not {' and '.join(missing)} {path}, so the value could not be stored. Add to its policy: "
        f"{vault_kv.policy_for(path, missing)}"
    )


def _twice(item: Item) -> str:
    return (
        f"something else wrote {_path_of(item)} twice while this run wrote it, so the value was not stored. Find out what "
        "writes it, then run this again"
    )


def _deleted_hint(item: Item) -> str:
    metadata = f"{item.options['mount']}/metadata/{item.options['path']}"
    return f". If its newest version was deleted, this credential also needs: {vault_kv.policy_for(metadata, ['read'])}"


def _remark(item: Item, stored: Stored) -> str:
    """Say what a reader of other keys has to know where the newest version could not be read because it was deleted."""
    if not stored.version or stored.data:
        return ""
    return f"the version before was deleted or empty, so the new one holds only {item.options['key']}"
