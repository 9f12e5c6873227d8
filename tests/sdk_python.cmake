# The Python SDK against byte scripts of both sides. Debian's own python3: the one that has Debian's msgpack.
add_test(NAME sdk/python COMMAND /usr/bin/python3 -m unittest WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}/sdk/python)
set_tests_properties(sdk/python PROPERTIES LABELS unit TIMEOUT 120)
