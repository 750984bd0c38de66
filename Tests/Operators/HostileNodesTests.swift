import CPUExecution
import Inference
import ModelFormat
import ModelGraph
import ONNX
import Operators
import Tensors
import Testing

/// Nodes as a damaged or hostile model might have them: any attribute, any input. They may be refused, never crash.
struct HostileNodesTests {
  @Test(arguments: OperatorCatalog.all.flatMap { $0.names }) func `random attributes and inputs never crash`(name: String) throws {
    let type = try #require(OperatorCatalog.all.first { $0.names.contains(name) })
    var random = SeededGenerator(state: name.utf8.reduce(7) { $0 &* 31 &+ UInt64($1) })
    for _ in 0..<400 {
      let opset = [7, 9, 10, 11, 13, 18, 21].randomElement(using: &random)!
      let count = Int.random(in: 0...5, using: &random)
      let description = OperatorDescription(
        nodeName: "n", opType: name, opset: opset, attributes: attributes(&random), inputCount: count, outputCount: Int.random(in: 1...3, using: &random))
      guard let operation = try? type.init(description) else { continue }
      let tensors = (0..<count).map { _ in Int.random(in: 0..<8, using: &random) == 0 ? nil : tensor(&random) }
      let inputs = tensors.map { $0.map { OperatorInput(type: TensorType($0.elementType, $0.dimensions), constant: $0) } }
      let cost = operation.evaluationCost(for: inputs)
      #expect(cost.steps >= 0 && cost.byteCount >= 0)
      let types = try? operation.outputTypes(for: inputs)
      if let types, types.allSatisfy({ $0.elementCount < 1 << 20 }), let outputs = try? operation.evaluate(tensors) {
        for (type, output) in zip(types, outputs) { #expect(type.dimensions == output.dimensions) }
      }
      try lower(operation, tensors, outputCount: description.outputCount)
    }
  }

  /// Lowers with the first input computed at run time; a program that comes out is well formed.
  private func lower(_ operation: any Operator, _ tensors: [HostTensor?], outputCount: Int) throws {
    guard let first = tensors.first, let first else { return }
    var inputs = tensors.map { $0.map { OperatorInput(type: TensorType($0.elementType, $0.dimensions), constant: $0) } }
    inputs[0]?.constant = nil
    guard let types = try? operation.outputTypes(for: inputs), types.count >= outputCount, types.allSatisfy({ 0..<1 << 20 ~= $0.elementCount }) else { return }
    var graph = Graph(name: "g")
    let ids = inputs.enumerated().map { index, input in
      input.map { graph.add(Value(name: "x\(index)", type: $0.type, constant: $0.constant)) }
    }
    let outputs = types.prefix(outputCount).map { graph.add(Value(name: "y", type: $0)) }
    graph.inputs = [ids[0]!]
    graph.outputs = outputs
    let node = Node(name: "n", operation: operation, inputs: ids, outputs: outputs)
    graph.nodes = [node]
    for layout in [Layout.identity(rank: first.dimensions.count), .channelsLast(rank: first.dimensions.count)] {
      var lowering = Lowering(graph: graph)
      _ = lowering.declareInput(ids[0]!, layout: layout)
      guard (try? lowering.lower(node)) != nil else { continue }
      let (program, weights) = LoweredCase.assemble(lowering, [], [])
      do {
        try unsafe weights.withUnsafeBytes { try unsafe program.validate(weights: $0) }
      } catch let error as ModelFormatError {
        Issue.record("\(type(of: operation)) on \(inputs.map { $0?.type.dimensions }): \(error.message)")
      }
    }
  }

  private static let names = [
    "axis", "axes", "perm", "to", "shape", "pads", "kernel_shape", "strides", "dilations", "group", "auto_pad", "ceil_mode", "mode", "split", "starts",
    "ends", "keepdims", "blocksize", "alpha", "beta", "transA", "transB", "min", "max", "value", "scales", "epsilon", "start", "end", "allowzero",
    "coordinate_transformation_mode", "nearest_mode", "count_include_pad", "noop_with_empty_axes", "num_outputs", "value_ints", "value_float",
    "output_padding", "output_shape", "storage_order", "p", "batch_dims", "reduction", "k", "dtype", "upper", "batch_axis", "time_axis", "sorted",
    "center_point_box", "offset_group", "antialias", "exclude_outside", "cubic_coeff_a", "extrapolation_value", "keep_aspect_ratio_policy",
    "padding_mode", "align_corners", "output_height", "output_width", "sampling_ratio", "spatial_scale", "pooled_shape",
    "size", "num_groups", "largest", "exclusive", "reverse", "select_last_index", "equation", "inverse", "onesided", "periodic", "output_datatype",
    "num_heads", "rotary_embedding_dim", "q_num_heads", "kv_num_heads", "is_causal", "softcap", "ignore_index", "scale", "bias", "stash_type",
  ]

  private func attributes(_ random: inout SeededGenerator) -> [String: AttributeValue] {
    var attributes: [String: AttributeValue] = [:]
    for _ in 0..<Int.random(in: 0...6, using: &random) {
      let name = Self.names.randomElement(using: &random)!
      attributes[name] =
        switch name {
        case "axes", "perm", "shape", "pads", "kernel_shape", "strides", "dilations", "split", "starts", "ends", "value_ints", "output_padding", "output_shape",
          "pooled_shape":
          .integers((0..<Int.random(in: 0...5, using: &random)).map { _ in integer(&random) })
        case "alpha", "beta", "min", "max", "epsilon", "value_float", "cubic_coeff_a", "extrapolation_value", "spatial_scale": .float(float(&random))
        case "scales": .floats((0..<Int.random(in: 0...5, using: &random)).map { _ in float(&random) })
        case "softcap", "scale", "bias": .float(float(&random))
        case "equation": .string(["ij,jk->ik", "ii->i", "...i,...i", "ab,bc,cd", "ij->ji", "iij", ".i", "a->z", "->", "i,j->"].randomElement(using: &random)!)
        case "value": Bool.random(using: &random) ? .tensor(tensor(&random)) : .float(float(&random))
        case "reduction": .string(["add", "mul", "min", "max", "none", "sum", "mean", "x"].randomElement(using: &random)!)
        case "auto_pad": .string(["SAME_UPPER", "SAME_LOWER", "VALID", "x"].randomElement(using: &random)!)
        case "mode": .string(["nearest", "linear", "cubic", "constant", "edge", "reflect", "wrap", "CRD", "x"].randomElement(using: &random)!)
        case "coordinate_transformation_mode":
          .string(["align_corners", "asymmetric", "pytorch_half_pixel", "tf_crop_and_resize", "x"].randomElement(using: &random)!)
        case "keep_aspect_ratio_policy": .string(["not_larger", "not_smaller", "x"].randomElement(using: &random)!)
        case "padding_mode": .string(["zeros", "border", "reflection", "x"].randomElement(using: &random)!)
        case "nearest_mode": .string(["floor", "ceil", "round_prefer_ceil", "x"].randomElement(using: &random)!)
        default: Int.random(in: 0..<10, using: &random) == 0 ? .string("?") : .integer(integer(&random))
        }
    }
    return attributes
  }

  private func integer(_ random: inout SeededGenerator) -> Int64 {
    Int.random(in: 0..<6, using: &random) == 0
      ? [Int64.min, .max, -1 << 31, 1 << 31, 1 << 40, 65536, -65537].randomElement(using: &random)! : Int64.random(in: -3...4, using: &random)
  }

  private func float(_ random: inout SeededGenerator) -> Float {
    Int.random(in: 0..<5, using: &random) == 0
      ? [Float.nan, .infinity, -.infinity, 1e30, -1e30, 1e-30, 0].randomElement(using: &random)! : Float.random(in: -2...3, using: &random)
  }

  private func tensor(_ random: inout SeededGenerator) -> HostTensor {
    let dimensions = (0..<Int.random(in: 0...4, using: &random)).map { _ in [0, 1, 1, 2, 2, 3, 4].randomElement(using: &random)! }
    let count = dimensions.elementCount
    switch Int.random(in: 0..<8, using: &random) {
    case 0: return HostTensor(elementType: .bool, dimensions: dimensions, bytes: (0..<count).map { UInt8($0 % 2) })
    case 1: return HostTensor((0..<count).map { UInt8(truncatingIfNeeded: $0) }, dimensions: dimensions)
    case 2: return HostTensor((0..<count).map { Int8(truncatingIfNeeded: $0) }, dimensions: dimensions)
    case 3, 4: return HostTensor((0..<count).map { _ in integer(&random) }, dimensions: dimensions)
    default: return HostTensor((0..<count).map { _ in float(&random) }, dimensions: dimensions)
    }
  }
}

/// SplitMix64: G. L. Steele, D. Lea and C. H. Flood, "Fast splittable pseudorandom number generators", 2014.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }
}
