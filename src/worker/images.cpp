#include "sonm/worker/images.hpp"

#include "sonm/engine/sources.hpp"

#include <fcntl.h>

namespace sonm::worker {
namespace {

/// Whether the engine found the image by what it is called, or by its whole id. It would also complete the
/// beginning of an id, and so let anybody guess his way to what another deal has loaded.
bool is_meant(const engine::ImageInfo& image, const std::string& reference) {
    std::string_view digits = reference;
    if (digits.starts_with("sha256:")) digits.remove_prefix(7);
    if (digits.find_first_not_of("0123456789abcdef") != std::string_view::npos) return true;
    return image.id.value == fmt::format("sha256:{}", digits) ||
           std::ranges::find(image.tags, reference + ":latest") != image.tags.end();
}

}  // namespace

crypto::Hash hash_of(const engine::ImageId& image) {
    std::string_view text = image.value;
    if (!text.starts_with("sha256:")) return crypto::Hash();
    auto bytes = parse_hex_fixed<32>(text.substr(7));
    return bytes ? crypto::Hash{*bytes} : crypto::Hash();
}

engine::ImageId image_id(const crypto::Hash& hash) { return engine::ImageId("sha256:" + to_hex(hash.bytes)); }

Images::Origin Images::origin(DealId deal, const engine::ImageId& image) const {
    Origin out;
    auto known = loaded_.find(Key(deal, hash_of(image)));
    out.fetched = known != loaded_.end();
    out.guarded = out.fetched && known->second.guarded;
    return out;
}

void Images::remember(DealId deal, engine::ImageId image, Origin origin) {
    if (!origin.fetched) return;
    Loaded& loaded = loaded_[Key(deal, hash_of(image))];
    loaded.guarded = origin.guarded;
    loaded.id = std::move(image);
}

bool Images::is_free(DealId deal, const engine::ImageId& image) const {
    if (loaded_.contains(Key(deal, hash_of(image)))) return true;
    return std::ranges::none_of(
        loaded_, [&](const auto& other) { return other.second.guarded && other.second.id == image; });
}

engine::ImageLimits Images::limits(DealId deal, std::uint64_t archive_bytes_max) const {
    engine::ImageLimits out;
    out.archive_bytes_max = archive_bytes_max;
    std::uint64_t taken = 0;
    for (const auto& [key, image] : loaded_) taken += key.first == deal ? image.unpacked_bytes : 0;
    std::uint64_t whole = config_.limits.image_unpacked_bytes_max;
    out.unpacked_bytes_max = whole - std::min(whole, taken);
    return out;
}

Async<engine::ImageInfo> Images::ensure(DealId deal, model::ImageSource source, engine::ProgressFn progress) {
    if (!source.blob) {
        auto pulling = pull(deal, std::move(source), std::move(progress));
        co_return co_await std::move(pulling);
    }
    Key key(deal, *source.blob);
    while (loading_.contains(key)) co_await done_.wait();
    if (auto known = loaded_.find(key); known != loaded_.end()) {
        auto looking = engine_.inspect_image(known->second.id.value);
        auto info = co_await std::move(looking);
        if (info || !info.error().is(engine::EngineErrc::image_missing)) co_return info;
        loaded_.erase(key);
    }
    // Whoever waits is woken however this ends, also by a cancellation.
    struct Loading {
        Images& images;
        Key key;
        Loading(Images& owner, const Key& which) : images(owner), key(which) { images.loading_.insert(key); }
        Loading(const Loading&) = delete;
        ~Loading() {
            images.loading_.erase(key);
            images.done_.notify();
        }
    };
    Loading loading(*this, key);
    auto work = load(deal, std::move(source), std::move(progress));
    auto info = co_await std::move(work);
    if (info) keep(key, *info);
    co_return info;
}

void Images::keep(const Key& key, const engine::ImageInfo& image, bool guarded) {
    Loaded loaded;
    loaded.id = image.id;
    loaded.unpacked_bytes = image.unpacked_bytes;
    loaded.guarded = guarded;
    loaded_.insert_or_assign(key, std::move(loaded));
}

Async<engine::ImageInfo> Images::load(DealId deal, model::ImageSource source, engine::ProgressFn progress) {
    SONM_CO_TRY(std::filesystem::path path, blobs_.path(deal, *source.blob));
    SONM_CO_TRY(engine::FileHandle file, engine::FileHandle::open(path, O_RDONLY));
    engine::ByteSource archive = engine::read_source(std::move(file));
    std::error_code error;
    std::uint64_t bytes = std::filesystem::file_size(path, error);
    auto loading = engine_.load_image(std::move(archive), limits(deal, bytes), std::move(progress));
    co_return co_await std::move(loading);
}

Async<engine::ImageInfo> Images::pull(DealId deal, model::ImageSource source, engine::ProgressFn progress) {
    auto looking = engine_.inspect_image(source.reference);
    auto present = co_await std::move(looking);
    if (!present && !present.error().is(engine::EngineErrc::image_missing)) co_return present;
    if (present && is_meant(*present, source.reference) && is_free(deal, present->id)) {
        // What was fetched for another deal stays for as long as either needs it.
        bool fetched =
            std::ranges::any_of(loaded_, [&](const auto& other) { return other.second.id == present->id; });
        bool guarded = origin(deal, present->id).guarded;
        if (fetched) keep(Key(deal, hash_of(present->id)), *present, guarded);
        co_return present;
    }
    // One that came with another deal's credentials is asked for again: the registry says who may have it.
    if (!config_.pull_images) {
        co_return fail(
            Errc::denied,
            "image {} is not on this machine and this worker fetches none: upload it with the task",
            source.reference);
    }
    engine::PullSpec spec;
    spec.reference = source.reference;
    spec.limits = limits(deal, config_.limits.image_unpacked_bytes_max);
    spec.silence_max = config_.limits.image_silence_max;
    bool guarded = !source.registry_user.empty();
    if (guarded) {
        engine::Credentials credentials;
        credentials.user = source.registry_user;
        credentials.password = source.registry_password;
        spec.credentials = std::move(credentials);
    }
    auto pulling = engine_.pull_image(std::move(spec), std::move(progress));
    auto info = co_await std::move(pulling);
    if (info) keep(Key(deal, hash_of(info->id)), *info, guarded);
    co_return info;
}

Async<void> Images::release(DealId deal) {
    std::vector<engine::ImageId> candidates;
    for (auto entry = loaded_.begin(); entry != loaded_.end();) {
        if (entry->first.first == deal) {
            candidates.push_back(entry->second.id);
            entry = loaded_.erase(entry);
        } else {
            ++entry;
        }
    }
    for (const engine::ImageId& image : candidates) {
        if (std::ranges::any_of(loaded_, [&](const auto& other) { return other.second.id == image; }))
            continue;
        auto removing = engine_.remove_image(image.value);
        auto removed = co_await std::move(removing);
        // One that a container still uses goes with whoever uses it.
        if (!removed && removed.error().is(engine::EngineErrc::engine_down)) co_return removed;
    }
    co_return Result<void>();
}

}  // namespace sonm::worker
