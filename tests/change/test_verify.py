"""The trees that verify: what they say is what a walk from node to node says."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

import numpy as np
import pytest

from sitewatch.change import _verify
from sitewatch.change._verify import Trees

MODELS = resources.files("sitewatch.change") / "models"
ENSEMBLES = ("direction", "alone", "placed")


def said(tree: list[list[float]], row: np.ndarray[Any, np.dtype[np.float64]]) -> float:
    """The leaf that one row comes to."""
    node = tree[0]
    while len(node) > 1:
        term, limit, left, right = node
        node = tree[int(left if row[int(term)] <= limit else right)]
    return node[0]


@pytest.mark.parametrize("name", sorted(path.name for path in MODELS.iterdir() if path.name.endswith(".json")))
def test_every_shipped_ensemble_says_what_its_trees_say(name: str) -> None:
    document = json.loads((MODELS / name).read_text())
    rng = np.random.default_rng(5)
    for ensemble in ENSEMBLES:
        trees = document[ensemble]["trees"]
        inner = [node for tree in trees for node in tree if len(node) > 1]
        limits = np.array([node[1] for node in inner])
        terms = 1 + max(int(node[0]) for node in inner)
        # Rows that lie among the limits, and some that lie on one or tell nothing.
        rows = rng.choice(limits, (2 * _verify._ROWS + 3, terms))
        rows[::7, ::3] = np.nan
        expected = [document[ensemble]["base"] + sum(said(tree, row) for tree in trees) for row in rows]
        assert np.ptp(expected) > 0
        of = Trees.from_document(document[ensemble])
        np.testing.assert_allclose(of.logit(rows), expected, rtol=0, atol=1e-9)
        for few in (0, 1, _verify._ROWS, _verify._ROWS + 1):
            np.testing.assert_array_equal(of.logit(rows[:few]), of.logit(rows)[:few])


def test_trees_whose_nodes_lead_back_are_refused() -> None:
    tree = [[0, 0.5, 1, 2], [1, 0.5, 3, 0], [1.0], [2.0]]
    with pytest.raises(ValueError, match="node 1 leads back to node 0"):
        Trees.from_document({"base": 0.0, "trees": [tree]})
