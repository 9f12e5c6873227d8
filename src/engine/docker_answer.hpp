#pragma once

#include "sonm/engine/docker_json.hpp"

namespace sonm::engine::docker {

/// What the engine said to a request.
struct Answer {
    int status = 0;
    std::string body;

    bool good() const { return status >= 200 && status < 300; }
    bool missing() const { return status == 404; }
    /// Its words in case of an error.
    std::string words() const;
};

/// An answer that is an error, in words of the port: 404 becomes `missing`, 409 conflict, 400 invalid, else
/// refused_by_engine.
tl::unexpected<Error> refusal(const Answer& answer, std::string_view doing, EngineErrc missing);
/// Whether starting failed because of the command and not of the engine.
bool is_command_missing(std::string_view words);

}  // namespace sonm::engine::docker
