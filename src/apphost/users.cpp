#include "sonm/apphost/users.hpp"

#include "sonm/apphost/control_groups.hpp"
#include "sonm/base/errc.hpp"
#include "sonm/base/fs.hpp"
#include "sonm/base/log.hpp"
#include "sonm/base/units.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <sstream>

namespace sonm::apphost {
namespace {

constexpr unsigned unused_first = 0x70000000, unused_count = 0x10000000, block = 1024;
/// How long take() goes on to further users.
constexpr Millis patience{2'000};
/// Others that start look at whose a lock is; they let it go at once.
constexpr Millis lock_patience{500};
constexpr const char* example = "1879048192-1879048255";
constexpr std::size_t claims_bytes_max = 64 * KiB;

/// Of "owner:first:count".
struct Claim {
    std::string_view owner;
    std::uint64_t first = 0, count = 0;
};
std::optional<Claim> parse_claim(std::string_view line) {
    std::size_t one = line.find(':'), other = line.find(':', one + 1);
    if (one == std::string_view::npos || other == std::string_view::npos) return std::nullopt;
    auto first = parse_int<unsigned>(line.substr(one + 1, other - one - 1));
    auto count = parse_int<unsigned>(line.substr(other + 1));
    if (!first || !count || *count == 0) return std::nullopt;
    return Claim{line.substr(0, one), *first, *count};
}

}  // namespace

Result<UserChoice> parse_users(std::string_view text) {
    if (text == "none") return UserChoice{true, std::nullopt};
    std::size_t dash = text.find('-');
    auto first = parse_int<unsigned>(text.substr(0, dash));
    auto last = dash == std::string_view::npos ? first : parse_int<unsigned>(text.substr(dash + 1));
    // The highest number means "unchanged" to the kernel.
    if (!first || !last || *first == 0 || *first > *last || *last == ~0U)
        return fail(Errc::invalid,
                    "\"{}\": numbers of users as first-last, without root, such as {}, or none", text,
                    example);
    return UserChoice{false, UserRange{*first, *last}};
}

UserRange default_users(const std::filesystem::path& folder) {
    std::uint64_t number = (number_of(folder) + process_namespace()) % (unused_count / block);
    unsigned first = unused_first + static_cast<unsigned>(number) * block;
    return UserRange{first, first + block - 1};
}

bool are_mapped(UserRange users, const std::filesystem::path& map) {
    std::ifstream file(map);
    if (!file) return true;
    for (std::uint64_t inside = 0, outside = 0, count = 0; file >> inside >> outside >> count;)
        if (inside <= users.first && users.last < inside + count) return true;
    return false;
}

Result<void> check_unclaimed(UserRange users, const std::filesystem::path& claims) {
    auto text = read_text(claims, claims_bytes_max);
    if (!text && text.error().is(Errc::not_found)) return Result<void>();
    if (!text) return wrap(std::move(text.error()), "whose users {}-{} are", users.first, users.last);
    std::istringstream lines(*text);
    for (std::string line; std::getline(lines, line);) {
        auto claim = parse_claim(line);
        if (!claim || claim->first > users.last || claim->first + claim->count <= users.first) continue;
        return fail(Errc::denied, "users {}-{} meet those of \"{}\" in {}: set `users` to others, such as {}",
                    users.first, users.last, claim->owner, claims.string(), example);
    }
    return Result<void>();
}

Result<std::optional<UserRange>> worker_users(const UserChoice& choice, const std::filesystem::path& folder) {
    if (::geteuid() != 0) {
        if (choice.range) return fail(Errc::denied, "`users` needs a node that runs as root");
        return std::optional<UserRange>();
    }
    if (choice.none) return std::optional<UserRange>();
    UserRange users = choice.range.value_or(default_users(folder));
    if (!are_mapped(users, "/proc/self/uid_map") || !are_mapped(users, "/proc/self/gid_map"))
        return fail(
            Errc::denied,
            "app workers are to run as users {}-{}, which this container does not have: set `users` to "
            "numbers that it has, or to none, and they run as the node's own user",
            users.first, users.last);
    SONM_CHECK(check_unclaimed(users, "/etc/subuid"));
    return std::optional<UserRange>(users);
}

Result<void> UserLeases::clean_up() {
    if (!range_) return Result<void>();
    auto lock = SharedFolder::take(locks_, fmt::format("users-{}", range_->first), lock_patience);
    if (lock)
        lock_.emplace(std::move(*lock));
    else if (lock.error().is(Errc::busy))
        return fail(Errc::exists,
                    "another node runs applications as users {}-{}: set `users` of one to others",
                    range_->first, range_->last);
    else
        SONM_LOG(warn, "no other node is kept from users {}-{}: {}", range_->first, range_->last,
                 lock.error().message());
    for (unsigned user : users_at_work(range_->first, range_->last)) {
        auto ended = end(user);
        if (!ended) SONM_LOG(warn, "what runs as user {}: {}", user, ended.error().message());
    }
    return Result<void>();
}

Result<std::shared_ptr<const unsigned>> UserLeases::take() {
    if (!range_) return nullptr;
    Error why{make_error_code(Errc::busy), "all users of the range run an application already"};
    unsigned count = std::max(1U, range_->last - range_->first);
    auto deadline = std::chrono::steady_clock::now() + patience;
    for (unsigned i = 0; i < count && std::chrono::steady_clock::now() < deadline; ++i) {
        unsigned user = range_->first + i;
        if (taken_->contains(user)) continue;
        // What the last application has left could look into the next one.
        if (auto ended = end(user); !ended) {
            SONM_LOG(warn, "user {} is given to no application: {}", user, ended.error().message());
            why = std::move(ended.error());
            continue;
        }
        taken_->insert(user);
        auto give_back = [taken = taken_, end = end_, last = range_->last](const unsigned* given) {
            // What fails here is tried again before the number is given out.
            (void)end(*given, last);
            taken->erase(*given);
            delete given;
        };
        return std::shared_ptr<const unsigned>(new unsigned(user), give_back);
    }
    return tl::unexpected<Error>(std::move(why));
}

}  // namespace sonm::apphost
