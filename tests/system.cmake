# The whole system: chain, workers, buyers and engine as programs. One file of cases is one test.
file(GLOB system_tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/system/*_test.py)
list(FILTER system_tests EXCLUDE REGEX "/clients_test\\.py$")  # in system_clients.cmake
math(EXPR system_seconds_max "300 * ${SONM_SLOWNESS}")
foreach(script IN LISTS system_tests)
  get_filename_component(name ${script} NAME_WE)
  add_test(NAME system/${name} COMMAND python3 ${script})
  # One at a time: their deadlines assume that the machine is not full of workers.
  set_tests_properties(system/${name} PROPERTIES LABELS integration TIMEOUT ${system_seconds_max} SKIP_RETURN_CODE 77 RESOURCE_LOCK whole_system
    ENVIRONMENT "SONM_BINARY=$<TARGET_FILE:sonm>;SONM_SLOWNESS=${SONM_SLOWNESS}")
endforeach()
