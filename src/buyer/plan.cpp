#include "sonm/buyer/plan.hpp"

#include "sonm/base/fs.hpp"
#include "sonm/crypto/sha256.hpp"

#include <nlohmann/json.hpp>

#include <fstream>

namespace sonm::buyer {
namespace {

using nlohmann::json;

std::string number(const U256& value) { return to_decimal(value); }

U256 number_from(const json& value) {
    auto parsed = parse_u256(value.get<std::string>());
    if (!parsed) throw std::invalid_argument(parsed.error().message());
    return *parsed;
}
model::Address address_from(const json& value) {
    auto parsed = crypto::parse_address(value.get<std::string>());
    if (!parsed) throw std::invalid_argument(parsed.error().message());
    return *parsed;
}
crypto::Hash hash_from(const json& value) {
    auto parsed = crypto::parse_hash(value.get<std::string>());
    if (!parsed) throw std::invalid_argument(parsed.error().message());
    return *parsed;
}

json order_json(const model::Order& o) {
    return {{"author", crypto::to_string(o.author)}, {"counterparty", crypto::to_string(o.counterparty)},
            {"price", number(o.price.value)},        {"currency", int(o.currency)},
            {"duration", o.duration.value},          {"netflags", o.netflags.bits},
            {"identity", int(o.identity)},           {"blacklist", crypto::to_string(o.blacklist)},
            {"tag", crypto::to_string(o.tag)},       {"rate_min", number(o.rate_min.value)},
            {"rate_max", number(o.rate_max.value)},  {"expiry", o.expiry.value},
            {"nonce", number(o.nonce.value)},        {"benchmarks", o.benchmarks.values}};
}

model::Order order_from(const json& j) {
    model::Order o;
    o.side = model::Side::bid;
    o.author = address_from(j.at("author"));
    o.counterparty = address_from(j.at("counterparty"));
    o.price = model::PricePerSecond(number_from(j.at("price")));
    o.currency = model::Currency(j.at("currency").get<int>());
    o.duration = Seconds(j.at("duration").get<std::uint64_t>());
    o.netflags.bits = j.at("netflags").get<std::uint64_t>();
    o.identity = model::Identity(j.at("identity").get<int>());
    o.blacklist = address_from(j.at("blacklist"));
    o.tag = hash_from(j.at("tag"));
    o.rate_min = model::Rate(number_from(j.at("rate_min")));
    o.rate_max = model::Rate(number_from(j.at("rate_max")));
    o.expiry = UnixTime(j.at("expiry").get<std::uint64_t>());
    o.nonce = model::OrderNonce(number_from(j.at("nonce")));
    o.benchmarks.values = j.at("benchmarks").get<std::array<std::uint64_t, model::benchmark_count>>();
    return o;
}

json resources_json(const model::Resources& r) {
    return {{"cpu_millicores", r.cpu_millicores}, {"ram_bytes", r.ram_bytes},
            {"storage_bytes", r.storage_bytes},   {"net_down_bps", r.net_down_bps},
            {"net_up_bps", r.net_up_bps},         {"gpus", r.gpus}};
}

model::Resources resources_from(const json& j) {
    model::Resources r;
    r.cpu_millicores = j.at("cpu_millicores").get<std::uint64_t>();
    r.ram_bytes = j.at("ram_bytes").get<std::uint64_t>();
    r.storage_bytes = j.at("storage_bytes").get<std::uint64_t>();
    r.net_down_bps = j.at("net_down_bps").get<std::uint64_t>();
    r.net_up_bps = j.at("net_up_bps").get<std::uint64_t>();
    r.gpus = j.at("gpus").get<std::vector<std::uint32_t>>();
    return r;
}

// The registry's password is not kept; the plan names the file that has it.
json spec_json(const model::TaskSpec& s) {
    json inputs = json::array();
    for (const auto& input : s.inputs)
        inputs.push_back({{"path", input.path},
                          {"blob", crypto::to_string(input.blob)},
                          {"bytes", input.bytes},
                          {"mode", input.mode}});
    json out{{"image", s.image.reference},
             {"registry_user", s.image.registry_user},
             {"image_bytes", s.image.blob_bytes},
             {"entrypoint", s.entrypoint},
             {"command", s.command},
             {"working_dir", s.working_dir},
             {"user", s.user},
             {"environment", s.environment},
             {"inputs", inputs},
             {"outputs", s.outputs},
             {"time_limit", s.time_limit.value},
             {"stop_grace", s.stop_grace.value},
             {"network", s.network},
             {"output_bytes_max", s.output_bytes_max},
             {"tag", s.tag}};
    if (s.image.blob) out["image_blob"] = crypto::to_string(*s.image.blob);
    if (s.limits) out["limits"] = resources_json(*s.limits);
    return out;
}

model::TaskSpec spec_from(const json& j) {
    model::TaskSpec s;
    s.image.reference = j.at("image").get<std::string>();
    s.image.registry_user = j.at("registry_user").get<std::string>();
    s.image.blob_bytes = j.at("image_bytes").get<std::uint64_t>();
    if (j.contains("image_blob")) s.image.blob = hash_from(j.at("image_blob"));
    s.entrypoint = j.at("entrypoint").get<std::vector<std::string>>();
    s.command = j.at("command").get<std::vector<std::string>>();
    s.working_dir = j.at("working_dir").get<std::string>();
    s.user = j.at("user").get<std::string>();
    s.environment = j.at("environment").get<std::map<std::string, std::string>>();
    for (const auto& i : j.at("inputs")) {
        model::InputFile input;
        input.path = i.at("path").get<std::string>();
        input.blob = hash_from(i.at("blob"));
        input.bytes = i.at("bytes").get<std::uint64_t>();
        input.mode = i.at("mode").get<std::uint32_t>();
        s.inputs.push_back(std::move(input));
    }
    s.outputs = j.at("outputs").get<std::vector<std::string>>();
    if (j.contains("limits")) s.limits = resources_from(j.at("limits"));
    s.time_limit = Seconds(j.at("time_limit").get<std::uint64_t>());
    s.stop_grace = Seconds(j.at("stop_grace").get<std::uint64_t>());
    s.network = j.at("network").get<bool>();
    s.output_bytes_max = j.at("output_bytes_max").get<std::uint64_t>();
    s.tag = j.at("tag").get<std::string>();
    return s;
}

}  // namespace

std::string to_json(const RunPlan& plan) {
    json blobs = json::array();
    for (const auto& blob : plan.blobs)
        blobs.push_back({{"sha256", crypto::to_string(blob.sha256)},
                         {"bytes", blob.bytes},
                         {"path", blob.path.string()}});
    json outputs = json::array();
    for (const auto& output : plan.outputs)
        outputs.push_back({{"remote", output.remote}, {"local", output.local.string()}});
    return json{{"bid", order_json(plan.bid)},
                {"escrow", number(plan.escrow.value)},
                {"task", plan.task.value},
                {"spec", spec_json(plan.spec)},
                {"blobs", blobs},
                {"outputs", outputs},
                {"registry_password_file", plan.registry_password_file.string()}}
        .dump();
}

Result<RunPlan> plan_from_json(std::string_view text) {
    try {
        json j = json::parse(text);
        RunPlan plan;
        plan.bid = order_from(j.at("bid"));
        plan.escrow = Tokens(number_from(j.at("escrow")));
        plan.task = model::TaskId(j.at("task").get<std::string>());
        plan.spec = spec_from(j.at("spec"));
        plan.registry_password_file = j.at("registry_password_file").get<std::string>();
        for (const auto& blob : j.at("blobs"))
            plan.blobs.push_back({hash_from(blob.at("sha256")), blob.at("bytes").get<std::uint64_t>(),
                                  blob.at("path").get<std::string>()});
        for (const auto& output : j.at("outputs"))
            plan.outputs.push_back(
                {output.at("remote").get<std::string>(), output.at("local").get<std::string>()});
        return plan;
    } catch (const std::exception& error) {  // nlohmann-json reports by exception
        return fail(Errc::corrupt, "reading the plan of a run: {}", error.what());
    }
}

Result<std::string> read_password(const std::filesystem::path& file) {
    SONM_TRY(std::string text, read_text(file, 64 * KiB));
    return text.substr(0, text.find_first_of("\r\n"));
}

Result<LocalBlob> local_blob(const std::filesystem::path& path) {
    std::error_code error;
    LocalBlob blob;
    blob.path = std::filesystem::absolute(path, error);
    if (!std::filesystem::is_regular_file(blob.path, error))
        return fail(Errc::not_found, "no file {}", path.string());
    std::ifstream file(blob.path, std::ios::binary);
    crypto::Sha256 hash;
    std::vector<char> piece(1 * MiB);
    while (file.read(piece.data(), static_cast<std::streamsize>(piece.size())) || file.gcount() > 0) {
        std::string_view part(piece.data(), static_cast<std::size_t>(file.gcount()));
        hash.update(as_bytes(part));
        blob.bytes += part.size();
    }
    if (!file.eof()) return fail(Errc::io, "reading {}", path.string());
    blob.sha256 = hash.finish();
    return blob;
}

}  // namespace sonm::buyer
