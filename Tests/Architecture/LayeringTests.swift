import Testing

/// The house, from the bottom: a module imports only from layers below its own. C and system-library targets stand at the
/// bottom and are left to their Swift faces by name.
private let layers: [[String]] = [
  ["Tensors", "Pipelines", "FileMapping", "JSONReading", "SoundResampling", "GateProtocol"],
  ["ModelFormat", "ONNX", "TFLite", "SafeTensors", "TextTokens", "Imaging", "SoundFiles", "YAMLReading", "Cryptography", "Sparkplug", "GateController"],
  ["ModelGraph", "ModelManifest", "Inference", "MQTTTransport", "Supervision"],
  ["Operators", "CPUExecution", "CUDAExecution", "ObjectDetection", "Hearing"],
  ["ModelCompiler", "Transcription", "Capture", "SoundCapture", "Outbox", "Updates", "GateClient", "Inspection", "LocalPage"],
  ["EdgeAgent", "ReleaseAuthoring"],
  ["swiftlet", "swiftletd"],
]

/// What comes with the toolchain or from packages, and who may use it.
private let outside: Set<String> = ["Swift", "Glibc", "Synchronization", "FoundationEssentials", "Foundation", "ArgumentParser", "Logging"]

private func layer(of module: String) -> Int? { layers.firstIndex { $0.contains(module) } }

private func isC(_ module: String) -> Bool {
  module.hasPrefix("C") && module.dropFirst().first?.isUppercase == true && layer(of: module) == nil
}

@Suite struct LayeringTests {
  private let tree = SourceTree()

  private var swiftModules: [String] { tree.modules.filter { !isC($0) } }

  /// Everything that a module reaches, itself included.
  private func closure(of module: String) -> Set<String> {
    var reached: Set<String> = []
    var open = [module]
    while let next = open.popLast() {
      guard reached.insert(next).inserted else { continue }
      open += tree.imports(of: next).filter { tree.modules.contains($0) }
    }
    return reached
  }

  @Test func `every module has its place in the table, and every place its module`() {
    #expect(Set(swiftModules) == Set(layers.joined()))
  }

  @Test func `imports point downward only`() {
    for module in swiftModules {
      guard let own = layer(of: module) else { continue }
      for name in tree.imports(of: module) {
        guard let other = layer(of: name) else { continue }
        #expect(other < own, "\(module) (layer \(own)) imports \(name) (layer \(other))")
      }
    }
  }

  @Test func `nothing unknown is imported`() {
    for module in swiftModules {
      for name in tree.imports(of: module) where layer(of: name) == nil && !outside.contains(name) {
        #expect(tree.modules.contains(name), "\(module) imports \(name), which is neither in the table nor a C target")
      }
    }
  }

  @Test func `the daemon reaches no compiler, no operators and no model files`() {
    let reached = closure(of: "swiftletd")
    #expect(reached.contains("EdgeAgent"))
    #expect(reached.isDisjoint(with: ["ModelCompiler", "ModelGraph", "Operators", "ONNX", "TFLite", "SafeTensors"]))
  }

  /// It hears, and so brings sound to a model's rate; a library for sound files has no business in it.
  @Test func `the daemon reads no sound files`() {
    let reached = closure(of: "swiftletd")
    #expect(reached.contains("SoundCapture") && reached.contains("CResampling"))
    #expect(reached.isDisjoint(with: ["SoundFiles", "CSoundFile"]))
  }

  /// Even the essentials cost 5 MB of program and 2 MB of memory.
  @Test func `Foundation and the argument parser stay out of the daemon`() {
    for module in closure(of: "swiftletd") {
      let heavy: Set<String> = ["Foundation", "FoundationEssentials", "FoundationNetworking", "ArgumentParser"]
      #expect(tree.imports(of: module).isDisjoint(with: heavy), "\(module)")
    }
  }

  /// It makes a program 45 MB larger.
  @Test func `nothing that is shipped imports full Foundation`() {
    for module in swiftModules {
      #expect(!tree.imports(of: module).contains("Foundation"), "\(module)")
    }
  }

  @Test func `the embedded core imports neither Foundation nor concurrency's locks`() {
    for module in ["Tensors", "ModelFormat", "Inference", "CPUExecution", "GateProtocol", "GateController"] {
      #expect(tree.imports(of: module).isDisjoint(with: ["Foundation", "FoundationEssentials", "Synchronization", "Dispatch"]), "\(module)")
    }
  }

  /// It judges by itself, and the daemon only talks to it.
  @Test func `the gate's controller is firmware: it reaches its protocol alone, and no other module reaches it`() {
    #expect(closure(of: "GateController") == ["GateController", "GateProtocol"])
    #expect(closure(of: "GateProtocol") == ["GateProtocol"])
    for module in swiftModules where module != "GateController" { #expect(!tree.imports(of: module).contains("GateController"), "\(module)") }
  }

  @Test(arguments: [
    ("import A", "A"), ("public import B", "B"), ("@preconcurrency import C", "C"), ("internal import struct D.Thing", "D"), ("  import E // why", "E"),
    ("// import F", ""), ("let import1 = 2", ""),
  ])
  func `imports are found however they are written`(line: String, expected: String) {
    #expect(SourceTree.imports(in: line) == (expected.isEmpty ? [] : [expected]))
  }
}
