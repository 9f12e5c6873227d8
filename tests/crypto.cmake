# The room `crypto` against Foundry's `cast`.
add_executable(sonm_crypto_cast_test ${CMAKE_CURRENT_SOURCE_DIR}/crypto_cast_test.cpp)
target_compile_definitions(sonm_crypto_cast_test PRIVATE SONM_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
target_link_libraries(sonm_crypto_cast_test PRIVATE sonm_crypto GTest::gtest GTest::gtest_main)
target_precompile_headers(sonm_crypto_cast_test REUSE_FROM sonm_test_pch)
gtest_discover_tests(sonm_crypto_cast_test TEST_PREFIX "crypto_cast/" DISCOVERY_MODE PRE_TEST
  PROPERTIES LABELS integration TIMEOUT 120)
