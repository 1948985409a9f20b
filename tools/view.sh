#!/usr/bin/env bash
# Opens a run, finished or still running, in ParaView with everything set up: needle tracks, sections, colours with fixed
# ranges, time. Without a screen it writes pictures of every frame and an animation.
#
#   tools/view.sh RUN [--headless] [-o FOLDER]
#
# RUN          folder of a run that has frames (an output of kind "fields")
# --headless   pictures and animation also where there is a screen; without DISPLAY this is the default
# -o FOLDER    where they go, default RUN/view; implies --headless. Those of an earlier round are replaced
# Exit codes:  0 done; 2 bad command line, no run, no frames; 3 ParaView, Xvfb or ffmpeg is missing; otherwise that of
#              the step that failed.
set -euo pipefail
tools=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

fail() {
  printf 'view.sh: %s\n' "$2" >&2
  exit "$1"
}

run='' folder='' headless=no
while (($#)); do
  case $1 in
    -h | --help) sed -n '2,/^set -/{/^set -/!s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"; exit 0 ;;
    --headless) headless=yes ;;
    -o)
      [[ $# -ge 2 && -n $2 ]] || fail 2 "-o needs a folder"
      folder=$2 headless=yes
      shift ;;
    -*) fail 2 "unknown option '$1'; allowed: --headless, -o FOLDER, --help" ;;
    *)
      [[ -z $run ]] || fail 2 "one run at a time: '$run' and '$1' were given"
      run=$1 ;;
  esac
  shift
done
[[ -n $run ]] || fail 2 "which run? usage: tools/view.sh RUN [--headless] [-o FOLDER]"
[[ -f $run/config.toml ]] || fail 2 "$run is not the folder of a run: it holds no config.toml"
compgen -G "$run/fields/*.hdf.series" >/dev/null ||
  fail 2 "$run has no frames (fields/*.hdf.series): the study has no output of kind \"fields\", or none was written yet"
[[ -n ${DISPLAY:-} ]] || headless=yes

# need PROGRAM PACKAGE WHAT FOR
need() {
  command -v "$1" >/dev/null || fail 3 "$1 is not installed, which $3; Debian: apt-get install --no-install-recommends $2"
}

export PYTHONPATH=$tools${PYTHONPATH:+:$PYTHONPATH} KOLLAGEN_VIEW_RUN=$run
if [[ $headless == no ]]; then
  need paraview paraview "shows the run"
  exec paraview --script="$tools/view_state.py"
fi

need pvpython paraview "draws the pictures"
need xvfb-run "xvfb xauth" "gives ParaView a screen to draw on"
need ffmpeg ffmpeg "makes the animation"
folder=${folder:-$run/view}
mkdir -p "$folder"
rm -f "$folder"/{wound,section}_*.png "$folder"/{wound,section}.mp4
# -noreset: without it the server may start anew between two windows.
KOLLAGEN_VIEW_PICTURES=$folder xvfb-run -a -s "-screen 0 1280x1024x24 -noreset" pvpython "$tools/view_state.py"
for name in wound section; do
  compgen -G "$folder/${name}_*.png" >/dev/null || continue  # view_state.py has said why
  # The last frame is held for a second. yuv420p: what browsers play.
  ffmpeg -nostdin -loglevel error -y -framerate 4 -i "$folder/${name}_%06d.png" \
    -vf tpad=stop_mode=clone:stop_duration=1 -c:v libx264 -pix_fmt yuv420p "$folder/$name.mp4"
  printf '%s\n' "$folder/$name.mp4"
done
