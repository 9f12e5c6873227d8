#include "sonm/crypto/sha256.hpp"
#include "sonm/engine/archive_handle.hpp"
#include "sonm/engine/image_archive.hpp"

#include <nlohmann/json.hpp>

#include <set>

namespace sonm::engine {
namespace {

using Json = nlohmann::json;

constexpr std::size_t manifest_bytes_max = 1 * MiB;
constexpr std::size_t config_bytes_max = 4 * MiB;
constexpr std::size_t layers_max = 256;  // the engine itself takes 125
constexpr std::size_t entries_max = 10'000;
constexpr std::size_t block_bytes = 64 * KiB;

/// "a/b" of "./a/b", "a//b", "a/c/../b"; empty if it leads out.
std::string clean(std::string_view name) {
    std::string out = std::filesystem::path(name).relative_path().lexically_normal();
    if (out == ".." || out.starts_with("../") || out == ".") return {};
    return out;
}

struct Manifest {
    std::string config;
    std::vector<std::string> layers;  ///< as often as the image stacks them
};

Result<Manifest> parse_manifest(std::string_view text) {
    Json json = Json::parse(text, nullptr, false);
    bool one = json.is_array() && json.size() == 1 && json[0].is_object();
    if (!one) return fail(EngineErrc::image_refused, "manifest.json names no single image");
    Manifest out;
    const Json& image = json[0];
    if (image.contains("Config") && image["Config"].is_string())
        out.config = clean(image["Config"].get<std::string>());
    bool listed =
        image.contains("Layers") && image["Layers"].is_array() && image["Layers"].size() <= layers_max;
    if (out.config.empty() || !listed)
        return fail(EngineErrc::image_refused, "manifest.json has no good Config or Layers");
    for (const Json& layer : image["Layers"]) {
        std::string name = layer.is_string() ? clean(layer.get<std::string>()) : std::string();
        if (name.empty())
            return fail(EngineErrc::image_refused, "manifest.json names a layer outside of the archive");
        out.layers.push_back(std::move(name));
    }
    return out;
}

/// One pass over the outer archive.
class Outer {
public:
    static Result<Outer> open(const std::filesystem::path& path) {
        Outer outer;
        if (archive_read_open_filename(outer.reader_.get(), path.c_str(), block_bytes) != ARCHIVE_OK) {
            return fail(EngineErrc::image_refused, "{}", archive_words(outer.reader_.get()));
        }
        return outer;
    }
    /// False at the end.
    Result<bool> next() {
        int status = archive_read_next_header(reader_.get(), &entry_);
        if (status == ARCHIVE_EOF) return false;
        if (status != ARCHIVE_OK && status != ARCHIVE_WARN)
            return fail(EngineErrc::image_refused, "the archive: {}", archive_words(reader_.get()));
        if (++entries_ > entries_max)
            return fail(EngineErrc::image_refused, "the archive has more than {} entries", entries_max);
        const char* name = archive_entry_pathname(entry_);
        name_ = clean(name ? name : "");
        return true;
    }
    const std::string& name() const { return name_; }
    bool is_file() const {
        return archive_entry_filetype(entry_) == AE_IFREG && !archive_entry_hardlink(entry_);
    }
    std::uint64_t size() const {
        return static_cast<std::uint64_t>(std::max<la_int64_t>(archive_entry_size(entry_), 0));
    }
    /// Name that a link of the archive stands for; empty if it is none or leads out.
    std::string link_target() const {
        if (const char* hard = archive_entry_hardlink(entry_)) return clean(hard);
        const char* soft =
            archive_entry_filetype(entry_) == AE_IFLNK ? archive_entry_symlink(entry_) : nullptr;
        if (!soft || *soft == '/') return {};
        return clean((std::filesystem::path(name_).parent_path() / soft).string());
    }
    archive* handle() { return reader_.get(); }
    /// The whole entry. Errors: image_refused, over `bytes_max`.
    Result<std::string> text(std::size_t bytes_max) {
        if (size() > bytes_max)
            return fail(EngineErrc::image_refused, "{} has more than {} bytes", name_, bytes_max);
        std::string out(size(), '\0');
        std::size_t have = 0;
        while (have < out.size()) {
            la_ssize_t count = archive_read_data(reader_.get(), out.data() + have, out.size() - have);
            if (count < 0)
                return fail(EngineErrc::image_refused, "{}: {}", name_, archive_words(reader_.get()));
            if (count == 0) return fail(EngineErrc::image_refused, "{} is cut short", name_);
            have += static_cast<std::size_t>(count);
        }
        return out;
    }

private:
    Outer() : reader_(make_tar_reader(true)) {}
    ArchiveReadHandle reader_;
    archive_entry* entry_ = nullptr;
    std::string name_;
    std::size_t entries_ = 0;
};

/// Writes the archive that goes on to the engine.
class Rewriter {
public:
    static Result<Rewriter> open(const std::filesystem::path& path) {
        Rewriter rewriter;
        archive_write_set_format_pax_restricted(rewriter.writer_.get());
        if (archive_write_open_filename(rewriter.writer_.get(), path.c_str()) != ARCHIVE_OK)
            return rewriter.failure();
        return rewriter;
    }
    Result<void> begin(const std::string& name, std::uint64_t size) {
        ArchiveEntryHandle entry(archive_entry_new());
        archive_entry_set_pathname(entry.get(), name.c_str());
        archive_entry_set_size(entry.get(), static_cast<la_int64_t>(size));
        archive_entry_set_filetype(entry.get(), AE_IFREG);
        archive_entry_set_perm(entry.get(), 0644);
        if (archive_write_header(writer_.get(), entry.get()) != ARCHIVE_OK) return failure();
        return {};
    }
    Result<void> data(const void* bytes, std::size_t size) {
        la_ssize_t written = archive_write_data(writer_.get(), bytes, size);
        if (written < 0 || static_cast<std::size_t>(written) != size) return failure();
        return {};
    }
    Result<void> file(const std::string& name, std::string_view text) {
        SONM_CHECK(begin(name, text.size()));
        return data(text.data(), text.size());
    }
    Result<void> close() {
        if (archive_write_close(writer_.get()) != ARCHIVE_OK) return failure();
        return {};
    }

private:
    Rewriter() : writer_(archive_write_new()) {}
    tl::unexpected<Error> failure() {
        if (archive_errno(writer_.get()) == ENOSPC) return fail(Errc::no_space, "writing the image archive");
        return fail(Errc::io, "writing the image archive: {}", archive_words(writer_.get()));
    }
    ArchiveWriteHandle writer_;
};

/// A layer inside the outer archive, read as a tar of its own while its bytes are copied to the rewriter.
class Layer {
public:
    Layer(Outer& outer, Rewriter& rewriter) : outer_(outer), rewriter_(rewriter), buffer_(block_bytes) {}

