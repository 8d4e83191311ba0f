# SPDX-License-Identifier: Apache-2.0
"""Schemas with odd values at every place: ocigen either takes or refuses them, and never breaks."""
import copy
import json
import os
import random
import re
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(HERE)), "codegen"))

from ocigen.__main__ import arguments, run  # noqa: E402
from ocigen.error import Refused, SchemaError  # noqa: E402

ODD = [None, True, 0, -1, 1.5, 10**30, "", "x", "null", [], [None], ["string", "null"], [{}], {}, {"type": 5},
       {"$ref": "#"}, {"$ref": "#/properties"}, {"type": ["object", "null"]}, {"allOf": [{"$ref": "#"}]}]


def slots(value):
    """Every place in a document where a value can be put, as (container, key)."""
    for key in (list(value) if isinstance(value, dict) else range(len(value))):
        yield value, key
        if isinstance(value[key], (dict, list)):
            yield from slots(value[key])


@pytest.mark.parametrize("name", ["type-null", "notes", "all-of", "alias", "more", "defaults", "maps"])
def test_refused_with_words(name, tmp_path):
    """Whatever stands at whatever place: an error of ours, or output; never one of Python's."""
    rng = random.Random(name)
    with open(os.path.join(HERE, name + ".json"), encoding="utf-8") as file:
        text = file.read()
    path = tmp_path / "odd.json"
    refused = 0
    for _ in range(250):
        schema = json.loads(text)
        for _ in range(rng.randrange(1, 3)):
            container, key = rng.choice(list(slots(schema)))
            container[key] = copy.deepcopy(rng.choice(ODD))
        path.write_text(json.dumps(schema))
        try:
            run(arguments(["--prefix", "x", "--base", str(tmp_path), "--output",
                           str(tmp_path / "out"), str(path)]))
        except (Refused, SchemaError) as error:
            refused += 1
            for line in str(error).split("\n"):
                assert re.match(re.escape(str(path)) + r":[1-9]\d*:[1-9]\d*: /\S*: [a-z0-9'\"]", line), line
    assert refused > 100
