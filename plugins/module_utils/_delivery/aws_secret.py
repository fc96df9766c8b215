# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A secret of AWS Secrets Manager, or one key of its JSON: look at it, and put a value. Private to this collection.

The client is boto3's. One call writes: PutSecretValue, which leaves policy, keys, tags and rotation as they are.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._errors import Refused

CURRENT, PREVIOUS = "AWSCURRENT", "AWSPREVIOUS"
_TRIES = 5  # the first one, and more where somebody else wrote another key meanwhile


class Secret:
    """A secret, or one key of its JSON, as a client sees it.

    `is_writing` tells, after an exception of the client, whether a value may have been stored. Other keys never leave here.
    """

    def __init__(self, client: Any, name: str, key: str | None = None) -> None:
        self.is_writing = False
        self._client = client
        self._name = name
        self._key = key

    def check(self) -> None:
        """See that a value could be put, as far as that can be told without putting one.

        :raises Refused: it could not; says the command that changes that.
        """
        self._refuse_odd_state()
        with_value(self._current()[0], self._key, "", self._name)

    def value(self) -> str | None:
        """Return what stands there now, None where nothing does.

        :raises Refused: the key is asked of something that is no JSON object.
        """
        return value_in(self._current()[0], self._key, self._name)

    def put(self, value: str) -> bool:
        """Make a value the current one, if it is not; return whether it was not.

        Secrets Manager has no condition on writes. Where another version than the one that was read became the previous one,
        somebody else wrote in between: their keys are taken over.

        :raises Refused: it cannot be put; says why.
        """
        self._refuse_odd_state()
        content, version = self._current()
        if value_in(content, self._key, self._name) == value:
            return False
        for _try in range(_TRIES):
            written = with_value(content, self._key, value, self._name)
            self.is_writing = True
            put = self._client.put_secret_value(SecretId=self._name, SecretString=written)["VersionId"]
            self.is_writing = False
            between = None if self._key is None else self._written_between(version, put)
            if between is None:
                break
            content, version = self._content(between), put
        return True

    def _refuse_odd_state(self) -> None:
        problem = problem_of(self._describe(), self._name, self._client.meta.region_name)
        if problem is not None:
            raise Refused(problem)

    def _describe(self) -> Mapping[str, Any]:
        try:
            found: Mapping[str, Any] = self._client.describe_secret(SecretId=self._name)
        except self._client.exceptions.ResourceNotFoundException as exc:
            raise Refused(
                f"there is no secret {self._name} in {self._client.meta.region_name}, and the role creates none. Create it: "
                f"aws secretsmanager create-secret --name {self._name}"
            ) from exc
        return found

    def _written_between(self, read: str | None, put: str) -> str | None:
        """Return the version that somebody else wrote between reading one and putting one, None where nobody did.

        A description that does not show what was put as the current version is too old, or too new, to tell.
        """
        description = self._describe()
        before = stage(description, PREVIOUS)
        return before if stage(description, CURRENT) == put and before != read else None

    def _current(self) -> tuple[str | bytes | None, str | None]:
        """Return the current content and the id of its version; none of a secret that never had a value."""
        try:
            found = self._client.get_secret_value(SecretId=self._name)
        except self._client.exceptions.ResourceNotFoundException:
            self._describe()
            return None, None
        return _content_of(found), found["VersionId"]

    def _content(self, version: str) -> str | bytes | None:
        return _content_of(self._client.get_secret_value(SecretId=self._name, VersionId=version))


def problem_of(description: Mapping[str, Any], name: str, region: str) -> str | None:
    """Say why a value that is put would not stay, or not arrive; None where it would."""
    command = f"aws secretsmanager {{}} --secret-id {name}"
    primary = description.get("PrimaryRegion") or region
    if description.get("DeletedDate"):
        return f"the secret {name} is scheduled for deletion. To keep it: {command.format('restore-secret')}"
    if description.get("OwningService"):
        return (
            f"the secret {name} belongs to {description['OwningService']}, and only that service may write it. Use a secret "
            "of your own"
        )
    if primary != region:
        return f"the secret {name} is a replica in {region}. Set region: {primary}, where its primary is"
    if description.get("RotationEnabled"):
        return (
            f"AWS rotates the secret {name} itself and would replace the value. To stop that: "
            f"{command.format('cancel-rotate-secret')}"
        )
    return None


def stage(description: Mapping[str, Any], label: str) -> str | None:
    """Return the id of the version that has a label."""
    stages: Mapping[str, Any] = description.get("VersionIdsToStages") or {}
    return next((version for version, labels in stages.items() if label in labels), None)


def value_in(content: str | bytes | None, key: str | None, name: str) -> str | None:
    """Return the value that a content holds, under a key where one is given.

    :raises Refused: as `keys_of`.
    """
    if key is None:
        return content.decode("utf-8", "replace") if isinstance(content, bytes) else content
    found = keys_of(content, name).get(key)
    return None if found is None else str(found)


def with_value(content: str | bytes | None, key: str | None, value: str, name: str) -> str:
    """Return the content with a value in it: all of it, or one key.

    :raises Refused: as `keys_of`.
    """
    return value if key is None else json.dumps({**keys_of(content, name), key: value}, ensure_ascii=False)


def keys_of(content: str | bytes | None, name: str) -> dict[str, Any]:
    """Return the JSON object that a content is, an empty one where there is none.

    :raises Refused: it is something else, which a key would replace.
    """
    try:
        found = json.loads(content or "{}", parse_constant=_refuse_constant)
        json.dumps(found, allow_nan=False)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Refused(
            f"the secret {name} is not a JSON object, so it has no keys. It was not changed. Leave key out to store the "
            "value alone, or store a JSON object there first"
        )
    return found


def _content_of(answer: Mapping[str, Any]) -> str | bytes | None:
    content: str | bytes | None = answer.get("SecretString", answer.get("SecretBinary"))
    return content


def _refuse_constant(name: str) -> None:
    raise ValueError(name)
