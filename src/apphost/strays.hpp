#pragma once

#include "sonm/base/result.hpp"

#include <set>

/// What applications have left running that has left its parents and sessions: found by whom it runs as.
namespace sonm::apphost {

/// Users from `first` to `last` whom some process of this machine runs as.
std::set<unsigned> users_at_work(unsigned first, unsigned last);

/// Kills every process that runs as that user, by one that acts as him but is `killer`: a user whom nothing
/// else runs as, so that nobody can stop it; what does is killed, too. With user == killer he can. If either
/// has an account on this machine all is left in peace: what runs as him is not ours alone. Waits at most a
/// second. Errors: invalid (root), denied (this program is not root), unavailable (whether one has an account
/// cannot be told: nobody is killed), busy (no more processes), timeout, io.
Result<void> end_processes_of(unsigned user, unsigned killer);

}  // namespace sonm::apphost
