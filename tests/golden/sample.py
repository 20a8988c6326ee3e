"""Makes an example of a schema, in which every field is set and none has its default."""

from __future__ import annotations

import re
from typing import Any

_WORDS = ("{at} – übermäßig 你好", "{at}", "12.50", "EUR")
_NUMBERS = (81.25, 0.75)
_FORMATS = {
    "uuid": "6fa459ea-ee8a-5ca4-894e-db77e160355e",
    "date-time": "2026-03-01T12:00:00.000250Z",
}


def sample(schema: dict[str, Any], defs: dict[str, Any] | None = None, at: str = "it") -> Any:
    defs = schema.get("$defs", {}) if defs is None else defs
    if "$ref" in schema:
        return sample(defs[schema["$ref"].removeprefix("#/$defs/")], defs, at)
    if "anyOf" in schema:
        return sample(next(s for s in schema["anyOf"] if s.get("type") != "null"), defs, at)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return [v for v in schema["enum"] if v != schema.get("default")][-1]
    match schema["type"]:
        case "object":
            return {k: sample(v, defs, k) for k, v in schema["properties"].items()}
        case "array":
            return [sample(schema["items"], defs, f"{at} {i}") for i in (1, 2)]
        case "boolean":
            return not schema.get("default")
        case "integer":
            return schema.get("minimum", 0) + 2
        case "number":
            return next(n for n in _NUMBERS if n <= schema.get("maximum", n))
        case "string" if "format" in schema:
            return _FORMATS[schema["format"]]
        case "string":
            texts = [words.format(at=at) for words in _WORDS]
            return next(s for s in texts if re.search(schema.get("pattern", ""), s))
    raise ValueError(f"{at}: no sample for {schema}: add one to {__file__}")
