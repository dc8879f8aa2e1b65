"""A run writes all of its outputs or none, however it ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from sitewatch.errors import OutputError
from sitewatch.watch._results import _all_or_nothing


@pytest.fixture
def out(tmp_path: Path) -> Path:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text("old")
    return tmp_path


def contents(out: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in out.iterdir()}


def write_both(out: Path) -> None:
    with _all_or_nothing(out) as made:
        for name in ("a.txt", "b.txt"):
            (made / name).write_text("new")


@pytest.mark.parametrize("number", [1, 2, 3, 4])
@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_what_was_there_comes_back(
    out: Path, monkeypatch: pytest.MonkeyPatch, number: int, error: type[BaseException]
) -> None:
    rename, calls = Path.rename, []

    def failing(path: Path, target: Path) -> Path:
        calls.append(path)
        if len(calls) == number:
            raise error
        return rename(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", failing)
        with pytest.raises(OutputError if error is OSError else error):
            write_both(out)
    assert contents(out) == {"a.txt": "old", "b.txt": "old"}


def test_what_a_killed_run_had_moved_aside_is_put_back_before_the_next_one_writes(out: Path) -> None:
    left = out / ".writing-killed"
    left.mkdir()
    (out / "a.txt").rename(left / ".old-a.txt")
    (out / "b.txt").rename(left / ".old-b.txt")
    (out / "b.txt").write_text("new")
    with pytest.raises(RuntimeError), _all_or_nothing(out):
        raise RuntimeError
    assert contents(out) == {"a.txt": "old", "b.txt": "new"}
    write_both(out)
    assert contents(out) == {"a.txt": "new", "b.txt": "new"}
