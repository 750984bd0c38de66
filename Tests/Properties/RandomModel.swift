import GoldenCases
import ModelGraph
@testable import ONNX
import Operators
import Tensors

/// A random small model with its inputs, and what the operators' plain evaluation makes of every value on the way.
///
/// Equal seeds give equal models, and a model of fewer layers is the beginning of one of more: that is how a failure shrinks.
struct RandomModel {
  /// A value that later layers may read.
  struct Known {
    var name: String
    var tensor: HostTensor
    /// The most by which an implementation may differ from `tensor`: float rounding, and a quantum wherever the model rounds.
    var error: Float
    /// Step of the 8-bit form, 0 where the value was not rounded.
    var quantum: Float = 0
    var dimensions: [Int] { tensor.dimensions }
    var magnitude: Float { tensor.floats().map(\.magnitude).max() ?? 0 }
  }

  static let opset = 13

  var random: SeededGenerator
  let isQuantised: Bool
  private(set) var nodes: [ONNXNode] = []
  private(set) var constants: [String: HostTensor] = [:]
  private(set) var inputs: [(name: String, tensor: HostTensor)] = []
  private(set) var outputs: [Known] = []
  /// Values that layers read, the newest last.
  private(set) var known: [Known] = []
  /// Values that depend on constants alone, by name.
  var folded: [String: HostTensor] = [:]

  init(seed: UInt64, layers: Int, isQuantised: Bool) throws {
    random = SeededGenerator(seed: seed &* 2 &+ (isQuantised ? 1 : 0))
    self.isQuantised = isQuantised
    try addInput(dimensions: inputDimensions())
    for _ in 0..<layers {
      guard let newest = known.last, newest.tensor.elementCount > 0, newest.error <= max(newest.magnitude, 1e-3) / 8 else { break }
      try addLayer()
    }
    try addOutputs()
  }

  var model: ONNXModel {
    let graph = ONNXGraph(
      name: "random", nodes: nodes, initialisers: constants.sorted { $0.key < $1.key }.map { ONNXInitialiser(name: $0.key, tensor: $0.value) },
      inputs: inputs.map { input in
        let type: Int32 =
          switch input.tensor.elementType {
          case .uint8: 2
          case .int8: 3
          default: 1
          }
        return ONNXValueInfo(name: input.name, dataType: ONNXDataType(rawValue: type), dimensions: input.tensor.dimensions.map { .size($0) })
      },
      outputs: outputs.map { ONNXValueInfo(name: $0.name) })
    return ONNXModel(irVersion: 8, opsetImports: ["": Self.opset], producerName: "", producerVersion: "", graph: graph, metadata: [:])
  }

  /// One line a node, for failures.
  var description: String {
    nodes.map { node in
      let inputs = node.inputs.map { name in constants[name].map { "\(name)\($0.dimensions)" } ?? name }.joined(separator: ", ")
      let attributes = node.attributes.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
      return "  \(node.outputs[0]) = \(node.opType)(\(inputs)) \(attributes)"
    }.joined(separator: "\n")
  }

  // MARK: Building

  mutating func constant(_ tensor: HostTensor) -> String {
    let name = "c\(constants.count)"
    constants[name] = tensor
    return name
  }

  mutating func constant(_ values: [Float], _ dimensions: [Int]) -> String { constant(HostTensor(values, dimensions: dimensions)) }

  /// Appends a node, evaluates it plainly, and returns its name and value; what is not a constant is among `operands`.
  mutating func apply(_ type: String, _ names: [String], _ operands: [Known], _ attributes: [String: ONNXAttribute] = [:]) throws -> (
    name: String, tensor: HostTensor
  ) {
    let node = ONNXNode(name: "n\(nodes.count)", opType: type, inputs: names, outputs: ["v\(nodes.count)"], attributes: attributes)
    let empty = ONNXModel(irVersion: 8, opsetImports: ["": Self.opset], producerName: "", producerVersion: "", graph: ONNXGraph(), metadata: [:])
    let values = names.map { name in name.isEmpty ? nil : constants[name] ?? folded[name] ?? operands.first { $0.name == name }!.tensor }
    let result = try node.operation(in: empty).evaluate(values)[0]
    nodes.append(node)
    return (node.outputs[0], result)
  }

  /// Makes the result of a layer known. `error` is what its operands' errors grow to; rounding in float comes on top.
  mutating func keep(_ result: (name: String, tensor: HostTensor), error: Float, terms: Float = 1) {
    let magnitude = result.tensor.floats().map(\.magnitude).max() ?? 0
    let rounding = 2e-6 * max(magnitude, terms) + 1e-7
    known.append(Known(name: result.name, tensor: result.tensor, error: 1.001 * error + rounding))
  }

  /// Takes back the newest node, whose result no layer kept.
  mutating func forgetNode() { nodes.removeLast() }

