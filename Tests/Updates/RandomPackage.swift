import ModelFormat
import Pipelines

/// A package's file with made-up content: what stands in its sections doesn't matter here.
struct RandomPackage {
  var manifest: [UInt8]
  var program: [UInt8]
  var weights: [UInt8]

  /// - Parameter weights: random bytes, which don't compress.
  init(seed: UInt64, weights count: Int, program programCount: Int = 3000) {
    manifest = Array(#"{"name":"test","labels":["scratch","dent"],"threshold":0.5,"seed":\#(seed)}"#.utf8)
    program = (0..<programCount).map { UInt8(truncatingIfNeeded: $0 / 7) }
    weights = Self.bytes(count, seed: seed)
  }

  var file: [UInt8] { PackageWriter.file([(.manifest, manifest), (.program, program), (.weights, weights)]) }

  static func bytes(_ count: Int, seed: UInt64) -> [UInt8] {
    var random = SeededRandom(seed: seed)
    return (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
  }
}
