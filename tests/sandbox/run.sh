#!/usr/bin/env bash
# The sandbox as others meet it: its pages in Chromium, and its API through the official Python SDK.
#
#   tests/sandbox/run.sh [browser] [sdk]     both when none is named
#
# Starts the program's own sandbox on a free port and stops it by its id. What a check needs (playwright-core, credyt-api) is
# installed from the ordinary registries into target/sandbox the first time; a check whose runtime is missing is skipped and
# said so. Exits 1 when one failed. CREDYT_INTEGRATE names a built binary, CHROMIUM a browser, SHOTS a folder for screenshots.
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
store=${CARGO_TARGET_DIR:-$root/target}/sandbox
mkdir -p "$store"

tool=${CREDYT_INTEGRATE:-}
if [ -z "$tool" ]; then
  (cd "$root" && cargo build --quiet) || exit 1
  tool=${CARGO_TARGET_DIR:-$root/target}/debug/credyt-integrate
fi

skip() { printf 'skipped %-8s %s\n' "$1" "$2"; }

# Runs a command with the address of a fresh sandbox in $base.
with_sandbox() {
  local said=$store/said status
  "$tool" sandbox --port 0 --quiet >"$said" 2>&1 &
  local id=$!
  for _ in $(seq 100); do
    base=$(sed -n 's/^Sandbox ready at //p' "$said")
    [ -n "$base" ] && break
    sleep 0.1
  done
  "$@"
  status=$?
  kill "$id" 2>/dev/null
  wait "$id"
  return $status
}

browser() {
  local chromium=${CHROMIUM:-} candidate
  for candidate in chromium chromium-browser google-chrome; do
    [ -n "$chromium" ] || chromium=$(command -v "$candidate")
  done
  [ -n "$chromium" ] || { skip browser "no Chromium here (CHROMIUM names one)"; return; }
  command -v npm >/dev/null || { skip browser "Node.js with npm is not installed here"; return; }
  export BROWSER_MODULES=$store/browser
  if [ ! -d "$BROWSER_MODULES/node_modules/playwright-core" ]; then
    npm install --silent --no-audit --no-fund --prefix "$BROWSER_MODULES" playwright-core@1 ||
      { skip browser "playwright-core could not be installed"; return; }
  fi
  drive() { node "$here/browser.mjs" "$base" "$chromium" ${SHOTS:+"$SHOTS"}; }
  with_sandbox drive >"$store/browser.log" 2>&1 || { echo "FAILED  browser"; tail -n 30 "$store/browser.log"; return 1; }
  echo "ok      browser"
}

sdk() {
  command -v python3 >/dev/null || { skip sdk "Python is not installed here"; return; }
  local python=$store/venv/bin/python
  if ! "$python" -c 'import credytapi' 2>/dev/null; then
    { python3 -m venv "$store/venv" && "$python" -m pip install --quiet --disable-pip-version-check credyt-api==0.2.0; } ||
      { skip sdk "credyt-api could not be installed"; return; }
  fi
  drive() { "$python" "$here/sdk.py" "$base"; }
  with_sandbox drive >"$store/sdk.log" 2>&1 || { echo "FAILED  sdk"; tail -n 30 "$store/sdk.log"; return 1; }
  echo "ok      sdk"
}

[ $# -gt 0 ] || set -- browser sdk
failed=0
for check in "$@"; do
  case $check in
    browser | sdk) "$check" || failed=1 ;;
    *) echo "no check is named $check" >&2; exit 2 ;;
  esac
done
exit $failed
