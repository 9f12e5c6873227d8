#pragma once

#include "sonm/base/bytes.hpp"

namespace sonm::settlement {

/// What a contract's revert data means: MarketErrc with the values that it names.
Error to_refusal(BytesView revert_data);

/// At this room's upper border: errors of the chain become what callers of market::Ledger can tell apart:
/// unavailable (the chain or its node, later perhaps), timeout, denied (no coins for fees), conflict (another
/// chain).
Error to_market_error(Error error);

}  // namespace sonm::settlement
