# Makes the SDK a package of its own:  cmake --install BUILD --component sdk --prefix PREFIX
# Then, elsewhere:                     find_package(sonm REQUIRED)   target_link_libraries(worker PRIVATE sonm::sdk)
# The rooms below the SDK, and what of the system they need, are read from the targets.
include(GNUInstallDirs)

# Which package of the system gives a target: each row is "target|command of the package's file".
set(packages
  "Threads::Threads|find_dependency(Threads)"
  "fmt::fmt|find_dependency(fmt)"
  "spdlog::spdlog|find_dependency(spdlog)"
  "tl::expected|find_dependency(tl-expected)"
  "yaml-cpp|find_dependency(yaml-cpp)"
  "SQLite::SQLite3|find_dependency(SQLite3)"
  "OpenSSL::Crypto|find_dependency(OpenSSL)"
  "PkgConfig::SECP256K1|pkg_check_modules(SECP256K1 REQUIRED QUIET IMPORTED_TARGET libsecp256k1)")

# sonm_sdk_walk(target): puts into `order` the libraries of this project in the order of linking, into `outside` all others.
function(sonm_sdk_walk target)
  if(target IN_LIST order)
    return()
  endif()
  if(target MATCHES "^sonm_")
    get_target_property(links ${target} INTERFACE_LINK_LIBRARIES)
    foreach(link IN LISTS links)
      if(NOT link STREQUAL "links-NOTFOUND")
        sonm_sdk_walk(${link})
      endif()
    endforeach()
    get_target_property(type ${target} TYPE)
    if(type STREQUAL "STATIC_LIBRARY")
      list(PREPEND order ${target})  # before all that it needs
    endif()
  elseif(NOT target IN_LIST outside)
    list(APPEND outside ${target})
  endif()
  set(order ${order} PARENT_SCOPE)
  set(outside ${outside} PARENT_SCOPE)
endfunction()

set(order "")
set(outside "")
sonm_sdk_walk(sonm_sdk)

set(SONM_SDK_LIBRARIES "")
foreach(library IN LISTS order)
  string(APPEND SONM_SDK_LIBRARIES "\n  \${sonm_prefix}/${CMAKE_INSTALL_LIBDIR}/sonm/lib${library}.a")
  string(REGEX REPLACE "^sonm_" "" room ${library})
  if(EXISTS ${CMAKE_SOURCE_DIR}/src/${room})
    install(DIRECTORY ${CMAKE_SOURCE_DIR}/src/${room}/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/sonm/${room} COMPONENT sdk EXCLUDE_FROM_ALL
      FILES_MATCHING PATTERN "*.hpp" PATTERN "testing*.hpp" EXCLUDE)
  endif()
endforeach()
set(SONM_SDK_FIND "")
foreach(target IN LISTS outside)
  string(APPEND SONM_SDK_LIBRARIES "\n  ${target}")
  set(found "")
  foreach(row IN LISTS packages)
    if(row MATCHES "^${target}\\|(.*)$")
      string(APPEND SONM_SDK_FIND "${CMAKE_MATCH_1}\n")
      set(found yes)
    endif()
  endforeach()
  if(NOT found)
    message(FATAL_ERROR "sdk/cpp/package.cmake: add a row that says which package gives ${target}, which the C++ SDK now needs")
  endif()
endforeach()
get_target_property(SONM_SDK_DEFINITIONS sonm_options INTERFACE_COMPILE_DEFINITIONS)
set(SONM_SDK_SANITIZE "")
if(SONM_SANITIZE)
  set(SONM_SDK_SANITIZE "-fsanitize=${SONM_SANITIZE}")
endif()

set(folder ${CMAKE_INSTALL_LIBDIR}/cmake/sonm)
file(RELATIVE_PATH SONM_SDK_UP /${folder} /)
configure_file(${CMAKE_CURRENT_LIST_DIR}/sonm-config.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/sonm-config.cmake @ONLY)
include(CMakePackageConfigHelpers)
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/sonm-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/sonm-config.cmake ${CMAKE_CURRENT_BINARY_DIR}/sonm-config-version.cmake DESTINATION ${folder}
  COMPONENT sdk EXCLUDE_FROM_ALL)
install(TARGETS ${order} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}/sonm COMPONENT sdk EXCLUDE_FROM_ALL)
install(DIRECTORY ${CMAKE_CURRENT_LIST_DIR}/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT sdk EXCLUDE_FROM_ALL)
