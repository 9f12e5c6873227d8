# Finding the best ask for a bid: the order book beside SQLite with a covering index and a plain scan.
find_package(SQLite3 REQUIRED)
add_executable(market_bench market_bench.cpp)
target_link_libraries(market_bench PRIVATE sonm_market SQLite::SQLite3)
