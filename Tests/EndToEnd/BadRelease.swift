import CPUExecution
import Foundation
import Inference
import ModelFormat
import ModelManifest
import TestPackages

/// What may be wrong with a release.
enum BadRelease {
  case wrongOutputs, crashes, slow

  /// What devices say of it.
  var code: String {
    switch self {
    case .wrongOutputs: "wrong golden outputs"
    case .crashes: "crashes"
    case .slow: "too slow"
    }
  }

  /// The same in `watch`. What the bench misses, the line finds.
  var states: [String] {
    switch self {
    case .wrongOutputs: ["refused"]
    case .crashes: ["rolled back"]
    case .slow: ["refused", "rolled back"]
    }
  }
}

/// A model, good or bad. No package makes an agent crash by itself: one that crashes is a good one, under which whoever tests it kills the agent.
enum RolledOutModel {
  /// `FixedPackage`, whose run is too short for whatever else the machine does to matter; the slow one takes thousands of times as long.
  case fixed
  /// The demo's; the slow one does everything three times.
  case demo

  var name: String { self == .fixed ? "fixed" : "surface-defects" }

  func package(version: String, _ bad: BadRelease? = nil) throws -> [UInt8] {
    switch self {
    case .fixed:
      if bad == .slow { return try Fleet.slowPackage(version: version) }
      var golden = FixedPackage.golden
      if bad == .wrongOutputs { golden.outputs[0].samples[1] += 0.5 }
      return FixedPackage.bytes(version: version, golden: golden)
    case .demo:
      return try Self.demo { manifest, program in
        (manifest.version, manifest.golden) = (version, try Self.golden.get())
        if bad == .wrongOutputs, var golden = manifest.golden {
          golden.outputs[0].samples[0] += golden.outputs[0].spread
          manifest.golden = golden
        }
        guard bad == .slow else { return }
        // What comes of doing everything again in the same arena isn't what it promises.
        program.instructions += program.instructions + program.instructions
        manifest.golden = nil
      }
    }
  }

  private static let demoPath = Programs.packageRoot.appendingPathComponent("Sources/CDemoModel/surface-defects.swiftlet").path

  /// The built-in package with changes.
  static func demo(_ change: (inout Manifest, inout Program) throws -> Void) throws -> [UInt8] {
    let demo = try ModelPackage(contentsOf: demoPath)
    var (manifest, program) = (demo.manifest, demo.program)
    try change(&manifest, &program)
    return PackageWriter.file([
      (.manifest, [UInt8](try JSONEncoder().encode(manifest))), (.program, program.encoded()), (.weights, unsafe [UInt8](demo.weights)),
    ])
  }

  /// The built-in package comes without.
  private static let golden = Result {
    let demo = try ModelPackage(contentsOf: demoPath)
    let session = try unsafe Session<CPUBackend>(program: demo.program, weights: demo.weights, owner: demo, options: CPUOptions(threads: 1))
    let outputs = try session.rehearse(seed: 1, range: demo.manifest.rehearsalRange)
    return GoldenOutputs(seed: 1, tolerance: 0.02, names: demo.program.outputs.map(\.name), tensors: outputs)
  }
}
