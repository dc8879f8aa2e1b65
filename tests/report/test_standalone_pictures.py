"""Pictures that are files of their own."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from sitewatch.report._svg import standalone, tag


def test_a_name_with_control_characters_leaves_a_picture_that_can_be_read() -> None:
    name = "A <b>\x1b[31m\x00 \ud800 Ä"
    drawn = standalone(tag("text", name), width=10, height=10, style="", label=name)
    assert ET.fromstring(drawn.encode()).get("width") == "10"  # noqa: S314 - our own picture
    assert "A &lt;b&gt; [31m" in drawn
