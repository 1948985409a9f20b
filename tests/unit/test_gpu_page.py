"""benchmarks/gpu/gpu_page.py on planted results and on a planted report of the compiler."""
import importlib.util
import pathlib
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
specification = importlib.util.spec_from_file_location("gpu_page", ROOT / "benchmarks/gpu/gpu_page.py")
gpu_page = importlib.util.module_from_spec(specification)
specification.loader.exec_module(gpu_page)


def entry(name, stack, spill, registers):
    return (f"ptxas info    : Compiling entry function '{name}' for 'sm_90'\n"
            f"ptxas info    : Function properties for {name}\n"
            f"    {stack} bytes stack frame, {spill} bytes spill stores, {spill} bytes spill loads\n"
            f"ptxas info    : Used {registers} registers, used 0 barriers\n")


class Registers(unittest.TestCase):
    def test_functors_are_told_from_names(self):
        launch = "void Kokkos::Impl::cuda_parallel_launch_local_memory<Kokkos::Impl::ParallelFor<kollagen::detail::"
        team = ("void Kokkos::Impl::cuda_parallel_launch_local_memory<Kokkos::Impl::ParallelFor<kollagen::CoarseCycle"
                "<Kokkos::Cuda, kollagen::LevelOperator>, Kokkos::TeamPolicy<Kokkos::Cuda>, Kokkos::Cuda> >(...)")
        self.assertEqual(gpu_page.functor_of(team), ("CoarseCycle", "LevelOperator", "team"))
        rest = ", Kokkos::RangePolicy<Kokkos::Cuda, Kokkos::IndexType<int> >, Kokkos::Cuda> >(...)"
        for name, found in {
            "FlatBody<kollagen::StartStep>": ("StartStep", "", "for"),
            "FlatBody<kollagen::(anonymous namespace)::Mobility>": ("Mobility", "", "for"),
            "FlatMax<kollagen::UpdateLocal<kollagen::Dermal, 14336u, true> >":
                ("UpdateLocal", "Dermal, 14336u, true", "max"),
            "PlaneTeams<kollagen::Adding, 30, Kokkos::Cuda, kollagen::ReadOutParts<double> >":
                ("ReadOutParts", "double", "planes"),
            "FlatStretchBody<kollagen::detail::EachField<kollagen::StartStep<float> > >":
                ("StartStep", "float", "for active of fields"),
            "FlatBody<kollagen::WithGhostsOfCells<kollagen::SmoothSweep<kollagen::LevelOperator>, float> >":
                ("SmoothSweep", "LevelOperator", "for with ghosts"),
            "EachFieldMax<kollagen::PlainErrorSize<double>, kollagen::detail::ItemsOfBox>":
                ("PlainErrorSize", "double", "max of fields"),
            "EachFieldMax<kollagen::PlainErrorSize<double>, kollagen::detail::ItemsOfStretches>":
                ("PlainErrorSize", "double", "max of fields, active"),
        }.items():
            self.assertEqual(gpu_page.functor_of(launch + name + rest), found)
        self.assertIsNone(gpu_page.functor_of("void Kokkos::Impl::something<Kokkos::View<double*> >(...)"))

    def test_a_log_of_a_build(self):
        log = "[1/2] Building CXX object\nptxas info    : 0 bytes gmem\n"
        log += entry("_ZN8kollagen6detail7FlatMaxINS_9ErrorSizeEE3runEv", 0, 0, 40)
        log += entry("_ZN8kollagen6detail8FlatBodyINS_8PunctureEE3runEv", 576, 8, 124)
        log += entry("_ZN8kollagen6detail7FlatMaxINS_4LossINS_12verification5ModelEEEE3runEv", 0, 0, 50)
        log += entry("_ZN6Kokkos4Impl4initEv", 16, 0, 10)
        found = gpu_page.registers(log)
        self.assertIn({"functor": "Puncture", "arguments": "", "loop": "for", "registers": 124, "stack_bytes": 576,
                       "spill_bytes": 16}, found)
        self.assertEqual([(kernel["functor"], kernel["loop"]) for kernel in found],
                         [("ErrorSize", "max"), ("Puncture", "for")])

    def test_occupancy(self):
        # 16384 registers for a quarter of the 64 warps: 32 a thread is all; 40 leaves 12 warps, 56 leaves 9, 82 (88) 5
        for registers, warps in ((16, 64), (32, 64), (33, 48), (40, 48), (56, 36), (64, 32), (72, 28), (82, 20), (255, 8)):
            self.assertEqual(gpu_page.occupancy(registers), warps / 64, registers)


