# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The server's clock: it drives the ``Date`` header, ``created_at`` and expiry, and tests may move it."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone


class Clock:
    """The real time plus an offset, or one fixed instant. Always in UTC."""

    def __init__(self, frozen_at: datetime | None = None) -> None:
        self._offset = timedelta()
        self._frozen: datetime | None = None
        if frozen_at is not None:
            self.freeze(frozen_at)

    def now(self) -> datetime:
        return self._frozen if self._frozen is not None else datetime.now(timezone.utc) + self._offset

    def advance(self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0) -> None:
        """Move the clock, back with negative values. A running clock keeps running."""
        step = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        if self._frozen is None:
            self._offset += step
        else:
            self._frozen += step

    def freeze(self, instant: datetime) -> None:
        """Stop at `instant`, which must carry its time zone."""
        if instant.tzinfo is None:
            raise ValueError(f"{instant!r} has no time zone")
        self._frozen = instant.astimezone(timezone.utc)
