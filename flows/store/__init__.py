"""DVC, for one coordinator: the only package that imports it.

`dvc repro` brings a stage up to date in one long call: check, delete outputs, try the run-cache, hash the deps,
*unlock*, run, *lock*, hash, save to the run-cache, commit to the cache, write dvc.lock. Here that call is cut where DVC
unlocks: `Store.begin` is all before the command, `Store.finish` all after it, each short and under one lock; many
commands run between them. While a command runs, its files stand in DVC's own rwlock, so that a `dvc repro` beside keeps
away.

Follows dvc 3.67.1: stage/__init__.py (`reproduce`, `run`, `save`), stage/run.py, stage/cache.py, repo/reproduce.py,
rwlock.py. Departures: deps are looked for before outputs are deleted; deps are compared after the command; dvc.lock is
replaced by rename, one stage's text at a time.

    project.py      one open project: its lock, its graph, its stages as dvc.lock knows them now
    checks.py       what is up to date, what is not and why, what the doctor asks
    recording.py    run-cache, cache, dvc.lock
    store.py        a stage's way through a run: begin, finish, abandon
    begun.py        what `Store.begin` came to
    claims.py       who is making and reading which file, in DVC's rwlock
    differences.py  how a stage differs from its record
    params.py       params files, read once for all stages
    complaints.py   DVC's errors as messages
"""

from flows.store.begun import Begun
from flows.store.claims import Busy
from flows.store.differences import Change
from flows.store.store import Store

__all__ = ["Begun", "Busy", "Change", "Store"]
