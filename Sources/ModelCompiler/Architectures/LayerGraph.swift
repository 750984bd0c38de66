import ONNX
import Tensors

/// A graph under construction, in ONNX's operators, so that it is compiled as any model is. Lengths that stay open are symbols of its inputs;
/// everything else is known.
struct LayerGraph {
  private var graph: ONNXGraph
  private var constants: Set<String> = []
  private var counter = 0

  init(name: String) { graph = ONNXGraph(name: name) }

  /// The newest operator set, which has normalisations, Gelu and rotary embeddings as operators.
  var model: ONNXModel {
    ONNXModel(irVersion: 10, opsetImports: ["": 23, "swiftlet": 1], producerName: "swiftlet", producerVersion: "", graph: graph, metadata: [:])
  }

  mutating func input(_ name: String, _ type: ElementType, _ dimensions: [ONNXDimension]) -> String {
    graph.inputs.append(ONNXValueInfo(name: name, dataType: ONNXDataType(type), dimensions: dimensions))
    return name
  }

  mutating func output(_ value: String, as name: String) {
    graph.nodes.append(ONNXNode(name: name, opType: "Identity", inputs: [value], outputs: [name]))
    graph.outputs.append(ONNXValueInfo(name: name))
  }

  /// A constant; of one name there is one.
  mutating func constant(_ name: String, _ tensor: HostTensor) -> String {
    if constants.insert(name).inserted { graph.initialisers.append(ONNXInitialiser(name: name, tensor: tensor)) }
    return name
  }

  mutating func numbers(_ values: [Int64]) -> String {
    constant("numbers \(values)", HostTensor(values, dimensions: [values.count]))
  }

  /// Adds an operator of one output and returns it.
  mutating func add(
    _ opType: String, domain: String = "", _ inputs: [String], _ attributes: [String: ONNXAttribute] = [:], name: String? = nil
  ) -> String {
    counter += 1
    let name = name ?? "\(opType) \(counter)"
    graph.nodes.append(ONNXNode(name: name, opType: opType, domain: domain, inputs: inputs, outputs: [name], attributes: attributes))
    return name
  }
}

// Shapes. A piece of one batch is a matrix `[length, width]`.
extension LayerGraph {
  mutating func transposed(_ x: String, _ order: [Int64]) -> String { add("Transpose", [x], ["perm": .integers(order)]) }

  /// 0 keeps a size, -1 is what is left.
  mutating func reshaped(_ x: String, to sizes: [Int64]) -> String { add("Reshape", [x, numbers(sizes)]) }

  mutating func squeezed(_ x: String) -> String { add("Squeeze", [x, numbers([0])]) }

  mutating func unsqueezed(_ x: String) -> String { add("Unsqueeze", [x, numbers([0])]) }

  mutating func slice(_ x: String, axis: Int64, from start: Int64, to end: Int64) -> String {
    add("Slice", [x, numbers([start]), numbers([end]), numbers([axis])])
  }
}

// Layers of sequence models.
extension LayerGraph {
  /// `x · weightᵀ + bias`, the weight `[outputs, inputs]`.
  mutating func linear(_ x: String, _ weight: NamedTensor, bias: NamedTensor? = nil) -> String {
    let inputs = [x, constant(weight.name, weight.tensor)] + (bias.map { [constant($0.name, $0.tensor)] } ?? [])
    return add("Gemm", inputs, ["transB": .integer(1)], name: "\(weight.name) ·")
  }

  /// Each row of mean 0 and deviation 1, times a scale and shifted.
  mutating func normalised(_ x: String, _ scale: NamedTensor, shift: NamedTensor? = nil) -> String {
    let inputs = [x, constant(scale.name, scale.tensor)] + (shift.map { [constant($0.name, $0.tensor)] } ?? [])
    return add("LayerNormalization", inputs, ["axis": .integer(-1), "epsilon": .float(1e-5)], name: "\(scale.name) ·")
  }

  /// A convolution over `[1, channels, length]`.
  /// - Parameter padding: zeros at either end.
  mutating func convolution(_ x: String, _ weight: NamedTensor, bias: NamedTensor? = nil, stride: Int64, padding: Int64 = 0) -> String {
    let inputs = [x, constant(weight.name, weight.tensor)] + (bias.map { [constant($0.name, $0.tensor)] } ?? [])
    return add("Conv", inputs, ["strides": .integers([stride]), "pads": .integers([padding, padding])], name: "\(weight.name) ·")
  }

  /// What queries `[length, heads × size]` find in values by their keys; the queries bring the scale.
  mutating func attention(_ queries: String, _ keys: String, _ values: String, heads: Int) -> String {
    let attributes: [String: ONNXAttribute] = ["q_num_heads": .integer(Int64(heads)), "kv_num_heads": .integer(Int64(heads)), "scale": .float(1)]
    return squeezed(add("Attention", [unsqueezed(queries), unsqueezed(keys), unsqueezed(values)], attributes))
  }

  /// What one query finds in the first rows of the past, `[1, capacity, heads × size]`, and in a row of its own.
  mutating func attention(
    _ query: String, past: (keys: String, values: String), own: (key: String, value: String), count: String, heads: Int
  ) -> String {
    let inputs = [query, past.keys, past.values, own.key, own.value, count]
    return add("StepAttention", domain: "swiftlet", inputs, ["heads": .integer(Int64(heads))])
  }

  /// Pairs of neighbours of each head of `[length, heads × size]` turned by angles of the row's position; elements behind the angles' stay.
  /// (J. Su et al., "RoFormer", 2021.)
  mutating func rotated(_ x: String, _ angles: RotaryAngles, positions: String, heads: Int) -> String {
    let (cosines, sines) = (constant("rotary cosines", angles.cosines), constant("rotary sines", angles.sines))
    let attributes: [String: ONNXAttribute] = [
      "interleaved": .integer(1), "num_heads": .integer(Int64(heads)), "rotary_embedding_dim": .integer(Int64(angles.width)),
    ]
    return squeezed(add("RotaryEmbedding", [unsqueezed(x), cosines, sines, unsqueezed(positions)], attributes))
  }
}

/// A tensor of a pretrained model and its name.
struct NamedTensor {
  var name: String
  var tensor: HostTensor

  /// The same times a number.
  func scaled(by factor: Float) -> NamedTensor {
    NamedTensor(name: "\(name) × \(factor)", tensor: HostTensor(tensor.floats().map { $0 * factor }, dimensions: tensor.dimensions))
  }
}