  private mutating func inputDimensions() -> [Int] {
    switch random.integer(0...9) {
    case 0...5: [random.integer(1...2), random.size(upTo: 33), random.integer(1...13), random.integer(1...13)]
    case 6: [1, random.choice([256, 512, 1024]), 1, random.integer(1...2)]
    case 7: [random.integer(1...2), random.size(upTo: 24), random.integer(1...20)]
    case 8: [random.integer(1...3), random.choice([2048, 1025, 4097])]
    default: [random.integer(1...5), random.size(upTo: 33)]
    }
  }

  mutating func addInput(dimensions: [Int]) throws {
    let name = "x\(inputs.count)"
    if isQuantised, random.oneIn(2) {
      // The integers themselves come in.
      let form = randomForm(lower: -1, upper: 1)
      let tensor = extremeBytes(form.elementType, dimensions)
      inputs.append((name, tensor))
      let input = Known(name: name, tensor: tensor, error: 0)
      let result = try apply("DequantizeLinear", [name] + parameters(form), [input])
      known.append(Known(name: result.name, tensor: result.tensor, error: 0, quantum: form.quantisation.scale))
      return
    }
    let tensor = HostTensor(random.floats(dimensions.elementCount), dimensions: dimensions)
    inputs.append((name, tensor))
    known.append(Known(name: name, tensor: tensor, error: 0))
    if isQuantised { try round() }
  }

  /// 8-bit elements, with the ends of the range more often than chance has them.
  mutating func extremeBytes(_ type: ElementType, _ dimensions: [Int]) -> HostTensor {
    let ends: [UInt8] = type == .uint8 ? [0, 255] : [0x80, 0x7F]
    let isExtreme = random.oneIn(4)
    let bytes = (0..<dimensions.elementCount).map { _ in
      isExtreme || random.oneIn(8) ? random.choice(ends) : UInt8(truncatingIfNeeded: random.next())
    }
    return HostTensor(elementType: type, dimensions: dimensions, bytes: bytes)
  }

  /// A form for values between two bounds: sometimes too narrow, sometimes too wide, zero points often at an end.
  mutating func randomForm(lower: Float, upper: Float) -> StoredQuantisation {
    let type: ElementType = random.oneIn(2) ? .uint8 : .int8
    let range = type.eightBitRange!
    let span = max(upper - lower, 1e-3) * random.choice([0.6, 1, 1, 1.05, 2])
    let scale = span / 255
    let natural = Float(range.lowerBound) - lower / scale
    var zeroPoint = Int32(min(max(natural, Float(range.lowerBound)), Float(range.upperBound)).rounded())
    if random.oneIn(4) { zeroPoint = random.choice([range.lowerBound, range.upperBound, 0]) }
    return StoredQuantisation(type, Quantisation(scale: scale, zeroPoint: zeroPoint))
  }

  mutating func parameters(_ form: StoredQuantisation) -> [String] {
    let zero = form.quantisation.zeroPoint
    let zeroPoint =
      form.elementType == .uint8 ? HostTensor([UInt8(zero)], dimensions: []) : HostTensor([Int8(zero)], dimensions: [])
    return [constant([form.quantisation.scale], []), constant(zeroPoint)]
  }

  /// QuantizeLinear and DequantizeLinear behind the newest value.
  mutating func round(as given: StoredQuantisation? = nil) throws {
    let value = known[known.count - 1]
    let elements = value.tensor.floats()
    let form = given ?? randomForm(lower: min(elements.min() ?? 0, 0), upper: max(elements.max() ?? 0, 0))
    let names = parameters(form)
    let integers = try apply("QuantizeLinear", [value.name] + names, [value])
    let q = Known(name: integers.name, tensor: integers.tensor, error: 0)
    let result = try apply("DequantizeLinear", [q.name] + names, [q])
    let scale = form.quantisation.scale
    known[known.count - 1] = Known(name: result.name, tensor: result.tensor, error: value.error + scale, quantum: scale)
    lastForm = form
  }

  /// The form of the newest rounding, for layers that only move values.
  private(set) var lastForm: StoredQuantisation?

  private mutating func addOutputs() throws {
    guard var last = known.last else { return }
    if inputs.contains(where: { $0.name == last.name }) {
      let result = try apply("Relu", [last.name], [last])
      keep(result, error: last.error)
      last = known[known.count - 1]
    }
    // Integers go out as integers at times: the pair's first half.
    if last.quantum > 0, let back = nodes.last, back.opType == "DequantizeLinear", let form = lastForm, random.oneIn(2),
      let quantise = nodes.dropLast().last, quantise.outputs[0] == back.inputs[0]
    {
      nodes.removeLast()
      let integers = HostTensor(
        last.tensor.floats().map { Float(form.quantisation.quantised($0, in: form.elementType.eightBitRange!)) }, dimensions: last.dimensions)
      outputs = [Known(name: back.inputs[0], tensor: integers.converted(to: form.elementType), error: last.error / form.quantisation.scale, quantum: 1)]
      return
    }
    outputs = [last]
  }
}
