"""A command's whole process group: lines out, limits kept, nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from flows import process
from flows.errors import StageFailed, Stopped
from flows.group import end_group
from flows.guard import Guard


def sh(*commands: str, **limits):
    lines: list[str] = []
    usage = process.run(
        [["/bin/sh", "-c", c] for c in commands],
        cwd="/",
        env=dict(os.environ),
        hooks=process.Hooks(lines.append),
        limits=process.Limits(**limits),
    )
    return lines, usage


def gone(pid: int, seconds: float = 5.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.02)
    return False


def test_lines_of_both_streams_in_order_with_the_last_one_unended():
    assert sh("echo a; echo b >&2; printf 'c\\r50%%\\r100%%\\nlast'")[0] == ["a", "b", "100%", "last"]


def test_a_long_output_is_not_lost():
    lines, _ = sh(f"{sys.executable} -c \"print('x' * 70000); [print(i) for i in range(20000)]\"")
    assert len(lines) == 20001
    assert len(lines[0]) == 70000
    assert lines[-1] == "19999"


def test_commands_run_one_after_another_until_one_fails(tmp_path: Path):
    with pytest.raises(StageFailed, match="exit code 7"):
        sh(f"echo 1 > {tmp_path}/a", "exit 7", f"echo 2 > {tmp_path}/b")
    assert (tmp_path / "a").exists()
    assert not (tmp_path / "b").exists()


def test_python_in_a_command_is_this_one():
    lines, _ = sh('python -c "import sys; print(sys.prefix)"')
    assert lines == [sys.prefix]


def test_a_timeout_ends_the_whole_group(tmp_path: Path):
    begun = time.monotonic()
    with pytest.raises(StageFailed, match=r"past its timeout of 0.5 s"):
        sh(f"sleep 60 & echo $! > {tmp_path}/pid; wait", timeout=0.5)
    assert time.monotonic() - begun < 3
    assert gone(int((tmp_path / "pid").read_text()))


def test_no_shell_of_an_ended_group_goes_on_to_its_next_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """As one would that got its signal after the command it waits for."""
    send = psutil.Process.send_signal
    monkeypatch.setattr(psutil.Process, "send_signal", lambda *given: (send(*given), time.sleep(0.2)))
    (tmp_path / "nest.sh").write_text("[ $1 = 0 ] && sleep 60 || sh nest.sh $(($1 - 1)); echo >> went-on")
    shells = 4
    outer = subprocess.Popen(["sh", "nest.sh", str(shells)], cwd=tmp_path, start_new_session=True)
    while len(psutil.Process(outer.pid).children(recursive=True)) <= shells:
        time.sleep(0.02)
    end_group(outer.pid)
    outer.wait()
    assert not (tmp_path / "went-on").exists()


def test_who_ignores_term_is_killed_after_the_grace(tmp_path: Path):
    program = (
        "import os, signal, time; signal.signal(15, signal.SIG_IGN); "
        f"open('{tmp_path}/pid', 'w').write(str(os.getpid())); time.sleep(60)"
    )
    begun = time.monotonic()
    with pytest.raises(StageFailed):
        sh(f'{sys.executable} -c "{program}"', timeout=0.7, grace=0.5)
    assert time.monotonic() - begun < 4
    assert gone(int((tmp_path / "pid").read_text()))


def test_the_stop_flag_ends_it_and_is_no_failure(tmp_path: Path):
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    with pytest.raises(Stopped):
        sh("sleep 60", stop=stop)


def test_what_a_command_leaves_in_the_background_is_ended(tmp_path: Path):
    begun = time.monotonic()
    sh(f"sleep 60 & echo $! > {tmp_path}/pid")
    assert time.monotonic() - begun < 5
    assert gone(int((tmp_path / "pid").read_text()))


def test_a_signal_is_told_by_its_name():
    with pytest.raises(StageFailed, match="SIGKILL"):
        sh("kill -9 $$")


def test_a_command_that_cannot_start_says_so():
    with pytest.raises(StageFailed, match="cannot start '/no/shell'"):
        process.run([["/no/shell", "-c", "x"]], cwd="/", env={})


def test_usage_counts_cpu_seconds():
    _, usage = sh(f'{sys.executable} -c "sum(range(10**7))"')
    assert usage.cpu_seconds > 0.05
    assert usage.seconds > 0.05


def test_when_the_run_is_killed_outright_the_guard_ends_its_commands(tmp_path: Path):
    program = f"""
import os, sys
from flows import process
from flows.guard import Guard
guard = Guard(grace=1.0)
process.run([["/bin/sh", "-c", "sleep 60 & echo $! > {tmp_path}/pid; wait"]], cwd="/", env=dict(os.environ),
            hooks=process.Hooks(started=guard.add, ended=guard.remove))
"""
    run = subprocess.Popen([sys.executable, "-c", program], cwd=Path(__file__).parents[2])
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
        assert run.poll() is None
        time.sleep(0.02)
    run.send_signal(signal.SIGKILL)
    run.wait()
    assert gone(int((tmp_path / "pid").read_text()))


def test_a_guard_leaves_alone_what_has_ended_well():
    other = subprocess.Popen(["sleep", "60"], start_new_session=True)
    try:
        guard = Guard()
        guard.add(other.pid)
        guard.remove(other.pid)
        guard.close()
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()
