# The contract system through the verbs of `sonm`, on two chains whose clock is pushed forward.
add_test(NAME season COMMAND python3 ${CMAKE_SOURCE_DIR}/examples/season/season.py $<TARGET_FILE:sonm>)
math(EXPR season_seconds_max "600 * ${SONM_SLOWNESS}")
set_tests_properties(season PROPERTIES LABELS integration TIMEOUT ${season_seconds_max})
