#include "sonm/node/metrics.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace sonm::node {
namespace {

using services::Metric;

TEST(node_metrics, samples_of_one_name__stand_together_under_one_head) {
    MetricsText text;
    text.add("sonm_storage_", Metric{"bytes", "Held.", Metric::Kind::gauge, 12, {}}, {{"service", "a"}});
    text.add("sonm_", Metric{"up", "", Metric::Kind::gauge, 1, {}});
    text.add("sonm_storage_", Metric{"bytes", "Held, again.", Metric::Kind::gauge, 0.5, {{"kind", "x"}}},
             {{"service", "b"}});
    EXPECT_EQ(text.to_text(),
              "# HELP sonm_storage_bytes Held.\n# TYPE sonm_storage_bytes gauge\n"
              "sonm_storage_bytes{service=\"a\"} 12\nsonm_storage_bytes{service=\"b\",kind=\"x\"} 0.5\n"
              "# TYPE sonm_up gauge\nsonm_up 1\n");
}

TEST(node_metrics, names_and_texts_of_any_kind__stay_readable_for_prometheus) {
    MetricsText text;
    text.add(
        "", Metric{"9 lives-total", "two\nlines \\ \"q\"", Metric::Kind::counter, 1e15, {{"a b", "\"\\\n"}}});
    EXPECT_EQ(text.to_text(),
              "# HELP _9_lives_total two\\nlines \\\\ \"q\"\n# TYPE _9_lives_total counter\n"
              "_9_lives_total{a_b=\"\\\"\\\\\\n\"} 1000000000000000\n");
}

TEST(node_metrics, numbers_that_are_none__are_written_as_prometheus_does) {
    MetricsText text;
    text.add("", Metric{"a", "", Metric::Kind::gauge, std::numeric_limits<double>::infinity(), {}});
    text.add("", Metric{"b", "", Metric::Kind::gauge, std::numeric_limits<double>::quiet_NaN(), {}});
    EXPECT_EQ(text.to_text(), "# TYPE a gauge\na +Inf\n# TYPE b gauge\nb NaN\n");
}

TEST(node_metrics, this_process__has_memory_and_open_files) {
    std::vector<Metric> found;
    measure_process(found);
    std::map<std::string, double> values;
    for (const Metric& metric : found) values[metric.name] = metric.value;
    EXPECT_GT(values["resident_memory_bytes"], 1e5);
    EXPECT_GE(values["open_fds"], 3);
    EXPECT_GE(values["threads"], 1);
}

}  // namespace
}  // namespace sonm::node
