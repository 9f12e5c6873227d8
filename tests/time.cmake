# The time services of several nodes, over loopback.
add_executable(sonm_time_service_test ${CMAKE_CURRENT_SOURCE_DIR}/time_service_test.cpp)
target_link_libraries(sonm_time_service_test PRIVATE sonm_test_servers sonm_time GTest::gtest_main)
target_precompile_headers(sonm_time_service_test REUSE_FROM sonm_test_pch)
gtest_discover_tests(sonm_time_service_test TEST_PREFIX "time_service/" DISCOVERY_MODE PRE_TEST
  PROPERTIES LABELS integration TIMEOUT 120)
