# The service notifications with webhooks on loopback, and killed.
add_executable(sonm_notifications_service_test ${CMAKE_CURRENT_SOURCE_DIR}/notifications_service_test.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/notifications_killed_test.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/notifications_lookup_test.cpp ${CMAKE_CURRENT_SOURCE_DIR}/support/slow_lookup.cpp)
target_link_libraries(sonm_notifications_service_test PRIVATE sonm_test_servers sonm_notifications GTest::gtest_main
  ${CMAKE_DL_LIBS})
target_precompile_headers(sonm_notifications_service_test REUSE_FROM sonm_test_pch)
gtest_discover_tests(sonm_notifications_service_test TEST_PREFIX "notifications_service/" DISCOVERY_MODE PRE_TEST
  PROPERTIES LABELS integration TIMEOUT 120)

# The same in a real node, with unicorn beside it.
add_test(NAME notifications/node COMMAND python3 ${CMAKE_CURRENT_SOURCE_DIR}/notifications_node_test.py)
set_tests_properties(notifications/node PROPERTIES LABELS integration TIMEOUT 120 SKIP_RETURN_CODE 77
  ENVIRONMENT "SONM_BINARY=$<TARGET_FILE:sonm>;SONM_SLOWNESS=${SONM_SLOWNESS}")
