# The rooms `chain` and `settlement` against a real EVM chain (anvil); skipped where there is none.
add_library(sonm_test_anvil STATIC ${CMAKE_CURRENT_SOURCE_DIR}/support/anvil.cpp)
target_include_directories(sonm_test_anvil PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
target_compile_definitions(sonm_test_anvil PUBLIC SONM_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
target_link_libraries(sonm_test_anvil PUBLIC sonm_chain GTest::gtest)
target_precompile_headers(sonm_test_anvil REUSE_FROM sonm_test_pch)

add_library(sonm_test_market STATIC ${CMAKE_CURRENT_SOURCE_DIR}/support/market.cpp)
target_link_libraries(sonm_test_market PUBLIC sonm_test_anvil sonm_settlement)
target_precompile_headers(sonm_test_market REUSE_FROM sonm_test_pch)

foreach(room IN ITEMS chain settlement)
  file(GLOB room_tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${room}_*_test.cpp)
  add_executable(sonm_${room}_system_test ${room_tests})
  target_link_libraries(sonm_${room}_system_test PRIVATE sonm_test_market GTest::gtest_main)
  target_precompile_headers(sonm_${room}_system_test REUSE_FROM sonm_test_pch)
  gtest_discover_tests(sonm_${room}_system_test TEST_PREFIX "${room}_system/" DISCOVERY_MODE PRE_TEST
    PROPERTIES LABELS integration TIMEOUT 180)
endforeach()
