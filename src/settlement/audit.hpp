#pragma once

#include "sonm/settlement/desk.hpp"

namespace sonm::settlement {

/// One reference or role of the deployed contracts, read from the living chain.
struct Finding {
    std::string contract;  ///< as the network file calls it
    std::string question;  ///< "token", "may slash", "owner"
    Address answer;
    std::string who;       ///< the name of what stands there: a contract, "nobody", or an address
    std::string means;     ///< what whoever stands there can do; empty for mere references
    bool is_right = true;  ///< as the deployment makes it
};

/// Walks every reference and role of the contracts that `desk`'s network names. Errors: those of Desk::ask.
Async<std::vector<Finding>> audit(Desk& desk);

}  // namespace sonm::settlement
