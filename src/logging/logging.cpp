#include "sonm/logging/logging.hpp"

#include "sonm/base/units.hpp"
#include "sonm/logging/service.hpp"

namespace sonm::logging {

void read_settings(YamlReader& args, const std::filesystem::path& folder, Settings& out) {
    out.folder = folder;
    SegmentSettings files;
    bool to_files = true;
    std::string path;
    args.optional({"verbosity", "Least urgent level that is kept: debug, info, warning, error.", "debug"},
                  out.levels.general, parse_priority);
    args.entries({"levels", "Another level for a source, or with * at the end for all that begin so.",
                  "{\"app/chatty*\": warning}"},
                 [&](std::string_view source, std::string_view level) -> Result<void> {
                     SONM_TRY(LogPriority priority, parse_priority(level));
                     out.levels.sources.insert_or_assign(std::string(source), priority);
                     return {};
                 });
    args.optional(
        {"memory_max", "Newest entries that are held in memory for queries and slow disks.", "16 MiB"},
        out.memory_bytes_max, parse_bytes);
    args.optional({"files", "Whether entries are kept in files.", "true"}, to_files, yaml_flag);
    args.optional({"path", "Another folder for the files than the service's own.", "/var/log/sonm"}, path,
                  yaml_text);
    args.optional({"file_max", "A new file is begun when one is as large.", "16 MiB"},
                  files.segment_bytes_max, parse_bytes);
    args.optional({"file_age", "... or as old.", "1 d"}, files.segment_age_max, parse_span);
    args.optional({"total_max", "The oldest files go when all together are larger.", "1 GiB"},
                  files.total_bytes_max, parse_bytes);
    args.optional({"keep", "The oldest files go when they are older.", "30 d"}, files.kept_for, parse_span);
    args.optional(
        {"journald", "Socket of systemd's journal, to pass entries on to.", "/run/systemd/journal/socket"},
        out.journal_socket, yaml_text);
    args.optional({"syslog", "Socket of a syslog daemon, to pass entries on to.", "/dev/log"},
                  out.syslog_socket, yaml_text);
    args.optional({"queries_max", "Most queries at once.", "64"}, out.queries_max, parse_int<std::size_t>);
    std::vector<crypto::Address> operators;
    args.list({"operators", "Accounts that may read the log and set levels. Nobody named: everybody may.",
               "[0x5B38Da6a701c568545dCfcB03FcB875f56beddC4]"},
              operators, crypto::parse_address);
    out.operators.insert(operators.begin(), operators.end());
    if (files.total_bytes_max < 2 * files.segment_bytes_max && !args.describing())
        args.problem("total_max", "must be at least twice file_max");
    files.folder = path.empty() ? folder / "log" : std::filesystem::path(path);
    if (to_files) out.files = std::move(files);
}

Result<std::unique_ptr<services::PlatformService>> make(services::Environment environment, YamlReader& args) {
    Settings settings;
    read_settings(args, environment.folder, settings);
    if (args.describing()) return std::unique_ptr<services::PlatformService>();
    return std::make_unique<LoggingService>(environment.executor, *environment.clock, std::move(settings));
}

}  // namespace sonm::logging
