# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to this collection: whether a token that appeared while our create's answer was lost can be what we asked for."""

from __future__ import annotations

import datetime

from ansible_collections.community.turso.plugins.module_utils._api.answers import Answer
from ansible_collections.community.turso.plugins.module_utils._api.model import Restriction, Token
from ansible_collections.community.turso.plugins.module_utils._token.decide import look_created_by_us

# By how much the API may date a creation before our request for it: the Date of its answers is in seconds, and takes a while to us.
DATE_IS_OFF = datetime.timedelta(seconds=2)


def looks_ours(found: Token, wanted: Restriction, answer: Answer, seconds_ago: float) -> bool:
    """Tell whether a token has what we asked for, and was not made before that, as far as its id and the answer tell.

    :param answer: with the list that shows it. Without a date in it, our clock and the API's cannot be compared.
    :param seconds_ago: since when we ask. A rate limit may have kept us waiting before, while another process made the token.
    """
    asked_at = answer.moment - datetime.timedelta(seconds=seconds_ago) - DATE_IS_OFF
    is_older = answer.is_dated and found.issued_at is not None and found.issued_at < asked_at
    return not is_older and look_created_by_us(found, wanted, answer.moment)
