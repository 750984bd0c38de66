public import Foundation
public import ModelGraph
public import ONNX
import Operators
public import Tensors

/// A folder of `Tests/Golden`: a tiny model, its inputs, and what ONNX Runtime makes of them.
public struct GoldenCase: Sendable, CustomStringConvertible {
  public let name: String
  public let folder: URL

  public static let all: [GoldenCase] = {
    let golden = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Golden")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: golden.path)) ?? []
    return names.sorted().map { GoldenCase(name: $0, folder: golden.appendingPathComponent($0)) }
  }()

  /// The ONNX operator that the case is about.
  public var operatorName: String { String(name.prefix { $0 != "-" }) }
  public var description: String { name }
  public var isQuantised: Bool { name.hasSuffix("-quantised") }
  var modelPath: String { folder.appendingPathComponent("model.onnx").path }
  public func model() throws -> ONNXModel { try ONNXModel(contentsOf: modelPath) }
  public func inputs() throws -> [HostTensor] { try tensors("input") }
  public func outputs() throws -> [HostTensor] { try tensors("output") }

  private func tensors(_ role: String) throws -> [HostTensor] {
    var tensors: [HostTensor] = []
    while let data = try? Data(contentsOf: folder.appendingPathComponent("\(role)_\(tensors.count).npy")) {
      tensors.append(try HostTensor(npy: [UInt8](data)))
    }
    return tensors
  }

  /// The largest error that is allowed against the expected output: the operators' tolerance relative to the largest
  /// magnitude, or one quantum of a quantised output.
  public func allowance(_ expected: HostTensor, _ model: ONNXModel) throws -> Float {
    if isQuantised, let scale = model.graph.nodes.last?.inputs.dropFirst().first {
      return 1.001 * model.graph.initialisers.first { $0.name == scale }!.tensor.floats()[0]
    }
    let isQuantisedOperator = OperatorCatalog.all.contains { $0.names.contains(operatorName) && $0 is any QuantisedOperator.Type }
    guard expected.elementType.isFloating else { return isQuantisedOperator ? 1 : 0 }
    let operations = try model.graph.nodes.map { try $0.operation(in: model) }
    let magnitude = expected.floats().filter(\.isFinite).map(\.magnitude).max() ?? 0
    // Half precision has eleven digits of its own.
    let relative = max(operations.map(\.tolerance).max() ?? 0, expected.elementType == .float16 ? 1e-3 : 0)
    return max(1e-6, relative * magnitude)
  }
}

extension ONNXNode {
  public func operation(in model: ONNXModel) throws -> any Operator {
    guard let type = OperatorCatalog.type(named: opType, domain: domain) else { throw OperatorError(.unsupported, "no operator \(opType)") }
    return try type.init(
      OperatorDescription(
        nodeName: name, opType: opType, opset: model.opsetImports[domain] ?? 0, attributes: attributes.mapValues { $0.asValue }, inputCount: inputs.count,
        outputCount: outputs.count))
  }
}

extension ONNXAttribute {
  fileprivate var asValue: AttributeValue {
    switch self {
    case .float(let value): .float(value)
    case .integer(let value): .integer(value)
    case .string(let value): .string(value)
    case .tensor(let value): .tensor(value)
    case .floats(let values): .floats(values)
    case .integers(let values): .integers(values)
    case .strings(let values): .strings(values)
    case .graph, .graphs: .other("graph")
    case .tensors: .other("tensors")
    case .reference(let name): .other("reference to \(name)")
    case .other(let kind): .other(kind)
    }
  }
}

/// The largest difference between two tensors' elements; equal infinities and NaNs don't differ.
public func largestDifference(_ a: HostTensor, _ b: HostTensor) -> Float {
  zip(a.floats(), b.floats()).reduce(0) { largest, pair in
    let (x, y) = pair
    if x == y || x.isNaN && y.isNaN { return largest }
    let difference = (x - y).magnitude
    return difference.isNaN ? .infinity : max(largest, difference)
  }
}

extension ElementType {
  fileprivate var isFloating: Bool { self == .float32 || self == .float16 || self == .float64 }
}

extension GoldenCase {
  /// Whether the case, on its own, asks for what has no instruction.
  public var isFoldedOnly: Bool { name.hasSuffix("-evaluated") }
}
