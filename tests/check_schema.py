"""Checks the JSON Schema that the program prints against all shipped studies and the studies that must fail.

    check_schema.py PROGRAM ROOT      exit code 1 and one line per disagreement
"""
import json
import pathlib
import subprocess
import sys
import tomllib

import jsonschema

# Bad studies whose fault a schema cannot see: units, sums over several keys, TOML syntax, memory.
BEYOND_A_SCHEMA = (
    "syntax_error key_given_twice table_given_twice spacing_does_not_divide spacing_larger_than_the_side "
    "spacing_too_small too_large_for_memory range_before_memory half_periodic periodic_top_only "
    "time_for_a_length reciprocal_unit trailing_number treatment_after_the_end negative_treatment_time "
    "rows_of_a_stamp centre_outside needling_in_the_linear_model wall_value_in_the_dermal_model "
    "wall_value_at_a_closed_wall robin_without_k wrong_unit_of_a_field gaussian_without_width box_inside_out "
    "source_outside output_never two_outputs_of_one_name output_field_twice slice_outside probe_point_outside "
    "until_before_from layer_of_half_a_baseline layer_given_twice first_step_longer_than_max_step not_a_number "
    "two_tables_of_metrics too_many_needles live_without_a_port waiting_for_nobody live_through_catalyst "
    "mixed_and_explicit mixed_and_too_exact"
).split()


def main(program, root):
    schema = json.loads(subprocess.run([program, "schema"], check=True, capture_output=True, text=True).stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    problems = []

    good = sorted((root / "configs").rglob("*.toml"))
    for path in good:
        for error in validator.iter_errors(tomllib.loads(path.read_text())):
            problems.append(f"{path}: {error.json_path}: {error.message}")

    seen = set()
    for path in sorted((root / "tests/reference/bad_studies").glob("*.toml")):
        name = path.stem.split("_", 1)[1]
        seen.add(name)
        if name not in BEYOND_A_SCHEMA and validator.is_valid(tomllib.loads(path.read_text())):
            problems.append(f"{path}: the schema accepts this study")
    problems += [f"check_schema.py: there is no bad study {name}" for name in set(BEYOND_A_SCHEMA) - seen]
    print(f"{len(good)} studies satisfy the schema, {len(seen) - len(BEYOND_A_SCHEMA)} bad ones do not")
    print("\n".join(problems))
    return 1 if problems or not good else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], pathlib.Path(sys.argv[2])))
