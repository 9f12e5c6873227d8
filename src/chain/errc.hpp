#pragma once

#include "sonm/base/error_enum.hpp"

namespace sonm::chain {

#define SONM_CHAIN_ERRORS(X)                                                 \
    X(unreachable, 1, "the chain's node cannot be reached")                  \
    X(node_error, 2, "the node refused the request")                         \
    X(bad_answer, 3, "the node's answer makes no sense")                     \
    X(too_many_results, 4, "more results than the node gives in one answer") \
    X(reverted, 5, "the contract refused")                                   \
    X(nonce_too_low, 6, "the account's transaction number is used already")  \
    X(fee_too_low, 7, "the fee is below what the node asks for")             \
    X(already_known, 8, "the node has this transaction already")             \
    X(no_funds, 9, "the account cannot pay for the transaction")             \
    X(wrong_chain, 10, "another chain than configured")                      \
    X(fee_cap, 11, "the chain is dearer than the configured limit")          \
    X(not_mined, 12, "not confirmed in time")                                \
    X(bad_encoding, 13, "bytes that are not valid ABI encoding")

/// What can go wrong between this program and a chain.
SONM_ERROR_ENUM(ChainErrc, "chain", SONM_CHAIN_ERRORS)

}  // namespace sonm::chain

SONM_REGISTER_ERROR_ENUM(sonm::chain::ChainErrc)
