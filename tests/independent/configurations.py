"""What the kinds of constraints mean, said a second time: of one whole configuration."""

from __future__ import annotations

from decimal import Decimal


def holds(term, made: dict[str, str]) -> bool:
    return term.option in made and (not term.values or made[term.option] in term.values)


def kept(rule, made: dict[str, str], stages: dict[str, str]) -> bool:
    """`made` has what was chosen and the product, `stages` when each of it was chosen."""
    if not all(holds(term, made) for term in rule.when):
        return True
    then = [holds(term, made) for term in rule.then]
    if rule.kind == "requires":
        return all(then)
    if rule.kind == "excludes":
        return not any(then)
    if rule.kind == "cardinality":
        return rule.at_least <= sum(then) <= (len(then) if rule.at_most is None else rule.at_most)
    if rule.kind == "range":
        [term] = rule.then
        chosen = made.get(term.option)
        return chosen is None or rule.range.minimum <= Decimal(chosen) <= rule.range.maximum
    if rule.kind == "stage":
        return all(
            stages[term.option] in rule.stages
            for term, chosen in zip(rule.then, then, strict=True)
            if chosen
        )
    return True  # a default
