#pragma once

#include "sonm/cli/context.hpp"

#include <map>

/// Names for addresses: a file of the user's own, <home>/addresses.json.
namespace sonm::cli {

/// Errors: invalid (the file is none), too_large.
Result<std::map<std::string, crypto::Address>> read_address_names(const Context& context);
Result<void> write_address_names(const Context& context, const std::map<std::string, crypto::Address>& names);

/// "0x...", "dev:N" on a private chain, a contract of the network, or a name of the file. Errors: invalid,
/// naming what is nearest.
Result<crypto::Address> resolve_address(const Context& context, const settlement::Network& network,
                                        std::string_view text);

}  // namespace sonm::cli
