"""Stories of the seeds: each a file of what `ordermade` is told, and what its views must answer.

A step is one of

    book: FILE              a catalogue: drafted by one, approved and published by another
    ask: order/7 choose     a command, `with` arguments; `refused` has words of its refusal
    tell: order.….v1        an event `of` a subject, with its `data`
    show: backlog 7         `ordermade show … --json`, in which each path `is` so
    run: order needs 7      any other `ordermade … --json`, the same

What every choice says of itself, and nobody names, is `FACTS`.
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


@dataclass
class Teller:
    """Tells stories to a deployment that is up. `seen` is where what was said last stands."""

    front: Front
    door: Door
    seen: str = ""
    told: int = 0

    def tell(self, story: str) -> None:
        for step in _Steps((FOLDER / f"{story}.yaml").read_text(encoding="utf-8")).get_data():
            try:
                self._step(dict(step))
            except AssertionError as error:
                error.add_note(f"in {story}.yaml: {step}")
                raise

    def _step(self, step: dict[str, Any]) -> None:
        match step:
            case {"book": file}:
                self._publish(FOLDER / file)
            case {"ask": asked, **more}:
                self._ask(*asked.split(), **more)
            case {"tell": type, "of": subject, **more}:
                self._tell(type, subject, **more)
            case {"show": shown, "is": wanted}:
                self._wait(shown.split()[0])
                self._run("show", *shown.split(), wanted=wanted)
            case {"run": words, "is": wanted}:
                self._run(*words.split(), wanted=wanted)
            case _:
                raise AssertionError("this is no step")

    def _publish(self, file: Path) -> None:
        book, faults = read(file.read_text(encoding="utf-8"))
        assert not faults
        about = f"catalogues/{book.book}"
        names = (*HEADER_FIELDS, *PARTS)
        terms = msgspec.to_builtins({name: getattr(book, name) for name in names})
        self._heard(self.door.command(about, "draft", terms, actor="ann"))
        for name in ("approve", "publish"):
            self._heard(self.door.command(about, name, {"version": 1}, actor="bob"))

    def _ask(self, subject: str, name: str, refused: str = "", **more: Any) -> None:
        kind, _, id = subject.partition("/")
        said = more.pop("with", {})
        said = {k: _FACTS | v if k in _CHOICES else v for k, v in said.items()}
        if customer := more.get("customer"):
            consent = {"purposes": ["fulfil", "analyse"], "policy_version": "p1"}
            self._heard(self.door.command(f"customers/{customer}", "grant-consent", consent))
        answer = self.door.command(f"{kind}s/{id}", name, said, **{"actor": "clerk", **more})
        if refused:
            assert refused in answer.json()["detail"]
        else:
            self._heard(answer)

    def _tell(self, type: str, subject: str, data: dict[str, Any] | None = None,
              **more: Any) -> None:  # fmt: skip
        facts = _FACTS if type.startswith("customer.") else {}
        said = message(f"tell-{self.told}", type, subject, {**facts, **(data or {})}, **more)
        self.told += 1
        self._heard(self.door.publish(said, "fulfil,analyse"))

    def _heard(self, answer: httpx.Response) -> None:
        assert answer.is_success, answer.text
        self.seen = answer.json()["min_position"] or self.seen

    def _wait(self, view: str) -> None:
        """Until the view has all that was said."""
        said = {"min_position": self.seen, "timeout_s": 30, "limit": 1}
        answer = self.door.client.get(f"/v1/views/{view}", params=said)
        assert answer.is_success, answer.text

    def _run(self, *words: str, wanted: dict[str, Any]) -> None:
        told = json.loads(self.front.ok(*words, "--json"))
        assert {path: _at(told, path) for path in wanted} == wanted


def _at(told: Any, path: str) -> Any:
    """What stands at a path like `rows[0].quotes[quote_id=Q1].total`."""
    for step in re.findall(r"[^.\[\]]+|\[[^\]]*\]", path):
        if not step.startswith("["):
            told = told[step]
        elif "=" in step:
            named = dict(pair.split("=") for pair in step[1:-1].split(","))
            told = next((e for e in told if named.items() <= e.items()), _NOTHING)
            if told == _NOTHING:
                return told
        else:
            told = told[int(step[1:-1])]
    return told


class _Steps(yaml.SafeLoader):
    """Times stay text."""


_Steps.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in pairs if not tag.endswith(":timestamp")]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
