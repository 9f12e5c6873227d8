#pragma once

#include "sonm/base/clock.hpp"
#include "sonm/crypto/types.hpp"
#include "sonm/rpc/context.hpp"
#include "sonm/storage/backend.hpp"
#include "sonm/storage/turns.hpp"

/// Who may do what with a collection. Rules are records of the storage itself, in the form that existing
/// tools write: collection ".collection-acls", key = the collection, MessagePack [{client: flags}, {user:
/// flags}], here with a third map {account: flags} behind.
namespace sonm::storage {

inline constexpr std::string_view acl_collection = ".collection-acls";
inline constexpr std::string_view acl_tag = "storage-acls";

enum class Access : std::uint8_t { read = 1, write = 2 };

/// Who asks. Nobody in particular, if all is empty.
struct Caller {
    std::optional<crypto::Address> account;  ///< proven on this session
    std::set<std::uint64_t> users;           ///< said in the `authorization` header, if that is believed
    bool is_known() const { return account || !users.empty(); }
};
/// `believe_header`: take "7,12" in the `authorization` header for user numbers, as the old "promiscuous"
/// plug-in does. Anything else in it means nobody.
Caller caller_of(const rpc::Context& who, bool believe_header);

struct Rules {
    std::map<std::uint64_t, unsigned> clients;
    std::map<std::uint64_t, unsigned> users;
    std::map<crypto::Address, unsigned> accounts;
    bool operator==(const Rules&) const = default;
    bool allow(const Caller& caller, Access access) const;
};
Bytes encode_rules(const Rules& rules);
/// Errors: rpc::SecurityErrc::invalid_acl.
Result<Rules> decode_rules(BytesView record);

/// Checks callers against the rules, which it remembers for a few seconds.
class Guard {
public:
    Guard(const Executor& executor, Backend& backend, const Clock& clock)
        : backend_(backend), clock_(clock), turns_(executor) {}

    /// Without rules everybody may. Errors: denied, invalid_acl (damaged rules let nobody in), the backend's.
    Async<void> check(Caller caller, std::string collection, Access access);
    /// The same for a write of `name`: the first known caller who writes becomes the owner.
    Async<void> check_write(Caller caller, Name name);
    /// The same for a removal, which makes nobody an owner: that would need room. For a known caller it is
    /// not enough that there were no rules a few seconds ago.
    Async<void> check_remove(Caller caller, std::string collection);
    /// The rules of `collection` are about to change by a write or removal of their record. Only who may
    /// write the collection, and is known, may do that.
    Async<void> check_change(Caller caller, std::string collection);
    void forget(const std::string& collection) { remembered_.erase(collection); }

private:
    struct Remembered {
        std::optional<Rules> rules;
        std::chrono::steady_clock::time_point until;
    };
    Async<std::optional<Rules>> rules_of(std::string collection);
    Async<std::optional<Rules>> fetch(std::string collection);
    Async<Rules> own(Caller caller, Name name);
    /// The rules of the collection of `name`, in which something is about to be overwritten or made.
    Async<void> store(Rules rules, Name name);

    Backend& backend_;
    const Clock& clock_;
    Turns turns_;
    std::unordered_map<std::string, Remembered> remembered_;
};

}  // namespace sonm::storage
