# The service urlfetch against servers on loopback.
add_executable(sonm_fetch_service_test ${CMAKE_CURRENT_SOURCE_DIR}/fetch_service_test.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/support/slow_lookup.cpp)
target_link_libraries(sonm_fetch_service_test PRIVATE sonm_test_servers sonm_fetch GTest::gtest_main ${CMAKE_DL_LIBS})
target_precompile_headers(sonm_fetch_service_test REUSE_FROM sonm_test_pch)
gtest_discover_tests(sonm_fetch_service_test TEST_PREFIX "fetch_service/" DISCOVERY_MODE PRE_TEST
  PROPERTIES LABELS integration TIMEOUT 120)
