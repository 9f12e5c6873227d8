# Deals opened and settled per second on a development chain; run it through bench/deals_bench.py.
add_executable(deals_bench deals_bench.cpp)
target_link_libraries(deals_bench PRIVATE sonm_settlement)
target_precompile_headers(deals_bench REUSE_FROM sonm_pch)
