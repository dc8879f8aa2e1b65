"""What a room exports is what it says, and nothing else can be imported from its front door."""

from __future__ import annotations

import importlib
import pkgutil
from types import FunctionType, ModuleType

import pytest

import sitewatch

ROOMS = sorted(module.name for module in pkgutil.iter_modules(sitewatch.__path__, "sitewatch."))


@pytest.mark.parametrize("name", ROOMS)
def test_every_room_says_what_it_exports(name: str) -> None:
    room = importlib.import_module(name)
    assert room.__doc__
    assert list(room.__all__) == sorted(room.__all__, key=lambda n: (not n.isupper(), n[0].islower(), n))
    missing = [exported for exported in room.__all__ if not hasattr(room, exported)]
    assert not missing
    made = [value for exported in room.__all__ if isinstance(value := getattr(room, exported), type | FunctionType)]
    assert all(value.__doc__ for value in made)


@pytest.mark.parametrize("name", [name for name in ROOMS if hasattr(importlib.import_module(name), "__path__")])
def test_a_folder_room_lets_nothing_else_through_its_door(name: str) -> None:
    room = importlib.import_module(name)
    visible = {n for n, value in vars(room).items() if not n.startswith("_") and not isinstance(value, ModuleType)}
    assert visible == set(room.__all__)


def test_the_rooms_are_those_of_the_house() -> None:
    expected = (
        "archive assessment case change cli cube errors forecast planning report simulate site store structures sun "
        "watch whole workspace"
    )
    assert [name.removeprefix("sitewatch.") for name in ROOMS] == expected.split()


def test_the_error_tree_drawn_is_the_error_tree() -> None:
    """Every class of errors.py stands in its drawing, below its parent, and has an exit code."""
    from sitewatch import errors

    drawing = (errors.__doc__ or "").splitlines()
    depth = {
        line.split("--")[-1].split()[0]: len(line) - len(line.lstrip(" |`-"))
        for line in drawing
        if line.strip().startswith(("|--", "`--", "|   ", "SitewatchError"))
    }
    for name in errors.__all__:
        parent = getattr(errors, name).__mro__[1].__name__
        assert name in depth, name
        assert name == "SitewatchError" or depth[parent] < depth[name]
        assert getattr(errors, name).exit_code in (1, 2, 4)
