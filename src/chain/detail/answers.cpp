#include "sonm/chain/detail/answers.hpp"

#include <array>

namespace sonm::chain::detail {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

/// What nodes offer where the tip of recent blocks was nothing: 0.1 gwei.
constexpr U256 tip_min = 100'000'000;
constexpr std::size_t topics_max = 4;

tl::unexpected<Error> bad(std::string_view name, std::string_view what) {
    return fail(ChainErrc::bad_answer, "field \"{}\": {}", name, what);
}

Result<std::string_view> read_text(element value, std::string_view name) {
    std::string_view text;
    if (value.get(text) != simdjson::SUCCESS) return bad(name, "no text");
    return text;
}

Result<object> read_object(element value, std::string_view name) {
    object out;
    if (value.get(out) != simdjson::SUCCESS) return bad(name, "no object");
    return out;
}

Result<element> member(object from, std::string_view name) {
    element out;
    if (from.at_key(name).get(out) != simdjson::SUCCESS) return bad(name, "missing");
    return out;
}

/// The member if it is there and not null.
std::optional<element> optional_member(object from, std::string_view name) {
    element out;
    if (from.at_key(name).get(out) != simdjson::SUCCESS || out.is_null()) return std::nullopt;
    return out;
}

Result<std::uint64_t> member_u64(object from, std::string_view name) {
    SONM_TRY(element value, member(from, name));
    return read_u64(value, name);
}
Result<U256> member_quantity(object from, std::string_view name) {
    SONM_TRY(element value, member(from, name));
    return read_quantity(value, name);
}
Result<Hash> member_hash(object from, std::string_view name) {
    SONM_TRY(element value, member(from, name));
    return read_hash(value, name);
}

Result<Address> read_address(element value, std::string_view name) {
    SONM_TRY(Bytes bytes, read_data(value, name));
    Address out;
    if (bytes.size() != out.bytes.size()) return bad(name, "not 20 bytes");
    std::copy(bytes.begin(), bytes.end(), out.bytes.begin());
    return out;
}

bool contains(std::string_view text, std::string_view part) {
    auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
    return std::search(text.begin(), text.end(), part.begin(), part.end(), same) != text.end();
}

Refusal read_refusal(element error) {
    Refusal out;
    element part;
    if (error["code"].get(part) == simdjson::SUCCESS) (void)part.get(out.code);
    std::string_view text;
    if (error["message"].get(text) == simdjson::SUCCESS) out.message = std::string(text.substr(0, 500));
    // Some nodes put the revert data into an object, most give it as hex.
    if (error["data"].get(part) != simdjson::SUCCESS) return out;
    if (part.is_object() && part["data"].get(part) != simdjson::SUCCESS) return out;
    if (auto data = read_data(part, "data")) out.data = std::move(*data);
    return out;
}

}  // namespace

Result<U256> read_quantity(element value, std::string_view name) {
    SONM_TRY(std::string_view text, read_text(value, name));
    if (!text.starts_with("0x")) return bad(name, "not a hexadecimal quantity");
    auto out = parse_u256(text);
    if (!out) return bad(name, out.error().context);
    return out;
}

Result<std::uint64_t> read_u64(element value, std::string_view name) {
    SONM_TRY(U256 wide, read_quantity(value, name));
    if (wide > ~std::uint64_t(0)) return bad(name, "larger than 64 bits");
    return static_cast<std::uint64_t>(wide);
}

Result<Bytes> read_data(element value, std::string_view name) {
    SONM_TRY(std::string_view text, read_text(value, name));
    if (!text.starts_with("0x")) return bad(name, "no hexadecimal data");
    auto out = parse_hex(text);
    if (!out) return bad(name, out.error().context);
    return out;
}

Result<Hash> read_hash(element value, std::string_view name) {
    SONM_TRY(Bytes bytes, read_data(value, name));
    Hash out;
    if (bytes.size() != out.bytes.size()) return bad(name, "not 32 bytes");
    std::copy(bytes.begin(), bytes.end(), out.bytes.begin());
    return out;
}

