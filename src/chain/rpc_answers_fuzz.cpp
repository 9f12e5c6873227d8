#include "sonm/chain/detail/answers.hpp"

/// An answer of a hostile node, read as everything that it could be an answer to.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sonm::chain::detail;
    if (size == 0 || size > 256 * sonm::KiB) return 0;
    std::size_t questions = 1 + data[0] % 4;
    std::string body(reinterpret_cast<const char*>(data + 1), size - 1);
    auto answers = Answers::parse(body, 1, questions);
    if (!answers) return 0;
    for (std::size_t i = 0; i < answers->size(); ++i) {
        if (auto* refusal = answers->refusal(i)) {
            SONM_ASSERT(to_error(*refusal, "eth_getLogs").code);
            continue;
        }
        auto result = answers->result(i);
        (void)read_u64(result, "x");
        (void)read_data(result, "x");
        (void)read_hash(result, "x");
        (void)read_header(result);
        (void)read_logs(result);
        (void)read_receipt(result);
        (void)read_fee_history(result);
    }
    return 0;
}
