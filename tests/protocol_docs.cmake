# Reference pages: `ninja protocol_docs` writes them, the test says which are stale.
add_executable(sonm_protocol_docs ${CMAKE_CURRENT_SOURCE_DIR}/protocol_docs.cpp)
target_link_libraries(sonm_protocol_docs PRIVATE sonm_services)
target_precompile_headers(sonm_protocol_docs REUSE_FROM sonm_pch)
add_custom_target(protocol_docs COMMAND sonm_protocol_docs ${CMAKE_SOURCE_DIR})
add_test(NAME protocol_docs COMMAND sonm_protocol_docs --check ${CMAKE_SOURCE_DIR})
