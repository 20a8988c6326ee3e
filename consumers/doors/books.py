"""The books of the catalogues, folded from the store: the port `Books`."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from consumers.ports.store import Store
from domain.book.book import Book
from domain.catalogue.events import CatalogueEvent
from domain.catalogue.state import Catalogue, evolve
from domain.errors import Malformed
from domain.subject import Subject


class StoredBooks:
    """Keeps every catalogue that it has folded, and then reads only the new events of it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._folded: dict[str, tuple[int, Catalogue]] = {}

    def catalogue(self, name: str) -> Catalogue:
        """Return all versions, drafts included; none if nobody has drafted one."""
        version, catalogue = self._folded.get(name, (0, Catalogue()))
        for recorded in self._store.read_stream(str(Subject("catalogue", name)), after=version):
            data = cast(CatalogueEvent, recorded.data)
            catalogue = evolve(catalogue, data, recorded.event.time)
            version = recorded.version
        if version:
            self._folded[name] = version, catalogue
        return catalogue

    def current(self, name: str, at: datetime) -> Book | None:
        return self.catalogue(name).current(at)

    def version(self, name: str, number: int) -> Book:
        version = self.catalogue(name).version(number)
        if version is None:
            raise Malformed(f"the catalogue {name} has no version {number}", "version")
        return version.book

    def bound(self, name: str, number: int | None, at: datetime) -> Book | None:
        return self.current(name, at) if number is None else self.version(name, number)
