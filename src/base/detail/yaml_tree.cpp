#include "sonm/base/detail/yaml_tree.hpp"

#include "sonm/base/yaml.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <sstream>

namespace sonm::detail {
namespace {

constexpr std::size_t depth_max = 32;
constexpr std::size_t values_max = 10'000;

/// Builds the tree from the parser's events and refuses what these files never need. Refusals travel as the
/// parser's own exception, to be caught where the parser's are.
class Builder final : public YAML::EventHandler {
public:
    void OnDocumentStart(const YAML::Mark& mark) override {
        if (documents_++ != 0) refuse(mark, "a second document: one file has one");
    }
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        leaf(mark, "", anchor, YamlNode::Kind::empty, {});
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
        refuse(mark, "aliases (*name) are not allowed: write the value again");
    }
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& text) override {
        // Plain empty and ~ come as OnNull; a quoted "" is a text.
        leaf(mark, tag, anchor, YamlNode::Kind::text, text);
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        open(mark, tag, anchor, YamlNode::Kind::list);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        open(mark, tag, anchor, YamlNode::Kind::map);
    }
    void OnMapEnd() override { close(); }

    YamlNode take() { return std::move(root_); }

private:
    /// A list or map whose end has not come, and the key that waits for its value.
    struct Open {
        YamlNode node;
        std::string key;
        int key_line = 0;
        bool has_key = false;
    };

    [[noreturn]] static void refuse(const YAML::Mark& mark, const std::string& why) {
        throw YAML::ParserException(mark, why);
    }

    void check(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
        if (anchor != 0) refuse(mark, "anchors (&name) are not allowed");
        if (!tag.empty() && tag != "?" && tag != "!") refuse(mark, "tags (!name) are not allowed");
        if (++values_ > values_max) refuse(mark, fmt::format("more than {} values", values_max));
    }
    void leaf(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YamlNode::Kind kind,
              const std::string& text) {
        check(mark, tag, anchor);
        YamlNode node;
        node.kind = kind;
        node.line = mark.line + 1;
        node.text = text;
        place(mark, std::move(node));
    }
    void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YamlNode::Kind kind) {
        check(mark, tag, anchor);
        if (open_.size() >= depth_max) refuse(mark, fmt::format("nested more than {} deep", depth_max));
        if (wants_key()) refuse(mark, "a list or map cannot be a key");
        YamlNode node;
        node.kind = kind;
        node.line = mark.line + 1;
        open_.push_back(Open{std::move(node), {}, 0, false});
    }
    void close() {
        YamlNode node = std::move(open_.back().node);
        open_.pop_back();
        put(std::move(node));
    }
    bool wants_key() const {
        return !open_.empty() && open_.back().node.kind == YamlNode::Kind::map && !open_.back().has_key;
    }

    void place(const YAML::Mark& mark, YamlNode node) {
        if (!wants_key()) return put(std::move(node));
        Open& map = open_.back();
        for (const YamlNode::Entry& entry : map.node.entries) {
            if (entry.key == node.text)
                refuse(mark, fmt::format("'{}' is given twice, first in line {}", node.text, entry.line));
        }
        map.key = std::move(node.text);
        map.key_line = node.line;
        map.has_key = true;
    }
    void put(YamlNode node) {
        if (open_.empty()) {
            root_ = std::move(node);
            return;
        }
        Open& above = open_.back();
        if (above.node.kind == YamlNode::Kind::list) {
            above.node.items.push_back(std::move(node));
        } else {
            if (node.kind == YamlNode::Kind::empty)
                node.line = above.key_line;  // the parser names the line after it
            above.node.entries.push_back(
                YamlNode::Entry{std::move(above.key), above.key_line, std::move(node)});
            above.has_key = false;
        }
    }

    YamlNode root_;
    std::vector<Open> open_;
    std::size_t values_ = 0;
    std::size_t documents_ = 0;
};

}  // namespace

Result<YamlNode> parse_yaml_tree(std::string_view text, std::string_view name) {
    if (text.size() > yaml_bytes_max)
        return fail(Errc::too_large, "{} is larger than {} bytes", name, yaml_bytes_max);
    if (text.find('\0') != std::string_view::npos)
        return fail(Errc::invalid, "{}: contains a zero byte: is it a text file?", name);
    std::istringstream stream{std::string(text)};
    Builder builder;
    try {
        YAML::Parser parser(stream);
        while (parser.HandleNextDocument(builder)) {}
    } catch (const YAML::Exception& error) {
        return fail(Errc::invalid, "{}:{}: {}", name, std::max(error.mark.line, 0) + 1, error.msg);
    }
    return builder.take();
}

}  // namespace sonm::detail
