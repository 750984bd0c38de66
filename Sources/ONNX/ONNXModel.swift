public import Tensors

/// An ONNX file as it stands: names, attributes and constants, nothing inferred and nothing checked beyond the file format.
public struct ONNXModel: Sendable, Equatable {
  /// Reading takes at most this much memory unless the caller says otherwise: 2 GiB, protobuf's own limit for a message.
  public static let defaultMemoryLimit = 1 << 31

  public var irVersion: Int64
  /// Operator set versions by domain; ONNX's own domain is `""` (`ai.onnx` is read as the same).
  public var opsetImports: [String: Int]
  public var producerName: String
  public var producerVersion: String
  public var graph: ONNXGraph
  public var metadata: [String: String]
  /// Operators that the model brings itself.
  public var functions: [ONNXFunction] = []

  public init(irVersion: Int64, opsetImports: [String: Int], producerName: String, producerVersion: String, graph: ONNXGraph, metadata: [String: String]) {
    self.irVersion = irVersion
    self.opsetImports = opsetImports
    self.producerName = producerName
    self.producerVersion = producerVersion
    self.graph = graph
    self.metadata = metadata
  }
}

/// A graph: the model's own, or the body of a control-flow operator.
public struct ONNXGraph: Sendable, Equatable {
  public var name = ""
  /// In the file's order, which ONNX demands to be topological.
  public var nodes: [ONNXNode] = []
  public var initialisers: [ONNXInitialiser] = []
  /// Before IR version 4 initialisers are among them.
  public var inputs: [ONNXValueInfo] = []
  public var outputs: [ONNXValueInfo] = []
  /// What the exporter knew about values inside; a hint.
  public var valueInfos: [ONNXValueInfo] = []

  public init(
    name: String = "", nodes: [ONNXNode] = [], initialisers: [ONNXInitialiser] = [], inputs: [ONNXValueInfo] = [], outputs: [ONNXValueInfo] = [],
    valueInfos: [ONNXValueInfo] = []
  ) {
    self.name = name
    self.nodes = nodes
    self.initialisers = initialisers
    self.inputs = inputs
    self.outputs = outputs
    self.valueInfos = valueInfos
  }
}

/// A named constant.
public struct ONNXInitialiser: Sendable, Equatable {
  public var name: String
  public var tensor: HostTensor

  public init(name: String, tensor: HostTensor) {
    self.name = name
    self.tensor = tensor
  }
}

/// An operator applied to named values. An empty input or output name means that it was left out.
public struct ONNXNode: Sendable, Equatable {
  public var name = ""
  public var opType = ""
  /// `""` for ONNX's own operators (`ai.onnx` is read as the same).
  public var domain = ""
  public var inputs: [String] = []
  public var outputs: [String] = []
  public var attributes: [String: ONNXAttribute] = [:]
  /// Tells functions of one name apart.
  public var overload = ""
  /// Version of the operator set of the node's domain, where it isn't the model's: a function's body has its own.
  public var opset: Int?

  public init(
    name: String = "", opType: String = "", domain: String = "", inputs: [String] = [], outputs: [String] = [], attributes: [String: ONNXAttribute] = [:]
  ) {
    self.name = name
    self.opType = opType
    self.domain = domain
    self.inputs = inputs
    self.outputs = outputs
    self.attributes = attributes
  }
}

public enum ONNXAttribute: Sendable, Equatable {
  case float(Float)
  case integer(Int64)
  case string(String)
  case tensor(HostTensor)
  case graph(ONNXGraph)
  case floats([Float])
  case integers([Int64])
  case strings([String])
  case tensors([HostTensor])
  case graphs([ONNXGraph])
  /// In the body of a function: whatever the call gives for the attribute of this name.
  case reference(String)
  /// A kind that is skipped, by its name: sparse tensors, types.
  case other(String)
}

/// An operator that a model defines by other operators.
public struct ONNXFunction: Sendable, Equatable {
  /// What a node calls it by.
  public struct Key: Hashable, Sendable, CustomStringConvertible {
    public var domain: String
    public var name: String
    public var overload: String

    public init(domain: String, name: String, overload: String) {
      self.domain = domain
      self.name = name
      self.overload = overload
    }

    public var description: String { "'\(domain.isEmpty ? "" : "\(domain).")\(name)\(overload.isEmpty ? "" : ":\(overload)")'" }
  }

  public var name = ""
  public var domain = ""
  public var overload = ""
  public var inputs: [String] = []
  public var outputs: [String] = []
  /// Attributes that a call may leave out.
  public var defaults: [String: ONNXAttribute] = [:]
  /// In topological order.
  public var nodes: [ONNXNode] = []
  /// Operator set versions by domain, for the function's own nodes.
  public var opsetImports: [String: Int] = [:]

  public var key: Key { Key(domain: domain, name: name, overload: overload) }
}

/// A value's name and what the file says about its type.
public struct ONNXValueInfo: Sendable, Equatable {
  public var name = ""
  /// nil where the file says nothing, or where the value is no tensor (a sequence, a map, an optional).
  public var dataType: ONNXDataType?
  /// nil where the file gives no shape, not even a rank.
  public var dimensions: [ONNXDimension]?

  public init(name: String = "", dataType: ONNXDataType? = nil, dimensions: [ONNXDimension]? = nil) {
    self.name = name
    self.dataType = dataType
    self.dimensions = dimensions
  }
}

public enum ONNXDimension: Sendable, Equatable {
  case size(Int)
  /// Known by name only, such as `batch`.
  case symbol(String)
  /// Neither size nor name (or a negative size, which some exporters write).
  case unknown
}

extension [ONNXDimension] {
  /// For messages: `[1, 3, height, ?]`.
  public var described: String {
    let sizes = map { dimension in
      switch dimension {
      case .size(let size): "\(size)"
      case .symbol(let name): name
      case .unknown: "?"
      }
    }
    return "[" + sizes.joined(separator: ", ") + "]"
  }
}

extension ONNXValueInfo {
  /// The dimensions for messages; `[]` as well where there are none.
  public var described: String { (dimensions ?? []).described }
}
