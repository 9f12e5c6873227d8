#!/usr/bin/env bash
# Switches off one guard of a contract at a time (a condition that reverts, a require, a check, a modifier) and says
# whether a test notices. All mutants are compiled at once, in a copy below contracts/out/mutate.
#   contracts/mutate.sh                     everything; writes contracts/mutation.md; about 20 minutes
#   contracts/mutate.sh Market HubWallet    only these groups
#   contracts/mutate.sh --list Gatekeeper   the guards, nothing is run
#   contracts/mutate.sh --check             the committed scores against the present code, and 8 guards for real (test.sh)
# Fails below the score that tools/mutate-table.js asks for. The groups: tools/mutate-table.js.
set -euo pipefail
cd "$(dirname "$0")"
if [ "${1:-}" = --help ] || [ "${1:-}" = -h ]; then
    sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0"
    exit 0
fi
./build --install
exec node tools/mutate.js "$@"
