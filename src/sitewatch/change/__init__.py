"""Where the ground changed, and between which looks."""

from sitewatch.change._change import Kind

__all__ = ["Kind"]
