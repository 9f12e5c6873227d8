#include "sonm/locator/directory.hpp"
#include "sonm/locator/extra.hpp"
#include "sonm/locator/groups.hpp"

/// Messages of a linked node: pairs of header and arguments, one after the other, as its announce stream
/// brings them; and the same bytes as a routing group of a storage.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sonm;
    using namespace sonm::locator;
    using Message = std::tuple<std::string, std::map<std::string, Offer>>;
    rpc::Reader stored(BytesView(data, size));
    if (auto group = rpc::unpack<Group>(stored)) {
        Groups groups;
        if (groups.put("g", *group)) SONM_ASSERT(group->contains(*groups.route("g", "seed", {})));
    }
    Directory directory;
    rpc::Reader in(BytesView(data, size));
    while (!in.done()) {
        auto header = in.raw();
        if (!header) break;
        auto message = rpc::unpack<Message>(in);
        if (!message) break;
        auto& [uuid, services] = *message;
        if (auto extra = parse_extra(as_text(*header))) {
            SONM_ASSERT(parse_extra(encode(*extra)).has_value());
            directory.told(uuid, extra->load.value_or(0), extra->weight.value_or(1));
        }
        for (auto& [name, offer] : services) {
            if (offer.endpoints.empty() || !directory.put(uuid, name, std::move(offer)))
                directory.remove(uuid, name);
            for (const Candidate& one : directory.offering(name)) {
                SONM_ASSERT(check_offer(*one.offer).has_value());
                SONM_ASSERT(one.node->weight >= 1 && one.node->load >= 0);
            }
        }
    }
    for (const std::string& name : directory.names()) SONM_ASSERT(!directory.offering(name).empty());
    return 0;
}
