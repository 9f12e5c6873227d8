#include "sonm/cli/print.hpp"

#include "sonm/base/errc.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace sonm::cli {

std::size_t width(std::string_view text) {
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

Table::Table(std::vector<std::string> header, std::vector<std::size_t> right)
    : header_(std::move(header)), right_(std::move(right)) {}

void Table::add(std::vector<std::string> row) {
    row.resize(header_.size());
    rows_.push_back(std::move(row));
}

std::string Table::to_text() const {
    std::vector<std::size_t> widths;
    for (const auto& cell : header_) widths.push_back(width(cell));
    for (const auto& row : rows_)
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
    std::string out;
    auto line = [&](const std::vector<std::string>& cells) {
        std::string text;
        for (std::size_t i = 0; i < cells.size(); ++i) {
            std::string pad(widths[i] - width(cells[i]), ' ');
            bool right = std::find(right_.begin(), right_.end(), i) != right_.end();
            if (i > 0) text += "  ";
            text += right ? pad + cells[i] : cells[i] + pad;
        }
        text.erase(text.find_last_not_of(' ') + 1);
        out += text + "\n";
    };
    line(header_);
    for (const auto& row : rows_) line(row);
    return out;
}

void print(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
}

void print_foreign(BytesView bytes, bool to_stderr) {
    std::FILE* out = to_stderr ? stderr : stdout;
    std::string text(as_text(bytes));
    if (::isatty(to_stderr ? STDERR_FILENO : STDOUT_FILENO)) {
        for (char& c : text) {
            bool control =
                (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t' && c != '\r') || c == 0x7f;
            if (control) c = '?';
        }
    }
    std::fwrite(text.data(), 1, text.size(), out);
    std::fflush(out);
}

void note(std::string_view text) { fmt::print(stderr, "{}\n", text); }

Result<bool> confirm(std::string_view question) {
    if (!::isatty(STDIN_FILENO)) return fail(Errc::denied, "{} There is nobody to ask: say --yes", question);
    fmt::print(stderr, "{} [y/N] ", question);
    std::fflush(stderr);
    char answer[16] = {};
    if (!std::fgets(answer, sizeof answer, stdin)) return false;
    return answer[0] == 'y' || answer[0] == 'Y';
}

ProgressLine::ProgressLine(std::string label)
    : label_(std::move(label)), terminal_(::isatty(STDERR_FILENO)) {}

ProgressLine::~ProgressLine() {
    if (open_) std::fputc('\n', stderr);
}

void ProgressLine::update(std::uint64_t done, std::uint64_t total) {
    int percent =
        total == 0
            ? 0
            : static_cast<int>(std::min<std::uint64_t>(100, done / std::max<std::uint64_t>(1, total / 100)));
    if (percent == shown_percent_ ||
        (!terminal_ && percent / 25 == shown_percent_ / 25 && shown_percent_ >= 0))
        return;
    shown_percent_ = percent;
    constexpr int cells = 30;
    int filled = percent * cells / 100;
    std::string bar = std::string(static_cast<std::size_t>(filled), '#') +
                      std::string(static_cast<std::size_t>(cells - filled), '.');
    fmt::print(stderr, "{}{} [{}] {:3}%{}", terminal_ ? "\r" : "", label_, bar, percent,
               terminal_ ? "" : "\n");
    std::fflush(stderr);
    open_ = terminal_;
}

void ProgressLine::finish(std::string_view text) {
    fmt::print(stderr, "{}{} {}\n", terminal_ && open_ ? "\r\033[K" : "", label_, text);
    open_ = false;
}

}  // namespace sonm::cli
