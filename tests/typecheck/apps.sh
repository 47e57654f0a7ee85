# What each sample app needs: its runtimes, its dependencies, its own check. Sourced by what installs and runs them.
#
# `store` names the folder that keeps what was installed, one folder for each app and lock file:
#
#   store/APP-LOCK/app/node_modules   of Node.js apps
#   store/APP-LOCK/venv               of Python apps
#
# Functions that act on an app run in its folder, which lies in one like these.

# The generated Prisma client needs no engine binary, and no app of these is allowed to phone home while it is checked.
export PRISMA_SCHEMA_ENGINE_BINARY=/bin/true PRISMA_HIDE_UPDATE_MESSAGE=1 NEXT_TELEMETRY_DISABLED=1
export PYRIGHT_PYTHON_IGNORE_WARNINGS=1 PIP_DISABLE_PIP_VERSION_CHECK=1
export npm_config_audit=false npm_config_fund=false npm_config_update_notifier=false

# The runtimes an app cannot be checked without.
runtimes() {
  case $1 in
    fastapi-*) echo python3 ;;
    *) echo node npm ;;
  esac
}

# Installs dependencies; runs in the copy. Python environments live beside it, so that the copy holds only the app.
install() {
  case $1 in
    nextjs-jwt-drizzle | nextjs-teams-drizzle)
      pnpm=$store/pnpm-10/node_modules/.bin/pnpm
      [ -x "$pnpm" ] || npm install --silent --prefix "$store/pnpm-10" pnpm@10 || return
      "$pnpm" install --frozen-lockfile --ignore-scripts --reporter=append-only ;;
    nextjs-* | express-*)
      npm ci --ignore-scripts --no-progress ;;
    fastapi-sqlmodel-jwt)
      python3 -m venv ../tools && ../tools/bin/pip install --quiet uv || return
      UV_PROJECT_ENVIRONMENT=../venv ../tools/bin/uv sync --frozen --quiet ;;
    fastapi-async-replicate)
      python3 -m venv ../venv && ../venv/bin/pip install --quiet -r requirements-dev.txt ;;
  esac
}

# Installs what the integration added to the app's dependencies, and nothing else.
install_added() {
  case $1 in
    fastapi-*)
      local added
      added=$(git diff -U0 HEAD -- requirements.txt pyproject.toml | sed -nE 's/^\+[ "]*((credyt|httpx|requests|aiohttp)[^",]*(,[^",]+)*)"?,?$/\1/p')
      [ -n "$added" ] || return 0
      if [ -x ../tools/bin/uv ]; then
        xargs ../tools/bin/uv pip install --quiet --python ../venv/bin/python <<<"$added"
      else
        xargs ../venv/bin/pip install --quiet <<<"$added"
      fi ;;
  esac
}

# The app's own check, as its README says.
check() {
  case $1 in
    nextjs-authjs-prisma) npm run --silent db:generate && npm run --silent typecheck ;;
    nextjs-jwt-drizzle | nextjs-teams-drizzle) npm run --silent typecheck ;;
    express-jwt-prisma) npm run --silent db:generate && npm run --silent typecheck ;;
    express-passport-mongoose) npm run --silent check ;;
    fastapi-sqlmodel-jwt)
      ../venv/bin/python -m compileall -q app && ../venv/bin/mypy --no-error-summary &&
        ../venv/bin/ruff check --quiet . ;;
    fastapi-async-replicate)
      ../venv/bin/python -m compileall -q . && ../venv/bin/pyright --pythonpath ../venv/bin/python . ;;
  esac
}

# --- one place for what is installed ---------------------------------------------------------------------------------

# The folder of an app and its lock file.
home_of() {
  local fixture=$root/fixtures/$1 lock
  lock=$(cat "$fixture"/{package-lock.json,pnpm-lock.yaml,uv.lock,requirements.txt,requirements-dev.txt} 2>/dev/null | cksum | cut -d' ' -f1)
  echo "$store/$1-$lock"
}

# Puts the app's files in place of those that are there, but for the installed ones, and installs what is missing.
lay_out() {
  find . -mindepth 1 -maxdepth 1 ! -name node_modules -exec rm -rf {} + && cp -R "$root/fixtures/$1/." . || return
  [ -e ../installed ] && return
  rm -rf node_modules ../venv
  install "$1" && touch ../installed
}
