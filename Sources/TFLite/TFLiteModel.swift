public import Tensors

/// A TFLite file as it stands: tensors, operators and constants, nothing inferred and nothing checked beyond the file format.
public struct TFLiteModel: Sendable, Equatable {
  public var version: Int
  public var description: String
  /// The first is the model; others are bodies of control flow, or further signatures.
  public var subgraphs: [TFLiteSubgraph]
}

/// Operators over tensors, which are known by their position in `tensors`.
public struct TFLiteSubgraph: Sendable, Equatable {
  public var name = ""
  public var tensors: [TFLiteTensor] = []
  public var inputs: [Int] = []
  public var outputs: [Int] = []
  /// In the order in which they run.
  public var operators: [TFLiteOperator] = []
}

public struct TFLiteTensor: Sendable, Equatable {
  /// As the exporter called it: may be empty, and need not be unique.
  public var name = ""
  public var type = TFLiteTensorType.float32
  /// Images are NHWC. An open dimension is written as 1 here.
  public var dimensions: [Int] = []
  /// For each axis, whether its size is open.
  public var isOpen: [Bool] = []
  public var quantisation: TFLiteQuantisation?
  /// The bytes of a constant, as they are stored; nil where the tensor is computed or given.
  public var data: [UInt8]?
  /// Keeps its value from one run to the next.
  public var isVariable = false
  public var isSparse = false
}

/// `real = scale × (stored − zero point)`, for the whole tensor or for each index of an axis.
public struct TFLiteQuantisation: Sendable, Equatable {
  public var scales: [Float]
  /// As many as scales.
  public var zeroPoints: [Int64]
  public var axis: Int
}

/// An operator applied to tensors.
public struct TFLiteOperator: Sendable, Equatable {
  /// The schema's name (`CONV_2D`), or a custom operator's own.
  public var name = ""
  public var isCustom = false
  public var version = 1
  /// nil where an optional input was left out.
  public var inputs: [Int?] = []
  public var outputs: [Int] = []
  /// The options that the file gives, by the schema's names; what is missing has its default.
  public var options: [String: TFLiteOption] = [:]
}

public enum TFLiteOption: Sendable, Equatable {
  case integer(Int)
  case float(Float)
  case integers([Int])
}

extension TFLiteOperator {
  /// An option that is a whole number, a truth value or a choice.
  public func integer(_ name: String, default fallback: Int = 0) -> Int { if case .integer(let value)? = options[name] { value } else { fallback } }

  public func flag(_ name: String) -> Bool { integer(name) != 0 }

  public func float(_ name: String, default fallback: Float = 0) -> Float { if case .float(let value)? = options[name] { value } else { fallback } }

  public func integers(_ name: String) -> [Int] { if case .integers(let values)? = options[name] { values } else { [] } }
}

extension TFLiteTensor {
  /// The tensor's elements, nil where it is no constant.
  public func constant() throws(TFLiteError) -> HostTensor? {
    guard let data else { return nil }
    guard let elementType = type.elementType else { throw TFLiteError(.unsupported, "tensor '\(name)' is a constant of \(type.name), which is not supported") }
    guard let count = dimensions.checkedElementCount, count <= Int.max / 8 else {
      throw TFLiteError(.malformed, "tensor '\(name)': dimensions \(dimensions) are too large for any memory")
    }
    let stored = type == .int4 ? (count + 1) / 2 : count * elementType.byteCount
    guard data.count == stored else {
      throw TFLiteError(.malformed, "tensor '\(name)': dimensions \(dimensions) of \(type.name) need \(stored) bytes, there are \(data.count)")
    }
    switch type {
    case .int4:
      // The lower half of a byte comes first; each half is a signed number.
      let halves = (0..<count).map { data[$0 / 2] >> UInt8($0 % 2 * 4) & 15 }
      return HostTensor(elementType: .int8, dimensions: dimensions, bytes: halves.map { $0 < 8 ? $0 : $0 | 0xF0 })
    case .bool where data.contains(where: { $0 > 1 }):
      return HostTensor(elementType: .bool, dimensions: dimensions, bytes: data.map { $0 == 0 ? 0 : 1 })
    default:
      return HostTensor(elementType: elementType, dimensions: dimensions, bytes: data)
    }
  }
}
