#include "sonm/engine/docker_answer.hpp"

#include <nlohmann/json.hpp>

namespace sonm::engine::docker {

std::string Answer::words() const {
    Json json = Json::parse(body, nullptr, false);
    std::string words = json.is_discarded() ? body : text_of(json, "message");
    if (words.empty()) words = fmt::format("status {}", status);
    constexpr std::size_t words_max = 500;
    if (words.size() > words_max) words = words.substr(0, words_max) + "…";
    while (!words.empty() && (words.back() == '\n' || words.back() == '\r')) words.pop_back();
    return words;
}

tl::unexpected<Error> refusal(const Answer& answer, std::string_view doing, EngineErrc missing) {
    std::string words = answer.words();
    if (words.find("no space left on device") != std::string::npos)
        return fail(Errc::no_space, "{}: {}", doing, words);
    switch (answer.status) {
        case 400: return fail(Errc::invalid, "{}: {}", doing, words);
        case 404: return fail(missing, "{}: {}", doing, words);
        case 409: return fail(Errc::conflict, "{}: {}", doing, words);
        default: return fail(EngineErrc::refused_by_engine, "{}: {}", doing, words);
    }
}

bool is_command_missing(std::string_view words) {
    // runc: exec: "x": executable file not found in $PATH | stat /x: no such file or directory | permission
    // denied
    bool exec = words.find("exec: ") != std::string_view::npos ||
                words.find("exec user process") != std::string_view::npos;
    for (std::string_view reason :
         {"executable file not found", "no such file or directory", "permission denied", "exec format error"})
        if (exec && words.find(reason) != std::string_view::npos) return true;
    return false;
}

}  // namespace sonm::engine::docker
