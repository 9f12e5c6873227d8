#pragma once

#include "sonm/base/errc.hpp"

namespace sonm::model {

#define SONM_MODEL_ERRORS(X)                      \
    X(bad_order, 1, "the order cannot be placed") \
    X(bad_task, 2, "the task cannot be run")      \
    X(unknown_word, 3, "an unknown word")

/// What can be wrong with a noun. The context names the field, what it has and what it may be.
SONM_ERROR_ENUM(ModelErrc, "model", SONM_MODEL_ERRORS)

}  // namespace sonm::model

SONM_REGISTER_ERROR_ENUM(sonm::model::ModelErrc)
