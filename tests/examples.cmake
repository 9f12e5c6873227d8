# The examples as their READMEs say that they are run. (`render` has tiles_test.sh, `season` season.cmake.)
foreach(language IN ITEMS python cpp)
  add_test(NAME examples/calculate_length_${language} COMMAND bash -c
    "said=$(${CMAKE_SOURCE_DIR}/examples/calculate-length/run ${language}) && echo \"$said\" && [ \"$(tail -n 1 <<< \"$said\")\" = 1234 ]")
  set_tests_properties(examples/calculate_length_${language} PROPERTIES LABELS integration TIMEOUT 120
    ENVIRONMENT "SONM_BINARY=$<TARGET_FILE:sonm>")
endforeach()
