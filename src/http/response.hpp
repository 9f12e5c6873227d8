#pragma once

#include <string>
#include <string_view>
#include <vector>

/// What an HTTP answer is made of; see client.hpp.
namespace sonm::http {

struct Header {
    std::string name;  ///< as written; compared without case
    std::string value;
    bool operator==(const Header&) const = default;
};

/// First header of that name, without case; nullptr if there is none.
const std::string* find_header(const std::vector<Header>& headers, std::string_view name);

struct Response {
    int status = 0;
    std::string reason;
    std::vector<Header> headers;
    std::string body;

    /// First header of that name, without case; nullptr if there is none.
    const std::string* header(std::string_view name) const;
};

}  // namespace sonm::http
