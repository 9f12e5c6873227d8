#include "sonm/base/yaml.hpp"

#include "sonm/base/detail/yaml_tree.hpp"
#include "sonm/base/fs.hpp"

namespace sonm {

/// What the readers of one file share.
struct YamlReader::State {
    std::string name;
    struct Problem {
        int line;
        std::string text;
    };
    std::vector<Problem> problems;
    bool describing = false;
    std::string described;
};

namespace {

constexpr std::size_t problems_max = 10;

std::string_view kind_of(const YamlNode& node) {
    switch (node.kind) {
        case YamlNode::Kind::empty: return "nothing";
        case YamlNode::Kind::text: return "a single value";
        case YamlNode::Kind::list: return "a list";
        case YamlNode::Kind::map: return "a map";
    }
    return "something";
}

/// Least number of inserted, removed, changed letters that makes b of a.
std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            std::size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, changed});
        }
    }
    return row[b.size()];
}

Result<void> all_problems(const YamlReader::State& state) {
    if (state.problems.empty()) return {};
    auto problems = state.problems;
    std::stable_sort(problems.begin(), problems.end(),
                     [](const auto& a, const auto& b) { return a.line < b.line; });
    std::string text;
    for (std::size_t i = 0; i < std::min(problems.size(), problems_max); ++i) {
        text +=
            fmt::format("{}{}:{}: {}", i == 0 ? "" : "\n", state.name, problems[i].line, problems[i].text);
    }
    if (problems.size() > problems_max)
        text += fmt::format("\n... and {} more", problems.size() - problems_max);
    return fail(Errc::invalid, "{}", text);
}

}  // namespace

std::string_view nearest_word(std::string_view word, const std::vector<std::string>& known) {
    constexpr std::size_t word_max = 64;
    if (word.size() > word_max) return {};
    std::string_view best;
    std::size_t best_distance = std::max<std::size_t>(2, word.size() / 3) + 1;
    for (const std::string& candidate : known) {
        std::size_t distance = edit_distance(word, candidate);
        if (distance < best_distance && distance < candidate.size()) {
            best = candidate;
            best_distance = distance;
        }
    }
    return best;
}

bool YamlReader::describing() const { return state_.describing; }

bool YamlReader::has(std::string_view key) const {
    if (!map_) return false;
    return std::any_of(map_->entries.begin(), map_->entries.end(),
                       [&](const YamlNode::Entry& entry) { return entry.key == key; });
}

void YamlReader::tell(int line, std::string_view key, std::string_view what) {
    state_.problems.push_back(
        {line, key.empty() ? std::string(what) : fmt::format("{}{}: {}", path_, key, what)});
}

void YamlReader::problem(std::string_view key, std::string_view what) {
    if (!map_) return;
    for (const YamlNode::Entry& entry : map_->entries) {
        if (entry.key == key) return tell(entry.line, key, what);
    }
    tell(map_->line, key, what);
}

const YamlNode* YamlReader::find(const YamlField& field, bool required) {
    known_.emplace_back(field.key);
    for (const YamlNode::Entry& entry : map_->entries) {
        if (entry.key == field.key) return &entry.value;
    }
    if (required) {
        std::string such =
            field.example.empty() ? "" : fmt::format(": write it like '{}: {}'", field.key, field.example);
        tell(map_->line, field.key, "is missing" + such);
    }
    return nullptr;
}

void YamlReader::read_into(const YamlNode& node, std::string_view name, const ReadText& read) {
    if (node.kind != YamlNode::Kind::text) {
        return tell(node.line, name, fmt::format("expects a single value, has {}", kind_of(node)));
    }
    Result<void> done = read(node.text);
    if (!done)
        tell(node.line, name, done.error().context.empty() ? done.error().message() : done.error().context);
}

void YamlReader::value(const YamlField& field, bool required, const ReadText& read) {
    if (describing()) return describe(field, !required, field.example);
    if (const YamlNode* node = find(field, required)) read_into(*node, field.key, read);
}

void YamlReader::values(const YamlField& field, const ReadText& read) {
    if (describing()) return describe(field, true, field.example);
    const YamlNode* node = find(field, false);
    if (!node) return;
    if (node->kind == YamlNode::Kind::text) return read_into(*node, field.key, read);
    if (node->kind != YamlNode::Kind::list)
        return tell(node->line, field.key, fmt::format("expects a list, has {}", kind_of(*node)));
    for (const YamlNode& item : node->items) read_into(item, field.key, read);
}

