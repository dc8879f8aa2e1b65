"""Every error that sitewatch raises on purpose.

    SitewatchError
    |-- InputError            something the user gave is wrong            (exit code 2)
    |   |-- SiteError         the site file or its outline
    |   |-- FolderError       the image folder as a whole
    |   `-- OptionError       a command-line option or setting
    |-- CouldNotLookError     no scene listed, or none could be read      (exit code 4)
    |   `-- CatalogError      the catalog did not answer, or not with STAC
    |-- SceneError            one scene cannot be used: its look is *failed*, the run goes on
    |-- OrderError            an order was not placed or not delivered    (exit code 1)
    `-- OutputError           results could not be written                (exit code 1)
        `-- LockedError       another run is writing them

Each message is one sentence that names the file or field, says what was found, and what to do. Nothing else in the
package raises exceptions for faults of its inputs; what comes from a library below is mapped to one of these where it
enters.
"""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "CatalogError",
    "CouldNotLookError",
    "FolderError",
    "InputError",
    "LockedError",
    "OptionError",
    "OrderError",
    "OutputError",
    "SceneError",
    "SiteError",
    "SitewatchError",
]


class SitewatchError(Exception):
    """Base of all errors raised on purpose; `str(error)` is a sentence for the user."""

    exit_code: ClassVar[int] = 1
    """What a command exits with when this reaches it."""


class InputError(SitewatchError):
    """Something the user gave is wrong, and the user can mend it."""

    exit_code: ClassVar[int] = 2


class SiteError(InputError):
    """The site file cannot be read, or its outline cannot be watched."""


class FolderError(InputError):
    """The image folder as a whole is unusable (missing, empty, not a folder)."""


class OptionError(InputError):
    """An option or setting has a value that cannot be used."""


class CouldNotLookError(SitewatchError):
    """No scene is listed, or none of those listed could be read: nothing can be said about the site."""

    exit_code: ClassVar[int] = 4


class CatalogError(CouldNotLookError):
    """The catalog did not answer after all retries, or answered with something that is not STAC."""


class SceneError(SitewatchError):
    """One scene cannot be used. It becomes a *failed* look with this message as its reason; the other scenes go on."""


class OrderError(SitewatchError):
    """An order of images was refused, failed, or brought nothing that can be used."""


class OutputError(SitewatchError):
    """Results could not be written (disk full, no permission). Nothing half-written is left under its final name."""


class LockedError(OutputError):
    """Another run is at work where this one would be."""
