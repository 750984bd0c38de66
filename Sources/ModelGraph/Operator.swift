public import Tensors

/// One ONNX operator: reads its attributes, tells its output types, evaluates itself plainly, and lowers itself to
/// instructions. One file each in `Operators`, one line each in `OperatorCatalog`; nothing else knows their names.
///
/// The plain evaluation is constant folding, and the oracle that every backend is compared with: simple, not fast.
public protocol Operator: Sendable {
  /// The `op_type`s that this operator answers to.
  static var names: [String] { get }

  /// The operator set domains in which it answers to them; `""` is ONNX's own, and the only one by default.
  static var domains: [String] { get }

  /// Reads the attributes. Differences between operator set versions are settled here as far as attributes go.
  init(_ description: OperatorDescription) throws(OperatorError)

  /// The types of the outputs for given inputs, constants with their values where they are known.
  func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType]

  /// Outputs that don't depend on the inputs' elements (a shape), one entry an output; empty where there are none.
  func constantOutputs(for inputs: [OperatorInput?]) throws(OperatorError) -> [HostTensor]

  /// Whether `constantOutputs` gives them.
  var outputsFollowFromTypes: Bool { get }

  /// What `outputTypes` and `evaluate` take together for inputs that are known, but may yet break the operator's rules. Asked for before
  /// either.
  func evaluationCost(for inputs: [OperatorInput?]) -> EvaluationCost

  /// The outputs for given inputs, in the graph's own layout and float arithmetic.
  func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor]

  /// Emits instructions that compute the node. Throws `.unsupported` where there is no lowering for these types.
  func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError)

  /// The largest error of a float backend against `evaluate`, relative to the largest magnitude of the output.
  var tolerance: Float { get }

  /// Whether the kernels want images channels-last; decides how the graph's inputs lie.
  var prefersChannelsLast: Bool { get }

  /// The same operator in a graph that computes its float16 and float64 values in float32: itself, unless it names such a type.
  var inSinglePrecision: any Operator { get }

  /// What a calibrated 8-bit model does with this operator's output.
  var quantisationRule: QuantisationRule { get }

  /// Where the elements of the outputs come from: decides whether the operator may change places with a DequantizeLinear. (Of a second output
  /// of another type it says nothing.)
  func elementOrigin(for inputs: [OperatorInput?]) -> ElementOrigin
}

extension Operator {
  public var tolerance: Float { 1e-5 }
  public var prefersChannelsLast: Bool { false }
  public func constantOutputs(for inputs: [OperatorInput?]) throws(OperatorError) -> [HostTensor] { [] }
  public var outputsFollowFromTypes: Bool { false }
  public func evaluationCost(for inputs: [OperatorInput?]) -> EvaluationCost { EvaluationCost() }
  public var quantisationRule: QuantisationRule { .float }
  public func elementOrigin(for inputs: [OperatorInput?]) -> ElementOrigin { .computed }
  public static var domains: [String] { [""] }
  public var inSinglePrecision: any Operator { self }
  /// The first of the operator's names, for messages.
  public static var name: String { names[0] }
}

/// How calibration treats an operator's outputs.
public enum QuantisationRule: Sendable {
  /// Computes in 8 bits, with a range of its own for the output.
  case ownRange
  /// Moves 8-bit values without computing: output and first input share one quantisation.
  case sameAsInput
  /// All inputs and the output share one quantisation (concatenation).
  case sharedByAll
  /// Computes in float; 8-bit inputs are dequantised.
  case float
}

/// Where the elements of an operator's outputs come from.
public enum ElementOrigin: Equatable, Sendable {
  /// Each is an element of the first input, chosen by its place alone.
  case moved
  /// Each is an element of the first input, chosen by its place, or this value.
  case filled(HostTensor)
  /// Each is an element of the first input, chosen by its size among others.
  case ranked
  /// Each is a mean of elements of the first input, with weights whose sum is 1.
  case mixed
  /// Anything else.
  case computed
}

/// What an operator is read from.
public struct OperatorDescription: Sendable {
  /// For messages.
  public var nodeName: String
  public var opType: String
  /// Version that the model imports of the operator's domain.
  public var opset: Int
  public var attributes: [String: AttributeValue]
  public var inputCount: Int
  public var outputCount: Int

  public init(nodeName: String, opType: String, opset: Int, attributes: [String: AttributeValue], inputCount: Int, outputCount: Int) {
    self.nodeName = nodeName
    self.opType = opType
    self.opset = opset
    self.attributes = attributes
    self.inputCount = inputCount
    self.outputCount = outputCount
  }
}

public enum AttributeValue: Sendable, Equatable {
  case float(Float)
  case integer(Int64)
  case string(String)
  case tensor(HostTensor)
  case floats([Float])
  case integers([Int64])
  case strings([String])
  /// A kind that no operator reads (graphs, sparse tensors), named for messages.
  case other(String)
}

/// An input as shape inference sees it.
public struct OperatorInput: Sendable {
  public var type: TensorType
  public var constant: HostTensor?
  public init(type: TensorType, constant: HostTensor? = nil) {
    self.type = type
    self.constant = constant
  }
}

/// Why an operator can't be read, typed, evaluated or lowered.
public struct OperatorError: Error, Equatable {
  public enum Code: Sendable, Equatable {
    /// The model breaks ONNX's rules for this operator.
    case invalid
    /// ONNX allows it; this version doesn't do it.
    case unsupported
  }
  public let code: Code
  /// Names the attribute or input, what was wrong and, where there is one, a way out. The node is named by whoever reports.
  public let message: String
  /// The position of the input whose value would have to be known; nil where that isn't the reason.
  public let openInput: Int?

  public init(_ code: Code, _ message: String, openInput: Int? = nil) {
    self.code = code
    self.message = message
    self.openInput = openInput
  }
}
