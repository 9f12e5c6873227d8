#pragma once

namespace sonm::cli {

/// The whole command line of `sonm`: parses, runs the chosen command on this thread's event loop, returns the
/// exit code.
int run(int argc, char** argv);

}  // namespace sonm::cli
