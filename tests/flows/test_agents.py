"""Stages made by agents: the same result as here, of exactly what was asked for, published once. Without Prefect."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest
from doors import Project
from town import Town, git, local_lock, two_branches

from flows.agents.order import Made, Order
from flows.agents.source import without_credentials
from flows.errors import Refused, StageFailed
from flows.store import Store, remote


def states(outcomes) -> dict[str, str]:
    return {name: outcome.state for name, outcome in outcomes.items()}


def test_an_agents_result_leaves_the_lock_of_a_local_run(town: Town, twin: Project, monkeypatch):
    two_branches(town.project)
    town.commit()
    assert set(states(town.run()).values()) == {"ran"}
    assert town.log() == ["far agent", "meet here", "near here", "src here"]
    assert town.project.stale() == {}
    assert town.project.dvc() == []

    assert town.project.lock() == local_lock(twin, town.base / "ran-2", monkeypatch)
    made = town.exited("far")
    assert made["pool"] == "away"
    assert made["seconds"] > 0
    assert made["environment"]["python"].startswith("3.")
    assert list((town.home / "work").iterdir()) == []


def test_exactly_the_inputs_travel(town: Town):
    """parts/b is not read by far: the agent's folder listing has parts/a alone, and the remote gets no other file."""
    two_branches(town.project)
    town.commit()
    town.run("far")
    log = (town.project.root / ".headwater" / "logs" / "far.log").read_text()
    words = {line.split()[-1] for line in log.splitlines()}  # far ends with `ls parts`
    assert "a" in words
    assert "b" not in words
    stored = {path.read_text() for path in (town.remote / "files").rglob("*") if path.is_file()}
    assert "unread\n" not in stored
    assert any("seed" in text and "knob" in text for text in stored)


def test_what_an_agent_published_for_a_coordinator_that_died_is_taken_without_another(town: Town):
    two_branches(town.project)
    town.commit()

    def dies(order, pool, line, sent):
        town.send(order, pool, line, sent)
        raise StageFailed("the coordinator died here")

    assert states(town.run("far", send=dies))["far"] == "failed"
    assert states(town.run("far", send=None))["far"] == "restored"
    assert town.log() == ["far agent", "src here"]
    assert town.project.dvc(targets=["far"]) == []


def test_a_late_agent_cannot_replace_what_a_newer_attempt_gave(town: Town):
    """Two agents of one stage with different bytes: the run records the one that it waited for, whoever is last."""
    two_branches(town.project)
    path = town.project.root / "dvc.yaml"
    path.write_text(path.read_text().replace("cat parts/a params.yaml > far.txt", "cat $CLOCK > far.txt"))
    town.commit()
    clock = town.base / "clock"
    town.env["CLOCK"] = str(clock)

    def late_after_new(order: Order, pool, line, sent) -> Made:
        clock.write_text("new\n")
        new = town.send(order, pool, line, sent)
        shutil.rmtree(town.home)  # another machine
        clock.write_text("late\n")
        late = town.send(order, pool, line, sent)
        assert late.value != new.value
        again = replace(late, seconds=0.0, cpu_seconds=0.0, peak_bytes=0, environment={})
        assert town.send(order, pool, line, sent) == again
        return new

    assert states(town.run("far", send=late_after_new))["far"] == "ran"
    assert (town.project.root / "far.txt").read_text() == "new\n"
    assert town.project.dvc(targets=["far"]) == []
    (runs,) = {path.parent for path in (town.remote / "runs").rglob("*") if path.is_file()}
    assert len(list(runs.iterdir())) == 2  # both are there, nothing was overwritten


def test_a_damaged_or_foreign_result_is_not_taken(town: Town):
    two_branches(town.project)
    town.commit()

    def damages(order: Order, pool, line, sent) -> Made:
        made = town.send(order, pool, line, sent)
        entry = next(path for path in (town.remote / "runs").rglob(made.value))
        entry.write_text(entry.read_text().replace("far.txt", "foo.txt"))
        return made

    found = town.run("far", send=damages)["far"]
    assert found.state == "failed"
    assert "is damaged or of another stage; it was not taken" in found.message
    assert "far" not in town.project.lock()["stages"]


def test_a_dirty_tree_is_refused_and_outputs_are_not_dirt(town: Town):
    two_branches(town.project)
    town.commit()
    town.run()
    git(town.project.root, "add", "dvc.lock")
    git(town.project.root, "commit", "--quiet", "-m", "lock")
    town.project.write(params__yaml="knob: 5\n")
    with pytest.raises(Refused, match=r"agents work on a commit, and params.yaml changed since the last"):
        town.run()
    town.commit()
    assert states(town.run())["far"] == "ran"


