#pragma once

#include "sonm/chain/node.hpp"
#include "sonm/http/client.hpp"

namespace sonm::chain {

namespace detail {
class Answers;
}

struct RpcConfig {
    std::string url = "http://127.0.0.1:8545";  ///< or "host:port", or "unix:/path"
    Millis answer_max{10'000};                  ///< one exchange
    int attempts_max =
        4;  ///< exchanges that failed on the way are repeated; those that the node refused are not
    Millis pause_first{100};  ///< before the second attempt; doubles, up to pause_max
    Millis pause_max{2'000};
    std::size_t answer_bytes_max = 64 * MiB;
    std::size_t connections_max = 8;
};

/// A node over JSON-RPC and HTTP keep-alive. Reading calls are repeated when the connection failed; sending a
/// transaction is not.
class JsonRpc final : public Node {
public:
    /// Errors: invalid (URL; https is not supported yet: put a TLS proxy in front).
    static Result<std::unique_ptr<JsonRpc>> make(Executor executor, RpcConfig config);
    /// The same over connections of another kind (tests: a pipe).
    JsonRpc(RpcConfig config, std::unique_ptr<http::Client> client, std::string target);
    ~JsonRpc() override;

    Async<std::uint64_t> chain_id() override;
    Async<std::uint64_t> block_number() override;
    Async<std::optional<BlockHeader>> header(BlockRef block) override;
    Async<std::vector<std::optional<BlockHeader>>> headers(std::vector<std::uint64_t> blocks) override;
    Async<Wei> balance(Address account) override;
    Async<std::uint64_t> nonce(Address account, BlockTag tag) override;
    Async<CallOutcome> call(CallRequest request, BlockRef block) override;
    Async<GasEstimate> estimate_gas(CallRequest request) override;
    Async<FeeQuote> fees() override;
    Async<Hash> send_raw(Bytes txn) override;
    Async<std::optional<TxnReceipt>> receipt(Hash txn) override;
    Async<std::vector<Log>> logs(LogFilter filter) override;
    Async<Bytes> code(Address account) override;

    /// Any other method: `params` is a JSON list; the answer is the result as JSON text. For development
    /// chains and tests.
    Async<std::string> raw(std::string method, std::string params);

private:
    struct Question {
        std::string method;
        std::string params;
    };
    Async<std::shared_ptr<detail::Answers>> ask(std::vector<Question> questions, int attempts);
    Async<std::shared_ptr<detail::Answers>> exchange(std::vector<Question> questions);
    /// One question, refusal turned into an error.
    Async<std::shared_ptr<detail::Answers>> ask_one(std::string method, std::string params, int attempts);

    RpcConfig config_;
    std::unique_ptr<http::Client> client_;
    std::string target_;
    std::uint64_t next_id_ = 1;
};

}  // namespace sonm::chain
