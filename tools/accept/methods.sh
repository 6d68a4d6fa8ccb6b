#!/usr/bin/env bash
# The bars of "Every method of the paper, measured and studied": runs each and prints one line, measured against required.
# Usage: tools/accept/methods.sh [letter…]   (A B C D E F; all but F without one)
# F distils three seeds of three presets, by two methods where they have both, in the folder $RUNS (default:
# runs/quality), which takes hours; what is there already is only measured.
set -u
cd "$(dirname "$0")/../.." || exit 1
export NX_DAEMON=false FORCE_COLOR=0 npm_config_loglevel=error npm_config_fund=false npm_config_audit=false
letters=${*:-A B C D E}
runs=${RUNS:-runs/quality}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0
command=(node packages/ar-distill/dist/main.js)

# shellcheck source=tools/accept/bars.sh
. tools/accept/bars.sh

letter_a() {
  tests 'A1 phases, alignment, resumption' test/training/csd-phases packages/core/src/methods/csd \
    test/training/resume
  tests 'A2 losses, stages, the pool on disk' packages/core/src/losses test/training/csd-stages \
    test/training/csd-gradient test/workflows/pool-cache
  tests "A3 the paper's settings" test/workspace/paper-settings test/ar-distill/print-config
  tests 'A4 guidance as an input' test/core/guidance-input test/training/guidance-input \
    test/workflows/guidance-input
  tests 'A5 the term from real data' test/training/adversarial test/workflows/real-sequences
}

letter_b() {
  tests 'B the released network' test/import/dd1 test/workflows/released-dd1
  tests 'B the map is exact in law' test/toy/flow-map test/backbone-kit
  tests 'B training and report' test/training/dd1 test/workflows/dd1
}

letter_c() {
  tests 'C the teacher redraws AR steps' test/core/samplers test/var/network test/llamagen/sampler
  tests 'C skip-last, marginals' packages/core/src/sampling test/workflows/third-party.test
}

letter_d() {
  tests 'D metrics, path length' packages/evaluation test/workflows/evaluate test/workflows/report-needs
  tests 'D frozen measures' test/mnist/frozen-measures
}

