import ModelGraph
public import ONNX
import Operators
public import Tensors

/// Evaluates a model as it stands, node by node, each by its operator's plain evaluation: the oracle that programs are compared
/// with, and the way to run what no program can be made of, such as shapes that depend on data. Simple, not fast; a value is
/// freed after its last reader.
public struct ReferenceEvaluation: Sendable {
  private let body: EvaluationBody

  /// Reads the model's operators.
  /// - Throws: `.unsupported` with all operators that this version doesn't have. A body of control flow that never runs may have
  ///   what it likes.
  public init(_ model: ONNXModel) throws(CompilerError) {
    let model = try FunctionInlining.inlined(model).withoutUnreadOutputs()
    try model.checkOperators()
    body = EvaluationPreparation(model: model).body(of: model.graph)
    for step in body.steps {
      if case .refused(let error) = step.action { throw error.inside(step.label) }
    }
  }

  /// The model's outputs, in its own order.
  /// - Parameter inputs: by name, in the declared types. An input that is left out is its initialiser.
  public func outputs(for inputs: [String: HostTensor]) throws(CompilerError) -> [HostTensor] {
    var evaluation = Evaluation()
    return try evaluation.run(body, inputs)
  }
}

/// An evaluation under way: the values that are alive, outermost graph first. A body of control flow sees those around it.
struct Evaluation {
  /// The values alive at one time may take this many bytes together.
  static let largestByteCount = 4 << 30

  private var scopes: [[String: HostTensor]] = []
  var byteCount = 0
  /// Of all loops together.
  var iterationCount = 0

  /// The value that a name means here, innermost graph first; nil where there is none.
  func value(named name: String) -> HostTensor? {
    for scope in scopes.reversed() {
      if let value = scope[name] { return value }
    }
    return nil
  }

  /// Evaluates a graph, or a body in the middle of one, and returns its outputs.
  /// - Parameter inputs: by name; they stand before the body's own initialisers.
  mutating func run(_ body: EvaluationBody, _ inputs: [String: HostTensor]) throws(CompilerError) -> [HostTensor] {
    let before = byteCount
    defer { byteCount = before }
    scopes.append(body.initialisers.merging(inputs) { $1 })
    defer { scopes.removeLast() }
    for name in body.inputs where scopes[scopes.count - 1][name] == nil {
      throw CompilerError(.invalid, "input '\(name)' of '\(body.name)' is missing")
    }
    for step in body.steps { try run(step) }
    var outputs: [HostTensor] = []
    for output in body.outputs {
      guard let value = value(named: output.name) else { throw CompilerError(.invalid, "output '\(output.name)' is made by no node") }
      outputs.append(value)
    }
    return outputs
  }

  private mutating func run(_ step: EvaluationStep) throws(CompilerError) {
    do throws(CompilerError) {
      var operands: [HostTensor?] = []
      for name in step.node.inputs {
        guard !name.isEmpty else {
          operands.append(nil)
          continue
        }
        guard let value = value(named: name) else { throw CompilerError(.invalid, "reads '\(name)', which nothing before it makes") }
        operands.append(value)
      }
      let outputs =
        switch step.action {
        case .operation(let operation): try evaluate(operation, operands)
        case .controlFlow(let flow): try run(flow, step, operands)
        case .refused(let error): throw error
        }
      guard outputs.count >= step.node.outputs.count else {
        throw CompilerError(.unsupported, "makes \(step.node.outputs.count) outputs; \(outputs.count) are supported")
      }
      for name in step.lastReads { release(name) }
      for (name, value) in zip(step.node.outputs, outputs) where !name.isEmpty { try keep(value, as: name, unless: step.unread) }
    } catch {
      throw error.inside(step.label)
    }
  }

  /// Checked by the operator's own rules first: what shape inference refuses, evaluation need not expect.
  private func evaluate(_ operation: any Operator, _ operands: [HostTensor?]) throws(CompilerError) -> [HostTensor] {
    do throws(OperatorError) {
      let knowledge = operands.map { tensor in tensor.map { OperatorInput(type: TensorType($0.elementType, $0.dimensions), constant: $0) } }
      let types = try operation.outputTypes(for: knowledge)
      for type in types {
        guard let span = type.dimensions.checkedSpan, span <= 1 << 28 else { throw OperatorError(.invalid, "makes the impossible shape \(type.dimensions)") }
      }
      let size = types.reduce(0) { $0 + $1.elementCount * $1.elementType.byteCount }
      guard operation.evaluationCost(for: knowledge).byteCount <= Self.largestByteCount - byteCount - size else {
        throw OperatorError(.unsupported, "needs over \(Self.largestByteCount >> 30) GiB together with the values before it")
      }
      let known = try operation.constantOutputs(for: knowledge)
      return known.isEmpty ? try operation.evaluate(operands) : known
    } catch {
      throw CompilerError(error.code == .invalid ? .invalid : .unsupported, error.message)
    }
  }

  private mutating func keep(_ value: HostTensor, as name: String, unless unread: Set<String>) throws(CompilerError) {
    guard !unread.contains(name) else { return }
    guard scopes[scopes.count - 1].updateValue(value, forKey: name) == nil else { throw CompilerError(.invalid, "makes '\(name)' a second time") }
    byteCount += value.bytes.count
  }

  private mutating func release(_ name: String) {
    if let value = scopes[scopes.count - 1].removeValue(forKey: name) { byteCount -= min(byteCount, value.bytes.count) }
  }
}
