#pragma once

#include "sonm/base/bytes.hpp"
#include "sonm/base/errc.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// Strict YAML for files that people write. One function lists the keys of a file; the same function reads
/// it, finds unknown keys, and writes the template that documents it:
///
///     void fields(YamlReader& r, Plan& plan) {
///         r.required({"price", "What it costs, for as long as it runs.", "0.12 USD/h"}, plan.price,
///         parse_price); r.optional({"tag", "Free for you.", "render"}, plan.tag, yaml_text);
///     }
///     read_yaml_file(path, [&](YamlReader& r) { fields(r, plan); });
///     describe_yaml([&](YamlReader& r) { fields(r, plan); });
///
/// All problems of a file are told at once, each as `file:line: key: what is wrong` with how to write it.
/// Refused: unknown keys (the nearest known one is named), duplicate keys, wrong types, aliases and anchors,
/// tags, several documents, more than 1 MiB, 32 levels, 10,000 values. Errors: invalid, too_large, and those
/// of read_file.
namespace sonm {

struct YamlNode;

/// A key of a file. `doc` and `example` are what the template says about it.
struct YamlField {
    YamlField(const char* name, std::string_view says = {}, std::string_view such_as = {})
        : key(name), doc(says), example(such_as) {}
    std::string_view key, doc, example;
};

/// One map of a file. Made by read_yaml and describe_yaml only; lives during their call.
class YamlReader {
public:
    YamlReader(const YamlReader&) = delete;

    /// A single value; `parse(std::string_view) -> Result<T>`.
    template <class T, class F>
    void required(const YamlField& field, T& out, F parse) {
        value(field, true, [&](std::string_view text) { return keep(out, parse(text)); });
    }
    /// The same, and `out` stays as it is if the key is absent.
    template <class T, class F>
    void optional(const YamlField& field, T& out, F parse) {
        value(field, false, [&](std::string_view text) { return keep(out, parse(text)); });
    }
    /// A list of single values (a single one may stand without brackets); each is appended to `out`.
    template <class T, class F>
    void list(const YamlField& field, std::vector<T>& out, F parse) {
        values(field, [&](std::string_view text) -> Result<void> {
            SONM_TRY(T item, parse(text));
            out.push_back(std::move(item));
            return {};
        });
    }
    /// A map of free keys; `read(key, value) -> Result<void>`.
    void entries(const YamlField& field,
                 const std::function<Result<void>(std::string_view, std::string_view)>& read);
    /// A map of known keys. `read` is not called if it is absent.
    void child(const YamlField& field, bool required, const std::function<void(YamlReader&)>& read);
    /// A list of maps of known keys.
    void each(const YamlField& field, const std::function<void(YamlReader&)>& read);

    /// Whether the file has this key.
    bool has(std::string_view key) const;
    /// Whether a template is being written: there are no values then.
    bool describing() const;
    /// Tells what is wrong with a key (or, with an unknown one, with the map) beyond its form.
    void problem(std::string_view key, std::string_view what);

    struct State;

private:
    friend Result<void> read_yaml(std::string_view, std::string_view,
                                  const std::function<void(YamlReader&)>&);
    friend std::string describe_yaml(const std::function<void(YamlReader&)>&);
    using ReadText = std::function<Result<void>(std::string_view)>;

    YamlReader(State& state, const YamlNode* map, std::string path, unsigned depth, bool commented)
        : state_(state), map_(map), path_(std::move(path)), depth_(depth), commented_(commented) {}
    template <class T, class U>
    static Result<void> keep(T& out, Result<U> parsed) {
        SONM_TRY(out, std::move(parsed));
        return {};
    }
    void value(const YamlField& field, bool required, const ReadText& read);
    void values(const YamlField& field, const ReadText& read);
    /// The value of a key, noting that the key is known; nullptr if there is none (a missing required one is
    /// a problem).
    const YamlNode* find(const YamlField& field, bool required);
    void read_into(const YamlNode& node, std::string_view name, const ReadText& read);
    void tell(int line, std::string_view key, std::string_view what);
    void describe(const YamlField& field, bool optional, std::string_view value);
    void finish();

    State& state_;
    const YamlNode* map_;
    std::string path_;  ///< "resources." in front of a nested key
    unsigned depth_;
    bool commented_;
    bool first_of_item_ = false;
    std::vector<std::string> known_;
};

/// Reads `text`; `name` is what messages call it.
Result<void> read_yaml(std::string_view text, std::string_view name,
                       const std::function<void(YamlReader&)>& read);
Result<void> read_yaml_file(const std::filesystem::path& path, const std::function<void(YamlReader&)>& read);
/// A documented template with every key; optional ones are commented out (`#key: value`, without a blank).
std::string describe_yaml(const std::function<void(YamlReader&)>& read);

/// Parsers for `required`, `optional` and `list`. More are in base/units.hpp.
Result<std::string> yaml_text(std::string_view text);
Result<bool> yaml_flag(std::string_view text);  ///< true, false

/// The word of `known` that is nearest to `word` and near enough to be meant; empty if there is none.
std::string_view nearest_word(std::string_view word, const std::vector<std::string>& known);

inline constexpr std::size_t yaml_bytes_max = MiB;

}  // namespace sonm
