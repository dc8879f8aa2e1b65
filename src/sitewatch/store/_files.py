"""Files that are there whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sitewatch.errors import OptionError, OutputError

__all__ = ["FOLDER_MARK", "new_file", "sync"]

FOLDER_MARK = "sitewatch.json"
"""The file by which a folder is known as an export, so that nothing else is ever replaced by one."""


@contextlib.contextmanager
def new_file(path: Path, *, force: bool = False) -> Iterator[Path]:
    """Write a file, or a folder of files, under another name, and give it its own when it is whole.

    Args:
        path: what it is called in the end; the folder above it is made if missing.
        force: True: what has this name is replaced.

    Yields:
        The name to write under, in a hidden folder beside `path`; nothing is there yet.

    Raises:
        OptionError: the name is taken, and `force` is False or would replace something that is no export.
        OutputError: it cannot be written.
    """
    if path.is_symlink() or path.exists():
        if path.is_dir() and not (path / FOLDER_MARK).is_file():
            raise OptionError(f"{path}: is a folder that holds something else; choose another name")
        if not force:
            raise OptionError(f"{path}: is there already; add --force to replace it, or choose another name")
    work = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=".sitewatch-partial-", dir=path.parent))
        partial = work / f"new{path.suffix}"
        yield partial
        sync(partial)
        if path.is_dir() and not path.is_symlink():
            path.replace(work / "old")
        partial.replace(path)
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be written ({error.strerror or error}); make room, mend its rights or choose another name"
        ) from error
    finally:
        if work is not None:
            shutil.rmtree(work, ignore_errors=True)


def sync(path: Path) -> None:
    """See to it that a file, or all files of a folder, outlive a power cut."""
    for file in path.iterdir() if path.is_dir() else (path,):
        descriptor = os.open(file, os.O_RDWR)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
