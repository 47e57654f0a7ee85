#!/usr/bin/env bash
# What the end-to-end tests need of the shell; see `prepare.rs`.
#
#   app.sh missing FIXTURE         the runtimes that are not on this machine
#   app.sh versions FIXTURE        the versions of those that are
#   app.sh install FIXTURE HOME    its locked dependencies, as HOME/app/node_modules or HOME/venv
#   app.sh added FIXTURE HOME      what the integration added to them
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
store=${CARGO_TARGET_DIR:-$root/target}/typecheck
# shellcheck source=tests/typecheck/apps.sh
source "$root/tests/typecheck/apps.sh"

command=$1 fixture=$2 home=${3:-}
case $command in
  missing)
    for runtime in $(runtimes "$fixture"); do
      command -v "$runtime" >/dev/null || printf '%s ' "$runtime"
    done ;;
  versions)
    for runtime in $(runtimes "$fixture"); do
      "$runtime" --version
    done ;;
  install)
    kept=$(home_of "$fixture")
    mkdir -p "$kept/app" "$home/app"
    # Two runs of the tests must not install into the same place at once.
    exec 9>"$kept/lock"
    command -v flock >/dev/null && flock 9
    [ -e "$kept/installed" ] || (cd "$kept/app" && lay_out "$fixture")
    [ "$(cat "$home/from" 2>/dev/null)" = "$kept" ] || rm -rf "$home/app/node_modules"
    echo "$kept" >"$home/from"
    # The same files once more, without the space: a build tool accepts no link out of the app's folder.
    [ ! -d "$kept/app/node_modules" ] || [ -d "$home/app/node_modules" ] ||
      cp -al "$kept/app/node_modules" "$home/app/node_modules"
    for folder in venv tools; do
      [ ! -d "$kept/$folder" ] || ln -sfn "$kept/$folder" "$home/$folder"
    done ;;
  added)
    cd "$home/app"
    install_added "$fixture" ;;
esac
