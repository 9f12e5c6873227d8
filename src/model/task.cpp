#include "sonm/model/task.hpp"

#include "sonm/base/units.hpp"
#include "sonm/crypto/eip712.hpp"
#include "sonm/crypto/keccak.hpp"
#include "sonm/model/errc.hpp"

namespace sonm::model {
namespace {

struct Limits {
    std::size_t items = 256;             ///< entries of any list
    std::size_t text_bytes = 4096;       ///< of a path, a name, a reference
    std::size_t value_bytes = 32 * KiB;  ///< of an argument or an environment value
    std::size_t spec_bytes = 512 * KiB;  ///< all texts together
    std::uint64_t output_bytes = 1024ULL * GiB;
    std::uint64_t grace_s = 3600;
};
constexpr Limits limits;

/// Adds up what texts weigh while checking each.
class Checker {
public:
    Result<void> text(std::string_view field, std::string_view value, std::size_t bytes_max) {
        bytes_ += value.size();
        if (value.size() > bytes_max)
            return bad(field, fmt::format("has {} bytes, the limit is {}", value.size(), bytes_max));
        if (value.find('\0') != std::string_view::npos) return bad(field, "contains a zero byte");
        if (bytes_ > limits.spec_bytes)
            return bad(field, fmt::format("brings the task over {} bytes", limits.spec_bytes));
        return {};
    }
    Result<void> count(std::string_view field, std::size_t items) {
        if (items > limits.items)
            return bad(field, fmt::format("has {} entries, the limit is {}", items, limits.items));
        return {};
    }
    Result<void> list(std::string_view field, const std::vector<std::string>& values) {
        SONM_CHECK(count(field, values.size()));
        for (const std::string& value : values) SONM_CHECK(text(field, value, limits.value_bytes));
        return {};
    }
    /// A path inside the work folder.
    Result<void> inside(std::string_view field, std::string_view path) {
        SONM_CHECK(text(field, path, limits.text_bytes));
        if (path.empty()) return bad(field, "is empty");
        if (path.front() == '/')
            return bad(field, fmt::format("'{}' must be relative to the work folder", path));
        for (std::size_t begin = 0; begin <= path.size();) {
            std::size_t end = std::min(path.find('/', begin), path.size());
            std::string_view part = path.substr(begin, end - begin);
            if (part == "..") return bad(field, fmt::format("'{}' leaves the work folder", path));
            if (part.empty() || (part == "." && path != ".")) {
                return bad(field, fmt::format("'{}' has an empty or '.' part", path));
            }
            begin = end + 1;
        }
        return {};
    }
    static tl::unexpected<Error> bad(std::string_view field, std::string_view why) {
        return fail(ModelErrc::bad_task, "{}: {}", field, why);
    }

private:
    std::size_t bytes_ = 0;
};

bool is_reference_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("./:_@-+").find(c) != std::string_view::npos;
}

Result<void> check_image(Checker& check, const ImageSource& image) {
    if (image.reference.empty())
        return Checker::bad("image", "is missing: name it like 'sonm/povray:latest'");
    SONM_CHECK(check.text("image", image.reference, 512));
    if (!std::all_of(image.reference.begin(), image.reference.end(), is_reference_character) ||
        image.reference.front() == '-') {
        return Checker::bad("image", fmt::format("'{}' is no image name", image.reference));
    }
    SONM_CHECK(check.text("image: registry user", image.registry_user, limits.text_bytes));
    SONM_CHECK(check.text("image: registry password", image.registry_password, limits.text_bytes));
    if (image.blob && image.blob_bytes == 0) return Checker::bad("image", "the uploaded archive is empty");
    return {};
}

Result<void> check_inputs(Checker& check, const std::vector<InputFile>& inputs) {
    SONM_CHECK(check.count("inputs", inputs.size()));
    std::vector<std::string_view> paths;
    for (const InputFile& input : inputs) {
        SONM_CHECK(check.inside("inputs", input.path));
        if (input.path == ".") return Checker::bad("inputs", "'.' is no file");
        if (input.mode > 0777)
            return Checker::bad("inputs", fmt::format("'{}': mode {:o} is over 777", input.path, input.mode));
        paths.push_back(input.path);
    }
    std::sort(paths.begin(), paths.end());
    for (std::size_t i = 1; i < paths.size(); ++i) {
        if (paths[i] == paths[i - 1])
            return Checker::bad("inputs", fmt::format("'{}' is given twice", paths[i]));
        if (paths[i].starts_with(std::string(paths[i - 1]) + "/")) {
            return Checker::bad("inputs", fmt::format("'{}' is a file and a folder", paths[i - 1]));
        }
    }
    return {};
}

Result<void> check_environment(Checker& check, const std::map<std::string, std::string>& environment) {
    SONM_CHECK(check.count("environment", environment.size()));
    for (const auto& [name, value] : environment) {
        SONM_CHECK(check.text("environment", name, limits.text_bytes));
        SONM_CHECK(check.text(fmt::format("environment: {}", name), value, limits.value_bytes));
        if (name.empty() || name.find('=') != std::string::npos) {
            return Checker::bad("environment", fmt::format("'{}' is no name of a variable", name));
        }
    }
    return {};
}

crypto::TypedStruct typed(const Usage& usage) {
    crypto::TypedStruct out("Usage");
    out.number("uint64", "cpuMs", U256(usage.cpu_ms))
        .number("uint64", "memoryPeakBytes", U256(usage.memory_peak_bytes))
        .number("uint64", "netRxBytes", U256(usage.net_rx_bytes))
        .number("uint64", "netTxBytes", U256(usage.net_tx_bytes))
        .number("uint64", "blockReadBytes", U256(usage.block_read_bytes))
        .number("uint64", "blockWriteBytes", U256(usage.block_write_bytes))
        .number("uint64", "wallMs", U256(usage.wall_ms));
    return out;
}

/// Two's complement over the whole word, as the ABI has it.
U256 to_signed_word(std::int32_t value) {
    auto magnitude = U256(static_cast<std::uint64_t>(std::abs(std::int64_t(value))));
    return value < 0 ? ~magnitude + 1 : magnitude;
}

/// Length-prefixed fields, so that ("ab", "c") and ("a", "bc") differ.
class Encoder {
public:
    void number(std::uint64_t value) {
        for (int shift = 56; shift >= 0; shift -= 8)
            bytes_.push_back(static_cast<std::uint8_t>(value >> shift));
    }
    void text(std::string_view value) {
        number(value.size());
        append(bytes_, as_bytes(value));
    }
    void hash(const crypto::Hash& value) { append(bytes_, value.bytes); }
    void texts(const std::vector<std::string>& values) {
        number(values.size());
        for (const std::string& value : values) text(value);
    }
    crypto::Hash digest() const { return crypto::keccak256(bytes_); }

private:
    Bytes bytes_;
};

void encode(Encoder& out, const Resources& resources) {
    out.number(resources.cpu_millicores);
    out.number(resources.ram_bytes);
    out.number(resources.storage_bytes);
    out.number(resources.net_down_bps);
    out.number(resources.net_up_bps);
    out.number(resources.gpus.size());
    for (std::uint32_t gpu : resources.gpus) out.number(gpu);
}

/// Numbers only: an image may call root by any name, and engines also read signs.
Result<void> check_user(std::string_view user) {
    if (user.empty()) return {};
    std::size_t colon = user.find(':');
    std::string_view name = user.substr(0, colon);
    std::string_view group = colon == std::string_view::npos ? "0" : user.substr(colon + 1);
    auto is_number = [](std::string_view text) {
        return !text.empty() && text.size() <= 10 &&
               text.find_first_not_of("0123456789") == std::string_view::npos;
    };
    if (name == "root" || (is_number(name) && name.find_first_not_of('0') == std::string_view::npos))
        return Checker::bad("user", "tasks never run as root");
    if (!is_number(name) || !is_number(group)) {
        return Checker::bad(
            "user", fmt::format("'{}' is no user: give a number, and perhaps :group, a number too", user));
    }
    return {};
}

}  // namespace

