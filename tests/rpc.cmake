# The room `rpc` over real sockets of this machine.
add_executable(sonm_rpc_socket_test ${CMAKE_CURRENT_SOURCE_DIR}/rpc_socket_test.cpp)
target_link_libraries(sonm_rpc_socket_test PRIVATE sonm_rpc GTest::gtest GTest::gtest_main)
target_precompile_headers(sonm_rpc_socket_test REUSE_FROM sonm_test_pch)
gtest_discover_tests(sonm_rpc_socket_test TEST_PREFIX "rpc_socket/" DISCOVERY_MODE PRE_TEST
  PROPERTIES LABELS integration TIMEOUT 120)
