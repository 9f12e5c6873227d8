#include "sonm/base/units.hpp"
#include "sonm/base/yaml.hpp"

/// Any bytes as a file: never a crash, always a result in bounded time; the readers of quantities see every
/// value.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sonm;
    std::string_view text = as_text(BytesView(data, size));
    std::uint64_t number = 0;
    Seconds span;
    WrittenPrice price;
    std::vector<std::string> list;
    std::function<void(YamlReader&)> fields = [&](YamlReader& r) {
        r.optional({"ram"}, number, parse_bytes);
        r.optional({"net"}, number, parse_bit_rate);
        r.optional({"cores"}, number, parse_cores);
        r.optional({"duration"}, span, parse_span);
        r.optional({"price"}, price, parse_price);
        r.list({"flags"}, list, yaml_text);
        r.entries({"environment"}, [](std::string_view, std::string_view) { return Result<void>(); });
    };
    (void)read_yaml(text, "fuzz", [&](YamlReader& r) {
        fields(r);
        r.child({"resources"}, false, fields);
        r.each({"inputs"}, fields);
    });
    auto bytes = parse_bytes(text);
    if (bytes) SONM_ASSERT(parse_bytes(print_bytes(*bytes)).value() == *bytes);
    auto time = parse_span(text);
    if (time) SONM_ASSERT(parse_span(print_span(*time)).value() == *time);
    auto money = parse_tokens(text);
    if (money) SONM_ASSERT(parse_tokens(print_tokens(*money)).value() == *money);
    (void)parse_price(text);
    return 0;
}
