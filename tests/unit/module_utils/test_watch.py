# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is watched over ends in time, and what is over is left alone."""

from __future__ import annotations

import threading
import time

from ansible_collections.community.turso.plugins.module_utils._api.watch import Watch


def test_what_takes_too_long_is_given_up_once_and_each_at_its_own_time() -> None:
    watch = Watch(0.2)
    given_up: list[tuple[str, float]] = []
    began = time.monotonic()

    def wait(name: str) -> None:
        ended = threading.Event()

        def give_up() -> None:
            given_up.append((name, time.monotonic() - began))
            ended.set()

        with watch.over(give_up):
            ended.wait(5)
            time.sleep(0.05)

    threads = [threading.Thread(target=wait, args=(name,)) for name in ("first", "second")]
    for thread in threads:
        thread.start()
        time.sleep(0.1)
    for thread in threads:
        thread.join()
    assert [name for name, _at in given_up] == ["first", "second"]
    assert 0.2 <= given_up[0][1] < given_up[1][1]
    assert given_up[1][1] - given_up[0][1] > 0.05


def test_what_is_over_is_not_given_up_even_behind_what_takes_long() -> None:
    watch = Watch(0.1)
    given_up: list[str] = []
    with watch.over(lambda: given_up.append("long")):
        with watch.over(lambda: given_up.append("short")):
            pass
        time.sleep(0.3)
    assert given_up == ["long"]


def test_one_thread_serves_all_and_ends_with_them() -> None:
    watch = Watch(60)
    before = set(threading.enumerate())  # those of other tests may end meanwhile
    for _ in range(10):
        with watch.over(lambda: None):
            (serving,) = set(threading.enumerate()) - before
    serving.join(10)
    assert not serving.is_alive()
    with watch.over(lambda: None):
        assert set(threading.enumerate()) - before
