import ModelManifest
import ONNX
import Tensors
import YAMLReading

/// An input as its model declares it, and tensors made to fit it.
struct TensorPort {
  let name: String
  /// nil for a type that no tensor here has.
  let type: ElementType?
  let typeName: String
  /// nil where the model gives no shape.
  let dimensions: [ONNXDimension]?
  /// Whether the model does without: an initialiser, or a state that begins with zeros.
  let isOptional: Bool

  /// The inputs of a package's program.
  static func ports(of package: ModelPackage) -> [TensorPort] {
    let states = Set((package.manifest.states ?? []).map(\.input))
    return package.program.inputs.map {
      TensorPort(
        name: $0.name, type: $0.declaredType, typeName: "\($0.declaredType.name)",
        // What a family left open is bound later, by all inputs together.
        dimensions: $0.declaredDimensions.map { package.family == nil ? .size($0) : .unknown },
        isOptional: states.contains($0.name))
    }
  }

  /// The inputs of an ONNX model.
  static func ports(of model: ONNXModel) -> [TensorPort] {
    let initialised = Set(model.graph.initialisers.map(\.name))
    return model.graph.inputs.map {
      TensorPort(
        name: $0.name, type: $0.dataType?.elementType, typeName: $0.dataType?.name ?? "no tensor", dimensions: $0.dimensions,
        isOptional: initialised.contains($0.name))
    }
  }

  /// The tensor in the declared type. A value or a list of values, as people write them, takes the declared shape.
  func fitted(constant: HostTensor) throws -> HostTensor {
    let sizes = (dimensions ?? []).compactMap { if case .size(let size) = $0 { size } else { nil } }
    let isKnown = dimensions != nil && sizes.count == dimensions!.count && sizes.checkedElementCount == constant.elementCount
    return try fitted(isKnown ? constant.reshaped(to: sizes) : constant, from: "the constant")
  }

  /// The tensor in the declared type.
  /// - Parameter origin: what messages call the tensor.
  func fitted(_ tensor: HostTensor, from origin: String) throws -> HostTensor {
    guard let type else { throw CommandFailure("input '\(name)' has the type \(typeName), which is not supported", status: .unsupported) }
    if let dimensions {
      let fits = dimensions.count == tensor.dimensions.count && zip(dimensions, tensor.dimensions).allSatisfy { $0.accepts($1) }
      guard fits else {
        let rank = dimensions.count == tensor.dimensions.count ? "" : ", of \(dimensions.count) axes,"
        throw CommandFailure("\(origin): input '\(name)' wants dimensions \(dimensions.described)\(rank) and the tensor has \(tensor.dimensions)")
      }
    }
    if let stray = tensor.firstElement(lostIn: type) {
      throw CommandFailure("\(origin): holds \(tensor.elementType.name) values that input '\(name)' (\(type.name)) can't hold, such as \(stray)")
    }
    return tensor.converted(to: type)
  }
}

extension ONNXDimension {
  fileprivate func accepts(_ size: Int) -> Bool { if case .size(let own) = self { own == size } else { true } }
}

extension HostTensor {
  /// An element that another type would turn into something else; rounding among floating-point types is no loss.
  fileprivate func firstElement(lostIn type: ElementType) -> String? {
    guard type != elementType, !type.isFloatingPoint, type != .bool else { return nil }
    if elementType.isFloatingPoint {
      let values = elementType == .float64 ? self.values(as: Double.self) : floats().map { Double($0) }
      return values.first { $0 != $0.rounded() || !type.integerRange.contains($0) }.map { "\($0)" }
    }
    let back = converted(to: type).integers()
    return zip(integers(), back).first { $0 != $1 }.map { "\($0.0)" }
  }
}

extension ElementType {
  fileprivate var isFloatingPoint: Bool { self == .float32 || self == .float64 || self == .float16 }

  /// The values of an integer type, as far as Double tells them apart.
  fileprivate var integerRange: ClosedRange<Double> {
    switch self {
    case .uint8: 0...255
    case .int8: -128...127
    case .uint16: 0...65535
    case .int16: -32768...32767
    case .uint32: 0...4_294_967_295
    case .int32: -2_147_483_648...2_147_483_647
    case .uint64: 0...18_446_744_073_709_549_568
    default: -9_223_372_036_854_775_808...9_223_372_036_854_774_784
    }
  }
}

/// What `--tensor NAME=FILE.npy` gave, by the input's name.
struct GivenTensors {
  let tensors: [String: HostTensor]

  /// - Parameters:
  ///   - constants: values that were given in other ways; a tensor stands before them.
  ///   - model: what messages call the model.
  init(_ entries: [String], constants: [String: HostTensor] = [:], for ports: [TensorPort], of model: String) throws {
    var tensors: [String: HostTensor] = [:]
    for entry in entries {
      let (port, path) = try Self.split(entry, ports, model)
      guard tensors[port.name] == nil else { throw CommandFailure("--tensor \(port.name)=… is there twice", status: .wrongUse) }
      tensors[port.name] = try port.fitted(try TensorFile.read(path), from: path)
    }
    for port in ports where tensors[port.name] == nil {
      if let constant = constants[port.name] { tensors[port.name] = try port.fitted(constant: constant) }
    }
    let missing = ports.filter { tensors[$0.name] == nil && !$0.isOptional }
    guard missing.isEmpty else {
      let wanted = missing.map { "--tensor \($0.name)=FILE.npy" }.joined(separator: " ")
      let names = missing.map { "'\($0.name)'" }.joined(separator: ", ")
      throw CommandFailure("\(missing.count == 1 ? "input \(names) is" : "inputs \(names) are") missing: give \(wanted)", status: .wrongUse)
    }
    self.tensors = tensors
  }

  /// An input's name may hold '=' itself, so the longest one that fits counts.
  private static func split(_ entry: String, _ ports: [TensorPort], _ model: String) throws -> (TensorPort, path: String) {
    if let port = ports.filter({ entry.hasPrefix($0.name + "=") }).max(by: { $0.name.utf8.count < $1.name.utf8.count }) {
      return (port, String(entry.dropFirst(port.name.count + 1)))
    }
    guard let equals = entry.firstIndex(of: "="), equals != entry.startIndex else {
      throw CommandFailure("--tensor \(entry) is not understood: write it as NAME=FILE.npy", status: .wrongUse)
    }
    let name = String(entry[..<equals])
    let names = ports.map(\.name)
    let all = names.isEmpty ? "it has none" : "it has: \(names.joined(separator: ", "))"
    let advice = nearestName(to: name, among: names).map { "did you mean '\($0)'?" } ?? all
    throw CommandFailure("\(model) has no input '\(name)'; \(advice)", status: .wrongUse)
  }
}
