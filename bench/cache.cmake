# Hit ratios of the cache's policy beside plain ones, on generated traces.
add_executable(sonm_cache_bench ${CMAKE_CURRENT_SOURCE_DIR}/cache_bench.cpp)
target_link_libraries(sonm_cache_bench PRIVATE sonm_cache)
