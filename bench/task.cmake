# The whole path from deal to first log line; run it through bench/task_bench.py.
add_executable(task_bench task_bench.cpp)
target_link_libraries(task_bench PRIVATE sonm_buyer sonm_settlement)
target_precompile_headers(task_bench REUSE_FROM sonm_pch)
