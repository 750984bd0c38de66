import Glibc
import ModelFormat
import ModelGraph
import Tensors

/// The p-norm: `(Σ |x|^p)^(1/p)`.
struct PowerNorm: Equatable, Sendable {
  var p: Float

  init(_ description: OperatorDescription) throws(OperatorError) {
    // A float in the first operator set, an integer since.
    if case .float(let value) = description.attributes["p"] { p = value } else { p = Float(try description.integer("p", default: 2)) }
    guard p >= 1, p <= 1024 else { throw OperatorError(.invalid, "attribute 'p' is \(p)") }
  }

  func term(_ value: Double) -> Double { p == 1 ? abs(value) : p == 2 ? value * value : pow(abs(value), Double(p)) }
  func root(_ sum: Double) -> Double { p == 1 ? sum : p == 2 ? sum.squareRoot() : pow(sum, 1 / Double(p)) }

  /// Emits `|x|^p` of a float32 tensor.
  func emitTerms(of input: TensorIndex, into lowering: inout Lowering) -> TensorIndex {
    let absolute = lowering.addTensor(like: input, dimensions: lowering.tensors[Int(input)].dimensions)
    lowering.emit(.unary(Unary(function: .absolute, input: input, output: absolute)))
    guard p != 1 else { return absolute }
    let terms = lowering.addTensor(like: input, dimensions: lowering.tensors[Int(input)].dimensions)
    lowering.emit(.unary(Unary(function: .power, alpha: p, input: absolute, output: terms)))
    return terms
  }

  /// Emits the root of sums.
  func emitRoot(of sums: TensorIndex, to output: TensorIndex, into lowering: inout Lowering) {
    lowering.emit(.unary(Unary(function: p == 1 ? .identity : p == 2 ? .sqrt : .power, alpha: 1 / p, input: sums, output: output)))
  }
}
