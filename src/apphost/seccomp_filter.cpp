#include "sonm/apphost/seccomp_filter.hpp"

#include "sonm/base/errc.hpp"
#include "sonm/engine/file_handle.hpp"

#include <nlohmann/json.hpp>
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <map>
#include <memory>

namespace sonm::apphost {
namespace {

using nlohmann::json;

std::uint32_t action_of(const json& rule) {
    if (rule.value("action", "") == "SCMP_ACT_ALLOW") return SCMP_ACT_ALLOW;
    return SCMP_ACT_ERRNO(rule.value("errnoRet", 1U));
}

Result<scmp_arg_cmp> condition_of(const json& arg) {
    static const std::map<std::string, scmp_compare> operations{{"SCMP_CMP_NE", SCMP_CMP_NE},
                                                                {"SCMP_CMP_LT", SCMP_CMP_LT},
                                                                {"SCMP_CMP_LE", SCMP_CMP_LE},
                                                                {"SCMP_CMP_EQ", SCMP_CMP_EQ},
                                                                {"SCMP_CMP_GE", SCMP_CMP_GE},
                                                                {"SCMP_CMP_GT", SCMP_CMP_GT},
                                                                {"SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ}};
    auto operation = operations.find(arg.value("op", ""));
    if (operation == operations.end())
        return fail(Errc::invalid, "seccomp: unknown comparison in {}", arg.dump());
    return scmp_arg_cmp{arg.value("index", 0U), operation->second, arg.value("value", std::uint64_t(0)),
                        arg.value("valueTwo", std::uint64_t(0))};
}

Result<void> add_rule(scmp_filter_ctx filter, const json& rule, std::uint32_t otherwise) {
    std::vector<scmp_arg_cmp> conditions;
    for (const json& arg : rule.value("args", json::array())) {
        SONM_TRY(scmp_arg_cmp condition, condition_of(arg));
        conditions.push_back(condition);
    }
    std::uint32_t action = action_of(rule);
    if (action == otherwise) return Result<void>();
    for (const json& name : rule.at("names")) {
        int number = seccomp_syscall_resolve_name(name.get<std::string>().c_str());
        // Names that this machine's C library does not know need no rule: what is not allowed is refused.
        if (number == __NR_SCMP_ERROR) continue;
        int error = seccomp_rule_add_array(filter, action, number, static_cast<unsigned>(conditions.size()),
                                           conditions.data());
        if (error != 0)
            return fail(Errc::invalid, "seccomp: rule for {}: error {}", name.get<std::string>(), -error);
    }
    return Result<void>();
}

}  // namespace

Result<std::vector<sock_filter>> make_seccomp_filter(std::string_view profile) {
    json document = json::parse(profile, nullptr, false);
    if (!document.is_object()) return fail(Errc::invalid, "seccomp: the profile is no JSON object");
    std::uint32_t otherwise = SCMP_ACT_ERRNO(document.value("defaultErrnoRet", 1U));
    std::unique_ptr<void, void (*)(scmp_filter_ctx)> filter(seccomp_init(otherwise), seccomp_release);
    if (!filter) return fail(Errc::unavailable, "seccomp is not available on this machine");
    for (const json& rule : document.value("syscalls", json::array()))
        SONM_CHECK(add_rule(filter.get(), rule, otherwise));
    engine::FileHandle file(::memfd_create("seccomp", MFD_CLOEXEC));
    if (!file || seccomp_export_bpf(filter.get(), file.get()) != 0)
        return fail(Errc::unavailable, "seccomp: the filter could not be made");
    off_t bytes = ::lseek(file.get(), 0, SEEK_END);
    std::vector<sock_filter> program(static_cast<std::size_t>(bytes) / sizeof(sock_filter));
    if (program.empty() || ::pread(file.get(), program.data(), static_cast<std::size_t>(bytes), 0) != bytes)
        return fail(Errc::io, "seccomp: the filter could not be read back");
    return program;
}

}  // namespace sonm::apphost
