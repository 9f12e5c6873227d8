# What system/clients_test runs beside the node: clients of other people, installed where they can be had.
add_test(NAME test_clients COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/clients/install ${CMAKE_BINARY_DIR}/clients)
set_tests_properties(test_clients PROPERTIES FIXTURES_SETUP test_clients LABELS integration TIMEOUT 300)
# Each language is a test of its own, so that what was skipped does not look like passed.
foreach(language Python Go JavaScript)
  set(name system/clients_test/${language})
  add_test(NAME ${name} COMMAND python3 ${CMAKE_CURRENT_SOURCE_DIR}/system/clients_test.py ${language})
  set_tests_properties(${name} PROPERTIES LABELS integration TIMEOUT ${system_seconds_max} SKIP_RETURN_CODE 77 RESOURCE_LOCK whole_system
    FIXTURES_REQUIRED "test_clients;npm_test_servers"
    ENVIRONMENT "SONM_BINARY=$<TARGET_FILE:sonm>;SONM_SLOWNESS=${SONM_SLOWNESS};SONM_TEST_CLIENTS=${CMAKE_BINARY_DIR}/clients")
endforeach()
