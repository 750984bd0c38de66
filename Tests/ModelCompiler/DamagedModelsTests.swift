import Foundation
import GoldenCases
import ModelCompiler
import ModelFormat
import ONNX
import Testing

struct DamagedModelsTests {
  static let rounds = 6

  /// A damaged file is refused, or compiles to a well-formed program; it never crashes the compiler.
  @Test(arguments: GoldenCase.all) func `flipped bits in a model never crash the compiler`(golden: GoldenCase) throws {
    let whole = [UInt8](try Data(contentsOf: golden.folder.appendingPathComponent("model.onnx")))
    var state = golden.name.utf8.reduce(UInt64(17)) { $0 &* 31 &+ UInt64($1) }
    for _ in 0..<Self.rounds {
      var bytes = whole
      for _ in 0..<2 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        bytes[Int(state >> 33) % bytes.count] ^= 1 << UInt8(state >> 61)
      }
      guard let model = try? ONNXModel(bytes: bytes, memoryLimit: 1 << 24), let compilation = try? ModelCompilation(model, name: "damaged"),
        let compiled = try? compilation.compiled()
      else { continue }
      try unsafe compiled.weights.withUnsafeBytes { try unsafe compiled.program.validate(weights: $0) }
    }
  }
}
