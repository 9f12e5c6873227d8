#pragma once

#include "sonm/services/fetch_service.hpp"
#include "sonm/services/platform.hpp"
#include "sonm/web/client.hpp"

namespace sonm::fetch {

struct Limits {
    Millis time_max{60'000};                   ///< of one request; a stream has it until the head comes
    std::size_t body_bytes_max = 8 * MiB;      ///< of an answer as a whole
    std::uint64_t stream_bytes_max = 1 * GiB;  ///< of an answer in pieces
    unsigned redirects_max = 10;
    std::size_t requests_max = 128;        ///< of all callers together
    std::size_t caller_requests_max = 16;  ///< of one: an account, or a host without a proven account
    Millis lookup_max{30'000};             ///< a request given up during a look-up counts for so long still
};

struct Config {
    Limits limits;
    std::vector<web::Network> allow;  ///< beside public addresses
    std::string ca_file;
};

/// The service `urlfetch`.
class Fetch final : public services::PlatformService {
public:
    Fetch(Executor executor, Config config);

    const rpc::ServiceBase& handlers() const override { return service_; }
    /// Takes everything over, for requests from now on.
    Result<void> reload(YamlReader& args) override;
    void measure(std::vector<services::Metric>& out) const override;

private:
    using Context = rpc::Context;
    using Simple = std::tuple<bool, Bytes, std::int64_t, services::FetchFields>;
    struct Simply;
    Async<Simple> simple(Context who, Simply what);
    Async<services::FetchAnswer> whole(Context who, services::FetchRequest request);
    Async<void> download(Context who, services::FetchRequest request, rpc::Sink<services::FetchPart> out);
    Async<services::FetchAnswer> upload(Context who, services::FetchRequest request,
                                        std::optional<std::uint64_t> bytes, rpc::Source<Bytes> in);
    Result<web::Request> translate(services::FetchRequest request, std::uint64_t bytes_max,
                                   std::shared_ptr<void> place) const;
    /// The right to one request; given back with the last copy. Errors: busy.
    Result<std::shared_ptr<void>> admit(const Context& who);
    template <class T>
    void count(const Result<T>& outcome);

    Executor executor_;
    Limits limits_;
    std::map<std::string, std::size_t> by_caller_;
    rpc::Service<services::FetchProtocol> service_;
    std::size_t under_way_ = 0;
    std::uint64_t answered_ = 0, failed_ = 0, refused_ = 0, bytes_ = 0;
    std::optional<web::Client> client_;  ///< holds places, so it goes first
};

void fields(YamlReader& args, Config& config);

/// The service from its arguments.
Result<std::unique_ptr<services::PlatformService>> make(services::Environment environment, YamlReader& args);

}  // namespace sonm::fetch
