public import Tensors

/// Names a value by its position in `Graph.values`.
public struct ValueID: Hashable, Sendable {
  public let index: Int
  public init(_ index: Int) { self.index = index }
}

/// Type and shape of a value: dense, dimensions in the order of the source model (images NCHW).
public struct TensorType: Equatable, Sendable {
  public var elementType: ElementType
  public var dimensions: [Int]
  public init(_ elementType: ElementType, _ dimensions: [Int]) {
    self.elementType = elementType
    self.dimensions = dimensions
  }
  public var elementCount: Int { dimensions.elementCount }
}

/// How a value, float in the graph's own arithmetic, is stored in 8 bits.
public struct StoredQuantisation: Equatable, Sendable {
  public var elementType: ElementType
  public var quantisation: Quantisation
  public init(_ elementType: ElementType, _ quantisation: Quantisation) {
    self.elementType = elementType
    self.quantisation = quantisation
  }

  /// The real value that a stored byte, a bit pattern of the type, stands for.
  public func value(ofByte byte: UInt8) -> Float {
    quantisation.dequantised(elementType == .int8 ? Int32(Int8(bitPattern: byte)) : Int32(byte))
  }

  /// The bit pattern that a real value is stored as; `Quantisation.quantised` says how it is rounded.
  /// - Precondition: the type has eight bits.
  public func byte(of value: Float) -> UInt8 {
    UInt8(truncatingIfNeeded: quantisation.quantised(value, in: elementType.eightBitRange!))
  }
}

/// Integers behind a float constant, kept so that a quantised model's own weights come through unchanged:
/// `constant = scales[axis] × (integers − zeroPoints[axis])`.
public struct QuantisedConstant: Equatable, Sendable {
  public var integers: HostTensor
  /// One (per tensor), or one for each index of `axis`.
  public var scales: [Float]
  public var zeroPoints: [Int32]
  public var axis: Int
  public init(integers: HostTensor, scales: [Float], zeroPoints: [Int32], axis: Int) {
    self.integers = integers
    self.scales = scales
    self.zeroPoints = zeroPoints
    self.axis = axis
  }
}

/// An edge of the graph.
public struct Value: Sendable {
  public var name: String
  /// Set by shape inference; every value has one after `InferTypes`.
  public var type: TensorType?
  /// Set for initialisers and for what constant folding computed.
  public var constant: HostTensor?
  public var quantisedConstant: QuantisedConstant?
  /// Set where the value is to be stored in 8 bits, from the model's own QuantizeLinear pairs or by calibration. Calibration also gives 16
  /// to what only a function reads that gates its argument, inside one instruction.
  public var stored: StoredQuantisation?
  /// For inputs and outputs of the model: the element type that its author declared.
  public var declaredType: ElementType?

  public init(name: String, type: TensorType? = nil, constant: HostTensor? = nil) {
    self.name = name
    self.type = type
    self.constant = constant
  }
}

/// An operator applied to values. An absent optional input is nil.
public struct Node: Sendable {
  public var name: String
  public var operation: any Operator
  public var inputs: [ValueID?]
  public var outputs: [ValueID]

  public init(name: String, operation: any Operator, inputs: [ValueID?], outputs: [ValueID]) {
    self.name = name
    self.operation = operation
    self.inputs = inputs
    self.outputs = outputs
  }

  /// The input at a position, nil where it is absent or was left out.
  public func input(_ position: Int) -> ValueID? {
    position < inputs.count ? inputs[position] : nil
  }
}

/// A model as operators over values. Nodes stand in topological order; a value has one producer: a graph input, a constant
/// or one node's output. (`GraphGrammar` holds the rules.)
public struct Graph: Sendable {
  public var name: String
  public var values: [Value] = []
  public var nodes: [Node] = []
  public var inputs: [ValueID] = []
  public var outputs: [ValueID] = []
  /// The outputs' names in the model; passes may replace the values behind them.
  public var outputNames: [String] = []
  /// Whether the 8-bit forms come from calibration. They then allow rounding: a step may stay float instead, and float constants may be
  /// rounded for the sake of integer arithmetic. The model's own forms ask for each rounding that they name, and for no other.
  public var isCalibrated = false

  /// Bits of the weights of layers that are computed in float: 32, or 8 or 4, from which they are expanded.
  public var weightBits = 32
  /// In how many bits a backend may round what such weights of 8 bits are multiplied with: 32 for none.
  public var activationBits = 32

  /// Shared with other graphs of the same model.
  public var constantForms = ConstantForms()

  public init(name: String) { self.name = name }

  public subscript(_ id: ValueID) -> Value {
    get { values[id.index] }
    set { values[id.index] = newValue }
  }

  /// Adds a value and returns its identity.
  public mutating func add(_ value: Value) -> ValueID {
    values.append(value)
    return ValueID(values.count - 1)
  }

  /// The value's type. - Precondition: types were inferred.
  public func type(of id: ValueID) -> TensorType {
    guard let type = self[id].type else { preconditionFailure("value \(self[id].name) has no type; InferTypes runs first") }
    return type
  }
}
