# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When credentials end, and what GitHub's places, names and refusals are."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from ansible_collections.community.turso.plugins.module_utils._delivery import expiry, github
from ansible_collections.community.turso.plugins.module_utils._delivery.destinations import KINDS

UTC = datetime.timezone.utc
NOW = datetime.datetime(2026, 11, 30, 12, tzinfo=UTC)

ENDS = {
    "named zone": ("2026-12-10 12:00:00 UTC", datetime.datetime(2026, 12, 10, 12, tzinfo=UTC)),
    "offset": ("2026-12-10 12:00:00 +0200", datetime.datetime(2026, 12, 10, 10, tzinfo=UTC)),
    "a day": (" 2026-12-10 ", datetime.datetime(2026, 12, 10, tzinfo=UTC)),
    "none": ("", None),
    "another zone": ("2026-12-10 12:00:00 CEST", None),
    "words": ("never", None),
}


@pytest.mark.parametrize(("text", "end"), ENDS.values(), ids=ENDS)
def test_an_end_is_read_in_the_forms_that_services_write(text: str, end: datetime.datetime | None) -> None:
    assert expiry.end_in(text) == end


@pytest.mark.parametrize(
    ("days", "is_warned"), [(15, False), (14, True), (1, True), (-1, True)], ids=["time", "14 days", "a day", "over"]
)
def test_an_end_is_warned_about_14_days_before(days: int, is_warned: bool) -> None:
    said = expiry.warning_about("X", NOW + datetime.timedelta(days=days), NOW)
    assert (said is not None) is is_warned
    assert said is None or said.startswith("X ends on 2026-1")


def test_no_end_is_not_warned_about() -> None:
    assert expiry.warning_about("X", None, NOW) is None


OURS, THEIRS = ("GH_TOKEN", "GITHUB_TOKEN"), ("GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN")
SERVERS: dict[str, tuple[dict[str, str], str, tuple[str, ...]]] = {
    "nothing said": ({}, "https://api.github.com", OURS),
    "by the host of gh": ({"GH_HOST": "GitHub.com"}, "https://api.github.com", OURS),
    "a tenant": ({"GH_HOST": "acme.ghe.com"}, "https://api.acme.ghe.com", OURS),
    "a server of one's own": ({"GH_HOST": "git.acme.example/"}, "https://git.acme.example/api/v3", THEIRS),
    "what a workflow is told": (
        {"GITHUB_API_URL": "https://git.acme.example/api/v3/"},
        "https://git.acme.example/api/v3",
        OURS,
    ),
    "both": ({"GH_HOST": "github.com", "GITHUB_API_URL": "https://git.acme.example"}, "https://api.github.com", OURS),
}


@pytest.mark.parametrize(("settings", "api_url", "variables"), SERVERS.values(), ids=SERVERS)
def test_the_server_is_the_one_of_githubs_own_tools(
    settings: dict[str, str], api_url: str, variables: tuple[str, ...]
) -> None:
    assert github.server_of(settings) == github.Server(api_url, variables)


PLACES: dict[str, tuple[dict[str, Any], str, str]] = {
    "repository": (
        {"repository": "acme/app", "name": "token"},
        "repos/acme/app/actions/secrets/TOKEN",
        "repository acme/app",
    ),
    "environment": (
        {"repository": "acme/app", "environment": "eu/west 1", "name": "T"},
        "repos/acme/app/environments/eu%2Fwest%201/secrets/T",
        "environment eu/west 1 of repository acme/app",
    ),
    "organization": ({"organization": "acme", "name": "T"}, "orgs/acme/actions/secrets/T", "organization acme"),
    "odd": (
        {"repository": "a b/../c?d", "name": "T"},
        "repos/a%20b/../c%3Fd/actions/secrets/T",
        "repository a b/../c?d",
    ),
}


@pytest.mark.parametrize(("options", "path", "words"), PLACES.values(), ids=PLACES)
def test_a_place_has_a_path_and_words(options: dict[str, Any], path: str, words: str) -> None:
    place = github.place_of(options)
    assert (place.secret, place.words) == (path, words)


