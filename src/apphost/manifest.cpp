#include "sonm/apphost/manifest.hpp"

#include "sonm/rpc/msgpack.hpp"

#include <cmath>
#include <functional>

namespace sonm::apphost {
namespace {

using rpc::Kind;
using rpc::Reader;
using rpc::Writer;

/// Reads one value of a map. False: the key is not known.
using ReadKey = std::function<Result<bool>(std::string_view key, Reader& in)>;

Result<void> read_map(Reader& in, std::string_view what, const ReadKey& read) {
    auto count = in.map();
    if (!count) return wrap(std::move(count.error()), "{} is no map", what);
    for (std::size_t i = 0; i < *count; ++i) {
        auto key = in.raw();
        if (!key) return wrap(std::move(key.error()), "key {} of the {}", i + 1, what);
        auto known = read(as_text(*key), in);
        if (!known) return wrap(std::move(known.error()), "{}, key \"{}\"", what, as_text(*key));
        if (*known) continue;
        SONM_CHECK(in.skip().map([](BytesView) {}));
    }
    return Result<void>();
}

Result<void> read_whole(BytesView msgpack, std::string_view what, const ReadKey& read) {
    if (msgpack.size() > manifest_bytes_max)
        return fail(Errc::too_large, "a {} of {} bytes, the limit is {}", what, msgpack.size(),
                    manifest_bytes_max);
    Reader in(msgpack);
    SONM_CHECK(read_map(in, what, read));
    if (!in.done()) return fail(Errc::invalid, "{}: {} bytes behind its end", what, in.left());
    return Result<void>();
}

Result<std::string> text(Reader& in) {
    SONM_TRY(BytesView bytes, in.raw());
    if (as_text(bytes).find('\0') != std::string_view::npos) return fail(Errc::invalid, "a NUL in the text");
    return std::string(as_text(bytes));
}

bool is_variable(std::string_view name) {
    auto fits = [](char c) {
        return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    };
    return !name.empty() && (name[0] < '0' || name[0] > '9') && std::all_of(name.begin(), name.end(), fits);
}

Result<bool> environment(Reader& in, std::map<std::string, std::string>& out) {
    auto variable = [&](std::string_view name, Reader& value) -> Result<bool> {
        if (!is_variable(name))
            return fail(Errc::invalid, "no name for a variable: letters, digits and _ are");
        SONM_TRY(out[std::string(name)], text(value));
        return true;
    };
    SONM_CHECK(read_map(in, "environment", variable));
    return true;
}

/// Seconds, whole or not, from a hundredth up to a year.
Result<bool> seconds(Reader& in, Millis& out) {
    SONM_TRY(double value, in.real());
    if (!(value >= 0.01 && value <= 31'536'000))
        return fail(Errc::invalid, "{} is not between 0.01 and 31536000 seconds", value);
    out = Millis(std::llround(value * 1000));
    return true;
}

template <class T>
Result<bool> number(Reader& in, T& out, std::uint64_t least, std::uint64_t most) {
    SONM_TRY(double value, in.real());
    if (!(value >= static_cast<double>(least) && value <= static_cast<double>(most)) ||
        value != std::floor(value))
        return fail(Errc::invalid, "{} is no whole number between {} and {}", value, least, most);
    out = static_cast<T>(value);
    return true;
}

Result<bool> isolate_args(Reader& in, Isolate& out) {
    auto argument = [&](std::string_view key, Reader& value) -> Result<bool> {
        if (key == "memory") return number(value, out.memory_bytes_max, 8 * MiB, 1024 * GiB);
        if (key == "cpu") return number(value, out.cpu_millicores, 10, 1'024'000);
        if (key == "processes") return number(value, out.processes_max, 1, 100'000);
        if (key == "files") return number(value, out.files_max, 16, 1'000'000);
        return false;
    };
    SONM_CHECK(read_map(in, "args", argument));
    return true;
}

Result<bool> isolate(Reader& in, Isolate& out) {
    auto part = [&](std::string_view key, Reader& value) -> Result<bool> {
        if (key == "args") return isolate_args(value, out);
        if (key != "type") return false;
        SONM_TRY(std::string type, text(value));
        if (type != "process" && type != "container" && type != "docker")
            return fail(Errc::invalid, "\"{}\" is neither process nor container", type);
        out.type = type == "process" ? Isolate::Type::process : Isolate::Type::container;
        return true;
    };
    SONM_CHECK(read_map(in, "isolate", part));
    return true;
}

/// The one list of keys: `visit(name, member)` for each of them.
template <class P, class Visit>
void each_timeout(P& p, Visit visit) {
    visit("spawn-timeout", p.spawn_timeout);
    visit("handshake-timeout", p.handshake_timeout);
    visit("heartbeat-timeout", p.heartbeat_timeout);
    visit("request-timeout", p.request_timeout);
    visit("seal-timeout", p.seal_timeout);
    visit("terminate-timeout", p.terminate_timeout);
    visit("idle-timeout", p.idle_timeout);
    visit("kill_timeout", p.kill_timeout);
}
template <class P, class Visit>
void each_number(P& p, Visit visit) {
    visit("concurrency", p.concurrency, 1, 500);
    visit("pool-limit", p.pool_limit, 1, 1'000);
    visit("queue-limit", p.queue_limit, 0, 100'000);
    visit("grow-threshold", p.grow_threshold, 0, 100'000);
    visit("crashlog-limit", p.crashlog_limit, 0, 10'000);
}

}  // namespace

Result<Manifest> parse_manifest(BytesView msgpack) {
    Manifest out;
    auto key = [&](std::string_view name, Reader& in) -> Result<bool> {
        if (name == "environment") return environment(in, out.environment);
        std::string* target = name == "slave" ? &out.slave : name == "image" ? &out.image : nullptr;
        if (!target) return false;
        SONM_TRY(*target, text(in));
        return true;
    };
    SONM_CHECK(read_whole(msgpack, "manifest", key));
    if (out.slave.empty() && out.image.empty())
        return fail(Errc::invalid,
                    "manifest: \"slave\" is missing, the program to start, such as \"./worker.py\"");
    return out;
}

Result<Profile> parse_profile(BytesView msgpack) {
    Profile out;
    auto key = [&](std::string_view name, Reader& in) -> Result<bool> {
        if (name == "isolate") return isolate(in, out.isolate);
        std::optional<Result<bool>> known;
        each_timeout(out, [&](std::string_view each, Millis& value) {
            if (each == name) known = seconds(in, value);
        });
        each_number(out,
                    [&](std::string_view each, std::size_t& value, std::uint64_t least, std::uint64_t most) {
                        if (each == name) known = number(in, value, least, most);
                    });
        return known ? std::move(*known) : Result<bool>(false);
    };
    SONM_CHECK(read_whole(msgpack, "profile", key));
    return out;
}

Bytes pack_manifest(const Manifest& manifest) {
    Bytes bytes;
    Writer out(bytes);
    out.map(manifest.image.empty() ? 2 : 3);
    out.raw("slave");
    out.raw(manifest.slave);
    out.raw("environment");
    out.map(manifest.environment.size());
    for (const auto& [name, value] : manifest.environment) {
        out.raw(name);
        out.raw(value);
    }
    if (!manifest.image.empty()) {
        out.raw("image");
        out.raw(manifest.image);
    }
    return bytes;
}

Bytes pack_profile(const Profile& profile) {
    Bytes bytes;
    Writer out(bytes);
    out.map(14);
    each_timeout(profile, [&](std::string_view name, Millis value) {
        out.raw(name);
        out.real(static_cast<double>(value.count()) / 1000);
    });
    each_number(profile, [&](std::string_view name, std::size_t value, int, int) {
        out.raw(name);
        out.uint(value);
    });
    out.raw("isolate");
    out.map(2);
    out.raw("type");
    out.raw(profile.isolate.type == Isolate::Type::process ? "process" : "container");
    out.raw("args");
    out.map(4);
    const std::pair<const char*, std::uint64_t> args[] = {{"memory", profile.isolate.memory_bytes_max},
                                                          {"cpu", profile.isolate.cpu_millicores},
                                                          {"processes", profile.isolate.processes_max},
                                                          {"files", profile.isolate.files_max}};
    for (auto [name, value] : args) {
        out.raw(name);
        out.uint(value);
    }
    return bytes;
}

Result<void> check_app_name(std::string_view name) {
    auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
               c == '-' || c == '.';
    };
    bool good = !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), fits) &&
                name[0] != '.' && name[0] != '-' && name[0] != '_';
    if (!good)
        return fail(std::errc::invalid_argument,
                    "\"{}\" is no name for an application: letters, digits, _, - and . are, at most 64",
                    name);
    return Result<void>();
}

}  // namespace sonm::apphost
