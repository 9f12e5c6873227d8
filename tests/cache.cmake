# The room `cache` against a real Redis server.
add_executable(sonm_cache_system_test ${CMAKE_CURRENT_SOURCE_DIR}/cache_redis_test.cpp)
target_link_libraries(sonm_cache_system_test PRIVATE sonm_test_servers sonm_cache GTest::gtest_main)
target_precompile_headers(sonm_cache_system_test REUSE_FROM sonm_test_pch)
gtest_discover_tests(sonm_cache_system_test TEST_PREFIX "cache_system/" DISCOVERY_MODE PRE_TEST
  PROPERTIES LABELS integration TIMEOUT 120)
