"""YAML to plain values with the line of each, and nothing that YAML could do besides.

Read by the nodes of ruamel.yaml (YAML 1.2), which say where they stand, and not by its constructors: no tag makes an
object, no alias multiplies, no date becomes anything but its text, and of two equal keys none is lost.
"""

from __future__ import annotations

import re
import warnings
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, ReusedAnchorWarning, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from sitewatch.case._faults import Path, in_words

__all__ = ["LARGEST", "Tree", "Wrong", "decode", "read_tree"]

LARGEST = 1_000_000
"""Bytes of a file. The parser reads some 100 kB a second; a case of a hundred claims has 50 kB."""
_WIDEST = 10_000
"""Characters of a line: within one, the parser takes time by the square of what is nested."""
_DEEPEST = 30

_TAG = "tag:yaml.org,2002:"
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_REAL = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,3})?")


@dataclass(frozen=True, kw_only=True)
class Wrong:
    """A place that is no YAML, or such YAML as a case has no use for."""

    line: int | None
    """From 1."""
    path: Path
    found: str
    do: str


@dataclass(kw_only=True)
class Tree:
    """What a file holds."""

    value: Any = None
    """dict, list, str, int, float, bool or None; days are text."""
    lines: dict[Path, int] = field(default_factory=dict)
    """Line of each field and list item, from 1. A field's is that of its name."""
    wrong: list[Wrong] = field(default_factory=list)
    root: Node | None = None
    """For who must know where things end."""

    def line(self, path: Path) -> int | None:
        """The line of a field, or of the nearest one above it that is there."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path)


def decode(raw: bytes, *, widest: int | None = _WIDEST) -> str | Wrong:
    """The text of a file, without a byte order mark; or why it is none, or has a line of more than `widest`."""
    if len(raw) > LARGEST:
        return Wrong(
            line=None,
            path=(),
            found=f"more than {LARGEST // 1_000_000} MB",
            do="keep texts out of it: archive them, and quote a line",
        )
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        return Wrong(line=line, path=(), found=f"the byte {raw[error.start]:#04x}, not UTF-8", do="save it as UTF-8")
    for number, line_text in enumerate(() if widest is None else text.split("\n"), start=1):
        if widest is not None and len(line_text) > widest:
            found = f"a line of {len(line_text)} characters"
            return Wrong(line=number, path=(), found=found, do=f"break it before {widest}")
    return text


def read_tree(text: str) -> Tree:
    """The values of a YAML text. Never raises; what is wrong stands in `wrong`."""
    tree = Tree()
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    try:
        with warnings.catch_warnings():
            # Anchors are refused below; that one is told twice needs no word of its own.
            warnings.simplefilter("ignore", ReusedAnchorWarning)
            tree.root = YAML(typ="safe", pure=True).compose(text)
    except RecursionError:
        tree.wrong.append(Wrong(line=None, path=(), found="too many levels", do=f"nest at most {_DEEPEST}"))
    except MarkedYAMLError as error:
        tree.wrong.append(_not_yaml(error, starts))
    except (YAMLError, ValueError, TypeError, KeyError, IndexError, AttributeError, AssertionError) as error:
        # Of faults like a control character, ruamel tells the place in words only; of some it stumbles itself.
        position = getattr(error, "position", None)
        line = text.count("\n", 0, position) + 1 if isinstance(position, int) else None
        reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        tree.wrong.append(Wrong(line=line, path=(), found=f"no YAML ({reason})", do="mend it or leave it out"))
    if tree.wrong:
        return tree
    if not isinstance(tree.root, MappingNode):
        what = "nothing" if tree.root is None else "no fields"
        tree.wrong.append(Wrong(line=1, path=(), found=what, do="begin with `sitewatch_case: 1`"))
        return tree
    _Reader(tree, starts).read()
    return tree


def _line_of(mark: Any, starts: list[int]) -> int:
    """The line of a place as editors count them: to the parser, U+2028 ends one too."""
    return bisect_right(starts, mark.index)


def _not_yaml(error: MarkedYAMLError, starts: list[int]) -> Wrong:
    mark = error.problem_mark or error.context_mark
    problem = (error.problem or error.context or "no YAML").replace("\n", " ")[:120]
    do = "mend it; text with `: `, ` #` or a sign at its beginning belongs into quotes"
    if "'\\t'" in problem or "\t" in problem:
        problem, do = "a tab", "indent with spaces"
    elif "another document" in problem:
        problem, do = "a second document (`---`)", "keep one case in a file"
    elif "undefined alias" in problem:
        problem, do = "an alias (`*`)", "write out what it stands for; text that begins with * belongs into quotes"
    elif "mapping values are not allowed" in problem:
        problem, do = "a second colon, or a wrong indentation", "put text with `: ` in quotes, and align the fields"
    elif problem.startswith(("found ", "but found ")):
        problem = problem.partition("found ")[2]
    elif problem.startswith("expected ") and ", but " in problem:
        expected, _, got = problem.partition(", but ")
        problem = (
            f"{got.removeprefix('found ').removeprefix('got ')} where {expected.removeprefix('expected ')} belongs"
        )
    return Wrong(line=None if mark is None else _line_of(mark, starts), path=(), found=problem, do=do)


class _Reader:
    """Walks the nodes once; a node met twice is an alias."""

    def __init__(self, tree: Tree, starts: list[int]) -> None:
        self._tree = tree
        self._starts = starts
        self._met: set[int] = set()

    def read(self) -> None:
        assert self._tree.root is not None
        self._tree.lines[()] = self._line(self._tree.root)
        self._tree.value = self._value(self._tree.root, ())

    def _value(self, node: Node, path: Path) -> Any:
        if id(node) in self._met:
            # The node's own line is that of what the alias stands for.
            do = "write out what it stands for: each thing stands where it counts"
            self._tree.wrong.append(Wrong(line=self._tree.line(path), path=path, found="an alias (`*`)", do=do))
            return None
        self._met.add(id(node))
        if len(path) > _DEEPEST:
            self._say(node, path[:1], "too many levels", f"nest at most {_DEEPEST}")
            return None
        if isinstance(node, MappingNode):
            if node.tag != f"{_TAG}map":
                self._tagged(node, path)
            return self._fields(node, path)
        if isinstance(node, SequenceNode):
            if node.tag != f"{_TAG}seq":
                self._tagged(node, path)
            for i, item in enumerate(node.value):
                if id(item) not in self._met:
                    self._tree.lines[*path, i] = self._line(item)
            return [self._value(item, (*path, i)) for i, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _fields(self, node: MappingNode, path: Path) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                self._say(key, path, "a name that is no text", "write `name: value`")
                continue
            name = key.value
            where = (*path, name)
            if key.tag == f"{_TAG}merge":
                self._say(key, where, "a merge (`<<`)", "write out its fields: each thing stands where it counts")
            elif name in fields:
                line = self._tree.lines[where]
                self._say(key, where, f"{in_words(name)} for the second time (line {line})", "keep one of them")
            else:
                self._tree.lines[where] = self._line(key)
                fields[name] = self._value(value, where)
        return fields

    def _scalar(self, node: Node, path: Path) -> Any:
        text, kind = node.value, str(node.tag).removeprefix(_TAG)
        if kind == "null":
            return None
        if kind == "bool":
            return {"true": True, "false": False}.get(text.lower(), text)
        if kind == "int" and _INTEGER.fullmatch(text):
            return int(text)
        if kind in {"float", "int"} and _REAL.fullmatch(text):
            return float(text)
        if kind not in {"str", "int", "float", "timestamp", "value"}:
            self._tagged(node, path)
        return text

    def _line(self, node: Node) -> int:
        return _line_of(node.start_mark, self._starts)

    def _tagged(self, node: Node, path: Path) -> None:
        self._say(node, path, f"the tag {str(node.tag).replace(_TAG, '!!')[:60]}", "leave it out")

    def _say(self, node: Node, path: Path, found: str, do: str) -> None:
        self._tree.wrong.append(Wrong(line=self._line(node), path=path, found=found, do=do))
