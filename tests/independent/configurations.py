"""The meaning of each kind of constraint for one whole configuration, without a solver."""

from __future__ import annotations

from decimal import Decimal


def holds(term, values: dict[str, str]) -> bool:
    """Whether the option of the term has one of its values, or any where it names none."""
    return term.option in values and (not term.values or values[term.option] in term.values)


def is_kept(rule, values: dict[str, str], stages: dict[str, str]) -> bool:
    """Whether a configuration keeps a rule.

    `values` has the product and the value of each option that is chosen, `stages` the stage at
    which each option is chosen.
    """
    if not all(holds(term, values) for term in rule.when):
        return True
    then = [holds(term, values) for term in rule.then]
    if rule.kind == "requires":
        return all(then)
    if rule.kind == "excludes":
        return not any(then)
    if rule.kind == "cardinality":
        return rule.at_least <= sum(then) <= (len(then) if rule.at_most is None else rule.at_most)
    if rule.kind == "range":
        [term] = rule.then
        number = values.get(term.option)
        return number is None or rule.range.minimum <= Decimal(number) <= rule.range.maximum
    if rule.kind == "stage":
        return all(
            stages[term.option] in rule.stages
            for term, chosen in zip(rule.then, then, strict=True)
            if chosen
        )
    return True  # a default forbids nothing
