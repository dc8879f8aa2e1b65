"""The command line in a process of its own: GDAL and a server in one Python process wait for each other.

The process is forked from one that has the modules loaded already, which saves seconds each time. What a user starts,
the interpreter and all, is tested in `services`.
"""

from __future__ import annotations

import multiprocessing as mp
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from sitewatch.archive._retry import Retry
from sitewatch.cli import main

__all__ = ["run_apart"]


def run_apart(*arguments: object, timeout: float = 250) -> subprocess.CompletedProcess[str]:
    """Call the command line, and wait for it."""
    context = mp.get_context("forkserver")
    context.set_forkserver_preload(["sitewatch.cli", "sitewatch.watch", "sitewatch.workspace", "sitewatch.report"])
    command = ["sitewatch", *map(str, arguments)]
    with tempfile.TemporaryDirectory() as name:
        out, err = Path(name) / "out", Path(name) / "err"
        process = context.Process(target=_call, args=(command, out, err))
        process.start()
        process.join(timeout)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(command, timeout)
        return subprocess.CompletedProcess(command, process.exitcode, out.read_text(), err.read_text())


def _call(command: list[str], out: Path, err: Path) -> None:
    for path, number in ((out, 1), (err, 2)):
        with path.open("w") as file:
            os.dup2(file.fileno(), number)
    # How long it waits between tries is tested in `archive`; here it only has to wait.
    (Retry.__init__.__kwdefaults__ or {})["first_s"] = 0.02
    sys.argv = command
    main()
