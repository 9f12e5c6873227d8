#include "sonm/storage/acl.hpp"

#include "sonm/base/units.hpp"
#include "sonm/rpc/codec.hpp"
#include "sonm/rpc/error.hpp"

namespace sonm::storage {
namespace {

/// How long another node's change of the rules may go unnoticed.
constexpr std::chrono::seconds remembered_for{5};
constexpr std::size_t remembered_max = 1024;
constexpr std::size_t users_max = 64;
constexpr unsigned all_flags = 3;
/// What a record of rules and its folders or pages take at most.
constexpr std::uint64_t record_room = 64 * KiB;

tl::unexpected<Error> refused() { return fail(Errc::denied, "Permission denied"); }

}  // namespace

Caller caller_of(const rpc::Context& who, bool believe_header) {
    Caller caller;
    caller.account = who.identity();
    const std::string* text = believe_header ? who.header("authorization") : nullptr;
    if (!text) return caller;
    std::string_view rest = *text;
    while (true) {
        std::size_t comma = rest.find(',');
        auto user = parse_int<std::uint64_t>(rest.substr(0, comma));
        if (!user || caller.users.size() == users_max) {
            caller.users.clear();
            return caller;
        }
        caller.users.insert(*user);
        if (comma == rest.npos) return caller;
        rest.remove_prefix(comma + 1);
    }
}

bool Rules::allow(const Caller& caller, Access access) const {
    auto flag = static_cast<unsigned>(access);
    if (caller.account) {
        auto found = accounts.find(*caller.account);
        if (found != accounts.end() && (found->second & flag)) return true;
    }
    return std::ranges::any_of(caller.users, [&](std::uint64_t user) {
        auto found = users.find(user);
        return found != users.end() && (found->second & flag);
    });
}

Bytes encode_rules(const Rules& rules) {
    Bytes out;
    rpc::Writer writer(out);
    writer.array(rules.accounts.empty() ? 2 : 3);
    rpc::pack(writer, rules.clients);
    rpc::pack(writer, rules.users);
    if (!rules.accounts.empty()) rpc::pack(writer, rules.accounts);
    return out;
}

Result<Rules> decode_rules(BytesView record) {
    rpc::Reader in(record);
    auto read = [&]() -> Result<Rules> {
        Rules rules;
        SONM_TRY(std::size_t parts, in.array());
        if (parts < 2 || parts > 3) return fail(Errc::invalid, "{} parts instead of 2 or 3", parts);
        SONM_TRY(rules.clients, (rpc::unpack<std::map<std::uint64_t, unsigned>>(in)));
        SONM_TRY(rules.users, (rpc::unpack<std::map<std::uint64_t, unsigned>>(in)));
        if (parts == 3) {
            SONM_TRY(rules.accounts, (rpc::unpack<std::map<crypto::Address, unsigned>>(in)));
        }
        if (!in.done()) return fail(Errc::invalid, "something follows the rules");
        return rules;
    };
    auto rules = read();
    if (!rules)
        return fail(
            rpc::SecurityErrc::invalid_acl,
            "an access list is MessagePack [{{client: flags}}, {{user: flags}}, {{account: flags}}]: {}",
            rules.error().context);
    return rules;
}

Async<std::optional<Rules>> Guard::fetch(std::string collection) {
    Name name{std::string(acl_collection), collection};
    auto reading = backend_.read(std::move(name));
    Result<Bytes> record = co_await std::move(reading);
    Remembered entry{std::nullopt, clock_.steady() + remembered_for};
    if (record) {
        SONM_CO_TRY(entry.rules, decode_rules(*record));
    } else if (!record.error().is(Errc::not_found)) {
        co_return tl::unexpected<Error>(std::move(record.error()));
    }
    if (remembered_.size() >= remembered_max) remembered_.clear();
    co_return remembered_.insert_or_assign(std::move(collection), std::move(entry)).first->second.rules;
}

Async<std::optional<Rules>> Guard::rules_of(std::string collection) {
    auto found = remembered_.find(collection);
    if (found != remembered_.end() && clock_.steady() < found->second.until) co_return found->second.rules;
    auto fetching = fetch(std::move(collection));
    co_return co_await std::move(fetching);
}

Async<Rules> Guard::own(Caller caller, Name name) {
    auto waiting = turns_.take(name.collection);
    SONM_CO_TRY(Turns::Turn turn, co_await std::move(waiting));
    auto fetching = fetch(name.collection);
    SONM_CO_TRY(std::optional<Rules> rules, co_await std::move(fetching));
    if (rules) co_return std::move(*rules);
    Rules fresh;
    if (caller.account)
        fresh.accounts[*caller.account] = all_flags;
    else
        for (std::uint64_t user : caller.users) fresh.users[user] = all_flags;
    auto storing = store(fresh, name);
    SONM_CO_CHECK(co_await std::move(storing));
    forget(name.collection);
    co_return fresh;
}

Async<void> Guard::store(Rules rules, Name name) {
    Name record{std::string(acl_collection), name.collection};
    std::set<std::string> tags{std::string(acl_tag)};
    auto writing = backend_.write(record, encode_rules(rules), tags);
    auto written = co_await std::move(writing);
    Quota* quota = backend_.quota();
    if (written || !written.error().is(Errc::no_space) || !quota) co_return written;
    // What is there may be overwritten within its size also if nothing more fits, and nobody may do that to
    // a collection of others without becoming its owner.
    auto looking = backend_.read(name);
    if (!co_await std::move(looking)) co_return written;
    Quota::Loan room(*quota, record_room);
    writing = backend_.write(record, encode_rules(rules), tags);
    co_return co_await std::move(writing);
}

Async<void> Guard::check(Caller caller, std::string collection, Access access) {
    auto looking = rules_of(collection);
    SONM_CO_TRY(std::optional<Rules> rules, co_await std::move(looking));
    if (rules && !rules->allow(caller, access)) co_return refused();
    co_return Result<void>();
}

Async<void> Guard::check_write(Caller caller, Name name) {
    auto looking = rules_of(name.collection);
    SONM_CO_TRY(std::optional<Rules> rules, co_await std::move(looking));
    if (!rules && caller.is_known()) {
        auto owning = own(caller, std::move(name));
        SONM_CO_TRY(rules, co_await std::move(owning));
    }
    if (rules && !rules->allow(caller, Access::write)) co_return refused();
    co_return Result<void>();
}

Async<void> Guard::check_remove(Caller caller, std::string collection) {
    auto found = remembered_.find(collection);
    if (found != remembered_.end() && !found->second.rules && caller.is_known()) remembered_.erase(found);
    return check(std::move(caller), std::move(collection), Access::write);
}

Async<void> Guard::check_change(Caller caller, std::string collection) {
    if (!caller.is_known()) co_return refused();
    auto fetching = fetch(std::move(collection));
    auto rules = co_await std::move(fetching);
    // Rules that nobody can read let nobody in: their record can only be mended in the backend itself.
    if (!rules) co_return tl::unexpected<Error>(std::move(rules.error()));
    if (*rules && !(*rules)->allow(caller, Access::write)) co_return refused();
    co_return Result<void>();
}

}  // namespace sonm::storage