def bench(device, backend, cells_per_s, commit="abc"):
    step = {"grid": [64, 64, 64], "cells_per_s": cells_per_s, "share_of_copy": 0.25}
    return {"device": device, "backend": backend, "commit": commit, "date": "2026-01-02T03:04:05Z",
            "copy": {"bytes_per_s": 3e12}, "steps": [step]}


class Tables(unittest.TestCase):
    def test_devices(self):
        check = {"bench": bench("GPU A", "Cuda", 5e7),
                 "studies": [{"spacing_um": 20, "seconds": 4.25, "step_seconds": 1.5}]}
        stamp = {"device": "GPU B", "commit": "abc", "note": "earlier",
                 "studies": [{"spacing_um": 10, "seconds": 63, "step_seconds": 6.0}]}
        resolution = {"runs": [{"spacing_um": 20, "wall_s": 470.9, "ranks": 2, "commit": "0123456789"}]}
        benches = [bench("GPU B", "Cuda", 2e7), bench("GPU B", "Cuda", 1e7, "def"), bench("CPU", "Serial", 1e6)]
        text = gpu_page.devices((benches, [check, {"bench": None, "studies": []}], [stamp], [resolution]))
        rows = [row for row in text.splitlines() if row.startswith("| GPU") or row.startswith("| CPU")]
        self.assertEqual(rows[0], "| GPU A; Cuda, abc, 2026-01-02 | 3000 GB/s | 50 M/s, 0.25 | to be measured "
                                  "| to be measured | 4.2 s, 1.5 s of it steps | to be measured |")
        self.assertIn("| to be measured | 63 s, 6 s of it steps [1] |", rows[1])
        self.assertTrue(rows[2].endswith("| to be measured | to be measured |"))  # another commit: not its time
        self.assertIn("| 7 min 50 s [2] | to be measured |", rows[3])
        self.assertEqual(len(rows), 4)
        self.assertTrue(text.endswith("[1] earlier.\n[2] 2 ranks, commit 0123456."))

    def test_kernels(self):
        kernels = [{"functor": functor, "arguments": "", "loop": "for", "registers": 32, "stack_bytes": 0, "spill_bytes": 0}
                   for _, functor in gpu_page.SHOWN]
        report = {"compiler": "c", "architecture": "sm_90", "commit": "abc", "kernels": kernels}
        self.assertIn("spilled by: none. Something is kept in local memory by: none.", gpu_page.kernels(report))
        kernels.append({**kernels[0], "arguments": "two", "registers": 56, "spill_bytes": 8})
        kernels[1]["stack_bytes"] = 240
        text = gpu_page.kernels(report)
        self.assertIn("| reactions/stage_residual | 2 | 32 to 56 | 56 to 100 % | 8 B | 0 B |", text)
        self.assertIn("| multigrid/smooth | 1 | 32 | 100 % | 0 B | 240 B |", text)
        self.assertIn("spilled by: StageResidual. Something is kept in local memory by: SmoothSweep.", text)
        del kernels[2]
        with self.assertRaises(SystemExit):
            gpu_page.kernels(report)

    def test_memory(self):
        # 128 B of state a cell, 508 B in all: mixed saves 4 B of 3 x 13 + 2
        step = {"cells": 1000, "state_bytes": 128000, "fields_bytes": 508000}
        text = gpu_page.memory({"steps": [step]})
        self.assertIn("| double, measured | 508 | 3.97 |", text)
        self.assertIn("| mixed, computed | 344 | 2.69 |", text)
        self.assertIn("| 290 M, 656³ |", text.splitlines()[2])  # 137 GiB / 508 B


if __name__ == "__main__":
    unittest.main()
