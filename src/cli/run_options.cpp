#include "sonm/cli/run_options.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <nlohmann/json.hpp>

#include "sonm/base/units.hpp"
#include "sonm/model/files.hpp"

namespace sonm::cli {
namespace {

namespace fs = std::filesystem;

/// The name inside a `docker save` archive: the first tag of manifest.json, else the id of its configuration.
Result<std::string> reference_in(const fs::path& path) {
    std::unique_ptr<::archive, int (*)(::archive*)> in(archive_read_new(), archive_read_free);
    archive_read_support_format_tar(in.get());
    archive_read_support_filter_all(in.get());
    if (archive_read_open_filename(in.get(), path.c_str(), 64 * KiB) != ARCHIVE_OK)
        return fail(Errc::invalid, "--image {}: not an image archive (make one with `docker save`): {}", path.string(), archive_error_string(in.get()));
    ::archive_entry* entry = nullptr;
    while (archive_read_next_header(in.get(), &entry) == ARCHIVE_OK) {
        const char* name = archive_entry_pathname(entry);
        if (!name || std::string_view(name) != "manifest.json") continue;
        std::string text(std::min<la_int64_t>(archive_entry_size(entry), 1 * MiB), '\0');
        la_ssize_t got = archive_read_data(in.get(), text.data(), text.size());
        auto manifest = nlohmann::json::parse(text.substr(0, static_cast<std::size_t>(std::max<la_ssize_t>(got, 0))), nullptr, false);
        if (!manifest.is_array() || manifest.empty()) break;
        const auto& first = manifest[0];
        if (first.contains("RepoTags") && first["RepoTags"].is_array() && !first["RepoTags"].empty() && first["RepoTags"][0].is_string())
            return first["RepoTags"][0].get<std::string>();
        if (first.contains("Config") && first["Config"].is_string()) {
            std::string id = fs::path(first["Config"].get<std::string>()).filename().string();
            return "sha256:" + id.substr(0, id.find('.'));
        }
        break;
    }
    return fail(Errc::invalid, "--image {}: an archive without the manifest that `docker save` writes", path.string());
}

std::pair<std::string, std::string> split_pair(const std::string& text) {
    std::size_t colon = text.rfind(':');
    if (colon == std::string::npos) return {text, ""};
    return {text.substr(0, colon), text.substr(colon + 1)};
}

Result<PreparedTask> prepare(const TaskOptions& options) {
    PreparedTask task;
    if (options.image.empty()) return fail(Errc::invalid, "--image is missing: an archive from `docker save`, or a reference to pull");
    std::error_code error;
    if (fs::is_regular_file(options.image, error)) {
        SONM_TRY(task.spec.image.reference, reference_in(options.image));
        SONM_TRY(auto blob, buyer::local_blob(options.image));
        task.spec.image.blob = blob.sha256;
        task.spec.image.blob_bytes = blob.bytes;
        task.blobs.push_back(std::move(blob));
    } else {
        if (options.image.ends_with(".tar") || options.image.starts_with("/") || options.image.starts_with("./"))
            return fail(Errc::not_found, "--image: no file {}", options.image);
        task.spec.image.reference = options.image;
    }
    for (const auto& text : options.inputs) {
        auto [local, remote] = split_pair(text);
        auto blob = buyer::local_blob(local);
        if (!blob) return wrap(blob.error(), "--in {}", text);
        model::InputFile input;
        input.path = remote.empty() ? fs::path(local).filename().string() : remote;
        input.blob = blob->sha256;
        input.bytes = blob->bytes;
        fs::perms mode = fs::status(local, error).permissions();
        input.mode = (mode & fs::perms::owner_exec) != fs::perms::none ? 0755 : 0644;
        task.spec.inputs.push_back(std::move(input));
        task.blobs.push_back(std::move(*blob));
    }
    for (const auto& text : options.outputs) {
        auto [remote, local] = split_pair(text);
        task.spec.outputs.push_back(remote);
        task.outputs.push_back({remote, fs::absolute(local.empty() ? fs::path(remote).filename() : fs::path(local))});
    }
    for (const auto& text : options.environment) {
        std::size_t equals = text.find('=');
        if (equals == 0 || equals == std::string::npos) return fail(Errc::invalid, "--env {}: write KEY=value", text);
        task.spec.environment[text.substr(0, equals)] = text.substr(equals + 1);
    }
    if (!options.time_limit.empty()) {
        auto limit = parse_span(options.time_limit);
        if (!limit) return wrap(limit.error(), "--time-limit");
        task.spec.time_limit = *limit;
    }
    task.spec.working_dir = options.working_dir;
    task.spec.user = options.user;
    task.spec.network = options.network;
    task.spec.command = options.command;
    SONM_CHECK(model::validate(task.spec));
    return task;
}

template <class T>
Result<T> named(Result<T> result, std::string_view option) {
    if (!result) return wrap(std::move(result).error(), "{}", option);
    return result;
}

}  // namespace

Async<PreparedTask> prepare_task(TaskOptions options) {
    auto work = [options = std::move(options)] { return prepare(options); };
    co_return co_await offload(std::move(work));
}

Result<model::Order> make_bid(const BidOptions& options, const model::Address& author, bool network, UnixTime now) {
    model::Order bid;
    bid.side = model::Side::bid;
    bid.author = author;
    SONM_TRY(WrittenPrice price, named(parse_price(options.max_price), "--max-price"));
    bid.price = model::PricePerSecond(price.per_second);
    SONM_TRY(bid.currency, model::parse_currency(price.currency));
    if (!options.spot) SONM_TRY(bid.duration, named(parse_span(options.duration), "--for"));
    if (network) bid.netflags = model::netflag_outbound;
    if (!options.counterparty.empty()) SONM_TRY(bid.counterparty, named(crypto::parse_address(options.counterparty), "--counterparty"));
    SONM_TRY(Seconds lifetime, named(parse_span(options.expires), "--expires"));
    bid.expiry = now + lifetime;
    Bytes nonce = random_bytes(16);
    for (std::uint8_t byte : nonce) bid.nonce.value = bid.nonce.value << 8 | U256(byte);
    model::Resources wanted;
    SONM_TRY(wanted.cpu_millicores, named(parse_cores(options.cores), "--cores"));
    SONM_TRY(wanted.ram_bytes, named(parse_bytes(options.ram), "--ram"));
    SONM_TRY(wanted.storage_bytes, named(parse_bytes(options.storage), "--storage"));
    bid.benchmarks = model::benchmarks_for(wanted);
    SONM_CHECK(model::validate(bid));
    return bid;
}

}  // namespace sonm::cli
