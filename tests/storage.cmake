# The room `storage` against real servers, a full disk, and kill -9.
add_executable(sonm_storage_writer ${CMAKE_CURRENT_SOURCE_DIR}/support/storage_writer.cpp)
target_link_libraries(sonm_storage_writer PRIVATE sonm_storage)
target_precompile_headers(sonm_storage_writer REUSE_FROM sonm_pch)

add_executable(sonm_storage_system_test ${CMAKE_CURRENT_SOURCE_DIR}/storage_servers_test.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/storage_faults_test.cpp)
target_link_libraries(sonm_storage_system_test PRIVATE sonm_test_servers sonm_storage GTest::gtest_main)
target_compile_definitions(sonm_storage_system_test PRIVATE
  SONM_STORAGE_WRITER="$<TARGET_FILE:sonm_storage_writer>" SONM_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
add_dependencies(sonm_storage_system_test sonm_storage_writer)
target_precompile_headers(sonm_storage_system_test REUSE_FROM sonm_test_pch)
# Where there is no npm, or nothing to get packages from, the tests that need them say so and are skipped.
add_test(NAME npm_test_servers WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}/npm
  COMMAND sh -c "test node_modules/.package-lock.json -nt package-lock.json || npm ci --no-audit --no-fund --loglevel=error || true")
set_tests_properties(npm_test_servers PROPERTIES FIXTURES_SETUP npm_test_servers LABELS integration TIMEOUT 300)
gtest_discover_tests(sonm_storage_system_test TEST_PREFIX "storage_system/" DISCOVERY_MODE PRE_TEST
  PROPERTIES LABELS integration TIMEOUT 180 FIXTURES_REQUIRED npm_test_servers)
