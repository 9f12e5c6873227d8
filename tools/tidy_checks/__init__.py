"""The checks of tools/tidy: each module has check(project), which yields findings."""
