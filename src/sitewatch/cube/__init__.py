"""Scenes to comparable pixels: read, mask, normalise, gate; and what each look gave."""

from sitewatch.cube._look import Look, Outcome

__all__ = ["Look", "Outcome"]
