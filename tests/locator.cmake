# The room `locator` over real sockets: nodes as programs of their own on the loopback interface.
add_executable(sonm_locator_node ${CMAKE_CURRENT_SOURCE_DIR}/support/locator_node.cpp)
target_link_libraries(sonm_locator_node PRIVATE sonm_locator)
target_precompile_headers(sonm_locator_node REUSE_FROM sonm_pch)
add_test(NAME locator/nodes COMMAND ${CMAKE_COMMAND} -E env SONM_LOCATOR_NODE=$<TARGET_FILE:sonm_locator_node>
  /usr/bin/python3 ${CMAKE_CURRENT_SOURCE_DIR}/locator_nodes_test.py)
set_tests_properties(locator/nodes PROPERTIES LABELS integration TIMEOUT 180 SKIP_RETURN_CODE 77)
