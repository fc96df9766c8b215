# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The text format of Prometheus, as a textfile collector reads it: pure. Private to this collection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

FILE_MODE = 0o644  # of a new file: the collector is another user
_ESCAPED = {"\\": r"\\", '"': r"\"", "\n": r"\n"}


def gauge(metric: str, meaning: str, samples: Iterable[tuple[Mapping[str, str], float]]) -> str:
    """Return the lines of a metric.

    :param samples: labels and values.
    """
    lines = [f"# HELP {metric} {meaning}", f"# TYPE {metric} gauge"]
    lines += [f"{metric}{_labels(labels)} {value:.10g}" for labels, value in samples]
    return "".join(f"{line}\n" for line in lines)


def _labels(labels: Mapping[str, str]) -> str:
    shown = ",".join(f'{label}="{_escaped(value)}"' for label, value in labels.items())
    return f"{{{shown}}}" if shown else ""


def _escaped(value: str) -> str:
    return "".join(_ESCAPED.get(character, character) for character in value)
