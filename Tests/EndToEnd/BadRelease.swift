import CPUExecution
import Foundation
import Inference
import ModelFormat
import ModelManifest

/// What may be wrong with a release, and the demo's own model with that wrong.
enum BadRelease: CaseIterable {
  case wrongOutputs, crashes, threeTimesSlower

  /// What devices say of it.
  var code: String {
    switch self {
    case .wrongOutputs: "wrong golden outputs"
    case .crashes: "crashes"
    case .threeTimesSlower: "too slow"
    }
  }

  /// The same in `watch`.
  var state: String { self == .crashes ? "rolled back" : "refused" }

  /// One that crashes is a good one, under which whoever tests it kills the agent: no package can make it crash by itself.
  func package(version: String) throws -> [UInt8] {
    try Self.package(version: version) { manifest, program in
      switch self {
      case .wrongOutputs:
        let spread = manifest.golden?.outputs[0].spread ?? 0
        manifest.golden?.outputs[0].samples[0] += spread
      case .crashes: break
      case .threeTimesSlower:
        // What comes of doing everything three times in one arena isn't what it promises.
        program.instructions += program.instructions + program.instructions
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
