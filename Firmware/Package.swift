// swift-tools-version: 6.2
import PackageDescription

// The firmware of the reject gate's controller, for a Cortex-M4 without an operating system. Built by Firmware/build, which chooses the triple,
// the toolset and, by SWIFTLET_FIRMWARE, the part of the package above that it shares.
let package = Package(
  name: "firmware",
  dependencies: [.package(name: "swiftlet", path: "..")],
  targets: [
    .target(name: "CBoard", cSettings: [.unsafeFlags(["-Wall", "-Wextra", "-Werror"])]),
    .executableTarget(
      name: "gate-controller", dependencies: ["CBoard", .product(name: "GateController", package: "swiftlet")],
      swiftSettings: [
        .swiftLanguageMode(.v6), .strictMemorySafety(), .enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("InternalImportsByDefault"),
        .treatAllWarnings(as: .error),
      ],
      linkerSettings: [
        // No C library and no start-up files: CBoard has what is needed of them.
        .unsafeFlags([
          "-use-ld=lld", "-nostartfiles", "-Xclang-linker", "-nostdlib", "-Xlinker", "--gc-sections", "-Xlinker", "-T", "-Xlinker", "mps2-an386.ld",
        ])
      ]),
  ])
