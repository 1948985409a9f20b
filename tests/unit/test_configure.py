"""What the configuration says of Kokkos, CUDA and compilers. The Kokkos and the nvcc_wrapper are planted, the host
compiler is real; a configuration takes a second.

    test_configure.py CMAKE
"""
import os
import pathlib
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
CMAKE = sys.argv.pop(1)
CXX = shutil.which("g++") or shutil.which("c++")
NVCC = shutil.which("nvcc") or shutil.which("nvcc", path="/usr/local/cuda/bin")
CORE = ["-DKOLLAGEN_PROGRAM=OFF", "-DKOLLAGEN_TESTS=OFF"]


def cmake_version():
    text = subprocess.run([CMAKE, "--version"], check=True, capture_output=True, text=True).stdout
    return tuple(map(int, re.search(r"version (\d+)\.(\d+)\.(\d+)", text).groups()))


class Configure(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.here = pathlib.Path(self.folder.name)
        (self.here / "include/thrust").mkdir(parents=True)
        (self.here / "include/thrust/version.h").write_text("#define THRUST_VERSION 200000\n")

    def tearDown(self):
        self.folder.cleanup()

    def kokkos(self, devices, version="5.0.2", language="CXX", **variables):
        """Plants the package files of a Kokkos; returns the folder that it is installed in."""
        package = self.here / "kokkos/lib/cmake/Kokkos"
        package.mkdir(parents=True)
        lines = {"Kokkos_DEVICES": devices, "Kokkos_COMPILE_LANGUAGE": language, "Kokkos_CXX_STANDARD": "20", **variables}
        (package / "KokkosConfig.cmake").write_text(
            "".join(f'set({key} "{value}")\n' for key, value in lines.items())
            + "add_library(Kokkos::kokkos INTERFACE IMPORTED)\n")
        (package / "KokkosConfigVersion.cmake").write_text(
            f"set(PACKAGE_VERSION {version})\nset(PACKAGE_VERSION_COMPATIBLE TRUE)\n")
        return self.here / "kokkos"

    def nvcc_wrapper(self, cuda):
        """Plants a compiler that says it is nvcc and compiles like the host compiler."""
        script = self.here / "nvcc_wrapper"
        script.write_text(f'#!/bin/sh\nif [ "$1" = --version ]; then echo "nvcc: release {cuda}, V{cuda}"; exit; fi\n'
                          f'exec {CXX} "$@"\n')
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
        return script

    def configure(self, preset, *arguments, cxx=CXX):
        environment = {name: value for name, value in os.environ.items() if name != "Kokkos_ROOT"}
        run = subprocess.run([CMAKE, "--preset", preset, "-B", str(self.here / "build"), f"-DCMAKE_CXX_COMPILER={cxx}",
                              f"-DKOLLAGEN_THRUST_INCLUDE={self.here / 'include'}", "-DCMAKE_CXX_COMPILER_LAUNCHER=", *map(str, arguments)],
                             cwd=ROOT, capture_output=True, text=True, env=environment)
        run.text = " ".join((run.stdout + run.stderr).split())  # CMake wraps lines
        return run

    def refused(self, *expected, run):
        self.assertNotEqual(run.returncode, 0)
        for text in expected:
            self.assertIn(text, run.text)

    THREE_WAYS = ("spack install kokkos +cuda +wrapper cuda_arch=90 cxxstd=20", "conda create -n kokkos -c conda-forge",
                  "a cluster's module: module spider kokkos", "docs/install.md")

    def test_without_kokkos_the_three_ways_are_named(self):
        run = self.configure("cuda", "-DCMAKE_DISABLE_FIND_PACKAGE_Kokkos=ON")
        self.refused("No Kokkos found.", *self.THREE_WAYS, run=run)

    def test_without_kokkos_other_presets_name_the_package(self):
        run = self.configure("serial", "-DCMAKE_DISABLE_FIND_PACKAGE_Kokkos=ON")
        self.refused("No Kokkos found.", "libtrilinos-kokkos-dev", "docs/install.md", run=run)
        self.assertNotIn("spack", run.text)

    def test_kokkos_without_cuda(self):
        run = self.configure("cuda", f"-DKokkos_ROOT={self.kokkos('SERIAL;OPENMP')}")
        self.refused("The backend CUDA is asked for", "was built with: SERIAL, OPENMP.", *self.THREE_WAYS, run=run)

    def test_pair_that_does_not_work(self):
        kokkos = self.kokkos("SERIAL;CUDA", version="4.6.2", Kokkos_ARCH="ZEN3;VOLTA70")
        run = self.configure("cuda", f"-DKokkos_ROOT={kokkos}", *CORE, cxx=self.nvcc_wrapper("13.0.88"))
        self.refused("These do not work together:", "CUDA 13.0.88 with Kokkos 4.6.2", "from 4.7.1 on",
                     "CUDA 13.0.88 with a Kokkos for ZEN3 VOLTA70", *self.THREE_WAYS, run=run)

    def test_kokkos_of_another_cuda(self):
        kokkos = self.kokkos("SERIAL;CUDA", Kokkos_CXX_COMPILER_ID="NVIDIA", Kokkos_CXX_COMPILER_VERSION="13.0.48")
        run = self.configure("cuda", f"-DKokkos_ROOT={kokkos}", *CORE, cxx=self.nvcc_wrapper("12.6.85"))
        self.refused("CUDA 12.6.85 with a Kokkos that was built with CUDA 13.0.48", run=run)

    def test_nvcc_wrapper(self):
        kokkos = self.kokkos("SERIAL;CUDA", Kokkos_ARCH="ZEN3;HOPPER90")
        run = self.configure("cuda", f"-DKokkos_ROOT={kokkos}", *CORE, cxx=self.nvcc_wrapper("12.6.85"))
        self.assertEqual(run.returncode, 0, run.text)
        self.assertIn("C++ standard 20 (Kokkos was built with C++20)", run.text)
        self.assertIn("Kokkos 5.0.2: SERIAL CUDA", run.text)
        self.assertIn("CUDA 12.6.85 for ZEN3 HOPPER90, through nvcc_wrapper", run.text)
        self.assertRegex(run.text, r"host compiler GNU \d+\.\d+")
        self.assertNotIn("older than 4.7.1", run.text)
        rules = (self.here / "build/build.ninja").read_text()
        self.assertIn("-ffp-contract=off", rules)
        self.assertIn("-fmad=false", rules)
        self.assertNotIn("-Xcompiler", rules)  # nvcc_wrapper knows what goes where

    def test_old_kokkos_is_warned_of(self):
        kokkos = self.kokkos("SERIAL;CUDA", version="4.6.2", Kokkos_ARCH="HOPPER90")
        run = self.configure("cuda", f"-DKokkos_ROOT={kokkos}", *CORE, cxx=self.nvcc_wrapper("12.6.85"))
        self.assertEqual(run.returncode, 0, run.text)
        self.assertIn("Kokkos 4.6.2 is older than 4.7.1", run.text)

    def test_host_compiler_for_a_kokkos_with_cuda(self):
        kokkos = self.kokkos("SERIAL;CUDA")
        run = self.configure("cuda", f"-DKokkos_ROOT={kokkos}", *CORE)
        self.refused("which does not compile CUDA", f"-DCMAKE_CXX_COMPILER={kokkos}/bin/nvcc_wrapper", run=run)

    def test_nvcc_wrapper_for_cuda_as_a_language(self):
        kokkos = self.kokkos("SERIAL;CUDA", language="CUDA")
        run = self.configure("cuda", f"-DKokkos_ROOT={kokkos}", *CORE, cxx=self.nvcc_wrapper("13.0.88"))
        self.refused("built with CUDA as a language of CMake", "-DCMAKE_CUDA_COMPILER=nvcc", run=run)

    def test_other_compilers_and_architectures_for_cuda_as_a_language(self):
        kokkos = self.kokkos("SERIAL;CUDA", language="CUDA", Kokkos_CUDA_ARCHITECTURES="90")
        run = self.configure("cuda", f"-DKokkos_ROOT={kokkos}", "-DCMAKE_CUDA_HOST_COMPILER=/usr/bin/other", *CORE)
        self.refused("CMAKE_CUDA_HOST_COMPILER is /usr/bin/other", "both have to be the same", run=run)
        shutil.rmtree(self.here / "build")
        run = self.configure("cuda", f"-DKokkos_ROOT={kokkos}", "-DCMAKE_CUDA_ARCHITECTURES=80", *CORE)
        self.refused("CMAKE_CUDA_ARCHITECTURES is 80, but Kokkos was built for 90", run=run)

    @unittest.skipUnless(NVCC, "no nvcc")
    def test_cuda_as_a_language(self):
        kokkos = self.kokkos("SERIAL;CUDA", language="CUDA", Kokkos_CUDA_ARCHITECTURES="90", Kokkos_ARCH="HOPPER90")
        run = self.configure("cuda", f"-DKokkos_ROOT={kokkos}", f"-DCMAKE_CUDA_COMPILER={NVCC}", *CORE)
        if cmake_version() < (3, 25, 2):
            self.refused("C++20 for nvcc needs CMake 3.25.2 or newer", run=run)
            return
        self.assertEqual(run.returncode, 0, run.text)
        self.assertIn("for HOPPER90, as a language of CMake", run.text)
        rules = (self.here / "build/build.ninja").read_text()
        self.assertRegex(rules, r"models\.cpp\.o: CUDA_COMPILER")
        flags = re.search(r"models\.cpp\.o: CUDA.*?FLAGS = ([^\n]*)", rules, re.DOTALL)[1]
        for flag in ("-Xcompiler=-Wall,-Wextra", "-Xcompiler=-ffp-contract=off,-fno-math-errno", "-fmad=false", "-std=c++20",
                     "sm_90"):
            self.assertIn(flag, flags)

    def test_hip_says_that_nobody_tried(self):
        run = self.configure("hip", f"-DKokkos_ROOT={self.kokkos('SERIAL;HIP', Kokkos_ARCH='AMD_GFX942')}", *CORE)
        self.assertEqual(run.returncode, 0, run.text)
        self.assertIn("nobody has compiled or run Kollagen with it", run.text)
        self.assertIn("HIP for AMD_GFX942: nobody has compiled or run this", run.text)

    def test_hip_as_a_language(self):
        run = self.configure("hip", f"-DKokkos_ROOT={self.kokkos('SERIAL;HIP', language='HIP')}", *CORE)
        self.refused("built with HIP as a language of CMake, which Kollagen does not know", run=run)

    def test_kokkos_without_hip(self):
        run = self.configure("hip", f"-DKokkos_ROOT={self.kokkos('SERIAL')}", *CORE)
        self.refused("The backend HIP is asked for", "was built with: SERIAL.", run=run)
        self.assertNotIn("spack", run.text)


if __name__ == "__main__":
    unittest.main()
