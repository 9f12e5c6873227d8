#pragma once

#include "sonm/chain/types.hpp"

#include <simdjson.h>

/// Reading what a node answered. Everything here is input from outside: nothing is trusted but the size limit
/// of the HTTP client.
namespace sonm::chain::detail {

/// The error object of a JSON-RPC answer.
struct Refusal {
    std::int64_t code = 0;
    std::string message;
    Bytes data;  ///< revert data, where the node sent some
};

/// The answers to one exchange (one request or one batch), by the position of their question.
class Answers {
public:
    /// `count` questions had the ids first_id, first_id + 1, ... Errors: bad_answer (no JSON, an id missing
    /// or twice).
    static Result<Answers> parse(const std::string& body, std::uint64_t first_id, std::size_t count);
    const Refusal* refusal(std::size_t position) const;
    /// Only where there is no refusal. Lives as long as this object.
    simdjson::dom::element result(std::size_t position) const {
        return std::get<simdjson::dom::element>(answers_[position]);
    }
    std::size_t size() const { return answers_.size(); }

private:
    using Answer = std::variant<std::monostate, simdjson::dom::element, Refusal>;
    Result<void> add(simdjson::dom::element answer, std::uint64_t first_id);

    std::unique_ptr<simdjson::dom::parser> parser_ = std::make_unique<simdjson::dom::parser>();
    std::vector<Answer> answers_;
};

/// What a refusal means, by code and by the words that Geth, Anvil and others use.
Error to_error(const Refusal& refusal, std::string_view method);

// Errors of all: bad_answer, naming the field.
Result<U256> read_quantity(simdjson::dom::element value, std::string_view name);
Result<std::uint64_t> read_u64(simdjson::dom::element value, std::string_view name);
Result<Bytes> read_data(simdjson::dom::element value, std::string_view name);
Result<Hash> read_hash(simdjson::dom::element value, std::string_view name);
Result<std::optional<BlockHeader>> read_header(simdjson::dom::element value);
Result<Log> read_log(simdjson::dom::element value);
Result<std::vector<Log>> read_logs(simdjson::dom::element value);
Result<std::optional<TxnReceipt>> read_receipt(simdjson::dom::element value);
Result<FeeQuote> read_fee_history(simdjson::dom::element value);

}  // namespace sonm::chain::detail
