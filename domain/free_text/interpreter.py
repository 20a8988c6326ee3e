"""An interpreter of free text by rules: it finds the phrases of a book in a customer's own words.

What is doubtful is not understood, and a person is asked: a question costs less than a meal that
was prepared wrongly. docs/adr/0016-free-text.md has the reasons.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from domain.book.book import Phrase
from domain.free_text.interpretation import Interpretation, Meaning

VERSION = "rules.v1"
"""The name of this interpreter in events; one with other results has another name."""
MOST_PHRASES = 20
"""How many phrases are looked for in one text; a text with more is left to a person."""

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
_JOINTS_WITHIN_REACH = {"", ",", "/", "&", "and", "or", "nor"}
"""Joints that a "no" may reach across: "no onions, tomatoes and pickles"."""


@dataclass(frozen=True, slots=True)
class _Wording:
    """The significant words of one wording of a phrase."""

    words: tuple[str, ...]
    phrase: Phrase

    @property
    def is_negated(self) -> bool:
        return _NO in self.words


@dataclass(frozen=True, slots=True)
class _Clause:
    """The significant words between two joints.

    `has_borrowed_no`: its first word is the "no" of an earlier clause ("no onions or tomatoes").
    `may_be_negated`: an earlier "no" may be meant for this clause too, which nobody can tell.
    """

    words: tuple[str, ...]
    has_borrowed_no: bool
    may_be_negated: bool


def interpret(text: str, phrases: Sequence[Phrase]) -> Interpretation:
    """The meanings of a text by the phrases of a book.

    `understood` is the number of words that belong to a found phrase, divided by all significant
    words. `confidence` is `understood` times the lowest confidence of the found phrases, or 0 where
    they contradict each other. The words of a phrase are found in any order, next to each other,
    with a "no" in front; words like "please" do not count.
    """
    wordings = [_Wording(words_of(w), phrase) for phrase in phrases for w in phrase.words]
    all_wordings = {w.words for w in wordings}
    by_last_word = defaultdict(list)
    for wording in wordings:
        if wording.words:
            by_last_word[wording.words[-1]].append(wording)
    total = understood = 0
    matches: dict[tuple[str, ...], _Wording] = {}
    for clause in _clauses(text):
        total += len(clause.words) - clause.has_borrowed_no
        candidates = (w for word in dict.fromkeys(clause.words) for w in by_last_word[word])
        used: set[int] = set()
        for wording in sorted(candidates, key=lambda w: (not w.is_negated, -len(w.words))):
            if len(matches) == MOST_PHRASES:
                continue
            if clause.may_be_negated and _has_negated_form(wording, all_wordings):
                continue
            if positions := _positions(wording, clause.words, used):
                used |= positions
                matches.setdefault(wording.phrase.operations, wording)
        understood += len(used) - (clause.has_borrowed_no and 0 in used)
    share = understood / total if total else 0.0
    certainty = min((w.phrase.confidence for w in matches.values()), default=0.0)
    if _has_contradiction(w.words for w in matches.values()):
        certainty = 0.0
    return Interpretation(
        meanings=tuple(
            Meaning(operations=operations, amount=w.phrase.amount)
            for operations, w in matches.items()
        ),
        understood=share,
        confidence=share * certainty,
        by=VERSION,
    )


def price_operations(operations: Sequence[str], phrases: Sequence[Phrase]) -> tuple[Meaning, ...]:
    """The meanings of operations that a person has named, with the prices of matching phrases.

    Phrases of many operations are matched first; operations without a phrase have no price.
    """
    rest, meanings = list(dict.fromkeys(operations)), []
    for phrase in sorted(phrases, key=lambda p: -len(p.operations)):
        if set(phrase.operations) <= set(rest):
            meanings.append(Meaning(operations=phrase.operations, amount=phrase.amount))
            rest = [o for o in rest if o not in phrase.operations]
    return (*meanings, *(Meaning(operations=(o,)) for o in rest))


def words_of(text: str) -> tuple[str, ...]:
    """The significant words of a text, without case, accents and plurals, negations as "no"."""
    return tuple(_stem(w) for w in _WORD.findall(_normalized(text)) if w not in _FILLERS)


def is_findable(wording: str) -> bool:
    """Whether a text can contain the wording: it has significant words, all in one clause."""
    return len([c for c in _clauses(wording) if c.words]) == 1


def _normalized(text: str) -> str:
    base = unicodedata.normalize("NFKD", text).casefold()
    base = "".join(c for c in base if not unicodedata.combining(c))
    return _NEGATION.sub(f" {_NO} ", _APOSTROPHE.sub("", base))


def _stem(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-1] if len(word) > 3 and word.endswith("s") and word[-2] not in "su" else word


def _clauses(text: str) -> Iterator[_Clause]:
    parts = _JOINT.split(_normalized(text))
    in_reach = negated = False
    for joint, part in zip(["", *parts[1::2]], parts[::2], strict=True):
        in_reach = in_reach and joint in _JOINTS_WITHIN_REACH
        if not (words := words_of(part)):
            continue
        borrows = in_reach and negated and joint in {"or", "nor"} and _NO not in words
        if borrows:
            words = (_NO, *words)
        negated = _NO in words
        yield _Clause(words, borrows, may_be_negated=in_reach and not negated)
        in_reach = in_reach or negated


def _has_negated_form(wording: _Wording, all_wordings: set[tuple[str, ...]]) -> bool:
    return len(wording.words) == 1 or (_NO, *wording.words) in all_wordings


def _positions(wording: _Wording, words: Sequence[str], used: set[int]) -> set[int]:
    """The positions of a wording in a clause; none where it is absent, or a "no" precedes it."""
    target, length = sorted(wording.words), len(wording.words)
    for start in range(len(words) - length + 1):
        positions = set(range(start, start + length))
        window = words[start : start + length]
        if used & positions or sorted(window) != target:
            continue
        if wording.is_negated and window.index(_NO) != wording.words.index(_NO):
            continue
        if not _is_denied(words, start, used):
            return positions
    return set()


def _is_denied(words: Sequence[str], start: int, used: set[int]) -> bool:
    """Whether a "no" stands before `start` that no other wording has used."""
    for position in range(start - 1, -1, -1):
        if position in used:
            return False
        if words[position] == _NO:
            return True
    return False


def _has_contradiction(wordings: Iterable[tuple[str, ...]]) -> bool:
    """Whether the same words are found with a "no" and without."""
    all_words = set(wordings)
    return any((_NO, *words) in all_words for words in all_words)
