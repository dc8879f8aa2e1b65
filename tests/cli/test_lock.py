"""Two runs on one folder of results do not mix: real processes, one of them stopped, killed, or just about to end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from ran import Run

from sitewatch.archive import held
from sitewatch.errors import OutputError
from sitewatch.watch import _results as room
from sitewatch.watch import hold_output

WATCH = "import sys; from sitewatch.cli import main; sys.exit(main())"
HOLD = """
import sys
from pathlib import Path
from sitewatch.watch import hold_output
with hold_output(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""


def is_held(out: Path) -> bool:
    try:
        with held(out / ".lock"):
            return False
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def holder(out: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the folder until it is sent a line."""
    command = [sys.executable, "-c", HOLD, str(out)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_second_run_is_refused_while_the_first_works_and_goes_on_when_that_is_killed(
    run: Run, made_world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "_PATIENCE_S", 0.5)
    out = tmp_path / "plant"
    arguments = ("watch", made_world / "site.geojson", "--images", made_world / "images", "--out", out, "--quiet")
    with subprocess.Popen([sys.executable, "-c", WATCH, *map(str, arguments)]) as first:
        try:
            while not is_held(out):
                assert first.poll() is None
                time.sleep(0.05)
            os.kill(first.pid, signal.SIGSTOP)  # in the middle of its work, and no faster than this test
            _, status = os.waitpid(first.pid, os.WUNTRACED)  # its threads stand still a little after the signal
            assert os.WIFSTOPPED(status)
            assert not (out / "looks.geojson").exists()
            before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
            for command in (arguments, ("report", out, "--quiet")):
                ran = run(*command)
                assert ran.code == 1
                assert " ".join(ran.err.split()) == (
                    f"error: {out}: another run is writing into this folder; wait until it has ended, or choose "
                    "another --out"
                )
            assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == before
        finally:
            first.kill()
    ran = run(*arguments)
    assert ran.code == 0
    assert (out / "looks.geojson").exists()


def test_a_run_waits_for_one_that_is_about_to_end(tmp_path: Path) -> None:
    with holder(tmp_path) as first:
        assert first.stdin is not None
        with subprocess.Popen(
            [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as second:
            time.sleep(1.0)
            assert second.poll() is None
            first.stdin.write("\n")
            first.stdin.flush()
            assert second.communicate("\n", timeout=60)[0] == "held\n"
            assert second.returncode == 0


def test_a_killed_run_holds_up_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_PATIENCE_S", 0.0)
    with holder(tmp_path) as first:
        with pytest.raises(OutputError, match="another run is writing into this folder"), hold_output(tmp_path):
            pass
        first.send_signal(signal.SIGKILL)
        first.wait()
        with hold_output(tmp_path):
            assert is_held(tmp_path)
    assert not is_held(tmp_path)


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="choose another --out"), hold_output(tmp_path / "file"):
        pass
