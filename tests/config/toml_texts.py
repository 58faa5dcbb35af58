"""TOML texts of every shape, drawn at random."""

import json

from hypothesis import strategies as st

from tradebot.config.keys import KEYS, SESSION_KEYS

WORDS = sorted(
    {part for key in KEYS.values() for part in key.path} | {"sessions", "NSE", *SESSION_KEYS}
)
VALUES = ["paper", "live", "1%", "10s", "09:15", "mid", "127.0.0.1:4800", "Asia/Kolkata", "mon"]


def _quoted(text):
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


texts = st.text(st.characters(codec="utf-8"), max_size=8)
keys = st.sampled_from(WORDS) | texts.map(_quoted) | st.sampled_from(["'a b'", "x-1", "_"])
scalars = (
    st.sampled_from(VALUES).map(_quoted)
    | texts.map(_quoted)
    | st.integers(-(2**70), 2**70).map(str)
    | st.floats(allow_nan=False, allow_infinity=False).map(repr)
    | st.booleans().map(lambda value: str(value).lower())
    | st.dates().map(lambda value: value.isoformat())
    | st.sampled_from(["nan", "-inf", "'raw # text'", "'''\n[a]\n'''", '"""\nb = 1\n"""', "0x1F"])
)


def _array(items):
    return f"[ {', '.join(items)} ]"


def _tall_array(items):
    return "\n".join(["[", *(f" {item}," for item in items), "# end ]", "]"])


def _inline_table(items):
    return f"{{ {', '.join(f'{key} = {item}' for key, item in items.items())} }}"


values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3).map(_array)
        | st.lists(inner, max_size=3).map(_tall_array)
        | st.dictionaries(st.sampled_from(WORDS), inner, max_size=3).map(_inline_table)
    ),
    max_leaves=5,
)


@st.composite
def toml_texts(draw):
    """Draw a valid TOML text: tables, dotted keys, comments, everything in any order."""
    lines = []
    tables = draw(st.lists(keys, max_size=4, unique_by=lambda key: key.strip("\"'")))
    for table in ["", *tables]:
        if table:
            lines.append(f"[{table}]  # table")
        seen = set() if table else {name.strip("\"'") for name in tables}
        for key in draw(st.lists(keys, max_size=5)):
            if key.strip("\"'") in seen:
                continue
            seen.add(key.strip("\"'"))
            dotted = draw(st.sampled_from(["", ".sub", " . source", '."q"']))
            lines.append(f"{key}{dotted} = {draw(values)}{draw(st.sampled_from(['', ' # why']))}")
        lines.append(draw(st.sampled_from(["", "# a = 1", "\t"])))
    return "\n".join(lines)
