#include "sonm/cli/run_options.hpp"

#include "sonm/base/fs.hpp"
#include "sonm/base/units.hpp"
#include "sonm/model/order_file.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <nlohmann/json.hpp>

namespace sonm::cli {
namespace {

namespace fs = std::filesystem;

/// The name inside a `docker save` archive: the first tag of manifest.json, else the id of its configuration.
Result<std::string> reference_in(const fs::path& path) {
    std::unique_ptr<::archive, int (*)(::archive*)> in(archive_read_new(), archive_read_free);
    archive_read_support_format_tar(in.get());
    archive_read_support_filter_all(in.get());
    if (archive_read_open_filename(in.get(), path.c_str(), 64 * KiB) != ARCHIVE_OK)
        return fail(Errc::invalid, "--image {}: not an image archive (make one with `docker save`): {}",
                    path.string(), archive_error_string(in.get()));
    ::archive_entry* entry = nullptr;
    while (archive_read_next_header(in.get(), &entry) == ARCHIVE_OK) {
        const char* name = archive_entry_pathname(entry);
        if (!name || std::string_view(name) != "manifest.json") continue;
        std::string text(std::min<la_int64_t>(archive_entry_size(entry), 1 * MiB), '\0');
        la_ssize_t got = archive_read_data(in.get(), text.data(), text.size());
        auto manifest = nlohmann::json::parse(
            text.substr(0, static_cast<std::size_t>(std::max<la_ssize_t>(got, 0))), nullptr, false);
        if (!manifest.is_array() || manifest.empty()) break;
        const auto& first = manifest[0];
        if (first.contains("RepoTags") && first["RepoTags"].is_array() && !first["RepoTags"].empty() &&
            first["RepoTags"][0].is_string())
            return first["RepoTags"][0].get<std::string>();
        if (first.contains("Config") && first["Config"].is_string()) {
            std::string id = fs::path(first["Config"].get<std::string>()).filename().string();
            return "sha256:" + id.substr(0, id.find('.'));
        }
        break;
    }
    return fail(Errc::invalid, "--image {}: an archive without the manifest that `docker save` writes",
                path.string());
}

std::pair<std::string, std::string> split_pair(const std::string& text) {
    std::size_t colon = text.rfind(':');
    if (colon == std::string::npos) return {text, ""};
    return {text.substr(0, colon), text.substr(colon + 1)};
}

Result<PreparedTask> prepare(const model::TaskFile& file) {
    PreparedTask task;
    task.spec = file.spec;
    if (!file.image_archive.empty()) {
        SONM_TRY(task.spec.image.reference, reference_in(file.image_archive));
        SONM_TRY(auto blob, buyer::local_blob(file.image_archive));
        task.spec.image.blob = blob.sha256;
        task.spec.image.blob_bytes = blob.bytes;
        task.blobs.push_back(std::move(blob));
    }
    if (!file.registry_password_file.empty()) {
        SONM_TRY(task.spec.image.registry_password, buyer::read_password(file.registry_password_file));
        task.registry_password_file = fs::absolute(file.registry_password_file);
    }
    for (const auto& input : file.inputs) {
        SONM_TRY(auto blob, buyer::local_blob(input.source));
        model::InputFile sent;
        sent.path = input.path;
        sent.blob = blob.sha256;
        sent.bytes = blob.bytes;
        sent.mode = input.mode;
        task.spec.inputs.push_back(std::move(sent));
        task.blobs.push_back(std::move(blob));
    }
    for (const auto& output : file.outputs) task.outputs.push_back({output.path, fs::absolute(output.to)});
    SONM_CHECK(model::validate(task.spec));
    return task;
}

template <class T>
Result<T> named(Result<T> result, std::string_view option) {
    if (!result) return wrap(std::move(result).error(), "{}", option);
    return result;
}

}  // namespace

Result<void> apply(const TaskOptions& options, model::TaskFile& task) {
    std::error_code error;
    if (!options.image.empty()) {
        bool looks_like_file = options.image.ends_with(".tar") || options.image.starts_with("/") ||
                               options.image.starts_with("./");
        if (fs::is_regular_file(options.image, error))
            task.image_archive = options.image;
        else if (looks_like_file)
            return fail(Errc::not_found, "--image: no file {}", options.image);
        else
            task.spec.image.reference = options.image;
    }
    if (task.image_archive.empty() && task.spec.image.reference.empty())
        return fail(
            Errc::invalid,
            "--image is missing: an archive from `docker save`, or a reference that the worker pulls");
    for (const auto& text : options.inputs) {
        auto [local, remote] = split_pair(text);
        if (!fs::is_regular_file(local, error))
            return fail(Errc::not_found, "--in {}: no file {}", text, local);
        fs::perms mode = fs::status(local, error).permissions();
        bool executable = (mode & fs::perms::owner_exec) != fs::perms::none;
        task.inputs.push_back({local, remote.empty() ? fs::path(local).filename().string() : remote,
                               executable ? 0755u : 0644u});
    }
    for (const auto& text : options.outputs) {
        auto [remote, local] = split_pair(text);
        task.spec.outputs.push_back(remote);
        task.outputs.push_back({remote, local.empty() ? fs::path(remote).filename() : fs::path(local)});
    }
    for (const auto& text : options.environment) {
        auto variable = named(model::parse_variable(text), "--env");
        if (!variable) return tl::unexpected<Error>(variable.error());
        task.spec.environment.insert_or_assign(variable->first, variable->second);
    }
    if (!options.time_limit.empty()) {
        SONM_TRY(task.spec.time_limit, named(parse_span(options.time_limit), "--time-limit"));
    }
    if (!options.working_dir.empty()) task.spec.working_dir = options.working_dir;
    if (!options.user.empty()) task.spec.user = options.user;
    if (options.network) task.spec.network = true;
    if (!options.command.empty()) task.spec.command = options.command;
    return {};
}

Async<PreparedTask> prepare_task(model::TaskFile task) {
    auto work = [task = std::move(task)] { return prepare(task); };
    co_return co_await offload(std::move(work));
}

model::OrderNonce random_nonce() {
    model::OrderNonce nonce;
    for (std::uint8_t byte : random_bytes(16)) nonce.value = nonce.value << 8 | U256(byte);
    return nonce;
}

Result<model::Order> make_bid(const BidOptions& options, const model::Address& author, bool network,
                              UnixTime now) {
    model::Order bid;
    bid.side = model::Side::bid;
    bid.author = author;
    if (options.max_price.empty())
        return fail(Errc::invalid,
                    "--max-price is missing: the most that the deal may cost, e.g. --max-price '0.5 SNM/h'");
    SONM_TRY(model::Price price, named(model::parse_order_price(options.max_price), "--max-price"));
    bid.price = price.per_second;
    bid.currency = price.currency;
    if (!options.spot) {
        SONM_TRY(bid.duration, named(parse_span(options.duration), "--for"));
    }
    if (network) bid.netflags = model::netflag_outbound;
    if (!options.counterparty.empty()) {
        SONM_TRY(bid.counterparty, named(crypto::parse_address(options.counterparty), "--counterparty"));
    }
    SONM_TRY(Seconds lifetime, named(parse_span(options.expires), "--expires"));
    bid.expiry = now + lifetime;
    bid.nonce = random_nonce();
    model::Resources wanted;
    SONM_TRY(wanted.cpu_millicores, named(parse_cores(options.cores), "--cores"));
    SONM_TRY(wanted.ram_bytes, named(parse_bytes(options.ram), "--ram"));
    SONM_TRY(wanted.storage_bytes, named(parse_bytes(options.storage), "--storage"));
    bid.benchmarks = model::benchmarks_for(wanted);
    SONM_CHECK(model::validate(bid));
    return bid;
}

}  // namespace sonm::cli
