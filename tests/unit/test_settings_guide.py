"""The table of settings in the guide is the one that the code has."""

from __future__ import annotations

import re
from pathlib import Path

from infra.settings import Settings

GUIDE = Path(__file__).parents[2] / "docs/guide/settings.md"


def test_the_guide_lists_every_setting_and_no_other():
    listed = set(re.findall(r"`ORDERMADE_([A-Z_]+)`", GUIDE.read_text(encoding="utf-8")))
    assert listed == {field.upper() for field in Settings.model_fields}
