#include "sonm/buyer/result_files.hpp"

#include "sonm/base/fs.hpp"
#include "sonm/buyer/testing.hpp"

#include <gtest/gtest.h>

#include <fstream>

using namespace sonm;
using namespace sonm::buyer;
using sonm::buyer::testing::tar_of;

namespace {

TEST(ResultFiles, ArchiveThatEscapesIsRefusedAndNothingIsWritten) {
    TempDir folder;
    std::vector<OutputFile> outputs{{"out", folder / "here"}};
    auto write = [&](const Bytes& bytes) {
        std::ofstream(folder / "r.tar", std::ios::binary)
            .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
        return extract_outputs(folder / "r.tar", outputs, 1000);
    };
    EXPECT_TRUE(write(tar_of("out/../../evil", "x")).error().is(Errc::corrupt));
    EXPECT_TRUE(write(tar_of("/etc/evil", "x")).error().is(Errc::corrupt));
    EXPECT_TRUE(write(tar_of("out/link", "/etc/passwd", AE_IFLNK)).error().is(Errc::corrupt));
    EXPECT_TRUE(write(tar_of("out/big", std::string(2000, 'x'))).error().is(Errc::too_large));
    EXPECT_TRUE(write(tar_of("other", "x")).error().is(Errc::not_found));
    EXPECT_TRUE(write(to_bytes("no archive at all, but long enough to look at")).error().is(Errc::corrupt));
    EXPECT_TRUE(write(tar_of("out/deep/file", "x")));
    EXPECT_TRUE(std::filesystem::exists(folder / "here" / "deep" / "file"));
}

TEST(ResultFiles, TheWholeWorkFolderIsPutWhereItWasAskedFor) {
    TempDir folder;
    Bytes bytes = tar_of("deep/file", "x");
    std::ofstream(folder / "r.tar", std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    std::vector<OutputFile> outputs{{".", folder / "here"}};
    EXPECT_TRUE(extract_outputs(folder / "r.tar", outputs, 1000));
    EXPECT_TRUE(std::filesystem::exists(folder / "here" / "deep" / "file"));
}

}  // namespace
