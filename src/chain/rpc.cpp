#include "sonm/chain/rpc.hpp"

#include "sonm/chain/detail/answers.hpp"

namespace sonm::chain {
namespace {

using detail::Answers;

/// Headers and receipts a node answers in one batch without complaint.
constexpr std::size_t batch_max = 100;

std::string block_text(const BlockRef& block) {
    if (auto* number = std::get_if<std::uint64_t>(&block)) return to_quantity(*number);
    switch (std::get<BlockTag>(block)) {
        case BlockTag::latest: return "latest";
        case BlockTag::pending: return "pending";
        case BlockTag::finalized: return "finalized";
    }
    return "latest";
}

template <class T>
std::string list_of(const std::vector<T>& items) {
    std::string out = "[";
    for (const T& item : items)
        out += fmt::format("{}\"{}\"", out.size() > 1 ? "," : "", to_hex0x(item.bytes));
    return out + "]";
}

std::string call_text(const CallRequest& request) {
    std::string to = request.to ? fmt::format(R"("to":"{}",)", to_hex0x(request.to->bytes)) : "";
    return fmt::format(R"({{"from":"{}",{}"value":"{}","data":"{}"}})", to_hex0x(request.from.bytes), to,
                       to_quantity(request.value.value), to_hex0x(request.data));
}

CallOutcome to_outcome(const detail::Refusal& refusal) {
    return CallOutcome{true, refusal.data, refusal.message};
}

bool worth_repeating(const Error& error) { return error.is(ChainErrc::unreachable); }

struct Target {
    std::string address;
    std::string path;
};

Result<Target> parse_url(std::string_view url) {
    constexpr std::string_view scheme = "http://";
    if (url.starts_with("unix:")) return Target{std::string(url), "/"};
    if (url.starts_with("https://")) {
        return fail(
            Errc::invalid,
            "{}: https is not supported here yet; use a node in a trusted network or a local TLS proxy", url);
    }
    if (url.starts_with(scheme))
        url.remove_prefix(scheme.size());
    else if (url.find("://") != std::string_view::npos)
        return fail(Errc::invalid, "{}: a node's address is written http://host:port", url);
    std::size_t slash = url.find('/');
    std::string host(url.substr(0, slash));
    std::string path = slash == std::string_view::npos ? "/" : std::string(url.substr(slash));
    bool has_port = host.find(':') != std::string::npos && !host.ends_with(']');
    if (!has_port) host += ":80";
    SONM_TRY([[maybe_unused]] auto checked, parse_host_port(host));
    return Target{std::move(host), std::move(path)};
}

}  // namespace

Result<std::unique_ptr<JsonRpc>> JsonRpc::make(Executor executor, RpcConfig config) {
    SONM_TRY(Target target, parse_url(config.url));
    http::Limits limits;
    limits.body_bytes_max = config.answer_bytes_max;
    limits.connect_max = std::min(config.answer_max, limits.connect_max);
    limits.answer_max = config.answer_max;
    auto client =
        std::make_unique<http::Client>(std::move(executor), target.address, limits, config.connections_max);
    return std::make_unique<JsonRpc>(std::move(config), std::move(client), std::move(target.path));
}

JsonRpc::JsonRpc(RpcConfig config, std::unique_ptr<http::Client> client, std::string target)
    : config_(std::move(config)), client_(std::move(client)), target_(std::move(target)) {}
JsonRpc::~JsonRpc() = default;

Async<std::shared_ptr<Answers>> JsonRpc::exchange(std::vector<Question> questions) {
    std::uint64_t first_id = next_id_;
    next_id_ += questions.size();
    std::string body;
    for (std::size_t i = 0; i < questions.size(); ++i) {
        if (i > 0) body += ',';
        body += fmt::format(R"({{"jsonrpc":"2.0","id":{},"method":"{}","params":{}}})", first_id + i,
                            questions[i].method, questions[i].params);
    }
    if (questions.size() > 1) body = "[" + body + "]";
    http::Request request;
    request.method = "POST";
    request.target = target_;
    request.headers.push_back(http::Header{"Content-Type", "application/json"});
    request.body = std::move(body);
    auto asking = client_->request(std::move(request));
    auto response = co_await std::move(asking);
    if (!response) {
        const Error& error = response.error();
        if (error.is(Errc::too_large))
            co_return fail(ChainErrc::too_many_results, "{}: {}", questions[0].method, error.message());
        co_return fail(ChainErrc::unreachable, "chain node {}: {}", config_.url, error.message());
    }
    if (response->status != 200 && !response->body.starts_with('{') && !response->body.starts_with('[')) {
        bool passing = response->status == 429 || response->status >= 500;
        co_return fail(passing ? ChainErrc::unreachable : ChainErrc::bad_answer,
                       "chain node {}: HTTP status {}", config_.url, response->status);
    }
    auto answers = Answers::parse(response->body, first_id, questions.size());
    if (!answers) co_return wrap(std::move(answers).error(), "chain node {}", config_.url);
    co_return std::make_shared<Answers>(std::move(*answers));
}

Async<std::shared_ptr<Answers>> JsonRpc::ask(std::vector<Question> questions, int attempts) {
    Millis pause = config_.pause_first;
    for (int attempt = 1;; ++attempt) {
        auto exchanging = exchange(questions);
        auto answers = co_await std::move(exchanging);
        if (answers || attempt >= attempts || !worth_repeating(answers.error())) co_return answers;
        co_await sleep_for(pause);
        pause = std::min(pause * 2, config_.pause_max);
    }
}

Async<std::shared_ptr<Answers>> JsonRpc::ask_one(std::string method, std::string params, int attempts) {
    std::vector<Question> questions;
    questions.push_back(Question{method, std::move(params)});
    auto asking = ask(std::move(questions), attempts);
    SONM_CO_TRY(auto answers, co_await std::move(asking));
    if (auto* refusal = answers->refusal(0))
        co_return tl::unexpected<Error>(detail::to_error(*refusal, method));
    co_return answers;
}

Async<std::uint64_t> JsonRpc::chain_id() {
    SONM_CO_TRY(auto answers, co_await ask_one("eth_chainId", "[]", config_.attempts_max));
    co_return detail::read_u64(answers->result(0), "chain id");
}

Async<std::uint64_t> JsonRpc::block_number() {
    SONM_CO_TRY(auto answers, co_await ask_one("eth_blockNumber", "[]", config_.attempts_max));
    co_return detail::read_u64(answers->result(0), "block number");
}

Async<std::optional<BlockHeader>> JsonRpc::header(BlockRef block) {
    std::string params = fmt::format(R"(["{}",false])", block_text(block));
    SONM_CO_TRY(auto answers,
                co_await ask_one("eth_getBlockByNumber", std::move(params), config_.attempts_max));
    co_return detail::read_header(answers->result(0));
}

Async<std::vector<std::optional<BlockHeader>>> JsonRpc::headers(std::vector<std::uint64_t> blocks) {
    std::vector<std::optional<BlockHeader>> out;
    for (std::size_t from = 0; from < blocks.size(); from += batch_max) {
        std::vector<Question> questions;
        for (std::size_t i = from; i < std::min(blocks.size(), from + batch_max); ++i) {
            questions.push_back(
                Question{"eth_getBlockByNumber", fmt::format(R"(["{}",false])", to_quantity(blocks[i]))});
        }
        auto asking = ask(std::move(questions), config_.attempts_max);
        SONM_CO_TRY(auto answers, co_await std::move(asking));
        for (std::size_t i = 0; i < answers->size(); ++i) {
            if (auto* refusal = answers->refusal(i))
                co_return tl::unexpected<Error>(detail::to_error(*refusal, "eth_getBlockByNumber"));
            SONM_CO_TRY(auto header, detail::read_header(answers->result(i)));
            out.push_back(header);
        }
    }
    co_return out;
}

Async<Wei> JsonRpc::balance(Address account) {
    std::string params = fmt::format(R"(["{}","latest"])", to_hex0x(account.bytes));
    SONM_CO_TRY(auto answers, co_await ask_one("eth_getBalance", std::move(params), config_.attempts_max));
    SONM_CO_TRY(U256 value, detail::read_quantity(answers->result(0), "balance"));
    co_return Wei(value);
}

Async<std::uint64_t> JsonRpc::nonce(Address account, BlockTag tag) {
    std::string params = fmt::format(R"(["{}","{}"])", to_hex0x(account.bytes), block_text(tag));
    SONM_CO_TRY(auto answers,
                co_await ask_one("eth_getTransactionCount", std::move(params), config_.attempts_max));
    co_return detail::read_u64(answers->result(0), "transaction count");
}

Async<CallOutcome> JsonRpc::call(CallRequest request, BlockRef block) {
    std::vector<Question> questions;
    questions.push_back(
        Question{"eth_call", fmt::format(R"([{},"{}"])", call_text(request), block_text(block))});
    auto asking = ask(std::move(questions), config_.attempts_max);
    SONM_CO_TRY(auto answers, co_await std::move(asking));
    if (auto* refusal = answers->refusal(0)) {
        Error error = detail::to_error(*refusal, "eth_call");
        if (error.is(ChainErrc::reverted)) co_return to_outcome(*refusal);
        co_return tl::unexpected<Error>(std::move(error));
    }
    CallOutcome out;
    SONM_CO_TRY(out.data, detail::read_data(answers->result(0), "result"));
    co_return out;
}

Async<GasEstimate> JsonRpc::estimate_gas(CallRequest request) {
    std::vector<Question> questions;
    questions.push_back(Question{"eth_estimateGas", fmt::format("[{}]", call_text(request))});
    auto asking = ask(std::move(questions), config_.attempts_max);
    SONM_CO_TRY(auto answers, co_await std::move(asking));
    GasEstimate out;
    if (auto* refusal = answers->refusal(0)) {
        Error error = detail::to_error(*refusal, "eth_estimateGas");
        if (!error.is(ChainErrc::reverted)) co_return tl::unexpected<Error>(std::move(error));
        out.revert = to_outcome(*refusal);
        co_return out;
    }
    SONM_CO_TRY(out.gas, detail::read_u64(answers->result(0), "gas"));
    co_return out;
}

Async<FeeQuote> JsonRpc::fees() {
    SONM_CO_TRY(auto answers,
                co_await ask_one("eth_feeHistory", R"(["0x5","latest",[50]])", config_.attempts_max));
    co_return detail::read_fee_history(answers->result(0));
}

Async<Hash> JsonRpc::send_raw(Bytes txn) {
    SONM_CO_TRY(auto answers,
                co_await ask_one("eth_sendRawTransaction", fmt::format(R"(["{}"])", to_hex0x(txn)), 1));
    co_return detail::read_hash(answers->result(0), "transaction");
}

Async<std::optional<TxnReceipt>> JsonRpc::receipt(Hash txn) {
    std::string params = fmt::format(R"(["{}"])", to_hex0x(txn.bytes));
    SONM_CO_TRY(auto answers,
                co_await ask_one("eth_getTransactionReceipt", std::move(params), config_.attempts_max));
    co_return detail::read_receipt(answers->result(0));
}

Async<std::vector<Log>> JsonRpc::logs(LogFilter filter) {
    std::string addresses =
        filter.addresses.empty() ? "" : fmt::format(R"(,"address":{})", list_of(filter.addresses));
    std::string topics =
        filter.first_topics.empty() ? "" : fmt::format(R"(,"topics":[{}])", list_of(filter.first_topics));
    std::string params =
        fmt::format(R"([{{"fromBlock":"{}","toBlock":"{}"{}{}}}])", to_quantity(filter.from_block),
                    to_quantity(filter.to_block), addresses, topics);
    SONM_CO_TRY(auto answers, co_await ask_one("eth_getLogs", std::move(params), config_.attempts_max));
    co_return detail::read_logs(answers->result(0));
}

Async<Bytes> JsonRpc::code(Address account) {
    std::string params = fmt::format(R"(["{}","latest"])", to_hex0x(account.bytes));
    SONM_CO_TRY(auto answers, co_await ask_one("eth_getCode", std::move(params), config_.attempts_max));
    co_return detail::read_data(answers->result(0), "code");
}

Async<std::string> JsonRpc::raw(std::string method, std::string params) {
    SONM_CO_TRY(auto answers, co_await ask_one(std::move(method), std::move(params), 1));
    co_return simdjson::minify(answers->result(0));
}

}  // namespace sonm::chain
