#include "sonm/logging/entry.hpp"

#include <simdjson.h>

#include <cmath>
#include <ctime>

/// Entries as lines of JSON, and back.
namespace sonm::logging {
namespace {

/// Length of the UTF-8 sequence at the front of `text`, 0 if there is none. Source: Unicode 15, table 3-7.
std::size_t utf8_length(std::string_view text) {
    auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
    auto follows = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xbf) {
        return byte(i) >= low && byte(i) <= high;
    };
    unsigned first = byte(0);
    if (first < 0x80) return 1;
    if (first >= 0xc2 && first <= 0xdf) return follows(1) ? 2 : 0;
    if (first >= 0xe0 && first <= 0xef) {
        unsigned low = first == 0xe0 ? 0xa0 : 0x80, high = first == 0xed ? 0x9f : 0xbf;
        return follows(1, low, high) && follows(2) ? 3 : 0;
    }
    if (first >= 0xf0 && first <= 0xf4) {
        unsigned low = first == 0xf0 ? 0x90 : 0x80, high = first == 0xf4 ? 0x8f : 0xbf;
        return follows(1, low, high) && follows(2) && follows(3) ? 4 : 0;
    }
    return 0;
}

void append_text(std::string& out, std::string_view text) {
    out += '"';
    while (!text.empty()) {
        std::size_t length = utf8_length(text);
        auto byte = static_cast<unsigned char>(text[0]);
        if (length == 0)
            out += "\xef\xbf\xbd";
        else if (byte == '"' || byte == '\\')
            (out += '\\') += text[0];
        else if (byte == '\n')
            out += "\\n";
        else if (byte < 0x20 || byte == 0x7f)
            out += fmt::format("\\u{:04x}", byte);
        else
            out += text.substr(0, length);
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    out += '"';
}

void append_value(std::string& out, const LogValue& value) {
    if (auto* text = std::get_if<std::string>(&value)) return append_text(out, *text);
    if (auto* number = std::get_if<std::int64_t>(&value)) {
        out += fmt::format("{}", *number);
    } else if (auto* flag = std::get_if<bool>(&value)) {
        out += *flag ? "true" : "false";
    } else {
        double real = std::get<double>(value);
        // JSON has no word for what is no number; a whole one keeps its kind by its point.
        if (!std::isfinite(real)) return append_text(out, fmt::format("{}", real));
        std::string digits = fmt::format("{}", real);
        out += digits;
        if (digits.find_first_of(".e") == digits.npos) out += ".0";
    }
}

std::string print_time(std::uint64_t time_us) {
    auto seconds = static_cast<std::time_t>(time_us / 1'000'000);
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                       parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, time_us % 1'000'000);
}

}  // namespace

void append_line(std::string& out, const LogEntry& entry) {
    // The exact time twice: for people, and for a reader that need not know the calendar.
    out += fmt::format(R"({{"n":{},"us":{},"time":"{}","level":"{}","source":)", entry.number, entry.time_us,
                       print_time(entry.time_us), to_string(entry.priority));
    append_text(out, entry.source);
    out += R"(,"message":)";
    append_text(out, entry.message);
    if (!entry.attributes.empty()) {
        out += R"(,"attributes":[)";
        for (std::size_t i = 0; i < entry.attributes.size(); ++i) {
            out += i == 0 ? "[" : ",[";
            append_text(out, entry.attributes[i].first);
            out += ',';
            append_value(out, entry.attributes[i].second);
            out += ']';
        }
        out += ']';
    }
    out += "}\n";
}

struct LineReader::State {
    simdjson::dom::parser parser{line_bytes_max};
};

LineReader::LineReader() : state_(std::make_unique<State>()) {}
LineReader::~LineReader() = default;

namespace {

using simdjson::dom::element;

bool read_value(element json, LogValue& out) {
    std::string_view text;
    std::int64_t number = 0;
    double real = 0;
    bool flag = false;
    if (json.get(text) == simdjson::SUCCESS)
        out = std::string(text);
    else if (json.is_int64() && json.get(number) == simdjson::SUCCESS)
        out = number;
    else if (json.is_double() && json.get(real) == simdjson::SUCCESS)
        out = real;
    else if (json.get(flag) == simdjson::SUCCESS)
        out = flag;
    else
        return false;
    return true;
}

bool read_attributes(element json, LogAttributes& out) {
    simdjson::dom::array list;
    if (json.get(list) != simdjson::SUCCESS) return false;
    for (element item : list) {
        simdjson::dom::array pair;
        std::string_view name;
        element value;
        LogValue read;
        if (item.get(pair) != simdjson::SUCCESS || pair.at(0).get(name) != simdjson::SUCCESS ||
            pair.at(1).get(value) != simdjson::SUCCESS || !read_value(value, read))
            return false;
        out.emplace_back(std::string(name), std::move(read));
    }
    return true;
}

}  // namespace

Result<LogEntry> LineReader::read(std::string_view line) {
    LogEntry entry;
    simdjson::dom::object json;
    std::string_view level, source, message;
    bool good =
        line.size() <= line_bytes_max &&
        state_->parser.parse(line.data(), line.size()).get(json) == simdjson::SUCCESS &&
        json["n"].get(entry.number) == simdjson::SUCCESS &&
        json["us"].get(entry.time_us) == simdjson::SUCCESS && json["level"].get(level) == simdjson::SUCCESS &&
        json["source"].get(source) == simdjson::SUCCESS && json["message"].get(message) == simdjson::SUCCESS;
    element attributes;
    if (good && json["attributes"].get(attributes) == simdjson::SUCCESS)
        good = read_attributes(attributes, entry.attributes);
    auto priority = parse_priority(level);
    if (!good || !priority) return fail(Errc::corrupt, "not a line of this log");
    entry.priority = *priority;
    entry.source = source;
    entry.message = message;
    return entry;
}

}  // namespace sonm::logging
