#include "sonm/cli/main.hpp"

int main(int argc, char** argv) { return sonm::cli::run(argc, argv); }
