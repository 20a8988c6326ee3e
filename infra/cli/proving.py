"""`ordermade explain quote` and `ordermade verify prices`: prices made again from their inputs."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any
from uuid import UUID

import msgspec
import typer
from rich.console import Console
from rich.progress import Progress

from consumers.ports.store import IssuedPrice
from domain.book.book import Book
from domain.book.contents import rules_hash
from domain.errors import NotAllowed, Refusal
from domain.pricing.engines import repriced
from domain.pricing.proof import QuoteDifference, proof
from domain.pricing.quote import TraceLine
from domain.subject import Subject, without_kind
from infra.cli.tables import plain, table
from infra.deployment import Deployment
from infra.errors import UserError
from infra.postgres.store.envelopes import PostgresEnvelopes
from infra.postgres.store.issued_prices import PostgresIssuedPrices

SHOWN = 1_000
"""Differences that are shown; all are counted."""
UNREADABLE = QuoteDifference(
    what="the whole", stored="bytes that are no event of a price", again=None
)

Row = dict[str, Any]


class Proving:
    """Proves prices by the books of the store, each of which is looked at once."""

    def __init__(self, deployment: Deployment) -> None:
        self._books = deployment.books
        self.broken: list[Row] = []
        """Published versions whose rules are not those that were published."""
        self.version = functools.lru_cache(32)(self._version)

    def differences(self, issued: IssuedPrice) -> list[QuoteDifference]:
        if issued.price is None:
            return [UNREADABLE]
        found = proof(issued.price, self.version)
        if issued.change and issued.change.requote:
            delta = issued.change.requote.total - issued.change.requote.before
            if delta != issued.change.delta_price:
                said = str(issued.change.delta_price)
                found.append(QuoteDifference(what="delta_price", stored=said, again=str(delta)))
        return found

    def _version(self, name: str, number: int) -> Book:
        try:
            book = self._books.version(name, number)
        except (KeyError, ValueError, msgspec.DecodeError):
            raise NotAllowed(f"the book {name} cannot be read: restore it", "book") from None
        published = self._books.catalogue(name).versions[number - 1].rules_hash
        if published and published != (now := rules_hash(book)):
            self.broken.append(
                {"book": name, "version": number, "rules_hash": published, "again": now}
            )
        return book


def verify_prices(deployment: Deployment, as_json: bool) -> bool:
    """Whether every price is proved, and every book that they name is as it was published."""
    reader = deployment.pool("reader")
    issued, proving = PostgresIssuedPrices(reader), Proving(deployment)
    heads, count, differing = PostgresEnvelopes(reader).heads(), 0, 0
    rows: list[Row] = []
    with Progress(console=Console(stderr=True)) as progress:
        task, done = progress.add_task("verifying", total=sum(heads.values())), 0
        for partition, head in sorted(heads.items()):
            for each in issued.all(partition):
                count += 1
                if found := proving.differences(each):
                    differing += 1
                    rows += _rows(each, found)[: SHOWN - len(rows)]
                progress.update(task, completed=done + each.position.number)
            done += head
            progress.update(task, completed=done)
    told = {"quotes": count, "differing": differing, "books": proving.broken}
    if as_json:
        typer.echo(json.dumps({"rows": rows, **told}))
    else:
        if rows:
            table("Which quotes are not what their inputs make of them?", rows)
        if proving.broken:
            table("Which books are not as they were published?", proving.broken)
        typer.echo(f"{count} quotes priced again: {count - differing} identical, {differing} not.")
    return not (differing or proving.broken)


def _rows(issued: IssuedPrice, found: list[QuoteDifference]) -> list[Row]:
    name = {"order": issued.order, "quote": issued.id, "position": str(issued.position)}
    return [{**name, **plain(difference)} for difference in found]


def explain_quote(deployment: Deployment, named: str, as_json: bool) -> bool:
    """Shows a price line by line, as stored and as it is now made; whether they are identical."""
    issued, proving = (
        _named(PostgresIssuedPrices(deployment.pool("reader")), named),
        Proving(deployment),
    )
    found = proving.differences(issued)
    lines = list(_lines(issued, proving))
    told = {
        "order": issued.order,
        "quote": issued.id,
        "engine": getattr(issued.price, "engine_version", None),
        "total": str(getattr(issued.price, "total", None)),
        "currency": getattr(issued.price, "currency", None),
        "identical": not (found or proving.broken),
    }
    inputs = [plain(each) for each in getattr(issued.price, "inputs", ())]
    differing = [plain(difference) for difference in found]
    if as_json:
        more = {"rows": lines, "inputs": inputs, "differences": differing, "books": proving.broken}
        typer.echo(json.dumps({**told, **more}, default=str))
        return bool(told["identical"])
    table(f"What did quote {issued.id} of order {issued.order} depend on?", inputs)
    table("Which rule added what, then and now?", lines)
    if differing:
        table("Where does it differ?", differing)
    if proving.broken:
        table("Which book is not as it was published?", proving.broken)
    alike = "identical" if told["identical"] else "NOT identical"
    typer.echo(f"{told['total']} {told['currency']} by {told['engine']}: {alike}.")
    return bool(told["identical"])


def _named(issued: PostgresIssuedPrices, said: str) -> IssuedPrice:
    order, _, id = without_kind(said, "order").rpartition("/")
    if order:
        found = issued.find(str(Subject("order", order)), id)
    else:
        try:
            found = issued.event(UUID(id))
        except ValueError:
            raise UserError(f"{said}: name a quote as ORDER/QUOTE, or by its event's id") from None
    if found is None:
        raise UserError(f"no price was issued as {said}: see `ordermade show prices`")
    return found


def _lines(issued: IssuedPrice, proving: Proving) -> Iterator[Row]:
    """The trace, each part as it was stored and as it is now made."""
    if issued.price is None:
        return
    try:
        again: tuple[TraceLine, ...] = repriced(issued.price, proving.version).trace
    except Refusal:
        again = ()
    words = _words(issued, proving)
    for then, now in zip_longest(issued.price.trace, again):
        said = then or now
        assert said is not None
        yield {
            "line": said.line_id or said.basis,
            "rule": said.rule_id,
            "words": words.get(said.rule_id, ""),
            "basis": said.basis,
            "amount": None if then is None else str(then.amount),
            "again": None if now is None else str(now.amount),
            "same": then == now,
        }


def _words(issued: IssuedPrice, proving: Proving) -> dict[str, str]:
    named = {i.name: i.value for i in getattr(issued.price, "inputs", ())}
    try:
        book = proving.version(named["book"], int(named["version"]))
    except (KeyError, ValueError, Refusal):
        return {}
    return {rule.rule_id: rule.words for rule in book.prices}
