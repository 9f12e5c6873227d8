#include "sonm/http/response_parser.hpp"

namespace sonm::http {

int ResponseParser::headers_complete() {
    head_.status = parser_.status_code;
    head_.reason = std::exchange(first_line_, {});
    head_.headers = std::exchange(headers_, {});
    bool informational = head_.status >= 100 && head_.status < 200 && head_.status != 101;
    headers_done_ = !informational;
    // 1: there is no body, whatever the headers say.
    return no_body_ || head_.status < 200 ? 1 : 0;
}

void ResponseParser::message_complete() {
    if (!headers_done_) {
        head_ = Response();
        in_value_ = true;
        return;
    }
    done_ = true;
    keep_alive_ = http_should_keep_alive(&parser_) && head_.status != 101;
}

}  // namespace sonm::http
