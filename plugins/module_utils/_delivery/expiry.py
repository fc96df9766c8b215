# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When the credential of a destination ends, and what to tell the user of it. Pure. Private to this collection."""

from __future__ import annotations

import datetime

WARNED_BEFORE = datetime.timedelta(days=14)
# GitHub writes the zone by its name (UTC) or as an offset, GitLab a date alone.
_FORMATS = ("%Y-%m-%d %H:%M:%S %z", "%Y-%m-%d")


def end_in(text: str) -> datetime.datetime | None:
    """Return the moment that a service names as the end of a credential, none where it names none that can be read."""
    written = text.strip()
    if written.endswith((" UTC", " GMT")):
        written = f"{written[:-4]} +0000"
    for form in _FORMATS:
        try:
            end = datetime.datetime.strptime(written, form)  # noqa: DTZ007 - a date alone is taken for UTC below
        except ValueError:
            continue
        return end if end.tzinfo else end.replace(tzinfo=datetime.timezone.utc)
    return None


def warning_about(whose: str, end: datetime.datetime | None, now: datetime.datetime) -> str | None:
    """Return what to warn of, 14 days before a credential ends; none where there is time, or no end.

    :param whose: names the credential: its service, and the variable or key that it comes from.
    """
    if end is None or end - now > WARNED_BEFORE:
        return None
    return (
        f"{whose} ends on {end.astimezone(datetime.timezone.utc):%Y-%m-%d %H:%M} UTC. After that nothing can be delivered "
        "with it, so tokens are not rotated. Replace it before that day"
    )
