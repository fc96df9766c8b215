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

![Seconds to rotate tokens with the role and with uri, on a logarithmic scale]({picture})

## A rotation: the role against the same job with ansible.builtin.uri

The job is to list, to create a new token for every one that is older than 90 days, to try its value, and to revoke the old one.
The role also plans, verifies by a list, waits for the confirmation of the play, and reports.

The floor is what no implementation can go below: requests x latency / requests under way at once (8, or the number of
tokens), and an `ansible-playbook` that does nothing. Peak memory is that of the largest process.

{head}
{rows}

## SQL tokens

The same job for SQL tokens, each for a database of its own, against as many API tokens; 20 ms a request. A SQL token is minted and
tried on its database. An API token is created and tried, and the old one is revoked. The difference is connections: every trial of a
SQL token has one of its own to the database, which is also asked before the first token of an entry whether it can be reached.

| tokens | SQL | processor | requests | peak | API | processor | requests | peak | SQL / API | by processor |
|---|---|---|---|---|---|---|---|---|---|---|
{sql}

## A day on which nothing is due

The role with so many entries, against an `ansible-playbook` that does nothing.

| entries | role | processor | nothing | processor | role / nothing | by processor |
|---|---|---|---|---|---|---|
{quiet}

## Where the processor time goes

What Ansible takes for what a rotation is made of:

| part | processor time |
|---|---|
{parts}

A run of the role, process by process. One token and {many} are rotated: issued, confirmed by the play, and the old ones revoked. Of
{many} entries nothing is due. {audited} tokens are audited, with the report in JSON and the page.

| part | one token | {many} tokens | nothing due of {many} | audit of {audited} |
|---|---|---|---|---|
{profile}

- **Nothing** is the floor of every run. A start of Ansible, before its first task, is no work of the role's.
- **Importing** is the largest part of a small run. Ansible's loader of collections keeps no compiled files: each run compiles the code
  from its sources, once, in the playbook's own process. The module runs in a fork of that process, which has it all
  ([decision 18](decisions/0018-the-rotation-runs-in-a-fork.md)). Packed and started by Ansible, as modules are, it would be compiled three
  times a run.
- **Tasks** cost what Ansible needs to start a process for each and to render its arguments, whether it does anything or is skipped. The
  job with `uri` has five, four of them with a module.
- **Entries** are read from YAML, checked by Ansible against the role's argument spec, copied for the task that issues, and come back as
  a report, one item for each token. Ansible renders and copies such a list each time that a task names it. So the report passes as
  one text, as everything else does, until a fact is made of it: the list of entries and that fact are the role's interface. Given as
  parameters of the role and not in a variable, the entries are rendered once more, to be checked.
- **Requests** take one to two milliseconds each, nearly all of it in the libraries requests and urllib3, and Python's threads take
  turns at that. So many requests of 20 ms stay above their floor, and those of 100 ms come close to it.
- **Waiting** costs a little, too: while a task runs, the playbook's own process looks a thousand times a second whether it is done.

One token can therefore hardly take less than 0.6 times the time of `uri`: starting Ansible and importing the code are more than half of
the run, and much of the rest are the tasks that confirm and record, which the job with `uri` leaves out.

A day on which nothing is due can neither be as quick as 1.5 times a playbook that does nothing. Starting Ansible and importing
the code come to about that much before the first entry is read. Reading the entries, checking them, and setting the fact is Ansible's
own work, and more than all that the role does with them: refuse, ask, plan, and report.

## The plan

{plan}

## The audit

The role `turso_audit`, with its report in JSON and its page, by processor time.

| tokens | audit | nothing | audit / nothing | peak |
|---|---|---|---|---|
{audit}

The steps of the role are reading the list, judging, and writing both files. From ansible-core 2.21 on an action registers the report
itself. ansible-core 2.19 and 2.20 render what a task registers, value by value, which takes about as long as all the rest.

## Imports

What each import adds to those above it, from compiled files. A module that Ansible packs pays for the first one, and compiles all of
them anew.

| import | processor time |
|---|---|
{imports}
"""
