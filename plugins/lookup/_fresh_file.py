from __future__ import annotations

DOCUMENTATION = r"""
name: _fresh_file
short_description: tmp
author: [x (@x)]
description: [tmp]
options:
  _terms:
    description: p
    required: true
"""
from ansible.plugins.lookup import LookupBase


class LookupModule(LookupBase):
    def run(self, terms, variables=None, **kwargs):
        for path in terms:
            if path:
                self._loader._FILE_CACHE.pop(path, None)
        return [False]
