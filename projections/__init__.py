"""What is shown: views, each a projection in a module of its own, and the figures of their rows."""

from __future__ import annotations

import importlib
import pkgutil

from projections.view import AnyProjection, Projection


def discover() -> dict[str, AnyProjection]:
    """The projections of this release by name: those that the modules of this folder define.

    Raises TypeError where a module has two, or where two modules use the same name.
    """
    projections: dict[str, AnyProjection] = {}
    for info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{info.name}")
        own = [value for value in vars(module).values() if isinstance(value, Projection)]
        if len(own) > 1:
            raise TypeError(f"{module.__name__}: one projection a module, not {len(own)}")
        for projection in own:
            if projection.name in projections:
                raise TypeError(f"{module.__name__}: there is a view {projection.name} already")
            projections[projection.name] = projection
    return projections
