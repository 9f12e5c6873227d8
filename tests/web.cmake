# Support for tests of services: HTTP servers in the test itself, and real servers as processes on loopback.
add_library(sonm_test_servers STATIC ${CMAKE_CURRENT_SOURCE_DIR}/support/http_peer.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/support/server_process.cpp)
target_include_directories(sonm_test_servers PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(sonm_test_servers PUBLIC sonm_base GTest::gtest)
target_precompile_headers(sonm_test_servers REUSE_FROM sonm_test_pch)

# The room `web` over real sockets of this machine.
add_executable(sonm_web_request_test ${CMAKE_CURRENT_SOURCE_DIR}/web_request_test.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/web_upload_test.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/web_lookup_test.cpp ${CMAKE_CURRENT_SOURCE_DIR}/support/slow_lookup.cpp)
target_link_libraries(sonm_web_request_test PRIVATE sonm_test_servers sonm_web GTest::gtest_main ${CMAKE_DL_LIBS})
target_precompile_headers(sonm_web_request_test REUSE_FROM sonm_test_pch)
gtest_discover_tests(sonm_web_request_test TEST_PREFIX "web_request/" DISCOVERY_MODE PRE_TEST
  PROPERTIES LABELS integration TIMEOUT 120)
