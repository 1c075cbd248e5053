{
  "targets": [
    {
      "target_name": "datapath",
      "sources": [
        "src/addon.cc",
        "src/error.cc",
        "src/link.cc",
        "src/map.cc",
        "src/netlink.cc",
        "src/object.cc",
        "src/program.cc",
        "src/ring.cc",
        "src/system.cc"
      ],
      "dependencies": ["<!(node -p \"require('node-addon-api').targets\"):node_addon_api_except"],
      "cflags_cc": ["-std=c++17", "-Wall", "-Wextra", "-Wno-unused-parameter", "-Wno-missing-field-initializers"],
      "defines": ["NAPI_VERSION=8", "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS"],
      "libraries": ["-lbpf"]
    }
  ]
}
