# Verbs of the contract system through the program, on two development chains whose clock is pushed forward.
add_test(NAME cli/contracts COMMAND python3 ${CMAKE_SOURCE_DIR}/tests/cli_contracts_test.py)
set_tests_properties(cli/contracts PROPERTIES LABELS integration TIMEOUT 600 SKIP_RETURN_CODE 77
  ENVIRONMENT "SONM_BINARY=$<TARGET_FILE:sonm>")
