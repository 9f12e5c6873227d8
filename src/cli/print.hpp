#pragma once

#include "sonm/base/bytes.hpp"

#include <string>
#include <vector>

namespace sonm::cli {

/// Columns that line up. Cells of a column named in `right` (by index) are set flush right.
class Table {
public:
    explicit Table(std::vector<std::string> header, std::vector<std::size_t> right = {});
    void add(std::vector<std::string> row);
    bool empty() const { return rows_.empty(); }
    /// Lines with a newline each; no trailing blanks.
    std::string to_text() const;

private:
    std::vector<std::string> header_;
    std::vector<std::size_t> right_;
    std::vector<std::vector<std::string>> rows_;
};

/// Prints to stdout, as it is.
void print(std::string_view text);
/// Prints what a stranger's program wrote: as it is into a file or a pipe; on a terminal without the control
/// characters that could move the cursor, change what was printed before, or talk to the terminal.
void print_foreign(BytesView bytes, bool to_stderr);
/// Prints a line to stderr: progress, warnings; never data.
void note(std::string_view text);
/// Asks on the terminal; `false` if the answer is not yes. Without a terminal: denied, saying that --yes is
/// needed.
Result<bool> confirm(std::string_view question);

/// One line that is rewritten in place on a terminal, and printed at most every few percent elsewhere.
class ProgressLine {
public:
    explicit ProgressLine(std::string label);
    ~ProgressLine();
    void update(std::uint64_t done, std::uint64_t total);
    /// Replaces the bar by a last sentence.
    void finish(std::string_view text);

private:
    std::string label_;
    int shown_percent_ = -1;
    bool terminal_;
    bool open_ = false;
};

/// Width on a terminal of UTF-8 text without escape sequences (no wide characters).
std::size_t width(std::string_view text);

}  // namespace sonm::cli
