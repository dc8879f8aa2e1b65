"""Judgements to pages, figures and files."""
