#include "sonm/base/fs.hpp"
#include "sonm/base/log.hpp"
#include "sonm/base/yaml_items.hpp"
#include "sonm/node/node.hpp"

#include <set>

/// What a node takes over from its changed file while it runs.
namespace sonm::node {
namespace {

namespace fs = std::filesystem;

/// Sections whose keys are looked at one by one, and the keys that take effect without a restart.
const std::set<std::string_view> sections{"limits", "http", "locator"};
const std::set<std::string_view> live_keys{
    "log_level",       "drain",          "advertise",        "limits.connections",
    "limits.channels", "limits.message", "limits.inbound",   "limits.outbound",
    "limits.idle",     "http.calls",     "http.hosts",       "http.body",
    "locator.peers",   "locator.weight", "locator.restrict", "locator.publish"};

using Entries = std::map<std::string, std::string>;

/// Each key with what stands under it; those of sections as "section.key".
Result<Entries> all_entries(std::string_view text, const std::string& name) {
    SONM_TRY(Entries top, yaml_entries(text, name));
    Entries out;
    for (auto& [key, value] : top) {
        auto inner = sections.contains(key) ? yaml_entries(value, key) : Result<Entries>(Entries());
        if (!inner || !sections.contains(key)) {
            out.emplace(key, std::move(value));
            continue;
        }
        for (auto& [sub, below] : *inner) out.emplace(key + "." + sub, std::move(below));
    }
    return out;
}

}  // namespace

Result<std::vector<std::string>> Node::reload() {
    if (file_.empty()) return fail(Errc::conflict, "this node has no file to read again");
    SONM_TRY(NodeConfig fresh, check(parts_, file_));
    SONM_TRY(std::string text, read_text(file_, yaml_bytes_max));
    auto out = take_over(text, file_.string());
    take_over(fresh);
    for (const std::string& line : out) SONM_LOG(info, "reload: {}", line);
    if (out.empty()) SONM_LOG(info, "reload: nothing has changed");
    text_ = std::move(text);
    return out;
}

void Node::take_over(const NodeConfig& fresh) {
    config_.drain_max = fresh.drain_max;
    config_.log_level = fresh.log_level;
    if (!parts_.log_level_given) init_log(config_.log_level);
    config_.advertise = fresh.advertise;
    config_.limits = fresh.limits;
    config_.http.calls = fresh.http.calls;
    config_.http.hosts = fresh.http.hosts;
    config_.http.body_bytes_max = fresh.http.body_bytes_max;
    config_.locator.peers = fresh.locator.peers;
    config_.locator.weight = fresh.locator.weight;
    config_.locator.restricted = fresh.locator.restricted;
    config_.locator.publishers = fresh.locator.publishers;
    if (!server_) return;
    raise_open_files(config_.limits.connections_max);
    server_->take_over(server_options());
    for (const auto& door : doors_) door->take_over(server_options());
    if (http_) http_->set_body_max(config_.http.body_bytes_max);
    if (!locator_) return;
    make_groups();
    locator_->take_over(config_.locator, groups_.get());
}

std::vector<std::string> Node::take_over(std::string_view text, const std::string& name) {
    auto before = all_entries(text_, name), now = all_entries(text, name);
    auto items = yaml_items(text, name, "services");
    if (!before || !now || !items) return {};
    std::vector<std::string> out;
    std::set<std::string> listed;
    std::size_t index = 0;
    auto make = [&](const NodeConfig&, const ServiceEntry& entry, const ServiceType& type,
                    YamlReader& args) -> Result<void> {
        const std::string& item = items->at(index++);
        listed.insert(entry.name);
        auto unit =
            std::ranges::find_if(units_, [&](const auto& one) { return one->entry.name == entry.name; });
        if (unit == units_.end()) {
            out.push_back(fmt::format("service {} is new: it comes with a restart", entry.name));
        } else if ((*unit)->text != item) {
            bool same = (*unit)->entry.type == type.name && (*unit)->entry.listen == entry.listen;
            out.push_back(
                same ? reload_service(**unit, args)
                     : fmt::format("service {} has another type or port: that needs a restart", entry.name));
            (*unit)->text = item;
        }
        return {};
    };
    // What this reader finds wrong was looked for before; here only services whose text has changed read
    // their keys.
    (void)parse_config(text, name, fs::absolute(file_).parent_path(), parts_.types, make);
    for (const auto& unit : units_)
        if (!listed.contains(unit->entry.name))
            out.push_back(
                fmt::format("service {} is no longer listed: it goes with a restart", unit->entry.name));
    std::set<std::string> keys;
    for (const auto* side : {&*before, &*now})
        for (const auto& [key, value] : *side) keys.insert(key);
    keys.erase("services");
    for (const std::string& key : keys) {
        if (before->contains(key) && now->contains(key) && before->at(key) == now->at(key)) continue;
        out.push_back(fmt::format("{}: {}", key, live_keys.contains(key) ? "taken over" : "needs a restart"));
    }
    return out;
}

std::string Node::reload_service(Unit& unit, YamlReader& args) {
    auto done = unit.service->reload(args);
    if (done) return fmt::format("service {}: new arguments taken over", unit.entry.name);
    return fmt::format("service {}: {}", unit.entry.name,
                       done.error().is(Errc::conflict) ? done.error().context : done.error().message());
}

}  // namespace sonm::node
