"""The checker of the source tree must see every kind of violation: each is planted in a small tree of its own."""
import pathlib
import tempfile
import unittest

import check_includes

GOOD = {
    "include/kollagen/low.hpp": '/// Low.\n#pragma once\n#include <array>\n// exit(1), KOKKOS_LAMBDA: only words\n',
    "kernels/for_cells.hpp": "/// Loops.\n#pragma once\n/* parallel_for */ using P = RangePolicy<int>;\n",
    "kernels/high.hpp": '/// High.\n#pragma once\n#include "kollagen/low.hpp"\nauto a = "kollagen/high/one";\n',
    "kernels/high.cpp": '#include "kernels/high.hpp"\nconst char* t = "exit(1) and RangePolicy";\nauto q = \'"\';\n',
    "host/main.cpp": '#include "kernels/high.hpp"\nint f() { std::exit(0); }\n',
    "host/mpi_communicator.cpp": "#include <mpi.h>\nint size() { return size_of(MPI_COMM_WORLD); }\n",
}
LEVELS = """
[[level]]
name = "low"
files = ["include/kollagen/*", "kernels/for_cells", "host/mpi_communicator"]
[[level]]
name = "high"
files = ["kernels/high"]
[[level]]
name = "program"
files = ["host/main"]
"""


def problems_of(changes=(), levels=LEVELS):
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name, text in {**GOOD, "tests/include_levels.toml": levels, **dict(changes)}.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        return check_includes.check(root)[1]


class CheckIncludes(unittest.TestCase):
    def expect(self, file, text, *fragments, levels=LEVELS):
        problems = problems_of({file: text}, levels)
        self.assertEqual(len(problems), 1, problems)
        for fragment in fragments:
            self.assertIn(fragment, problems[0])

    def test_a_clean_tree_passes(self):
        self.assertEqual(problems_of(), [])

    def test_include_of_a_higher_level(self):
        self.expect(
            "include/kollagen/low.hpp",
            '/// Low.\n#pragma once\n#include "kernels/high.hpp"\n',
            "include/kollagen/low.hpp:3: level 0 (low) must not include",
            "level 1 (high)",
        )

    def test_include_of_the_same_level(self):
        self.expect(
            "include/kollagen/low.hpp",
            '/// Low.\n#pragma once\n#include "kernels/for_cells.hpp"\n',
            "include/kollagen/low.hpp:3: level 0",
        )

    def test_new_file_without_a_level(self):
        self.expect("host/extra.cpp", "", "host/extra.cpp:1: not in tests/include_levels.toml")

    def test_entry_without_a_file(self):
        levels = LEVELS.replace('"host/main"', '"host/main", "host/gone"')
        self.expect("host/main.cpp", "", "host/gone does not exist", levels=levels)

    def test_include_that_is_not_there(self):
        self.expect("host/main.cpp", '#include "high.hpp"\n', "host/main.cpp:1", "no such file")

    def test_project_file_in_angle_brackets(self):
        self.expect("host/main.cpp", "#include <kollagen/low.hpp>\n", "host/main.cpp:1", "quotes")

    def test_constructs_kept_to_one_place(self):
        for code, fragment in (
            ("Kokkos::MDRangePolicy<int> p;", "MDRangePolicy: loops go through"),
            ("Kokkos::parallel_scan(n, f);", "parallel_scan: loops go through"),
            ("auto f = KOKKOS_CLASS_LAMBDA(int) {};", "KOKKOS_CLASS_LAMBDA: device code"),
            ("int n = size(MPI_COMM_WORLD);", "MPI_COMM_WORLD: only host/mpi_communicator.cpp"),
            ("void f() { std::exit(2); }", "exit: only host/main.cpp"),
            ("void f() { ::exit (2); }", "exit: only host/main.cpp"),
        ):
            with self.subTest(code):
                self.expect("kernels/high.cpp", code + "\n", "kernels/high.cpp:1: ", fragment)

    def test_library_headers_kept_to_one_place(self):
        for header in ("mpi.h", "mpi-ext.h"):
            with self.subTest(header):
                self.expect("kernels/high.cpp", f"#include <{header}>\n", f"kernels/high.cpp:1: {header}: MPI stands")
        for header in ("thrust/system/omp/execution_policy.h", "thrust/execution_policy.h", "thrust/device_vector.h"):
            with self.subTest(header):
                self.expect("kernels/high.cpp", f"#include <{header}>\n", f"high.cpp:1: {header}: kernels/thrust_ranges")
        self.assertEqual(problems_of({"kernels/high.cpp": "#include <thrust/sort.h>\n"}), [])

    def test_an_exit_of_another_kind_is_fine(self):
        self.assertEqual(problems_of({"kernels/high.cpp": "int f() { return app.exit(error); }\n"}), [])

    def test_header_rules(self):
        good = '/// High.\n#pragma once\nauto a = "kollagen/high/one";\n'
        self.expect("kernels/high.hpp", good + "using namespace std;\n", "kernels/high.hpp:4: a header must not")
        self.expect("kernels/high.hpp", good.replace("///", "//"), "kernels/high.hpp:1: a header opens")
        self.expect("kernels/high.hpp", good.replace("#pragma once", ""), "#pragma once is missing")

    def test_kernel_labels(self):
        self.expect("kernels/high.cpp", 'auto b = "kollagen/high/one";\n', "kernels/high.hpp:4", "is taken by kernels/high.cpp:1")
        self.expect("kernels/high.cpp", 'auto b = "kollagen/one";\n', "not of the form kollagen/file/kernel")


if __name__ == "__main__":
    unittest.main()
