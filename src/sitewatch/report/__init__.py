"""Judgements to pages, figures and files."""

from sitewatch.report._calendar import calendar_picture
from sitewatch.report._news import catalog_sentences, difference_sentence, scene_sentences, structures_sentence
from sitewatch.report._page import write_report

__all__ = [
    "calendar_picture",
    "catalog_sentences",
    "difference_sentence",
    "scene_sentences",
    "structures_sentence",
    "write_report",
]
