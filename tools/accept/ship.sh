#!/usr/bin/env bash
# The bars of "Ship it": runs each and prints one line, measured against required.
# Usage: tools/accept/ship.sh [letter…]
# A library, B adapters, C model directories, D ONNX, E playground, F command line, G docs, N from tarballs; all without one.
# `npm run python` makes the Python that C needs and D compares with, too; E needs a Chromium.
set -u
cd "$(dirname "$0")/../.." || exit 1
export NX_DAEMON=false FORCE_COLOR=0 npm_config_loglevel=error npm_config_fund=false npm_config_audit=false
letters=${*:-A B C D E F G N}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0
# shellcheck source=tools/accept/bars.sh
. tools/accept/bars.sh

letter_a() {
  tests 'A one call, encode, decode, a hub' test/ar-distill/image-generator test/ar-distill/hub-models test/hub
  full_tests 'A 100 requests at once, none lost' test/full/http-server
  full_tests 'A memory after 10,000 images' test/full/image-memory
  full_tests 'A examples of the docs' test/full/library-examples
}

letter_b() {
  full_tests 'B a new plugin at once' test/full/scaffold
  full_tests 'B a family of the literature' test/full/new-plugin
}

letter_c() {
  tests 'C model directories, cards' test/workflows/export
  no_skips full_tests 'C PyTorch programs within 1e-4' test/full/pytorch
}

letter_d() {
  tests 'D models for any number of images' packages/engine/src/onnx-export
  no_skips full_tests 'D fp32, fp16, int8, elsewhere, too' test/full/shipped-exports
  full_tests 'D the teacher in another runtime' test/full/web-teachers
}

letter_e() {
  tests 'E server: loopback, Host, paths' test/ar-distill/play packages/playground
  no_skips full_tests 'E page in Chromium' test/full/playground
}

letter_f() {
  tests 'F --json' packages/ar-distill/src/commands/json-results test/ar-distill/stopped-json
  tests 'F --dry-run, --print-config, init' test/ar-distill/rehearsals test/ar-distill/print-config \
    test/ar-distill/init
  tests 'F completion, TensorBoard' packages/ar-distill/src/completion packages/runs/src/tensorboard-log
  command_bar 'F the first picture' 'within 2 s more than --version' first_picture
}

# The medians of five, taken in turn.
first_picture() {
  npm run --silent build || return 1
  local main=$PWD/packages/ar-distill/dist/main.js round
  for round in 1 2 3 4 5; do
    seconds_of node "$main" --version >>"$work/version.txt"
    seconds_of node "$main" sample --out "$work/$round.png" >>"$work/sample.txt"
    [ -s "$work/$round.png" ] || return 1
  done
  median "$work/version.txt" "$work/sample.txt" |
    awk '{ printf "%.2f s against %.2f s\n", $2, $1; exit !($2 - $1 <= 2) }'
}

# seconds_of COMMAND…: how long it takes, its output dropped.
seconds_of() {
  local started
  started=$(date +%s%N)
  "$@" >/dev/null 2>&1 </dev/null
  seconds_since "$started"
}

# median FILE…: of an odd count of numbers in each.
median() {
  local file
  for file in "$@"; do
    sort -g "$file" | awk '{ all[NR] = $1 } END { printf "%s ", all[(NR + 1) / 2] }'
  done
}

letter_g() {
  tests 'G commands, links, examples' test/docs tools/docs
  full_tests 'G the site' test/full/site
}

# no_skips BAR…: a test that is skipped, for want of a Python or a browser, does not hold either.
no_skips() {
  "$@"
  grep -qE '^Tests: .*skipped' "$work/tests.log" 2>/dev/null || return
  bar "${2}" 'none is skipped' 'some are: run "npm run python", and install Chromium' 1
}

# All of it from packed tarballs in an empty folder, on Node 20, 22 and 24.
letter_n() {
  full_tests 'newcomers on Node 20, 22, 24' test/full/installed
}

run_letters A B C D E F G N
