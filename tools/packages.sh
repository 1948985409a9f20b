# shellcheck shell=bash disable=SC2034
# Which Debian packages Kollagen needs, and a way to install the missing ones. Sourced by the other tools.
#
# Nothing is asked of apt when everything is there. Without root and without a password-free sudo the
# command to run is printed and the script ends with exit code 3 (environment).

packages_build=(
  g++ cmake ninja-build pkg-config
  libtrilinos-kokkos-dev                    # Kokkos 3.4, Serial backend
  libthrust-dev                             # sorts and scans; builds for a GPU take that of its toolkit
  libtomlplusplus-dev libcli11-dev          # studies, command line
  libspdlog-dev libfmt-dev libudunits2-dev  # log, text, units
  libhdf5-openmpi-dev                       # output, from several ranks into one file
  libopenmpi-dev openmpi-bin                # ranks; openmpi-bin holds mpirun
  nlohmann-json3-dev librandom123-dev       # reports, counter-based random numbers
  libxxhash-dev                             # sums over checkpoints
)
packages_pictures=(python3-numpy python3-h5py python3-matplotlib)
packages_tests=(
  libgtest-dev python3-jsonschema
  libfftw3-dev liblapacke-dev  # exact solution of the needle problem; its test is not built without them
)
# ParaView reads our files and looks into runs; without these the program is built without in situ, and their tests are
# skipped. The last line is what paraview-dev wants of a build and does not ask for.
packages_paraview=(
  paraview python3-paraview paraview-dev xvfb xauth libgl1-mesa-dri
  ffmpeg                                    # films of tools/view.sh
  libx11-dev libxext-dev libgl-dev libglx-dev libopengl-dev zlib1g-dev libpython3.11-dev libdouble-conversion-dev
)
# A cluster of one host, started and stopped by the tests of jobs; they are skipped where these are missing.
packages_slurm=(slurm-wlm munge)

# Debian's modules (numpy, h5py, matplotlib) belong to Debian's Python, whatever else is first in PATH.
python=/usr/bin/python3

say() { printf '== %s\n' "$*"; }

# missing_packages NAME...: prints the names that are not installed, one a line.
missing_packages() {
  local installed name
  # dpkg-query reports an error as soon as it does not know one of the names: that is an answer here.
  installed=$(dpkg-query -W -f '${Package}=${db:Status-Status} ' "$@" 2>/dev/null || true)
  for name in "$@"; do
    [[ " $installed" == *" $name=installed "* ]] || printf '%s\n' "$name"
  done
}

# install_packages NAME...: installs what is missing. Returns 3 when it may not or could not.
install_packages() {
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    say "not a Debian system: packages are not checked, docs/install.md lists what is needed"
    return 0
  fi
  local names missing
  names=$(missing_packages "$@")
  [[ -n $names ]] || return 0
  mapfile -t missing <<<"$names"
  local as_root=()
  if [[ $(id -u) != 0 ]]; then
    if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
      as_root=(sudo -n)
    else
      printf 'These packages are missing. Install them, then run this script again:\n\n' >&2
      printf '  sudo apt-get update && sudo apt-get install --no-install-recommends %s\n\n' \
        "${missing[*]}" >&2
      return 3
    fi
  fi
  say "installing ${missing[*]}"
  local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=600
             -o Acquire::Retries=3)
  # A repository that is out of reach need not be the one that holds our packages: go on and let install say.
  "${apt[@]}" update </dev/null || say "apt-get update reported an error; trying with the lists at hand"
  "${apt[@]}" install -y --no-install-recommends "${missing[@]}" </dev/null || return 3
}
