#include "sonm/settlement/network.hpp"

#include "sonm/base/fs.hpp"

#include <nlohmann/json.hpp>

namespace sonm::settlement {
namespace {

using nlohmann::json;

constexpr std::size_t file_bytes_max = 64 * KiB;

constexpr ContractField fields[] = {
    {"snm", &Network::snm, true},
    {"market", &Network::market, true},
    {"terms", &Network::terms, true},
    {"profiles", &Network::profiles, true},
    {"blacklist", &Network::blacklist, true},
    {"oracle", &Network::oracle, true},
    {"sno", &Network::sno, false},
    {"dao", &Network::dao, false},
    {"timelock", &Network::timelock, false},
    {"vault", &Network::vault, false},
    {"hub_factory", &Network::hub_factory, false},
    {"whitelist", &Network::whitelist, false},
    {"application_pool", &Network::application_pool, false},
    {"job_escrow", &Network::job_escrow, false},
    {"masternodes", &Network::masternodes, false},
    {"participants", &Network::participants, false},
    {"coordinator", &Network::coordinator, false},
    {"price_reports", &Network::price_reports, false},
    {"address_book", &Network::address_book, false},
    {"faucet", &Network::faucet, false},
    {"sale", &Network::sale, false},
    {"gatekeeper", &Network::gatekeeper, false},
    {"mirror_set", &Network::mirror_set, false},
};

Result<json> member(const json& from, const char* name) {
    auto found = from.find(name);
    if (found == from.end()) return fail(Errc::invalid, "field \"{}\" is missing", name);
    return json(*found);
}

Result<std::string> text(const json& from, const char* name) {
    SONM_TRY(json value, member(from, name));
    if (!value.is_string()) return fail(Errc::invalid, "field \"{}\" is no text", name);
    return value.get<std::string>();
}

Result<std::uint64_t> number(const json& from, const char* name) {
    SONM_TRY(json value, member(from, name));
    if (!value.is_number_unsigned()) return fail(Errc::invalid, "field \"{}\" is no whole number", name);
    return value.get<std::uint64_t>();
}

Result<Network> parse(const json& file) {
    if (!file.is_object()) return fail(Errc::invalid, "no JSON object");
    Network out;
    SONM_TRY(out.name, text(file, "name"));
    SONM_TRY(out.chain_id, number(file, "chain_id"));
    SONM_TRY(out.rpc_url, text(file, "rpc_url"));
    SONM_TRY(out.start_block, number(file, "start_block"));
    SONM_TRY(out.depth, number(file, "depth"));
    SONM_TRY(std::uint64_t poll, number(file, "poll_ms"));
    if (poll == 0 || poll > 60'000)
        return fail(Errc::invalid, "field \"poll_ms\" is {}, allowed are 1 to 60000", poll);
    out.poll = Millis(poll);
    SONM_TRY(json contracts, member(file, "contracts"));
    if (!contracts.is_object()) return fail(Errc::invalid, "field \"contracts\" is no object");
    for (auto& [name, place, required] : fields) {
        if (!required && !contracts.contains(name)) continue;
        SONM_TRY(std::string address, text(contracts, name));
        auto parsed = crypto::parse_address(address);
        if (!parsed) return wrap(std::move(parsed).error(), "field \"contracts.{}\"", name);
        out.*place = *parsed;
    }
    return out;
}

}  // namespace

std::span<const ContractField> contract_fields() { return fields; }

Result<Network> read_network(const std::filesystem::path& path) {
    SONM_TRY(std::string content, read_text(path, file_bytes_max));
    json file = json::parse(content, nullptr, false);
    if (file.is_discarded()) return fail(Errc::invalid, "network file {}: no valid JSON", path.string());
    auto network = parse(file);
    if (!network) return wrap(std::move(network).error(), "network file {}", path.string());
    return network;
}

Result<void> write_network(const std::filesystem::path& path, const Network& network) {
    nlohmann::ordered_json file;
    file["name"] = network.name;
    file["chain_id"] = network.chain_id;
    file["rpc_url"] = network.rpc_url;
    file["start_block"] = network.start_block;
    file["depth"] = network.depth;
    file["poll_ms"] = network.poll.count();
    for (auto& [name, place, required] : fields)
        if (required || network.*place != Address()) file["contracts"][name] = to_string(network.*place);
    std::string content = file.dump(2) + "\n";
    return write_atomically(path, as_bytes(content));
}

}  // namespace sonm::settlement
