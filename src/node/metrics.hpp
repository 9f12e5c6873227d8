#pragma once

#include "sonm/services/platform.hpp"

#include <map>

namespace sonm::node {

/// Collects measured values and writes them in the text format that Prometheus reads. Source: "Exposition
/// formats", text version 0.0.4. Names, labels and help may be any text: what the format cannot carry is
/// escaped or replaced.
class MetricsText {
public:
    using Labels = std::vector<std::pair<std::string, std::string>>;

    /// `metric.name` gets `prefix` in front, `labels` stand before its own. Samples of one name share the
    /// first one's help and kind.
    void add(std::string_view prefix, const services::Metric& metric, const Labels& labels = {});
    std::string to_text() const;

private:
    struct Family {
        std::string help;
        services::Metric::Kind kind;
        std::string samples;
    };
    std::map<std::string, Family> families_;
};

/// What the system tells of this process: memory, processor time, files, start.
void measure_process(std::vector<services::Metric>& out);

}  // namespace sonm::node
