"""Reads what the stub of Catalyst 2 leaves in CATALYST_DATA_DUMP_DIRECTORY: a tree of Conduit, its values in
a binary file and its layout in JSON beside it."""
import json
import pathlib

import numpy

TYPES = {"int8": "i1", "int16": "i2", "int32": "i4", "int64": "i8", "uint8": "u1", "uint16": "u2",
         "uint32": "u4", "uint64": "u8", "float32": "f4", "float64": "f8"}


def read(path):
    """The tree of a file `*.conduit_bin.RANKS.RANK`: dicts and lists of arrays, numbers and texts."""
    path = pathlib.Path(path)
    content = path.read_bytes()

    def leaf(node):
        count, offset, stride = node["number_of_elements"], node["offset"], node["stride"]
        if node["dtype"] == "char8_str":
            return content[offset:offset + count].split(b"\0")[0].decode()
        order = {"little": "<", "big": ">"}[node["endianness"]]
        values = numpy.ndarray(count, order + TYPES[node["dtype"]], content, offset, stride)
        return values[0] if count == 1 else values

    def tree(node):
        if isinstance(node, list):
            return [tree(child) for child in node]
        if isinstance(node.get("dtype"), str) and "number_of_elements" in node:
            return leaf(node)
        return {name: tree(child) for name, child in node.items()}

    return tree(json.loads((path.parent / (path.name + "_json")).read_text()))
