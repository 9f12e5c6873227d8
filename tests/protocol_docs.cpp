#include "sonm/base/fs.hpp"
#include "sonm/base/units.hpp"
#include "sonm/services/protocols.hpp"

#include <cstdio>

/// `sonm_protocol_docs ROOT` writes docs/protocol/<service>.md for every protocol; with --check it only says
/// which pages are not what the declarations say, and fails.
namespace {

using namespace sonm;

bool put(const std::filesystem::path& path, const std::string& text, bool check) {
    auto old = read_file(path, 1 * MiB);
    if (old && as_text(*old) == text) return true;
    if (check) {
        fmt::print("{} is not what its declaration says: run `ninja protocol_docs`\n", path.string());
        return false;
    }
    auto written = write_atomically(path, as_bytes(text));
    if (!written) fmt::print("{}\n", written.error().message());
    return written.has_value();
}

}  // namespace

int main(int argc, char** argv) {
    bool check = argc == 3 && std::string_view(argv[1]) == "--check";
    if (argc != (check ? 3 : 2)) {
        fmt::print(stderr, "sonm_protocol_docs [--check] ROOT\n");
        return 2;
    }
    std::filesystem::path root = argv[argc - 1];
    auto folder = root / "docs/protocol";
    bool good = true;
    for (const auto& entry : services::protocols()) {
        auto header = read_file(root / entry.header, 1 * MiB);
        if (!header) {
            fmt::print(stderr, "{}\n", header.error().message());
            return 1;
        }
        auto text = services::parse_comment(as_text(*header), entry.type);
        auto page = services::reference_page(entry, text);
        good = put(folder / fmt::format("{}.md", entry.info->name), page, check) && good;
    }
    return put(folder / "README.md", services::reference_index(services::protocols()), check) && good ? 0 : 1;
}