std::string_view to_string(TaskState state) {
#define SONM_TASK_STATE_WORD(identifier, number, word, meaning) \
    case TaskState::identifier: return word;
    switch (state) { SONM_TASK_STATES(SONM_TASK_STATE_WORD) }
#undef SONM_TASK_STATE_WORD
    return "unknown";
}

Result<void> validate(const TaskSpec& spec) {
    Checker check;
    SONM_CHECK(check_image(check, spec.image));
    SONM_CHECK(check.list("entrypoint", spec.entrypoint));
    SONM_CHECK(check.list("command", spec.command));
    SONM_CHECK(check.text("working_dir", spec.working_dir, limits.text_bytes));
    if (spec.working_dir.size() < 2 || spec.working_dir.front() != '/') {
        return Checker::bad("working_dir",
                            fmt::format("'{}' must be an absolute path below /", spec.working_dir));
    }
    SONM_CHECK(check.inside("working_dir", std::string_view(spec.working_dir).substr(1)));
    SONM_CHECK(check.text("user", spec.user, 256));
    SONM_CHECK(check_user(spec.user));
    SONM_CHECK(check_environment(check, spec.environment));
    SONM_CHECK(check_inputs(check, spec.inputs));
    SONM_CHECK(check.count("outputs", spec.outputs.size()));
    for (const std::string& output : spec.outputs) SONM_CHECK(check.inside("outputs", output));
    if (spec.limits && spec.limits->gpus.size() > limits.items)
        return Checker::bad("limits", "too many GPUs");
    if (spec.stop_grace.value > limits.grace_s) {
        return Checker::bad("stop_grace", fmt::format("is {}, the limit is {}", print_span(spec.stop_grace),
                                                      print_span(Seconds(limits.grace_s))));
    }
    if (spec.output_bytes_max > limits.output_bytes) {
        return Checker::bad("output_bytes_max", fmt::format("is {}, the limit is {}", spec.output_bytes_max,
                                                            limits.output_bytes));
    }
    return check.text("tag", spec.tag, 256);
}

