# The C++ SDK: a client and worker for tests/system/app_sdk_cpp_test.py, and a project outside of this one that uses it installed.
add_executable(sonm_sdk_cpp_probe ${CMAKE_CURRENT_SOURCE_DIR}/sdk_cpp/probe.cpp)
target_link_libraries(sonm_sdk_cpp_probe PRIVATE sonm_sdk)
target_precompile_headers(sonm_sdk_cpp_probe REUSE_FROM sonm_pch)

add_test(NAME sdk_cpp/package COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/sdk_cpp/package ${CMAKE_BINARY_DIR} ${CMAKE_CXX_COMPILER}
  $<TARGET_FILE:sonm>)
set_tests_properties(sdk_cpp/package PROPERTIES LABELS integration TIMEOUT 600)
