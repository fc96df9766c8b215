#!/usr/bin/python
# -*- coding: utf-8 -*-

# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: turso_delivery_aws
short_description: Internal module of the role turso_deliver, for AWS Secrets Manager
author:
  - The community.turso contributors (@community-turso)
description:
  - The role P(community.turso.turso_deliver#role) calls this module for its destination C(aws_secret). Use the role. It hides
    the results, and says what they mean.
  - It writes with one call, C(PutSecretValue). Resource policy, encryption key, tags, replicas, and other JSON keys stay.
  - It takes credentials and endpoint from the environment, as every program with boto3 does.
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
      - V(check) checks whether a value could be stored. V(put) makes it the current value. V(read) returns the current value,
        and needs C(no_log) on the task.
    type: str
    choices: [check, put, read]
    required: true
  name:
    description:
      - The name or ARN of the secret. It must exist.
    type: str
    required: true
  key:
    description:
      - The key in the JSON of the secret. Without it, the whole secret is the value.
    type: str
  value:
    description:
      - The value to store. Required if O(step=put).
    type: str
  region:
    description:
      - The region. The default is the region of the environment or the profile.
    type: str
  profile:
    description:
      - The profile in the configuration of AWS. The default is the profile of the environment.
    type: str
"""

EXAMPLES = r"""
- name: Check whether a value could be stored
  community.turso.turso_delivery_aws:
    step: check
    name: turso/ci-deploy
    region: eu-central-1
"""

RETURN = r"""
value:
  description: The current value, or V(null) if there is none.
  returned: for O(step=read)
  type: str
is_writing:
  description: Whether the value may have been stored in spite of the failure.
  returned: on failure
  type: bool
code:
  description: The error code of AWS or its library. V(null) if this module itself refuses.
  returned: on failure
  type: str
status:
  description: The HTTP status of AWS's answer. V(null) if there was no answer.
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