def test_a_commit_that_was_not_pushed_is_named(town: Town):
    two_branches(town.project)
    town.commit()
    git(town.project.root, "commit", "--quiet", "--allow-empty", "-m", "kept to myself")
    assert "`git push` it first" in town.run("far")["far"].message


def test_what_differs_at_the_agent_is_named_and_nothing_runs(town: Town):
    """seed.txt reaches only a stage that git's ignored files feed."""
    two_branches(town.project)
    (town.project.root / ".gitignore").open("a").write("/code.py\n")
    town.commit()
    found = town.run("far")["far"]
    assert "needs code.py, which is not there" in found.message
    assert town.log() == ["src here"]
    git(town.project.root, "add", "--force", "code.py")
    town.commit()
    git(town.project.root, "update-index", "--assume-unchanged", "code.py")
    town.project.write(code__py="print('edited')\n")
    assert "code.py at commit" in town.run("far")["far"].message
    assert town.log() == ["src here"]


def test_a_stage_whose_result_cannot_travel_is_refused_before_anything_runs(town: Town):
    two_branches(town.project)
    path = town.project.root / "dvc.yaml"
    path.write_text(path.read_text().replace("- n.json", "- n.json:\n        cache: false"))
    town.commit()
    with pytest.raises(
        Refused, match=r"'far' is meant for the work pool 'away', but its output n.json is `cache: false`"
    ):
        town.run()
    assert town.log() == []


def test_a_failed_command_is_told_with_its_last_lines(town: Town):
    two_branches(town.project)
    path = town.project.root / "dvc.yaml"
    path.write_text(path.read_text().replace("ls parts", "echo oh dear; exit 3"))
    town.commit()
    found = town.run("far")["far"]
    assert found.state == "failed"
    assert "exit code 3" in found.message
    assert "oh dear" in found.message
    assert not list((town.remote / "runs").rglob("*"))


def test_a_planted_secret_stays_out_of_logs_journal_and_messages(town: Town, monkeypatch):
    two_branches(town.project)
    path = town.project.root / "dvc.yaml"
    path.write_text(path.read_text().replace("ls parts", "env; exit 3"))
    town.commit()
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "pl4nted-in-the-environment")
    (town.project.root / ".dvc" / "config.local").write_text(
        "['remote \"other\"']\n    url = ssh://host/x\n    password = pl4nted-in-the-settings\n"
    )
    town.env |= {"AWS_SECRET_ACCESS_KEY": "pl4nted-in-the-environment", "PLAIN": "pl4nted-in-the-settings"}
    orders: list[Order] = []

    def keep(order: Order, *rest) -> Made:
        orders.append(order)
        return town.send(order, *rest)

    found = town.run("far", send=keep)["far"]
    assert found.state == "failed"
    assert "AWS_SECRET_ACCESS_KEY=***" in (town.project.root / ".headwater" / "logs" / "far.log").read_text()
    assert "pl4nted" not in found.message + repr(found.tail) + json.dumps(vars(orders[0]))
    for file in (town.project.root / ".headwater").rglob("*"):
        assert not file.is_file() or b"pl4nted" not in file.read_bytes(), file


def test_credentials_are_cut_from_the_address_of_the_repository(town: Town):
    two_branches(town.project)
    git(town.project.root, "remote", "set-url", "origin", "https://me:planted@git.example.org/x.git")
    git(town.project.root, "add", "--all")
    git(town.project.root, "commit", "--quiet", "-m", "x")
    orders: list[Order] = []

    def keep(order: Order, *rest) -> Made:
        orders.append(order)
        raise StageFailed("enough")

    town.run("far", send=keep)
    assert orders[0].repository == "https://git.example.org/x.git"
    assert "planted" not in json.dumps(vars(orders[0]))
    assert without_credentials("/a/b.git") == "/a/b.git"


def test_a_result_is_asked_for_by_the_key_that_dvc_itself_computes(town: Town):
    """What `dvc repro` saves in its run-cache is found under our fingerprint, and the other way round."""
    two_branches(town.project)
    town.commit()
    town.project.dvc(targets=["far"])
    store = Store(town.project.root)
    try:
        store.graph()
        key, deps = remote.fingerprint(store, "far")
    finally:
        store.close()
    assert (town.project.root / ".dvc" / "cache" / "runs" / key[:2] / key).is_dir()
    assert deps["params.yaml"] == {"knob": 1}
