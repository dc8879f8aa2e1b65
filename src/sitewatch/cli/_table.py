"""Tables for people, laid out as rich does, whose own take a millisecond a row: a workspace has ten thousand."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import zip_longest

from rich.cells import cell_len

__all__ = ["list_lines", "table_lines"]

_OTHERS = 12
"""Room that is left to every column whose cells may be broken, characters."""
_BETWEEN = "   "


def table_lines(
    columns: Sequence[str], rows: Sequence[Sequence[str]], *, room: int, whole: Collection[str], rule: str
) -> tuple[list[str], Iterator[str]]:
    """The lines of a table.

    Args:
        columns: their names; one that ends in `>` is set to the right.
        rows: at least one; cells, of any number of lines each.
        room: width of the terminal, characters.
        whole: names of columns whose cells are not broken where there is room.
        rule: the character of the line under the head.

    Returns:
        (lines of the head, those below).
    """
    right = [name.endswith(">") for name in columns]
    heads = [name.rstrip(">") for name in columns]
    widths = _widest([heads, *rows])
    kept = [name in whole for name in columns]
    room -= 2 + len(_BETWEEN) * (len(columns) - 1)
    if sum(width if keep else _OTHERS for width, keep in zip(widths, kept, strict=True)) > room:
        kept = [False] * len(columns)
    while sum(widths) > room:
        widest = max(reversed(range(len(widths))), key=lambda i: 0 if kept[i] else widths[i])
        if kept[widest] or widths[widest] == 1:
            break
        widths[widest] -= 1

    def lines(cells: Sequence[str]) -> Iterator[str]:
        return (f" {line}" for line in _row_lines(cells, widths, right, between=_BETWEEN))

    def body() -> Iterator[str]:
        yield f" {rule * (sum(widths) + len(_BETWEEN) * (len(columns) - 1))}"
        for row in rows:
            yield from lines(row)

    return list(lines(heads)), body()


def list_lines(rows: Sequence[Sequence[str]], *, room: int) -> Iterator[str]:
    """The lines of names, which are not broken, and what is told under each; at least one of them."""
    names, words = _widest(rows)
    widths = (names, max(1, min(words, room - names - 2)))
    for row in rows:
        yield from _row_lines(row, widths, (False, False), between="  ")


def _widest(rows: Sequence[Sequence[str]]) -> list[int]:
    """The width of each column's longest line."""
    return [max(_wide(line) for cell in set(cells) for line in cell.split("\n")) for cells in zip(*rows, strict=True)]


def _row_lines(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool], *, between: str) -> Iterator[str]:
    parts = [_broken(cell, width) for cell, width in zip(cells, widths, strict=True)]
    for line in zip_longest(*parts, fillvalue=""):
        yield between.join(map(_padded, line, widths, right)).rstrip(" ")


def _padded(line: str, width: int, right: bool) -> str:
    width -= _wide(line) - len(line)
    return line.rjust(width) if right else line.ljust(width)


def _broken(cell: str, width: int) -> list[str]:
    """A cell in lines of at most a width: broken between words, within one only where that is longer."""
    if "\n" in cell:
        return [part for line in cell.split("\n") for part in _broken(line, width)]
    if _wide(cell) <= width:
        return [cell]
    lines = [""]
    for word in cell.split(" "):
        joined = f"{lines[-1]} {word}" if lines[-1] else word
        if _wide(joined) <= width:
            lines[-1] = joined
            continue
        if not lines[-1]:
            lines.pop()
        lines += _cut(word, width)
    return lines


def _cut(word: str, width: int) -> Iterator[str]:
    """A word in pieces of at most a width, but of one character at least."""
    while _wide(word) > width and len(word) > 1:
        end = next(i for i in range(2, len(word) + 1) if _wide(word[:i]) > width) - 1
        yield word[:end]
        word = word[end:]
    yield word


def _wide(line: str) -> int:
    """Places of a terminal that a line takes."""
    return len(line) if line.isascii() else cell_len(line)