void YamlReader::entries(const YamlField& field,
                         const std::function<Result<void>(std::string_view, std::string_view)>& read) {
    if (describing()) return describe(field, true, field.example);
    const YamlNode* node = find(field, false);
    if (!node) return;
    if (node->kind != YamlNode::Kind::map)
        return tell(node->line, field.key, fmt::format("expects a map, has {}", kind_of(*node)));
    for (const YamlNode::Entry& entry : node->entries) {
        auto read_value = [&](std::string_view text) { return read(entry.key, text); };
        read_into(entry.value, fmt::format("{}.{}", field.key, entry.key), read_value);
    }
}

void YamlReader::child(const YamlField& field, bool required, const std::function<void(YamlReader&)>& read) {
    if (describing()) {
        describe(field, !required, {});
        YamlReader reader(state_, nullptr, {}, depth_ + 1, commented_ || !required);
        return read(reader);
    }
    const YamlNode* node = find(field, required);
    if (!node) return;
    if (node->kind != YamlNode::Kind::map)
        return tell(node->line, field.key, fmt::format("expects a map, has {}", kind_of(*node)));
    YamlReader reader(state_, node, fmt::format("{}{}.", path_, field.key), depth_ + 1, false);
    read(reader);
    reader.finish();
}

void YamlReader::each(const YamlField& field, const std::function<void(YamlReader&)>& read) {
    if (describing()) {
        describe(field, true, {});
        YamlReader reader(state_, nullptr, {}, depth_ + 2, true);
        reader.first_of_item_ = true;
        return read(reader);
    }
    const YamlNode* node = find(field, false);
    if (!node) return;
    if (node->kind != YamlNode::Kind::list)
        return tell(node->line, field.key, fmt::format("expects a list, has {}", kind_of(*node)));
    for (std::size_t i = 0; i < node->items.size(); ++i) {
        const YamlNode& item = node->items[i];
        if (item.kind != YamlNode::Kind::map) {
            tell(item.line, field.key, fmt::format("entry {} must be a map, is {}", i + 1, kind_of(item)));
            continue;
        }
        YamlReader reader(state_, &item, fmt::format("{}{}[{}].", path_, field.key, i), depth_ + 1, false);
        read(reader);
        reader.finish();
    }
}

void YamlReader::finish() {
    for (const YamlNode::Entry& entry : map_->entries) {
        if (std::find(known_.begin(), known_.end(), entry.key) != known_.end()) continue;
        std::string_view near = nearest_word(entry.key, known_);
        std::string advice = near.empty() ? fmt::format("the keys here are {}", fmt::join(known_, ", "))
                                          : fmt::format("did you mean '{}'?", near);
        tell(entry.line, entry.key.substr(0, 80), "is no known key; " + advice);
    }
}

void YamlReader::describe(const YamlField& field, bool optional, std::string_view value) {
    std::string indent(depth_ * 2, ' ');
    std::string_view rest = field.doc;
    while (!rest.empty()) {
        std::size_t end = std::min(rest.find('\n'), rest.size());
        state_.described += fmt::format("{}# {}\n", indent, rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    std::string before = indent;
    if (first_of_item_) {
        before = indent.substr(2);
    }
    state_.described += fmt::format("{}{}{}{}:{}{}\n", before, commented_ || optional ? "#" : "",
                                    first_of_item_ ? "- " : "", field.key, value.empty() ? "" : " ", value);
    first_of_item_ = false;
}

Result<void> read_yaml(std::string_view text, std::string_view name,
                       const std::function<void(YamlReader&)>& read) {
    SONM_TRY(YamlNode root, detail::parse_yaml_tree(text, name));
    if (root.kind != YamlNode::Kind::map) {
        return fail(Errc::invalid, "{}:{}: expects a map (lines like 'key: value'), has {}", name,
                    std::max(root.line, 1), kind_of(root));
    }
    YamlReader::State state;
    state.name = name;
    YamlReader reader(state, &root, {}, 0, false);
    read(reader);
    reader.finish();
    return all_problems(state);
}

Result<void> read_yaml_file(const std::filesystem::path& path, const std::function<void(YamlReader&)>& read) {
    SONM_TRY(std::string text, read_text(path, yaml_bytes_max));
    return read_yaml(text, path.native(), read);
}

std::string describe_yaml(const std::function<void(YamlReader&)>& read) {
    YamlReader::State state;
    state.describing = true;
    YamlReader reader(state, nullptr, {}, 0, false);
    read(reader);
    return std::move(state.described);
}

Result<std::string> yaml_text(std::string_view text) { return std::string(text); }

Result<bool> yaml_flag(std::string_view text) {
    if (text == "true") return true;
    if (text == "false") return false;
    return fail(Errc::invalid, "'{}' must be true or false", text.substr(0, 40));
}

}  // namespace sonm
