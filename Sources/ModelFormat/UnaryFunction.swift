/// A unary function on floats; `alpha` and `beta` stand beside it where it is used. Raw values are part of the format.
public enum UnaryFunction: Int32, Sendable, CaseIterable {
  case identity = 0
  /// min(max(x, alpha), beta)
  case clamp = 1
  case sigmoid = 2
  /// x × sigmoid(x)
  case silu = 3
  case tanh = 4
  /// x < 0 ? alpha × x : x
  case leakyRelu = 5
  /// min(max(alpha × x + beta, 0), 1)
  case hardSigmoid = 6
  /// x × min(max(alpha × x + beta, 0), 1); ONNX's HardSwish has alpha 1/6 and beta 0.5
  case hardSwish = 7
  case exp = 8
  case log = 9
  case sqrt = 10
  case reciprocal = 11
  case negate = 12
  case absolute = 13
  case erf = 14
  /// x × Φ(x), by erf
  case gelu = 15
  /// x < 0 ? alpha × (exp(x) − 1) : x
  case elu = 16
  case softplus = 17
  case floor = 18
  case ceil = 19
  /// ties to even
  case round = 20
  /// x ^ alpha
  case power = 21
  /// alpha × x + beta
  case affine = 22
  /// x × tanh(softplus(x))
  case mish = 23
  case sine = 24
  case cosine = 25
  /// −1, 0 or 1; NaN stays
  case sign = 26
  case tangent = 27
  case arcsine = 28
  case arccosine = 29
  case arctangent = 30
  case sinh = 31
  case cosh = 32
  case asinh = 33
  case acosh = 34
  case atanh = 35
  /// x ÷ (1 + |x|)
  case softsign = 36
  /// beta × (x > 0 ? x : alpha × (exp(x) − 1))
  case selu = 37
  /// max(x, 0) + min(alpha × (exp(x ÷ alpha) − 1), 0)
  case celu = 38
  /// x > alpha ? x : 0
  case thresholdedRelu = 39
  /// x < −alpha ? x + beta : x > alpha ? x − beta : 0
  case shrink = 40
  /// 0.5 × x × (1 + tanh(√(2 ÷ π) × (x + 0.044715 × x³)))
  case geluTanh = 41
  /// x × sigmoid(alpha × x)
  case swish = 42
}
