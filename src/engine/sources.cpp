#include "sonm/engine/sources.hpp"

namespace sonm::engine {
namespace {

struct FileSource {
    FileHandle file;
    Async<Bytes> next() {
        Bytes piece(64 * KiB);
        SONM_CO_TRY(std::size_t count, file.read(piece));
        piece.resize(count);
        co_return Result<Bytes>(std::move(piece));
    }
};

struct MemorySource {
    Bytes bytes;
    Async<Bytes> next() { co_return Result<Bytes>(std::exchange(bytes, Bytes())); }
};

/// State of a bounded source; one reader.
struct Bounded {
    ByteSource source;
    std::uint64_t bytes_max;
    std::error_code too_many;
    ProgressFn progress;
    std::string what;
    std::uint64_t bytes = 0;

    Async<Bytes> next() {
        SONM_CO_TRY(Bytes piece, co_await source());
        bytes += piece.size();
        if (bytes > bytes_max) co_return fail(too_many, "{}: more than {} bytes", what, bytes_max);
        if (progress) {
            Progress now{bytes, 0, what};
            progress(now);
        }
        co_return Result<Bytes>(std::move(piece));
    }
};

}  // namespace

ByteSource read_source(FileHandle file) {
    // Shared because a std::function must be copyable; only one copy is ever called.
    auto state = std::make_shared<FileSource>();
    state->file = std::move(file);
    return [state] { return state->next(); };
}

ByteSource bytes_source(Bytes bytes) {
    auto state = std::make_shared<MemorySource>();
    state->bytes = std::move(bytes);
    return [state] { return state->next(); };
}

ByteSource bounded(ByteSource source, std::uint64_t bytes_max, std::error_code too_many, ProgressFn progress,
                   std::string what) {
    // Shared because a std::function must be copyable; only one copy is ever called.
    auto state = std::make_shared<Bounded>(
        Bounded{std::move(source), bytes_max, too_many, std::move(progress), std::move(what)});
    return [state] { return state->next(); };
}

}  // namespace sonm::engine
