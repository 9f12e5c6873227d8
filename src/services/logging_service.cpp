#include "sonm/services/logging_service.hpp"

namespace sonm::rpc {

using services::LogValue;

void Codec<LogValue>::pack(Writer& out, const LogValue& value) {
    std::visit([&](const auto& inner) { rpc::pack(out, inner); }, value);
}

Result<LogValue> Codec<LogValue>::unpack(Reader& in) {
    SONM_TRY(Kind kind, in.peek());
    auto wrap = [](auto inner) { return LogValue(std::move(inner)); };
    switch (kind) {
        case Kind::raw: return rpc::unpack<std::string>(in).map(wrap);
        case Kind::boolean: return in.boolean().map(wrap);
        case Kind::real: return in.real().map(wrap);
        case Kind::negative_int: return in.sint().map(wrap);
        case Kind::unsigned_int:
            return in.uint().map([](std::uint64_t number) {
                return std::in_range<std::int64_t>(number) ? LogValue(static_cast<std::int64_t>(number))
                                                           : LogValue(fmt::format("{}", number));
            });
        default: return in.skip().map([kind](BytesView) { return LogValue(std::string(to_string(kind))); });
    }
}

}  // namespace sonm::rpc
