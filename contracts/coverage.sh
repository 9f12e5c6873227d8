#!/usr/bin/env bash
# Writes coverage.md: which lines, statements, branches and functions of each contract the unit and fuzz tests reach.
# Without random walks and gas tests, which reach more. Compiled with --ir-minimum, or wide structs do not compile without
# the optimiser; which branches there are follows from that. Two minutes on a quiet core.
set -euo pipefail
cd "$(dirname "$0")"
export PATH="$PWD/node_modules/.bin:$PATH" FORCE_COLOR=0
export FOUNDRY_OUT=out/coverage FOUNDRY_CACHE_PATH=out/coverage-cache
mkdir -p out
forge coverage --ir-minimum --report summary --no-match-path 'test/{gas,invariant,dao/invariant,hub/invariant,masternode/invariant,token/invariant}/*' \
    >out/coverage.log 2>&1 || { grep -E '^\[FAIL|^Error' out/coverage.log >&2; exit 1; }
{
    cat <<'TEXT'
# Coverage

What unit and fuzz tests alone reach, by `contracts/coverage.sh` (`forge coverage --ir-minimum`; random walks and gas tests
left out). What a line's test would notice is another question: `mutation.md`.

TEXT
    grep -E '^\| (File|src/)' out/coverage.log | sed -E 's/ +/ /g' | sed '1a |---|---:|---:|---:|---:|'
    grep -E '^\| src/' out/coverage.log | sed -E 's/[^(]*\(([0-9]+)\/([0-9]+)\)/ \1 \2/g' | awk '
        { for (i = 1; i <= 4; ++i) { hit[i] += $(2 * i - 1); all[i] += $(2 * i) } }
        END { printf "| all"; for (i = 1; i <= 4; ++i) printf " | %.2f%% (%d/%d)", 100 * hit[i] / all[i], hit[i], all[i]; print " |" }'
} >coverage.md
tail -n 1 coverage.md
