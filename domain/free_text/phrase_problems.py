"""Problems of the phrases of a drafted book."""

from __future__ import annotations

from collections.abc import Iterator

from domain.book.book import Book, BookProblem, Phrase
from domain.free_text.interpreter import is_findable, words_of


def problems(book: Book) -> list[BookProblem]:
    """Wordings that no text can contain, and wordings with two meanings."""
    return [
        BookProblem(part="phrases", id=phrase.words[0], message=message)
        for phrase, message in _problems(book)
    ]


def _problems(book: Book) -> Iterator[tuple[Phrase, str]]:
    phrase_of: dict[tuple[str, ...], Phrase] = {}
    for phrase in book.phrases:
        for wording in phrase.words:
            if not is_findable(wording):
                yield (
                    phrase,
                    f'"{wording}" is never found in a text: it is split at commas and at words '
                    'like "and", and words like "please" are ignored; leave those out',
                )
                continue
            first = phrase_of.setdefault(tuple(sorted(words_of(wording))), phrase)
            if first.operations != phrase.operations:
                yield phrase, f'"{wording}" is in the phrase "{first.words[0]}" too: leave one out'
