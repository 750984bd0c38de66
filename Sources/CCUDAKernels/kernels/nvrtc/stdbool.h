// For the run-time compiler: C++ has bool.
