# RPC beside gRPC's callback API, if Debian's libgrpc++-dev and protobuf-compiler-grpc are installed.
add_executable(rpc_bench rpc_bench.cpp rpc_bench_slave.cpp rpc_bench_bare.cpp rpc_bench_idle.cpp)
target_link_libraries(rpc_bench PRIVATE sonm_rpc)
find_program(PROTOC protoc)
find_program(GRPC_CPP_PLUGIN grpc_cpp_plugin)
pkg_check_modules(GRPCPP IMPORTED_TARGET grpc++ protobuf)
if(PROTOC AND GRPC_CPP_PLUGIN AND GRPCPP_FOUND)
  set(generated ${CMAKE_CURRENT_BINARY_DIR}/rpc_bench_grpc)
  file(MAKE_DIRECTORY ${generated})
  add_custom_command(OUTPUT ${generated}/rpc_bench.pb.cc ${generated}/rpc_bench.grpc.pb.cc
    COMMAND ${PROTOC} -I ${CMAKE_CURRENT_SOURCE_DIR} --cpp_out=${generated} --grpc_out=${generated}
            --plugin=protoc-gen-grpc=${GRPC_CPP_PLUGIN} ${CMAKE_CURRENT_SOURCE_DIR}/rpc_bench.proto
    DEPENDS rpc_bench.proto)
  # Generated code and its headers are not ours to hold to our warnings.
  add_library(rpc_bench_grpc STATIC rpc_bench_grpc.cpp ${generated}/rpc_bench.pb.cc ${generated}/rpc_bench.grpc.pb.cc)
  target_include_directories(rpc_bench_grpc SYSTEM PRIVATE ${generated})
  target_compile_options(rpc_bench_grpc PRIVATE -O2 -fPIE -w)
  target_link_libraries(rpc_bench_grpc PUBLIC PkgConfig::GRPCPP fmt::fmt)
  target_compile_definitions(rpc_bench_grpc PUBLIC SONM_BENCH_GRPC)
  target_link_libraries(rpc_bench PRIVATE rpc_bench_grpc)
endif()
