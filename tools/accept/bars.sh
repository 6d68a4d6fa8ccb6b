# What the scripts of this folder share: sourced, with $work (a temporary folder), $letters and $failures set.
# shellcheck shell=bash

# bar NAME REQUIRED MEASURED OK: prints one line.
bar() {
  local state=ok
  [ "$4" = 0 ] || { state=FAIL failures=$((failures + 1)); }
  printf '%-4s %-34s measured: %s (required: %s)\n' "$state" "$1" "$3" "$2"
}

# seconds_since STARTED: of a time of `date +%s%N`, with two decimals.
seconds_since() {
  awk -v a="$1" -v b="$(date +%s%N)" 'BEGIN { printf "%.2f\n", (b - a) / 1e9 }'
}

# tests NAME PATTERN…: runs tests by their paths; each pattern names some, and all have to pass.
tests() {
  local name=$1 log="$work/tests.log" state summary pattern
  shift
  for pattern in "$@"; do
    git ls-files -- '*.test.ts' | grep -qF "$pattern" && continue
    bar "$name" 'all pass' "no test is called $pattern" 1
    return
  done
  npx jest --config "${config:-jest.config.js}" "$@" >"$log" 2>&1 </dev/null
  state=$?
  summary=$(grep -E '^Tests: ' "$log" | tail -n 1 | sed -E 's/^Tests: +//')
  [ -n "$summary" ] || state=1
  bar "$name" 'all pass' "${summary:-no test ran}" "$state"
}

# full_tests NAME PATTERN…: the same of tests that take too long for every run.
full_tests() {
  config=jest.full.config.js tests "$@"
}

# command_bar NAME REQUIRED COMMAND…: the command has to succeed; its last line is what was measured.
command_bar() {
  local name=$1 required=$2 log="$work/command.log" state
  shift 2
  "$@" >"$log" 2>&1 </dev/null
  state=$?
  bar "$name" "$required" "$(grep -v '^$' "$log" | tail -n 1)" "$state"
}

# run_letters LETTER…: calls the function of every letter that is asked for; these are all there are.
run_letters() {
  local letter known="${*:1:$#-1}"
  for letter in $letters; do
    if [[ " $* " != *" $letter "* ]]; then
      echo "There is no letter $letter: use ${known// /, } or ${*: -1}." >&2
      exit 2
    fi
    "letter_${letter,,}"
  done
  [ "$failures" -eq 0 ]
}
