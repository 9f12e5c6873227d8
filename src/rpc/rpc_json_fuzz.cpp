#include "sonm/rpc/json.hpp"
#include "sonm/rpc/protocol.hpp"

#include <nlohmann/json.hpp>

/// JSON of a stranger on its way to the wire, and values of a stranger on their way to JSON.
namespace {
using namespace sonm;
using namespace sonm::rpc;

struct Part {
    std::string name;
    std::optional<std::int16_t> number;
    Bytes bytes;
};
enum class Level : std::uint8_t { low, high };
std::string_view to_string(Level level) { return level == Level::low ? "low" : "high"; }
}  // namespace

template <>
inline constexpr auto sonm::rpc::enum_max<Level> = Level::high;
template <>
struct sonm::rpc::Fields<Part> {
    static constexpr auto list =
        fields(field<"name">(&Part::name), field<"number">(&Part::number), field<"bytes">(&Part::bytes));
};

namespace {

/// JSON -> wire: what is written is read by the type itself and by its description.
template <class T>
void from_json(const Json& json) {
    Bytes bytes;
    Writer out(bytes);
    if (!json_to_value(Describe<T>::info, json, out)) return;
    Reader typed(bytes);
    SONM_ASSERT(unpack<T>(typed).has_value() && typed.done());
    Reader in(bytes);
    SONM_ASSERT(value_to_json(Describe<T>::info, in).has_value());
}

/// Wire -> JSON -> wire: means the same.
template <class T>
void from_wire_bytes(BytesView given) {
    Reader in(given);
    auto json = value_to_json(Describe<T>::info, in);
    if (!json) return;
    std::string text = to_text(*json);
    auto parsed = parse_json(text);
    if (!parsed) return;  // maps spelled as pairs may nest deeper than JSON is read
    SONM_ASSERT(*parsed == *json || text.find("e") != std::string::npos);
    Bytes bytes;
    Writer out(bytes);
    if (!json_to_value(Describe<T>::info, *parsed, out)) return;
    Reader again(bytes);
    auto same = value_to_json(Describe<T>::info, again);
    // A map that looks like a tagged text is taken for one.
    SONM_ASSERT(same.has_value() && (to_text(*same) == text || text.find('$') != std::string::npos));
}

template <class T>
void both(bool json, BytesView bytes) {
    if (!json) return from_wire_bytes<T>(bytes);
    auto parsed = parse_json(as_text(bytes));
    if (parsed) from_json<T>(*parsed);
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    BytesView bytes(data + 1, size - 1);
    bool json = data[0] & 1;
    switch (data[0] >> 1 & 7) {
        case 0: both<Encoded>(json, bytes); break;
        case 1: both<Part>(json, bytes); break;
        case 2: both<std::vector<Part>>(json, bytes); break;
        case 3: both<std::map<std::string, std::vector<double>>>(json, bytes); break;
        case 4:
            both<std::tuple<Tokens, Level, std::optional<std::uint64_t>, std::int64_t>>(json, bytes);
            break;
        case 5: both<std::map<std::int32_t, Encoded>>(json, bytes); break;
        case 6: both<std::pair<crypto::Address, std::string>>(json, bytes); break;
        case 7: both<std::optional<std::map<FixedBytes<2>, bool>>>(json, bytes); break;
    }
    return 0;
}
