"""Judgements to pages, figures and files."""

from sitewatch.report._page import write_report

__all__ = ["write_report"]
