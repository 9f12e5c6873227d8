#!/usr/bin/env bash
# Everything that is checked about the contracts: format, artifacts, unit, fuzz and invariant tests, gas bounds, and
# whether the tests notice when a guard is missing (see mutate.sh).
#   contracts/test.sh              what CI runs
#   contracts/test.sh --nightly    many more runs: 120,000 random calls, 10,000 runs of each fuzz test
set -euo pipefail
cd "$(dirname "$0")"
[ "${1:-}" = --nightly ] && export FOUNDRY_PROFILE=nightly

./build --check
export PATH="$PWD/node_modules/.bin:$PATH" FORCE_COLOR=0
mkdir -p out
rm -rf out/snapshots
failed=0
passed=0
calls=0

# Beside the rest: it compiles for most of its time, on one core. In a process group of its own, so that forge and the
# compiler below it end with it.
set -m
./mutate.sh --check >out/mutation.log 2>&1 </dev/null &
mutation=$!
set +m
trap 'kill -- -$mutation 2>/dev/null || true' EXIT

forge fmt --check >out/fmt.log 2>&1 || { echo "contracts: run 'forge fmt' in contracts/ (see contracts/out/fmt.log)"; failed=1; }

# Runs forge; prints what failed and forge's own closing line. The rest is in contracts/out/.
run() {
    local what=$1 log
    log="out/test-${what// /-}.log"
    shift
    echo "contracts: $what"
    if ! forge test "$@" >"$log" 2>&1; then
        failed=$((failed + 1))
        grep -E '^\[FAIL|^Error|Compiler run failed' "$log" | sort -u || true
        echo "contracts: see contracts/$log"
    fi
    grep -E '^Ran [0-9]+ test suites? in .* total tests\)$' "$log" || true
    passed=$((passed + $(grep -c '^\[PASS' "$log" || true)))
    calls=$((calls + $(sed -n 's/.*(runs: [0-9]*, calls: \([0-9]*\),.*/\1/p' "$log" | awk '{ n += $1 } END { print n + 0 }')))
}
run "sources" --no-match-path 'test/gas/*'
SONM_TEST_ARTIFACTS=true run "committed artifacts" --no-match-path 'test/{gas,invariant,dao/invariant,hub/invariant,masternode/invariant,token/invariant}/*' --no-match-test testFuzz
run "gas" --isolate --match-path 'test/gas/*'
tools/inputs.js --check || failed=$((failed + 1))
tools/gas.js --check || failed=$((failed + 1))
wait $mutation || { failed=$((failed + 1)); echo "contracts: see contracts/out/mutation.log"; }
trap - EXIT
grep -E '^mutat' out/mutation.log | sed 's/^/contracts: /' || true

echo "contracts: money conserved over $calls random calls"
echo "contracts: $passed tests passed, $failed steps failed"
[ $failed = 0 ]
