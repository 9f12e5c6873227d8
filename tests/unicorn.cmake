# The coordination service over a real etcd on loopback.
add_executable(sonm_unicorn_etcd_test ${CMAKE_CURRENT_SOURCE_DIR}/unicorn_etcd_test.cpp)
target_link_libraries(sonm_unicorn_etcd_test PRIVATE sonm_test_servers sonm_unicorn GTest::gtest_main)
target_precompile_headers(sonm_unicorn_etcd_test REUSE_FROM sonm_test_pch)
gtest_discover_tests(sonm_unicorn_etcd_test TEST_PREFIX "unicorn_etcd/" DISCOVERY_MODE PRE_TEST
  PROPERTIES LABELS integration TIMEOUT 120)
