// Image archives from strangers, against a real engine.

#include "sonm/crypto/sha256.hpp"
#include "sonm/engine/sources.hpp"
#include "support/engine.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>

#include <map>

namespace sonm::engine {
namespace {

using Files = std::map<std::string, std::string>;

/// A tar of these files; `claimed` adds a sparse file that says to be that large.
std::string tar_of(const Files& files, std::int64_t claimed = 0) {
    std::string out(64 * MiB, '\0');
    std::size_t used = 0;
    archive* writer = archive_write_new();
    archive_write_set_format_pax(writer);
    archive_write_open_memory(writer, out.data(), out.size(), &used);
    auto add = [&](const std::string& name, std::string_view text, std::int64_t size) {
        archive_entry* entry = archive_entry_new();
        archive_entry_set_pathname(entry, name.c_str());
        archive_entry_set_filetype(entry, AE_IFREG);
        archive_entry_set_perm(entry, 0644);
        archive_entry_set_size(entry, size);
        if (static_cast<std::size_t>(size) > text.size())
            archive_entry_sparse_add_entry(entry, 0, static_cast<std::int64_t>(text.size()));
        archive_write_header(writer, entry);
        archive_write_data(writer, text.data(), text.size());
        archive_entry_free(entry);
    };
    for (const auto& [name, text] : files) add(name, text, static_cast<std::int64_t>(text.size()));
    if (claimed) add("sparse", "x", claimed);
    archive_write_close(writer);
    archive_write_free(writer);
    out.resize(used);
    return out;
}

/// An image archive with this layer, under the tag "busybox:latest".
std::string image_of(const std::string& layer, std::string manifest = "", int repeat = 1) {
    std::string digest = to_hex(crypto::sha256(as_bytes(layer)).bytes);
    std::string diffs, layers;
    for (int i = 0; i < repeat; ++i) {
        diffs += fmt::format("{}\"sha256:{}\"", i ? "," : "", digest);
        layers += i ? R"(,"layer.tar")" : R"("layer.tar")";
    }
    Files files;
    files["config.json"] =
        R"({"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":[)" + diffs +
        "]}}";
    files["layer.tar"] = layer;
    files["manifest.json"] =
        manifest.empty()
            ? R"([{"Config":"config.json","RepoTags":["busybox:latest"],"Layers":[)" + layers + "]}]"
            : manifest;
    return tar_of(files);
}

Async<ImageInfo> load(Engine& engine, std::string archive, ImageLimits limits) {
    return engine.load_image(bytes_source(to_bytes(archive)), limits);
}

ImageLimits small() {
    ImageLimits limits;
    limits.unpacked_bytes_max = 1 * MiB;
    return limits;
}

void expect_refused(const Result<ImageInfo>& image, EngineErrc code) {
    ASSERT_FALSE(image);
    EXPECT_TRUE(image.error().is(code)) << image.error().message();
}

Task<void> good(Engine& engine, ImageId) {
    std::string layer = tar_of(Files{{"hello", "world"}});
    auto image = co_await load(engine, image_of(layer), small());
    EXPECT_TRUE(image) << image.error().message();
    if (!image) co_return;
    EXPECT_TRUE(image->tags.empty()) << "a stranger's archive must not move tags";
    auto again = co_await load(engine, image_of(layer), small());
    EXPECT_EQ(again->id, image->id);
    EXPECT_TRUE(co_await engine.remove_image(image->id.value));
    EXPECT_TRUE(co_await engine.remove_image(image->id.value));
}
SONM_ENGINE_TEST(EngineImage, GoodArchive_IsLoadedByIdAndWithoutItsTags, good)

Task<void> bombs(Engine& engine, ImageId) {
    std::string large = image_of(tar_of(Files{{"large", std::string(2 * MiB, '\0')}}));
    expect_refused(co_await load(engine, std::move(large), small()), EngineErrc::image_too_large);
    // A few hundred bytes that claim a terabyte.
    std::string sparse = image_of(tar_of(Files(), std::int64_t(1) << 40));
    expect_refused(co_await load(engine, std::move(sparse), small()), EngineErrc::image_too_large);
    // A layer that is unpacked again and again on top of itself.
    std::string layer = tar_of(Files{{"part", std::string(100 * KiB, 'x')}});
    expect_refused(co_await load(engine, image_of(layer, "", 20), small()), EngineErrc::image_too_large);
    ImageLimits narrow;
    narrow.archive_bytes_max = 10'000;
    expect_refused(co_await load(engine, image_of(layer), narrow), EngineErrc::image_too_large);
    ImageLimits few;
    few.files_max = 1;
    std::string many = image_of(tar_of(Files{{"a", ""}, {"b", ""}}));
    expect_refused(co_await load(engine, std::move(many), few), EngineErrc::image_too_large);
}
SONM_ENGINE_TEST(EngineImage, Bombs_AreRefusedBeforeTheEngineSeesThem, bombs)

Task<void> damaged(Engine& engine, ImageId) {
    std::string layer = tar_of(Files{{"hello", "world"}});
    std::string whole = image_of(layer);
    std::vector<std::string> archives = {
        "this is no tar at all",
        "",
        layer,
        image_of("this is no layer, but it is long enough to be read as something"),
        image_of(layer, "{}"),
        image_of(layer, R"([{"Config":"../../etc/passwd","Layers":["layer.tar"]}])"),
        image_of(layer, R"([{"Config":"config.json","Layers":["other.tar"]}])"),
        whole.substr(0, whole.size() / 2),
    };
    for (std::string& archive : archives)
        expect_refused(co_await load(engine, std::move(archive), small()), EngineErrc::image_refused);
}
SONM_ENGINE_TEST(EngineImage, DamagedArchives_AreRefusedWithAReason, damaged)

Task<void> unreachable(Engine& engine, ImageId) {
    PullSpec spec;
    spec.reference = "127.0.0.1:1/nobody/nothing:1";
    auto image = co_await engine.pull_image(spec);
    EXPECT_FALSE(image);
    EXPECT_TRUE(image.error().is(EngineErrc::pull_failed)) << image.error().message();
}
SONM_ENGINE_TEST(EngineImage, RegistryUnreachable_IsSaidInItsWords, unreachable)

}  // namespace
}  // namespace sonm::engine
