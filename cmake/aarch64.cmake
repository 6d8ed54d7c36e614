# Toolchain of the C++ tests for arm64 on another host: GCC's cross compiler, linked statically, so
# that qemu-user runs them without an arm64 system around. scripts/test-arm64.mjs uses it.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_EXE_LINKER_FLAGS_INIT -static)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64)