Result<std::optional<BlockHeader>> read_header(element value) {
    if (value.is_null()) return std::optional<BlockHeader>();
    SONM_TRY(object block, read_object(value, "block"));
    BlockHeader out;
    SONM_TRY(out.number, member_u64(block, "number"));
    SONM_TRY(out.hash, member_hash(block, "hash"));
    SONM_TRY(out.parent, member_hash(block, "parentHash"));
    SONM_TRY(std::uint64_t time, member_u64(block, "timestamp"));
    out.time = UnixTime(time);
    SONM_TRY(out.gas_limit, member_u64(block, "gasLimit"));
    if (auto fee = optional_member(block, "baseFeePerGas")) {
        SONM_TRY(U256 base, read_quantity(*fee, "baseFeePerGas"));
        out.base_fee = Wei(base);
    }
    return std::optional<BlockHeader>(out);
}

Result<Log> read_log(element value) {
    SONM_TRY(object log, read_object(value, "log"));
    Log out;
    SONM_TRY(element address, member(log, "address"));
    SONM_TRY(out.address, read_address(address, "address"));
    SONM_TRY(element topics, member(log, "topics"));
    array list;
    if (topics.get(list) != simdjson::SUCCESS) return bad("topics", "no list");
    for (element topic : list) {
        if (out.topics.size() == topics_max) return bad("topics", "more than four");
        SONM_TRY(Hash hash, read_hash(topic, "topics"));
        out.topics.push_back(hash);
    }
    SONM_TRY(element data, member(log, "data"));
    SONM_TRY(out.data, read_data(data, "data"));
    SONM_TRY(out.block, member_u64(log, "blockNumber"));
    SONM_TRY(out.block_hash, member_hash(log, "blockHash"));
    SONM_TRY(out.txn, member_hash(log, "transactionHash"));
    SONM_TRY(std::uint64_t index, member_u64(log, "logIndex"));
    if (!std::in_range<std::uint32_t>(index)) return bad("logIndex", "too large");
    out.index = static_cast<std::uint32_t>(index);
    if (auto time = optional_member(log, "blockTimestamp")) {
        SONM_TRY(std::uint64_t seconds, read_u64(*time, "blockTimestamp"));
        out.block_time = UnixTime(seconds);
    }
    return out;
}

Result<std::vector<Log>> read_logs(element value) {
    array list;
    if (value.get(list) != simdjson::SUCCESS) return bad("logs", "no list");
    std::vector<Log> out;
    for (element each : list) {
        SONM_TRY(Log log, read_log(each));
        out.push_back(std::move(log));
    }
    return out;
}

Result<std::optional<TxnReceipt>> read_receipt(element value) {
    if (value.is_null()) return std::optional<TxnReceipt>();
    SONM_TRY(object receipt, read_object(value, "receipt"));
    TxnReceipt out;
    // A node may show a transaction that waits as a receipt without a block.
    if (!optional_member(receipt, "blockHash")) return std::optional<TxnReceipt>();
    SONM_TRY(out.txn, member_hash(receipt, "transactionHash"));
    SONM_TRY(out.block, member_u64(receipt, "blockNumber"));
    SONM_TRY(out.block_hash, member_hash(receipt, "blockHash"));
    SONM_TRY(std::uint64_t status, member_u64(receipt, "status"));
    out.success = status == 1;
    SONM_TRY(out.gas_used, member_u64(receipt, "gasUsed"));
    SONM_TRY(U256 price, member_quantity(receipt, "effectiveGasPrice"));
    out.gas_price = Wei(price);
    if (auto created = optional_member(receipt, "contractAddress")) {
        SONM_TRY(out.created, read_address(*created, "contractAddress"));
    }
    SONM_TRY(element logs, member(receipt, "logs"));
    SONM_TRY(out.logs, read_logs(logs));
    return std::optional<TxnReceipt>(std::move(out));
}

Result<FeeQuote> read_fee_history(element value) {
    SONM_TRY(object history, read_object(value, "fee history"));
    SONM_TRY(element fees, member(history, "baseFeePerGas"));
    array list;
    if (fees.get(list) != simdjson::SUCCESS || list.size() == 0) return bad("baseFeePerGas", "no list");
    // The last entry is the block after the newest one.
    SONM_TRY(U256 base, read_quantity(list.at(list.size() - 1).value_unsafe(), "baseFeePerGas"));
    U256 tip = tip_min;
    array rewards;
    if (auto found = optional_member(history, "reward"); found && found->get(rewards) == simdjson::SUCCESS) {
        for (element block : rewards) {
            element first;
            if (block.at(0).get(first) != simdjson::SUCCESS) continue;
            SONM_TRY(U256 reward, read_quantity(first, "reward"));
            tip = std::max(tip, reward);
        }
    }
    return FeeQuote{Wei(base), Wei(tip)};
}

