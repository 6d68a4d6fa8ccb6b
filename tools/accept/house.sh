#!/usr/bin/env bash
# The bars of "A house that others can build in": runs each and prints one line, measured against required.
# Usage: tools/accept/house.sh [letter…]   (A B C D; all without one; B and D take most of the time)
set -u
cd "$(dirname "$0")/../.." || exit 1
export NX_DAEMON=false FORCE_COLOR=0 npm_config_loglevel=error npm_config_fund=false npm_config_audit=false
letters=${*:-A B C D}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

# shellcheck source=tools/accept/bars.sh
. tools/accept/bars.sh

letter_a() {
  tests 'A1 runs of another kind' test/run-folders
  tests 'A2 values that are not finite' packages/core/src/score packages/core/src/sampling \
    packages/core/src/optimization test/training/non-finite test/core/non-finite
  tests 'A3 two calls that both fail' test/training/failing-steps
  tests 'A4 attributes of equal text' packages/engine/src/ir packages/engine/src/lower/special-values
  tests 'A5 the lock of a run' packages/runs/src/run-lock packages/runs/src/run-directory
  tests 'A6 plugins that nobody asked for' packages/di/src/discovery
}

letter_b() {
  command_bar 'B same bytes as 4be762c' '3 of 3 presets equal' npm run --silent same-bytes -- --head .
  tests 'B packages know no data set' test/workspace/data-sets
  tests 'B circles, rooms, borders' test/workspace/circles test/workspace/rooms \
    test/workspace/plugin-border test/boundaries
  tests 'B bundles for a browser' test/workspace/browser-bundle
  command_bar 'B public exports' 'reports are true' true_reports
  tests 'B conditions, default sampler' test/core test/backbone-kit
  tests 'B nx: targets, affected, release' test/workspace/nx test/workspace/release
  command_bar 'B nx: second run' 'all cache hits' nx_twice
}

# nx prints below what the check says, so that it is said here.
true_reports() {
  npm run --silent api:check && echo 'reports are true'
}

nx_twice() {
  npx nx run-many -t build,lint,typecheck >/dev/null 2>&1
  local line
  line=$(npx nx run-many -t build,lint,typecheck 2>/dev/null | grep -oE 'Cache: +[0-9]+/[0-9]+ hit')
  echo "$line"
  [[ $line =~ ([0-9]+)/([0-9]+) ]] && [ "${BASH_REMATCH[1]}" = "${BASH_REMATCH[2]}" ]
}

letter_c() {
  tests 'C ImageGenerator' test/ar-distill
  tests 'C workflows from a program' test/workflows
  tests 'C packed, ESM and CommonJS' test/packed-install
}

letter_d() {
  local started=$SECONDS clone="$work/clone" last seconds state
  git clone -q . "$clone" && (cd "$clone" && CI=true bash .ci/run) >"$work/ci.log" 2>&1 </dev/null
  state=$?
  seconds=$((SECONDS - started))
  last=$(tail -n 1 "$work/ci.log")
  [[ $last =~ ^[0-9]+\ passed,\ 0\ failed,\ [0-9]+\ skipped$ ]] || state=1
  [ "$seconds" -lt 1500 ] || state=1
  bar 'D .ci/run of a cold clone' 'below 1500 s, 0 failed' "$seconds s, $last" "$state"
}

run_letters A B C D