letter_e() {
  tests 'E studies' test/workflows/study packages/workflows/src/study test/workflows/shipped-studies
  local file name plan state
  for file in docs/studies/*.yaml; do
    name=$(basename "$file" .yaml)
    plan=$("${command[@]}" study "$file" --plan 2>/dev/null | grep -oE '[0-9]+ runs, [0-9]+ done')
    [[ $plan =~ ^([0-9]+)\ runs,\ ([0-9]+) ]] && [ "${BASH_REMATCH[1]}" = "${BASH_REMATCH[2]}" ]
    state=$?
    bar "E study $name" 'all runs done' "${plan:-no plan}" "$state"
  done
}

# run_called NAME: the path of the run of that name, nothing where there is none.
run_called() {
  find "$runs" -maxdepth 1 -name "[0-9]*-$1" 2>/dev/null | head -n 1
}

# distilled NAME PRESET SEED OPTION…: the run of that name, made if it is not there, as a path.
distilled() {
  local name=$1 preset=$2 seed=$3 run
  shift 3
  run=$(run_called "$name")
  if [ -z "$run" ]; then
    "${command[@]}" distill --preset "$preset" --seed "$seed" --out "$runs" --name "$name" "$@" >&2 || return 1
  elif [ ! -e "$run/results.json" ]; then
    "${command[@]}" distill --resume "$run" >&2 || return 1
  fi
  run_called "$name"
}

# measured NAME OPTION…: three draws of 50,000 images, kept beside the runs as JSON.
measured() {
  local file="$runs/$1.json"
  shift
  [ -e "$file" ] || {
    "${command[@]}" eval "$@" --draws 3 --samples 50000 --json \
      --metrics frechet-distance,precision,recall >"$file.tmp" && mv "$file.tmp" "$file"
  } >&2
  echo "$file"
}

# mean_of KEY FILE…: the mean of a value over evaluations.
mean_of() {
  node -e '
    const [key, ...files] = process.argv.slice(1);
    const values = files.map((file) => JSON.parse(require("fs").readFileSync(file, "utf8")).values[key]);
    console.log((values.reduce((sum, value) => sum + value, 0) / values.length).toFixed(4));' "$@"
}

# closed_by_dd1 ROW RUN…: the mean share of the distance between independent tokens and the teacher that ROW closes.
closed_by_dd1() {
  node -e '
    const [row, ...runs] = process.argv.slice(1);
    const shares = runs.map((run) => {
      const rows = JSON.parse(require("fs").readFileSync(`${run}/results.json`, "utf8"));
      const of = (name) => rows[name]["frechet-distance"];
      const independent = of("onestep* (independent tokens)");
      return (independent - of(row)) / (independent - of("AR teacher"));
    });
    console.log((shares.reduce((sum, share) => sum + share, 0) / shares.length).toFixed(3));' "$@"
}

# compared NAME REQUIRED VALUE CONDITION: a bar; the condition is awk's, about x.
compared() {
  awk -v x="$3" "BEGIN { exit !($4) }"
  bar "$1" "$2" "$3" $?
}

letter_f() {
  mkdir -p "$runs"
  tests 'F frozen measures' test/mnist/frozen-measures
  local preset seed run teacher fid=frechet-distance ratio share gap key own opponent dd1_runs row
  for preset in mnist-var mnist-llamagen; do
    # The images that count: a preset may decode the codes nearest to the vectors.
    row='DD1 generator'
    [ "$preset" = mnist-llamagen ] && row+=', snapped to codes'
    teacher=$(measured "$preset-teacher" --preset "$preset" --teacher)
    own=() opponent=() dd1_runs=()
    for seed in 0 1 2; do
      run=$(distilled "$preset-s$seed" "$preset" "$seed") || return 1
      own+=("$(measured "$preset-s$seed" --run "$run")")
      run=$(distilled "$preset-dd1-s$seed" "$preset" "$seed" --method dd1) || return 1
      dd1_runs+=("$run")
      opponent+=("$(measured "$preset-dd1-s$seed" --run "$run")")
    done
    ratio=$(awk -v a="$(mean_of $fid "${own[@]}")" -v b="$(mean_of $fid "$teacher")" 'BEGIN { printf "%.3f", a / b }')
    compared "F $preset, FID over the teacher's" '≤ 1.25' "$ratio" 'x <= 1.25'
    share=$(awk -v o="$(mean_of $fid "${opponent[@]}")" -v d="$(mean_of $fid "${own[@]}")" \
      -v t="$(mean_of $fid "$teacher")" 'BEGIN { printf "%.3f", (o - d) / (o - t) }')
    compared "F $preset, gap that DD1 closes" '≥ 0.85' "$(closed_by_dd1 "$row" "${dd1_runs[@]}")" 'x >= 0.85'
    compared "F $preset, share of DD1's gap" '≥ 0.6' "$share" 'x >= 0.6'
    for key in precision recall; do
      gap=$(awk -v a="$(mean_of $key "$teacher")" -v b="$(mean_of $key "${own[@]}")" 'BEGIN { printf "%.3f", a - b }')
      compared "F $preset, $key below the teacher's" '≤ 0.03' "$gap" 'x <= 0.03'
    done
  done
  local distances=()
  for seed in 0 1 2; do
    run=$(distilled "toy-joint-s$seed" toy-joint "$seed" --samples 1000000) || return 1
    distances+=("$(node -p 'JSON.parse(require("fs").readFileSync(process.argv[1]))["DD2 generator"]["totalVariation"]' "$run/results.json")")
  done
  compared 'F toy-joint, total variation' '≤ 0.05' \
    "$(printf '%s\n' "${distances[@]}" | awk '{ sum += $1 } END { printf "%.4f", sum / NR }')" 'x <= 0.05'
}

run_letters A B C D E F
