# Publishing and coordination with every answer on the disk, and what another service of the node feels of it.
add_executable(sonm_notifications_bench ${CMAKE_CURRENT_SOURCE_DIR}/notifications_bench.cpp)
target_link_libraries(sonm_notifications_bench PRIVATE sonm_notifications sonm_unicorn)
