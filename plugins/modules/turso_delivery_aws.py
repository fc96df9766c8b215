#!/usr/bin/python
# -*- coding: utf-8 -*-

# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: turso_delivery_aws
short_description: Put a value into a secret of AWS Secrets Manager, for the role turso_deliver
version_added: 0.1.0
author:
  - The community.turso contributors (@community-turso)
description:
  - The hands of the destination C(aws_secret) of the role P(community.turso.turso_deliver#role). Use the role, which hides the
    results and says what they mean.
  - It writes with one call, C(PutSecretValue). Resource policy, encryption key, tags, replicas and other JSON keys stay.
  - Credentials and endpoint come from the environment, as for every program that uses boto3.
extends_documentation_fragment:
  - community.turso.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
requirements:
  - python >= 3.9
  - boto3
options:
  step:
    description:
      - V(check) says whether a value could be put. V(put) makes it the current one. V(read) returns what is there, and only to a task
        with C(no_log).
    type: str
    choices: [check, put, read]
    required: true
  name:
    description:
      - The name or ARN of the secret. It has to exist.
    type: str
    required: true
  key:
    description:
      - The key in the JSON of the secret. Left out, the secret is the value.
    type: str
  value:
    description:
      - What is put. Needed by O(step=put).
    type: str
  region:
    description:
      - The region. Left out, as the environment or the profile says.
    type: str
  profile:
    description:
      - The profile in the configuration of AWS. Left out, as the environment says.
    type: str
"""

EXAMPLES = r"""
- name: Say whether a value could be put
  community.turso.turso_delivery_aws:
    step: check
    name: turso/ci-deploy
    region: eu-central-1
"""

RETURN = r"""
value:
  description: What is there now, null where nothing is.
  returned: for O(step=read)
  type: str
is_writing:
  description: Whether a value may have been stored all the same.
  returned: on failure
  type: bool
code:
  description: What AWS or its library calls the failure. Null where this module itself refuses.
  returned: on failure
  type: str
status:
  description: The HTTP status that AWS answered. Null where it answered nothing.
  returned: on failure
  type: int
"""

import traceback
from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

try:
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:
    BOTO3_IMPORT_ERROR: str | None = traceback.format_exc()

    class BotoCoreError(Exception):  # type: ignore[no-redef]
        """Stands for what the library would raise, so that it can be named."""

    class ClientError(Exception):  # type: ignore[no-redef]
        """Stands for what the library would raise, so that it can be named."""
else:
    BOTO3_IMPORT_ERROR = None

from ansible_collections.community.turso.plugins.module_utils._delivery.aws_secret import Secret
from ansible_collections.community.turso.plugins.module_utils._errors import Refused


def run(secret: Secret, params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    """Carry out one step; the result may hold the value."""
    if params["step"] == "read":
        return {"changed": False, "value": secret.value()}
    if params["step"] == "check" or check_mode:
        secret.check()
        return {"changed": False}
    return {"changed": secret.put(params["value"])}


def failure_of(exc: Exception) -> dict[str, Any]:
    """Return what a failure of the library says; it holds no secret."""
    answer = getattr(exc, "response", {})
    code = answer.get("Error", {}).get("Code", type(exc).__name__)
    return {"msg": str(exc), "code": code, "status": answer.get("ResponseMetadata", {}).get("HTTPStatusCode")}


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "step": {"type": "str", "choices": ["check", "put", "read"], "required": True},
            "name": {"type": "str", "required": True},
            "key": {"type": "str", "no_log": False},
            "value": {"type": "str", "no_log": True},
            "region": {"type": "str"},
            "profile": {"type": "str"},
        },
        required_if=[("step", "put", ["value"])],
        supports_check_mode=True,
    )
    if module.params["step"] == "read" and not module.no_log:
        module.fail_json(msg="step=read returns a secret. Set no_log: true", is_writing=False, code=None, status=None)
    if BOTO3_IMPORT_ERROR is not None:
        missing = missing_required_lib("boto3")
        module.fail_json(msg=missing, exception=BOTO3_IMPORT_ERROR, is_writing=False, code=None, status=None)
    secret = None
    try:
        session = boto3.session.Session(region_name=module.params["region"], profile_name=module.params["profile"])
        secret = Secret(session.client("secretsmanager"), module.params["name"], module.params["key"])
        result = run(secret, module.params, module.check_mode)
    except Refused as exc:
        module.fail_json(msg=exc.msg, is_writing=False, code=None, status=None)
    except (BotoCoreError, ClientError) as exc:
        module.fail_json(is_writing=secret is not None and secret.is_writing, **failure_of(exc))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
