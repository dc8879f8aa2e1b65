"""sitewatch: what was erected or taken down at a watched site, and between which satellite images."""

__all__ = ["__version__"]

__version__ = "0.1.0"
