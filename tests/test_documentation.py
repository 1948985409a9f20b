"""What the documentation shows must be so: studies are valid, links lead somewhere, package lists agree.

    test_documentation.py [KOLLAGEN]      without the program the studies are not checked
"""
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
PROGRAM = sys.argv.pop(1) if len(sys.argv) > 1 and not sys.argv[1].startswith("-") else None


class Documentation(unittest.TestCase):
    def test_links_lead_to_files(self):
        self.assertTrue(PAGES)
        for page in PAGES:
            for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text()):
                if "://" not in target:
                    self.assertTrue((page.parent / target).exists(), f"{page.relative_to(ROOT)}: {target}")

    def test_every_page_is_in_the_index(self):
        index = (ROOT / "docs/README.md").read_text()
        for page in (ROOT / "docs").glob("*.md"):
            if page.name != "README.md":
                self.assertIn(f"({page.name})", index)

    def test_studies_and_commands_name_files_that_exist(self):
        for page in PAGES:
            for name in re.findall(r"\b((?:configs|tools|tests|host|kernels|include)/[\w./-]*\w\.\w+)", page.read_text()):
                self.assertTrue((ROOT / name).exists(), f"{page.relative_to(ROOT)}: {name}")

    def test_packages_of_the_scripts_are_those_of_the_installation_page(self):
        script = 'set -u; source tools/packages.sh; echo "${packages_build[@]} ${packages_pictures[@]}"'
        wanted = subprocess.run(["bash", "-c", script], cwd=ROOT, check=True, capture_output=True, text=True)
        words = set((ROOT / "docs/install.md").read_text().replace("\\", " ").split())
        self.assertEqual([name for name in wanted.stdout.split() if name not in words], [])

    @unittest.skipUnless(PROGRAM, "without the program")
    def test_studies_shown_are_valid(self):
        count = 0
        for page in PAGES:
            for study in re.findall(r"```toml\n(.*?)```", page.read_text(), re.DOTALL):
                if "[domain]" not in study:  # a fragment
                    continue
                count += 1
                with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
                    file.write(study)
                    file.flush()
                    run = subprocess.run([PROGRAM, "validate", file.name], capture_output=True, text=True)
                self.assertEqual(run.returncode, 0, f"{page.relative_to(ROOT)}: {run.stdout}{run.stderr}")
        self.assertGreater(count, 0)


if __name__ == "__main__":
    unittest.main()
