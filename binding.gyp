# The CPU-only way to build the addon on hosts that have no CMake: `npx woodfisher build` uses it there.
# One static library an instruction set, since gyp has compiler flags for targets, not for files.
{
  "target_defaults": {
    "cflags_cc!": ["-std=gnu++17", "-std=gnu++14", "-fno-exceptions", "-fno-rtti"],
    "cflags_cc": ["-std=c++20", "-O3", "-fno-math-errno", "-fPIC"],
    "xcode_settings": {
      "CLANG_CXX_LANGUAGE_STANDARD": "c++20",
      "GCC_ENABLE_CPP_EXCEPTIONS": "YES",
      "MACOSX_DEPLOYMENT_TARGET": "11.0"
    }
  },
  "targets": [
    {
      "target_name": "woodfisher-baseline",
      "type": "static_library",
      "include_dirs": ["native/include", "native/src"],
      "sources": ["native/src/isa/baseline.cpp", "native/src/dispatch.cpp", "native/src/scratch.cpp"]
    },
    {
      "target_name": "woodfisher",
      "dependencies": ["woodfisher-baseline"],
      "include_dirs": [
        "native/include",
        "<!(node -p \"require('node-addon-api').include_dir\")"
      ],
      "defines": ["NAPI_VERSION=8", "NAPI_CPP_EXCEPTIONS", "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS"],
      "sources": [
        "native/addon/group_jobs.cpp",
        "native/addon/half_precision.cpp",
        "native/addon/ranges.cpp",
        "native/addon/selection_jobs.cpp",
        "native/addon/state_jobs.cpp",
        "native/addon/module.cpp",
        "native/addon/pages.cpp"
      ],
      "conditions": [
        ["target_arch=='x64'", {"dependencies": ["woodfisher-avx2", "woodfisher-avx512"]}]
      ]
    }
  ],
  "conditions": [
    ["target_arch=='x64'", {
      "targets": [
        {
          "target_name": "woodfisher-avx2",
          "type": "static_library",
          "include_dirs": ["native/include", "native/src"],
          "cflags_cc": ["-mavx2", "-mfma"],
          "sources": ["native/src/isa/avx2.cpp"]
        },
        {
          "target_name": "woodfisher-avx512",
          "type": "static_library",
          "include_dirs": ["native/include", "native/src"],
          "cflags_cc": ["-mavx512f", "-mavx512dq", "-mavx512vl", "-mavx512bw", "-mfma", "-mprefer-vector-width=512"],
          "sources": ["native/src/isa/avx512.cpp"]
        }
      ]
    }]
  ]
}
