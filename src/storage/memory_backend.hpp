#pragma once

#include "sonm/storage/page.hpp"

#include <map>

namespace sonm::storage {

/// Keeps everything in memory and forgets it with the process: for tests.
class MemoryBackend final : public Backend {
public:
    Async<void> open() override { co_return Result<void>(); }
    Async<Bytes> read(Name name) override {
        auto found = collections_[name.collection].find(name.key);
        if (found == collections_[name.collection].end()) co_return fail(Errc::not_found, "{}", name.path());
        co_return found->second.value;
    }
    Async<void> write(Name name, Bytes value, std::set<std::string> tags) override {
        if (failure) co_return tl::unexpected<Error>(*failure);
        std::set<std::string> all = collections_[name.collection][name.key].tags;
        all.merge(tags);
        if (all.size() > tags_max) co_return fail(Errc::too_large, "{} tags", all.size());
        collections_[name.collection][name.key] = Entry{std::move(value), std::move(all)};
        co_return Result<void>();
    }
    Async<void> remove(Name name) override {
        collections_[name.collection].erase(name.key);
        co_return Result<void>();
    }
    Async<std::vector<std::string>> find(Query query) override {
        Page page(query);
        for (const auto& [key, entry] : collections_[query.collection])
            if (std::ranges::includes(entry.tags, query.tags)) page.add(key);
        co_return page.take();
    }

    /// What writes answer from now on.
    std::optional<Error> failure;

private:
    struct Entry {
        Bytes value;
        std::set<std::string> tags;
    };
    std::map<std::string, std::map<std::string, Entry>> collections_;
};

}  // namespace sonm::storage
