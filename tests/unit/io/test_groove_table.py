from __future__ import annotations

import pytest

from groovekit.io.groove_table import STYLES, style_number


@pytest.mark.parametrize(
    ("name", "style"),
    [
        ("drummer1/session1/1_funk_80_beat_4-4.mid", "funk"),
        ("10_jazz-funk_116_fill_4-4.mid", "jazz"),
        ("groove.zip/2_afrocuban-bembe_122_beat_6-8.midi", "afrocuban"),
    ],
)
def test_the_style_is_read_off_the_data_sets_names(name, style):
    assert STYLES[style_number(name)] == style


@pytest.mark.parametrize("name", ["", "funk.mid", "1_polka_80_beat_4-4.mid", "a_1.mid"])
def test_other_names_say_no_style(name):
    assert style_number(name) == -1


def test_every_file_of_the_data_set_says_its_style(groove_dir):
    table = (groove_dir / "info.csv").read_text(encoding="utf-8").splitlines()
    files = [row.split(",")[7] for row in table[1:]]
    styles = [row.split(",")[3].partition("/")[0] for row in table[1:]]
    assert [STYLES[style_number(name)] for name in files] == styles
