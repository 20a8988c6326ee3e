"""A story as tables: events below their causes, and what is chosen."""

from __future__ import annotations

from consumers.questions.story import Story, StoryNode
from infra.cli.tables import plain, table

_COLUMNS = ("subject", "time", "actor", "channel", "reason", "position")


def print_story(story: Story) -> None:
    rows = [
        {
            "what": "   " * node.depth + ("└ " if node.depth else "") + _what(node),
            "id": node.id,
            **{name: plain(getattr(node, name)) for name in _COLUMNS},
            "unexpected": " ".join(node.unexpected),
        }
        for node in story.tree
    ]
    table("What happened, and what caused it?", rows)
    if story.choices:
        table("What is chosen, and may it still be changed?", plain(story.choices))


def _what(node: StoryNode) -> str:
    """The verb of the event's type: `order.quote-issued.v1` is shown as "quote issued"."""
    if node.type is None:
        return "command"
    return node.type.partition(".")[2].rpartition(".")[0].replace("-", " ")