    /// Copies it and gives what its files come to when unpacked. `files_left` goes down.
    Result<std::uint64_t> copy(std::uint64_t unpacked_bytes_max, std::uint64_t& files_left) {
        SONM_CHECK(rewriter_.begin(outer_.name(), outer_.size()));
        ArchiveReadHandle inner = make_tar_reader(true);
        if (archive_read_open(inner.get(), this, nullptr, pull, nullptr) != ARCHIVE_OK)
            return refused(inner.get());
        std::uint64_t unpacked = 0;
        while (true) {
            archive_entry* entry = nullptr;
            int status = archive_read_next_header(inner.get(), &entry);
            if (status == ARCHIVE_EOF) break;
            if (status != ARCHIVE_OK && status != ARCHIVE_WARN) return refused(inner.get());
            // The size that it claims counts: the engine fills the holes of sparse files with zeros.
            la_int64_t size = archive_entry_size(entry);
            if (files_left == 0) return fail(EngineErrc::image_too_large, "the image has too many files");
            --files_left;
            if (size < 0) return fail(EngineErrc::image_refused, "layer {}: a negative size", outer_.name());
            if (static_cast<std::uint64_t>(size) > unpacked_bytes_max - unpacked) {
                return fail(EngineErrc::image_too_large, "the image unpacks to more than is allowed");
            }
            unpacked += static_cast<std::uint64_t>(size);
        }
        while (true) {
            la_ssize_t count = pull_block();
            if (count < 0) return refused(inner.get());
            if (count == 0) return unpacked;
        }
    }

private:
    static la_ssize_t pull(archive* inner, void* self, const void** block) {
        auto& layer = *static_cast<Layer*>(self);
        *block = layer.buffer_.data();
        la_ssize_t count = layer.pull_block();
        if (count < 0) archive_set_error(inner, EIO, "%s", layer.failure_.message().c_str());
        return count;
    }
    /// Next block of the layer's file, copied; 0 at its end, -1 and `failure_` if that fails.
    la_ssize_t pull_block() {
        la_ssize_t count = archive_read_data(outer_.handle(), buffer_.data(), buffer_.size());
        if (count < 0)
            failure_ = Error{make_error_code(EngineErrc::image_refused), archive_words(outer_.handle())};
        if (count <= 0) return count;
        auto copied = rewriter_.data(buffer_.data(), static_cast<std::size_t>(count));
        if (copied) return count;
        failure_ = copied.error();
        return -1;
    }
    tl::unexpected<Error> refused(archive* inner) {
        if (failure_.code) return tl::unexpected<Error>(failure_);
        return fail(EngineErrc::image_refused, "layer {} is no tar: {}", outer_.name(), archive_words(inner));
    }

