"""One site end to end: scenes -> chips -> cube and looks -> changes -> structures -> report."""

from sitewatch.watch._corridor import set_beside, watch
from sitewatch.watch._progress import Progress
from sitewatch.watch._results import hold_output, reopen, write_outputs
from sitewatch.watch._watched import Answer, Watched

__all__ = ["Answer", "Progress", "Watched", "hold_output", "reopen", "set_beside", "watch", "write_outputs"]
