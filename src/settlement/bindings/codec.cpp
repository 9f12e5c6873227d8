#include "sonm/settlement/bindings/codec.hpp"

#include "sonm/base/clock.hpp"
#include "sonm/base/units.hpp"

namespace sonm::settlement::bindings {

std::string show(Tokens value) { return print_tokens(value); }
std::string show(UnixTime value) { return to_utc(value) + " UTC"; }

}  // namespace sonm::settlement::bindings
