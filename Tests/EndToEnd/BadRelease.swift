import CPUExecution
import Foundation
import Inference
import ModelFormat
import ModelManifest

/// What may be wrong with a release, and the demo's own model with that wrong.
enum BadRelease: Equatable {
  case wrongOutputs, crashes
  case slower(times: Int)

  /// What devices say of it.
  var code: String {
    switch self {
    case .wrongOutputs: "wrong golden outputs"
    case .crashes: "crashes"
    case .slower: "too slow"
    }
  }

  /// The same in `watch`. What the bench misses on a busy machine, the line finds.
  var states: [String] {
    switch self {
    case .wrongOutputs: ["refused"]
    case .crashes: ["rolled back"]
    case .slower: ["refused", "rolled back"]
    }
  }

  /// One that crashes is a good one, under which whoever tests it kills the agent: no package can make it crash by itself.
  func package(version: String) throws -> [UInt8] {
    try Self.package(version: version) { manifest, program in
      switch self {
      case .wrongOutputs:
        let spread = manifest.golden?.outputs[0].spread ?? 0
        manifest.golden?.outputs[0].samples[0] += spread
      case .crashes: break
      case .slower(let times):
        // What comes of doing everything again in the same arena isn't what it promises.
        program.instructions = Array(repeatElement(program.instructions, count: times).joined())
        manifest.golden = nil
      }
    }
  }

  /// The demo's model as this version, with changes.
  static func package(version: String, _ change: (inout Manifest, inout Program) -> Void = { _, _ in }) throws -> [UInt8] {
    let demo = try ModelPackage(contentsOf: Programs.packageRoot.appendingPathComponent("Sources/CDemoModel/surface-defects.swiftlet").path)
    var (manifest, program) = (demo.manifest, demo.program)
    (manifest.version, manifest.golden) = (version, try golden.get())
    change(&manifest, &program)
    return PackageWriter.file([
      (.manifest, [UInt8](try JSONEncoder().encode(manifest))), (.program, program.encoded()), (.weights, unsafe [UInt8](demo.weights)),
    ])
  }

  /// The built-in package comes without.
  private static let golden = Result {
    let demo = try ModelPackage(contentsOf: Programs.packageRoot.appendingPathComponent("Sources/CDemoModel/surface-defects.swiftlet").path)
    let session = try unsafe Session<CPUBackend>(program: demo.program, weights: demo.weights, owner: demo, options: CPUOptions(threads: 1))
    let outputs = try session.rehearse(seed: 1, range: demo.manifest.rehearsalRange)
    return GoldenOutputs(seed: 1, tolerance: 0.02, names: demo.program.outputs.map(\.name), tensors: outputs)
  }
}
