public import Tensors

/// An operator that stands for several others. Import puts those in its place, so that passes and lowering never see it; types
/// and plain evaluation follow from its parts.
public protocol CompositeOperator: Operator {
  /// The operators that it stands for, given its inputs' types and those values that are known.
  func composition(for inputs: [OperatorInput?]) throws(OperatorError) -> Composition
}

/// Operators in order, each reading the whole's inputs, constants and what the ones before it made.
public struct Composition: Sendable {
  /// Where a step's input, or an output of the whole, comes from.
  public enum Source: Sendable {
    case absent
    /// An input of the whole, absent where that is.
    case input(Int)
    case constant(HostTensor)
    case step(Int, output: Int)
  }

  public struct Step: Sendable {
    public var operation: any Operator
    public var inputs: [Source]
    public var outputCount: Int
  }

  public private(set) var steps: [Step] = []
  public var outputs: [Source] = []

  public init() {}

  /// Adds a step of one output and returns it.
  public mutating func add(_ operation: any Operator, _ inputs: Source...) -> Source {
    steps.append(Step(operation: operation, inputs: inputs, outputCount: 1))
    return .step(steps.count - 1, output: 0)
  }

  /// Adds a step of several outputs and returns them.
  public mutating func add(_ operation: any Operator, _ inputs: [Source], outputCount: Int) -> [Source] {
    steps.append(Step(operation: operation, inputs: inputs, outputCount: outputCount))
    return (0..<outputCount).map { .step(steps.count - 1, output: $0) }
  }
}

extension CompositeOperator {
  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    try composition(for: inputs).outputTypes(for: inputs)
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    let knowledge = inputs.map { tensor in tensor.map { OperatorInput(type: TensorType($0.elementType, $0.dimensions), constant: $0) } }
    return try composition(for: knowledge).evaluate(inputs)
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    try lowering.lower(try composition(for: lowering.knowledge(of: node.inputs)), of: node)
  }
}

extension Composition {
  /// The outputs' types for given inputs.
  func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] { try typed(inputs).outputs }

  /// What evaluating all steps takes, the results of each among it.
  func evaluationCost(for inputs: [OperatorInput?]) throws(OperatorError) -> EvaluationCost { try typed(inputs).cost }

  /// Evaluations of at most so many steps are made to know what follows from them.
  private static let mostSteps = 1 << 16

  private func typed(_ inputs: [OperatorInput?]) throws(OperatorError) -> (outputs: [TensorType], cost: EvaluationCost) {
    var total = EvaluationCost()
    let made = try run(inputs) { (step, inputs) throws(OperatorError) in
      let cost = step.operation.evaluationCost(for: inputs)
      let types = try step.operation.outputTypes(for: inputs)
      let spans = (inputs.compactMap { $0?.type } + types).map { $0.dimensions.checkedSpan ?? .max }
      let steps = spans.reduce(cost.steps) { $0.saturatingSum($1) }
      total.steps = total.steps.saturatingSum(steps)
      let sizes = types.map { ($0.dimensions.checkedSpan ?? .max).saturatingProduct($0.elementType.byteCount) }
      total.byteCount = sizes.reduce(total.byteCount.saturatingSum(cost.byteCount)) { $0.saturatingSum($1) }
      // Later steps may need to know shapes and the like; large constants nobody asks for.
      let isKnown = inputs.areKnown && steps <= Self.mostSteps && types.allSatisfy { $0.elementCount <= 1024 }
      var known = try step.operation.constantOutputs(for: inputs)
      if known.isEmpty, isKnown { known = try step.operation.evaluate(inputs.map { $0?.constant }) }
      return types.enumerated().map { OperatorInput(type: $1, constant: $0 < known.count ? known[$0] : nil) }
    } constant: {
      OperatorInput(type: TensorType($0.elementType, $0.dimensions), constant: $0)
    }
    return (made.map { $0.type }, total)
  }

  /// The outputs for given inputs, step by step.
  func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    try run(inputs) { (step, inputs) throws(OperatorError) in
      try step.operation.evaluate(inputs)
    } constant: {
      $0
    }
  }

  /// Carries values of one kind (types, tensors) through the steps to the outputs.
  private func run<Carried>(
    _ inputs: [Carried?], _ apply: (Step, [Carried?]) throws(OperatorError) -> [Carried], constant: (HostTensor) -> Carried
  ) throws(OperatorError) -> [Carried] {
    var made: [[Carried]] = []
    func value(of source: Source) throws(OperatorError) -> Carried? {
      switch source {
      case .absent: return nil
      case .input(let position): return position < inputs.count ? inputs[position] : nil
      case .constant(let tensor): return constant(tensor)
      case .step(let step, let output):
        guard output < made[step].count else { throw OperatorError(.invalid, "lacks output \(output) of a part") }
        return made[step][output]
      }
    }
    for step in steps {
      made.append(try apply(step, try step.inputs.map { (source) throws(OperatorError) in try value(of: source) }))
    }
    return try outputs.map { (source) throws(OperatorError) in
      guard let value = try value(of: source) else { throw OperatorError(.invalid, "lacks the input that it hands on") }
      return value
    }
  }
}

extension OperatorDescription {
  /// An ONNX operator without a node of the model behind it: a part of another operator, or a pass's own.
  public static func plain(_ opType: String, opset: Int = 13, _ attributes: [String: AttributeValue] = [:], outputCount: Int = 1) -> OperatorDescription {
    OperatorDescription(nodeName: "", opType: opType, opset: opset, attributes: attributes, inputCount: 1, outputCount: outputCount)
  }
}
