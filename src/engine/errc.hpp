#pragma once

#include "sonm/base/error_enum.hpp"

namespace sonm::engine {

#define SONM_ENGINE_ERRORS(X)                                                            \
    X(engine_down, 1, "the container engine does not answer")                            \
    X(image_missing, 2, "the image is not on this machine")                              \
    X(image_refused, 3, "the image archive is not acceptable")                           \
    X(image_too_large, 4, "the image is over its size limit")                            \
    X(pull_failed, 5, "the image could not be pulled")                                   \
    X(command_missing, 6, "the command is not in the image or cannot be executed")       \
    X(container_missing, 7, "there is no such container")                                \
    X(name_taken, 8, "a container of that name exists")                                  \
    X(refused_by_engine, 9, "the container engine refused")                              \
    X(bad_answer, 10, "the container engine answered something unexpected")              \
    X(not_isolated, 11, "a network with a way out cannot be isolated from this machine") \
    X(path_escapes, 12, "the path leads out of the work folder")                         \
    X(output_missing, 13, "the output is not there")                                     \
    X(output_too_large, 14, "the outputs are over their size limit")                     \
    X(work_folder_full, 15, "the work folder is full")                                   \
    X(no_quota, 16, "this machine cannot bound the size of a work folder")

/// What can go wrong with containers, images and work folders. Numbers are stable.
SONM_ERROR_ENUM(EngineErrc, "engine", SONM_ENGINE_ERRORS)

}  // namespace sonm::engine

SONM_REGISTER_ERROR_ENUM(sonm::engine::EngineErrc)
