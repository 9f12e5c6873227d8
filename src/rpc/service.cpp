#include "sonm/rpc/service.hpp"

namespace sonm::rpc {

ServiceBase::ServiceBase(const ProtocolInfo& protocol) : protocol_(protocol) {
    for (const MethodInfo& method : protocol.methods) {
        if (slots_.size() <= method.id) slots_.resize(method.id + 1u);
        SONM_ASSERT(slots_[method.id].method == nullptr);  // two methods with one number
        slots_[method.id].method = &method;
    }
}

Error ServiceBase::wrong_arguments(const MethodInfo& method, Error error) {
    return Error{make_error_code(DispatchErrc::invalid_argument),
                 fmt::format("{}: {}", method.name, error.context)};
}

}  // namespace sonm::rpc
