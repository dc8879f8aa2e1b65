"""Archived copies of what was published: their digests, and whether they are still what they were."""

from __future__ import annotations

import hashlib
from pathlib import Path, PurePosixPath

from sitewatch.case._faults import Finding
from sitewatch.case._model import Archived, Case
from sitewatch.errors import InputError

__all__ = ["archived_copy", "check_copies"]


def archived_copy(file: Path, beside: Path) -> Archived:
    """What a claim says of its archived copy.

    Args:
        file: the copy.
        beside: the folder of the case; a copy below it is named from there, another by its file name.

    Raises:
        InputError: the copy cannot be read, or is empty.
    """
    try:
        if not file.stat().st_size:
            raise InputError(f"{file}: is empty; archive the page again")
        digest = _sha256(file)
    except OSError as error:
        raise InputError(f"{file}: cannot be read ({error.strerror}); give the file of the archived copy") from error
    place, folder = file.resolve(), beside.resolve()
    at = place.relative_to(folder).as_posix() if place.is_relative_to(folder) else file.name
    return Archived.model_validate({"sha256": digest, "at": at})


def check_copies(case: Case, folder: Path) -> list[Finding]:
    """Copies that lie in the folder of the case and are not what they were, or do not lie there."""
    found = []
    for key, claim in case.claims.items():
        at = None if claim.archived is None else claim.archived.copy_at
        # Only what lies below the case is opened: a case from elsewhere must not make us read what it likes.
        if claim.archived is None or at is None or "://" in at or PurePosixPath(at).is_absolute():
            continue
        copy = folder / at
        try:
            inside = copy.resolve().is_relative_to(folder.resolve())
            digest = _sha256(copy) if inside and copy.is_file() else None
        except OSError:
            digest = None
        if digest is None:
            do = "put it beside the case; without it only the link shows what was said"
            found.append(
                Finding(path=("claims", key, "archived", "at"), found=f"no copy {at} there", do=do, warning=True)
            )
        elif digest != claim.archived.sha256:
            do = "bring back the copy that was archived, or archive what is there as another claim"
            path = ("claims", key, "archived", "sha256")
            found.append(Finding(path=path, found=f"that {at} has another digest ({digest[:12]}...)", do=do))
    return found


def _sha256(file: Path) -> str:
    with file.open("rb") as copy:
        return hashlib.file_digest(copy, "sha256").hexdigest()
