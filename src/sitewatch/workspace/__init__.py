"""A workspace: the sites that somebody watches, their archives, and the store that remembers them."""

from sitewatch.workspace._watching import Visit, replay_site, watch_all, watch_site
from sitewatch.workspace._workspace import DEFAULT_FOLDER, Workspace, make_workspace, open_workspace

__all__ = [
    "DEFAULT_FOLDER",
    "Visit",
    "Workspace",
    "make_workspace",
    "open_workspace",
    "replay_site",
    "watch_all",
    "watch_site",
]
