# The demo with each of its programs killed in the middle. In a folder of its own, with an engine of its own: it kills that too.
if(TARGET sonm)
  add_test(NAME demo_survives_kills COMMAND ${CMAKE_COMMAND} -E env --unset=DOCKER_HOST SONM=$<TARGET_FILE:sonm>
    SONM_DEMO_OUT=${CMAKE_BINARY_DIR}/demo python3 ${CMAKE_SOURCE_DIR}/tools/demo.py --kill worker,buyer,engine)
  set_tests_properties(demo_survives_kills PROPERTIES LABELS integration TIMEOUT 900 SKIP_RETURN_CODE 3 PROCESSORS 2)
endif()
