"""Free text, by rules: which of a book's phrases a customer's own words say.

What leaves a doubt is left over, and a person is asked: a wish that is not understood costs a
question, one that is misunderstood costs a meal.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from domain.book.book import Phrase
from domain.event import strict
from domain.free_text.interpretation import Meaning
from domain.personal import Plain, Pseudonym
from domain.values import Name, Share

RULES = "rules.v1"
"""Who interprets here; another way of reading is another version."""
MOST = 20
"""Wishes that are looked for in one text: whoever has more is asked by a person."""

_NO = "no"
_NEGATION = re.compile(
    r"\b(?:do not|dont|does not|doesnt|no|not|none|never|without|w/o|minus|skip|omit|"
    r"hold|leave out|leave off|free of)\b"
)
_WORD = re.compile(r"[^\W_]+")
_FILLERS = frozenset(
    _WORD.findall(
        "a an the please pls thanks thank you i id we my our me us it its is be make want would "
        "like love could can may have get give with of on in to for some any much do so that this"
    )
)
_APOSTROPHE = re.compile(r"(?<=\w)['’](?=\w)")
_JOINT = re.compile(r"([.,;:!?()/\n+&]|\b(?:and|or|nor|but|also|plus|then)\b)")
_CARRIES = {"", ",", "/", "&", "and", "or", "nor"}
"""A "no" may reach across these: "no onions, tomatoes and pickles"."""


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class Interpretation:
    """What an interpreter makes of a text; without a meaning it understood nothing.

    `understood` is the share of the words that the meanings stand for; `confidence` is how surely
    they are what the customer meant.
    """

    meanings: Plain[Annotated[tuple[Meaning, ...], Field(max_length=100)]]
    understood: Plain[Share]
    confidence: Plain[Share]
    by: Pseudonym[Name]


@dataclass(frozen=True, slots=True)
class _Wording:
    words: tuple[str, ...]
    phrase: Phrase

    @property
    def negated(self) -> bool:
        return _NO in self.words


@dataclass(frozen=True, slots=True)
class _Clause:
    """Words between two joints. `lent`: its "no" was said before; `doubtful`: it may have been."""

    words: tuple[str, ...]
    lent: bool
    doubtful: bool


def read(text: str, phrases: Sequence[Phrase]) -> Interpretation:
    """confidence = share of the words that were understood × the least of the phrases' own.

    Words of a wish are understood in any order, as they are put, and only next to each other; a
    "no" comes first. Words that say nothing ("please") are not counted.
    """
    wordings = [_Wording(words_of(w), phrase) for phrase in phrases for w in phrase.words]
    known = {w.words for w in wordings}
    by_word = defaultdict(list)
    for wording in wordings:
        if wording.words:
            by_word[wording.words[-1]].append(wording)
    said = understood = 0
    found: dict[tuple[str, ...], _Wording] = {}
    for clause in _clauses(text):
        said += len(clause.words) - clause.lent
        wanted = (w for word in dict.fromkeys(clause.words) for w in by_word[word])
        taken: set[int] = set()
        for wording in sorted(wanted, key=lambda w: (not w.negated, -len(w.words))):
            if len(found) == MOST or (clause.doubtful and _may_be_negated(wording, known)):
                continue
            if places := _places(wording, clause.words, taken):
                taken |= places
                found.setdefault(wording.phrase.operations, wording)
        understood += len(taken) - (clause.lent and 0 in taken)
    share = understood / said if said else 0.0
    surely = min((w.phrase.confidence for w in found.values()), default=0.0)
    if _contradictory(w.words for w in found.values()):
        surely = 0.0
    return Interpretation(
        meanings=tuple(
            Meaning(operations=operations, amount=w.phrase.amount)
            for operations, w in found.items()
        ),
        understood=share,
        confidence=share * surely,
        by=RULES,
    )


def priced(operations: Sequence[str], phrases: Sequence[Phrase]) -> tuple[Meaning, ...]:
    """The operations that a person named, as the phrases' wishes; without one they have no price.

    A phrase of more operations goes before one of fewer.
    """
    left, meanings = list(dict.fromkeys(operations)), []
    for phrase in sorted(phrases, key=lambda p: -len(p.operations)):
        if set(phrase.operations) <= set(left):
            meanings.append(Meaning(operations=phrase.operations, amount=phrase.amount))
            left = [o for o in left if o not in phrase.operations]
    return (*meanings, *(Meaning(operations=(o,)) for o in left))


def words_of(text: str) -> tuple[str, ...]:
    """The words that say something, without case, accents, plurals and ways to say no."""
    return tuple(_stem(w) for w in _WORD.findall(_plain(text)) if w not in _FILLERS)


def understandable(wording: str) -> bool:
    """Whether a text can ever say it: it has words, and they can stand next to each other."""
    return len([c for c in _clauses(wording) if c.words]) == 1


def _plain(text: str) -> str:
    bare = unicodedata.normalize("NFKD", text).casefold()
    bare = "".join(c for c in bare if not unicodedata.combining(c))
    return _NEGATION.sub(f" {_NO} ", _APOSTROPHE.sub("", bare))


def _stem(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-1] if len(word) > 3 and word.endswith("s") and word[-2] not in "su" else word


def _clauses(text: str) -> Iterator[_Clause]:
    parts = _JOINT.split(_plain(text))
    reaches = negated = False
    for joint, part in zip(["", *parts[1::2]], parts[::2], strict=True):
        reaches = reaches and joint in _CARRIES
        if not (words := words_of(part)):
            continue
        lent = reaches and negated and joint in {"or", "nor"} and _NO not in words
        if lent:
            words = (_NO, *words)
        negated = _NO in words
        yield _Clause(words, lent, doubtful=reaches and not negated)
        reaches = reaches or negated


def _may_be_negated(wording: _Wording, known: set[tuple[str, ...]]) -> bool:
    return len(wording.words) == 1 or (_NO, *wording.words) in known


def _places(wording: _Wording, words: Sequence[str], taken: set[int]) -> set[int]:
    """Where the words of a wording stand together, and no "no" before them means them too."""
    wanted, many = sorted(wording.words), len(wording.words)
    for start in range(len(words) - many + 1):
        places = set(range(start, start + many))
        window = words[start : start + many]
        if taken & places or sorted(window) != wanted:
            continue
        if wording.negated and window.index(_NO) != wording.words.index(_NO):
            continue
        if not _denied(words, start, taken):
            return places
    return set()


def _denied(words: Sequence[str], start: int, taken: set[int]) -> bool:
    for place in range(start - 1, -1, -1):
        if place in taken:
            return False
        if words[place] == _NO:
            return True
    return False


def _contradictory(wordings: Iterable[tuple[str, ...]]) -> bool:
    """Whether something is both wanted and not."""
    all_of_them = set(wordings)
    return any((_NO, *words) in all_of_them for words in all_of_them)
