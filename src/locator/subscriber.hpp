#pragma once

#include "sonm/base/async.hpp"

#include <map>
#include <memory>
#include <set>
#include <string>

namespace sonm::locator {

/// One stream or publication that is held open, and what its reader has not been told yet. However slow the
/// reader, only names pile up, each once.
struct Subscriber {
    explicit Subscriber(const Executor& executor)
        : changed(executor, asio::steady_timer::time_point::max()) {}
    Subscriber(const Subscriber&) = delete;

    std::set<std::string> names;  ///< that have changed
    bool anew = false;            ///< something has changed that has no name: load, rings
    bool ended = false;           ///< replaced, discarded, or the node goes down
    asio::steady_timer changed;

    void end() {
        ended = true;
        changed.cancel();
    }
    void tell(const std::string& name) {
        names.insert(name);
        changed.cancel();
    }
    void tell_anew() {
        anew = true;
        changed.cancel();
    }
    bool idle() const { return !ended && !anew && names.empty(); }
    /// Until it is idle no more.
    Task<void> wait();
};

/// Subscribers by id; a newer one of the same id ends the older.
class Subscribers {
public:
    /// A place among them, given back at the end.
    class Place {
    public:
        Place(Subscribers& all, const Executor& executor, std::string id);
        Place(const Place&) = delete;
        ~Place();
        Subscriber& operator*() { return *own_; }
        Subscriber* operator->() { return own_.get(); }

    private:
        Subscribers& all_;
        std::string id_;
        std::shared_ptr<Subscriber> own_;  // shared with the table, which a newer one may take it out of
    };
    std::size_t size() const { return by_id_.size(); }
    bool contains(const std::string& id) const { return by_id_.contains(id); }
    void each(const std::function<void(Subscriber&)>& told);

private:
    std::map<std::string, std::shared_ptr<Subscriber>> by_id_;
};

}  // namespace sonm::locator
