#!/usr/bin/env bash
# Integrates every sample app and lets the app's own checker judge the result.
#
#   tests/typecheck/run.sh [FIXTURE[@PASS]...]     all of them when none is named
#
# A pass is a way to answer: without one the defaults, `stored` with the customer id beside the user (its migration is
# then applied to SQLite), `http` with plain HTTP instead of the Python package.
#
# For each app: a copy in a git repository of its own, its own check (so that a failure is never the sample's fault),
# `run --yes --offline` and the webhook, the same check again, a rerun that must change nothing, and an undo that must
# give back every byte. Prints one line per app, what went wrong beneath it, and the sum. Exits 1 when an app failed;
# one whose runtime is missing is skipped and said so.
#
# The first time dependencies are installed from the ordinary registries; they stay in target/typecheck, one folder
# per app and lock file. CREDYT_INTEGRATE names a built binary; otherwise it is built here.
set -uo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
store=${CARGO_TARGET_DIR:-$root/target}/typecheck
fixtures=(nextjs-authjs-prisma nextjs-jwt-drizzle nextjs-teams-drizzle express-jwt-prisma express-passport-mongoose
          fastapi-sqlmodel-jwt fastapi-async-replicate
          nextjs-authjs-prisma@stored nextjs-jwt-drizzle@stored nextjs-teams-drizzle@stored express-jwt-prisma@stored
          express-passport-mongoose@stored fastapi-sqlmodel-jwt@stored fastapi-async-replicate@stored
          fastapi-sqlmodel-jwt@http fastapi-async-replicate@http)
# shellcheck source=tests/typecheck/apps.sh
source "$root/tests/typecheck/apps.sh"

# The answers of a pass, as arguments of `run`.
answers() {
  case $1 in
    '') ;;
    stored) echo --set store_customer_id=true ;;
    http) echo --set client=http ;;
    *) return 1 ;;
  esac
}

# Proves a migration that was written: it applies to SQLite, and the app's own tool finds nothing left to do.
migrated() {
  local database=$PWD/../check.db
  rm -f "$database"
  case $1 in
    nextjs-authjs-prisma | express-jwt-prisma)
      DATABASE_URL=file:$database npm run --silent db:migrate && node --input-type=module -e "
        import { createClient } from '@libsql/client';
        const db = createClient({ url: 'file:$database' });
        await db.execute('SELECT \"credytCustomerId\" FROM \"User\"');
        const { rows } = await db.execute('PRAGMA index_list(\"User\")');
        if (!rows.some((r) => r.name === 'User_credytCustomerId_key' && r.unique)) throw new Error('no unique index');" ;;
    nextjs-jwt-drizzle | nextjs-teams-drizzle)
      export DATABASE_URL=file:$database
      node_modules/.bin/drizzle-kit generate | tee /dev/stderr | grep -q 'No schema changes' &&
        node_modules/.bin/drizzle-kit check && node_modules/.bin/drizzle-kit migrate ;;
    fastapi-sqlmodel-jwt)
      export DATABASE_URL=sqlite:///$database SECRET_KEY=check OPENAI_API_KEY=check
      ../venv/bin/alembic upgrade head && ../venv/bin/alembic check &&
        ../venv/bin/alembic downgrade -1 && ../venv/bin/alembic upgrade head ;;
  esac
}

# --- how every app is proved -----------------------------------------------------------------------------------------

# Everything of the app that git would keep, as one id.
tree() { git add --all && git write-tree; }

# Every step, those too that are only offered for a reason.
# A paid call that nobody can be billed for makes the status 6, and the rest is written.
integrate() {
  written "$tool" run --yes --offline --allow-dirty --json "$@" &&
    written "$tool" run --yes --offline --allow-dirty --json --step webhook
}

# Runs a command that may leave something to a person.
written() {
  local status=0
  "$@" || status=$?
  [ "$status" = 0 ] || [ "$status" = 6 ]
}

# One line on why a stage failed, and the end of what it printed.
fail() {
  printf 'FAILED  %-34s %s\n' "$name" "$1"
  [ -s "$log" ] && tail -n 40 "$log" | sed 's/^/        /'
  return 1
}

# Takes one app through all stages; runs in a subshell.
prove() {
  name=$1
  local app=${1%@*} pass home
  case $1 in *@*) pass=${1#*@} ;; *) pass= ;; esac
  home=$(home_of "$app")
  log=$home/log
  mkdir -p "$home/app" && : >"$log" && cd "$home/app" || return

  lay_out "$app" >"$log" 2>&1 || { fail "its dependencies could not be installed"; return; }
  check "$app" >"$log" 2>&1 || { fail "the sample itself does not check"; return; }

  git init --quiet . && git add --all &&
    git -c user.name=check -c user.email=check@localhost commit --quiet --message "As it was" || return
  local before after
  before=$(tree)
  local chosen
  chosen=$(answers "$pass") || { fail "there is no pass \`$pass\`"; return; }
  # shellcheck disable=SC2086 # several arguments
  integrate $chosen >"$log" 2>&1 || { fail "the run ended with status $?"; return; }
  after=$(tree)
  [ "$before" != "$after" ] || { fail "the run changed nothing"; return; }
  install_added "$app" >"$log" 2>&1 || { fail "what was added could not be installed"; return; }
  check "$app" >"$log" 2>&1 || { fail "does not check after the run"; return; }
  if [ "$pass" = stored ]; then
    (migrated "$app") >"$log" 2>&1 || { fail "the migration does not hold"; return; }
  fi
  integrate >"$log" 2>&1 || { fail "the rerun ended with status $?"; return; }
  if [ "$(tree)" != "$after" ]; then
    git diff "$after" >"$log"
    fail "a rerun changed it again"
    return
  fi
  git diff --cached HEAD >"$home/integration${pass:+-$pass}.diff"
  "$tool" undo --all --yes >"$log" 2>&1 || { fail "the undo ended with status $?"; return; }
  if [ "$(tree)" != "$before" ]; then
    git diff "$before" >"$log"
    fail "undo did not give back every byte"
    return
  fi
  printf 'ok      %s\n' "$name"
}

tool=${CREDYT_INTEGRATE:-}
if [ -z "$tool" ]; then
  (cd "$root" && cargo build --quiet) || exit 1
  tool=${CARGO_TARGET_DIR:-$root/target}/debug/credyt-integrate
fi
tool=$(realpath "$tool")
[ -x "$tool" ] || { echo "no binary at $tool" >&2; exit 2; }

[ $# -eq 0 ] || fixtures=("$@")
passed=0 failed=0 skipped=0
for fixture in "${fixtures[@]}"; do
  [ -d "$root/fixtures/${fixture%@*}" ] || { echo "no sample app is named $fixture" >&2; exit 2; }
  missing=
  for runtime in $(runtimes "${fixture%@*}"); do
    command -v "$runtime" >/dev/null || missing="$missing $runtime"
  done
  if [ -n "$missing" ]; then
    printf 'skipped %-34s not installed here:%s\n' "$fixture" "$missing"
    skipped=$((skipped + 1))
  elif (prove "$fixture"); then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
  fi
done
if [ $skipped -gt 0 ]; then
  echo "$passed passed, $failed failed, $skipped skipped"
else
  echo "$passed passed, $failed failed"
fi
[ $failed -eq 0 ]
