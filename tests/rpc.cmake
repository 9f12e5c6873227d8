# The room `rpc` over real sockets of this machine.
foreach(part IN ITEMS socket crowd)
  add_executable(sonm_rpc_${part}_test ${CMAKE_CURRENT_SOURCE_DIR}/rpc_${part}_test.cpp)
  target_link_libraries(sonm_rpc_${part}_test PRIVATE sonm_rpc GTest::gtest GTest::gtest_main)
  target_precompile_headers(sonm_rpc_${part}_test REUSE_FROM sonm_test_pch)
  gtest_discover_tests(sonm_rpc_${part}_test TEST_PREFIX "rpc_${part}/" DISCOVERY_MODE PRE_TEST
    PROPERTIES LABELS integration TIMEOUT 120)
endforeach()
