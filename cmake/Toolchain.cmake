# Compiler flags, libraries that every room shares, and the one precompiled header.
if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  message(FATAL_ERROR "SONM is built with Clang 16: GCC 12 corrupts memory in coroutines. Use a preset: cmake --preset dev")
endif()

set(SONM_SANITIZE "" CACHE STRING "Sanitizers: address,undefined | thread")
option(SONM_RELEASE "No debug assertions" OFF)
option(SONM_BENCH "Build the benchmark programs" OFF)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
# One position-independence flag for everything, so that one precompiled header serves libraries and programs.

find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(tl-expected REQUIRED)
find_package(GTest REQUIRED)

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CCACHE})
endif()

add_library(sonm_options INTERFACE)
target_compile_options(sonm_options INTERFACE -fPIE -O2 -gline-tables-only -Wall -Wextra -Werror -Wno-unused-parameter
  -Wno-missing-field-initializers "SHELL:-Xclang -fno-pch-timestamp")
target_compile_definitions(sonm_options INTERFACE ASIO_HAS_CO_AWAIT=1 ASIO_HAS_STD_COROUTINE=1 ASIO_NO_DEPRECATED
  MSGPACK_NO_BOOST)
if(SONM_RELEASE)
  target_compile_definitions(sonm_options INTERFACE NDEBUG)
endif()
target_link_options(sonm_options INTERFACE -pie -fuse-ld=mold)
target_link_libraries(sonm_options INTERFACE Threads::Threads fmt::fmt spdlog::spdlog tl::expected)
# By how much the system's tests stretch their deadlines.
set(SONM_SLOWNESS 1)
if(SONM_SANITIZE)
  set(SONM_SLOWNESS 4)
  # Instrumented code that was inlined is what these builds spend their time on: without most of it they take a third less.
  target_compile_options(sonm_options INTERFACE -fsanitize=${SONM_SANITIZE} -fno-omit-frame-pointer -O1
    "SHELL:-mllvm -inline-threshold=5")
  target_link_options(sonm_options INTERFACE -fsanitize=${SONM_SANITIZE})
  if(SONM_SANITIZE MATCHES "address")
    target_compile_options(sonm_options INTERFACE -fsanitize=fuzzer-no-link -fno-sanitize-recover=undefined)
  endif()
endif()

# One precompiled header for all rooms, one more with GoogleTest for all tests.
file(WRITE ${CMAKE_BINARY_DIR}/pch.cpp "// Holds the shared precompiled header.\n")
add_library(sonm_pch OBJECT ${CMAKE_BINARY_DIR}/pch.cpp)
target_link_libraries(sonm_pch PUBLIC sonm_options)
target_precompile_headers(sonm_pch PRIVATE ${CMAKE_SOURCE_DIR}/cmake/pch.hpp)
add_library(sonm_test_pch OBJECT ${CMAKE_BINARY_DIR}/pch.cpp)
target_link_libraries(sonm_test_pch PUBLIC sonm_options GTest::gtest GTest::gmock)
target_precompile_headers(sonm_test_pch PRIVATE ${CMAKE_SOURCE_DIR}/cmake/pch.hpp <gtest/gtest.h> <gmock/gmock.h>)
