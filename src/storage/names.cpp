#include "sonm/storage/names.hpp"

#include "sonm/crypto/sha256.hpp"

namespace sonm::storage {
namespace {

/// Below what file systems (255) and object stores (1024 for a whole path) hold.
constexpr std::size_t file_name_bytes_max = 200;
constexpr std::string_view hash_mark = "%h";

bool stays(unsigned char byte, bool first) {
    if ((byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9'))
        return true;
    return byte == '.' ? !first : std::string_view("-_=+@,:~").find(char(byte)) != std::string_view::npos;
}

std::string escape(std::string_view name) {
    std::string out;
    for (std::size_t i = 0; i < name.size(); ++i) {
        auto byte = static_cast<unsigned char>(name[i]);
        if (stays(byte, i == 0))
            out += char(byte);
        else
            out += fmt::format("%{:02X}", byte);
    }
    return out;
}

}  // namespace

Result<void> check_name(std::string_view what, std::string_view name) {
    if (name.empty()) return fail(Errc::invalid, "the {} is empty: give it a name", what);
    if (name.size() > name_bytes_max)
        return fail(Errc::overflow, "the {} has {} bytes; at most {} are allowed", what, name.size(),
                    name_bytes_max);
    if (name == "." || name == "..")
        return fail(Errc::invalid, "the {} is \"{}\", which means a folder: take another name", what, name);
    if (name.find('/') != name.npos)
        return fail(Errc::invalid, "the {} has a \"/\" in it: take another character", what);
    if (name.find('\0') != name.npos)
        return fail(Errc::invalid, "the {} has a byte 0 in it: take another character", what);
    return {};
}

std::string to_file_name(std::string_view name) {
    std::string out = escape(name);
    if (out.size() <= file_name_bytes_max) return out;
    return fmt::format("{}{}", hash_mark, to_hex(crypto::sha256(as_bytes(name)).bytes));
}

Result<std::string> from_file_name(std::string_view file) {
    if (file.starts_with(hash_mark)) return fail(Errc::not_found, "a long name's hash");
    std::string name;
    for (std::size_t i = 0; i < file.size(); ++i) {
        if (file[i] != '%') {
            name += file[i];
            continue;
        }
        auto byte = parse_hex(file.substr(i + 1, 2));
        if (!byte || byte->size() != 1) return fail(Errc::invalid, "{} is no file of this storage", file);
        name += char(byte->front());
        i += 2;
    }
    if (escape(name) != file) return fail(Errc::invalid, "{} is no file of this storage", file);
    return name;
}

}  // namespace sonm::storage
