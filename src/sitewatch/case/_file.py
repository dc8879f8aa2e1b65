"""Reading a case file, and telling everything that is wrong with it, by line."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from sitewatch.case._archived import check_copies
from sitewatch.case._check import check
from sitewatch.case._faults import Fault, Finding, dotted, refused
from sitewatch.case._model import Case
from sitewatch.case._shape import shape_faults
from sitewatch.case._yaml import LARGEST, Tree, Wrong, decode, read_tree
from sitewatch.errors import InputError

__all__ = ["Read", "case_faults", "parse_case", "read_bytes", "read_case"]


def read_case(path: Path) -> Case:
    """The case that a file holds.

    Args:
        path: YAML, UTF-8, at most 1 MB.

    Raises:
        InputError: the file cannot be read, or is no case that can be judged. Every fault is a line of its own:
            FILE, line N, field a.b: found X; do Y.
    """
    read = parse_case(read_bytes(path), name=str(path))
    if read.case is None or read.errors:
        raise refused(read.errors)
    return read.case


def case_faults(path: Path) -> tuple[Case | None, list[Fault]]:
    """Everything that is wrong with a case file, and everything to be warned of.

    Args:
        path: the file. Archived copies that claims name are looked for beside it, and their digests compared.

    Returns:
        (the case, or None where the file does not have the shape of one; the faults and warnings, by line).

    Raises:
        InputError: the file cannot be read.
    """
    read = parse_case(read_bytes(path), name=str(path))
    faults = list(read.faults)
    if read.case is not None:
        faults += _placed(check_copies(read.case, path.parent), read.tree, str(path))
    return read.case, sorted(faults, key=_by_line)


def read_bytes(path: Path) -> bytes:
    """What a file holds; of one that is too large, a byte more than is allowed.

    Raises:
        InputError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(
            f"{path}: cannot be read ({reason}); give a case file, or make one with `sitewatch case new`"
        ) from error


class Read:
    """A text that was read as a case."""

    def __init__(self, *, case: Case | None, faults: list[Fault], tree: Tree) -> None:
        self.case = case
        """None where it does not have the shape of one."""
        self.faults = faults
        """Errors and warnings, by line."""
        self.tree = tree
        """Its values and where they stand."""

    @property
    def errors(self) -> list[Fault]:
        """The faults for which it cannot be judged."""
        return [fault for fault in self.faults if not fault.warning]


def parse_case(raw: bytes, *, name: str) -> Read:
    """A case from the bytes of its file.

    Args:
        raw: the bytes.
        name: the file, as faults name it.
    """
    text = decode(raw)
    if isinstance(text, Wrong):
        return Read(case=None, faults=[_at(text, name)], tree=Tree())
    tree = read_tree(text)
    if tree.wrong:
        return Read(case=None, faults=sorted((_at(wrong, name) for wrong in tree.wrong), key=_by_line), tree=tree)
    try:
        case = Case.model_validate(tree.value)
    except ValidationError as error:
        found = shape_faults(error, tree.value)
        return Read(case=None, faults=sorted(_placed(found, tree, name), key=_by_line), tree=tree)
    return Read(case=case, faults=sorted(_placed(check(case), tree, name), key=_by_line), tree=tree)


def _placed(found: list[Finding], tree: Tree, name: str) -> list[Fault]:
    return [
        Fault(
            file=name,
            line=tree.line(one.path),
            field=dotted(one.path),
            found=one.found,
            do=one.do,
            warning=one.warning,
        )
        for one in found
    ]


def _at(wrong: Wrong, name: str) -> Fault:
    return Fault(file=name, line=wrong.line, field=dotted(wrong.path), found=wrong.found, do=wrong.do)


def _by_line(fault: Fault) -> int:
    return fault.line or 0
