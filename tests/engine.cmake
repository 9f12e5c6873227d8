# The room `engine` against a real container engine; skipped where there is none.
find_package(LibArchive REQUIRED)
add_library(sonm_test_engine STATIC ${CMAKE_CURRENT_SOURCE_DIR}/support/engine.cpp)
target_include_directories(sonm_test_engine PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
target_compile_definitions(sonm_test_engine PUBLIC SONM_SOURCE_DIR="${CMAKE_SOURCE_DIR}" SONM_BINARY_DIR="${CMAKE_BINARY_DIR}")
target_link_libraries(sonm_test_engine PUBLIC sonm_engine GTest::gtest)
target_precompile_headers(sonm_test_engine REUSE_FROM sonm_test_pch)

# Runs inside of containers that have no C library.
add_executable(sonm_syscall_probe ${CMAKE_CURRENT_SOURCE_DIR}/support/syscall_probe.c)
target_link_options(sonm_syscall_probe PRIVATE -static)

file(GLOB engine_tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/engine_*_test.cpp)
add_executable(sonm_engine_system_test ${engine_tests})
target_link_libraries(sonm_engine_system_test PRIVATE sonm_test_engine GTest::gtest_main)
target_compile_definitions(sonm_engine_system_test PRIVATE SONM_SYSCALL_PROBE="$<TARGET_FILE:sonm_syscall_probe>")
add_dependencies(sonm_engine_system_test sonm_syscall_probe)
target_precompile_headers(sonm_engine_system_test REUSE_FROM sonm_test_pch)
gtest_discover_tests(sonm_engine_system_test TEST_PREFIX "engine_system/" DISCOVERY_MODE PRE_TEST
  PROPERTIES LABELS integration TIMEOUT 180)
