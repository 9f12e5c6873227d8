#!/usr/bin/env bash
# Removes one require, revert or modifier at a time and says whether a test notices (see tools/mutate.js).
#   contracts/mutate.sh                 everything in the table below; ~20 s for each guard
#   contracts/mutate.sh Market          one group
#   contracts/mutate.sh Market --sample 5
set -uo pipefail
cd "$(dirname "$0")"
only=${1:-}
[ $# -gt 0 ] && shift
failed=0

# group, what is deployed, file, the tests in the order of their relevance
while read -r group deployed file tests; do
    [ -z "$group" ] || [[ "$group" == \#* ]] && continue
    [ -n "$only" ] && [ "$only" != "$group" ] && continue
    [ -f "$file" ] || continue
    node tools/mutate.js --contract "$file" --deployed "$deployed" --tests "$tests" --min 95 "$@" || failed=1
done <<'TABLE'
Market      src/Market.sol                     src/market/Balances.sol            test/Balances.t.sol test/Faults.t.sol
Market      src/Market.sol                     src/market/Book.sol                test/Orders.t.sol test/Deals.t.sol test/market/Signed.t.sol test/market/Changes.t.sol
Market      src/Market.sol                     src/market/Deals.sol               test/Deals.t.sol test/market/Signed.t.sol test/market/Wallets.t.sol test/market/Batches.t.sol
Market      src/Market.sol                     src/market/Signed.sol              test/market/Signed.t.sol test/market/Wallets.t.sol test/market/Batches.t.sol
Market      src/Market.sol                     src/market/Changes.sol             test/market/Changes.t.sol
Market      src/Market.sol                     src/market/Gate.sol                test/Gate.t.sol
Profiles    src/ProfileRegistry.sol            src/ProfileRegistry.sol            test/Profiles.t.sol test/market/Lists.t.sol test/Faults.t.sol
Profiles    src/Blacklist.sol                  src/Blacklist.sol                  test/Profiles.t.sol test/market/Lists.t.sol
HubWallet   src/hub/HubWallet.sol              src/hub/HubWallet.sol              test/hub/HubWallet.t.sol test/hub/HubFaults.t.sol
Masternodes src/masternode/Masternodes.sol     src/masternode/Masternodes.sol     test/masternode/Masternodes.t.sol
Gatekeeper  src/masternode/Gatekeeper.sol      src/masternode/Gatekeeper.sol      test/masternode/Gatekeeper.t.sol
Coordinator src/masternode/Coordinator.sol     src/masternode/Coordinator.sol     test/masternode/Coordinator.t.sol
TABLE
exit $failed
