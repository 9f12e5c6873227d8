#pragma once

#include "sonm/storage/page.hpp"

#include <map>

namespace sonm::storage {

/// Keeps everything in memory and forgets it with the process.
class MemoryBackend final : public Backend {
public:
    Async<void> open() override { co_return Result<void>(); }
    Async<Bytes> read(Name name) override {
        auto keys = collections_.find(name.collection);
        auto found = keys == collections_.end() ? Keys::iterator() : keys->second.find(name.key);
        if (keys == collections_.end() || found == keys->second.end())
            co_return fail(Errc::not_found, "{}", name.path());
        co_return found->second.value;
    }
    Async<void> write(Name name, Bytes value, std::set<std::string> tags) override {
        if (failure) co_return tl::unexpected<Error>(*failure);
        auto& keys = collections_[name.collection];
        auto old = keys.find(name.key);
        std::uint64_t before = old == keys.end() ? 0 : cost(name, old->second);
        std::set<std::string> all = old == keys.end() ? std::set<std::string>() : old->second.tags;
        all.merge(tags);
        if (all.size() > tags_max) co_return fail(Errc::too_large, "{} tags", all.size());
        Entry entry{std::move(value), std::move(all)};
        auto room = quota_.change(before, cost(name, entry));
        if (!room && keys.empty()) collections_.erase(name.collection);
        if (!room) co_return room;
        keys.insert_or_assign(name.key, std::move(entry));
        co_return Result<void>();
    }
    Async<void> remove(Name name) override {
        auto keys = collections_.find(name.collection);
        if (keys == collections_.end()) co_return Result<void>();
        auto old = keys->second.find(name.key);
        if (old == keys->second.end()) co_return Result<void>();
        quota_.give_back(cost(name, old->second));
        keys->second.erase(old);
        if (keys->second.empty()) collections_.erase(keys);
        co_return Result<void>();
    }
    Async<std::vector<std::string>> find(Query query) override {
        Page page(query);
        auto keys = collections_.find(query.collection);
        if (keys == collections_.end()) co_return page.take();
        for (const auto& [key, entry] : keys->second)
            if (std::ranges::includes(entry.tags, query.tags)) page.add(key);
        co_return page.take();
    }

    Quota* quota() override { return &quota_; }

    /// What writes answer from now on.
    std::optional<Error> failure;

private:
    struct Entry {
        Bytes value;
        std::set<std::string> tags;
    };
    /// With what maps and sets take beside the bytes.
    static std::uint64_t cost(const Name& name, const Entry& entry) {
        constexpr std::uint64_t each = 96;
        std::uint64_t bytes = each + name.collection.size() + name.key.size() + entry.value.size();
        for (const std::string& tag : entry.tags) bytes += each + tag.size();
        return bytes;
    }
    using Keys = std::map<std::string, Entry>;
    std::map<std::string, Keys> collections_;
    Quota quota_;
};

}  // namespace sonm::storage
