"""Pictures that a command was asked for."""

from __future__ import annotations

from pathlib import Path

from sitewatch.errors import OptionError, OutputError
from sitewatch.whole import write_whole

__all__ = ["check_picture", "draw"]


def check_picture(picture: Path) -> None:
    """Refuse a name before the work is done.

    Raises:
        OptionError: it does not end in .svg.
    """
    if picture.suffix.lower() != ".svg":
        raise OptionError(
            f"--picture must be a file that ends in .svg, got {picture.name!r}; other formats are not drawn"
        )


def draw(picture: Path, drawn: str) -> None:
    """Write a picture.

    Raises:
        OptionError: the file's name does not end in .svg.
        OutputError: it cannot be written.
    """
    check_picture(picture)
    try:
        write_whole(picture, drawn.encode())
    except OSError as error:
        raise OutputError(f"{picture}: cannot be written ({error.strerror}); choose another file") from error
