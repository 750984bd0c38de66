import ModelFormat
public import ModelGraph
import Tensors

/// What a recurrent layer computes from step to step, in one direction; LSTM, GRU and RNN are made of it and of matrix products.
/// No model names it.
///
/// Inputs: gates `[T, N, G·H]` (`x · Wᵀ` and biases), recurrent weights `[G·H, H]`, and optionally a recurrent bias `[H]`, peepholes
/// `[3·H]`, lengths `[N]`, initial hidden and cell state `[N, H]`. Output: states `[T + 1, N, S, H]`, see `Recurrence`.
public struct RecurrentCell: Operator {
  public static let names = ["RecurrentCell"]

  var kind: Recurrence.Kind
  var isReversed: Bool
  var clip: Float
  var functions: [GateFunction]

  public init(_ description: OperatorDescription) throws(OperatorError) {
    throw OperatorError(.unsupported, "is no ONNX operator")
  }

  init(kind: Recurrence.Kind, isReversed: Bool, clip: Float, functions: [GateFunction]) {
    self.kind = kind
    self.isReversed = isReversed
    self.clip = clip
    self.functions = functions
  }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    let gates = try inputs.required(0, "gates").type.dimensions
    let weights = try inputs.required(1, "R").type.dimensions
    guard gates.count == 3, weights.count == 2, weights[0] == gates[2], weights[0] == kind.gateCount * weights[1], gates[0] >= 1, weights[1] >= 1 else {
      throw OperatorError(.invalid, "has gates \(gates) and recurrent weights \(weights)")
    }
    let (batch, hidden) = (gates[1], weights[1])
    let expected = [(2, "B", hidden), (3, "P", 3 * hidden), (4, "sequence_lens", batch), (5, "initial_h", batch * hidden), (6, "initial_c", batch * hidden)]
    for (position, name, count) in expected {
      guard position < inputs.count, let input = inputs[position] else { continue }
      guard input.type.elementCount == count else { throw OperatorError(.invalid, "input '\(name)' has dimensions \(input.type.dimensions)") }
    }
    return [TensorType(.float32, try checked([gates[0] + 1, batch, kind.hasCell ? 2 : 1, hidden]))]
  }

  public func evaluationCost(for inputs: [OperatorInput?]) -> EvaluationCost {
    guard let gates = inputs.dimensions(0), let weights = inputs.dimensions(1), gates.count == 3, weights.count == 2 else { return EvaluationCost() }
    return EvaluationCost(stepsOf: [gates[0], gates[1]] + weights)
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    guard let gates = node.input(0), let r = node.input(1), let weights = lowering.graph[r].constant else {
      throw OperatorError(.unsupported, "its recurrent weights are computed by the model; only constant weights are supported")
    }
    guard !functions.contains(where: \.isScaled) else { throw OperatorError(.unsupported, "its activation 'ScaledTanh' has no instruction") }
    let name = lowering.graph[node.outputs[0]].name
    func plain(_ position: Int, _ lowering: inout Lowering) -> TensorIndex? {
      node.input(position).map { lowering.operand($0, layout: .identity(rank: lowering.dimensions(of: $0).count), as: .plain) }
    }
    func constant(_ position: Int, _ role: String, _ lowering: inout Lowering) throws(OperatorError) -> TensorIndex? {
      guard let id = node.input(position) else { return nil }
      guard let tensor = lowering.graph[id].constant else {
        throw OperatorError(.unsupported, "its \(role) are computed by the model; only constants are supported")
      }
      return lowering.addConstant(tensor.converted(to: .float32), name: "\(name).\(role)")
    }
    let input = lowering.operand(gates, layout: .identity(rank: 3), as: .plain)
    var fields = Recurrence(kind: kind, gates: input, weights: lowering.addConstant(weights.converted(to: .float32), name: "\(name).weights"), states: -1)
    fields.recurrentBias = try constant(2, "biases", &lowering)
    fields.peepholes = try constant(3, "peepholes", &lowering)
    fields.lengths = plain(4, &lowering)
    fields.initialHidden = plain(5, &lowering)
    fields.initialCell = plain(6, &lowering)
    fields.isReversed = isReversed
    fields.clip = clip
    let all = functions.map(\.function) + [ElementFunction](repeating: ElementFunction(.identity), count: 3 - functions.count)
    fields.functions = (all[0].function, all[1].function, all[2].function)
    fields.alphas = (all[0].alpha, all[1].alpha, all[2].alpha)
    fields.betas = (all[0].beta, all[1].beta, all[2].beta)
    fields.states = lowering.result(node.outputs[0], layout: .identity(rank: 4), as: .plain)
    lowering.emit(.recurrence(fields))
  }
}