Result<Answers> Answers::parse(const std::string& body, std::uint64_t first_id, std::size_t count) {
    Answers out;
    out.answers_.resize(count);
    element root;
    if (auto error = out.parser_->parse(body).get(root)) {
        return fail(ChainErrc::bad_answer, "no valid JSON ({}): {}", simdjson::error_message(error),
                    body.substr(0, 100));
    }
    array list;
    if (root.get(list) == simdjson::SUCCESS) {
        for (element answer : list) SONM_CHECK(out.add(answer, first_id));
    } else if (element error; count > 1 && root["error"].get(error) == simdjson::SUCCESS) {
        // A whole batch refused at once.
        for (Answer& answer : out.answers_) answer = read_refusal(error);
    } else {
        SONM_CHECK(out.add(root, first_id));
    }
    for (std::size_t i = 0; i < count; ++i) {
        if (std::holds_alternative<std::monostate>(out.answers_[i])) {
            return fail(ChainErrc::bad_answer, "no answer to request {} of {}", i + 1, count);
        }
    }
    return out;
}

Result<void> Answers::add(element answer, std::uint64_t first_id) {
    element error;
    bool refused = answer["error"].get(error) == simdjson::SUCCESS && !error.is_null();
    std::uint64_t id = 0;
    if (answer["id"].get(id) != simdjson::SUCCESS) {
        // An answer to a single request that the node could not even read has id null.
        if (!refused || answers_.size() != 1) return fail(ChainErrc::bad_answer, "an answer without an id");
        id = first_id;
    }
    if (id < first_id || id - first_id >= answers_.size())
        return fail(ChainErrc::bad_answer, "an answer to no request (id {})", id);
    Answer& place = answers_[id - first_id];
    if (!std::holds_alternative<std::monostate>(place))
        return fail(ChainErrc::bad_answer, "two answers to one request (id {})", id);
    if (refused) {
        place = read_refusal(error);
        return Result<void>();
    }
    element result;
    if (answer["result"].get(result) != simdjson::SUCCESS)
        return fail(ChainErrc::bad_answer, "neither result nor error (id {})", id);
    place = result;
    return Result<void>();
}

const Refusal* Answers::refusal(std::size_t position) const {
    return std::get_if<Refusal>(&answers_[position]);
}

Error to_error(const Refusal& refusal, std::string_view method) {
    struct Words {
        std::string_view part;
        ChainErrc meaning;
    };
    static constexpr std::array table = {
        Words{"nonce too low", ChainErrc::nonce_too_low},
        Words{"already known", ChainErrc::already_known},
        Words{"already imported", ChainErrc::already_known},
        Words{"known transaction", ChainErrc::already_known},
        Words{"underpriced", ChainErrc::fee_too_low},
        Words{"less than block base fee", ChainErrc::fee_too_low},
        Words{"insufficient funds", ChainErrc::no_funds},
        Words{"execution reverted", ChainErrc::reverted},
    };
    static constexpr std::array limits = {"too many", "more than", "block range", "range is too",
                                          "limit",    "too large", "timeout"};
    ChainErrc meaning = refusal.code == 3 ? ChainErrc::reverted : ChainErrc::node_error;
    for (const Words& words : table) {
        if (meaning == ChainErrc::node_error && contains(refusal.message, words.part))
            meaning = words.meaning;
    }
    if (method == "eth_getLogs") {
        bool over = refusal.code == -32005;
        for (std::string_view word : limits) over = over || contains(refusal.message, word);
        if (over) meaning = ChainErrc::too_many_results;
    }
    return Error{make_error_code(meaning),
                 fmt::format("{}: {} (code {})", method, refusal.message, refusal.code)};
}

}  // namespace sonm::chain::detail
