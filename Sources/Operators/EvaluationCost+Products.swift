import ModelGraph
import Tensors

/// The costs that operators share. Inputs need not fit each other here: what doesn't is refused later.
extension EvaluationCost {
  /// Every element of the first input's batch and outputs meets a row of the second.
  static func matrixProduct(_ inputs: [OperatorInput?]) -> EvaluationCost {
    guard let a = inputs.dimensions(0), let b = inputs.dimensions(1), let shapes = try? MatMul.Shapes(a, b) else { return EvaluationCost() }
    // Batches are walked through even where their matrices are empty.
    return EvaluationCost(stepsOf: shapes.batch + [max(shapes.m, 1), max(shapes.n, 1), max(shapes.k, 1)])
  }

  /// A kernel `[O, I, …]` at each of an output's places.
  static func convolution(_ inputs: [OperatorInput?], output types: [TensorType]?) -> EvaluationCost {
    guard let w = inputs.dimensions(1), let output = types?.first?.dimensions, w.count >= 2 else { return EvaluationCost() }
    return EvaluationCost(stepsOf: output + w[1...])
  }

  /// A window at each of an output's places.
  static func window(_ kernel: [Int]?, output types: [TensorType]?) -> EvaluationCost {
    guard let kernel, let output = types?.first?.dimensions, kernel.allSatisfy({ $0 >= 0 }) else { return EvaluationCost() }
    return EvaluationCost(stepsOf: output + kernel)
  }

  /// Elements put in order: a bound for the comparisons, each of one element.
  static func sorting(_ inputs: [OperatorInput?]) -> EvaluationCost { EvaluationCost(stepsOf: (inputs.dimensions(0) ?? []) + [32]) }
}

extension [OperatorInput?] {
  /// An input's dimensions, nil where it is absent.
  func dimensions(_ position: Int) -> [Int]? { position < count ? self[position]?.type.dimensions : nil }
}
