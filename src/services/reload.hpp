#pragma once

#include "sonm/base/errc.hpp"
#include "sonm/base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace sonm::services {

/// For PlatformService::reload: the arguments that a service reads at its start only.
class FixedArguments {
public:
    template <class T>
    FixedArguments& compare(std::string_view key, const T& before, const T& now) {
        if (!(before == now)) keys_.emplace_back(key);
        return *this;
    }
    /// Errors: conflict (which of them have changed).
    Result<void> check() const {
        if (keys_.empty()) return {};
        return fail(Errc::conflict, "{} {} a restart; everything else is taken over", fmt::join(keys_, ", "),
                    keys_.size() == 1 ? "needs" : "need");
    }

private:
    std::vector<std::string> keys_;
};

}  // namespace sonm::services
