"""Cores, memory, GPUs and mutexes: granted while they fit, and gone with their holder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from doors import HOUSE, Project

from flows import resources
from flows.dag import Stage
from flows.errors import Refused
from flows.meta import Meta
from flows.resources import Ledger, Machine


def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "project", tmp_path / "claims", Machine(4, 8 * 2**30, ("0", "1")))


def test_claims_are_granted_while_they_fit(tmp_path: Path):
    book = ledger(tmp_path)
    first = book.claim("a", Meta(cores=3))
    assert first
    assert book.claim("b", Meta(cores=2)) is None
    small = book.claim("c", Meta(cores=1))
    assert small
    first.release()
    second = book.claim("b", Meta(cores=2))
    third = book.claim("d", Meta(memory=6 * 2**30))
    assert second
    assert third
    assert book.claim("e", Meta(memory=3 * 2**30)) is None


def test_each_gpu_has_one_holder_and_the_command_sees_no_other(tmp_path: Path):
    book = ledger(tmp_path)
    one, two = book.claim("a", Meta(gpus=1)), book.claim("b", Meta(gpus=1))
    assert one.env() == {"CUDA_VISIBLE_DEVICES": "0"}
    assert two.env() == {"CUDA_VISIBLE_DEVICES": "1"}
    assert book.claim("c", Meta(gpus=1)) is None
    one.release()
    assert book.claim("c", Meta(gpus=1)).gpus == ("0",)


def test_a_mutex_counts_within_its_project(tmp_path: Path):
    here = ledger(tmp_path)
    there = Ledger(tmp_path / "other", tmp_path / "claims", here.have)
    held = here.claim("a", Meta(mutex=("disk",)))
    assert here.claim("b", Meta(mutex=("disk", "net"))) is None
    assert there.claim("b", Meta(mutex=("disk",)))
    held.release()


def test_a_claim_dies_with_its_holder(tmp_path: Path):
    program = (
        "import sys, time; from pathlib import Path; from flows.resources import *; from flows.meta import Meta\n"
        "claim = Ledger(Path('p'), Path(sys.argv[1]), Machine(4, 1, ('0',))).claim('a', Meta(gpus=1))\n"
        "print(claim.gpus, flush=True); time.sleep(60)"
    )
    book = Ledger(Path("p"), tmp_path / "claims", Machine(4, 1, ("0",)))
    holder = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "claims")], stdout=subprocess.PIPE, cwd=HOUSE
    )
    assert holder.stdout.readline()
    assert book.claim("b", Meta(gpus=1)) is None
    holder.kill()
    holder.wait()
    assert book.claim("b", Meta(gpus=1)).gpus == ("0",)
    assert len(list((tmp_path / "claims").glob("*.claim"))) == 1


def test_what_can_never_be_granted_is_refused_at_once(tmp_path: Path):
    book = ledger(tmp_path)
    with pytest.raises(Refused) as caught:
        book.check({"a": Stage("a"), "b": Stage("b")}, {"a": Meta(cores=5), "b": Meta(gpus=3, memory=2**40)})
    assert "stage 'a' claims 5 cores; this machine has 4" in str(caught.value)
    assert "stage 'b' claims 3 GPUs; this machine has 2" in str(caught.value)
    assert "1024.0 GiB" in str(caught.value)


def test_a_mutex_keeps_stages_apart_in_a_run(project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Each of three would see another's mark, were they to overlap."""
    monkeypatch.setattr(resources.tempfile, "gettempdir", lambda: str(tmp_path))
    project.stages(
        **{
            f"s{i}": {
                "cmd": f"mkdir ../alone && sleep 0.2 && rmdir ../alone && echo > o{i}",
                "outs": [f"o{i}"],
                "meta": {"mutex": "disk"},
            }
            for i in range(3)
        }
    )
    assert {o.state for o in project.engine(jobs=3).values()} == {"ran"}
