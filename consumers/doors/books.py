"""The books of the catalogues, folded from the store: the port `Books` of the decisions."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from consumers.ports.store import Store
from domain.book.book import Book
from domain.catalogue.events import CatalogueEvent
from domain.catalogue.state import Catalogue, evolve
from domain.errors import Malformed


class StoredBooks:
    """Keeps what it has folded: a version never changes, and only what is new is read."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[str, tuple[int, Catalogue]] = {}

    def catalogue(self, name: str) -> Catalogue:
        """All versions, drafts too; none where nobody has drafted one."""
        seen, catalogue = self._known.get(name, (0, Catalogue()))
        for r in self._store.read_stream(f"catalogue/{name}", after=seen):
            catalogue = evolve(catalogue, cast(CatalogueEvent, r.data), r.event.time)
            seen = r.version
        if seen:
            self._known[name] = seen, catalogue
        return catalogue

    def current(self, name: str, at: datetime) -> Book | None:
        return self.catalogue(name).current(at)

    def version(self, name: str, number: int) -> Book:
        found = self.catalogue(name).version(number)
        if found is None:
            raise Malformed(f"the catalogue {name} has no version {number}", "version")
        return found.book

    def bound(self, name: str, number: int | None, at: datetime) -> Book | None:
        return self.current(name, at) if number is None else self.version(name, number)
