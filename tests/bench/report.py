# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page that the measurements are put into."""

from __future__ import annotations

REPORT = """\
<!--
Copyright (c) 2026 the community.turso contributors
GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
SPDX-License-Identifier: GPL-3.0-or-later
-->

# Performance

Made by `make bench`; do not edit. Machine: {machine}; load {load} meanwhile.

The API is the simulator, with a latency added to every request. Times are of whole runs of `ansible-playbook`: by the clock, and of
the processors (user and system time of everything that it starts). Both sides take turns in one run, so the ratios count. Where the
load is above the number of cores, the clock shows the load too, and the processor time is what to compare.

![Seconds to rotate 1 to 1,000 tokens with the role and with uri, on a logarithmic scale]({picture})

## A rotation: the role against the same job with ansible.builtin.uri

The job is to list, to create a new token for every one that is older than 90 days, to try its value, and to revoke the old one.
The role also plans, verifies by a list, waits for the confirmation of the play, and reports.

The floor is what no implementation can go below: requests x latency / requests under way at once (8, or the number of
tokens), and an `ansible-playbook` that does nothing. Peak memory is that of the largest process.

{head}
{rows}

## Where the time of one token goes

| part | processor time |
|---|---|
{parts}

A rotation runs its module twice: to issue, and to commit after the confirmation of the play. That cannot be one run, because the
delivery happens between the two. Ansible packs a module and what it imports into an archive, starts Python, and compiles what is
imported, each time; nothing of that is kept between runs. So one token cannot be rotated in less than an `ansible-playbook` that
does nothing and two tasks with a module. The job with `uri` has four tasks with a smaller module. What the role takes beyond that is
the larger module, which imports the plan, the state file and the client, and some twenty tasks without a module.

## A day on which nothing is due

The role with so many entries, against an `ansible-playbook` that does nothing.

| entries | role | processor | nothing | processor | role / nothing | by processor |
|---|---|---|---|---|---|---|
{quiet}

The list of the tokens is read by a run of the module, and one task with a module nearly doubles what an `ansible-playbook` that does
nothing takes (see above). The rest grows with the entries: Ansible validates them, hands them to the module, and reads its report.

## The plan

{plan}

## Imports

What each import adds to those above it, from compiled files. Every module of Ansible pays for the first one, and compiles all of
them anew.

| import | processor time |
|---|---|
{imports}
"""
