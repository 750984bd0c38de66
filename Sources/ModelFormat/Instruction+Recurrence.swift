/// One direction of a recurrent layer over a whole sequence, float32: the part that a step owes to the step before. The inputs' part,
/// `x · Wᵀ` with all biases, comes ready as `gates`.
///
/// Shapes: gates `[T, N, G·H]`, weights `[G·H, H]`, states `[T + 1, N, S, H]`, where G is 1, 3 or 4 gates and S is 2 (hidden and cell state)
/// for LSTMs, else 1. Row t of the states is what step t leaves; row T is the final state, which is also all that a sequence of length 0
/// has. Rows of steps behind a sequence's length are zeros; a reversed layer begins at the last step within it.
///
/// Gate order and formulas are those of ONNX's RNN (f), GRU (z, r, h; f, g) and LSTM (i, o, f, c; f, g, h).
public struct Recurrence: Equatable, Sendable {
  /// Raw values are part of the format.
  public enum Kind: Int32, Sendable, CaseIterable {
    case simple = 0
    case gru = 1
    /// The reset gate multiplies `h · Rᵀ + recurrentBias` (ONNX: `linear_before_reset`).
    case gruResetAfter = 2
    case lstm = 3
    /// The forget gate is 1 − the input gate (ONNX: `input_forget`).
    case lstmCoupled = 4

    public var gateCount: Int {
      switch self {
      case .simple: 1
      case .gru, .gruResetAfter: 3
      case .lstm, .lstmCoupled: 4
      }
    }
    public var functionCount: Int { [1, 2, 2, 3, 3][Int(rawValue)] }
    public var hasCell: Bool { self == .lstm || self == .lstmCoupled }
  }

  public var kind: Kind
  public var gates: TensorIndex
  public var weights: TensorIndex
  /// float32 `[H]`, for `gruResetAfter` only.
  public var recurrentBias: TensorIndex?
  /// float32 `[3·H]` for input, output and forget gate; LSTMs only.
  public var peepholes: TensorIndex?
  /// int32 `[N]`: how many steps each sequence has; taken within 0…T.
  public var lengths: TensorIndex?
  /// float32 `[N, H]`, zeros where absent.
  public var initialHidden: TensorIndex?
  public var initialCell: TensorIndex?
  public var states: TensorIndex
  public var isReversed = false
  /// Gates' pre-activations are clamped to ±clip.
  public var clip: Float = .infinity
  public var functions: (UnaryFunction, UnaryFunction, UnaryFunction) = (.sigmoid, .tanh, .tanh)
  public var alphas: (Float, Float, Float) = (0, 0, 0)
  public var betas: (Float, Float, Float) = (0, 0, 0)

  public init(kind: Kind, gates: TensorIndex, weights: TensorIndex, states: TensorIndex) {
    self.kind = kind
    self.gates = gates
    self.weights = weights
    self.states = states
  }

  public static func == (a: Recurrence, b: Recurrence) -> Bool {
    a.kind == b.kind && a.gates == b.gates && a.weights == b.weights && a.recurrentBias == b.recurrentBias && a.peepholes == b.peepholes
      && a.lengths == b.lengths && a.initialHidden == b.initialHidden && a.initialCell == b.initialCell && a.states == b.states
      && a.isReversed == b.isReversed && a.clip == b.clip && a.functions == b.functions && a.alphas == b.alphas && a.betas == b.betas
  }
}

extension Recurrence {
  mutating func code<Coder: FieldCoder>(by coder: inout Coder) throws(ModelFormatError) {
    try coder.code(&kind)
    try coder.code(&gates)
    try coder.code(&weights)
    try coder.code(&recurrentBias)
    try coder.code(&peepholes)
    try coder.code(&lengths)
    try coder.code(&initialHidden)
    try coder.code(&initialCell)
    try coder.code(&states)
    try coder.code(&isReversed)
    try coder.code(&clip)
    try coder.code(&functions.0)
    try coder.code(&functions.1)
    try coder.code(&functions.2)
    try coder.code(&alphas.0)
    try coder.code(&alphas.1)
    try coder.code(&alphas.2)
    try coder.code(&betas.0)
    try coder.code(&betas.1)
    try coder.code(&betas.2)
  }

  var optionalReads: [TensorIndex] { [recurrentBias, peepholes, lengths, initialHidden, initialCell].compactMap { $0 } }

  func renumbered(_ number: (TensorIndex) -> TensorIndex) -> Recurrence {
    var fields = self
    fields.gates = number(gates)
    fields.weights = number(weights)
    fields.recurrentBias = recurrentBias.map(number)
    fields.peepholes = peepholes.map(number)
    fields.lengths = lengths.map(number)
    fields.initialHidden = initialHidden.map(number)
    fields.initialCell = initialCell.map(number)
    fields.states = number(states)
    return fields
  }
}
