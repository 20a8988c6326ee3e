"""Stories of real companies: files of steps, and the answers that the views must give.

A step is one of

    book: FILE              drafts, approves and publishes the catalogue in FILE
    command: order/7 choose gives a command with the arguments in `with`, as `customer` if that is
                            set; `refused` has words of the expected refusal
    event: order.….v1       publishes an event `of` a subject, with its `data`
    show: backlog 7         runs `ordermade show … --json` and compares: `is` maps paths to values
    run: order needs 7      runs another `ordermade … --json` and compares in the same way

`FACTS` fills in where a choice came from, unless the step says it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import msgspec
import yaml

from domain.book.contents import HEADER_FIELDS, PARTS
from infra.imports.catalogue import read
from tests.frontdoor import FACTS, Front, message
from tests.httpdoor import Door

FOLDER = Path(__file__).parent
STORIES = sorted(path.stem for path in FOLDER.glob("*.yaml") if "." not in path.stem)
_FACTS = {**FACTS, "stage": "pre_manufacture"}
_CHOICES = ("choice", "change", "instruction")
_NOTHING = "nothing"
"""What a story expects at a path that selects no row."""


@dataclass
class StoryRunner:
    """Runs stories on a running deployment. `position` is where the last write is stored."""

    front: Front
    door: Door
    position: str = ""
    events: int = 0

    def run(self, story: str) -> None:
        for step in _Steps((FOLDER / f"{story}.yaml").read_text(encoding="utf-8")).get_data():
            try:
                self._run_step(dict(step))
            except AssertionError as error:
                error.add_note(f"in {story}.yaml: {step}")
                raise

    def _run_step(self, step: dict[str, Any]) -> None:
        match step:
            case {"book": file}:
                self._publish_book(FOLDER / file)
            case {"command": words, **more}:
                self._give_command(*words.split(), **more)
            case {"event": type, "of": subject, **more}:
                self._publish_event(type, subject, **more)
            case {"show": words, "is": expected}:
                self._wait_for_view(words.split()[0])
                self._compare(["show", *words.split()], expected)
            case {"run": words, "is": expected}:
                self._compare(words.split(), expected)
            case _:
                raise AssertionError("this is none of the kinds of steps")

    def _publish_book(self, file: Path) -> None:
        book, problems = read(file.read_text(encoding="utf-8"))
        assert not problems
        catalogue = f"catalogues/{book.book}"
        content = msgspec.to_builtins(
            {name: getattr(book, name) for name in (*HEADER_FIELDS, *PARTS)}
        )
        self._accept(self.door.command(catalogue, "draft", content, actor="ann"))
        for name in ("approve", "publish"):
            self._accept(self.door.command(catalogue, name, {"version": 1}, actor="bob"))

    def _give_command(self, subject: str, name: str, refused: str = "", **more: Any) -> None:
        kind, _, id = subject.partition("/")
        arguments = {
            key: _FACTS | value if key in _CHOICES else value
            for key, value in more.pop("with", {}).items()
        }
        if customer := more.get("customer"):
            consent = {"purposes": ["fulfil", "analyse"], "policy_version": "p1"}
            self._accept(self.door.command(f"customers/{customer}", "grant-consent", consent))
        answer = self.door.command(f"{kind}s/{id}", name, arguments, **{"actor": "clerk", **more})
        if refused:
            assert refused in answer.json()["detail"]
        else:
            self._accept(answer)

    def _publish_event(self, type: str, subject: str, data: dict[str, Any] | None = None,
                       **more: Any) -> None:  # fmt: skip
        facts = _FACTS if type.startswith("customer.") else {}
        id = f"event-{self.events}"
        event = message(id, type, subject, {**facts, **(data or {})}, **more)
        self.events += 1
        self._accept(self.door.publish(event, "fulfil,analyse"))

    def _accept(self, answer: httpx.Response) -> None:
        assert answer.is_success, answer.text
        self.position = answer.json()["min_position"] or self.position

    def _wait_for_view(self, view: str) -> None:
        """Waits until the view has everything that was written."""
        params = {"min_position": self.position, "timeout_s": 30, "limit": 1}
        answer = self.door.client.get(f"/v1/views/{view}", params=params)
        assert answer.is_success, answer.text

    def _compare(self, words: list[str], expected: dict[str, Any]) -> None:
        report = json.loads(self.front.ok(*words, "--json"))
        assert {path: value_at(report, path) for path in expected} == expected


def value_at(document: Any, path: str) -> Any:
    """The value at a path such as `rows[0].quotes[quote_id=Q1].total`."""
    value = document
    for step in re.findall(r"[^.\[\]]+|\[[^\]]*\]", path):
        if not step.startswith("["):
            value = value[step]
        elif "=" in step:
            fields = dict(pair.split("=") for pair in step[1:-1].split(","))
            value = next((row for row in value if fields.items() <= row.items()), _NOTHING)
            if value == _NOTHING:
                return value
        else:
            value = value[int(step[1:-1])]
    return value


class _Steps(yaml.SafeLoader):
    """Reads YAML, but leaves times as text."""


_Steps.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in pairs if not tag.endswith(":timestamp")]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
