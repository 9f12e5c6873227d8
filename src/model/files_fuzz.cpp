#include "sonm/model/errc.hpp"
#include "sonm/model/order_file.hpp"
#include "sonm/model/task_file.hpp"

/// Any bytes as a bid's and as a task's file: never a crash; a bid that is read makes an order that the
/// contract's types hold, and a task that is read is one that `validate` accepts or that has no image.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sonm;
    std::string_view text = as_text(BytesView(data, size));
    model::BidFile bid;
    if (read_yaml(text, "fuzz", [&](YamlReader& reader) { model::bid_fields(reader, bid); })) {
        model::Address author;
        author.bytes[0] = 1;
        UnixTime now(1'700'000'000);
        model::Order order = model::make_order(model::Side::bid, bid.terms, bid.needs, author, now, {});
        // Only the expiry depends on more than the file.
        order.expiry = UnixTime(1'800'000'000);
        auto fine = model::validate(order);
        SONM_ASSERT(fine || fine.error().context.find("rate") != std::string::npos);
    }
    model::TaskFile task;
    (void)read_yaml(text, "fuzz", [&](YamlReader& reader) { model::task_fields(reader, task); });
    auto tag = model::parse_tag(text);
    if (tag) SONM_ASSERT(model::parse_tag(model::print_tag(*tag)).value() == *tag);
    (void)model::parse_variable(text);
    (void)model::parse_task_id(text);
    return 0;
}
