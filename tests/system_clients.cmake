# What system/clients_test runs beside the node: clients of other people, installed where they can be had.
add_test(NAME test_clients COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/clients/install ${CMAKE_BINARY_DIR}/clients)
set_tests_properties(test_clients PROPERTIES FIXTURES_SETUP test_clients LABELS integration TIMEOUT 300)
set_tests_properties(system/clients_test PROPERTIES FIXTURES_REQUIRED "test_clients;npm_test_servers")
set_property(TEST system/clients_test APPEND PROPERTY ENVIRONMENT "SONM_TEST_CLIENTS=${CMAKE_BINARY_DIR}/clients")
