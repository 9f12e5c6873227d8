#pragma once

#include "sonm/base/async.hpp"

#include <string>

namespace sonm::cli {

/// Lines of standard input, as they come: waiting for one holds up nothing else.
class LineInput {
public:
    explicit LineInput(const Executor& executor);

    /// The next line without its end; nothing at the end of the input. Errors: io, too_large.
    Async<std::optional<std::string>> next();

private:
    Async<bool> fill();
    asio::posix::stream_descriptor input_;
    std::string ahead_;
    bool ended_ = false;
};

}  // namespace sonm::cli
