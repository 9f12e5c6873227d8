#include "sonm/rpc/error.hpp"

#include <asio/error.hpp>

namespace sonm::rpc {
namespace {

/// The numbers that everybody knows. The first entry of a category is how it is sent.
std::span<const ErrorCategory> common_categories() {
    static const std::array<ErrorCategory, 12> list{{
        {category_sonm, &Errc_category()},
        {1, &std::system_category()},
        {2, &std::system_category()},
        {3, &asio::error::get_netdb_category()},
        {4, &asio::error::get_addrinfo_category()},
        {5, &asio::error::get_misc_category()},
        {6, &TransportErrc_category()},
        {7, &DispatchErrc_category()},
        {9, &SecurityErrc_category()},
        {10, &LocatorErrc_category()},
        {12, &std::generic_category()},
        {13, &ProtocolErrc_category()},
    }};
    return list;
}

template <class F>
const ErrorCategory* find(std::span<const ErrorCategory> extra, F matches) {
    for (std::span<const ErrorCategory> list : {extra, common_categories()})
        for (const ErrorCategory& entry : list)
            if (matches(entry)) return &entry;
    return nullptr;
}

struct RemoteCategory final : std::error_category {
    const char* name() const noexcept override { return "remote"; }
    std::string message(int value) const override { return fmt::format("error {} of the other side", value); }
};

}  // namespace

const std::error_category& remote_category() {
    static const RemoteCategory category;
    return category;
}

WireError to_wire(const Error& error, std::span<const ErrorCategory> extra) {
    const ErrorCategory* entry =
        find(extra, [&](const ErrorCategory& e) { return *e.category == error.code.category(); });
    WireError wire;
    wire.category = entry ? entry->number : category_unknown;
    wire.code = error.code.value();
    // The other side knows the text of a known code; that of an unknown one must travel, unless it came from
    // elsewhere itself.
    if (error.context.empty())
        wire.reason = error.code.message();
    else
        wire.reason = entry || error.code.category() == remote_category() ? error.context : error.message();
    return wire;
}

Error from_wire(const WireError& wire, std::span<const ErrorCategory> extra) {
    const ErrorCategory* entry =
        find(extra, [&](const ErrorCategory& e) { return e.number == wire.category; });
    bool fits = std::in_range<int>(wire.code) && wire.code != 0;
    if (!fits) return Error{make_error_code(DispatchErrc::uncaught), wire.reason};
    if (!entry) return Error{std::error_code(static_cast<int>(wire.code), remote_category()), wire.reason};
    std::error_code code(static_cast<int>(wire.code), *entry->category);
    return Error{code, wire.reason == code.message() ? std::string() : wire.reason};
}

void pack_error(Writer& out, const WireError& error) {
    out.array(2);
    out.array(2);
    out.sint(error.category);
    out.sint(error.code);
    out.raw(error.reason);
}

Result<WireError> unpack_error(Reader& in, std::size_t count) {
    if (count == 0) return fail(Errc::invalid, "an error without its code");
    SONM_TRY(std::size_t parts, in.array());
    if (parts != 2) return fail(Errc::invalid, "an error's code has {} parts instead of 2", parts);
    WireError error;
    SONM_TRY(error.category, in.sint());
    SONM_TRY(error.code, in.sint());
    if (count == 1) return error;
    SONM_TRY(BytesView reason, in.raw());
    error.reason = as_text(reason);
    return error;
}

}  // namespace sonm::rpc
