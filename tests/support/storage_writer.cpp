#include "sonm/storage/files_backend.hpp"
#include "sonm/storage/sqlite_backend.hpp"

#include <unistd.h>

/// Writes values until it is killed, and says each one on stdout once it was acknowledged:
///     sonm_storage_writer files|sqlite PATH
namespace {

using namespace sonm;
using namespace sonm::storage;

Task<int> write_for_ever(Backend& backend) {
    auto opening = backend.open();
    if (auto opened = co_await std::move(opening); !opened) {
        fmt::print(stderr, "{}\n", opened.error().message());
        co_return 1;
    }
    for (std::uint64_t i = 1;; ++i) {
        Name name{"c", fmt::format("k{}", i % 50)};
        std::set<std::string> tags{"all", fmt::format("t{}", i % 50)};
        Bytes value = to_bytes(fmt::format("{}:", i));
        value.resize(value.size() + i * 7919 % 20'000, static_cast<std::uint8_t>('a' + i % 26));
        auto writing = backend.write(std::move(name), std::move(value), std::move(tags));
        if (auto written = co_await std::move(writing); !written) {
            fmt::print(stderr, "{}\n", written.error().message());
            co_return 1;
        }
        std::string line = fmt::format("{}\n", i);
        if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) co_return 0;
    }
}

}  // namespace

int main(int count, char** words) {
    if (count != 3) return 2;
    asio::io_context context;
    std::unique_ptr<Backend> backend;
    if (std::string_view(words[1]) == "files")
        backend = std::make_unique<FilesBackend>(context.get_executor(), words[2]);
    else
        backend = std::make_unique<SqliteBackend>(context.get_executor(), words[2]);
    return run_main(context, write_for_ever(*backend));
}
