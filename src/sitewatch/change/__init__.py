"""Where the ground changed, and between which looks."""

from sitewatch.change._change import Change, Kind
from sitewatch.change._dates import Edge
from sitewatch.change._detect import MIN_LOOKS, compare_pair, detect, detect_again
from sitewatch.change._search import candidates
from sitewatch.change._stack import stack_of

__all__ = ["MIN_LOOKS", "Change", "Edge", "Kind", "candidates", "compare_pair", "detect", "detect_again", "stack_of"]
