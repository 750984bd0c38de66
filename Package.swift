// swift-tools-version: 6.2
import PackageDescription

// Every Swift module shares these settings: Swift 6 language mode, strict memory safety, warnings are errors.
let swiftSettings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .treatAllWarnings(as: .error),
]

/// In debug builds, too: the plain evaluations that kernels are held against, and what calibrates and compiles by them, are half of the
/// tests' time without optimisation.
let optimised: [SwiftSetting] = [.unsafeFlags(["-O"], .when(configuration: .debug))]

/// A library module of the layered house; `Tests/Architecture` holds the table of layers and scans the imports.
func module(_ name: String, _ dependencies: [Target.Dependency] = [], linking libraries: [String] = [], settings: [SwiftSetting] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: swiftSettings + settings, linkerSettings: libraries.map { .linkedLibrary($0) })
}

/// The test target that mirrors a module (or, without one of that name, a concern).
func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = [], settings: [SwiftSetting] = []) -> Target {
  .testTarget(name: "\(name)Tests", dependencies: dependencies, path: "Tests/\(name)", resources: resources, swiftSettings: swiftSettings + settings)
}

let system: [Target] = [
  .systemLibrary(name: "CMosquitto", pkgConfig: "libmosquitto", providers: [.apt(["libmosquitto-dev"])]),
  .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
  .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
  .systemLibrary(name: "CTurboJPEG", pkgConfig: "libturbojpeg", providers: [.apt(["libturbojpeg0-dev"])]),
  .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
  .systemLibrary(name: "CZstandard", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
]

/// With it only what carries messages is built, so that a sanitizer's build takes a minute (`make test-messaging-sanitized`).
let messaging: Set<String>? =
  Context.environment["SWIFTLET_MESSAGING_ONLY"] == nil
  ? nil
  : [
    "CMosquitto", "CSQLite", "CThreads", "CKernels", "Pipelines", "MQTTTransport", "Outbox", "TestBroker", "OutboxWriter", "PipelinesTests",
    "MQTTTransportTests", "OutboxTests", "CRecordingVFS", "SimulatedDisk",
  ]

/// With it only what belongs to the reject gate: its long noise test and its benchmark have builds of their own.
let gate: Set<String>? =
  Context.environment["SWIFTLET_GATE_ONLY"] == nil
  ? nil
  : [
    "CThreads", "CSerialLine", "Pipelines", "GateProtocol", "GateController", "GateClient", "SimulatedGate", "CAllocationCounter", "gate-simulator",
    "gate-trial", "GateProtocolTests", "GateControllerTests", "GateClientTests",
  ]

/// With it only what the gate controller's firmware shares is declared: Firmware/Package.swift wants no other package and no C library.
let firmware: Set<String>? = Context.environment["SWIFTLET_FIRMWARE"] == nil ? nil : ["GateProtocol", "GateController"]

let isFuzzing = Context.environment["SWIFTLET_FUZZING"] != nil

let c: [Target] = [
  .target(name: "CThreads"),
  // -ffp-contract=off: requantisation gives the same bits on every machine. With sanitizers -O3 takes minutes to compile.
  .target(
    name: "CKernels",
    // The outbox wants its checksum alone.
    sources: messaging == nil ? nil : ["checksum"],
    cSettings: [.unsafeFlags(["-ffp-contract=off", "-fno-math-errno", isFuzzing ? "-O1" : "-O3", "-Wall", "-Wextra", "-Werror"])],
    linkerSettings: [.linkedLibrary("m")]),
  .target(name: "CImaging", cSettings: [.unsafeFlags(["-ffp-contract=off", "-O3", "-Wall", "-Wextra", "-Werror"])]),
  .target(name: "CDemoModel", exclude: ["surface-defects.swiftlet"]),
  .target(name: "CVideo4Linux", linkerSettings: [.linkedLibrary("dl")]),
  // Loaded at run time, where they are needed: the headers are libasound's, libsndfile's and libsoxr's.
  .target(name: "CALSA", linkerSettings: [.linkedLibrary("dl")]),
  .target(name: "CSoundFile", linkerSettings: [.linkedLibrary("dl")]),
  .target(name: "CResampling", linkerSettings: [.linkedLibrary("dl")]),
  .target(name: "CSerialLine"),
  // Likewise: the header is libmicrohttpd's.
  .target(name: "CMicroHTTP", linkerSettings: [.linkedLibrary("dl")]),
  // Loaded at run time, too; the declarations are ours.
  .target(name: "CCUDADriver", linkerSettings: [.linkedLibrary("dl")]),
  // What runs on the device is compiled by `make cuda`, or not at all.
  .target(name: "CCUDAKernels", dependencies: ["CKernels", "CImaging"], exclude: ["kernels"]),
]

let library: [Target] = [
  // 0
  module("Tensors", linking: ["m"], settings: optimised),
  module("Pipelines", ["CThreads"]),
  module("FileMapping"),
  module("JSONReading"),
  module("SoundResampling", ["CResampling"]),
  module("GateProtocol"),
  // 1
  module("GateController", ["GateProtocol"]),
  module("ModelFormat", ["CKernels", "Tensors"]),
  module("ONNX", ["Tensors", "FileMapping"]),
  module("TFLite", ["Tensors", "FileMapping"]),
  module("SafeTensors", ["Tensors", "FileMapping", "JSONReading"]),
  module("TextTokens", ["JSONReading"]),
  module("Imaging", ["Tensors", "CImaging", "CTurboJPEG"]),
  module("SoundFiles", ["CSoundFile", "SoundResampling"]),
  module("YAMLReading", ["CYAML"]),
  module("Cryptography", ["CCrypto"]),
  module("Sparkplug", ["JSONReading", "Pipelines"]),
  // 2
  module("ModelGraph", ["Tensors", "ModelFormat"], settings: optimised),
  module("ModelManifest", ["JSONReading", "Tensors", "ModelFormat", "TextTokens"]),
  module("Inference", ["CKernels", "CImaging", "Tensors", "ModelFormat"]),
  module("MQTTTransport", ["CMosquitto", "Pipelines"]),
  module("Supervision", ["CThreads", "Pipelines"]),
  // 3
  module("Operators", ["Tensors", "ModelFormat", "ModelGraph"], settings: optimised),
  module("CPUExecution", ["CKernels", "Tensors", "ModelFormat", "Inference"]),
  module("CUDAExecution", ["CCUDADriver", "CCUDAKernels", "CKernels", "CImaging", "Tensors", "Pipelines", "ModelFormat", "Inference"], settings: optimised),
  module("ObjectDetection", ["Tensors", "Pipelines", "ModelFormat", "Imaging", "ModelManifest", "Inference"]),
  module("Hearing", ["ModelManifest"]),
  // 4
  module("Transcription", ["ModelFormat", "ModelManifest", "Inference", "Pipelines", "Tensors", "Hearing", "TextTokens"]),
  module(
    "ModelCompiler",
    [
      "Tensors", "ModelFormat", "ONNX", "TFLite", "YAMLReading", "ModelGraph", "ModelManifest", "Inference", "Operators", "CPUExecution", "Imaging",
      "ObjectDetection", "Cryptography", "SafeTensors", "TextTokens", "JSONReading", "FileMapping", "SoundFiles", "Hearing",
    ], settings: optimised),
  module("Capture", ["CVideo4Linux", "Pipelines", "Imaging"]),
  module("SoundCapture", ["CALSA", "Pipelines", "SoundResampling"]),
  module("Inspection", ["ObjectDetection", "Pipelines", "YAMLReading"]),
  module("GateClient", ["CSerialLine", "GateProtocol", "Pipelines"]),
  module("Outbox", ["CKernels", "CSQLite", "Pipelines", "MQTTTransport"]),
  module("Updates", ["CZstandard", "JSONReading", "Pipelines", "ModelFormat", "Cryptography"]),
  module("LocalPage", ["CMicroHTTP", "Cryptography", "Pipelines"]),
  // 5
  module(
    "EdgeAgent",
    [
      "Tensors", "Pipelines", "JSONReading", "ModelFormat", "Imaging", "YAMLReading", "ModelManifest", "Inference", "MQTTTransport", "Supervision",
      "CPUExecution", "CUDAExecution", "ObjectDetection", "Inspection", "GateClient", "GateProtocol", "Transcription", "Capture", "SoundCapture", "Outbox",
      "Sparkplug",
      "Cryptography", "Updates", "LocalPage",
    ]),
  module("ReleaseAuthoring", ["JSONReading", "Pipelines", "ModelFormat", "Cryptography", "ModelManifest", "MQTTTransport", "Updates"]),
]

/// libFuzzer targets, built by `make fuzz` only: the sanitizer changes every object it is linked with.
let fuzzers: [Target] =
  !isFuzzing
  ? []
  : [
    ("ONNX", ["ONNX", "ModelCompiler"]), ("TFLite", ["TFLite", "ModelCompiler"]),
    ("Package", ["ModelFormat", "ModelManifest", "Inference", "CPUExecution"]), ("Image", ["Imaging"]),
    ("Program", ["ModelFormat", "Tensors", "Inference", "CPUExecution"]), ("YAML", ["YAMLReading"]), ("Tensor", ["Tensors"]),
    ("Sparkplug", ["Sparkplug", "Pipelines"]), ("Metadata", ["Updates", "JSONReading"]), ("JSON", ["JSONReading"]), ("Blocks", ["Updates"]),
    ("SafeTensors", ["SafeTensors"]), ("Gate", ["GateProtocol", "GateController"]), ("Rules", ["Inspection"]),
  ].map { (name: String, dependencies: [Target.Dependency]) in
    .executableTarget(
      name: "fuzz-\(name.lowercased())", dependencies: dependencies, path: "Tests/Fuzzing/\(name)",
      swiftSettings: [.swiftLanguageMode(.v6), .unsafeFlags(["-parse-as-library"])])
  }

let package = Package(
  name: "swiftlet",
  products: [
    .executable(name: "swiftlet", targets: ["swiftlet"]),
    .executable(name: "swiftletd", targets: ["swiftletd"]),
    // For programs that make data sets from the simulated line.
    .library(name: "Capture", targets: ["Capture"]),
    // For Firmware/.
    .library(name: "GateController", targets: ["GateController", "GateProtocol"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
  ],
  targets: system + c + library + fuzzers + [
    .executableTarget(name: "swiftletd", dependencies: ["EdgeAgent", "Supervision"], swiftSettings: swiftSettings),
    .executableTarget(
      name: "swiftlet",
      dependencies: [
        "EdgeAgent", "ModelCompiler", "ONNX", "TFLite", "Imaging", "Tensors", "ModelFormat", "ModelManifest", "Inference", "CPUExecution", "CUDAExecution",
        "ObjectDetection",
        "FileMapping", "SoundFiles", "SoundCapture", "Hearing", "Transcription", "Capture", "CDemoModel", "MQTTTransport", "Pipelines", "Supervision",
        "YAMLReading", "Cryptography", "Updates", "ReleaseAuthoring", "LocalPage", "JSONReading",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], swiftSettings: swiftSettings),
    tests("Tensors", ["Tensors"]),
    tests("Pipelines", ["Pipelines"]),
    tests("ModelGraph", ["ModelGraph", "ModelFormat", "Tensors"]),
    tests("ModelFormat", ["CAllocationCounter", "ModelFormat", "Tensors"]),
    tests("Capture", ["Capture", "CScriptedPlanes", "CVideo4Linux", "Pipelines", "Imaging"]),
    .target(
      name: "CScriptedPlanes", dependencies: ["CVideo4Linux"], path: "Tests/CScriptedPlanes",
      cSettings: [.headerSearchPath("../../Sources/CVideo4Linux")]),
    tests("GateProtocol", ["GateProtocol", "Pipelines"]),
    tests("GateController", ["GateController", "GateProtocol", "Pipelines"]),
    tests("GateClient", ["CAllocationCounter", "CSerialLine", "GateClient", "GateController", "GateProtocol", "Pipelines", "SimulatedGate"]),
    // A gate's controller on this machine: the firmware's logic behind pseudo-terminals; and what surrounds a controller on trial.
    .target(
      name: "SimulatedGate", dependencies: ["CSerialLine", "GateClient", "GateController", "GateProtocol", "Pipelines"], path: "Tests/SimulatedGate",
      swiftSettings: swiftSettings),
    .executableTarget(name: "gate-simulator", dependencies: ["Pipelines", "SimulatedGate"], path: "Tests/GateSimulator", swiftSettings: swiftSettings),
    // What drives a controller through the client, be it simulated, emulated or real: `make test-firmware` and Benchmarks/gate.py.
    .executableTarget(
      name: "gate-trial", dependencies: ["GateClient", "GateProtocol", "Pipelines", "SimulatedGate"], path: "Tests/GateTrial", swiftSettings: swiftSettings),
    tests("Inspection", ["CAllocationCounter", "Inspection", "ObjectDetection", "Pipelines"]),
    tests("YAMLReading", ["YAMLReading"]),
    tests("ONNX", ["CAllocationCounter", "ONNX", "Tensors"]),
    tests("SafeTensors", ["SafeTensors", "Tensors"], resources: [.copy("Golden")]),
    tests("TextTokens", ["TextTokens", "JSONReading"], resources: [.copy("Golden")]),
    tests("TFLite", ["TFLite", "ONNX", "ModelCompiler", "ModelFormat", "Tensors", "Inference", "CPUExecution"], resources: [.copy("Golden")]),
    .target(name: "GoldenCases", dependencies: ["Operators", "ONNX", "ModelGraph", "Tensors"], path: "Tests/GoldenCases", swiftSettings: swiftSettings),
    tests("Operators", ["GoldenCases", "Operators", "ONNX", "ModelGraph", "ModelFormat", "Tensors", "Inference", "CPUExecution"]),
    tests(
      "ModelCompiler",
      [
        "SharedData", "Hearing", "ModelManifest", "ModelGraph", "Operators", "GoldenCases", "ModelCompiler", "ONNX", "ModelFormat", "Tensors", "Inference",
        "CPUExecution", "Imaging", "ObjectDetection",
      ]),
    // Random models: fused and unfused, every kernel, against the operators' plain evaluation.
    tests(
      "Properties",
      ["GoldenCases", "Operators", "ModelCompiler", "ModelGraph", "ModelFormat", "ONNX", "Tensors", "Inference", "CPUExecution"], settings: optimised),
    // What Tests/EmbeddedSession runs on emulated ARM: cases in one file, and the program that writes it.
    .target(name: "CaseBundle", dependencies: ["Tensors"], path: "Tests/CaseBundle", swiftSettings: swiftSettings),
    .executableTarget(
      name: "case-bundle-writer",
      dependencies: [
        "CaseBundle", "GoldenCases", "Imaging", "ModelCompiler", "ModelManifest", "ModelFormat", "ONNX", "ObjectDetection", "Tensors", "Inference",
        "CPUExecution",
      ], path: "Tests/CaseBundleWriter", swiftSettings: swiftSettings),
    .target(name: "TestPackages", dependencies: ["ModelFormat", "ModelManifest", "Tensors"], path: "Tests/TestPackages", swiftSettings: swiftSettings),
    tests("ModelManifest", ["JSONReading", "ModelManifest", "Tensors", "TestPackages"]),
    tests("JSONReading", ["JSONReading"]),
    tests("SoundFiles", ["SoundFiles"]),
    tests("SoundCapture", ["CAllocationCounter", "SoundCapture", "Pipelines"]),
    tests("Hearing", ["SharedData", "Hearing", "ModelManifest", "SoundFiles"], resources: [.copy("Golden")]),
    tests(
      "Transcription",
      ["SharedData", "Transcription", "ModelManifest", "ModelCompiler", "ONNX", "CPUExecution", "JSONReading", "Pipelines", "SoundFiles", "Tensors"],
      resources: [.copy("Golden")]),
    tests(
      "EdgeAgent",
      [
        "CAllocationCounter", "EdgeAgent", "Capture", "GateClient", "GateProtocol", "Imaging", "Inspection", "JSONReading", "MQTTTransport", "ModelManifest",
        "ObjectDetection", "Outbox", "Pipelines",
        "ReleaseAuthoring", "SimulatedGate", "SoundCapture", "Sparkplug", "Supervision", "TestBroker", "TestPackages", "TestPages", "Transcription", "Updates",
      ]),
    tests("Cryptography", ["Cryptography"]),
    // A strict reader of metrics, and a client without manners.
    .target(name: "TestPages", path: "Tests/TestPages", swiftSettings: swiftSettings),
    tests("LocalPage", ["CMicroHTTP", "LocalPage", "Pipelines", "TestPages"]),
    // For the conformance suite of The Update Framework.
    .executableTarget(name: "tuf-client", dependencies: ["Updates"], path: "Tests/Conformance/TUFClient", swiftSettings: swiftSettings),
    tests("Supervision", ["Supervision", "Pipelines", "TestBroker"]),
    .target(name: "CAllocationCounter", path: "Tests/CAllocationCounter"),
    // Programs assembled by hand, and numbers that look random.
    .target(name: "ProgramBuilding", dependencies: ["ModelFormat", "Tensors"], path: "Tests/ProgramBuilding", swiftSettings: swiftSettings + optimised),
    tests("CPUExecution", ["ProgramBuilding", "CAllocationCounter", "CPUExecution", "CKernels", "Inference", "ModelFormat", "Tensors"], settings: optimised),
    // Against the scalar kernels, on a device that Tests/CUDAEmulation emulates.
    tests(
      "CUDAExecution",
      [
        "CAllocationCounter", "SharedData", "GoldenCases", "ProgramBuilding", "CUDAExecution", "CPUExecution", "CCUDAKernels", "CKernels", "Capture",
        "EdgeAgent", "Imaging", "Inference", "ModelCompiler", "ModelFormat", "ModelManifest", "ObjectDetection", "ONNX", "Operators", "Pipelines",
        "Supervision", "Tensors", "TestPackages", "Transcription",
      ], settings: optimised),
    // Real images beside the package, and numbers that look random.
    .target(name: "SharedData", path: "Tests/SharedData", swiftSettings: swiftSettings),
    tests("Imaging", ["SharedData", "CAllocationCounter", "CImaging", "Imaging", "Tensors"], resources: [.copy("Golden")]),
    tests(
      "ObjectDetection", ["SharedData", "CAllocationCounter", "ObjectDetection", "Imaging", "ModelManifest", "ModelFormat", "Tensors"],
      resources: [.copy("Golden")]),
    // Streams from a real driver inside the virtual machine of Tests/VirtualMachine.
    .executableTarget(
      name: "capture-probe", dependencies: ["CVideo4Linux", "Capture", "Imaging", "Pipelines", "SoundCapture", "TestPackages"],
      path: "Tests/VirtualMachine/Probe",
      swiftSettings: swiftSettings),
    tests("Architecture", []),
    .target(name: "TestBroker", path: "Tests/TestBroker", swiftSettings: swiftSettings),
    tests("MQTTTransport", ["MQTTTransport", "Pipelines", "TestBroker"]),
    .executableTarget(name: "OutboxWriter", dependencies: ["Outbox"], path: "Tests/OutboxWriter", swiftSettings: swiftSettings),
    // Power cuts by replay: a disk with a cache, and a log of what SQLite writes.
    .target(name: "SimulatedDisk", dependencies: ["Pipelines"], path: "Tests/SimulatedDisk", swiftSettings: swiftSettings + optimised),
    .target(name: "CRecordingVFS", dependencies: ["CSQLite"], path: "Tests/CRecordingVFS"),
    // What Tests/Chaos torments.
    .executableTarget(
      name: "chaos-agent", dependencies: ["Outbox", "MQTTTransport", "Pipelines"], path: "Tests/Chaos/Agent", swiftSettings: swiftSettings),
    // The figures of Benchmarks/update-sizes.py.
    .executableTarget(name: "update-sizes", dependencies: ["Updates"], path: "Benchmarks/UpdateSizes", swiftSettings: swiftSettings),
    // The figures of Benchmarks/outbox.py.
    .executableTarget(
      name: "outbox-load", dependencies: ["Outbox", "MQTTTransport", "Pipelines"], path: "Benchmarks/OutboxLoad", swiftSettings: swiftSettings),
    // The figures of Benchmarks/fleet.py.
    .executableTarget(
      name: "fleet-load", dependencies: ["Cryptography", "EdgeAgent", "MQTTTransport", "Pipelines", "Updates"], path: "Benchmarks/FleetLoad",
      swiftSettings: swiftSettings),
    tests("Updates", ["Updates", "Cryptography", "JSONReading", "ModelFormat", "Pipelines", "SimulatedDisk"]),
    tests(
      "ReleaseAuthoring",
      ["ReleaseAuthoring", "Cryptography", "JSONReading", "MQTTTransport", "Pipelines", "TestBroker", "TestPackages", "Updates"]),
    tests("Outbox", ["CRecordingVFS", "SimulatedDisk", "Outbox", "CSQLite", "MQTTTransport", "Pipelines", "TestBroker", "OutboxWriter"]),
    .testTarget(
      name: "SparkplugTests", dependencies: ["Sparkplug", "Pipelines"], path: "Tests/Sparkplug", exclude: ["decode_payloads.py", "requirements.txt"],
      swiftSettings: swiftSettings),
    tests(
      "swiftlet",
      [
        "swiftlet", "Capture", "CPUExecution", "EdgeAgent", "JSONReading", "MQTTTransport", "ModelManifest", "ObjectDetection", "ReleaseAuthoring",
        "SharedData", "SoundFiles",
        "Transcription",
      ], resources: [.copy("Golden")]),
    .testTarget(
      name: "EndToEndTests",
      dependencies: [
        "swiftlet", "swiftletd", "CPUExecution", "Inference", "ModelFormat", "ModelManifest", "MQTTTransport", "Pipelines", "Sparkplug", "TestBroker",
        "TestPackages", "TestPages", "Updates",
      ],
      path: "Tests/EndToEnd", exclude: ["validate_payloads.py", "Golden"], swiftSettings: swiftSettings),
  ]
)

if let part = messaging ?? gate ?? firmware {
  package.targets.removeAll { !part.contains($0.name) }
  package.products.removeAll { !part.contains($0.name) }
  package.dependencies = []
}