NAMES = {
    "TURSO_API_TOKEN": True,
    "turso": True,
    "_X1": True,
    "1X": False,
    "GITHUB_X": False,
    "github_x": False,
    "X-Y": False,
    "X Y": False,
    "": False,
    "X/../Y": False,
    "É": False,
}


@pytest.mark.parametrize(("name", "is_good"), NAMES.items())
def test_names_are_those_that_github_takes(name: str, is_good: bool) -> None:
    problem = KINDS["github_secret"].problem({"repository": "acme/app", "name": name})
    assert (problem is None) is is_good


PLACE = github.place_of({"repository": "acme/app", "name": "T"})
MEANINGS = {
    "rejected": (401, "m", "GitHub does not accept the credential of GH_TOKEN. Replace it (m)"),
    "no right": (
        403,
        "m",
        "the credential of GH_TOKEN lacks a permission. Grant for the repository the permission Secrets",
    ),
    "a workflow": (403, "Resource not accessible by integration", "the automatic token of a workflow can't write"),
    "not there": (404, "m", "GitHub shows no repository acme/app to the credential of GH_TOKEN"),
    "moved": (301, "m", "repository acme/app has moved or was renamed. Use its present name (m)"),
    "refused": (422, "m", "GitHub refused the value or the name (m)"),
    "no answer": (-1, "m", "GitHub does not answer as it should. Run this again later (m)"),
    "its trouble": (503, "m", "GitHub does not answer as it should. Run this again later (m)"),
    "nonsense": (200, None, "(its answer is not what its API promises)"),
}


@pytest.mark.parametrize(("status", "problem", "says"), MEANINGS.values(), ids=MEANINGS)
def test_a_refusal_says_what_it_means_and_what_to_do(status: int, problem: str | None, says: str) -> None:
    assert says in github.what_a_refusal_means(status, problem, PLACE, "GH_TOKEN")


AT = "Mon, 30 Nov 2026 12:00:10 GMT"
STAMPS = {
    "after the write": ("2026-11-30T12:00:11Z", AT, True),
    "clocks of one service": ("2026-11-30T12:00:05Z", AT, True),
    "before the write": ("2026-11-30T12:00:04Z", AT, False),
    "no date": ("2026-11-30T12:00:04Z", "", True),
    "nothing": ("", AT, False),
}


@pytest.mark.parametrize(("stamp", "answered", "is_fresh"), STAMPS.values(), ids=STAMPS)
def test_a_stamp_is_ours_where_it_is_not_older_than_our_write(stamp: str, answered: str, is_fresh: bool) -> None:
    assert github.is_fresh(stamp, answered) is is_fresh


def test_a_stamp_that_moved_on_is_no_receipt() -> None:
    assert github.receipt_problem("2026-11-30T12:00:00Z", "2026-11-30T12:00:00Z") is None
    said = github.receipt_problem("2026-11-30T12:00:00Z", "2026-11-30T12:00:09Z")
    assert said is not None
    assert "something else wrote it at 2026-11-30T12:00:09Z" in said


def test_narrower_places_are_those_whose_secret_is_used_instead() -> None:
    environments = github.environments_in(PLACE, [{"name": "a/b"}])
    assert [place.secret for place in environments] == ["repos/acme/app/environments/a%2Fb/secrets/T"]
    place = github.place_of({"organization": "acme", "name": "T"})
    repositories = [{"full_name": "acme/a", "private": True}, {"full_name": "acme/b", "private": False}]
    every = [found.words for found in github.readers_in(place, "all", repositories)]
    private = [found.words for found in github.readers_in(place, "private", repositories)]
    assert (every, private) == (["repository acme/a", "repository acme/b"], ["repository acme/a"])
    assert "has a secret T of its own" in github.hides("repository acme/a", place)


def test_an_organizations_secret_is_neither_made_nor_taken_away() -> None:
    place = github.place_of({"organization": "acme", "name": "T"})
    assert "gh secret set T --org acme" in github.not_there(place, "acme")
    assert "sees 1 of the 2 repositories" in github.sees_some("GH_TOKEN", 1, 2)
