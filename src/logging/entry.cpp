#include "sonm/logging/entry.hpp"

namespace sonm::logging {
namespace {

bool cut(std::string& text, std::size_t bytes_max) {
    if (text.size() <= bytes_max) return false;
    std::string note = fmt::format("... ({} bytes)", text.size());
    text.resize(bytes_max - note.size());
    text += note;
    return true;
}

struct Level {
    LogPriority priority;
    std::string_view name;
};
constexpr Level levels[] = {{LogPriority::debug, "debug"},
                            {LogPriority::info, "info"},
                            {LogPriority::warning, "warning"},
                            {LogPriority::error, "error"}};

}  // namespace

std::string_view to_string(LogPriority priority) { return levels[static_cast<std::size_t>(priority)].name; }

Result<LogPriority> parse_priority(std::string_view text) {
    for (const Level& level : levels)
        if (level.name == text) return level.priority;
    return fail(Errc::invalid, "\"{}\" is no level: write debug, info, warning or error", text);
}

LogPriority nearest_priority(std::int64_t number) {
    return static_cast<LogPriority>(std::clamp<std::int64_t>(number, 0, 3));
}

bool cut_to_limits(LogEntry& entry) {
    bool changed = cut(entry.source, source_bytes_max);
    changed |= cut(entry.message, message_bytes_max);
    if (entry.attributes.size() > attributes_max) {
        entry.attributes.resize(attributes_max);
        changed = true;
    }
    for (auto& [name, value] : entry.attributes) {
        changed |= cut(name, attribute_bytes_max);
        if (auto* text = std::get_if<std::string>(&value)) changed |= cut(*text, attribute_bytes_max);
    }
    return changed;
}

std::size_t cost_of(const LogEntry& entry) {
    std::size_t bytes = sizeof(LogEntry) + 64 + entry.source.size() + entry.message.size();
    for (const auto& [name, value] : entry.attributes) {
        bytes += sizeof(entry.attributes[0]) + name.size();
        if (auto* text = std::get_if<std::string>(&value)) bytes += text->size();
    }
    return bytes;
}

bool matches_name(std::string_view pattern, std::string_view name) {
    if (!pattern.ends_with('*')) return pattern == name;
    return name.starts_with(pattern.substr(0, pattern.size() - 1));
}

bool matches(const LogFilter& filter, const LogEntry& entry) {
    if (entry.priority < filter.priority || entry.time_us < filter.since_us) return false;
    if (filter.until_us != 0 && entry.time_us >= filter.until_us) return false;
    if (!filter.source.empty() && !matches_name(filter.source, entry.source)) return false;
    // Linear even for hostile texts, unlike std::string's.
    const std::string &in = entry.message, &text = filter.text;
    if (!::memmem(in.data(), in.size(), text.data(), text.size())) return false;
    return std::ranges::all_of(filter.attributes, [&](const auto& wanted) {
        return std::ranges::find(entry.attributes, wanted) != entry.attributes.end();
    });
}

}  // namespace sonm::logging