    Outer& outer_;
    Rewriter& rewriter_;
    Bytes buffer_;
    Error failure_;
};

struct Names {
    Manifest manifest;
    std::set<std::string> files;
};

/// First pass: the manifest, with links between layers resolved.
Result<Names> read_names(const std::filesystem::path& in, const ImageLimits& limits) {
    SONM_TRY(Outer outer, Outer::open(in));
    Names out;
    std::string manifest;
    std::map<std::string, std::string> links;
    std::uint64_t bytes = 0;
    while (true) {
        SONM_TRY(bool more, outer.next());
        if (!more) break;
        std::string target = outer.link_target();
        if (!target.empty()) links[outer.name()] = target;
        if (!outer.is_file()) continue;
        if (outer.size() > limits.unpacked_bytes_max - bytes)
            return fail(EngineErrc::image_too_large, "the archive unpacks to more than is allowed");
        bytes += outer.size();
        if (!out.files.insert(outer.name()).second)
            return fail(EngineErrc::image_refused, "{} is twice in the archive", outer.name());
        if (outer.name() == "manifest.json") {
            SONM_TRY(manifest, outer.text(manifest_bytes_max));
        }
    }
    if (manifest.empty())
        return fail(EngineErrc::image_refused,
                    "there is no manifest.json: make the archive with `docker save`");
    SONM_TRY(out.manifest, parse_manifest(manifest));
    for (std::string& layer : out.manifest.layers)
        if (auto link = links.find(layer); link != links.end() && !out.files.contains(layer))
            layer = link->second;
    for (const std::string& name : out.manifest.layers)
        if (!out.files.contains(name)) return fail(EngineErrc::image_refused, "layer {} is missing", name);
    if (!out.files.contains(out.manifest.config))
        return fail(EngineErrc::image_refused, "{} is missing", out.manifest.config);
    return out;
}

}  // namespace

Result<ImageId> rewrite_image(const std::filesystem::path& in, const std::filesystem::path& out,
                              ImageLimits limits) {
    SONM_TRY(Names names, read_names(in, limits));
    const Manifest& manifest = names.manifest;
    std::set<std::string> layers(manifest.layers.begin(), manifest.layers.end());
    SONM_TRY(Outer outer, Outer::open(in));
    SONM_TRY(Rewriter rewriter, Rewriter::open(out));
    std::map<std::string, std::uint64_t> unpacked;
    std::string config;
    std::uint64_t files_left = limits.files_max;
    while (true) {
        SONM_TRY(bool more, outer.next());
        if (!more) break;
        if (!outer.is_file()) continue;
        if (outer.name() == manifest.config) {
            SONM_TRY(config, outer.text(config_bytes_max));
            SONM_CHECK(rewriter.file(manifest.config, config));
        } else if (layers.contains(outer.name())) {
            Layer layer(outer, rewriter);
            SONM_TRY(unpacked[outer.name()], layer.copy(limits.unpacked_bytes_max, files_left));
        }
    }
    // The engine unpacks a layer again wherever it lies on others than before.
    std::uint64_t total = 0;
    for (const std::string& name : manifest.layers) {
        if (unpacked[name] > limits.unpacked_bytes_max - total) {
            return fail(EngineErrc::image_too_large, "the image unpacks to more than {} bytes",
                        limits.unpacked_bytes_max);
        }
        total += unpacked[name];
    }
    Json entry = Json::object();
    entry["Config"] = manifest.config;
    entry["RepoTags"] = nullptr;
    entry["Layers"] = manifest.layers;
    SONM_CHECK(rewriter.file("manifest.json",
                             Json::array({entry}).dump(-1, ' ', false, Json::error_handler_t::replace)));
    SONM_CHECK(rewriter.close());
    return ImageId("sha256:" + to_hex(crypto::sha256(as_bytes(config)).bytes));
}

}  // namespace sonm::engine
