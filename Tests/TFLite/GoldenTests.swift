import CPUExecution
import Foundation
import Inference
import ModelCompiler
import ONNX
import TFLite
import Tensors
import Testing

/// Folders with `model.tflite`, `input_N.npy` and `output_N.npy`, which LiteRT computed.
struct GoldenFolder: CustomTestStringConvertible {
  let name: String

  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Golden").path
  static let all: [GoldenFolder] = ((try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []).sorted().map { GoldenFolder(name: $0) }

  var testDescription: String { name }
  var path: String { "\(Self.root)/\(name)" }

  func file(_ name: String) -> [UInt8]? { FileManager.default.contents(atPath: "\(path)/\(name)").map { [UInt8]($0) } }

  func tensors(_ stem: String) throws -> [HostTensor] {
    var tensors: [HostTensor] = []
    while let bytes = file("\(stem)_\(tensors.count).npy") { tensors.append(try HostTensor(npy: bytes)) }
    return tensors
  }

  /// By the operators' own evaluation.
  func evaluated(_ model: TFLiteModel) throws -> [HostTensor] {
    let names = model.subgraphs[0].inputs.map { model.subgraphs[0].tensors[$0].name }
    let inputs = Dictionary(uniqueKeysWithValues: zip(names, try tensors("input")))
    return try ReferenceEvaluation(ONNXModel(model)).outputs(for: inputs)
  }

  /// Inputs in the order of the model's own.
  func run(_ model: TFLiteModel) throws -> [HostTensor] {
    let compiled = try ModelCompilation(model, name: name).compiled()
    let weights = AlignedBytes(count: compiled.weights.count)
    unsafe weights.bytes.copyBytes(from: compiled.weights)
    let session = try unsafe Session<CPUBackend>(program: compiled.program, weights: UnsafeRawBufferPointer(weights.bytes), options: CPUOptions())
    for (index, tensor) in try tensors("input").enumerated() { try session.setInput(index, to: tensor) }
    session.run()
    let results = try compiled.program.outputs.indices.map { try session.output($0) }
    _ = unsafe weights.bytes
    return results
  }
}

struct GoldenTests {
  private static let imageCases = ["conv", "depthwise", "residual", "average", "max_pool", "mul_by", "mean", "resize"]

  @Test func `there are cases in every precision`() {
    for precision in ["float32", "float16", "dynamic", "int8", "old-uint8"] {
      #expect(GoldenFolder.all.contains { $0.name.hasSuffix(".\(precision)") })
    }
    #expect(GoldenFolder.all.count >= 100)
  }

  @Test(arguments: GoldenFolder.all) func `a case gives LiteRT's numbers`(folder: GoldenFolder) throws {
    let model = try TFLiteModel(contentsOf: "\(folder.path)/model.tflite")
    try compare(try folder.evaluated(model), in: folder)
    // What no program can be made of is evaluated by `infer`, too, and refused by name where a program is asked for.
    do {
      try compare(try folder.run(model), in: folder)
    } catch let error as CompilerError {
      #expect(error.code == .unsupported && Self.evaluatedOnly.contains(folder.name), "\(error.message)")
    }
  }

  /// Whole numbers that are computed at run time.
  private static let evaluatedOnly = ["arg_max_min.float32", "comparisons.float32", "cumulative_sum_top.float32"]

  private func compare(_ found: [HostTensor], in folder: GoldenFolder) throws {
    let expected = try folder.tensors("output")
    #expect(found.count == expected.count && !expected.isEmpty)
    for (found, expected) in zip(found, expected) {
      #expect(found.dimensions == expected.dimensions)
      #expect(found.elementType == expected.elementType)
      guard found.elementCount == expected.elementCount else { continue }
      if expected.elementType.isEightBitInteger {
        let distances = zip(found.integers(), expected.integers()).map { abs($0 - $1) }
        #expect(distances.allSatisfy { $0 <= 1 }, "\(distances.max() ?? 0) quanta")
      } else {
        let magnitude = max(expected.floats().reduce(0) { max($0, $1.magnitude) }, 1e-6)
        let error = zip(found.floats(), expected.floats()).reduce(Float(0)) { max($0, ($1.0 - $1.1).magnitude) }
        // LiteRT rounds activations to 8 bits before it multiplies them by 8-bit weights.
        #expect(error <= (folder.name.hasSuffix(".dynamic") ? 2e-2 : 2e-5) * magnitude, "\(error) of \(magnitude)")
      }
    }
  }

  /// Images stay NHWC from input to output, whatever stands between.
  @Test(arguments: GoldenFolder.all.filter { folder in imageCases.contains { folder.name.hasPrefix($0) } })
  func `no transpose remains at run time`(folder: GoldenFolder) throws {
    let model = try TFLiteModel(contentsOf: "\(folder.path)/model.tflite")
    let program = try ModelCompilation(model, name: folder.name).compiled().program
    let copies = program.instructions.filter { if case .copy = $0 { true } else { false } }
    // Unsigned weights of nine bits read some channels twice.
    if !folder.name.hasSuffix("old-uint8") { #expect(copies.isEmpty) }
  }

  @Test(arguments: ["conv", "conv_strided_valid_relu6", "depthwise_multiplier", "fully_connected"], ["int8", "old-uint8"])
  func `a quantised case is computed in whole numbers`(name: String, precision: String) throws {
    let model = try TFLiteModel(contentsOf: "\(GoldenFolder.root)/\(name).\(precision)/model.tflite")
    let program = try ModelCompilation(model, name: name).compiled().program
    #expect(program.instructions.contains { if case .convolution(let convolution) = $0 { convolution.multipliers != nil } else { false } })
    #expect(!program.instructions.contains { if case .dequantise = $0 { true } else { false } })
  }
}
