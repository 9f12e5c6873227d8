# The service jabber against a real prosody on loopback.
add_executable(sonm_jabber_prosody_test ${CMAKE_CURRENT_SOURCE_DIR}/jabber_prosody_test.cpp)
target_link_libraries(sonm_jabber_prosody_test PRIVATE sonm_test_servers sonm_jabber GTest::gtest_main)
target_precompile_headers(sonm_jabber_prosody_test REUSE_FROM sonm_test_pch)
gtest_discover_tests(sonm_jabber_prosody_test TEST_PREFIX "jabber_prosody/" DISCOVERY_MODE PRE_TEST
  PROPERTIES LABELS integration TIMEOUT 120)

# One connection of it against bytes that no server sends.
add_executable(sonm_jabber_link_test ${CMAKE_CURRENT_SOURCE_DIR}/jabber_link_test.cpp)
target_link_libraries(sonm_jabber_link_test PRIVATE sonm_test_servers sonm_jabber GTest::gtest_main)
target_precompile_headers(sonm_jabber_link_test REUSE_FROM sonm_test_pch)
gtest_discover_tests(sonm_jabber_link_test TEST_PREFIX "jabber_link/" DISCOVERY_MODE PRE_TEST
  PROPERTIES LABELS integration TIMEOUT 120)
