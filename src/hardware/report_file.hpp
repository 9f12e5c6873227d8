#pragma once

#include "sonm/hardware/measure.hpp"

#include <filesystem>

namespace sonm::hardware {

/// A report as JSON, so that a machine is measured once. The file is ours alone; whatever is wrong with it is
/// a reason to measure again.

/// Writes it whole or not at all. Errors: as write_atomically.
Result<void> save_report(const std::filesystem::path& file, const BenchmarkReport& report);
/// Reads it if it is the machine's with this fingerprint and has every benchmark. Errors: not_found, conflict
/// (another machine's, or the machine has changed), corrupt.
Result<BenchmarkReport> load_report(const std::filesystem::path& file, const crypto::Hash& fingerprint);

std::string to_json(const BenchmarkReport& report);
/// Errors: corrupt.
Result<BenchmarkReport> parse_report(std::string_view json);

}  // namespace sonm::hardware