crypto::Hash receipt_digest(const Receipt& receipt, std::uint64_t chain_id) {
    crypto::Eip712Domain domain;
    domain.name = "SONM Receipt";
    domain.version = "1";
    domain.chain_id = chain_id;
    crypto::TypedStruct body("Receipt");
    body.number("uint64", "deal", U256(receipt.deal.value))
        .string("task", receipt.task.value)
        .address("worker", receipt.worker)
        .bytes32("spec", receipt.spec)
        .bytes32("image", receipt.image)
        .bytes32("inputs", receipt.inputs)
        .bytes32("outputs", receipt.outputs)
        .number("int32", "exitCode", to_signed_word(receipt.exit_code))
        .nested("usage", typed(receipt.usage))
        .number("uint40", "startedAt", U256(receipt.started_at.value))
        .number("uint40", "endedAt", U256(receipt.ended_at.value));
    return crypto::typed_digest(crypto::domain_separator(domain), body.hash());
}

crypto::Hash spec_hash(const TaskSpec& spec) {
    Encoder out;
    out.text("sonm task 1");
    out.text(spec.image.reference);
    out.number(spec.image.blob ? 1 : 0);
    if (spec.image.blob) out.hash(*spec.image.blob);
    out.number(spec.image.blob_bytes);
    out.texts(spec.entrypoint);
    out.texts(spec.command);
    out.text(spec.working_dir);
    out.text(spec.user);
    out.number(spec.environment.size());
    for (const auto& [name, value] : spec.environment) {
        out.text(name);
        out.text(value);
    }
    out.hash(inputs_root(spec.inputs));
    out.texts(spec.outputs);
    out.number(spec.limits ? 1 : 0);
    if (spec.limits) encode(out, *spec.limits);
    out.number(spec.time_limit.value);
    out.number(spec.stop_grace.value);
    out.number(spec.network ? 1 : 0);
    out.number(spec.output_bytes_max);
    out.text(spec.tag);
    return out.digest();
}

crypto::Hash inputs_root(std::vector<InputFile> inputs) {
    if (inputs.empty()) return {};
    std::sort(inputs.begin(), inputs.end(),
              [](const InputFile& a, const InputFile& b) { return a.path < b.path; });
    Encoder out;
    out.number(inputs.size());
    for (const InputFile& input : inputs) {
        out.text(input.path);
        out.hash(input.blob);
        out.number(input.bytes);
        out.number(input.mode);
    }
    return out.digest();
}

TaskId make_task_id() { return TaskId(to_hex(random_bytes(16))); }

Result<TaskId> parse_task_id(std::string_view text) {
    auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
    if (text.size() != 32 || !std::all_of(text.begin(), text.end(), is_hex)) {
        return fail(ModelErrc::bad_task, "'{}' is no task id: it has 32 lower-case hex digits",
                    text.substr(0, 80));
    }
    return TaskId(std::string(text));
}

}  // namespace sonm::model
