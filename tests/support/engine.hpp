#pragma once

#include "sonm/engine/docker_engine.hpp"

#include <functional>
#include <string>

/// A real container engine for tests of the whole system.
namespace sonm::test {

/// Address of the engine to test with: $DOCKER_HOST, else the system's socket if something answers there. An
/// engine is never started here: `eval "$(tools/engine ensure --state DIR)"` does. The error is the reason to
/// skip.
Result<std::string> find_engine();
/// The same without asking whether it answers.
Result<std::string> find_engine_address();

/// Path of the busybox image archive, made once per build folder by tools/image.
std::string busybox_archive();
/// Loads it. 2 MB, /bin/sh, user 1000, /work.
Async<engine::ImageId> load_busybox(engine::Engine& engine);

/// The file in pieces.
engine::ByteSource file_source(const std::string& path);

/// A spec with a unique name and the label {"sonm.test": …} of this process, small limits, and `sh -c script`
/// as its command.
engine::ContainerSpec shell(const engine::ImageId& image, std::string script);
engine::Labels test_labels();

/// Runs `body(engine, busybox)` against the found engine and removes afterwards what carries test_labels().
/// The answer is the reason to skip, or empty.
using Body = std::function<Task<void>(engine::Engine&, engine::ImageId)>;
std::string with_engine(Body body);
std::string with_engine(const std::string& address, Body body);

/// Everything that the container prints until it ends, both channels.
Async<std::string> output_of(engine::Engine& engine, engine::ContainerId id);
/// Creates, starts, waits; the report. The container stays.
Async<engine::ExitReport> run_to_end(engine::Engine& engine, engine::ContainerSpec spec);

}  // namespace sonm::test

/// A test against a real engine: skipped, with the reason, where there is none. `body` is a
/// Task<void>(Engine&, ImageId).
#define SONM_ENGINE_TEST(suite, name, body)                   \
    TEST(suite, name) {                                       \
        std::string reason = ::sonm::test::with_engine(body); \
        if (!reason.empty()) GTEST_SKIP() << reason;          \
    }
