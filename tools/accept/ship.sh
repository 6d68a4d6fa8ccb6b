#!/usr/bin/env bash
# The bars of "Ship it" about model directories and ONNX: runs each and prints one line, measured against
# required. Usage: tools/accept/ship.sh [letter…]   (C D; both without one)
# `npm run python` makes the Python that C needs and D compares with, too.
set -u
cd "$(dirname "$0")/../.." || exit 1
export NX_DAEMON=false FORCE_COLOR=0 npm_config_loglevel=error npm_config_fund=false npm_config_audit=false
letters=${*:-C D}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0
# shellcheck source=tools/accept/bars.sh
. tools/accept/bars.sh

letter_c() {
  tests 'C model directories, cards' test/workflows/export
  no_skips full_tests 'C PyTorch programs within 1e-4' test/full/pytorch
}

letter_d() {
  tests 'D models for any number of images' packages/engine/src/onnx-export
  no_skips full_tests 'D fp32, fp16, int8, elsewhere, too' test/full/shipped-exports
}

# no_skips BAR…: a test that is skipped, for want of a Python, does not hold either.
no_skips() {
  "$@"
  grep -qE '^Tests: .*skipped' "$work/tests.log" 2>/dev/null || return
  bar "${2}" 'none is skipped' 'some are: run "npm run python"' 1
}

for letter in $letters; do
  case $letter in
    C) letter_c ;;
    D) letter_d ;;
    *) echo "There is no letter $letter: use C or D." >&2 && exit 2 ;;
  esac
done
[ "$failures" -eq 0 ]
