"""What we show: each module here that names a `projection` is one, found by its name."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

from projections.view import Projection


def discover() -> dict[str, Projection[Any]]:
    """The projections of this release by name."""
    modules = [
        importlib.import_module(f"{__name__}.{module.name}")
        for module in pkgutil.iter_modules(__path__)
    ]
    found = (getattr(module, "projection", None) for module in modules)
    return {p.name: p for p in found if isinstance(p, Projection)}
