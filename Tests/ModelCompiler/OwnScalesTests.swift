@testable import ModelCompiler
import ModelFormat
@testable import ONNX
import SharedData
import Tensors
import Testing

/// A model that was trained for 8 bits keeps its own scales, zero points and weights, bit for bit: each was learnt with the others.
struct OwnScalesTests {
  /// An activation's form.
  private struct Form: Hashable {
    var type: ElementType
    var scale: UInt32
    var zeroPoint: Int32
  }

  /// What a model file says of its 8-bit values.
  private struct Declared {
    var forms: Set<Form> = []
    /// Scales of constant weights, one or one a channel, and their integers in order of size.
    var weights: [(scales: [Float], integers: [Int64])] = []

    init(_ model: ONNXModel) {
      let constants = Dictionary(uniqueKeysWithValues: model.graph.initialisers.map { ($0.name, $0.tensor) })
      for node in model.graph.nodes where ["QuantizeLinear", "DequantizeLinear"].contains(node.opType) {
        guard let scale = constants[node.inputs[1]], let zero = constants[node.inputs[2]] else { continue }
        if let integers = constants[node.inputs[0]] {
          // Biases are int32, and have no scale of their own.
          if integers.elementType.isEightBitInteger { weights.append((scale.floats(), integers.integers().sorted())) }
        } else {
          forms.insert(Form(type: zero.elementType, scale: scale.floats()[0].bitPattern, zeroPoint: Int32(zero.integers()[0])))
        }
      }
    }
  }

  private func check(_ model: ONNXModel) throws {
    let declared = Declared(model)
    let compilation = try ModelCompilation(model, name: "own")
    // What `--calibrate` asks before it refuses.
    #expect(compilation.isQuantised)
    let compiled = try compilation.compiled()
    let program = compiled.program
    var forms = program.tensors.compactMap { tensor in
      tensor.quantisation.map { Form(type: tensor.elementType, scale: $0.scale.bitPattern, zeroPoint: $0.zeroPoint) }
    }
    var layers = 0
    for case .convolution(let layer) in program.instructions {
      guard let multipliers = layer.multipliers, let from = program.tensors[Int(layer.input)].quantisation,
        let to = program.tensors[Int(layer.output)].quantisation
      else { continue }
      layers += 1
      // What is added at once has no tensor of its own.
      let scale = layer.residual == nil ? to.scale : layer.middleScale
      if layer.residual != nil {
        forms.append(Form(type: program.tensors[Int(layer.output)].elementType, scale: scale.bitPattern, zeroPoint: layer.middleZeroPoint))
      }
      let kept: [Float] = compiled.constant(multipliers)
      let integers = compiled.constant(layer.weights, as: Int8.self).map { Int64($0) }.sorted()
      let own = declared.weights.contains { weights in
        weights.integers == integers && kept.indices.allSatisfy { kept[$0] == from.scale * weights.scales[weights.scales.count == 1 ? 0 : $0] / scale }
      }
      #expect(own, "\(program.tensors[Int(layer.output)].name)")
    }
    #expect(layers == declared.weights.count, "\(layers) of \(declared.weights.count)")
    #expect(declared.forms == Set(forms), "\(declared.forms.symmetricDifference(forms))")
  }

  @Test func `forms that no calibration would choose stay as they were learnt`() throws {
    var model = SmallModel.of([1, 2, 4, 4])
    // Ranges that hold neither all that is seen nor zero in their middle, and scales of all 24 bits.
    model.form("in", scale: Float(bitPattern: 0x3C12_3457), zeroPoint: 3)
    model.form("mid", scale: Float(bitPattern: 0x3D7F_FFFF), zeroPoint: 0)
    model.form("out", scale: Float(bitPattern: 0x3A00_0001), zeroPoint: 255)
    model.quantise("x", "x8", as: "in")
    model.dequantise("x8", "xr", as: "in")
    for (index, (input, output, form)) in [("xr", "a", "mid"), ("ar", "b", "out")].enumerated() {
      let weights = "w\(index)"
      model.constants[weights] = HostTensor((0..<4).map { Int8($0 * 37 - 100 + index) }, dimensions: [2, 2, 1, 1])
      model.floats("\(weights).scale", [Float(bitPattern: 0x3B01_2345), Float(bitPattern: 0x3C76_5432)])
      model.constants["\(weights).zero"] = HostTensor([Int8(0), 0], dimensions: [2])
      model.append("DequantizeLinear", [weights, "\(weights).scale", "\(weights).zero"], ["\(weights)r"], ["axis": .integer(0)])
      model.append("Conv", [input, "\(weights)r"], [output])
      model.quantise(output, "\(output)8", as: form)
      model.dequantise("\(output)8", index == 0 ? "ar" : "y", as: form)
    }
    try check(model.model)
  }

  @Test(.enabled(if: Shared.isPresent), arguments: ["kws_dscnn_qdq", "resnet8_cifar_qdq", "vww_96_qdq"])
  func `real models keep theirs`(stem: String) throws {
    try check(ONNXModel(contentsOf: "\(Shared.root!)/models/\(stem).onnx"))
  }
}

extension CompiledModel {
  /// A constant's elements.
  fileprivate func constant<Element: BitwiseCopyable>(_ index: TensorIndex, as type: Element.Type = Element.self) -> [Element] {
    let tensor = program.tensors[Int(index)]
    guard case .weights(let offset) = tensor.storage else { return [] }
    return unsafe weights[offset..<offset + tensor.byteCount].withUnsafeBytes { unsafe [Element]($0.bindMemory(to: Element.self)) }
  }
}
