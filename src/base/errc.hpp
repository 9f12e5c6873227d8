#pragma once

#include "sonm/base/error_enum.hpp"

namespace sonm {

#define SONM_BASE_ERRORS(X)                              \
    X(invalid, 1, "invalid input")                       \
    X(not_found, 2, "not found")                         \
    X(timeout, 3, "took too long")                       \
    X(too_large, 4, "over a size limit")                 \
    X(overflow, 5, "does not fit")                       \
    X(io, 6, "input or output failed")                   \
    X(closed, 7, "closed by the other side")             \
    X(exists, 8, "already exists")                       \
    X(denied, 9, "not allowed")                          \
    X(unavailable, 10, "not available now")              \
    X(conflict, 11, "not possible in this state")        \
    X(busy, 12, "a limit on concurrent work is reached") \
    X(corrupt, 13, "stored data is damaged")             \
    X(no_space, 14, "no space left")                     \
    X(internal, 15, "a defect in this program")

/// What can go wrong anywhere. Rooms with more to say have an enum of their own.
SONM_ERROR_ENUM(Errc, "sonm", SONM_BASE_ERRORS)

}  // namespace sonm

SONM_REGISTER_ERROR_ENUM(sonm::Errc)
