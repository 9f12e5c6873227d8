# What the container engine itself takes, through this project's client: the baseline for "task started -> first log line".
add_executable(engine_bench engine_bench.cpp)
target_link_libraries(engine_bench PRIVATE sonm_engine)
target_precompile_headers(engine_bench REUSE_FROM sonm_pch)
